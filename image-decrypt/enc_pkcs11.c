/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#11 packets: RSA-OAEP over the private options, in JSON. The token holds an ordinary RSA key, so a copy of it in
 * a file opens them too; tokens themselves are not asked.
 *
 * spec: containers/ocicrypt, keywrap/pkcs11 and crypto/pkcs11
 */
#include "common/hex.h"
#include "image-decrypt/enc_int.h"
#include "image-decrypt/enckeyfile.h"

enum { RECIPIENTS_MAX = 64, BLOB_MAX = COF_ENC_RSA_MAX / 8 + 4 };

/* An absent hash is SHA-1, as the first writers had it. */
static const char *hash_of(const json_t *recipient)
{
	const char *name = NULL;
	if (cof_json_opt_str(recipient, "hash", &name, NULL) < 0)
		return NULL;
	if (name == NULL || strcmp(name, "") == 0 || strcmp(name, "sha1") == 0)
		return "SHA1";
	return strcmp(name, "sha256") == 0 ? "SHA256" : NULL;
}

static int open_recipient(const json_t *recipient, const cof_enc_keys *keys, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_buf) blob = cof_buf_capped(BLOB_MAX);
	json_int_t version = 0;
	const char *hash = hash_of(recipient);
	if (hash == NULL || cof_json_int(recipient, "version", 0, 0, &version, NULL) < 0 ||
	    cof_json_b64(recipient, "blob", &blob, NULL) < 0)
		return cof_enc_bad_packet(err, "a PKCS#11 recipient without version 0, blob and a known hash");
	EVP_PKEY *key = NULL;
	for (size_t i = 0; (key = cof_enc_keys_private(keys, i)) != NULL; i++)
		if (EVP_PKEY_is_a(key, "RSA") && cof_enc_oaep_open(key, hash, cof_buf_span(&blob), ret) == 0)
			return 0;
	return cof_enc_no_key(err);
}

int cof_enc_pkcs11_open(cof_span packet, const cof_enc_keys *keys, bool allow_ctr, cof_secret *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	json_t *all = NULL;
	json_int_t version = 0;
	(void)allow_ctr;
	if (cof_json_parse(packet, &doc, NULL) < 0 || cof_json_int(doc, "version", 0, 0, &version, NULL) < 0 ||
	    cof_json_arr(doc, "recipients", &all, NULL) < 0 || json_array_size(all) == 0 ||
	    json_array_size(all) > RECIPIENTS_MAX)
		return cof_enc_bad_packet(err, "not PKCS#11 JSON of version 0");
	int r = 0;
	for (size_t i = 0; i < json_array_size(all); i++) {
		r = open_recipient(json_array_get(all, i), keys, ret, err);
		if (r == 0)
			break;
	}
	return r;
}

/* --- sealing --- */

enum { OAEP_SHA256_ROOM = 2 + 2 * 32 };

/* SHA-256, as writers have it today. The options are a little too long for that in a key of 2048 bits. */
static bool small(const EVP_PKEY *key, cof_span options)
{
	return (size_t)EVP_PKEY_get_size(key) < options.len + OAEP_SHA256_ROOM;
}

static int add_recipient(json_t *list, EVP_PKEY *key, cof_span options, cof_err *err)
{
	COF_AUTO(cof_buf) blob = {0};
	bool sha1 = small(key, options);
	int r = cof_enc_oaep_seal(key, sha1 ? "SHA1" : "SHA256", options, &blob, err);
	if (r < 0)
		return r;
	COF_AUTO_FREE char *text = cof_b64_dup(cof_buf_span(&blob));
	if (text == NULL || json_array_append_new(list, json_pack("{s:i, s:s, s:s}", "version", 0, "blob", text, "hash",
								  sha1 ? "sha1" : "sha256")) < 0)
		return cof_err_oom(err);
	return 0;
}

int cof_enc_pkcs11_seal(const cof_enc_recipient *const *to, size_t n, cof_span options, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	json_t *list = json_array();
	COF_AUTO_PTR(json_t) doc = json_pack("{s:i, s:o}", "version", 0, "recipients", list);
	int r = doc == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_recipient(list, to[i]->key, options, err);
	if (r == 0)
		r = cof_json_dump(doc, &text, err);
	return r < 0 ? r : cof_enc_add_packet(cof_buf_span(&text), ret, err);
}
