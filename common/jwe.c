/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jwe.h"

#include <openssl/pem.h>
#include <openssl/rand.h>

#include "common/hex.h"
#include "common/jwe_crypto.h"

#define ALG "ECDH-ES+A256KW"
#define ENC "A256GCM"
#define CRV "P-256"

enum { COORD_STR = 43 }; /* base64url of 32 bytes */

struct cof_jwe_key {
	EVP_PKEY *pkey;
};

COF_DEFINE_AUTO_PTR(BIO, BIO_vfree)

void cof_jwe_key_free(cof_jwe_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

static int wrap_key(EVP_PKEY *taken, cof_jwe_key **ret, cof_err *err)
{
	cof_jwe_key *k = malloc(sizeof *k);
	if (k == NULL) {
		EVP_PKEY_free(taken);
		return cof_err_oom(err);
	}
	k->pkey = taken;
	*ret = k;
	return 0;
}

int cof_jwe_key_new(cof_jwe_key **ret, cof_err *err)
{
	EVP_PKEY *pkey = NULL;
	int r = cof_p256_generate(&pkey, err);
	return r < 0 ? r : wrap_key(pkey, ret, err);
}

int cof_jwe_key_from_scalar(cof_span scalar, cof_jwe_key **ret, cof_err *err)
{
	EVP_PKEY *pkey = NULL;
	int r = cof_p256_private(scalar, &pkey, err);
	return r < 0 ? r : wrap_key(pkey, ret, err);
}

int cof_jwe_key_pem(const cof_jwe_key *k, cof_secret *ret, cof_err *err)
{
	COF_AUTO_PTR(BIO) mem = BIO_new(BIO_s_secmem());
	if (mem == NULL || PEM_write_bio_PKCS8PrivateKey(mem, k->pkey, NULL, NULL, 0, NULL, NULL) != 1)
		return cof_err_set(err, COF_E_INTERNAL, "openssl", "a key as PEM");
	char *text = NULL;
	long len = BIO_get_mem_data(mem, &text);
	int r = cof_secret_from(ret, cof_span_of(text, (size_t)len), err);
	cof_wipe(text, (size_t)len);
	return r;
}

/* --- JWK --- */

static int coordinates(const EVP_PKEY *pkey, char **ret_x, char **ret_y, cof_err *err)
{
	uint8_t point[COF_P256_POINT_LEN];
	int r = cof_p256_point(pkey, point, err);
	if (r < 0)
		return r;
	COF_AUTO_FREE char *x = cof_b64url_dup(cof_span_of(point + 1, COF_P256_LEN));
	COF_AUTO_FREE char *y = cof_b64url_dup(cof_span_of(point + 1 + COF_P256_LEN, COF_P256_LEN));
	if (x == NULL || y == NULL)
		return cof_err_oom(err);
	*ret_x = cof_steal(&x);
	*ret_y = cof_steal(&y);
	return 0;
}

int cof_jwe_key_jwk(const cof_jwe_key *k, json_t **ret, cof_err *err)
{
	COF_AUTO_FREE char *x = NULL;
	COF_AUTO_FREE char *y = NULL;
	int r = coordinates(k->pkey, &x, &y, err);
	if (r < 0)
		return r;
	json_t *jwk = json_pack("{s:s, s:s, s:s, s:s, s:s}", "alg", ALG, "crv", CRV, "kty", "EC", "x", x, "y", y);
	if (jwk == NULL)
		return cof_err_oom(err);
	*ret = jwk;
	return 0;
}

static int expect(const json_t *obj, const char *key, const char *want, cof_err *err)
{
	const char *have = NULL;
	int r = cof_json_str(obj, key, &have, err);
	if (r == 0 && strcmp(have, want) != 0)
		return cof_err_set(err, COF_E_MALFORMED, "json-range", "'%s' is not %s", key, want);
	return r;
}

static int coordinate(const json_t *obj, const char *key, uint8_t *out, cof_err *err)
{
	const char *text = NULL;
	COF_AUTO(cof_buf) raw = {0};
	int r = cof_json_str(obj, key, &text, err);
	if (r == 0 && strlen(text) != COORD_STR)
		return cof_err_set(err, COF_E_MALFORMED, "json-range", "'%s' is not 32 bytes", key);
	if (r == 0)
		r = cof_unb64url(cof_span_str(text), &raw, err);
	if (r < 0 || raw.len != COF_P256_LEN)
		return r < 0 ? r : cof_err_set(err, COF_E_MALFORMED, "json-range", "'%s' is not 32 bytes", key);
	memcpy(out, raw.data, raw.len);
	return 0;
}

/* crv, kty, x and y; what else may be there is the caller's list. */
static int ec_members(const json_t *obj, const char *const *known, EVP_PKEY **ret, cof_err *err)
{
	uint8_t point[COF_P256_POINT_LEN] = {POINT_CONVERSION_UNCOMPRESSED};
	int r = cof_json_only(obj, known, err);
	if (r == 0)
		r = expect(obj, "kty", "EC", err);
	if (r == 0)
		r = expect(obj, "crv", CRV, err);
	if (r == 0)
		r = coordinate(obj, "x", point + 1, err);
	if (r == 0)
		r = coordinate(obj, "y", point + 1 + COF_P256_LEN, err);
	return r < 0 ? r : cof_p256_public(point, ret, err);
}

/* Whatever broke is a malformed key or message; internal errors stay what they are. */
static int renamed(const char *reason, int r, cof_err *err)
{
	if (r >= 0 || r != -(int)COF_E_MALFORMED || err == NULL)
		return r;
	char text[COF_ERR_TEXT_MAX];
	memcpy(text, err->text, sizeof text);
	return cof_err_set(err, COF_E_MALFORMED, reason, "%s", text);
}

static int jwk_key(const json_t *jwk, EVP_PKEY **ret, cof_err *err)
{
	static const char *const known[] = {"alg", "crv", "kty", "x", "y", NULL};
	int r = ec_members(jwk, known, ret, err);
	if (r < 0)
		return r;
	r = expect(jwk, "alg", ALG, err);
	if (r < 0) {
		EVP_PKEY_free(*ret);
		*ret = NULL;
	}
	return r;
}

int cof_jwe_check_jwk(const json_t *jwk, cof_err *err)
{
	COF_AUTO_PTR(EVP_PKEY) key = NULL;
	return renamed("jwk-malformed", jwk_key(jwk, &key, err), err);
}

/* --- encrypting --- */

/* Member order as upstream's client needs it, since it writes the header again to authenticate it. */
static int protected_header(const EVP_PKEY *epk, char **ret, cof_err *err)
{
	COF_AUTO_FREE char *x = NULL;
	COF_AUTO_FREE char *y = NULL;
	COF_AUTO(cof_buf) text = {0};
	int r = coordinates(epk, &x, &y, err);
	if (r == 0)
		r = cof_buf_printf(&text, err,
				   "{\"alg\":\"" ALG "\",\"enc\":\"" ENC "\",\"epk\":{\"crv\":\"" CRV
				   "\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}}",
				   x, y);
	if (r < 0)
		return r;
	*ret = cof_b64url_dup(cof_buf_span(&text));
	return *ret == NULL ? cof_err_oom(err) : 0;
}

typedef struct sealed {
	char *header; /* base64url, as sent */
	uint8_t wrapped[COF_WRAPPED_LEN];
	uint8_t iv[COF_GCM_IV_LEN];
	uint8_t tag[COF_GCM_TAG_LEN];
	cof_buf text;
} sealed;

static void sealed_release(sealed *s)
{
	free(s->header);
	cof_buf_release(&s->text);
	*s = (sealed){0};
}
COF_DEFINE_AUTO(sealed, sealed_release)

static int seal_content(sealed *s, cof_span cek, cof_span plain, cof_err *err)
{
	cof_gcm g = {cek, cof_span_of(s->iv, sizeof s->iv), cof_span_str(s->header)};
	int r = cof_buf_reserve(&s->text, plain.len, err);
	if (r == 0)
		r = cof_gcm_seal(&g, plain, s->text.data, s->tag, err);
	if (r == 0)
		s->text.len = plain.len;
	return r;
}

static int seal(EVP_PKEY *to, cof_span plain, sealed *s, cof_err *err)
{
	COF_AUTO_PTR(EVP_PKEY) epk = NULL;
	COF_AUTO(cof_secret) kek = {0};
	COF_AUTO(cof_secret) cek = {0};
	int r = cof_p256_generate(&epk, err);
	if (r == 0)
		r = protected_header(epk, &s->header, err);
	if (r == 0)
		r = cof_ecdh_es_kek(epk, to, &kek, err);
	if (r == 0)
		r = cof_secret_new(&cek, COF_CEK_LEN, err);
	if (r == 0 && (RAND_priv_bytes(cek.data, (int)cek.len) != 1 || RAND_bytes(s->iv, sizeof s->iv) != 1))
		r = cof_err_set(err, COF_E_INTERNAL, "openssl", "no random bytes");
	if (r == 0)
		r = cof_key_wrap(cof_secret_span(&kek), cof_secret_span(&cek), s->wrapped, err);
	return r < 0 ? r : seal_content(s, cof_secret_span(&cek), plain, err);
}

static int member(cof_buf *ret, const char *name, cof_span raw, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_b64url_dup(raw);
	if (text == NULL)
		return cof_err_oom(err);
	int r = cof_buf_add_str(ret, ",\"", err);
	if (r == 0)
		r = cof_buf_add_str(ret, name, err);
	if (r == 0)
		r = cof_buf_add_str(ret, "\":\"", err);
	if (r == 0)
		r = cof_buf_add_str(ret, text, err);
	return r < 0 ? r : cof_buf_add_str(ret, "\"", err);
}

int cof_jwe_encrypt(const json_t *jwk, cof_span plain, cof_buf *ret, cof_err *err)
{
	if (plain.len > COF_JWE_PLAIN_MAX)
		return cof_err_set(err, COF_E_USAGE, "jwe-too-large", "%zu bytes to encrypt", plain.len);
	COF_AUTO_PTR(EVP_PKEY) to = NULL;
	COF_AUTO(sealed) s = {0};
	int r = renamed("jwk-malformed", jwk_key(jwk, &to, err), err);
	if (r == 0)
		r = seal(to, plain, &s, err);
	if (r == 0)
		r = cof_buf_printf(ret, err, "{\"protected\":\"%s\"", s.header);
	if (r == 0)
		r = member(ret, "encrypted_key", cof_span_of(s.wrapped, sizeof s.wrapped), err);
	if (r == 0)
		r = member(ret, "iv", cof_span_of(s.iv, sizeof s.iv), err);
	if (r == 0)
		r = member(ret, "ciphertext", cof_buf_span(&s.text), err);
	if (r == 0)
		r = member(ret, "tag", cof_span_of(s.tag, sizeof s.tag), err);
	return r < 0 ? r : cof_buf_add_str(ret, "}", err);
}

/* --- decrypting --- */

typedef struct received {
	json_t *doc;
	const char *header; /* as received: what the tag covers */
	EVP_PKEY *epk;
	cof_buf wrapped;
	cof_buf iv;
	cof_buf text;
	cof_buf tag;
} received;

static void received_release(received *m)
{
	json_decref(m->doc);
	EVP_PKEY_free(m->epk);
	cof_buf_release(&m->wrapped);
	cof_buf_release(&m->iv);
	cof_buf_release(&m->text);
	cof_buf_release(&m->tag);
	*m = (received){0};
}
COF_DEFINE_AUTO(received, received_release)

static int read_header(received *m, cof_err *err)
{
	static const char *const known[] = {"alg", "enc", "epk", NULL};
	static const char *const epk_known[] = {"crv", "kty", "x", "y", NULL};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(json_t) header = NULL;
	json_t *epk = NULL;
	if (strlen(m->header) > COF_JWE_HEADER_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "json-range", "too long a header");
	int r = cof_unb64url(cof_span_str(m->header), &text, err);
	if (r == 0)
		r = cof_json_parse(cof_buf_span(&text), &header, err);
	if (r == 0)
		r = cof_json_only(header, known, err);
	if (r == 0)
		r = expect(header, "alg", ALG, err);
	if (r == 0)
		r = expect(header, "enc", ENC, err);
	if (r == 0)
		r = cof_json_obj(header, "epk", &epk, err);
	return r < 0 ? r : ec_members(epk, epk_known, &m->epk, err);
}

static int raw_member(const json_t *doc, const char *key, size_t want, cof_buf *ret, cof_err *err)
{
	const char *text = NULL;
	int r = cof_json_str(doc, key, &text, err);
	if (r == 0)
		r = cof_unb64url(cof_span_str(text), ret, err);
	if (r == 0 && want > 0 && ret->len != want)
		return cof_err_set(err, COF_E_MALFORMED, "json-range", "'%s' has %zu bytes", key, ret->len);
	return r;
}

static int read_message(cof_span jwe, received *m, cof_err *err)
{
	static const char *const known[] = {"protected", "encrypted_key", "iv", "ciphertext", "tag", NULL};
	if (jwe.len > COF_JWE_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "json-range", "%zu bytes", jwe.len);
	int r = cof_json_parse(jwe, &m->doc, err);
	if (r == 0)
		r = cof_json_only(m->doc, known, err);
	if (r == 0)
		r = cof_json_str(m->doc, "protected", &m->header, err);
	if (r == 0)
		r = read_header(m, err);
	if (r == 0)
		r = raw_member(m->doc, "encrypted_key", COF_WRAPPED_LEN, &m->wrapped, err);
	if (r == 0)
		r = raw_member(m->doc, "iv", COF_GCM_IV_LEN, &m->iv, err);
	if (r == 0)
		r = raw_member(m->doc, "ciphertext", 0, &m->text, err);
	return r < 0 ? r : raw_member(m->doc, "tag", COF_GCM_TAG_LEN, &m->tag, err);
}

static int open_message(const cof_jwe_key *k, const received *m, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_secret) kek = {0};
	COF_AUTO(cof_secret) cek = {0};
	int r = cof_ecdh_es_kek(k->pkey, m->epk, &kek, err);
	if (r == 0)
		r = cof_key_unwrap(cof_secret_span(&kek), cof_buf_span(&m->wrapped), &cek, err);
	if (r < 0)
		return r;
	cof_gcm g = {cof_secret_span(&cek), cof_buf_span(&m->iv), cof_span_str(m->header)};
	return cof_gcm_open(&g, cof_buf_span(&m->text), cof_buf_span(&m->tag), ret, err);
}

int cof_jwe_decrypt(const cof_jwe_key *k, cof_span jwe, cof_secret *ret, cof_err *err)
{
	COF_AUTO(received) m = {0};
	int r = renamed("jwe-malformed", read_message(jwe, &m, err), err);
	if (r < 0)
		return r;
	r = open_message(k, &m, ret, err);
	/* One answer for a wrong key, a wrong tag and a wrong wrap. */
	if (r == -(int)COF_E_CRYPTO)
		return cof_err_set(err, COF_E_CRYPTO, "jwe-decrypt", "the broker's answer is not for this guest's key");
	return r;
}
