/* SPDX-License-Identifier: Apache-2.0 */
/* An owner's record of one launch, keys and all: session, measure and secret must follow from each other. */
#include <stdio.h>

#include "attestation/verify/kinds.h"
#include "attestation/verify/sev_packet.h"
#include "common/hex.h"
#include "common/json.h"
#include "common/rd.h"
#include "firmware/sev/sev.h"

enum { Z_MAX = 48, POLICY_LEN = 4, KAT_MAX = 64 << 10, WRAPPED_LEN = 2 * COF_SEV_TK_LEN };

/* Wiped when done. */
typedef struct session_record {
	uint8_t z[Z_MAX];
	size_t z_len;
	uint8_t nonce[COF_SEV_NONCE_LEN], iv[COF_SEV_IV_LEN], tek[COF_SEV_TK_LEN], tik[COF_SEV_TK_LEN];
	uint8_t policy[POLICY_LEN], master[COF_SEV_TK_LEN], kek[COF_SEV_TK_LEN], kik[COF_SEV_TK_LEN];
	uint8_t wrap_tk[WRAPPED_LEN], wrap_mac[COF_SHA256_LEN], policy_mac[COF_SHA256_LEN];
} session_record;

typedef struct launch_record {
	json_int_t api_major, api_minor, build;
	uint8_t tik[COF_SEV_TK_LEN], policy[POLICY_LEN], launch_digest[COF_SHA256_LEN], mnonce[COF_SEV_MNONCE_LEN];
	uint8_t measure[COF_SEV_MEASURE_LEN];
} launch_record;

typedef struct secret_record {
	uint8_t tek[COF_SEV_TK_LEN], tik[COF_SEV_TK_LEN], iv[COF_SEV_IV_LEN];
	json_int_t flags, guest_length, trans_length;
} secret_record;

typedef struct member {
	const char *name;
	size_t at, len;
} member;

#define MEMBER(T, name)                                                                                                \
	{                                                                                                              \
#name, offsetof(T, name), sizeof(((T *)NULL)->name)                                                    \
	}

static const member session_members[] = {
	MEMBER(session_record, nonce),	  MEMBER(session_record, iv),	      MEMBER(session_record, tek),
	MEMBER(session_record, tik),	  MEMBER(session_record, policy),     MEMBER(session_record, master),
	MEMBER(session_record, kek),	  MEMBER(session_record, kik),	      MEMBER(session_record, wrap_tk),
	MEMBER(session_record, wrap_mac), MEMBER(session_record, policy_mac),
};

static const member launch_members[] = {
	MEMBER(launch_record, tik),    MEMBER(launch_record, policy),  MEMBER(launch_record, launch_digest),
	MEMBER(launch_record, mnonce), MEMBER(launch_record, measure),
};

static const member secret_members[] = {MEMBER(secret_record, tek), MEMBER(secret_record, tik),
					MEMBER(secret_record, iv)};

/* ---- reading ---- */

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "sev-kat-malformed", "the record's %s", what);
}

static int read_hex(const json_t *o, const char *name, void *out, size_t len, cof_err *err)
{
	const char *text = NULL;
	if (cof_json_str(o, name, &text, NULL) < 0 || cof_unhex(text, out, len, NULL) < 0)
		return malformed(err, name);
	return 0;
}

static int read_members(const json_t *o, const member *m, size_t n, void *to, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = read_hex(o, m[i].name, (uint8_t *)to + m[i].at, m[i].len, err);
	return rc;
}

static int read_session(const json_t *o, session_record *ret, cof_err *err)
{
	static const char *const known[] = {"z",   "nonce", "iv",      "tek",	   "tik",	 "policy", "master",
					    "kek", "kik",   "wrap_tk", "wrap_mac", "policy_mac", NULL};
	const char *z = NULL;
	if (cof_json_only(o, known, NULL) < 0 || cof_json_str(o, "z", &z, NULL) < 0 || strlen(z) > (size_t)2 * Z_MAX)
		return malformed(err, "session");
	ret->z_len = strlen(z) / 2;
	int rc = read_hex(o, "z", ret->z, ret->z_len, err);
	return rc < 0 ? rc : read_members(o, session_members, COF_COUNT(session_members), ret, err);
}

static int read_launch(const json_t *o, launch_record *ret, cof_err *err)
{
	static const char *const known[] = {"tik",	     "api_major", "api_minor", "build", "policy",
					    "launch_digest", "mnonce",	  "measure",   NULL};
	if (cof_json_only(o, known, NULL) < 0 ||
	    cof_json_int(o, "api_major", 0, UINT8_MAX, &ret->api_major, NULL) < 0 ||
	    cof_json_int(o, "api_minor", 0, UINT8_MAX, &ret->api_minor, NULL) < 0 ||
	    cof_json_int(o, "build", 0, UINT8_MAX, &ret->build, NULL) < 0)
		return malformed(err, "launch_measure");
	return read_members(o, launch_members, COF_COUNT(launch_members), ret, err);
}

static int read_secret(const json_t *o, secret_record *ret, cof_err *err)
{
	static const char *const known[] = {"tek", "tik", "iv", "flags", "guest_length", "trans_length", NULL};
	if (cof_json_only(o, known, NULL) < 0 || cof_json_int(o, "flags", 0, UINT32_MAX, &ret->flags, NULL) < 0 ||
	    cof_json_int(o, "guest_length", 0, UINT32_MAX, &ret->guest_length, NULL) < 0 ||
	    cof_json_int(o, "trans_length", 0, UINT32_MAX, &ret->trans_length, NULL) < 0)
		return malformed(err, "secret");
	return read_members(o, secret_members, COF_COUNT(secret_members), ret, err);
}

/* ---- checking; what is secret is not shown ---- */

static void same(cof_checks *c, const char *name, cof_span expected, cof_span found)
{
	(void)cof_check_text(c, COF_STAGE_SIGNATURE, name, cof_ct_equal(expected, found), "as it follows", NULL);
}

static uint32_t policy_of(const uint8_t policy[POLICY_LEN])
{
	cof_rd r = cof_rd_of(cof_span_of(policy, POLICY_LEN));
	return cof_rd_u32le(&r);
}

#define SPAN(field) cof_span_of(field, sizeof(field))

static void compare_session(const session_record *s, const cof_sev_keys *k, const uint8_t blob[COF_SEV_SESSION_LEN],
			    cof_checks *c)
{
	cof_rd r = cof_rd_of(cof_span_of(blob, COF_SEV_SESSION_LEN));
	same(c, "session-master", SPAN(k->master), SPAN(s->master));
	same(c, "session-kek", SPAN(k->kek), SPAN(s->kek));
	same(c, "session-kik", SPAN(k->kik), SPAN(s->kik));
	cof_rd_skip(&r, COF_SEV_NONCE_LEN);
	same(c, "session-wrapped-keys", cof_rd_bytes(&r, WRAPPED_LEN), SPAN(s->wrap_tk));
	cof_rd_skip(&r, COF_SEV_IV_LEN);
	same(c, "session-wrap-mac", cof_rd_bytes(&r, COF_SHA256_LEN), SPAN(s->wrap_mac));
	same(c, "session-policy-mac", cof_rd_bytes(&r, COF_SHA256_LEN), SPAN(s->policy_mac));
}

static int check_session(const session_record *s, cof_checks *c, cof_err *err)
{
	uint8_t blob[COF_SEV_SESSION_LEN];
	COF_AUTO(cof_sev_keys) keys = {0};
	const cof_sev_session_in in = {s->nonce, s->iv, SPAN(s->tek), SPAN(s->tik), policy_of(s->policy)};
	int rc = cof_sev_keys_derive(cof_span_of(s->z, s->z_len), s->nonce, &keys, err);
	if (rc == 0)
		rc = cof_sev_session_wrap(&keys, &in, blob, err);
	if (rc == 0)
		compare_session(s, &keys, blob, c);
	return rc;
}

static int check_launch(const launch_record *l, cof_checks *c, cof_err *err)
{
	uint8_t expected[COF_SHA256_LEN];
	cof_sev_mac_in in = {
		.api_major = (uint8_t)l->api_major,
		.api_minor = (uint8_t)l->api_minor,
		.build = (uint8_t)l->build,
		.policy = policy_of(l->policy),
		.tik = SPAN(l->tik),
	};
	memcpy(in.digest, l->launch_digest, sizeof in.digest);
	memcpy(in.mnonce, l->mnonce, sizeof in.mnonce);
	int rc = cof_sev_mac(&in, expected, err);
	if (rc == 0)
		same(c, "launch-measure", SPAN(expected), SPAN(l->measure));
	return rc;
}

static void check_lengths(const secret_record *s, cof_span ciphertext, cof_checks *c)
{
	(void)cof_check_equal(c, COF_STAGE_PARSE, "secret-flags", 0, (uint64_t)s->flags);
	(void)cof_check_equal(c, COF_STAGE_PARSE, "secret-guest-length", ciphertext.len, (uint64_t)s->guest_length);
	(void)cof_check_equal(c, COF_STAGE_PARSE, "secret-trans-length", ciphertext.len, (uint64_t)s->trans_length);
}

static int check_secret(const secret_record *s, const launch_record *l, const cof_verify_in *in, cof_checks *c,
			cof_err *err)
{
	cof_err bad = {0};
	COF_AUTO(cof_secret) plain = {0};
	const cof_sev_packet p = {SPAN(s->tek), SPAN(s->tik), SPAN(l->measure), cof_role(in, "secret_header"),
				  cof_role(in, "secret_ciphertext")};
	cof_rd r = cof_rd_of(p.header);
	cof_rd_skip(&r, sizeof(uint32_t));
	check_lengths(s, p.ciphertext, c);
	(void)cof_check_bytes(c, COF_STAGE_PARSE, "secret-iv", SPAN(s->iv), cof_rd_bytes(&r, COF_SEV_IV_LEN));
	if (cof_sev_packet_open(&p, &plain, &bad) == 0)
		same(c, "secret-plain", cof_secret_span(&plain), cof_role(in, "secret_plain"));
	else if (bad.cls == COF_E_INTERNAL)
		return cof_err_oom(err);
	else
		(void)cof_check_error(c, bad.cls == COF_E_CRYPTO ? COF_STAGE_SIGNATURE : COF_STAGE_PARSE, &bad);
	return 0;
}

/* ---- the record ---- */

typedef struct record {
	session_record session, peer_session;
	launch_record launch, peer_launch;
	secret_record secret;
	bool has_peer;
} record;

static void record_release(record *r)
{
	cof_wipe(r, sizeof *r);
}
COF_DEFINE_AUTO(record, record_release)

/* What another implementation states, beside the launch. */
static int read_peer(const json_t *o, record *ret, cof_err *err)
{
	static const char *const known[] = {"session_all_zero", "launch_measure", NULL};
	if (o == NULL)
		return 0;
	ret->has_peer = true;
	if (!json_is_object(o) || cof_json_only(o, known, NULL) < 0)
		return malformed(err, "peer_kats");
	int rc = read_session(json_object_get(o, "session_all_zero"), &ret->peer_session, err);
	return rc < 0 ? rc : read_launch(json_object_get(o, "launch_measure"), &ret->peer_launch, err);
}

static int read_record(cof_span in, record *ret, cof_err *err)
{
	static const char *const known[] = {"session", "launch_measure", "secret", "peer_kats", NULL};
	COF_AUTO_PTR(json_t) j = NULL;
	if (in.len > KAT_MAX || cof_json_parse(in, &j, NULL) < 0 || !json_is_object(j) ||
	    cof_json_only(j, known, NULL) < 0)
		return malformed(err, "JSON");
	int rc = read_session(json_object_get(j, "session"), &ret->session, err);
	if (rc == 0)
		rc = read_launch(json_object_get(j, "launch_measure"), &ret->launch, err);
	if (rc == 0)
		rc = read_secret(json_object_get(j, "secret"), &ret->secret, err);
	return rc < 0 ? rc : read_peer(json_object_get(j, "peer_kats"), ret, err);
}

/* What is no secret of it. */
static int launch_fields(const launch_record *l, json_t **ret, cof_err *err)
{
	char policy[9], api[16];
	(void)snprintf(policy, sizeof policy, "%08x", policy_of(l->policy));
	(void)snprintf(api, sizeof api, "%d.%d", (int)l->api_major, (int)l->api_minor);
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:s, s:s, s:I}", "policy", policy, "api", api, "build", l->build);
	int rc = o == NULL ? cof_err_oom(err) : cof_json_set_hex(o, "launch_digest", SPAN(l->launch_digest), err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}

int cof_kind_sev_kat(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	COF_AUTO(record) r = {0};
	cof_err bad = {0};
	cof_checks *c = &ret->checks;
	if (in->policy != NULL && json_object_size(in->policy) > 0)
		return cof_err_set(err, COF_E_USAGE, "policy-word", "a record of a launch takes no policy");
	if (read_record(cof_role(in, "kat"), &r, &bad) < 0) {
		(void)cof_check_error(c, COF_STAGE_PARSE, &bad);
		return 0;
	}
	int rc = check_session(&r.session, c, err);
	if (rc == 0)
		rc = check_launch(&r.launch, c, err);
	if (rc == 0)
		rc = check_secret(&r.secret, &r.launch, in, c, err);
	if (rc == 0 && r.has_peer)
		rc = check_session(&r.peer_session, c, err);
	if (rc == 0 && r.has_peer)
		rc = check_launch(&r.peer_launch, c, err);
	return rc < 0 ? rc : launch_fields(&r.launch, &ret->fields, err);
}
