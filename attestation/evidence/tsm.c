/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/evidence/tsm.h"

#include <dirent.h>
#include <stdio.h>

#include "common/file.h"
#include "common/hex.h"

#include <openssl/rand.h>

#define PREFIX "coffer-"

enum {
	NAME_RANDOM = 16,
	NUMBER_MAX = 24, /* digits and a newline */
	TRIES = 8,
	PAUSE_FIRST_MS = 50,
	PAUSE_MAX_MS = 1600,
};

void cof_tsm_answer_release(cof_tsm_answer *a)
{
	cof_buf_release(&a->outblob);
	cof_buf_release(&a->auxblob);
}

/* One report object of the kernel's; it is gone when this is. */
typedef struct report_dir {
	const cof_sys *sys;
	char *path;
} report_dir;

static void report_dir_release(report_dir *d)
{
	if (d->path != NULL)
		(void)d->sys->rmdir(d->sys->arg, d->path);
	free(d->path);
	d->path = NULL;
}
COF_DEFINE_AUTO(report_dir, report_dir_release)

/* Nobody can have taken a name that nobody can guess. 0, or -errno. */
static int make_dir(const cof_sys *sys, const char *folder, report_dir *ret)
{
	uint8_t random[NAME_RANDOM];
	char hex[2 * NAME_RANDOM + 1];
	COF_AUTO_FREE char *path = NULL;
	if (RAND_bytes(random, sizeof random) != 1)
		return -EIO;
	cof_hex(cof_span_of(random, sizeof random), hex);
	if (cof_path(&path, NULL, "%s/" PREFIX "%s", folder, hex) < 0)
		return -ENAMETOOLONG;
	if (sys->mkdir(sys->arg, path) < 0)
		return -errno;
	*ret = (report_dir){sys, cof_steal(&path)};
	return 0;
}

static int read_attr(const report_dir *d, const char *name, size_t max, cof_buf *ret)
{
	COF_AUTO_FREE char *path = NULL;
	if (cof_path(&path, NULL, "%s/%s", d->path, name) < 0)
		return -ENAMETOOLONG;
	return cof_sys_read_all(d->sys, path, max, ret);
}

static int write_attr(const report_dir *d, const char *name, cof_span bytes)
{
	COF_AUTO_FREE char *path = NULL;
	if (cof_path(&path, NULL, "%s/%s", d->path, name) < 0)
		return -ENAMETOOLONG;
	return cof_sys_write_once(d->sys, path, bytes);
}

/* A decimal number and perhaps a newline; -EBADMSG for anything else. */
static int read_number(const report_dir *d, const char *name, uint64_t *ret)
{
	COF_AUTO(cof_buf) text = {0};
	uint64_t v = 0;
	int r = read_attr(d, name, NUMBER_MAX, &text);
	if (r < 0)
		return r == -EFBIG ? -EBADMSG : r;
	size_t n = text.len;
	if (n > 0 && text.data[n - 1] == '\n')
		n--;
	for (size_t i = 0; i < n; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || __builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(text.data[i] - '0'), &v))
			return -EBADMSG;
	}
	*ret = v;
	return n > 0 ? 0 : -EBADMSG;
}

/* A word of letters, digits and underscores. */
static int read_provider(const report_dir *d, char ret[COF_TSM_PROVIDER_MAX])
{
	COF_AUTO(cof_buf) text = {0};
	int r = read_attr(d, "provider", COF_TSM_PROVIDER_MAX - 1, &text);
	if (r < 0)
		return r;
	size_t n = text.len;
	if (n > 0 && text.data[n - 1] == '\n')
		n--;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = text.data[i];
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_')
			return -EBADMSG;
	}
	if (n == 0)
		return -EBADMSG;
	memcpy(ret, text.data, n);
	ret[n] = '\0';
	return 0;
}

bool cof_tsm_provider(const cof_sys *sys, const char *folder, char ret[COF_TSM_PROVIDER_MAX])
{
	COF_AUTO(report_dir) d = {0};
	return make_dir(sys, folder, &d) == 0 && read_provider(&d, ret) == 0;
}

/* --- one try --- */

/* What went wrong, and where: the kernel's errno means different things at different places. */
static int failed(int error, const char *where, cof_err *err)
{
	errno = -error;
	switch (-error) {
	case ENOENT:
		return cof_err_set(err, COF_E_UNAVAILABLE, "tsm-absent", "%s: no reports by configfs here", where);
	case ENXIO:
	case ENOTTY: /* the driver has wiped its keys */
		return cof_err_set(err, COF_E_UNAVAILABLE, "tsm-no-provider", "%s: no provider that answers", where);
	case EBUSY:
	case EINTR:
		return cof_err_set(err, COF_E_UNAVAILABLE, "tsm-busy", "%s: in use", where);
	case EWOULDBLOCK:
		return cof_err_set(err, COF_E_UNAVAILABLE, "tsm-moving", "%s: changed while it was read", where);
	case ETIMEDOUT:
		return cof_err_set(err, COF_E_UNAVAILABLE, "tsm-timeout",
				   "%s: the host does not answer (it may run no service for quotes)", where);
	case EFBIG:
	case EBADMSG:
		return cof_err_set(err, COF_E_MALFORMED, "tsm-malformed", "%s: not what belongs there", where);
	case ENOMEM:
		return cof_err_oom(err);
	default:
		return cof_err_sys(err, "tsm-failed", "%s", where);
	}
}

static int check_provider(const cof_tsm *t, const report_dir *d, cof_err *err)
{
	char provider[COF_TSM_PROVIDER_MAX];
	int r = read_provider(d, provider);
	if (r < 0)
		return failed(r, "provider", err);
	if (strcmp(provider, t->provider) != 0)
		return cof_err_set(err, COF_E_POLICY, "tsm-provider", "reports of '%s', not of '%s'", provider,
				   t->provider);
	return 0;
}

/* A guest below privilege level 0 cannot ask for a report of level 0, which is the default. Only some have levels. */
static int choose_level(const report_dir *d, uint64_t *writes, cof_err *err)
{
	uint64_t floor = 0;
	char text[NUMBER_MAX];
	int r = read_number(d, "privlevel_floor", &floor);
	if (r == -ENOENT || (r == 0 && floor == 0))
		return 0;
	if (r == 0) {
		(void)snprintf(text, sizeof text, "%llu", (unsigned long long)floor);
		r = write_attr(d, "privlevel", cof_span_str(text));
		++*writes;
	}
	return r < 0 ? failed(r, "privlevel", err) : 0;
}

static int read_blobs(const cof_tsm *t, const report_dir *d, cof_tsm_answer *ret, cof_err *err)
{
	int r = read_attr(d, "outblob", t->outblob_max, &ret->outblob);
	if (r < 0)
		return failed(r, "outblob", err);
	r = read_attr(d, "auxblob", COF_TSM_AUXBLOB_MAX, &ret->auxblob);
	return r < 0 && r != -ENOENT ? failed(r, "auxblob", err) : 0;
}

/*
 * The generation counts what was written. It is read before our own writes too, and must have grown by exactly as many
 * as there were: so it tells of one that came between ours and the first look, and of one of ours that the kernel took
 * and dropped, which configfs does not tell who writes.
 */
static int try_once(const cof_tsm *t, const uint8_t *inblob, cof_tsm_answer *ret, cof_err *err)
{
	COF_AUTO(report_dir) d = {0};
	uint64_t before = 0, after = 0, writes = 0;
	int r = make_dir(t->sys, t->folder, &d);
	if (r < 0)
		return failed(r, "a report", err);
	if (check_provider(t, &d, err) < 0)
		return -(int)err->cls;
	r = read_number(&d, "generation", &before);
	if (r < 0)
		return failed(r, "generation", err);
	if (choose_level(&d, &writes, err) < 0)
		return -(int)err->cls;
	r = write_attr(&d, "inblob", cof_span_of(inblob, COF_TSM_INBLOB_LEN));
	if (r < 0)
		return failed(r, "inblob", err);
	writes++;
	if (read_blobs(t, &d, ret, err) < 0)
		return -(int)err->cls;
	r = read_number(&d, "generation", &after);
	if (r < 0)
		return failed(r, "generation", err);
	if (after - before != writes)
		return cof_err_set(err, COF_E_UNAVAILABLE, "tsm-moving", "%llu writes where there were %llu of ours",
				   (unsigned long long)(after - before), (unsigned long long)writes);
	return 0;
}

static bool may_pass(const cof_err *e)
{
	return cof_err_is(e, "tsm-busy") || cof_err_is(e, "tsm-moving");
}

int cof_tsm_get(const cof_tsm *t, const uint8_t inblob[COF_TSM_INBLOB_LEN], cof_tsm_answer *ret, cof_err *err)
{
	cof_err why = {0};
	int r = 0, pause = PAUSE_FIRST_MS;
	for (int i = 0; i < TRIES; i++) {
		COF_AUTO(cof_tsm_answer) a = {0};
		if (i > 0) {
			t->sys->pause(t->sys->arg, pause);
			pause = 2 * pause < PAUSE_MAX_MS ? 2 * pause : PAUSE_MAX_MS;
		}
		r = try_once(t, inblob, &a, &why);
		if (r == 0) {
			*ret = a;
			a = (cof_tsm_answer){0};
			return 0;
		}
		if (!may_pass(&why))
			break;
	}
	if (err != NULL)
		*err = why;
	return r;
}

void cof_tsm_sweep(const cof_sys *sys, const char *folder)
{
	DIR *d = opendir(folder);
	for (struct dirent *e = d == NULL ? NULL : readdir(d); e != NULL; e = readdir(d)) {
		COF_AUTO_FREE char *path = NULL;
		if (strncmp(e->d_name, PREFIX, sizeof PREFIX - 1) == 0 &&
		    cof_path(&path, NULL, "%s/%s", folder, e->d_name) == 0)
			(void)sys->rmdir(sys->arg, path);
	}
	if (d != NULL)
		(void)closedir(d);
}
