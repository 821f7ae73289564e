/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/verifier.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <signal.h>

#include "attestation/kbs/link.h"
#include "attestation/kbs/sandbox.h"
#include "attestation/verify/makecredential.h"
#include "attestation/verify/tpm.h"
#include "common/file.h"
#include "common/initdata.h"
#include "common/log.h"

int cof_verifier_bind(const cof_kb_job_bind *job, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) blob = {0};
	COF_AUTO(cof_buf) secret = {0};
	cof_err why = {0};
	const cof_tpm_bind_in in = {.ek_cert = job->ek_cert,
				    .ek_public = job->ek_public,
				    .ak_public = job->ak_public,
				    .credential = job->credential,
				    .ek_roots = job->ek_roots,
				    .now = job->now};
	cof_kb_bound b = {0};
	if (cof_tpm_bind(&in, &blob, &secret, &why) < 0) {
		b.failed = (uint32_t)why.cls;
		b.reason = cof_span_str(why.reason);
		b.detail = cof_span_str(why.text);
	} else {
		b.credential_blob = cof_buf_span(&blob);
		b.encrypted_secret = cof_buf_span(&secret);
	}
	return cof_kb_encode(COF_KB_BOUND, 0, &b, ret, err);
}

/* The digest of the initdata that came along; what does not parse is the guest's fault, not absent. */
static int initdata_field(const cof_kb_job_verify *job, uint8_t out[COF_SHA256_LEN], cof_err *err)
{
	COF_AUTO(cof_initdata) d = {0};
	int rc = cof_initdata_parse(job->initdata, &d, err);
	return rc < 0 ? rc : cof_initdata_field(&d.digest, COF_SHA256_LEN, out, err);
}

static int judge(const cof_kb_job_verify *job, cof_tpm_verdict *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) references = NULL;
	uint8_t field[COF_SHA256_LEN] = {0};
	int rc = cof_json_parse(job->references, &references, err);
	if (rc == 0 && job->has_initdata)
		rc = initdata_field(job, field, err);
	if (rc < 0)
		return rc;
	const cof_tpm_verify_in in = {.evidence = job->evidence,
				      .report_data = job->report_data,
				      .credential = job->credential,
				      .ak_public = job->ak_public,
				      .ek_roots = job->ek_roots,
				      .references = references,
				      .initdata_digests = job->initdata_digests,
				      .initdata_digest = cof_span_of(field, job->has_initdata ? sizeof field : 0),
				      .now = job->now};
	return cof_tpm_verify(&in, ret, err);
}

static int encode_refusal(const cof_err *why, cof_buf *ret, cof_err *err)
{
	const cof_kb_verdict v = {.failed = (uint32_t)why->cls,
				  .reason = cof_span_str(why->reason),
				  .detail = cof_span_str(why->text),
				  .pcr = COF_KB_NO_PCR};
	return cof_kb_encode(COF_KB_VERDICT, 0, &v, ret, err);
}

static int encode_verdict(const cof_tpm_verdict *t, cof_buf *ret, cof_err *err)
{
	uint8_t trust[COF_TRUST_COUNT];
	for (size_t i = 0; i < COF_COUNT(trust); i++)
		trust[i] = (uint8_t)(t->trust[i] & 0xff);
	const cof_kb_verdict v = {
		.affirming = t->status == COF_STATUS_AFFIRMING,
		.reason = cof_span_str(t->reason),
		.detail = cof_span_str(t->text),
		.pcr = t->pcr >= 0 ? (uint32_t)t->pcr : COF_KB_NO_PCR,
		.event = cof_span_str(t->event),
		.expected = cof_span_str(t->expected),
		.found = cof_span_str(t->found),
		.pcrs = cof_span_of(t->pcrs, sizeof t->pcrs),
		.initdata_digest = cof_span_of(t->initdata_digest, t->has_initdata ? COF_SHA256_LEN : 0),
		.reference = cof_span_str(t->reference),
		.ak_name = cof_span_of(t->ak_name, sizeof t->ak_name),
		.trust = cof_span_of(trust, sizeof trust),
	};
	return cof_kb_encode(COF_KB_VERDICT, 0, &v, ret, err);
}

int cof_verifier_judge(const cof_kb_job_verify *job, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_tpm_verdict) t = {0};
	cof_err why = {0};
	return judge(job, &t, &why) < 0 ? encode_refusal(&why, ret, err) : encode_verdict(&t, ret, err);
}

static int run(cof_span body, enum cof_kb_type type, cof_buf *ret, cof_err *err)
{
	union {
		cof_kb_job_bind bind;
		cof_kb_job_verify verify;
	} job;
	if (type != COF_KB_JOB_BIND && type != COF_KB_JOB_VERIFY)
		return cof_err_set(err, COF_E_INTERNAL, "frame-malformed", "a verifier takes no %s",
				   cof_kb_type_name(type));
	int rc = cof_kb_decode(type, body, &job, err);
	if (rc < 0)
		return rc;
	return type == COF_KB_JOB_BIND ? cof_verifier_bind(&job.bind, ret, err)
				       : cof_verifier_judge(&job.verify, ret, err);
}

/* OpenSSL reads its settings and picks its implementations now: behind the filter it can open no file. */
static int warm_up(cof_err *err)
{
	uint8_t d[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL) != 1 ||
	    EVP_Digest("", 0, d, &len, EVP_sha256(), NULL) != 1)
		return cof_err_set(err, COF_E_INTERNAL, "crypto-failed", "OpenSSL does not start");
	return 0;
}

static int one_job(cof_err *err)
{
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(cof_buf) out = {0};
	cof_kb_head head;
	int rc = warm_up(err);
	if (rc == 0)
		rc = cof_sandbox_verifier(err);
	if (rc == 0)
		rc = cof_link_read(COF_VERIFIER_FD, &head, &body, err);
	if (rc == 0)
		rc = run(cof_buf_span(&body), (enum cof_kb_type)head.type, &out, err);
	return rc < 0 ? rc : cof_fd_write_all(COF_VERIFIER_FD, cof_buf_span(&out), err);
}

int cof_verifier_main(void)
{
	cof_err err = {0};
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	if (one_job(&err) == 0)
		return 0;
	cof_log_err(COF_LOG_ERROR, "verifier", "job-failed", &err);
	return 1;
}
