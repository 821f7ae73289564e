/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/enckeys.h"

#include <fcntl.h>
#include <stdio.h>

#include "common/file.h"
#include "common/ossl.h"
#include "image-decrypt/enc_int.h"
#include "image-decrypt/enc_provider.h"
#include "image-decrypt/enckeyfile.h"

struct cof_enc_keys {
	EVP_PKEY *private[COF_ENC_KEYS_MAX];
	size_t n_private;
	cof_secret kek[COF_ENC_KEYS_MAX];
	size_t n_kek;
	char *dir; /* NULL: none */
};

int cof_enc_keys_new(cof_enc_keys **ret, cof_err *err)
{
	*ret = calloc(1, sizeof **ret);
	return *ret == NULL ? cof_err_oom(err) : 0;
}

void cof_enc_keys_free(cof_enc_keys *k)
{
	for (size_t i = 0; i < k->n_private; i++)
		EVP_PKEY_free(k->private[i]);
	for (size_t i = 0; i < k->n_kek; i++)
		cof_secret_release(&k->kek[i]);
	free(k->dir);
	free(k);
}

bool cof_enc_keys_empty(const cof_enc_keys *k)
{
	return k->n_private == 0 && k->n_kek == 0 && k->dir == NULL;
}

EVP_PKEY *cof_enc_keys_private(const cof_enc_keys *k, size_t i)
{
	return i < k->n_private ? k->private[i] : NULL;
}

const cof_secret *cof_enc_keys_kek(const cof_enc_keys *k, size_t i)
{
	return i < k->n_kek ? &k->kek[i] : NULL;
}

static int full(cof_err *err)
{
	return cof_err_set(err, COF_E_USAGE, "too-many-keys", "more than %d keys", COF_ENC_KEYS_MAX);
}

/* --- files that hold secrets --- */

int cof_enc_file_read(const char *path, size_t max, cof_secret *ret, cof_err *err)
{
	COF_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cof_err_sys(err, errno == ENOENT ? "no-such-file" : "open-failed", "%s", path);
	int r = cof_fd_read_secret(fd, max, ret, err);
	return r < 0 ? cof_err_wrap(err, "%s", path) : 0;
}

/* --- passwords --- */

static int password_fd(const char *text, cof_secret *ret, cof_err *err)
{
	char *end = NULL;
	errno = 0;
	long fd = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || fd < 0 || fd > INT32_MAX)
		return cof_err_set(err, COF_E_USAGE, "key-password", "fd=%s is no descriptor's number", text);
	return cof_fd_read_secret((int)fd, COF_ENC_PASSWORD_MAX, ret, err);
}

/* A line's end behind a password in a file is the editor's. */
static void cut_newline(cof_secret *s)
{
	if (s->len > 0 && s->data[s->len - 1] == '\n')
		s->len--;
}

/* spec: ocicrypt's --decryption-key FILE:PASSWORD */
static int read_password(const char *text, cof_secret *ret, cof_err *err)
{
	int r = 0;
	if (strncmp(text, "file=", 5) == 0)
		r = cof_enc_file_read(text + 5, COF_ENC_PASSWORD_MAX, ret, err);
	else if (strncmp(text, "fd=", 3) == 0)
		r = password_fd(text + 3, ret, err);
	else
		return cof_secret_from(ret, cof_span_str(strncmp(text, "pass=", 5) == 0 ? text + 5 : text), err);
	if (r == 0)
		cut_newline(ret);
	return r;
}

/* --- adding --- */

int cof_enc_keys_add_kek(cof_enc_keys *k, cof_span kek, cof_err *err)
{
	if (kek.len != COF_ENC_KEK_LEN)
		return cof_err_set(err, COF_E_USAGE, "kek-size", "the key has %zu bytes, not %d", kek.len,
				   COF_ENC_KEK_LEN);
	if (k->n_kek == COF_ENC_KEYS_MAX)
		return full(err);
	int r = cof_secret_from(&k->kek[k->n_kek], kek, err);
	k->n_kek += r == 0;
	return r;
}

static bool is_certificate(cof_span file)
{
	COF_AUTO_PTR(cof_ossl_cert) cert = NULL;
	return cof_enc_keyfile_cert(file, &cert, NULL) == 0;
}

static int add_file(cof_enc_keys *k, cof_span file, const cof_secret *password, cof_err *err)
{
	EVP_PKEY *key = NULL;
	if (file.len == COF_ENC_KEK_LEN)
		return cof_enc_keys_add_kek(k, file, err);
	if (k->n_private == COF_ENC_KEYS_MAX)
		return full(err);
	int r = cof_enc_keyfile_private(file, password, &key, err);
	/* A packet's recipients are tried one by one, so a certificate opens nothing by itself. */
	if (r < 0 && is_certificate(file))
		return 0;
	if (r == -(int)COF_E_MALFORMED)
		return cof_err_set(err, COF_E_MALFORMED, "key-malformed",
				   "neither a private key in PEM, DER or JWK, nor 32 bytes of a key-encryption key");
	if (r < 0)
		return r;
	k->private[k->n_private++] = key;
	return 0;
}

/* Where the password begins: NULL when the whole text names a file, or has no colon. */
static const char *password_of(const char *arg)
{
	const char *colon = strchr(arg, ':');
	return colon == NULL || access(arg, F_OK) == 0 ? NULL : colon + 1;
}

int cof_enc_keys_add(cof_enc_keys *k, const char *arg, cof_err *err)
{
	COF_AUTO(cof_secret) file = {0};
	COF_AUTO(cof_secret) password = {0};
	const char *text = password_of(arg);
	size_t n = text == NULL ? strlen(arg) : (size_t)(text - 1 - arg);
	COF_AUTO_FREE char *path = cof_span_dup_str(cof_span_of(arg, n));
	if (path == NULL)
		return cof_err_oom(err);
	int r = cof_enc_file_read(path, COF_ENC_KEY_FILE_MAX, &file, err);
	if (r == 0 && text != NULL)
		r = read_password(text, &password, err);
	if (r < 0)
		return r;
	r = add_file(k, cof_secret_span(&file), text == NULL ? NULL : &password, err);
	return r < 0 ? cof_err_wrap(err, "%s", path) : 0;
}

int cof_enc_keys_add_dir(cof_enc_keys *k, const char *dir, cof_err *err)
{
	if (k->dir != NULL)
		return cof_err_set(err, COF_E_USAGE, "too-many-keys", "one folder of key-encryption keys only");
	if (access(dir, R_OK | X_OK) < 0)
		return cof_err_sys(err, "no-such-file", "%s", dir);
	k->dir = strdup(dir);
	return k->dir == NULL ? cof_err_oom(err) : 0;
}

int cof_enc_keys_kek_named(const cof_enc_keys *k, const char *name, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_secret) kek = {0};
	COF_AUTO_FREE char *path = NULL;
	if (k->dir == NULL || cof_path(&path, err, "%s/%s", k->dir, name) < 0)
		return cof_err_set(err, COF_E_CRYPTO, "kek-missing", "no key-encryption key '%s'", name);
	if (cof_enc_file_read(path, COF_ENC_KEY_FILE_MAX, &kek, NULL) < 0 || kek.len != COF_ENC_KEK_LEN)
		return cof_err_set(err, COF_E_CRYPTO, "kek-missing", "%s is no file of %d bytes", path,
				   COF_ENC_KEK_LEN);
	*ret = cof_secret_steal(&kek);
	return 0;
}
