/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the vendors' services speak: where an endorsement is asked for, and how an answer becomes one. Answers are
 * hostile; what comes out of them is only put into shape here, and judged by judge.h.
 *
 * spec: AMD KDS interface 57230; Intel PCS API 4, and a PCCS' mirror of it
 */
#pragma once

#include "attestation/endorsements/entry.h"
#include "common/http.h"

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
