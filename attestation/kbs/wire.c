/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/wire.h"

#include "common/rd.h"
#include "common/wr.h"

typedef enum field_kind { F_SPAN, F_FLAG, F_U32, F_U64 } field_kind;

typedef struct field {
	field_kind kind;
	size_t at;
	uint32_t max; /* of a span */
} field;

typedef struct layout {
	const char *name;
	const field *fields;
	size_t n;
	size_t size;
} layout;

#define SPAN(T, m, limit)                                                                                              \
	{                                                                                                              \
		F_SPAN, offsetof(T, m), limit                                                                          \
	}
#define FLAG(T, m)                                                                                                     \
	{                                                                                                              \
		F_FLAG, offsetof(T, m), 0                                                                              \
	}
#define U32(T, m)                                                                                                      \
	{                                                                                                              \
		F_U32, offsetof(T, m), 0                                                                               \
	}
#define U64(T, m)                                                                                                      \
	{                                                                                                              \
		F_U64, offsetof(T, m), 0                                                                               \
	}

enum {
	PEER_MAX = 64,
	NONCE_TEXT_MAX = 128,
	PATH_MAX_LEN = 512,
	TEXT_MAX = 512,
	REST_MAX = 128 << 10, /* of a job's other fields */
};

_Static_assert(COF_KB_REFERENCES_MAX + COF_KB_EK_ROOTS_MAX + COF_KB_BODY_MAX + REST_MAX <= COF_KB_FRAME_MAX,
	       "what may be registered can be told to a verifier");

static const field auth_fields[] = {
	SPAN(cof_kb_auth, peer, PEER_MAX),
	SPAN(cof_kb_auth, tee, COF_KB_WORD_MAX),
	FLAG(cof_kb_auth, tpm),
	SPAN(cof_kb_auth, ek_cert, COF_KB_TPM_BLOB_MAX),
	SPAN(cof_kb_auth, ek_public, COF_KB_TPM_BLOB_MAX),
	SPAN(cof_kb_auth, ak_public, COF_KB_TPM_BLOB_MAX),
};

static const field attest_fields[] = {
	SPAN(cof_kb_attest, peer, PEER_MAX),
	SPAN(cof_kb_attest, session, COF_KB_SESSION_LEN),
	SPAN(cof_kb_attest, nonce, NONCE_TEXT_MAX),
	SPAN(cof_kb_attest, key_x, COF_KB_WORD_MAX),
	SPAN(cof_kb_attest, key_y, COF_KB_WORD_MAX),
	FLAG(cof_kb_attest, has_initdata),
	SPAN(cof_kb_attest, initdata, COF_KB_BODY_MAX),
	SPAN(cof_kb_attest, evidence, COF_KB_BODY_MAX),
};

static const field resource_fields[] = {
	SPAN(cof_kb_resource, peer, PEER_MAX),
	SPAN(cof_kb_resource, session, COF_KB_SESSION_LEN),
	SPAN(cof_kb_resource, bearer, COF_KB_BEARER_MAX),
	SPAN(cof_kb_resource, repo, COF_KB_SEGMENT_MAX),
	SPAN(cof_kb_resource, type, COF_KB_SEGMENT_MAX),
	SPAN(cof_kb_resource, tag, COF_KB_SEGMENT_MAX),
};

static const field admin_fields[] = {
	SPAN(cof_kb_admin, peer, PEER_MAX),
	SPAN(cof_kb_admin, bearer, COF_KB_BEARER_MAX),
	U32(cof_kb_admin, route),
	SPAN(cof_kb_admin, path, PATH_MAX_LEN),
	U64(cof_kb_admin, from),
	SPAN(cof_kb_admin, body, COF_KB_BODY_MAX),
};

static const field reply_fields[] = {
	U32(cof_kb_reply, status),
	U32(cof_kb_reply, retry_after),
	SPAN(cof_kb_reply, variant, COF_KB_WORD_MAX),
	SPAN(cof_kb_reply, reason, COF_KB_WORD_MAX),
	SPAN(cof_kb_reply, detail, TEXT_MAX),
	U32(cof_kb_reply, pcr),
	SPAN(cof_kb_reply, event, TEXT_MAX),
	SPAN(cof_kb_reply, expected, TEXT_MAX),
	SPAN(cof_kb_reply, found, TEXT_MAX),
	SPAN(cof_kb_reply, session, COF_KB_SESSION_LEN),
	U32(cof_kb_reply, session_ttl),
	SPAN(cof_kb_reply, nonce, NONCE_TEXT_MAX),
	SPAN(cof_kb_reply, credential_blob, COF_KB_TPM_BLOB_MAX),
	SPAN(cof_kb_reply, encrypted_secret, COF_KB_TPM_BLOB_MAX),
	SPAN(cof_kb_reply, token, COF_KB_BEARER_MAX),
	SPAN(cof_kb_reply, content_type, COF_KB_WORD_MAX),
	SPAN(cof_kb_reply, body, COF_KB_FRAME_MAX - (64 << 10)),
};

static const field job_bind_fields[] = {
	SPAN(cof_kb_job_bind, ek_cert, COF_KB_TPM_BLOB_MAX),   SPAN(cof_kb_job_bind, ek_public, COF_KB_TPM_BLOB_MAX),
	SPAN(cof_kb_job_bind, ak_public, COF_KB_TPM_BLOB_MAX), SPAN(cof_kb_job_bind, credential, COF_KB_WORD_MAX),
	SPAN(cof_kb_job_bind, ek_roots, COF_KB_EK_ROOTS_MAX),  U64(cof_kb_job_bind, now),
};

static const field job_verify_fields[] = {
	SPAN(cof_kb_job_verify, report_data, 64),
	SPAN(cof_kb_job_verify, credential, COF_KB_WORD_MAX),
	SPAN(cof_kb_job_verify, ak_public, COF_KB_TPM_BLOB_MAX),
	SPAN(cof_kb_job_verify, ek_roots, COF_KB_EK_ROOTS_MAX),
	SPAN(cof_kb_job_verify, references, COF_KB_REFERENCES_MAX),
	SPAN(cof_kb_job_verify, initdata_digests, 64 << 10),
	FLAG(cof_kb_job_verify, has_initdata),
	SPAN(cof_kb_job_verify, initdata, COF_KB_BODY_MAX),
	SPAN(cof_kb_job_verify, evidence, COF_KB_BODY_MAX),
	U64(cof_kb_job_verify, now),
};

static const field bound_fields[] = {
	U32(cof_kb_bound, failed),
	SPAN(cof_kb_bound, reason, COF_KB_WORD_MAX),
	SPAN(cof_kb_bound, detail, TEXT_MAX),
	SPAN(cof_kb_bound, credential_blob, COF_KB_TPM_BLOB_MAX),
	SPAN(cof_kb_bound, encrypted_secret, COF_KB_TPM_BLOB_MAX),
};

static const field verdict_fields[] = {
	U32(cof_kb_verdict, failed),
	FLAG(cof_kb_verdict, affirming),
	SPAN(cof_kb_verdict, reason, COF_KB_WORD_MAX),
	SPAN(cof_kb_verdict, detail, TEXT_MAX),
	U32(cof_kb_verdict, pcr),
	SPAN(cof_kb_verdict, event, TEXT_MAX),
	SPAN(cof_kb_verdict, expected, TEXT_MAX),
	SPAN(cof_kb_verdict, found, TEXT_MAX),
	SPAN(cof_kb_verdict, pcrs, COF_KB_PCRS_LEN),
	SPAN(cof_kb_verdict, initdata_digest, 64),
	SPAN(cof_kb_verdict, reference, COF_KB_WORD_MAX),
	SPAN(cof_kb_verdict, ak_name, 64),
	SPAN(cof_kb_verdict, trust, 64),
};

#define LAYOUT(name, fields, T)                                                                                        \
	{                                                                                                              \
		name, fields, COF_COUNT(fields), sizeof(T)                                                             \
	}
#define EMPTY(name)                                                                                                    \
	{                                                                                                              \
		name, NULL, 0, 0                                                                                       \
	}

static const layout layouts[COF_KB_TYPES] = {
	[COF_KB_AUTH] = LAYOUT("auth", auth_fields, cof_kb_auth),
	[COF_KB_ATTEST] = LAYOUT("attest", attest_fields, cof_kb_attest),
	[COF_KB_RESOURCE] = LAYOUT("resource", resource_fields, cof_kb_resource),
	[COF_KB_ADMIN] = LAYOUT("admin", admin_fields, cof_kb_admin),
	[COF_KB_READY] = EMPTY("ready"),
	[COF_KB_REPLY] = LAYOUT("reply", reply_fields, cof_kb_reply),
	[COF_KB_DRAIN] = EMPTY("drain"),
	[COF_KB_JOB_BIND] = LAYOUT("job-bind", job_bind_fields, cof_kb_job_bind),
	[COF_KB_JOB_VERIFY] = LAYOUT("job-verify", job_verify_fields, cof_kb_job_verify),
	[COF_KB_BOUND] = LAYOUT("bound", bound_fields, cof_kb_bound),
	[COF_KB_VERDICT] = LAYOUT("verdict", verdict_fields, cof_kb_verdict),
};

const char *cof_kb_type_name(enum cof_kb_type type)
{
	return (unsigned)type < COF_KB_TYPES && layouts[type].name != NULL ? layouts[type].name : "unknown";
}

static bool put(cof_wr *w, const field *f, const void *msg)
{
	const char *at = (const char *)msg + f->at;
	cof_span s;
	uint32_t v32;
	uint64_t v64;
	switch (f->kind) {
	case F_SPAN:
		memcpy(&s, at, sizeof s);
		cof_wr_u32le(w, (uint32_t)s.len);
		cof_wr_bytes(w, s);
		return s.len <= f->max;
	case F_U64:
		memcpy(&v64, at, sizeof v64);
		cof_wr_u64le(w, v64);
		return true;
	case F_FLAG:
	case F_U32:
		memcpy(&v32, at, sizeof v32);
		cof_wr_u32le(w, v32);
		return f->kind == F_U32 || v32 <= 1;
	}
	return false;
}

static void get(cof_rd *r, const field *f, void *msg)
{
	char *at = (char *)msg + f->at;
	if (f->kind == F_SPAN) {
		uint32_t len = cof_rd_u32le(r);
		if (len > f->max)
			cof_rd_fail(r);
		cof_span s = cof_rd_bytes(r, len);
		memcpy(at, &s, sizeof s);
	} else if (f->kind == F_U64) {
		uint64_t v = cof_rd_u64le(r);
		memcpy(at, &v, sizeof v);
	} else {
		uint32_t v = cof_rd_u32le(r);
		if (f->kind == F_FLAG && v > 1)
			cof_rd_fail(r);
		memcpy(at, &v, sizeof v);
	}
}

static int encode_body(const layout *l, const void *msg, cof_buf *body, cof_err *err)
{
	cof_wr w = cof_wr_to(body);
	for (size_t i = 0; i < l->n; i++)
		if (!put(&w, &l->fields[i], msg))
			return cof_err_set(err, COF_E_INTERNAL, "frame-too-large", "field %zu of a %s message", i,
					   l->name);
	return cof_wr_done(&w, err);
}

int cof_kb_encode(enum cof_kb_type type, uint32_t id, const void *msg, cof_buf *ret, cof_err *err)
{
	const layout *l = &layouts[type];
	COF_AUTO(cof_buf) body = cof_buf_capped(COF_KB_FRAME_MAX);
	int rc = encode_body(l, msg, &body, err);
	if (rc == 0) {
		cof_wr w = cof_wr_to(ret);
		cof_wr_u32le(&w, (uint32_t)body.len);
		cof_wr_u32le(&w, id);
		cof_wr_u16le(&w, (uint16_t)type);
		cof_wr_bytes(&w, cof_buf_span(&body));
		rc = cof_wr_done(&w, err);
	}
	cof_buf_wipe(&body); /* a reply may hold what only its guest should see */
	return rc;
}

int cof_kb_head_parse(cof_span in, cof_kb_head *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(in);
	cof_kb_head h = {.len = cof_rd_u32le(&r), .id = cof_rd_u32le(&r), .type = cof_rd_u16le(&r)};
	if (!cof_rd_end(&r) || h.len > COF_KB_FRAME_MAX || h.type == 0 || h.type >= COF_KB_TYPES)
		return cof_err_set(err, COF_E_MALFORMED, "frame-malformed", "head of a message");
	*ret = h;
	return 0;
}

int cof_kb_decode(enum cof_kb_type type, cof_span body, void *ret, cof_err *err)
{
	if (type == 0 || (unsigned)type >= COF_KB_TYPES)
		return cof_err_set(err, COF_E_MALFORMED, "frame-malformed", "type %u", (unsigned)type);
	const layout *l = &layouts[type];
	cof_rd r = cof_rd_of(body);
	for (size_t i = 0; i < l->n && cof_rd_ok(&r); i++)
		get(&r, &l->fields[i], ret);
	if (cof_rd_end(&r))
		return 0;
	if (l->size > 0)
		memset(ret, 0, l->size); /* nobody reads half a message by mistake */
	return cof_err_set(err, COF_E_MALFORMED, "frame-malformed", "%s message of %zu bytes", l->name, body.len);
}

static bool segment_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool cof_kb_segment_ok(cof_span s)
{
	if (s.len == 0 || s.len > COF_KB_SEGMENT_MAX || !segment_char(s.data[0]))
		return false;
	for (size_t i = 1; i < s.len; i++)
		if (!segment_char(s.data[i]) && s.data[i] != '.')
			return false;
	return true;
}
