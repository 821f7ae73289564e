/* SPDX-License-Identifier: Apache-2.0 */
/* What the backends of the attester share: one file each, and what they keep. */
#pragma once

#include "attestation/evidence/attester.h"
#include "attestation/evidence/runtimelog.h"
#include "attestation/evidence/tpm.h"

struct cof_attester {
	const cof_sys *sys;
	char *root;
	char *eventlog;	   /* NULL: none is sent */
	char *runtime_log; /* NULL: nothing is measured after boot */
	cof_tpm *tpm;	   /* that backend's */
	bool by_tsm;	   /* snp: reports come by configfs-tsm */
};

extern const cof_attester_backend cof_backend_snp;
extern const cof_attester_backend cof_backend_tdx;
extern const cof_attester_backend cof_backend_tpm;

/* With root, event log and sys of opts. */
COF_WUR int cof_backend_new(cof_attester **ret, const cof_attester_opts *opts, cof_err *err);
/* The free of every backend. */
void cof_backend_free(cof_attester *a);
COF_DEFINE_AUTO_PTR(cof_attester, cof_backend_free)

const cof_sys *cof_backend_sys(const cof_attester_opts *opts);
/* Whether a path below the root can be opened. */
bool cof_backend_there(const cof_attester_opts *opts, const char *path);
/* Whether configfs-tsm gives this provider's reports. */
bool cof_backend_provides(const cof_attester_opts *opts, const char *provider);

/* Report data in a field of 64 bytes, zeros behind it. Reason "report-data" (usage): empty or longer. */
enum { COF_BACKEND_DATA_LEN = 64 };
COF_WUR int cof_backend_data(cof_span report_data, uint8_t ret[COF_BACKEND_DATA_LEN], cof_err *err);
/* The runtime log's records in step with the registers; none where there is no such log. */
COF_WUR int cof_backend_records(const cof_attester *a, const cof_runtimelog *l, cof_buf *ret, cof_err *err);
/* Reason "register-reserved". */
COF_WUR int cof_backend_reserved(int index, cof_err *err);
enum { COF_RUNTIME_FIRST = 11, COF_RUNTIME_LAST = 15 };

/* The field that the launch filled against the digest of what the host handed over. Reason "initdata-mismatch". */
COF_WUR int cof_backend_bound(const cof_digest *digest, cof_span field, cof_err *err);
