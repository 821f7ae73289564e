/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a vendor's service as it wants to be asked: no faster than it allows, again only after the time that it
 * names, never longer than the caller has patience, and nowhere but where the owner said. No URL comes from evidence
 * or from an answer.
 */
#pragma once

#include "attestation/endorsements/cache.h"
#include "attestation/endorsements/vendor.h"

#define COF_ENDORSE_KDS "https://kdsintf.amd.com"
#define COF_ENDORSE_PCS "https://api.trustedservices.intel.com"
#define COF_ENDORSE_PCS_ROOT "https://certificates.trustedservices.intel.com"

typedef enum cof_endorse_service {
	COF_SERVICE_KDS,
	COF_SERVICE_PCS,
	COF_SERVICE_PCS_ROOT, /* the root's list has a host of its own */
	COF_SERVICE_PCCS,     /* in the place of both of Intel's */
	COF_SERVICES
} cof_endorse_service;

/* Of which service, where a PCCS is used for Intel's or not. */
cof_endorse_service cof_endorse_service_of(cof_endorse_type type, bool pccs);

typedef struct cof_service_opts {
	const char *base[COF_SERVICES]; /* NULL: the vendor's own; of COF_SERVICE_PCCS: there is none */
	cof_span ca_pem;		/* who vouches for the peers in TLS; empty: the system's roots */
	const char *const *resolve;	/* as in common/http.h */
	const char *proxy;
	int64_t patience_ms;   /* for one endorsement, waiting and all; 0: a minute */
	int64_t backoff_ms;    /* before the second attempt; doubles; 0: half a second */
	int64_t vcek_every_ms; /* between two VCEKs; 0: ten seconds, which is what the KDS allows */
} cof_service_opts;

typedef struct cof_service cof_service;

void cof_service_free(cof_service *s);
COF_DEFINE_AUTO_PTR(cof_service, cof_service_free)

/* Borrows store and opts' texts. Reason "service-url" (usage): a base is https://HOST[:PORT][/PATH]; http only of
 * 127.0.0.1 and [::1]. */
COF_WUR int cof_service_new(const cof_service_opts *opts, const cof_ecache *store, cof_service **ret, cof_err *err);

/* Its origin and path for this endorsement: what is remembered as its source. */
const char *cof_service_base(const cof_service *s, cof_endorse_type type);
bool cof_service_has_pccs(const cof_service *s);
/* ms for one endorsement. */
int64_t cof_service_patience(const cof_service *s);

/*
 * One endorsement, in shape, not judged: e has its id, and gets body, chain and source. deadline_ms is of cof_boot_ms.
 * Reasons "endorsement-unavailable", "endorsement-busy" (unavailable: "later"), "endorsement-not-found",
 * "endorsement-refused" (policy), "endorsement-redirect", "endorsement-answer" (malformed), and those of common/http.h.
 */
COF_WUR int cof_service_get(cof_service *s, int64_t deadline_ms, cof_endorsement *e, cof_err *err);
