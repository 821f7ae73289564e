/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/scratch_crypt.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <libcryptsetup.h>
#include <stdio.h>
#include <sys/random.h>

#include "agent/scratch_dm.h"
#include "common/secret.h"

enum { XTS_KEY = 64, MAC_KEY = 32, SECTOR = 4096, JOURNAL = 1 << 20, HEADER_BEGIN = 4096 };

/* What we call of the library. */
typedef struct library {
	__typeof__(crypt_init) *init;
	__typeof__(crypt_free) *free;
	__typeof__(crypt_format) *format;
	__typeof__(crypt_activate_by_volume_key) *activate;
	__typeof__(crypt_set_log_callback) *set_log;
	__typeof__(crypt_metadata_locking) *locking;
} library;

static int load(library *lib, cof_err *err)
{
	const struct {
		const char *name;
		void **at;
	} all[] = {{"crypt_init", (void **)&lib->init},
		   {"crypt_free", (void **)&lib->free},
		   {"crypt_format", (void **)&lib->format},
		   {"crypt_activate_by_volume_key", (void **)&lib->activate},
		   {"crypt_set_log_callback", (void **)&lib->set_log},
		   {"crypt_metadata_locking", (void **)&lib->locking}};
	void *so = dlopen("libcryptsetup.so.12", RTLD_NOW | RTLD_LOCAL);
	if (so == NULL)
		return cof_err_set(err, COF_E_UNAVAILABLE, "scratch-failed",
				   "this guest image has no libcryptsetup: the machine's profile is not one for a "
				   "scratch disk");
	for (size_t i = 0; i < COF_COUNT(all); i++) {
		*all[i].at = dlsym(so, all[i].name);
		if (*all[i].at == NULL)
			return cof_err_set(err, COF_E_INTERNAL, "scratch-failed", "libcryptsetup has no %s",
					   all[i].name);
	}
	return 0;
}

/* The library's last complaint; it may name files, never keys. */
static char complaint[160];

static void on_log(int level, const char *text, void *arg)
{
	(void)arg;
	if (level == CRYPT_LOG_ERROR)
		(void)snprintf(complaint, sizeof complaint, "%s", text);
}

static int failed(int code, const char *what, cof_err *err)
{
	complaint[strcspn(complaint, "\n")] = '\0';
	return cof_err_set(err, COF_E_IO, "scratch-failed", "%s: error %d%s%s", what, -code,
			   complaint[0] != '\0' ? ", " : "", complaint);
}

static int make_key(cof_secret *key, size_t len, cof_err *err)
{
	int r = cof_secret_new(key, len, err);
	if (r < 0)
		return r;
	for (size_t n = 0; n < len;) {
		ssize_t got = getrandom(key->data + n, len - n, 0);
		if (got < 0 && errno != EINTR)
			return cof_err_sys(err, "scratch-failed", "random bytes");
		n += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

/* Only the library's own steps need it: it goes when the mapping stands. The library writes a header only into a file
 * that is there and not empty. */
static int make_header(const char *path, cof_err *err)
{
	COF_AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || ftruncate(fd, HEADER_BEGIN) < 0)
		return cof_err_sys(err, "scratch-failed", "%s", path);
	return 0;
}

static int format_plain(const library *lib, const char *device, struct crypt_device **cd)
{
	struct crypt_params_plain params = {.sector_size = SECTOR};
	int r = lib->init(cd, device);
	return r < 0 ? r : lib->format(*cd, CRYPT_PLAIN, "aes", "xts-plain64", NULL, NULL, XTS_KEY, &params);
}

/*
 * The library ties integrity to a LUKS2 header: it gets one, in guest memory, without a key slot. The journal that
 * would protect against a loss of power is as small as can be, and not used.
 */
static int format_integrity(const library *lib, const char *device, const char *header, const cof_secret *key,
			    struct crypt_device **cd)
{
	static const struct crypt_pbkdf_type pbkdf = {
		.type = CRYPT_KDF_PBKDF2, .hash = "sha256", .iterations = 1000, .flags = CRYPT_PBKDF_NO_BENCHMARK};
	static const struct crypt_params_integrity integrity = {.journal_size = JOURNAL, .sector_size = SECTOR};
	struct crypt_params_luks2 params = {.pbkdf = &pbkdf,
					    .integrity = "hmac(sha256)",
					    .integrity_params = &integrity,
					    .data_device = device,
					    .sector_size = SECTOR};
	int r = lib->init(cd, header);
	return r < 0 ? r
		     : lib->format(*cd, CRYPT_LUKS2, "aes", "xts-plain64", NULL, (const char *)key->data, key->len,
				   &params);
}

static int map(const library *lib, const char *device, const char *header, bool integrity, cof_err *err)
{
	COF_AUTO(cof_secret) key = {0};
	struct crypt_device *cd = NULL;
	int r = make_key(&key, integrity ? XTS_KEY + MAC_KEY : XTS_KEY, err);
	if (r < 0)
		return r;
	const char *what = "formatting the scratch disk";
	int code = integrity ? format_integrity(lib, device, header, &key, &cd) : format_plain(lib, device, &cd);
	if (code >= 0) {
		what = "mapping the scratch disk";
		code = lib->activate(cd, COF_SCRATCH_MAPPING, (const char *)key.data, key.len,
				     integrity ? CRYPT_ACTIVATE_NO_JOURNAL : 0);
	}
	lib->free(cd);
	return code < 0 ? failed(code, what, err) : 0;
}

int cof_scratch_encrypt(const char *device, const char *header, bool integrity, cof_err *err)
{
	library lib = {0};
	int r = load(&lib, err);
	if (r == 0 && integrity)
		r = make_header(header, err);
	if (r < 0)
		return r;
	lib.set_log(NULL, on_log, NULL);
	/* Nobody else in this guest knows of the header. */
	(void)lib.locking(NULL, 0);
	r = map(&lib, device, header, integrity, err);
	(void)unlink(header);
	return r < 0 ? r : cof_scratch_prove(COF_SCRATCH_MAPPING, device, integrity, err);
}
