/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEV and SEV-ES before launch: is this a platform that secrets may be agreed on with, and did it launch what its
 * guest's owner expects? Both answers are types that only these functions make, so that neither a session nor a secret
 * can be made without them.
 *
 * spec: AMD SEV API 0.24, 2.2 (launch), 6.5 (LAUNCH_MEASURE)
 */
#pragma once

#include "attestation/verify/sev_chain.h"
#include "attestation/verify/sev_policy.h"
#include "common/digest.h"

enum {
	COF_SEV_MEASURE_LEN = COF_SHA256_LEN,
	COF_SEV_MNONCE_LEN = 16,
	COF_SEV_MEASUREMENT_LEN = COF_SEV_MEASURE_LEN + COF_SEV_MNONCE_LEN,
	COF_SEV_TK_LEN = 16,
};

/* A platform whose whole chain held. */
typedef struct cof_sev_platform cof_sev_platform;
void cof_sev_platform_free(cof_sev_platform *p);
COF_DEFINE_AUTO_PTR(cof_sev_platform, cof_sev_platform_free)

/* The key to agree on secrets with; borrowed. */
EVP_PKEY *cof_sev_platform_pdh(const cof_sev_platform *p);
/* Of the firmware that made that key. */
uint8_t cof_sev_platform_api_major(const cof_sev_platform *p);
uint8_t cof_sev_platform_api_minor(const cof_sev_platform *p);

/*
 * Appends every check; *ret is NULL unless all passed. *ret_fields (where not NULL): what the certificates say, NULL
 * where one cannot be read. Fails for memory alone.
 */
COF_WUR int cof_sev_verify(const cof_sev_chain_in *in, const cof_sev_demands *demands, cof_checks *checks,
			   json_t **ret_fields, cof_sev_platform **ret, cof_err *err);

typedef struct cof_sev_launch_in {
	cof_span tik;			     /* 16 bytes, secret: the session's */
	uint32_t policy;		     /* the session's */
	uint8_t digest[COF_SHA256_LEN];	     /* expected: of the firmware and what goes with it */
	cof_span measurement;		     /* as QEMU gives it: MEASURE and MNONCE */
	uint8_t api_major, api_minor, build; /* as the host tells them; the measure covers them */
	bool has_api;			     /* the least firmware that will do, beside what the policy demands */
	uint8_t min_api_major, min_api_minor, min_build;
} cof_sev_launch_in;

/* A launch that was what its owner expects; the packet of its secrets is bound to the measure. */
typedef struct cof_sev_launched cof_sev_launched;
void cof_sev_launched_free(cof_sev_launched *l);
COF_DEFINE_AUTO_PTR(cof_sev_launched, cof_sev_launched_free)
cof_span cof_sev_launched_measure(const cof_sev_launched *l);

/* Appends every check; *ret is NULL unless all passed. Reason "tik-size" (usage). */
COF_WUR int cof_sev_launch_verify(const cof_sev_launch_in *in, cof_checks *checks, cof_sev_launched **ret,
				  cof_err *err);
