/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known answers of TPM2_MakeCredential: a credential opened with the EK's private half, as only a TPM could. The kind
 * is handed that half and asked for what it gives, so the code that opens lies here and nowhere else: no verifier and
 * no broker calls it, and outside of this file there is no private EK. The keys are throw-away ones of test vectors.
 */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "attestation/verify/credential.h"
#include "attestation/verify/kinds.h"
#include "attestation/verify/tpm_credential.h"
#include "common/hex.h"
#include "common/json.h"
#include "common/ossl.h"
#include "common/rd.h"

enum { PEM_MAX = 16 << 10 };

typedef struct opened {
	EVP_PKEY *key;
	cof_tpm_public ek; /* what the templates say of such a key */
	cof_tpm_id_object object;
	uint8_t z[COF_CREDENTIAL_Z_MAX];
	size_t z_len; /* 0: RSA */
	uint8_t seed[COF_DIGEST_MAX];
	size_t seed_len;
	cof_credential_keys keys;
	uint8_t name[COF_TPM_NAME_MAX];
	size_t name_len; /* 0: the caller named no AK */
	uint8_t secret[COF_DIGEST_MAX];
	size_t secret_len;
} opened;

static void opened_release(opened *o)
{
	EVP_PKEY_free(o->key);
	cof_wipe(o, sizeof *o);
}
COF_DEFINE_AUTO(opened, opened_release)

static bool fails(cof_checks *c, const char *name, const char *expected)
{
	return cof_check_text(c, COF_STAGE_PARSE, name, false, expected, NULL);
}

/* ---- what is given ---- */

static int no_passphrase(char *buf, int size, int rw, void *arg)
{
	(void)buf;
	(void)size;
	(void)rw;
	(void)arg;
	return 0;
}

static EVP_PKEY *read_private(cof_span pem)
{
	if (pem.len > PEM_MAX)
		return NULL;
	COF_AUTO_PTR(cof_ossl_bio) bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	COF_AUTO_PTR(cof_ossl_key) key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	return key != NULL && cof_tpm_key_is_supported(key) ? cof_steal(&key) : NULL;
}

/* source: TCG EK Credential Profile 2.5, B: AES-128 goes with SHA-256, AES-256 with the longer ones */
static bool take_template(opened *o)
{
	static const cof_hash hashes[] = {COF_SHA256, COF_SHA384, COF_SHA512};
	for (size_t i = 0; i < COF_COUNT(hashes); i++) {
		if (cof_hash_len(hashes[i]) != o->object.hmac.len)
			continue;
		o->ek.name_alg = hashes[i];
		o->ek.sym_bits = hashes[i] == COF_SHA256 ? 128 : 256;
		o->ek.type = EVP_PKEY_get_base_id(o->key) == EVP_PKEY_RSA ? COF_TPM_ALG_RSA : COF_TPM_ALG_ECC;
		o->ek.curve = cof_tpm_curve_of(o->key);
		o->seed_len = o->object.hmac.len;
		return true;
	}
	return false;
}

static bool read_all(const cof_verify_in *in, cof_checks *c, opened *o)
{
	cof_err why = {0};
	o->key = read_private(cof_role(in, "ek_private"));
	if (o->key == NULL)
		return fails(c, "ek-private-malformed", "an RSA or EC private key in PEM");
	if (cof_tpm_id_object_parse(cof_role(in, "credential_blob"), &o->object, &why) < 0)
		return cof_check_error(c, COF_STAGE_PARSE, &why);
	return take_template(o) || fails(c, "credential-hmac-size", "that of SHA-256, SHA-384 or SHA-512");
}

static int read_name(const json_t *policy, opened *o, cof_err *err)
{
	static const char *const known[] = {"ak_name", NULL};
	const json_t *v = json_object_get(policy, "ak_name");
	size_t len = json_string_length(v) / 2;
	if (policy != NULL && (!json_is_object(policy) || cof_json_only(policy, known, NULL) < 0))
		return cof_err_set(err, COF_E_USAGE, "policy-word", "the only word here is ak_name");
	if (v == NULL)
		return 0;
	if (!json_is_string(v) || len == 0 || len > sizeof o->name ||
	    cof_unhex(json_string_value(v), o->name, len, NULL) < 0)
		return cof_err_set(err, COF_E_USAGE, "policy-word", "ak_name is a TPM name in hex");
	o->name_len = len;
	return 0;
}

/* ---- the seed ---- */

static bool open_rsa(const cof_tpm_sealed_seed *s, opened *o)
{
	uint8_t out[512];
	size_t n = sizeof out;
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new(o->key, NULL);
	bool good = ctx != NULL && EVP_PKEY_decrypt_init(ctx) > 0 &&
		    cof_credential_oaep(ctx, o->ek.name_alg, NULL) == 0 &&
		    EVP_PKEY_decrypt(ctx, out, &n, s->rsa.data, s->rsa.len) > 0 && n == o->seed_len;
	if (good)
		memcpy(o->seed, out, n);
	cof_wipe(out, sizeof out);
	return good;
}

static bool open_ecc(const cof_tpm_sealed_seed *s, opened *o)
{
	uint8_t x[COF_CREDENTIAL_Z_MAX], ek_x[COF_CREDENTIAL_Z_MAX], y[COF_CREDENTIAL_Z_MAX];
	const cof_tpm_public point = {.type = COF_TPM_ALG_ECC, .curve = o->ek.curve, .x = s->x, .y = s->y};
	COF_AUTO_PTR(cof_ossl_key) peer = NULL;
	if (s->x.len == 0 || s->y.len == 0 || cof_tpm_public_key(&point, &peer, NULL) < 0)
		return false;
	size_t len = cof_credential_point(o->key, ek_x, y);
	if (len == 0 || cof_credential_point(peer, x, y) != len)
		return false;
	const cof_credential_exchange in = {o->ek.name_alg, o->key, peer, {x, len}, {ek_x, len}};
	o->z_len = len;
	return cof_credential_exchange_seed(&in, o->z, o->seed, NULL) == 0;
}

/* Where the ephemeral private half is there too, its point must be the one that was sent. */
static void check_ephemeral(const cof_verify_in *in, cof_checks *c, const cof_tpm_sealed_seed *s, const opened *o)
{
	const cof_tpm_public point = {.type = COF_TPM_ALG_ECC, .curve = o->ek.curve, .x = s->x, .y = s->y};
	COF_AUTO_PTR(cof_ossl_key) own = read_private(cof_role(in, "ephemeral_private"));
	COF_AUTO_PTR(cof_ossl_key) sent = NULL;
	bool same = own != NULL && o->z_len > 0 && cof_tpm_public_key(&point, &sent, NULL) == 0 &&
		    EVP_PKEY_eq(own, sent) == 1;
	(void)cof_check_text(c, COF_STAGE_PARSE, "ephemeral-mismatch", same, "the point that was sent", NULL);
}

static bool open_seed(const cof_verify_in *in, cof_checks *c, opened *o)
{
	cof_tpm_sealed_seed s;
	cof_err why = {0};
	if (cof_tpm_sealed_seed_parse(cof_role(in, "encrypted_secret"), o->ek.type, &s, &why) < 0)
		return cof_check_error(c, COF_STAGE_PARSE, &why);
	bool good = o->ek.type == COF_TPM_ALG_RSA ? open_rsa(&s, o) : open_ecc(&s, o);
	(void)cof_check_text(c, COF_STAGE_EK, "secret-unopened", good, "a seed for this EK", NULL);
	if (cof_role_given(in, "ephemeral_private"))
		check_ephemeral(in, c, &s, o);
	return good;
}

/* ---- the credential ---- */

static bool decrypt(opened *o, uint8_t out[2 + COF_DIGEST_MAX])
{
	static const uint8_t zero_iv[16] = {0};
	int n = 0;
	COF_AUTO_PTR(cof_ossl_cipher) ctx = EVP_CIPHER_CTX_new();
	const EVP_CIPHER *cipher = o->ek.sym_bits == 128 ? EVP_aes_128_cfb128() : EVP_aes_256_cfb128();
	return ctx != NULL && EVP_DecryptInit_ex(ctx, cipher, NULL, o->keys.sym, zero_iv) == 1 &&
	       EVP_DecryptUpdate(ctx, out, &n, o->object.enc.data, (int)o->object.enc.len) == 1 &&
	       (size_t)n == o->object.enc.len;
}

static void open_credential(cof_checks *c, opened *o)
{
	uint8_t mac[COF_DIGEST_MAX], plain[2 + COF_DIGEST_MAX] = {0};
	cof_span name = cof_span_of(o->name, o->name_len);
	bool good = cof_credential_mac(&o->ek, &o->keys, o->object.enc, name, mac, NULL) == 0 &&
		    cof_ct_equal(cof_span_of(mac, o->object.hmac.len), o->object.hmac);
	if (!cof_check_text(c, COF_STAGE_SIGNATURE, "credential-integrity", good, "made for the AK of this name", NULL))
		return;
	cof_rd r = cof_rd_of(cof_span_of(plain, decrypt(o, plain) ? o->object.enc.len : 0));
	cof_span secret = cof_rd_span_u16be(&r);
	if (cof_check_that(c, COF_STAGE_PARSE, "credential-plain-size", cof_rd_end(&r))) {
		o->secret_len = secret.len;
		memcpy(o->secret, secret.data, secret.len);
	}
	cof_wipe(plain, sizeof plain);
}

/* ---- the kind ---- */

typedef struct field {
	const char *name;
	cof_span value;
} field;

static int set_fields(const opened *o, json_t *fields, cof_err *err)
{
	size_t sym = o->name_len > 0 ? o->ek.sym_bits / 8u : 0;
	const field list[] = {
		{"seed", {o->seed, o->seed_len}},    {"z", {o->z, o->z_len}},
		{"sym_key", {o->keys.sym, sym}},     {"hmac_key", {o->keys.hmac, o->object.hmac.len}},
		{"ak_name", {o->name, o->name_len}}, {"secret", {o->secret, o->secret_len}},
	};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < COF_COUNT(list); i++) {
		if (list[i].value.len > 0)
			rc = cof_json_set_hex(fields, list[i].name, list[i].value, err);
	}
	if (rc < 0 || o->ek.type != COF_TPM_ALG_RSA)
		return rc;
	rc = cof_json_set_str(fields, "oaep_hash", cof_hash_name(o->ek.name_alg), err);
	return rc < 0 ? rc : cof_json_set_str(fields, "oaep_label", "IDENTITY\\0", err);
}

static int judge(const cof_verify_in *in, opened *o, cof_verdict *v, cof_err *err)
{
	if (!read_all(in, &v->checks, o) || !open_seed(in, &v->checks, o))
		return 0;
	cof_span name = cof_span_of(o->name, o->name_len);
	int rc = cof_credential_derive(&o->ek, cof_span_of(o->seed, o->seed_len), name, &o->keys, err);
	if (rc < 0)
		return rc;
	/* The key of the cipher depends on the AK's name: without one nothing more opens. */
	if (o->name_len > 0)
		open_credential(&v->checks, o);
	v->fields = json_object();
	return v->fields == NULL ? cof_err_oom(err) : set_fields(o, v->fields, err);
}

int cof_kind_tpm_kat(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	COF_AUTO(opened) o = {0};
	int rc = read_name(in->policy, &o, err);
	(void)ERR_set_mark();
	if (rc == 0)
		rc = judge(in, &o, ret, err);
	(void)ERR_pop_to_mark();
	return rc;
}
