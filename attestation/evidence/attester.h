/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's side of attestation: one interface over the machine's root of trust, one backend per TEE, found by the
 * name that the key broker's protocol has for it. The order of calls is: open, bind_initdata once per boot, then per
 * handshake keys, activate, evidence. What the machine answers is not believed beyond its format.
 */
#pragma once

#include "attestation/evidence/cclog.h"
#include "attestation/evidence/sys.h"
#include "common/digest.h"
#include "common/json.h"

typedef struct cof_attester cof_attester;

typedef struct cof_attester_opts {
	const char *root;	 /* stands before every path of the kernel's (/dev, /sys); NULL: "" */
	const char *tcti;	 /* tpm: "device:/dev/tpmrm0", "swtpm:path=SOCKET" */
	const char *eventlog;	 /* tpm: path of the firmware's event log, as it is; NULL: none is sent */
	const char *runtime_log; /* file of what is measured after boot, made when needed; NULL: nothing is */
	const cof_sys *sys;	 /* NULL: the kernel */
} cof_attester_opts;

typedef struct cof_attester_backend {
	const char *tee;	/* as in the request's "tee" */
	size_t report_data_len; /* how many bytes of report data the evidence carries at most */
	/* Whether the kernel offers this TEE: it was there when the machine came up, or the guest is none of it. */
	bool (*present)(const cof_attester_opts *opts);
	COF_WUR int (*open)(cof_attester **ret, const cof_attester_opts *opts, cof_err *err);
	void (*free)(cof_attester *a);
	/*
	 * Ties initdata to this boot: compares its digest with the field that the launch filled (the whole field: see
	 * cof_initdata_field), reason "initdata-mismatch" (policy); or, where no launch could, binds it now: reason
	 * "initdata-bound" (policy) when something was bound before.
	 */
	COF_WUR int (*bind_initdata)(cof_attester *a, const cof_digest *digest, cof_err *err);
	/* What the request's extra-params say: an object to merge, a new reference. NULL: nothing. */
	COF_WUR int (*request_extra)(cof_attester *a, json_t **ret, cof_err *err);
	/* The challenge's extra-params, hostile; remembered for the next evidence. NULL: nothing is expected. */
	COF_WUR int (*challenge_extra)(cof_attester *a, const json_t *extra, cof_err *err);
	/* primary_evidence over report_data (1 to report_data_len bytes); a new reference. */
	COF_WUR int (*evidence)(cof_attester *a, cof_span report_data, json_t **ret, cof_err *err);
	/* See cof_attester_extend_runtime. NULL: the TEE has no register for it. */
	COF_WUR int (*extend_runtime)(cof_attester *a, const cof_runtime_event *e, cof_err *err);
} cof_attester_backend;

/* Reason "tee-unknown" (usage). */
COF_WUR int cof_attester_backend_by_name(const char *tee, const cof_attester_backend **ret, cof_err *err);

/*
 * The machine's TEE by what its kernel offers: snp, tdx, then tpm. Reason "tee-absent" (unavailable) when there is
 * none. Who calls this uses what it names or fails: a TEE that is there and does not work is no reason to prove less.
 */
COF_WUR int cof_attester_detect(const cof_attester_opts *opts, const cof_attester_backend **ret, cof_err *err);

/*
 * Measures an event of after boot, so that later evidence tells of it: logged in a format that the evidence's log has
 * room for (cclog.h), and extended (runtimelog.h has the order and why). register_index -1 is PCR 15, or RTMR3. Free
 * for this are PCRs 11 to 15, and on TDX those that map to RTMR2 (11 to 15) and RTMR3 (16 to 23). What a broker
 * compares with reference values is changed by this: a machine that measured more than its owner registered gets no
 * more keys.
 *
 * source: CoCo attestation-agent, ExtendRuntimeMeasurement(Domain, Operation, Content, RegisterIndex)
 *
 * Reasons: "extend-unsupported" (unavailable): no registers, or no log; "register-reserved" (policy); those of
 * runtimelog.h, of the TPM and of tdxguest.h.
 */
COF_WUR int cof_attester_extend_runtime(const cof_attester_backend *b, cof_attester *a, const cof_runtime_event *e,
					cof_err *err);
