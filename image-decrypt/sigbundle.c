/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/sigbundle.h"

#include <stdio.h>

#include "common/hex.h"

#define STATEMENT "https://in-toto.io/Statement/v1"
#define STATEMENT_TYPE "application/vnd.in-toto+json"

enum { SUBJECTS_MAX = 256 };

void cof_sigbundle_release(cof_sigbundle *b)
{
	cof_buf_release(&b->signature);
	cof_buf_release(&b->signed_bytes);
	json_decref(b->statement);
	*b = (cof_sigbundle){0};
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "signature-malformed", "sigstore bundle: %s", what);
}

bool cof_sigbundle_type(const char *media_type)
{
	static const char *const types[] = {
		COF_SIGBUNDLE_TYPE,
		"application/vnd.dev.sigstore.bundle+json;version=0.3",
		"application/vnd.dev.sigstore.bundle+json;version=0.2",
		"application/vnd.dev.sigstore.bundle+json;version=0.1",
	};
	for (size_t i = 0; i < COF_COUNT(types); i++)
		if (strcmp(types[i], media_type) == 0)
			return true;
	return false;
}

/* --- DSSE --- */

/* spec: DSSE protocol.md: "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body */
static int encode(const char *type, cof_span body, cof_buf *ret, cof_err *err)
{
	int r = cof_buf_printf(ret, err, "DSSEv1 %zu %s %zu ", strlen(type), type, body.len);
	return r < 0 ? r : cof_buf_add(ret, body.data, body.len, err);
}

/*
 * A statement that is an image's signature: another predicate by the same key (an SBOM, a build's provenance) says
 * something about the image, but not that it may run.
 */
static int take_statement(cof_span payload, cof_sigbundle *b, cof_err *err)
{
	const char *type = NULL, *predicate = NULL;
	json_t *subjects = NULL;
	if (cof_json_parse(payload, &b->statement, err) < 0 || cof_json_str(b->statement, "_type", &type, err) < 0 ||
	    strcmp(type, STATEMENT) != 0)
		return malformed(err, "no in-toto statement of version 1");
	if (cof_json_str(b->statement, "predicateType", &predicate, err) < 0 ||
	    strcmp(predicate, COF_SIGBUNDLE_PREDICATE) != 0)
		return malformed(err, "the statement is no signature of an image");
	if (cof_json_arr(b->statement, "subject", &subjects, err) < 0 || json_array_size(subjects) > SUBJECTS_MAX)
		return malformed(err, "the statement has no usable subjects");
	return 0;
}

static int take_envelope(const json_t *v, cof_sigbundle *b, cof_err *err)
{
	static const char *const known[] = {"payload", "payloadType", "signatures", NULL};
	static const char *const of_signature[] = {"sig", "keyid", NULL};
	COF_AUTO(cof_buf) payload = {0};
	const char *type = NULL;
	json_t *signatures = NULL;
	if (cof_json_only(v, known, err) < 0 || cof_json_str(v, "payloadType", &type, err) < 0 ||
	    cof_json_b64(v, "payload", &payload, err) < 0 || cof_json_arr(v, "signatures", &signatures, err) < 0)
		return malformed(err, "the DSSE envelope");
	if (strcmp(type, STATEMENT_TYPE) != 0)
		return malformed(err, "the envelope holds no in-toto statement");
	/* spec: sigstore_bundle.proto: an envelope in a bundle has exactly one */
	const json_t *one = json_array_get(signatures, 0);
	if (json_array_size(signatures) != 1 || cof_json_only(one, of_signature, err) < 0 ||
	    cof_json_b64(one, "sig", &b->signature, err) < 0)
		return malformed(err, "an envelope of exactly one signature is wanted");
	int r = encode(type, cof_buf_span(&payload), &b->signed_bytes, err);
	return r < 0 ? r : take_statement(cof_buf_span(&payload), b, err);
}

/* --- a plain signature --- */

static int take_message(const json_t *v, cof_sigbundle *b, cof_err *err)
{
	static const char *const known[] = {"messageDigest", "signature", NULL};
	static const char *const of_digest[] = {"algorithm", "digest", NULL};
	COF_AUTO(cof_buf) digest = {0};
	const char *algorithm = NULL;
	const json_t *d = json_object_get(v, "messageDigest");
	if (cof_json_only(v, known, err) < 0 || cof_json_only(d, of_digest, err) < 0 ||
	    cof_json_str(d, "algorithm", &algorithm, err) < 0 || strcmp(algorithm, "SHA2_256") != 0 ||
	    cof_json_b64(d, "digest", &digest, err) < 0 || digest.len != COF_SHA256_LEN)
		return malformed(err, "messageSignature wants a SHA2_256 digest");
	if (cof_json_b64(v, "signature", &b->signature, err) < 0)
		return malformed(err, "the signature is not base64");
	b->digest.alg = COF_SHA256;
	memcpy(b->digest.bytes, digest.data, COF_SHA256_LEN);
	return 0;
}

int cof_sigbundle_parse(cof_span in, cof_sigbundle *ret, cof_err *err)
{
	static const char *const known[] = {"mediaType", "verificationMaterial", "messageSignature", "dsseEnvelope",
					    NULL};
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_sigbundle) b = {0};
	const char *type = NULL;
	if (cof_json_parse(in, &doc, err) < 0 || cof_json_only(doc, known, err) < 0)
		return malformed(err, "no JSON object of the known members, once each");
	if (cof_json_str(doc, "mediaType", &type, err) < 0 || !cof_sigbundle_type(type))
		return malformed(err, "no mediaType of version 0.1 to 0.3");
	if (!json_is_object(json_object_get(doc, "verificationMaterial")))
		return malformed(err, "no verificationMaterial");
	const json_t *envelope = json_object_get(doc, "dsseEnvelope");
	const json_t *message = json_object_get(doc, "messageSignature");
	if ((envelope != NULL) == (message != NULL))
		return malformed(err, "exactly one of dsseEnvelope and messageSignature is wanted");
	int r = envelope != NULL ? take_envelope(envelope, &b, err) : take_message(message, &b, err);
	if (r < 0)
		return r;
	*ret = b;
	b = (cof_sigbundle){0};
	return 0;
}

bool cof_sigbundle_verify(const cof_sigbundle *b, EVP_PKEY *key)
{
	if (b->statement == NULL)
		return cof_sigkey_verify_sha256(key, &b->digest, cof_buf_span(&b->signature));
	return cof_sigkey_verify(key, cof_buf_span(&b->signed_bytes), cof_buf_span(&b->signature));
}

bool cof_sigbundle_names(const cof_sigbundle *b, const cof_digest *image, const char **ret_name)
{
	char hex[2 * COF_DIGEST_MAX + 1];
	json_t *subject;
	size_t i;
	*ret_name = NULL;
	if (image->alg != COF_SHA256)
		return false;
	if (b->statement == NULL)
		return cof_digest_equal(&b->digest, image);
	cof_hex(cof_digest_span(image), hex);
	json_array_foreach (json_object_get(b->statement, "subject"), i, subject) {
		const char *found = NULL;
		if (cof_json_str(json_object_get(subject, "digest"), "sha256", &found, NULL) < 0 ||
		    strcmp(found, hex) != 0)
			continue;
		/* A name that is no text is not passed over: nothing would match it. */
		if (cof_json_opt_str(subject, "name", ret_name, NULL) < 0)
			return false;
		if (*ret_name != NULL && (*ret_name)[0] == '\0')
			*ret_name = NULL;
		return true;
	}
	return false;
}

/* --- making one --- */

static int make_statement(const cof_digest *image, const char *name, cof_buf *ret, cof_err *err)
{
	char hex[2 * COF_DIGEST_MAX + 1];
	cof_hex(cof_digest_span(image), hex);
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:s, s:[{s:s, s:{s:s}}], s:s, s:{}}", "_type", STATEMENT, "subject", "name", name, "digest",
			cof_hash_name(image->alg), hex, "predicateType", COF_SIGBUNDLE_PREDICATE, "predicate");
	return doc == NULL ? cof_err_oom(err) : cof_json_dump(doc, ret, err);
}

/* spec: sigstore_common.proto PublicKeyIdentifier: a hint for people, by custom the base64 of the key's SHA-256 */
static int make_hint(EVP_PKEY *key, char **ret, cof_err *err)
{
	char hex[65];
	uint8_t digest[COF_SHA256_LEN];
	int r = cof_sigkey_id(key, hex, err);
	if (r == 0)
		r = cof_unhex(hex, digest, sizeof digest, err);
	if (r < 0)
		return r;
	*ret = cof_b64_dup(cof_span_of(digest, sizeof digest));
	return *ret != NULL ? 0 : cof_err_oom(err);
}

int cof_sigbundle_make(EVP_PKEY *key, const cof_digest *image, const char *name, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) statement = {0};
	COF_AUTO(cof_buf) encoded = {0};
	COF_AUTO(cof_buf) signature = {0};
	COF_AUTO_FREE char *hint = NULL;
	int r = make_hint(key, &hint, err);
	if (r == 0)
		r = make_statement(image, name, &statement, err);
	if (r == 0)
		r = encode(STATEMENT_TYPE, cof_buf_span(&statement), &encoded, err);
	if (r == 0)
		r = cof_sigkey_sign(key, cof_buf_span(&encoded), &signature, err);
	if (r < 0)
		return r;
	COF_AUTO_FREE char *payload = cof_b64_dup(cof_buf_span(&statement));
	COF_AUTO_FREE char *sig = cof_b64_dup(cof_buf_span(&signature));
	COF_AUTO_PTR(json_t)
	doc = payload == NULL || sig == NULL
		      ? NULL
		      : json_pack("{s:s, s:{s:{s:s}}, s:{s:s, s:s, s:[{s:s}]}}", "mediaType", COF_SIGBUNDLE_TYPE,
				  "verificationMaterial", "publicKey", "hint", hint, "dsseEnvelope", "payload", payload,
				  "payloadType", STATEMENT_TYPE, "signatures", "sig", sig);
	return doc == NULL ? cof_err_oom(err) : cof_json_dump(doc, ret, err);
}
