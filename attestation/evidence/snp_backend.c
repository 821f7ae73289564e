/* SPDX-License-Identifier: Apache-2.0 */
/* SEV-SNP: configfs-tsm where the kernel has it, else the driver's device. */
#include "attestation/evidence/backend.h"
#include "attestation/evidence/certtable.h"
#include "attestation/evidence/sevguest.h"
#include "attestation/evidence/snpreport.h"
#include "attestation/evidence/tsm.h"
#include "common/file.h"
#include "common/initdata.h"

#include <openssl/rand.h>

static const char provider[] = "sev_guest";

static bool snp_present(const cof_attester_opts *opts)
{
	return cof_backend_provides(opts, provider) || cof_backend_there(opts, COF_SEVGUEST_DEVICE);
}

static int snp_open(cof_attester **ret, const cof_attester_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_attester) a = NULL;
	COF_AUTO_FREE char *folder = NULL;
	int r = cof_backend_new(&a, opts, err);
	if (r == 0)
		r = cof_path(&folder, err, "%s" COF_TSM_FOLDER, a->root);
	if (r < 0)
		return r;
	cof_tsm_sweep(a->sys, folder);
	a->by_tsm = cof_backend_provides(opts, provider);
	if (!a->by_tsm && !cof_backend_there(opts, COF_SEVGUEST_DEVICE))
		return cof_err_set(err, COF_E_UNAVAILABLE, "sev-guest-absent",
				   "neither configfs-tsm nor " COF_SEVGUEST_DEVICE " gives SNP reports");
	*ret = cof_steal(&a);
	return 0;
}

static int by_tsm(const cof_attester *a, const uint8_t data[COF_BACKEND_DATA_LEN], cof_tsm_answer *ret, cof_err *err)
{
	COF_AUTO_FREE char *folder = NULL;
	int r = cof_path(&folder, err, "%s" COF_TSM_FOLDER, a->root);
	if (r < 0)
		return r;
	const cof_tsm t = {a->sys, folder, provider, COF_SNPREPORT_LEN};
	return cof_tsm_get(&t, data, ret, err);
}

static int by_device(const cof_attester *a, const uint8_t data[COF_BACKEND_DATA_LEN], cof_tsm_answer *ret, cof_err *err)
{
	COF_AUTO_FREE char *device = NULL;
	int r = cof_path(&device, err, "%s" COF_SEVGUEST_DEVICE, a->root);
	return r < 0 ? r : cof_sevguest_get(a->sys, device, data, &ret->outblob, &ret->auxblob, err);
}

/* A report over data, whichever way it comes. */
static int get(const cof_attester *a, const uint8_t data[COF_BACKEND_DATA_LEN], cof_tsm_answer *ret, cof_err *err)
{
	int r = a->by_tsm ? by_tsm(a, data, ret, err) : by_device(a, data, ret, err);
	return r < 0 ? r : cof_snpreport_check(cof_buf_span(&ret->outblob), data, err);
}

/*
 * HOST_DATA of a report of our own. It is what the firmware says, since the driver and the firmware share a key and
 * the host none; its signature is for others, and the key broker compares once more behind it. Fresh data, so that the
 * host cannot have an earlier guest's report answer.
 */
static int snp_bind(cof_attester *a, const cof_digest *digest, cof_err *err)
{
	COF_AUTO(cof_tsm_answer) got = {0};
	uint8_t data[COF_BACKEND_DATA_LEN];
	if (RAND_bytes(data, sizeof data) != 1)
		return cof_err_set(err, COF_E_INTERNAL, "openssl", "no random bytes");
	int r = get(a, data, &got, err);
	return r < 0 ? r
		     : cof_backend_bound(
			       digest,
			       cof_span_of(got.outblob.data + COF_SNPREPORT_AT_HOST_DATA, COF_SNPREPORT_HOST_DATA_LEN),
			       err);
}

static int snp_evidence(cof_attester *a, cof_span report_data, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_tsm_answer) got = {0};
	COF_AUTO_PTR(json_t) report = NULL;
	COF_AUTO_PTR(json_t) chain = NULL;
	uint8_t data[COF_BACKEND_DATA_LEN];
	int r = cof_backend_data(report_data, data, err);
	if (r == 0)
		r = get(a, data, &got, err);
	if (r == 0)
		r = cof_snpreport_parse(cof_buf_span(&got.outblob), &report, err);
	if (r == 0)
		r = cof_certtable_parse(cof_buf_span(&got.auxblob), &chain, err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:O, s:O}", "attestation_report", report, "cert_chain", chain);
	return *ret == NULL ? cof_err_oom(err) : 0;
}

const cof_attester_backend cof_backend_snp = {
	.tee = "snp",
	.report_data_len = COF_BACKEND_DATA_LEN,
	.present = snp_present,
	.open = snp_open,
	.free = cof_backend_free,
	.bind_initdata = snp_bind,
	.evidence = snp_evidence,
};
