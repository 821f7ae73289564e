/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a PCK certificate says about the platform: the SGX extension (hostile until its chain holds), read strictly, and
 * the chain PCK <- PCK CA <- root.
 *
 * spec: Intel SGX PCK Certificate and Certificate Revocation List Profile Specification 1.5, 4.3 (SGX extensions)
 */
#pragma once

#include <jansson.h>

#include "attestation/verify/tdx_cert.h"

enum { COF_PCK_COMPONENTS = 16, COF_PCK_FMSPC_LEN = 6, COF_PCK_ID_LEN = 16, COF_PCK_PCEID_LEN = 2, COF_PCK_FLAGS = 3 };

typedef struct cof_tdx_pck {
	bool has_ppid, has_type, has_instance, has_configuration;
	uint8_t ppid[COF_PCK_ID_LEN];
	uint8_t components[COF_PCK_COMPONENTS]; /* SVNs */
	uint16_t pcesvn;
	uint8_t cpusvn[COF_PCK_ID_LEN];
	uint8_t pceid[COF_PCK_PCEID_LEN];
	uint8_t fmspc[COF_PCK_FMSPC_LEN];
	uint8_t sgx_type;		   /* 0 standard, 1 scalable, 2 scalable with integrity */
	uint8_t instance[COF_PCK_ID_LEN];  /* of a multi-package platform */
	bool configuration[COF_PCK_FLAGS]; /* dynamic platform, cached keys, SMT */
} cof_tdx_pck;

/*
 * Unknown members of the extension are passed over; a known one twice, or one of another type or size, is refused, and
 * so is an extension without TCB, PCEID or FMSPC. Reasons "pck-extension-missing", "pck-extension-malformed".
 */
COF_WUR int cof_tdx_pck_read(const cof_x509 *cert, cof_tdx_pck *ret, cof_err *err);

/*
 * Adds the checks of the whole chain (three certificates, leaf first): the anchor's, those of each certificate, and
 * those of the extension. *ret is set when all of them passed, *ret_anchor as soon as the root is the right one.
 */
bool cof_tdx_pck_check(cof_checks *c, const cof_tdx_chain *chain, cof_span root, int64_t now,
		       cof_tdx_anchor *ret_anchor, cof_tdx_pck *ret);

/* As a new object, with the certificate's serial number and its CA ("platform", "processor"). */
COF_WUR int cof_tdx_pck_json(const cof_tdx_pck *p, const cof_tdx_chain *chain, json_t **ret, cof_err *err);
