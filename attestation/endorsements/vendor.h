/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vendors' services as a table: where an endorsement is asked for, and how an answer becomes one. Answers are
 * hostile; what comes out of them is only put into shape here, and judged by judge.h.
 *
 * spec: AMD KDS interface 57230; Intel PCS API 4, and a PCCS' mirror of it
 */
#pragma once

#include "attestation/endorsements/entry.h"
#include "common/http.h"

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

/* Appends path and query, which begin with '/'. */
COF_WUR int cof_kds_path(const cof_endorse_id *id, cof_buf *ret, cof_err *err);
COF_WUR int cof_pcs_path(const cof_endorse_id *id, bool pccs, cof_buf *ret, cof_err *err);

/* Body and chain of e, whose id is set, from an answer of status 200. Reason "endorsement-answer" (malformed). */
COF_WUR int cof_kds_take(const cof_http_resp *resp, cof_endorsement *e, cof_err *err);
COF_WUR int cof_pcs_take(const cof_http_resp *resp, cof_endorsement *e, cof_err *err);

/* PEM out of a header: percent-encoded, two certificates. Appends. Reason "endorsement-answer". */
COF_WUR int cof_pcs_chain_decode(cof_span header, cof_buf *ret, cof_err *err);
/* A list in DER from what PCS and PCCS send: DER, PEM or hex. Appends. Reason "endorsement-answer". */
COF_WUR int cof_pcs_crl_decode(cof_span body, cof_buf *ret, cof_err *err);
