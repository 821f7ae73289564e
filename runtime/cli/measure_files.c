/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/measure_files.h"

#include <fcntl.h>

#include "runtime/cli/measure_options.h"

enum { CHUNK = 256 << 10 };

static int open_file(const char *path, int *ret, cof_err *err)
{
	*ret = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (*ret < 0)
		return cof_err_sys(err, errno == ENOENT ? "no-such-file" : "open-failed", "%s", path);
	return 0;
}

static int hash_chunk(cof_hasher *h256, cof_hasher *h384, cof_span s, cof_err *err)
{
	int rc = cof_hasher_add(h256, s, err);
	return rc < 0 || h384 == NULL ? rc : cof_hasher_add(h384, s, err);
}

static int hash_all(int fd, cof_hasher *h256, cof_hasher *h384, cof_launch_file *f, cof_err *err)
{
	COF_AUTO_FREE uint8_t *chunk = malloc(CHUNK);
	if (chunk == NULL)
		return cof_err_oom(err);
	for (;;) {
		ssize_t n = read(fd, chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cof_err_sys(err, "read-failed", "reading");
		if (n == 0)
			return 0;
		f->size += (uint64_t)n;
		int rc = hash_chunk(h256, h384, cof_span_of(chunk, (size_t)n), err);
		if (rc < 0)
			return rc;
	}
}

static int end(cof_hasher *h, uint8_t *ret, cof_err *err)
{
	cof_digest d;
	int rc = cof_hasher_end(h, &d, err);
	if (rc == 0)
		memcpy(ret, d.bytes, cof_hash_len(d.alg));
	return rc;
}

int cof_measure_hash_file(const char *path, bool sha384, cof_launch_file *ret, cof_err *err)
{
	COF_AUTO_FD int fd = -EBADF;
	COF_AUTO_PTR(cof_hasher) h256 = NULL;
	COF_AUTO_PTR(cof_hasher) h384 = NULL;
	cof_launch_file f = {.given = true, .has_sha384 = sha384};
	int rc = open_file(path, &fd, err);
	if (rc == 0)
		rc = cof_hasher_new(&h256, COF_SHA256, err);
	if (rc == 0 && sha384)
		rc = cof_hasher_new(&h384, COF_SHA384, err);
	if (rc == 0)
		rc = hash_all(fd, h256, h384, &f, err);
	if (rc == 0)
		rc = end(h256, f.sha256, err);
	if (rc == 0 && sha384)
		rc = end(h384, f.sha384, err);
	if (rc < 0)
		return cof_err_wrap(err, "%s", path);
	*ret = f;
	return 0;
}

int cof_measure_file_or_digest(const char *text, bool sha384, cof_launch_file *ret, cof_err *err)
{
	static const char prefix[] = "sha256:";
	if (strncmp(text, prefix, strlen(prefix)) != 0)
		return cof_measure_hash_file(text, sha384, ret, err);
	cof_launch_file f = {.given = true};
	int rc = cof_parse_hex("sha256:HEX", text + strlen(prefix), f.sha256, sizeof f.sha256, err);
	if (rc == 0)
		*ret = f;
	return rc;
}
