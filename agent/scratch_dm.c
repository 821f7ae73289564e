/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/scratch_dm.h"

#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "common/secret.h"

enum { TABLE_MAX = 16 << 10, WORDS_MAX = 24, NUMBER_MAX = 32 };

static int wrong(const char *what, cof_err *err)
{
	return cof_err_set(err, COF_E_CRYPTO, "scratch-not-encrypted",
			   "the kernel's table of the scratch disk is not the one that was asked for: %s", what);
}

/* --- what a table says --- */

typedef struct words {
	cof_span at[WORDS_MAX];
	size_t n; /* beyond WORDS_MAX: too many */
} words;

static words split(const char *params)
{
	words w = {0};
	for (const char *s = params; *s != '\0';) {
		size_t len = strcspn(s, " ");
		if (len > 0 && w.n < WORDS_MAX)
			w.at[w.n] = cof_span_of(s, len);
		w.n += len > 0;
		s += len + strspn(s + len, " ");
	}
	return w;
}

static bool equals(cof_span s, const char *text)
{
	return s.len == strlen(text) && strncmp((const char *)s.data, text, s.len) == 0;
}

static bool is(const words *w, size_t i, const char *text)
{
	return i < w->n && i < WORDS_MAX && equals(w->at[i], text);
}

static bool has_from(const words *w, size_t i, const char *text)
{
	for (; i < w->n && i < WORDS_MAX; i++)
		if (equals(w->at[i], text))
			return true;
	return false;
}

/* A key of the right length: in hex, or in the kernel's key ring as ":64:logon:NAME". */
static bool has_key(const words *w, size_t i, size_t len)
{
	char ring[NUMBER_MAX];
	if (i >= w->n || i >= WORDS_MAX)
		return false;
	int n = snprintf(ring, sizeof ring, ":%zu:logon:", len);
	cof_span s = w->at[i];
	return s.len == 2 * len || (s.len > (size_t)n && strncmp((const char *)s.data, ring, (size_t)n) == 0);
}

/* spec: Linux Documentation/admin-guide/device-mapper/dm-crypt.rst: CIPHER KEY IV_OFFSET DEVICE OFFSET [N OPTION...] */
int cof_dm_check_crypt(const cof_dm_target *t, const char *device, bool integrity, cof_err *err)
{
	words w = split(t->params);
	const char *cipher = integrity ? "capi:authenc(hmac(sha256),xts(aes))-plain64" : "aes-xts-plain64";
	if (t->targets != 1 || strcmp(t->type, "crypt") != 0)
		return wrong("no dm-crypt alone", err);
	if (w.n < 6 || w.n > WORDS_MAX)
		return wrong("its length", err);
	if (!is(&w, 0, cipher))
		return wrong("cipher", err);
	if (!has_key(&w, 1, integrity ? 96 : 64))
		return wrong("key", err);
	if (!is(&w, 2, "0") || !is(&w, 3, device) || !is(&w, 4, "0"))
		return wrong("device", err);
	if (!has_from(&w, 6, "sector_size:4096") || has_from(&w, 6, "allow_discards"))
		return wrong("options", err);
	return has_from(&w, 6, "integrity:32:aead") == integrity ? 0 : wrong("integrity", err);
}

/* spec: Linux Documentation/admin-guide/device-mapper/dm-integrity.rst: DEVICE START TAG_SIZE MODE N OPTION... */
int cof_dm_check_integrity(const cof_dm_target *t, const char *device, cof_err *err)
{
	words w = split(t->params);
	if (t->targets != 1 || strcmp(t->type, "integrity") != 0)
		return wrong("no dm-integrity alone", err);
	if (!is(&w, 0, device) || !is(&w, 1, "0"))
		return wrong("device below", err);
	return is(&w, 2, "32") && is(&w, 3, "D") ? 0 : wrong("tags", err);
}

/* --- reading it --- */

static int open_control(cof_err *err)
{
	int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? cof_err_sys(err, "scratch-failed", "/dev/mapper/control") : fd;
}

/* A table may hold the key: it is read into memory that is wiped, and the kernel wipes its own copy. */
static int read_table(const char *mapping, cof_secret *mem, cof_dm_target *ret, uint64_t *dev, cof_err *err)
{
	COF_AUTO_FD int fd = open_control(err);
	if (fd < 0)
		return fd;
	int r = cof_secret_new(mem, TABLE_MAX, err);
	if (r < 0)
		return r;
	struct dm_ioctl *io = (struct dm_ioctl *)(void *)mem->data;
	*io = (struct dm_ioctl){.version = {DM_VERSION_MAJOR, 0, 0},
				.data_size = TABLE_MAX - 1, /* an end that nobody writes */
				.data_start = sizeof *io,
				.flags = DM_STATUS_TABLE_FLAG | DM_SECURE_DATA_FLAG};
	(void)snprintf(io->name, sizeof io->name, "%s", mapping);
	if (ioctl(fd, DM_TABLE_STATUS, io) < 0)
		return cof_err_sys(err, "scratch-failed", "the table of %s", mapping);
	if ((io->flags & DM_BUFFER_FULL_FLAG) != 0 || io->target_count == 0 ||
	    io->data_start > TABLE_MAX - sizeof(struct dm_target_spec) - 1)
		return wrong("its length", err);
	struct dm_target_spec *spec = (struct dm_target_spec *)(void *)(mem->data + io->data_start);
	spec->target_type[sizeof spec->target_type - 1] = '\0';
	*ret = (cof_dm_target){
		.type = spec->target_type, .params = (const char *)(spec + 1), .targets = io->target_count};
	*dev = io->dev;
	return 0;
}

static void device_text(uint64_t dev, char ret[NUMBER_MAX])
{
	(void)snprintf(ret, NUMBER_MAX, "%u:%u", major((dev_t)dev), minor((dev_t)dev));
}

static int prove_below(const char *mapping, const char *disk, char ret[NUMBER_MAX], cof_err *err)
{
	COF_AUTO(cof_secret) mem = {0};
	cof_dm_target t = {0};
	char name[64];
	uint64_t dev = 0;
	(void)snprintf(name, sizeof name, "%s_dif", mapping);
	int r = read_table(name, &mem, &t, &dev, err);
	if (r < 0)
		return r;
	device_text(dev, ret);
	return cof_dm_check_integrity(&t, disk, err);
}

int cof_scratch_prove(const char *mapping, const char *device, bool integrity, cof_err *err)
{
	COF_AUTO(cof_secret) mem = {0};
	cof_dm_target t = {0};
	char on[NUMBER_MAX];
	char disk[NUMBER_MAX];
	struct stat st;
	uint64_t dev = 0;
	if (stat(device, &st) < 0)
		return cof_err_sys(err, "scratch-failed", "%s", device);
	device_text(st.st_rdev, disk);
	memcpy(on, disk, sizeof on);
	int r = integrity ? prove_below(mapping, disk, on, err) : 0;
	if (r == 0)
		r = read_table(mapping, &mem, &t, &dev, err);
	return r < 0 ? r : cof_dm_check_crypt(&t, on, integrity, err);
}
