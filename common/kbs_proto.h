/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key broker's wire format, shared by broker and guest: requests, challenges, evidence envelopes, errors, resource
 * paths, and the report data that ties evidence to nonce and key. Parsers take hostile bytes; the caller has limited
 * their length to COF_KBSP_BODY_MAX. What a parser returns borrows from its doc.
 *
 * spec: KBS protocol 0.4.0, with coffer's extra-params.tpm and refusal members
 */
#pragma once

#include "common/digest.h"
#include "common/json.h"

#define COF_KBSP_VERSION "0.4.0"
#define COF_KBSP_COOKIE "kbs-session-id"
#define COF_KBSP_PREFIX "/kbs/v0"
#define COF_KBSP_ERROR_TYPE "https://github.com/confidential-containers/kbs/errors/"

enum {
	COF_KBSP_BODY_MAX = 2 << 20,
	COF_KBSP_NONCE_LEN = 32,
	COF_KBSP_NONCE_STR = 44, /* base64 of it */
	COF_KBSP_REPORT_LEN = COF_SHA384_LEN,
	COF_KBSP_REPORT_TPM_LEN = 32, /* what fits into a quote's extraData here: the first bytes of it */
	COF_KBSP_SEGMENT_MAX = 128,
	COF_KBSP_INITDATA_MAX = 1 << 20,
};

/* SHA-384 over canonical JSON of {additional-evidence, nonce, tee-pubkey}. additional is "" when there is none; its
 * key is there even then. */
COF_WUR int cof_kbsp_report_data(const char *nonce, const json_t *tee_pubkey, const char *additional,
				 uint8_t out[COF_KBSP_REPORT_LEN], cof_err *err);

/* ---- POST /auth ---- */
typedef struct cof_kbsp_request {
	json_t *doc;
	const char *version; /* checked to be COF_KBSP_VERSION: reason "kbs-version" */
	const char *tee;
	const json_t *extra; /* any JSON value; NULL when absent */
} cof_kbsp_request;
void cof_kbsp_request_release(cof_kbsp_request *r);
COF_DEFINE_AUTO(cof_kbsp_request, cof_kbsp_request_release)
/* extra NULL: {"supported-hash-algorithms":[…]} alone. extra (an object, borrowed) is merged into it. */
COF_WUR int cof_kbsp_request_make(const char *tee, const json_t *extra, cof_buf *ret, cof_err *err);
COF_WUR int cof_kbsp_request_parse(cof_span body, cof_kbsp_request *ret, cof_err *err);

/* ---- its answer ---- */
typedef struct cof_kbsp_challenge {
	json_t *doc;
	const char *nonce;
	const json_t *extra; /* a string "" or an object */
} cof_kbsp_challenge;
void cof_kbsp_challenge_release(cof_kbsp_challenge *c);
COF_DEFINE_AUTO(cof_kbsp_challenge, cof_kbsp_challenge_release)
/* extra NULL: the empty string, as the protocol has it. */
COF_WUR int cof_kbsp_challenge_make(const char *nonce, const json_t *extra, cof_buf *ret, cof_err *err);
COF_WUR int cof_kbsp_challenge_parse(cof_span body, cof_kbsp_challenge *ret, cof_err *err);

/* ---- extra-params.tpm of both ---- */
typedef struct cof_kbsp_tpm_keys {
	cof_buf ek_cert;   /* DER, may be empty: a TPM without certificate */
	cof_buf ek_public; /* TPM2B_PUBLIC */
	cof_buf ak_public; /* TPM2B_PUBLIC */
} cof_kbsp_tpm_keys;
void cof_kbsp_tpm_keys_release(cof_kbsp_tpm_keys *k);
COF_DEFINE_AUTO(cof_kbsp_tpm_keys, cof_kbsp_tpm_keys_release)
typedef struct cof_kbsp_tpm_cred {
	cof_buf credential_blob;
	cof_buf encrypted_secret;
} cof_kbsp_tpm_cred;
void cof_kbsp_tpm_cred_release(cof_kbsp_tpm_cred *c);
COF_DEFINE_AUTO(cof_kbsp_tpm_cred, cof_kbsp_tpm_cred_release)
/* *ret is the object for extra: {"tpm":{…}}, a new reference. */
COF_WUR int cof_kbsp_tpm_keys_make(const cof_kbsp_tpm_keys *k, json_t **ret, cof_err *err);
COF_WUR int cof_kbsp_tpm_cred_make(const cof_kbsp_tpm_cred *c, json_t **ret, cof_err *err);
/* extra as parsed above. *ret_present false (and *ret left alone) when there is no "tpm" in it. */
COF_WUR int cof_kbsp_tpm_keys_parse(const json_t *extra, cof_kbsp_tpm_keys *ret, bool *ret_present, cof_err *err);
COF_WUR int cof_kbsp_tpm_cred_parse(const json_t *extra, cof_kbsp_tpm_cred *ret, bool *ret_present, cof_err *err);

/* ---- POST /attest ---- */
typedef struct cof_kbsp_attest {
	json_t *doc;	      /* parsed: owner of the rest; NULL when made */
	const char *initdata; /* the plain TOML; NULL: none */
	const char *nonce;
	const json_t *tee_pubkey; /* an object; cof_jwe_check_jwk judges it */
	const json_t *evidence;	  /* primary_evidence, an object */
	const char *additional;	  /* "" when there is none */
} cof_kbsp_attest;
void cof_kbsp_attest_release(cof_kbsp_attest *a);
COF_DEFINE_AUTO(cof_kbsp_attest, cof_kbsp_attest_release)
COF_WUR int cof_kbsp_attest_make(const cof_kbsp_attest *a, cof_buf *ret, cof_err *err);
COF_WUR int cof_kbsp_attest_parse(cof_span body, cof_kbsp_attest *ret, cof_err *err);

/* ---- its answer: {"token":"<JWT>"} ---- */
COF_WUR int cof_kbsp_token_make(const char *jwt, cof_buf *ret, cof_err *err);
/* A heap string in compact JWS alphabet; its signature is not for the guest to judge. */
COF_WUR int cof_kbsp_token_parse(cof_span body, char **ret, cof_err *err);

/* ---- errors ---- */
/* Why a request was refused; empty members are left out of the JSON. pcr is -1 when none is meant. */
typedef struct cof_kbsp_refusal {
	char variant[48]; /* "PolicyDeny", "TokenNotFound", … */
	char detail[320];
	char reason[48]; /* our stable word; "" from a peer that has none */
	int pcr;
	char event[96];
	char expected[136];
	char found[136];
} cof_kbsp_refusal;
COF_WUR int cof_kbsp_error_make(const cof_kbsp_refusal *why, cof_buf *ret, cof_err *err);
/* Hostile: text is cut to size and made printable. Fails only when it is no error JSON at all. */
COF_WUR int cof_kbsp_error_parse(cof_span body, cof_kbsp_refusal *ret, cof_err *err);
/* {"reason","pcr","event","expected","found"}: absent ones null; a new reference. For run reports and progress. */
COF_WUR int cof_kbsp_refusal_json(const cof_kbsp_refusal *why, json_t **ret, cof_err *err);
/* Fills from such an object; unknown members are ignored. */
COF_WUR int cof_kbsp_refusal_from_json(const json_t *v, cof_kbsp_refusal *ret, cof_err *err);

/* ---- resources ---- */
typedef struct cof_kbsp_path {
	char repo[COF_KBSP_SEGMENT_MAX + 1];
	char type[COF_KBSP_SEGMENT_MAX + 1];
	char tag[COF_KBSP_SEGMENT_MAX + 1];
} cof_kbsp_path;
/* "repo/type/tag", each [a-zA-Z0-9_-][a-zA-Z0-9_.-]*, nothing else. Reason "resource-path" (malformed). */
COF_WUR int cof_kbsp_path_parse(const char *text, cof_kbsp_path *ret, cof_err *err);
/* "kbs:///r/t/t" or "kbs+resource:///…": a host in it is refused, so that no annotation chooses where evidence goes.
 * "/r/t/t" is accepted too. */
COF_WUR int cof_kbsp_uri_parse(const char *uri, cof_kbsp_path *ret, cof_err *err);
/* out holds COF_KBSP_PATH_STR. */
enum { COF_KBSP_PATH_STR = 3 * COF_KBSP_SEGMENT_MAX + 3 };
void cof_kbsp_path_str(const cof_kbsp_path *p, char out[COF_KBSP_PATH_STR]);
bool cof_kbsp_path_equal(const cof_kbsp_path *a, const cof_kbsp_path *b);
/* "repo/type/tag" in which a "*" stands for one whole segment, never for a part of one. */
bool cof_kbsp_pattern_ok(const char *pattern);
/* pattern has passed cof_kbsp_pattern_ok. */
bool cof_kbsp_pattern_matches(const char *pattern, const cof_kbsp_path *p);
