/* SPDX-License-Identifier: Apache-2.0 */
/* The ID authentication block: who signed an ID block, and who vouches for that key. */
#include "common/ossl.h"
#include "common/rd.h"
#include "common/secret.h"
#include "firmware/sev/idkey.h"

enum {
	ALG_NONE = 0,
	ALG_ECDSA_P384_SHA384 = 1,
	ZEROS_HEAD = 56,
	ZEROS_KEY = 60,
	ZEROS_TAIL = 892,
	AUTHOR_ALG_AT = 0x04,
	BLOCK_SIG_AT = 0x40,
	ID_KEY_AT = 0x240,
	KEY_SIG_AT = 0x680,
	AUTHOR_KEY_AT = 0x880,
};

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "idauth-malformed", "ID authentication block: %s", what);
}

typedef struct parts {
	uint32_t id_alg, author_alg;
	cof_span block_sig, id_key, key_sig, author_key;
} parts;

static bool is_zero(cof_span s)
{
	static const uint8_t zeros[COF_IDKEY_LEN] = {0};
	return s.len <= sizeof zeros && cof_ct_equal(s, cof_span_of(zeros, s.len));
}

static int split(cof_span auth, parts *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(auth);
	parts p = {.id_alg = cof_rd_u32le(&r)};
	p.author_alg = cof_rd_u32le(&r);
	cof_span head = cof_rd_bytes(&r, ZEROS_HEAD);
	p.block_sig = cof_rd_bytes(&r, COF_IDSIG_LEN);
	p.id_key = cof_rd_bytes(&r, COF_IDKEY_LEN);
	cof_span middle = cof_rd_bytes(&r, ZEROS_KEY);
	p.key_sig = cof_rd_bytes(&r, COF_IDSIG_LEN);
	p.author_key = cof_rd_bytes(&r, COF_IDKEY_LEN);
	cof_span tail = cof_rd_bytes(&r, ZEROS_TAIL);
	if (!cof_rd_end(&r))
		return malformed(err, "not 4096 bytes");
	if (!is_zero(head) || !is_zero(middle) || !is_zero(tail))
		return malformed(err, "reserved bytes are not zero");
	if (p.id_alg != ALG_ECDSA_P384_SHA384 || (p.author_alg != ALG_NONE && p.author_alg != ALG_ECDSA_P384_SHA384))
		return malformed(err, "the algorithm of a key");
	/* Bytes of an author that nobody checks could be taken for a check that was made. */
	if (p.author_alg == ALG_NONE && (!is_zero(p.key_sig) || !is_zero(p.author_key)))
		return malformed(err, "an author without an algorithm");
	*ret = p;
	return 0;
}

/* Checks one signature, and gives the digest of the key as the report has it. */
static int check_signed(cof_span message, cof_span sig, cof_span key_bytes, uint8_t ret[COF_SHA384_LEN], cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	cof_digest d;
	int rc = cof_idkey_parse(key_bytes, &key, err);
	if (rc == 0)
		rc = cof_idkey_check(key, COF_SHA384, message, sig, err);
	if (rc == 0)
		rc = cof_digest_of(COF_SHA384, key_bytes, &d, err);
	if (rc == 0)
		memcpy(ret, d.bytes, COF_SHA384_LEN);
	return rc;
}

static int check_author(const parts *p, cof_idauth *a, cof_err *err)
{
	a->has_author = p->author_alg != ALG_NONE;
	return a->has_author ? check_signed(p->id_key, p->key_sig, p->author_key, a->author_key_digest, err) : 0;
}

int cof_idauth_verify(const uint8_t block[COF_IDBLOCK_LEN], cof_span auth, cof_idauth *ret, cof_err *err)
{
	cof_idauth a = {0};
	parts p = {0};
	int rc = split(auth, &p, err);
	if (rc == 0)
		rc = check_signed(cof_span_of(block, COF_IDBLOCK_LEN), p.block_sig, p.id_key, a.id_key_digest, err);
	if (rc == 0)
		rc = check_author(&p, &a, err);
	if (rc == 0)
		*ret = a;
	return rc;
}

static int sign_author(EVP_PKEY *author_key, uint8_t out[COF_IDAUTH_LEN], cof_err *err)
{
	out[AUTHOR_ALG_AT] = ALG_ECDSA_P384_SHA384;
	int rc = cof_idkey_bytes(author_key, out + AUTHOR_KEY_AT, err);
	return rc < 0 ? rc
		      : cof_idkey_sign(author_key, COF_SHA384, cof_span_of(out + ID_KEY_AT, COF_IDKEY_LEN),
				       out + KEY_SIG_AT, err);
}

int cof_idauth_sign(const uint8_t block[COF_IDBLOCK_LEN], EVP_PKEY *id_key, EVP_PKEY *author_key,
		    uint8_t ret[COF_IDAUTH_LEN], cof_err *err)
{
	uint8_t out[COF_IDAUTH_LEN] = {ALG_ECDSA_P384_SHA384};
	cof_idblock parsed;
	cof_idauth checked;
	int rc = cof_idblock_parse(cof_span_of(block, COF_IDBLOCK_LEN), &parsed, err);
	if (rc == 0)
		rc = cof_idkey_bytes(id_key, out + ID_KEY_AT, err);
	if (rc == 0)
		rc = cof_idkey_sign(id_key, COF_SHA384, cof_span_of(block, COF_IDBLOCK_LEN), out + BLOCK_SIG_AT, err);
	if (rc == 0 && author_key != NULL)
		rc = sign_author(author_key, out, err);
	/* A token may hold another private key beside the public one, or a faulty one: found out here, not at launch.
	 */
	if (rc == 0)
		rc = cof_idauth_verify(block, cof_span_of(out, sizeof out), &checked, err);
	if (rc == 0)
		memcpy(ret, out, sizeof out);
	return rc;
}

int cof_idkey_digest(EVP_PKEY *key, uint8_t ret[COF_SHA384_LEN], cof_err *err)
{
	uint8_t bytes[COF_IDKEY_LEN];
	cof_digest d;
	int rc = cof_idkey_bytes(key, bytes, err);
	if (rc == 0)
		rc = cof_digest_of(COF_SHA384, cof_span_of(bytes, sizeof bytes), &d, err);
	if (rc == 0)
		memcpy(ret, d.bytes, COF_SHA384_LEN);
	return rc;
}
