/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "image-decrypt/tar_int.h"

static const struct {
	char byte;
	cof_tar_type type;
	bool has_data;
} types[] = {
	{'0', COF_TAR_FILE, true},    {'\0', COF_TAR_FILE, true},     {'7', COF_TAR_FILE, true},
	{'S', COF_TAR_FILE, true},    {'1', COF_TAR_HARDLINK, false}, {'2', COF_TAR_SYMLINK, false},
	{'3', COF_TAR_DEVICE, false}, {'4', COF_TAR_DEVICE, false},   {'5', COF_TAR_DIR, false},
	{'6', COF_TAR_FIFO, false},
};

static int set_type(cof_tar *t, cof_err *err)
{
	size_t n = strlen(t->entry.path);
	size_t i = 0;
	while (i < COF_COUNT(types) && types[i].byte != t->h.type)
		i++;
	if (i == COF_COUNT(types))
		return cof_err_set(err, COF_E_MALFORMED, "tar-type", "an entry of unknown type 0x%02x",
				   (unsigned)(unsigned char)t->h.type);
	t->entry.type = types[i].type;
	/* Before there was a type for directories, a slash at the end said it. */
	bool old_dir = (t->h.type == '0' || t->h.type == '\0') && n > 0 && t->entry.path[n - 1] == '/';
	if (old_dir)
		t->entry.type = COF_TAR_DIR;
	/*
	 * Old writers left a hard link's size in its header and wrote no data. In an archive without pax headers all
	 * readers know that, if an ordinary header follows; in others some expect the data.
	 */
	if (t->h.type == '1' && !t->pax_archive) {
		t->sized_link = t->stored > 0 && t->h.posix;
		t->stored = t->left = 0;
	}
	/* Readers disagree whether such data is there. */
	if ((old_dir || !types[i].has_data) && t->stored > 0)
		return cof_tar_bad(err, "an entry with data that can have none");
	return 0;
}

/* One source for each name: where an extension and another one both give it, readers choose differently. */
static int set_names(cof_tar *t, cof_err *err)
{
	const char *path = t->has_pax && t->pax.path != NULL ? t->pax.path : t->long_name;
	const char *link = t->has_pax && t->pax.link != NULL ? t->pax.link : t->long_link;
	if ((t->pax.path != NULL && t->long_name != NULL) || (t->pax.link != NULL && t->long_link != NULL))
		return cof_tar_bad(err, "two long names for one entry");
	if (t->pax.sparse_name != NULL)
		path = t->pax.sparse_name;
	int n = path != NULL ? snprintf(t->name, sizeof t->name, "%s", path)
			     : snprintf(t->name, sizeof t->name, "%s%s%s", t->h.prefix,
					t->h.prefix[0] != '\0' ? "/" : "", t->h.name);
	if (link == NULL)
		link = t->h.link;
	if (n < 0 || (size_t)n >= sizeof t->name || strlen(link) > COF_TAR_NAME_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "tar-name-too-long", "a name over %d bytes", COF_TAR_NAME_MAX);
	if (n == 0)
		return cof_tar_bad(err, "an entry without a name");
	t->entry.path = t->name;
	t->entry.link = link;
	return 0;
}

static void set_metadata(cof_tar *t)
{
	cof_tar_entry *e = &t->entry;
	e->mode = t->h.mode;
	e->block = t->h.type == '4';
	e->dev_major = t->h.dev_major;
	e->dev_minor = t->h.dev_minor;
	e->uid = t->pax.has_uid ? t->pax.uid : t->h.uid;
	e->gid = t->pax.has_gid ? t->pax.gid : t->h.gid;
	e->mtime = t->pax.has_mtime ? t->pax.mtime : t->h.mtime;
	e->mtime_ns = t->pax.has_mtime ? t->pax.mtime_ns : 0;
	e->xattrs = t->pax.xattrs;
	e->n_xattrs = t->pax.n_xattrs;
}

static int set_gnu_sparse(cof_tar *t, cof_err *err)
{
	cof_rd r = cof_rd_of(t->h.gnu_sparse);
	int64_t real = 0;
	int rc = cof_tarhdr_sparse(cof_rd_bytes(&r, 96), &t->map, err);
	bool more = cof_rd_u8(&r) != 0;
	if (rc < 0)
		return rc;
	if (!cof_tarhdr_number(cof_rd_bytes(&r, 12), &real) || real < 0 || t->pax.sparse)
		return cof_err_set(err, COF_E_MALFORMED, "tar-sparse", "sparse file: a bad real size");
	t->map.real_size = (uint64_t)real;
	t->state = more ? AT_SPARSE_MORE : AT_DATA;
	return 0;
}

static int set_pax_sparse(cof_tar *t, cof_err *err)
{
	if (t->entry.type != COF_TAR_FILE)
		return cof_err_set(err, COF_E_MALFORMED, "tar-sparse", "a sparse entry that is no file");
	t->map = t->pax.map;
	t->pax.map = (cof_sparse){0};
	t->map_numbers = t->map_want = 0;
	t->n_digits = 0;
	t->state = t->pax.sparse_in_data ? AT_SPARSE_TEXT : AT_DATA;
	return 0;
}

int cof_tar_set_entry(cof_tar *t, cof_err *err)
{
	t->entry = (cof_tar_entry){0};
	t->stored = t->left = t->has_pax && t->pax.has_size ? t->pax.size : t->h.size;
	int r = set_names(t, err);
	if (r == 0)
		r = set_type(t, err);
	if (r < 0)
		return r;
	set_metadata(t);
	t->entry.size = t->stored;
	t->entry.sparse = t->h.type == 'S' || t->pax.sparse;
	t->state = AT_DATA;
	if (t->h.type == 'S')
		return set_gnu_sparse(t, err);
	return t->pax.sparse ? set_pax_sparse(t, err) : 0;
}
