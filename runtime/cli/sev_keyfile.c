/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/sev_keyfile.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/rd.h"
#include "common/wr.h"

static const uint8_t magic[8] = {'C', 'O', 'F', 'S', 'E', 'V', 0, 1};

enum { MODE = 0600, OTHERS = 077 };

void cof_sev_keyfile_release(cof_sev_keyfile *k)
{
	cof_secret_release(&k->tk);
	k->policy = 0;
}

int cof_sev_keyfile_new(uint32_t policy, cof_sev_keyfile *ret, cof_err *err)
{
	COF_AUTO(cof_secret) tk = {0};
	int rc = cof_secret_new(&tk, (size_t)2 * COF_SEV_TK_LEN, err);
	if (rc == 0 && RAND_priv_bytes(tk.data, (int)tk.len) != 1)
		rc = cof_err_set(err, COF_E_IO, "no-random", "for the transport keys");
	if (rc == 0)
		*ret = (cof_sev_keyfile){policy, cof_secret_steal(&tk)};
	return rc;
}

cof_span cof_sev_keyfile_tek(const cof_sev_keyfile *k)
{
	return cof_span_of(k->tk.data, COF_SEV_TK_LEN);
}

cof_span cof_sev_keyfile_tik(const cof_sev_keyfile *k)
{
	return cof_span_of(k->tk.data + COF_SEV_TK_LEN, COF_SEV_TK_LEN);
}

/* A new file, or none: what is there may be the only keys of a guest. */
static int write_new(const char *path, cof_span bytes, cof_err *err)
{
	COF_AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE);
	if (fd < 0 && errno == EEXIST)
		return cof_err_set(err, COF_E_USAGE, "target-exists", "%s may hold the keys of another session", path);
	if (fd < 0)
		return cof_err_sys(err, "open-failed", "%s", path);
	int rc = cof_fd_write_all(fd, bytes, err);
	if (rc == 0 && fsync(fd) < 0)
		rc = cof_err_sys(err, "write-failed", "%s", path);
	if (rc < 0)
		(void)unlink(path);
	return rc;
}

int cof_sev_keyfile_write(const cof_sev_keyfile *k, const char *path, cof_err *err)
{
	COF_AUTO(cof_secret) bytes = {0};
	int rc = cof_secret_new(&bytes, COF_SEV_KEYFILE_LEN, err);
	if (rc < 0)
		return rc;
	memcpy(bytes.data, magic, sizeof magic);
	cof_put_le(bytes.data + sizeof magic, sizeof k->policy, k->policy);
	memcpy(bytes.data + sizeof magic + sizeof k->policy, k->tk.data, k->tk.len);
	return write_new(path, cof_secret_span(&bytes), err);
}

int cof_sev_keyfile_parse(cof_span in, cof_sev_keyfile *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(in);
	cof_span head = cof_rd_bytes(&r, sizeof magic);
	uint32_t policy = cof_rd_u32le(&r);
	cof_span tk = cof_rd_bytes(&r, (size_t)2 * COF_SEV_TK_LEN);
	if (!cof_rd_end(&r) || !cof_ct_equal(head, cof_span_of(magic, sizeof magic)))
		return cof_err_set(err, COF_E_USAGE, "sev-keys-malformed", "no keys of a SEV session");
	int rc = cof_secret_from(&ret->tk, tk, err);
	if (rc == 0)
		ret->policy = policy;
	return rc;
}

static int read_own(const char *path, cof_buf *ret, cof_err *err)
{
	struct stat st;
	COF_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return cof_err_sys(err, errno == ENOENT ? "no-such-file" : "open-failed", "%s", path);
	if (fstat(fd, &st) < 0)
		return cof_err_sys(err, "read-failed", "%s", path);
	if (S_ISREG(st.st_mode) && (st.st_mode & OTHERS) != 0)
		return cof_err_set(err, COF_E_USAGE, "sev-keys-exposed", "%s may be read by others than its owner",
				   path);
	int rc = cof_buf_reserve(ret, COF_SEV_KEYFILE_LEN + 1, err); /* no copy is left behind by growing */
	return rc < 0 ? rc : cof_fd_read_all(fd, COF_SEV_KEYFILE_LEN, ret, err);
}

int cof_sev_keyfile_read(const char *path, cof_sev_keyfile *ret, cof_err *err)
{
	COF_AUTO(cof_buf) bytes = {0};
	int rc = read_own(path, &bytes, err);
	if (rc == 0)
		rc = cof_sev_keyfile_parse(cof_buf_span(&bytes), ret, err);
	cof_buf_wipe(&bytes);
	return rc;
}
