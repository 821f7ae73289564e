/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWE packets: flattened or general JSON, one recipient or several.
 *
 * spec: RFC 7516 7.2; go-jose leaves a top-level encrypted_key in the general form, which is passed over
 */
#include "image-decrypt/enc_jwe.h"

#include "common/hex.h"
#include "common/jwe_crypto.h"
#include "image-decrypt/enc_int.h"
#include "image-decrypt/enckeyfile.h"

enum { RECIPIENTS_MAX = 64, HEADER_MAX = 4 << 10, PARTY_MAX = 512, WRAPPED_MAX = COF_ENC_RSA_MAX / 8 };

typedef struct message {
	json_t *doc;
	json_t *header; /* protected */
	cof_buf iv, text, tag;
	cof_buf aad; /* what the tag covers beside the text */
	cof_jwe_content content;
} message;

static void message_release(message *m)
{
	json_decref(m->doc);
	json_decref(m->header);
	cof_buf_release(&m->iv);
	cof_buf_release(&m->text);
	cof_buf_release(&m->tag);
	cof_buf_release(&m->aad);
	*m = (message){0};
}
COF_DEFINE_AUTO(message, message_release)

static int bad(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "layer-packet-malformed", "wrapped key: JWE: %s", what);
}

/* At most max bytes. */
static int raw_member(const json_t *obj, const char *key, size_t max, cof_buf *ret)
{
	const char *text = NULL;
	return cof_json_str(obj, key, &text, NULL) < 0 || strlen(text) > max * 2 ||
			       cof_unb64url(cof_span_str(text), ret, NULL) < 0 || ret->len > max
		       ? -1
		       : 0;
}

/* --- the message as a whole --- */

/* What would change the meaning of a header, and is never written here. */
static bool asks_for_more(const json_t *header)
{
	return json_object_get(header, "zip") != NULL || json_object_get(header, "crit") != NULL;
}

static int read_header(message *m, cof_err *err)
{
	COF_AUTO(cof_buf) text = cof_buf_capped(HEADER_MAX);
	const char *b64 = NULL, *enc = NULL;
	if (cof_json_str(m->doc, "protected", &b64, NULL) < 0 || strlen(b64) > HEADER_MAX ||
	    cof_unb64url(cof_span_str(b64), &text, NULL) < 0 ||
	    cof_json_parse(cof_buf_span(&text), &m->header, NULL) < 0 || !json_is_object(m->header))
		return bad(err, "no usable protected header");
	if (json_object_get(m->doc, "unprotected") != NULL || asks_for_more(m->header))
		return bad(err, "an unprotected header, zip or crit");
	if (cof_json_str(m->header, "enc", &enc, NULL) < 0 || (m->content.enc = cof_jwe_enc_find(enc)) == NULL)
		return bad(err, "an unknown content encryption");
	return cof_buf_add_str(&m->aad, b64, err);
}

/* spec: RFC 7516 5.1, step 14 */
static int read_aad(message *m, cof_err *err)
{
	const char *more = NULL;
	if (cof_json_opt_str(m->doc, "aad", &more, NULL) < 0 || (more != NULL && strlen(more) > HEADER_MAX))
		return bad(err, "an unusable aad");
	int r = more == NULL ? 0 : cof_buf_add_str(&m->aad, ".", err);
	return r < 0 || more == NULL ? r : cof_buf_add_str(&m->aad, more, err);
}

static int read_message(cof_span packet, message *m, cof_err *err)
{
	if (cof_json_parse(packet, &m->doc, NULL) < 0 || !json_is_object(m->doc))
		return bad(err, "not a JSON object");
	int r = read_header(m, err);
	if (r == 0)
		r = read_aad(m, err);
	if (r < 0)
		return r;
	if (raw_member(m->doc, "iv", m->content.enc->iv_len, &m->iv) < 0 || m->iv.len != m->content.enc->iv_len ||
	    raw_member(m->doc, "tag", m->content.enc->tag_len, &m->tag) < 0 || m->tag.len != m->content.enc->tag_len ||
	    raw_member(m->doc, "ciphertext", 2 * COF_ENC_PRIVATE_MAX, &m->text) < 0)
		return bad(err, "iv, ciphertext or tag of a wrong length");
	m->content.iv = cof_buf_span(&m->iv);
	m->content.aad = cof_buf_span(&m->aad);
	m->content.text = cof_buf_span(&m->text);
	m->content.tag = cof_buf_span(&m->tag);
	return 0;
}

/* --- one recipient --- */

typedef struct recipient {
	json_t *header; /* protected and its own, joined */
	const cof_jwe_alg *alg;
	cof_buf wrapped;
	EVP_PKEY *epk;
	cof_buf apu, apv;
} recipient;

static void recipient_release(recipient *r)
{
	json_decref(r->header);
	cof_buf_release(&r->wrapped);
	EVP_PKEY_free(r->epk);
	cof_buf_release(&r->apu);
	cof_buf_release(&r->apv);
	*r = (recipient){0};
}
COF_DEFINE_AUTO(recipient, recipient_release)

/* spec: RFC 7516 7.2.1: the names in the headers are disjoint */
static int join_headers(const message *m, const json_t *own, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) all = json_copy(m->header);
	const char *name = NULL;
	json_t *v = NULL;
	if (all == NULL)
		return cof_err_oom(err);
	if (own != NULL && (!json_is_object(own) || asks_for_more(own)))
		return bad(err, "a recipient's header that is none, or has zip or crit");
	json_object_foreach ((json_t *)(uintptr_t)own, name, v) {
		if (json_object_get(all, name) != NULL)
			return bad(err, "a header that stands twice");
		if (json_object_set(all, name, v) < 0)
			return cof_err_oom(err);
	}
	*ret = cof_steal(&all);
	return 0;
}

static int party(const json_t *header, const char *key, cof_buf *ret)
{
	return json_object_get(header, key) == NULL ? 0 : raw_member(header, key, PARTY_MAX, ret);
}

static int read_ecdh(recipient *r, cof_err *err)
{
	json_t *epk = NULL;
	if (cof_json_obj(r->header, "epk", &epk, NULL) < 0 || cof_enc_jwk_key(epk, false, &r->epk, NULL) < 0 ||
	    !EVP_PKEY_is_a(r->epk, "EC") || party(r->header, "apu", &r->apu) < 0 ||
	    party(r->header, "apv", &r->apv) < 0)
		return bad(err, "no usable epk, apu or apv");
	return 0;
}

static int read_recipient(const message *m, const json_t *obj, recipient *r, cof_err *err)
{
	const char *alg = NULL;
	int rc = join_headers(m, json_object_get(obj, "header"), &r->header, err);
	if (rc < 0)
		return rc;
	if (cof_json_str(r->header, "alg", &alg, NULL) < 0 || (r->alg = cof_jwe_alg_find(alg)) == NULL)
		return bad(err, "a key encryption that is not accepted");
	if (raw_member(obj, "encrypted_key", WRAPPED_MAX, &r->wrapped) < 0)
		return bad(err, "no encrypted_key");
	return r->alg->oaep == NULL ? read_ecdh(r, err) : 0;
}

static int unwrap_ecdh(const recipient *r, EVP_PKEY *key, cof_secret *ret)
{
	COF_AUTO(cof_secret) kek = {0};
	const cof_ecdh_es how = {.alg = r->alg->name,
				 .apu = cof_buf_span(&r->apu),
				 .apv = cof_buf_span(&r->apv),
				 .len = r->alg->wrap_len};
	const char *kind = cof_enc_key_kind(key), *want = cof_enc_key_kind(r->epk);
	if (kind == NULL || want == NULL || strcmp(want, kind) != 0 ||
	    cof_ecdh_es_derive(key, r->epk, &how, &kek, NULL) < 0)
		return -1;
	return cof_key_unwrap(cof_secret_span(&kek), cof_buf_span(&r->wrapped), ret, NULL);
}

static int try_key(const message *m, const recipient *r, EVP_PKEY *key, cof_secret *ret)
{
	COF_AUTO(cof_secret) cek = {0};
	bool rsa = EVP_PKEY_is_a(key, "RSA");
	if (rsa != (r->alg->oaep != NULL))
		return -1;
	int rc =
		rsa ? cof_enc_oaep_open(key, r->alg->oaep, cof_buf_span(&r->wrapped), &cek) : unwrap_ecdh(r, key, &cek);
	return rc < 0 ? -1 : cof_jwe_content_open(&m->content, cof_secret_span(&cek), ret);
}

static int try_recipient(const message *m, const json_t *obj, const cof_enc_keys *keys, cof_secret *ret, cof_err *err)
{
	COF_AUTO(recipient) r = {0};
	EVP_PKEY *key = NULL;
	int rc = read_recipient(m, obj, &r, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; (key = cof_enc_keys_private(keys, i)) != NULL; i++)
		if (try_key(m, &r, key, ret) == 0)
			return 0;
	return cof_enc_no_key(err);
}

/* Others' recipients may be of kinds that we refuse: what is wrong with them is told when none of them is ours. */
static int try_recipients(const message *m, const json_t *all, const cof_enc_keys *keys, cof_secret *ret, cof_err *err)
{
	cof_err first = {0};
	if (!json_is_array(all) || json_array_size(all) == 0 || json_array_size(all) > RECIPIENTS_MAX ||
	    json_object_get(m->doc, "header") != NULL)
		return bad(err, "unusable recipients");
	for (size_t i = 0; i < json_array_size(all); i++) {
		cof_err why = {0};
		if (try_recipient(m, json_array_get(all, i), keys, ret, &why) == 0)
			return 0;
		if (first.cls == COF_OK || cof_err_is(&first, "layer-key-unwrap"))
			first = why;
	}
	return cof_err_set(err, first.cls, first.reason, "%s", first.text);
}

int cof_enc_jwe_open(cof_span packet, const cof_enc_keys *keys, bool allow_ctr, cof_secret *ret, cof_err *err)
{
	COF_AUTO(message) m = {0};
	(void)allow_ctr;
	int r = read_message(packet, &m, err);
	if (r < 0)
		return r;
	const json_t *all = json_object_get(m.doc, "recipients");
	return all != NULL ? try_recipients(&m, all, keys, ret, err) : try_recipient(&m, m.doc, keys, ret, err);
}
