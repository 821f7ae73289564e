/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/signkey.h"

#include <fcntl.h>
#include <openssl/engine.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/ui.h>

#include "common/file.h"
#include "common/hex.h"
#include "common/ossl.h"
#include "common/secret.h"

enum { KEY_FILE_MAX = 64 << 10, PIN_MAX = 512 };

#define SCHEME "pkcs11:"

static void close_store(OSSL_STORE_CTX *s)
{
	(void)OSSL_STORE_close(s);
}

COF_OSSL_AUTO(OSSL_STORE_CTX, store, close_store)
COF_OSSL_AUTO(OSSL_STORE_INFO, store_info, OSSL_STORE_INFO_free)
COF_OSSL_AUTO(OSSL_STORE_LOADER, store_loader, OSSL_STORE_LOADER_free)

/* --- the PIN --- */

struct cof_signkey_home {
	void *engine; /* NULL: the key lives in OpenSSL or a provider */
	UI_METHOD *ui;
	cof_secret pin;
	bool has_pin;
	bool unasked; /* a PIN was needed, and nobody could be asked */
};
typedef struct cof_signkey_home home;

/* The first line of the file; an editor's line end is no part of a PIN. */
static int read_pin(const char *path, home *h, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int rc = cof_file_read(path, PIN_MAX, &text, err);
	cof_secret_release(&h->pin);
	if (rc == 0)
		rc = cof_secret_from(&h->pin, cof_span_of(text.data, strcspn(cof_buf_str(&text), "\r\n")), err);
	cof_buf_wipe(&text);
	h->has_pin = rc == 0;
	return rc;
}

/* From the terminal alone: standard input may be anything. Once: a wrong answer is wrong for each way to read a key. */
static bool ask(home *h, char *buf, int size)
{
	COF_AUTO_FD int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	h->unasked = tty < 0 || EVP_read_pw_string_min(buf, 1, size - 1, "PIN or passphrase of the key: ", 0) != 0 ||
		     cof_secret_from(&h->pin, cof_span_str(buf), NULL) < 0;
	h->has_pin = !h->unasked;
	return h->has_pin;
}

static int give_pin(char *buf, int size, int rwflag, void *arg)
{
	(void)rwflag;
	home *h = arg;
	if ((!h->has_pin && !ask(h, buf, size)) || h->pin.len > (size_t)size)
		return -1;
	memcpy(buf, h->pin.data, h->pin.len);
	return (int)h->pin.len;
}

/* --- URIs --- */

/* Without its query, which is ours: engines read a PIN file with the line end, and print what they cannot parse. */
typedef struct key_uri {
	char *path;
	char *pin_source;
	char *module;
} key_uri;

static void key_uri_release(key_uri *u)
{
	free(u->path);
	free(u->pin_source);
	free(u->module);
}
COF_DEFINE_AUTO(key_uri, key_uri_release)

static int bad_uri(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_USAGE, "key-uri", "PKCS#11 URI: %s", what);
}

static bool unpercent(cof_span in, char **ret)
{
	COF_AUTO_FREE char *out = calloc(1, in.len + 1);
	size_t n = 0;
	for (size_t i = 0; out != NULL && i < in.len; i++) {
		char digits[3] = "";
		out[n] = (char)in.data[i];
		if (in.data[i] == '%') {
			if (in.len - i < 3)
				return false;
			memcpy(digits, in.data + i + 1, 2);
			if (cof_unhex(digits, &out[n], 1, NULL) < 0 || out[n] == '\0')
				return false;
			i += 2;
		}
		n++;
	}
	*ret = cof_steal(&out);
	return *ret != NULL;
}

/* "file:/…" or a path. No "|command": a key's name must not run programs. */
static int take_pin_source(char *value, key_uri *u, cof_err *err)
{
	COF_AUTO_FREE char *held = value;
	const char *path = strncmp(held, "file:", 5) == 0 ? held + 5 : held;
	path = strncmp(path, "///", 3) == 0 ? path + 2 : path;
	if (path[0] != '/' || u->pin_source != NULL)
		return bad_uri(err, "pin-source is one absolute path");
	u->pin_source = strdup(path);
	return u->pin_source != NULL ? 0 : cof_err_oom(err);
}

static int take_attribute(cof_span a, key_uri *u, cof_err *err)
{
	const uint8_t *equals = memchr(a.data, '=', a.len);
	size_t n = equals != NULL ? (size_t)(equals - a.data) : a.len;
	COF_AUTO_FREE char *name = cof_span_dup_str(cof_span_of(a.data, n));
	char *value = NULL;
	if (name == NULL || equals == NULL || !unpercent(cof_span_of(equals + 1, a.len - n - 1), &value))
		return bad_uri(err, "the query");
	if (strcmp(name, "pin-source") == 0)
		return take_pin_source(value, u, err);
	if (strcmp(name, "module-path") != 0 || value[0] != '/' || u->module != NULL) {
		free(value);
		return bad_uri(err, "the query knows pin-source and module-path, once each");
	}
	u->module = value;
	return 0;
}

static int parse_uri(const char *text, key_uri *u, cof_err *err)
{
	if (strstr(text, "pin-value") != NULL)
		return cof_err_set(err, COF_E_USAGE, "key-pin-exposed",
				   "a PIN on the command line is no secret: use pin-source or --pin-file");
	size_t n = strcspn(text, "?");
	u->path = strndup(text, n);
	if (u->path == NULL)
		return cof_err_oom(err);
	if (strstr(u->path, "pin-source") != NULL)
		return bad_uri(err, "pin-source belongs behind the question mark");
	int rc = 0;
	for (const char *at = text + n; rc == 0 && *at != '\0'; at += strcspn(at + 1, "&") + 1)
		rc = take_attribute(cof_span_of(at + 1, strcspn(at + 1, "&")), u, err);
	return rc;
}

/* --- files and providers --- */

static int unreadable(cof_err *err, const home *h, const char *name)
{
	if (h->unasked)
		return cof_err_set(err, COF_E_USAGE, "key-pin-needed",
				   "the key needs a PIN or passphrase and there is no terminal: use --pin-file");
	return cof_err_set(err, COF_E_USAGE, "key-unreadable", "%s: not one key that can be read", name);
}

static int no_token_key(cof_err *err, const home *h)
{
	if (h->unasked)
		return unreadable(err, h, "");
	return cof_err_set(err, COF_E_IO, "token-key", "the token has no such key, or does not take the PIN");
}

static EVP_PKEY *key_of(const OSSL_STORE_INFO *info)
{
	int type = OSSL_STORE_INFO_get_type(info);
	return type == OSSL_STORE_INFO_PKEY	? OSSL_STORE_INFO_get1_PKEY(info)
	       : type == OSSL_STORE_INFO_PUBKEY ? OSSL_STORE_INFO_get1_PUBKEY(info)
						: NULL;
}

/* The one key of that kind; with two, nobody knows which one was meant. */
static bool take_key(OSSL_STORE_CTX *s, int kind, EVP_PKEY **ret)
{
	COF_AUTO_PTR(cof_ossl_key) found = NULL;
	if (s == NULL || OSSL_STORE_expect(s, kind) != 1)
		return false;
	while (OSSL_STORE_eof(s) == 0) {
		COF_AUTO_PTR(store_info) info = OSSL_STORE_load(s);
		COF_AUTO_PTR(cof_ossl_key) key = info != NULL ? key_of(info) : NULL;
		if (OSSL_STORE_error(s) != 0 || (key != NULL && found != NULL))
			return false;
		if (key != NULL)
			found = cof_steal(&key);
	}
	*ret = cof_steal(&found);
	return *ret != NULL;
}

static bool from_bytes(cof_span pem, int kind, home *h, EVP_PKEY **ret)
{
	COF_AUTO_PTR(cof_ossl_bio) bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	COF_AUTO_PTR(store)
	s = bio != NULL ? OSSL_STORE_attach(bio, "file", NULL, NULL, h->ui, h, NULL, NULL, NULL) : NULL;
	return take_key(s, kind, ret);
}

static int load_file(const cof_signkey_in *in, home *h, EVP_PKEY **ret, cof_err *err)
{
	COF_AUTO(cof_buf) pem = {0};
	int rc = cof_file_read(in->name, KEY_FILE_MAX, &pem, err);
	if (rc < 0)
		return rc;
	bool ok = from_bytes(cof_buf_span(&pem), OSSL_STORE_INFO_PKEY, h, ret) ||
		  (in->public_half && from_bytes(cof_buf_span(&pem), OSSL_STORE_INFO_PUBKEY, h, ret));
	cof_buf_wipe(&pem);
	return ok ? 0 : unreadable(err, h, in->name);
}

static bool from_provider(const char *uri, int kind, home *h, EVP_PKEY **ret)
{
	COF_AUTO_PTR(store) s = OSSL_STORE_open(uri, h->ui, h, NULL, NULL);
	return take_key(s, kind, ret);
}

static bool has_provider(void)
{
	(void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL); /* it may name providers */
	COF_AUTO_PTR(store_loader) l = OSSL_STORE_LOADER_fetch(NULL, "pkcs11", NULL);
	return l != NULL;
}

/* --- the engine --- */

#ifndef OPENSSL_NO_ENGINE
/* Engines are deprecated since OpenSSL 3.0, but Debian 12 has no provider for tokens, only libengine-pkcs11-openssl. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static ENGINE *open_engine(const char *module)
{
	(void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_ENGINE_DYNAMIC, NULL);
	ENGINE *e = ENGINE_by_id("pkcs11");
	bool ok = e != NULL && (module == NULL || ENGINE_ctrl_cmd_string(e, "MODULE_PATH", module, 0) == 1) &&
		  ENGINE_init(e) == 1;
	(void)ENGINE_free(e); /* the use that ENGINE_init counted stays */
	return ok ? e : NULL;
}

static void close_engine(void *e)
{
	if (e != NULL)
		(void)ENGINE_finish(e);
}

static EVP_PKEY *load_from(ENGINE *e, const cof_signkey_in *in, const char *uri, home *h)
{
	EVP_PKEY *key = in->public_half ? ENGINE_load_public_key(e, uri, h->ui, h) : NULL;
	return key != NULL ? key : ENGINE_load_private_key(e, uri, h->ui, h);
}

#pragma GCC diagnostic pop
#else
static void *open_engine(const char *module)
{
	(void)module;
	return NULL;
}

static void close_engine(void *e)
{
	(void)e;
}

static EVP_PKEY *load_from(void *e, const cof_signkey_in *in, const char *uri, home *h)
{
	(void)e, (void)in, (void)uri, (void)h;
	return NULL;
}
#endif

static int load_by_engine(const cof_signkey_in *in, const key_uri *u, home *h, EVP_PKEY **ret, cof_err *err)
{
	h->engine = open_engine(u->module);
	if (h->engine == NULL)
		return cof_err_set(err, COF_E_UNAVAILABLE, "pkcs11-absent",
				   "OpenSSL has no provider and no engine for pkcs11 (libengine-pkcs11-openssl), or "
				   "that one no PKCS#11 module");
	*ret = load_from(h->engine, in, u->path, h);
	return *ret != NULL ? 0 : no_token_key(err, h);
}

/* A provider that knows the scheme has the last word: asking the engine as well would spend a second try of the PIN. */
static int load_token(const cof_signkey_in *in, home *h, EVP_PKEY **ret, cof_err *err)
{
	COF_AUTO(key_uri) u = {0};
	int rc = parse_uri(in->name, &u, err);
	if (rc == 0 && u.pin_source != NULL)
		rc = read_pin(u.pin_source, h, err);
	if (rc < 0)
		return rc;
	if (!has_provider())
		return load_by_engine(in, &u, h, ret, err);
	bool ok = (in->public_half && from_provider(u.path, OSSL_STORE_INFO_PUBKEY, h, ret)) ||
		  from_provider(u.path, OSSL_STORE_INFO_PKEY, h, ret);
	return ok ? 0 : no_token_key(err, h);
}

static void home_free(home *h)
{
	close_engine(h->engine);
	UI_destroy_method(h->ui);
	cof_secret_release(&h->pin);
	free(h);
}

void cof_signkey_release(cof_signkey *k)
{
	EVP_PKEY_free(k->key);
	if (k->home != NULL)
		home_free(k->home);
	*k = (cof_signkey){0};
}

static int load(const cof_signkey_in *in, home *h, EVP_PKEY **ret, cof_err *err)
{
	h->ui = UI_UTIL_wrap_read_pem_callback(give_pin, 0);
	if (h->ui == NULL)
		return cof_err_oom(err);
	int rc = in->pin_file != NULL ? read_pin(in->pin_file, h, err) : 0;
	if (rc < 0)
		return rc;
	bool token = strncmp(in->name, SCHEME, strlen(SCHEME)) == 0;
	return token ? load_token(in, h, ret, err) : load_file(in, h, ret, err);
}

int cof_signkey_load(const cof_signkey_in *in, cof_signkey *ret, cof_err *err)
{
	COF_AUTO(cof_signkey) k = {.home = calloc(1, sizeof(home))};
	int rc = k.home == NULL ? cof_err_oom(err) : load(in, k.home, &k.key, err);
	if (rc < 0)
		return rc;
	*ret = k;
	k = (cof_signkey){0};
	return 0;
}
