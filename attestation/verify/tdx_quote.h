/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TDX quotes (hostile), version 4 and 5: parsed strictly, with nothing judged yet. All spans borrow from the input.
 * A bare TDREPORT is no quote: its MAC means nothing outside of the machine that made it.
 *
 * spec: Intel TDX DCAP Quote Generation Library and Quote Verification Library, appendix A.3 (version 4) and A.4
 * (version 5); SGX report body: Intel SDM 3D, 38.15
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "common/buf.h"

enum {
	COF_TDX_QUOTE_MAX = 64 << 10, /* with a device buffer's padding */
	COF_TDX_SVNS = 16,
	COF_TDX_QUOTE_RTMRS = 4,
	COF_TDX_HASH_LEN = 48,
	COF_TDX_REPORT_DATA_LEN = 64,
	COF_TDX_CERT_PCK_CHAIN = 5, /* of the certification data: the one that can be verified alone */
};

typedef enum cof_tdx_body_type { COF_TDX_BODY_10 = 2, COF_TDX_BODY_15 = 3 } cof_tdx_body_type;

/* The TD report body; numbers little-endian. */
typedef struct cof_tdx_td {
	cof_span tee_tcb_svn; /* of the module at the TD's launch */
	cof_span mr_seam, mr_signer_seam, seam_attributes;
	cof_span td_attributes, xfam;
	cof_span mr_td, mr_config_id, mr_owner, mr_owner_config;
	cof_span rtmr[COF_TDX_QUOTE_RTMRS];
	cof_span report_data;
	cof_span tee_tcb_svn2;	/* 1.5: of the module that is loaded now; else empty */
	cof_span mr_service_td; /* 1.5; else empty */
} cof_tdx_td;

/* The quoting enclave's SGX report. */
typedef struct cof_tdx_qe {
	cof_span bytes; /* all of it: what the PCK signs */
	cof_span cpu_svn, miscselect, attributes, mr_enclave, mr_signer;
	uint16_t isv_prod_id, isv_svn;
	cof_span report_data;
} cof_tdx_qe;

typedef struct cof_tdx_quote {
	uint16_t version, key_type;
	uint32_t tee_type;
	uint16_t qe_svn, pce_svn; /* nobody who knows signs them: no facts */
	cof_span qe_vendor_id, user_data;
	cof_tdx_body_type body_type; /* version 4: COF_TDX_BODY_10 */
	cof_tdx_td td;
	cof_span signed_bytes; /* header, descriptor and body */
	cof_span signature, attestation_key;
	cof_tdx_qe qe;
	cof_span qe_signature;
	cof_span qe_auth; /* any length, 0 too */
	uint16_t cert_type;
	cof_span pck_chain;
	size_t len; /* without what follows the declared end: len + padding is the whole input */
	size_t padding;
} cof_tdx_quote;

/*
 * Zeros behind the declared end are padding of a device's buffer; anything else there is refused. Reasons (malformed):
 * "tdx-quote-length", "tdx-quote-version", "tdx-quote-key-type", "tdx-quote-tee-type", "tdx-quote-vendor-id",
 * "tdx-quote-body-size", "tdx-quote-certification-type", "tdx-quote-trailing-bytes".
 */
COF_WUR int cof_tdx_quote_parse(cof_span in, cof_tdx_quote *ret, cof_err *err);

/* TDATTRIBUTES as a number. */
uint64_t cof_tdx_attributes(const cof_tdx_td *td);

/* What the quote says, as a new object: header, td, qe_report, lengths; bytes as hex in the order of the quote. */
COF_WUR int cof_tdx_quote_json(const cof_tdx_quote *q, json_t **ret, cof_err *err);
