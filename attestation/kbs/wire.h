/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages between coffer-kbs' own processes. A frame is u32le length, u32le id, u16le type, then the fields of
 * the type in a fixed order, little-endian. The front and the verifier face strangers and may be compromised, so
 * their messages are hostile bytes: every field has its own limit, and leftovers are refused.
 */
#pragma once

#include "common/buf.h"

enum cof_kbs_type {
	/* front to key holder */
	COF_KBS_AUTH = 1,
	COF_KBS_ATTEST,
	COF_KBS_RESOURCE,
	COF_KBS_ADMIN,
	COF_KBS_READY, /* the front accepts connections */
	/* key holder to front */
	COF_KBS_REPLY,
	COF_KBS_DRAIN, /* accept nothing more, finish, leave */
	/* key holder to verifier, and its two answers */
	COF_KBS_JOB_BIND, /* make a credential for the AK in the TPM with this EK */
	COF_KBS_JOB_VERIFY,
	COF_KBS_BOUND,
	COF_KBS_VERDICT,
	COF_KBS_TYPES,
};

enum {
	COF_KBS_HEAD_LEN = 10,
	COF_KBS_FRAME_MAX = 4 << 20,
	COF_KBS_BODY_MAX = 2 << 20, /* of one HTTP request, as in the protocol's default */
	COF_KBS_RESOURCE_MAX = 1 << 20,
	COF_KBS_SEGMENT_MAX = 64,
	COF_KBS_NONCE_LEN = 32,
	COF_KBS_SESSION_LEN = 32, /* hex digits of the session's id */
	COF_KBS_BEARER_MAX = 16 << 10,
	COF_KBS_TPM_BLOB_MAX = 8 << 10,
	COF_KBS_WORD_MAX = 128,
	COF_KBS_PCRS = 24,
	COF_KBS_PCRS_LEN = COF_KBS_PCRS * 32,
};
#define COF_KBS_NO_PCR UINT32_MAX

typedef struct cof_kbs_head {
	uint32_t len;
	uint32_t id;
	uint16_t type;
} cof_kbs_head;

/* Spans borrow from the decoded bytes. A 0/1 member outside this range is refused. */
typedef struct cof_kbs_auth {
	cof_span peer;
	cof_span tee;
	uint32_t tpm; /* 1: the three members below were sent */
	cof_span ek_cert;
	cof_span ek_public;
	cof_span ak_public;
} cof_kbs_auth;

typedef struct cof_kbs_attest {
	cof_span peer;
	cof_span session;
	cof_span nonce; /* as text, as it was sent */
	cof_span jwk;	/* the guest's key in canonical JSON, judged by its members below */
	cof_span key_x;
	cof_span key_y;
	cof_span additional;
	uint32_t has_initdata;
	cof_span initdata;
	cof_span evidence; /* JSON; only the verifier looks inside */
} cof_kbs_attest;

typedef struct cof_kbs_resource {
	cof_span peer;
	cof_span session;
	cof_span bearer;
	cof_span repo;
	cof_span type;
	cof_span tag;
} cof_kbs_resource;

typedef struct cof_kbs_admin {
	cof_span peer;
	cof_span bearer;
	uint32_t route; /* enum cof_kbs_route */
	cof_span path;	/* as the bearer's claims name it */
	cof_span repo;	/* for the resource routes */
	cof_span type;
	cof_span tag;
	uint64_t from; /* for the audit route: first sequence number */
	cof_span body;
} cof_kbs_admin;

typedef struct cof_kbs_reply {
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
} cof_kbs_reply;

typedef struct cof_kbs_job_bind {
	cof_span ek_cert;
	cof_span ek_public;
	cof_span ak_public;
	cof_span credential;
	cof_span ek_roots; /* PEM */
	uint64_t now;
} cof_kbs_job_bind;

typedef struct cof_kbs_job_verify {
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
} cof_kbs_job_verify;

typedef struct cof_kbs_bound {
	uint32_t failed; /* an enum cof_class, 0: fine */
	cof_span reason;
	cof_span detail;
	cof_span credential_blob;
	cof_span encrypted_secret;
} cof_kbs_bound;

typedef struct cof_kbs_verdict {
	uint32_t failed; /* an enum cof_class, 0: genuine evidence, judged below */
	uint32_t affirming;
	cof_span reason;
	cof_span detail;
	uint32_t pcr;
	cof_span event;
	cof_span expected;
	cof_span found;
	cof_span pcrs;		  /* COF_KBS_PCRS_LEN, or empty when failed */
	cof_span initdata_digest; /* 32 bytes, or empty when failed */
	cof_span reference;	  /* name of the matching set, empty: none */
	cof_span ak_name;	  /* SHA-256 of the AK's public area */
} cof_kbs_verdict;

/* type is the C type's own; msg points to it. Appends a whole frame. */
COF_WUR int cof_kbs_encode(enum cof_kbs_type type, uint32_t id, const void *msg, cof_buf *ret, cof_err *err);
/* Reason "frame-malformed" for a length beyond COF_KBS_FRAME_MAX or an unknown type. */
COF_WUR int cof_kbs_head_parse(cof_span in, cof_kbs_head *ret, cof_err *err);
/* body is what follows the head; reason "frame-malformed". */
COF_WUR int cof_kbs_decode(enum cof_kbs_type type, cof_span body, void *ret, cof_err *err);
const char *cof_kbs_type_name(enum cof_kbs_type type);

/* One resource-path segment. spec: KBS protocol 7.1 and a length: [A-Za-z0-9_-][A-Za-z0-9_.-]{0,63} */
bool cof_kbs_segment_ok(cof_span s);
