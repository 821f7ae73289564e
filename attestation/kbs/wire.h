/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages between coffer-kbs' own processes. A frame is u32le length, u32le id, u16le type, then the fields of
 * the type in a fixed order, little-endian. The front and the verifier face strangers and may be compromised, so
 * their messages are hostile bytes: every field has its own limit, and leftovers are refused.
 */
#pragma once

#include "common/buf.h"

enum cof_kb_type {
	/* front to key holder */
	COF_KB_AUTH = 1,
	COF_KB_ATTEST,
	COF_KB_RESOURCE,
	COF_KB_ADMIN,
	COF_KB_READY, /* the front accepts connections */
	/* key holder to front */
	COF_KB_REPLY,
	COF_KB_DRAIN, /* accept nothing more, finish, leave */
	/* key holder to verifier, and its two answers */
	COF_KB_JOB_BIND, /* make a credential for the AK in the TPM with this EK */
	COF_KB_JOB_VERIFY,
	COF_KB_BOUND,
	COF_KB_VERDICT,
	COF_KB_TYPES,
};

enum {
	COF_KB_HEAD_LEN = 10,
	COF_KB_FRAME_MAX = 4 << 20,
	COF_KB_BODY_MAX = 2 << 20, /* of one HTTP request, as in the protocol's default */
	COF_KB_RESOURCE_MAX = 1 << 20,
	/* All that a verifier is told at once. With one request's evidence and initdata it fits into a frame. */
	COF_KB_REFERENCES_MAX = 3 << 19,
	COF_KB_EK_ROOTS_MAX = 256 << 10,
	COF_KB_SEGMENT_MAX = 64,
	COF_KB_NONCE_LEN = 32,
	COF_KB_SESSION_LEN = 32, /* hex digits of the session's id */
	COF_KB_BEARER_MAX = 16 << 10,
	COF_KB_TPM_BLOB_MAX = 8 << 10,
	COF_KB_WORD_MAX = 128,
	COF_KB_PCRS = 24,
	COF_KB_PCRS_LEN = COF_KB_PCRS * 32,
};
#define COF_KB_NO_PCR UINT32_MAX

typedef struct cof_kb_head {
	uint32_t len;
	uint32_t id;
	uint16_t type;
} cof_kb_head;

/* Spans borrow from the decoded bytes. A 0/1 member outside this range is refused. */
typedef struct cof_kb_auth {
	cof_span peer;
	cof_span tee;
	uint32_t tpm; /* 1: the three members below were sent */
	cof_span ek_cert;
	cof_span ek_public;
	cof_span ak_public;
} cof_kb_auth;

typedef struct cof_kb_attest {
	cof_span peer;
	cof_span session;
	cof_span nonce; /* as text, as it was sent */
	cof_span key_x; /* of the guest's P-256 key, base64url */
	cof_span key_y;
	uint32_t has_initdata;
	cof_span initdata;
	cof_span evidence; /* JSON; only the verifier looks inside */
} cof_kb_attest;

typedef struct cof_kb_resource {
	cof_span peer;
	cof_span session;
	cof_span bearer;
	cof_span repo;
	cof_span type;
	cof_span tag;
} cof_kb_resource;

typedef struct cof_kb_admin {
	cof_span peer;
	cof_span bearer;
	uint32_t route; /* enum cof_kb_route */
	cof_span path;	/* without the query; the bearer's claims name it too */
	uint64_t from;	/* for the audit route: first sequence number */
	cof_span body;
} cof_kb_admin;

typedef struct cof_kb_reply {
	uint32_t status;      /* of HTTP */
	uint32_t retry_after; /* seconds, 0: none */
	cof_span variant;     /* the protocol's error variant; empty: success */
	cof_span reason;      /* stable word */
	cof_span detail;
	uint32_t pcr;
	cof_span event;
	cof_span expected;
	cof_span found;
	cof_span session; /* set-cookie, with its life in seconds */
	uint32_t session_ttl;
	cof_span nonce; /* auth: as text */
	cof_span credential_blob;
	cof_span encrypted_secret;
	cof_span token; /* attest */
	cof_span content_type;
	cof_span body; /* resource and admin */
} cof_kb_reply;

typedef struct cof_kb_job_bind {
	cof_span ek_cert;
	cof_span ek_public;
	cof_span ak_public;
	cof_span credential;
	cof_span ek_roots; /* PEM */
	uint64_t now;
} cof_kb_job_bind;

typedef struct cof_kb_job_verify {
	cof_span report_data; /* what the quote must carry */
	cof_span credential;  /* empty: none was given, only an enrolled AK may pass */
	cof_span ak_public;   /* of the auth request */
	cof_span ek_roots;
	cof_span references;	   /* JSON array, the owner's */
	cof_span initdata_digests; /* 32 bytes each */
	uint32_t has_initdata;
	cof_span initdata;
	cof_span evidence;
	uint64_t now;
} cof_kb_job_verify;

typedef struct cof_kb_bound {
	uint32_t failed; /* an enum cof_class, 0: fine */
	cof_span reason;
	cof_span detail;
	cof_span credential_blob;
	cof_span encrypted_secret;
} cof_kb_bound;

typedef struct cof_kb_verdict {
	uint32_t failed; /* an enum cof_class, 0: genuine evidence, judged below */
	uint32_t affirming;
	cof_span reason;
	cof_span detail;
	uint32_t pcr;
	cof_span event;
	cof_span expected;
	cof_span found;
	cof_span pcrs;		  /* COF_KB_PCRS_LEN, or empty when failed */
	cof_span initdata_digest; /* 32 bytes, or empty when failed */
	cof_span reference;	  /* name of the matching set, empty: none */
	cof_span ak_name;	  /* SHA-256 of the AK's public area */
	cof_span trust;		  /* COF_TRUST_COUNT signed bytes, or empty when failed */
} cof_kb_verdict;

/* type is the C type's own; msg points to it. Appends a whole frame. */
COF_WUR int cof_kb_encode(enum cof_kb_type type, uint32_t id, const void *msg, cof_buf *ret, cof_err *err);
/* Reason "frame-malformed" for a length beyond COF_KB_FRAME_MAX or an unknown type. */
COF_WUR int cof_kb_head_parse(cof_span in, cof_kb_head *ret, cof_err *err);
/* body is what follows the head; reason "frame-malformed". */
COF_WUR int cof_kb_decode(enum cof_kb_type type, cof_span body, void *ret, cof_err *err);
const char *cof_kb_type_name(enum cof_kb_type type);

/* One resource-path segment. spec: KBS protocol 7.1 and a length: [A-Za-z0-9_-][A-Za-z0-9_.-]{0,63} */
bool cof_kb_segment_ok(cof_span s);
