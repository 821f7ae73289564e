/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/corim.h"

#include "attestation/refvalue/corim_int.h"
#include "attestation/refvalue/cose.h"
#include "common/rd.h"
#include "common/secret.h"

/* spec: draft-ietf-rats-corim, 4.1 (corim-map), 4.2 (signed-corim) */
enum {
	ID = 0,
	TAGS = 1,
	PROFILE = 3,
	VALIDITY = 4,
	ENTITIES = 5,
	LABEL_META = 8,
	LABEL_CWT = 15,
	META_SIGNER = 0,
	META_VALIDITY = 1,
	CWT_ISS = 1,
	CWT_SUB = 2,
	CWT_EXP = 4,
	CWT_NBF = 5,
	UUID_LEN = 16,
};

static const uint8_t signed_head[] = {0xc0 | COF_COSE_TAG_SIGN1}, plain_head[] = {0xd9, 0x01, 0xf5};

void cof_corim_release(cof_corim *c)
{
	cof_rim_release(&c->rim);
	*c = (cof_corim){0};
}

static bool begins(cof_span s, const uint8_t *head, size_t n)
{
	cof_rd r = cof_rd_of(s);
	return cof_ct_equal(cof_rd_bytes(&r, n), cof_span_of(head, n));
}

bool cof_corim_looks_like(cof_span bytes)
{
	return begins(bytes, signed_head, sizeof signed_head) || begins(bytes, plain_head, sizeof plain_head);
}

/* ---- profiles ---- */

typedef const cof_corim_profile *(*profile_of)(void);
static const profile_of profiles[] = {cof_corim_profile_snp, cof_corim_profile_tdx, cof_corim_profile_coffer};

const cof_corim_profile *cof_corim_profile_of(cof_rim_tee tee)
{
	for (size_t i = 0; i < COF_COUNT(profiles); i++) {
		if (profiles[i]()->takes[tee])
			return profiles[i]();
	}
	return NULL;
}

/* A URI with its tag or (older tools) as plain text, or an OID. */
static bool is_profile(const cof_cbor *v, const cof_corim_profile *p)
{
	if (p->uri == NULL)
		return cof_corim_oid_is(v, p->oid);
	const cof_cbor *tagged = cof_cbor_untag(v, COF_CORIM_TAG_URI);
	return cof_corim_text_is(tagged != NULL ? tagged : v, p->uri);
}

int cof_corim_profile_find(const cof_cbor *v, const cof_corim_profile **ret, cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(profiles); i++) {
		if (!is_profile(v, profiles[i]()))
			continue;
		*ret = profiles[i]();
		return 0;
	}
	return cof_err_set(err, COF_E_POLICY, "corim-profile", "CoRIM: %s",
			   v == NULL ? "it names no profile" : "its profile is not known");
}

/* ---- times ---- */

/* The latest moment at which it may still be believed; 0: no limit. */
static void lower(int64_t *limit, int64_t t)
{
	if (*limit == 0 || t < *limit)
		*limit = t;
}

static int judge_times(int64_t not_before, int64_t not_after, int64_t now, const char *what, cof_err *err)
{
	if (not_before > not_after)
		return cof_corim_malformed(err, "times in the wrong order");
	if (now < not_before)
		return cof_err_set(err, COF_E_POLICY, "corim-validity", "CoRIM: %s is not valid yet", what);
	if (now > not_after)
		return cof_err_set(err, COF_E_POLICY, "corim-validity", "CoRIM: %s has expired", what);
	return 0;
}

static bool read_time(const cof_cbor *v, int64_t *ret)
{
	return cof_cbor_int(cof_cbor_untag(v, COF_CORIM_TAG_TIME), ret) && *ret > 0;
}

int cof_corim_read_validity(const cof_cbor *v, const char *what, int64_t now, int64_t ret[2], cof_err *err)
{
	static const int64_t keys[] = {0, 1};
	int64_t t[2] = {0, 0};
	int rc = cof_corim_only(v, keys, COF_COUNT(keys), "validity", err);
	if (rc < 0)
		return rc;
	if ((cof_cbor_get(v, 0) != NULL && !read_time(cof_cbor_get(v, 0), &t[0])) ||
	    !read_time(cof_cbor_get(v, 1), &t[1]))
		return cof_corim_malformed(err, "a time");
	rc = judge_times(t[0], t[1], now, what, err);
	if (rc == 0)
		memcpy(ret, t, sizeof t);
	return rc;
}

/* ---- the manifest ---- */

static int read_id(const cof_cbor *v, cof_rim *rim, cof_err *err)
{
	char uuid[37];
	cof_span s;
	if (cof_cbor_untag(v, COF_CORIM_TAG_UUID) != NULL)
		v = cof_cbor_untag(v, COF_CORIM_TAG_UUID);
	if (cof_cbor_bytes(v, &s) && s.len == UUID_LEN) {
		cof_corim_uuid(s, uuid);
		return cof_rim_set_id(rim, cof_span_str(uuid), err);
	}
	if (!cof_cbor_text(v, &s) || !cof_rim_name_ok(s))
		return cof_corim_malformed(err, "id");
	return cof_rim_set_id(rim, s, err);
}

static int read_tags(const cof_cbor *v, const cof_corim_profile *p, cof_rim *rim, cof_err *err)
{
	size_t n = 0;
	(void)cof_cbor_array(v, &n);
	for (size_t i = 0; i < n; i++) {
		const cof_cbor *content = cof_cbor_untag(cof_cbor_at(v, i), COF_CORIM_TAG_COMID);
		cof_span bytes;
		if (content == NULL)
			return cof_corim_unsupported(err, "a tag that is no CoMID");
		if (!cof_cbor_bytes(content, &bytes))
			return cof_corim_malformed(err, "a CoMID is no byte string");
		int rc = cof_corim_comid_read(bytes, p, rim, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_manifest_times(const cof_cbor *map, int64_t now, cof_corim *c, cof_err *err)
{
	const cof_cbor *v = cof_cbor_get(map, VALIDITY);
	int64_t t[2] = {0, 0};
	int rc = v == NULL ? 0 : cof_corim_read_validity(v, "the manifest", now, t, err);
	if (rc < 0 || v == NULL)
		return rc;
	c->rim.not_before = t[0];
	c->rim.not_after = t[1];
	lower(&c->not_after, t[1]);
	return 0;
}

/* Such an entry would be true of any guest: it is for callers that ask something else of the launch. */
static int refuse_open(const cof_rim *rim, cof_err *err)
{
	for (size_t i = 0; i < rim->n; i++) {
		if (cof_rim_entry_is_open(&rim->entries[i]))
			return cof_corim_unsupported(err, "values without the launch measurement");
	}
	return 0;
}

static int read_map(const cof_cbor *map, const cof_corim_in *in, cof_corim *c, cof_err *err)
{
	static const int64_t keys[] = {ID, TAGS, PROFILE, VALIDITY, ENTITIES};
	const cof_corim_profile *p = NULL;
	const cof_cbor *entities = cof_cbor_get(map, ENTITIES);
	size_t n = 0, tags = 0;
	int rc = cof_corim_only(map, keys, COF_COUNT(keys), "the manifest", err);
	if (rc == 0)
		rc = read_id(cof_cbor_get(map, ID), &c->rim, err);
	if (rc == 0 && entities != NULL && (!cof_cbor_array(entities, &n) || n == 0))
		rc = cof_corim_malformed(err, "entities");
	if (rc == 0 && (!cof_cbor_array(cof_cbor_get(map, TAGS), &tags) || tags == 0))
		rc = cof_corim_malformed(err, "it holds no tags");
	if (rc == 0)
		rc = read_manifest_times(map, in->now, c, err);
	if (rc == 0)
		rc = cof_corim_profile_find(cof_cbor_get(map, PROFILE), &p, err);
	if (rc == 0)
		rc = read_tags(cof_cbor_get(map, TAGS), p, &c->rim, err);
	if (rc == 0 && !in->allow_open)
		rc = refuse_open(&c->rim, err);
	return rc < 0 ? rc : cof_rim_check(&c->rim, err);
}

static int read_plain(cof_span bytes, const cof_corim_in *in, cof_corim *c, cof_err *err)
{
	COF_AUTO_PTR(cof_cbor) item = NULL;
	int rc = cof_cbor_load(bytes, &item, err);
	if (rc < 0)
		return rc;
	const cof_cbor *map = cof_cbor_untag(item, COF_CORIM_TAG_RIM);
	return map != NULL ? read_map(map, in, c, err) : cof_corim_malformed(err, "tag 501 is missing");
}

/* ---- the signature and what its header says ---- */

static int take_signer(const cof_cbor *name, cof_corim *c, cof_err *err)
{
	cof_span s;
	if (!cof_cbor_text(name, &s) || !cof_rim_name_ok(s))
		return cof_corim_malformed(err, "the signer's name");
	memcpy(c->signer, s.data, s.len);
	c->signer[s.len] = '\0';
	return 0;
}

static int read_meta(cof_span bytes, int64_t now, cof_corim *c, cof_err *err)
{
	static const int64_t keys[] = {META_SIGNER, META_VALIDITY}, signer_keys[] = {0, 1};
	COF_AUTO_PTR(cof_cbor) meta = NULL;
	int64_t t[2] = {0, 0};
	int rc = cof_cbor_load(bytes, &meta, err);
	if (rc == 0)
		rc = cof_corim_only(meta, keys, COF_COUNT(keys), "the signer's statement", err);
	const cof_cbor *signer = cof_cbor_get(meta, META_SIGNER), *validity = cof_cbor_get(meta, META_VALIDITY);
	if (rc == 0)
		rc = cof_corim_only(signer, signer_keys, COF_COUNT(signer_keys), "the signer", err);
	if (rc == 0)
		rc = take_signer(cof_cbor_get(signer, 0), c, err);
	if (rc == 0 && validity != NULL)
		rc = cof_corim_read_validity(validity, "the signature", now, t, err);
	if (rc == 0 && validity != NULL)
		lower(&c->not_after, t[1]);
	return rc;
}

/* Integers without a tag; a claim that is absent sets no limit. */
static int read_cwt(const cof_cbor *v, int64_t now, cof_corim *c, cof_err *err)
{
	static const int64_t keys[] = {CWT_ISS, CWT_SUB, CWT_EXP, CWT_NBF};
	const cof_cbor *nbf = cof_cbor_get(v, CWT_NBF), *exp = cof_cbor_get(v, CWT_EXP);
	int64_t from = 0, to = INT64_MAX;
	int rc = cof_corim_only(v, keys, COF_COUNT(keys), "the signer's claims", err);
	if (rc == 0)
		rc = take_signer(cof_cbor_get(v, CWT_ISS), c, err);
	if (rc < 0)
		return rc;
	if ((nbf != NULL && !cof_cbor_int(nbf, &from)) || (exp != NULL && (!cof_cbor_int(exp, &to) || to <= 0)))
		return cof_corim_malformed(err, "a time");
	rc = judge_times(from, to, now, "the signature", err);
	if (rc == 0 && exp != NULL)
		lower(&c->not_after, to);
	return rc;
}

/* At least one of both statements; where both are made both must hold. */
int cof_corim_read_header(const cof_cbor *header, int64_t now, cof_corim *c, cof_err *err)
{
	const cof_cbor *meta = cof_cbor_get(header, LABEL_META), *cwt = cof_cbor_get(header, LABEL_CWT);
	cof_span bytes;
	if (!cof_corim_text_is(cof_cbor_get(header, COF_COSE_LABEL_CONTENT_TYPE), "application/rim+cbor"))
		return cof_corim_malformed(err, "the content type is another");
	if (meta == NULL && cwt == NULL)
		return cof_corim_malformed(err, "the header does not say who signed");
	int rc = cwt != NULL ? read_cwt(cwt, now, c, err) : 0;
	if (rc < 0 || meta == NULL)
		return rc;
	return cof_cbor_bytes(meta, &bytes) ? read_meta(bytes, now, c, err)
					    : cof_corim_malformed(err, "the signer's statement");
}

static int read_signed(const cof_corim_in *in, cof_corim *c, cof_err *err)
{
	static const int64_t crit[] = {LABEL_META, LABEL_CWT};
	COF_AUTO(cof_cose) m = {0};
	const cof_cose_in cose = {
		.message = in->bytes, .keys = in->keys, .n_keys = in->n_keys, .crit = crit, .n_crit = COF_COUNT(crit)};
	int rc = cof_cose_verify(&cose, &m, err);
	if (rc == 0)
		rc = cof_corim_read_header(m.protected_header, in->now, c, err);
	if (rc < 0)
		return rc;
	c->is_signed = true;
	c->key = m.key;
	return read_plain(m.payload, in, c, err);
}

int cof_corim_read(const cof_corim_in *in, cof_corim *ret, cof_err *err)
{
	COF_AUTO(cof_corim) c = {0};
	int rc = 0;
	if (begins(in->bytes, signed_head, sizeof signed_head))
		rc = read_signed(in, &c, err);
	else if (!begins(in->bytes, plain_head, sizeof plain_head))
		rc = cof_corim_malformed(err, "it begins with neither tag 18 nor tag 501");
	else if (!in->allow_unsigned)
		rc = cof_err_set(err, COF_E_POLICY, "corim-unsigned", "the CoRIM is not signed");
	else
		rc = read_plain(in->bytes, in, &c, err);
	if (rc < 0)
		return rc;
	*ret = c;
	c = (cof_corim){0};
	return 0;
}
