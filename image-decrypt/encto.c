/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/encto.h"

#include "image-decrypt/enc_int.h"
#include "image-decrypt/enc_jwe.h"
#include "image-decrypt/enc_provider.h"
#include "image-decrypt/enckeyfile.h"

enum { PARAMS_MAX = 4096 };

typedef struct scheme {
	const char *prefix; /* of a recipient's text */
	const char *name;   /* of the annotation */
	int (*read)(const char *params, cof_enc_recipient *ret, cof_err *err);
	int (*seal)(const cof_enc_recipient *const *to, size_t n, cof_span options, cof_buf *ret, cof_err *err);
} scheme;

struct cof_enc_to {
	cof_enc_recipient at[COF_ENC_TO_MAX];
	const scheme *scheme[COF_ENC_TO_MAX];
	size_t n;
};

int cof_enc_to_new(cof_enc_to **ret, cof_err *err)
{
	*ret = calloc(1, sizeof **ret);
	return *ret == NULL ? cof_err_oom(err) : 0;
}

static void recipient_release(cof_enc_recipient *r)
{
	EVP_PKEY_free(r->key);
	X509_free(r->cert);
	free(r->alg);
	free(r->kid);
	cof_secret_release(&r->kek);
	*r = (cof_enc_recipient){0};
}

void cof_enc_to_free(cof_enc_to *t)
{
	for (size_t i = 0; i < COF_ENC_TO_MAX; i++)
		recipient_release(&t->at[i]);
	free(t);
}

bool cof_enc_to_empty(const cof_enc_to *t)
{
	return t->n == 0;
}

/* --- reading --- */

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_USAGE, "recipient-malformed", "%s", what);
}

static int unsupported_alg(const cof_enc_recipient *r, cof_err *err)
{
	return cof_err_set(err, COF_E_USAGE, "key-unsupported", "the JWK's alg '%s' is not one that its key can do",
			   r->alg);
}

static int read_jwe(const char *params, cof_enc_recipient *ret, cof_err *err)
{
	COF_AUTO(cof_secret) file = {0};
	int r = cof_enc_file_read(params, COF_ENC_KEY_FILE_MAX, &file, err);
	if (r == 0)
		r = cof_enc_keyfile_public(cof_secret_span(&file), &ret->key, &ret->alg, &ret->kid, err);
	if (r < 0 || ret->alg == NULL)
		return r;
	const cof_jwe_alg *alg = cof_jwe_alg_find(ret->alg);
	return alg == NULL || (alg->oaep != NULL) != (bool)EVP_PKEY_is_a(ret->key, "RSA") ? unsupported_alg(ret, err)
											  : 0;
}

static int need_rsa(const EVP_PKEY *key, const char *what, cof_err *err)
{
	if (key == NULL || !EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_get_bits(key) < COF_ENC_RSA_MIN)
		return cof_err_set(err, COF_E_USAGE, "key-unsupported", "%s needs an RSA key of %d bits or more", what,
				   COF_ENC_RSA_MIN);
	return 0;
}

static int read_pkcs7(const char *params, cof_enc_recipient *ret, cof_err *err)
{
	COF_AUTO(cof_secret) file = {0};
	int r = cof_enc_file_read(params, COF_ENC_KEY_FILE_MAX, &file, err);
	if (r == 0)
		r = cof_enc_keyfile_cert(cof_secret_span(&file), &ret->cert, err);
	return r < 0 ? r : need_rsa(X509_get0_pubkey(ret->cert), "pkcs7", err);
}

static int read_pkcs11(const char *params, cof_enc_recipient *ret, cof_err *err)
{
	int r = read_jwe(params, ret, err);
	return r < 0 ? r : need_rsa(ret->key, "pkcs11", err);
}

static int read_kbs(const char *kid, cof_span kek, cof_enc_recipient *ret, cof_err *err)
{
	/* A kid that no guest would follow must not be found out at the first boot. */
	cof_kbsp_path path;
	int r = cof_kbsp_uri_parse(kid, &path, err);
	if (r < 0)
		return r;
	if (kek.len != COF_ENC_KEK_LEN)
		return cof_err_set(err, COF_E_USAGE, "kek-size", "the key has %zu bytes, not %d", kek.len,
				   COF_ENC_KEK_LEN);
	ret->kid = strdup(kid);
	return ret->kid == NULL ? cof_err_oom(err) : cof_secret_from(&ret->kek, kek, err);
}

typedef struct provider_params {
	const char *keyid, *keypath;
} provider_params;

/* spec: coco_keyprovider: name=value, "::" between. It wraps by A256GCM alone, whatever it is asked. */
static int provider_param(const char *text, provider_params *p, cof_err *err)
{
	if (strncmp(text, "keyid=", 6) == 0 && p->keyid == NULL)
		p->keyid = text + 6;
	else if (strncmp(text, "keypath=", 8) == 0 && p->keypath == NULL)
		p->keypath = text + 8;
	else if (strcmp(text, "algorithm=A256GCM") != 0)
		return malformed(err,
				 "of the provider's parameters only keyid, keypath and algorithm=A256GCM are known");
	return 0;
}

static int read_provider(const char *params, cof_enc_recipient *ret, cof_err *err)
{
	char text[PARAMS_MAX];
	provider_params p = {0};
	COF_AUTO(cof_secret) file = {0};
	int r = 0;
	if (strlen(params) >= sizeof text)
		return malformed(err, "too long");
	memcpy(text, params, strlen(params) + 1);
	for (char *at = text, *next = NULL; at != NULL; at = next) {
		next = strstr(at, "::");
		if (next != NULL) {
			*next = '\0';
			next += 2;
		}
		r = provider_param(at, &p, err);
		if (r < 0)
			return r;
	}
	if (p.keyid == NULL || p.keypath == NULL)
		return malformed(err, "the provider needs keyid=kbs:///REPO/TYPE/TAG::keypath=FILE");
	r = cof_enc_file_read(p.keypath, COF_ENC_KEY_FILE_MAX, &file, err);
	return r < 0 ? r : read_kbs(p.keyid, cof_secret_span(&file), ret, err);
}

enum { FOR_JWE, FOR_PKCS7, FOR_PKCS11, FOR_KBS };

static const scheme schemes[] = {
	[FOR_JWE] = {"jwe:", "jwe", read_jwe, cof_enc_jwe_seal},
	[FOR_PKCS7] = {"pkcs7:", "pkcs7", read_pkcs7, cof_enc_pkcs7_seal},
	[FOR_PKCS11] = {"pkcs11:", "pkcs11", read_pkcs11, cof_enc_pkcs11_seal},
	[FOR_KBS] = {"provider:attestation-agent:", "provider.attestation-agent", read_provider, cof_enc_kbs_seal},
};

static const scheme *find(const char *text)
{
	for (size_t i = 0; i < COF_COUNT(schemes); i++)
		if (strncmp(text, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
			return &schemes[i];
	return NULL;
}

static int room(const cof_enc_to *t, cof_err *err)
{
	return t->n < COF_ENC_TO_MAX
		       ? 0
		       : cof_err_set(err, COF_E_USAGE, "too-many-keys", "more than %d recipients", COF_ENC_TO_MAX);
}

int cof_enc_to_add(cof_enc_to *t, const char *text, cof_err *err)
{
	const scheme *s = find(text);
	int r = room(t, err);
	if (r < 0)
		return r;
	if (s == NULL)
		return cof_err_set(err, COF_E_USAGE, "recipient-unsupported",
				   "'%.80s' is none of jwe:FILE, pkcs7:FILE, pkcs11:FILE, "
				   "provider:attestation-agent:…",
				   text);
	r = s->read(text + strlen(s->prefix), &t->at[t->n], err);
	if (r < 0) {
		recipient_release(&t->at[t->n]);
		return cof_err_wrap(err, "%.80s", text);
	}
	t->scheme[t->n++] = s;
	return 0;
}

int cof_enc_to_add_kek(cof_enc_to *t, const char *kid, cof_span kek, cof_err *err)
{
	int r = room(t, err);
	if (r == 0)
		r = read_kbs(kid, kek, &t->at[t->n], err);
	if (r == 0)
		t->scheme[t->n++] = &schemes[FOR_KBS];
	return r;
}

/* --- sealing --- */

static int seal_scheme(const cof_enc_to *t, const scheme *s, cof_span options, json_t *annotations, cof_err *err)
{
	const cof_enc_recipient *to[COF_ENC_TO_MAX];
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_buf) key = {0};
	const char *had = NULL;
	size_t n = 0;
	for (size_t i = 0; i < t->n; i++)
		if (t->scheme[i] == s)
			to[n++] = &t->at[i];
	if (n == 0)
		return 0;
	int r = cof_buf_printf(&key, err, COF_ENC_ANNOTATION_KEYS "%s", s->name);
	if (r == 0)
		r = cof_json_opt_str(annotations, cof_buf_str(&key), &had, err);
	if (r == 0 && had != NULL)
		r = cof_buf_add_str(&text, had, err);
	if (r == 0)
		r = s->seal(to, n, options, &text, err);
	return r < 0 ? r : cof_json_set_str(annotations, cof_buf_str(&key), cof_buf_str(&text), err);
}

int cof_enc_to_seal(const cof_enc_to *t, cof_span options, json_t *annotations, cof_err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < COF_COUNT(schemes); i++)
		r = seal_scheme(t, &schemes[i], options, annotations, err);
	return r;
}
