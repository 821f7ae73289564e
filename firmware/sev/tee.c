/* SPDX-License-Identifier: Apache-2.0 */
/* SEV, SEV-ES and SEV-SNP as entries of the table in firmware/tee.c. */
#include "firmware/igvm.h"
#include "firmware/tee_int.h"

typedef struct sev_parts {
	cof_sev_launch launch;
	cof_sev_hashes hashes;
	cof_sev_metadata meta; /* of the SVSM image, in that mode */
} sev_parts;

static int fill_hashes(const cof_launch_document *d, cof_sev_hashes *ret, cof_err *err)
{
	int rc = 0;
	memcpy(ret->kernel, d->kernel.sha256, sizeof ret->kernel);
	if (d->initrd.given)
		memcpy(ret->initrd, d->initrd.sha256, sizeof ret->initrd);
	else
		rc = cof_sha256((cof_span){0}, ret->initrd, err);
	if (rc == 0 && d->has_cmdline_sha256)
		memcpy(ret->cmdline, d->cmdline_sha256, sizeof ret->cmdline);
	else if (rc == 0)
		rc = cof_sev_cmdline_hash(NULL, ret->cmdline, err);
	return rc;
}

static int fill(const cof_measure_in *in, sev_parts *p, cof_err *err)
{
	const cof_launch_document *d = in->doc;
	const cof_err *why = &d->sev.why;
	int rc = why->cls == COF_OK ? 0 : cof_err_set(err, why->cls, why->reason, "%s", why->text);
	p->launch = (cof_sev_launch){
		.firmware = in->firmware,
		.meta = &d->sev.meta,
		.vmm = in->vmm,
		.vcpu_sig = in->vcpu_sig,
		.guest_features = in->guest_features,
		.zero_fpu = in->zero_fpu,
		.vmsa_gpa = in->vmsa_gpa,
		.ovmf_hash = cof_measured(d->sev.ovmf_hash) ? d->sev.ovmf_hash : NULL,
		.svsm = in->svsm,
		.svsm_vars_size = in->svsm_vars_size,
		.svsm_fcw = in->svsm_fcw,
	};
	if (rc == 0 && in->svsm.len > 0) {
		rc = cof_sev_metadata_parse(in->svsm, &p->meta, err);
		p->launch.meta = &p->meta;
	}
	if (rc < 0 || !d->kernel.given || in->no_kernel_hashes)
		return rc;
	p->launch.hashes = &p->hashes;
	return fill_hashes(d, &p->hashes, err);
}

static void take(cof_measurement *ret, const char *tee, cof_hash alg, const uint8_t *digest)
{
	*ret = (cof_measurement){.tee = tee};
	cof_measurement_add(ret, "measurement", alg, digest);
}

int cof_measure_sev(const cof_measure_in *in, cof_measurement *ret, cof_err *err)
{
	uint8_t d[COF_SHA256_LEN];
	sev_parts p;
	int rc = fill(in, &p, err);
	if (rc == 0)
		rc = cof_sev_measure(&p.launch, d, err);
	if (rc == 0)
		take(ret, "sev", COF_SHA256, d);
	return rc;
}

int cof_measure_seves(const cof_measure_in *in, cof_measurement *ret, cof_err *err)
{
	uint8_t d[COF_SHA256_LEN];
	sev_parts p;
	int rc = fill(in, &p, err);
	if (rc == 0)
		rc = cof_seves_measure(&p.launch, in->vcpus, d, err);
	if (rc == 0)
		take(ret, "seves", COF_SHA256, d);
	return rc;
}

/* A whole launch in one file: its CPUs and its kernel are in it, and nothing that is given beside it would count. */
static int measure_igvm(const cof_measure_in *in, cof_measurement *ret, cof_err *err)
{
	uint8_t d[COF_SNP_DIGEST_LEN];
	const cof_igvm_measure_in file = {.file = in->firmware, .zero_pages = in->igvm_zero_pages};
	if (in->doc->kernel.given || in->svsm.len > 0)
		return cof_err_set(err, COF_E_USAGE, "igvm-is-whole",
				   "an IGVM file is measured without a kernel or SVSM");
	int rc = cof_igvm_snp_measure(&file, d, err);
	if (rc == 0)
		take(ret, "snp", COF_SHA384, d);
	return rc;
}

int cof_measure_snp(const cof_measure_in *in, cof_measurement *ret, cof_err *err)
{
	uint8_t d[COF_SNP_DIGEST_LEN];
	sev_parts p;
	if (cof_igvm_looks_like(in->firmware))
		return measure_igvm(in, ret, err);
	int rc = fill(in, &p, err);
	if (rc == 0)
		rc = cof_snp_measure(&p.launch, in->vcpus, d, err);
	if (rc == 0)
		take(ret, "snp", COF_SHA384, d);
	return rc;
}

int cof_measure_seves_upto(const cof_measure_in *in, unsigned n, cof_digest *ret, cof_err *err)
{
	COF_AUTO_FREE uint8_t(*d)[COF_SHA256_LEN] = calloc(n, sizeof *d);
	sev_parts p;
	int rc = d == NULL ? cof_err_oom(err) : fill(in, &p, err);
	if (rc == 0)
		rc = cof_seves_measure_upto(&p.launch, n, d, err);
	for (unsigned i = 0; rc == 0 && i < n; i++) {
		ret[i] = (cof_digest){.alg = COF_SHA256};
		memcpy(ret[i].bytes, d[i], COF_SHA256_LEN);
	}
	return rc;
}

int cof_measure_snp_upto(const cof_measure_in *in, unsigned n, cof_digest *ret, cof_err *err)
{
	COF_AUTO_FREE uint8_t(*d)[COF_SNP_DIGEST_LEN] = calloc(n, sizeof *d);
	sev_parts p;
	int rc = d == NULL ? cof_err_oom(err) : fill(in, &p, err);
	if (rc == 0)
		rc = cof_snp_measure_upto(&p.launch, n, d, err);
	for (unsigned i = 0; rc == 0 && i < n; i++) {
		ret[i] = (cof_digest){.alg = COF_SHA384};
		memcpy(ret[i].bytes, d[i], COF_SNP_DIGEST_LEN);
	}
	return rc;
}
