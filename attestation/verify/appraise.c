/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/appraise.h"

#include <stdio.h>

#include "attestation/refvalue/refvalue.h"
#include "common/hex.h"
#include "common/secret.h"

enum { INITDATA_PCR = 8 };

static bool same(const uint8_t a[COF_SHA256_LEN], const uint8_t b[COF_SHA256_LEN])
{
	return cof_ct_equal(cof_span_of(a, COF_SHA256_LEN), cof_span_of(b, COF_SHA256_LEN));
}

static void refuse(cof_tpm_verdict *v, const char *reason, const char *text)
{
	v->status = COF_STATUS_CONTRAINDICATED;
	(void)snprintf(v->reason, sizeof v->reason, "%s", reason);
	(void)snprintf(v->text, sizeof v->text, "%s", text);
}

static void refuse_pcr(cof_tpm_verdict *v, uint32_t pcr, const uint8_t expected[COF_SHA256_LEN],
		       const uint8_t found[COF_SHA256_LEN])
{
	refuse(v, "pcr-mismatch", "");
	(void)snprintf(v->text, sizeof v->text, "PCR %u does not hold what the reference measures", pcr);
	v->pcr = (int)pcr;
	cof_hex(cof_span_of(expected, COF_SHA256_LEN), v->expected);
	cof_hex(cof_span_of(found, COF_SHA256_LEN), v->found);
}

/* ---- boot ---- */

/* How many judged registers differ; *ret_first is the lowest of them. */
static unsigned differences(const cof_refvalue *ref, const cof_tpm_verdict *v, uint32_t *ret_first)
{
	unsigned n = 0;
	uint8_t want[COF_SHA256_LEN];
	for (uint32_t i = COF_PCRS; i-- > 0;) {
		if (cof_refvalue_wants(ref, i, want) && !same(want, v->pcrs[i])) {
			*ret_first = i;
			n++;
		}
	}
	return n;
}

/* The first event of a log in one register, as a name for people. */
static void name_by_log(cof_tpm_verdict *v, uint32_t pcr, const cof_eventlog *log)
{
	for (size_t i = 0; log != NULL && i < log->n; i++) {
		char name[COF_EVENT_NAME_MAX];
		if (log->events[i].reg != pcr)
			continue;
		cof_event_name(&log->events[i], name);
		(void)snprintf(v->event, sizeof v->event, "%s", name);
		return;
	}
}

/* The log replays to the quoted registers by now, so the first event that differs is where the boots part. */
static void explain_boot(const cof_refvalue *ref, uint32_t first, const cof_eventlog *log, cof_tpm_verdict *v)
{
	cof_event_diff d;
	uint8_t want[COF_SHA256_LEN];
	(void)cof_refvalue_wants(ref, first, want);
	if (log == NULL || !cof_ref_events_differ(ref->events, ref->n, COF_TPM_REGS_PREDICTED, log, &d)) {
		refuse_pcr(v, first, want, v->pcrs[first]);
		name_by_log(v, first, log);
		return;
	}
	refuse_pcr(v, d.reg, d.expected.bytes, d.found.bytes);
	(void)snprintf(v->event, sizeof v->event, "%s", d.name);
	(void)snprintf(v->text, sizeof v->text, "PCR %u, event '%s': %s (reference '%.64s')", d.reg, d.name,
		       d.missing   ? "was not measured"
		       : d.surplus ? "was measured and is not in the reference"
				   : "is not what the reference measures",
		       ref->name);
	if (d.missing)
		v->found[0] = '\0';
	if (d.surplus)
		v->expected[0] = '\0';
}

/* Takes the first reference that matches, else explains by the closest one. */
static int judge_boot(const json_t *references, const cof_eventlog *log, cof_tpm_verdict *v, cof_err *err)
{
	unsigned closest = COF_PCRS + 1;
	size_t n = json_array_size(references);
	if (n > COF_TPM_REFERENCES_MAX)
		return cof_err_set(err, COF_E_USAGE, "reference-malformed", "%zu references", n);
	refuse(v, "reference-missing", "no reference values are registered");
	for (size_t i = 0; i < n; i++) {
		COF_AUTO(cof_refvalue) ref = {0};
		uint32_t first = 0;
		int r = cof_refvalue_parse(json_array_get(references, i), &ref, err);
		if (r < 0)
			return r;
		unsigned d = differences(&ref, v, &first);
		if (d == 0) {
			v->status = COF_STATUS_AFFIRMING;
			v->reason[0] = v->text[0] = v->event[0] = v->expected[0] = v->found[0] = '\0';
			v->pcr = -1;
			(void)snprintf(v->reference, sizeof v->reference, "%s", ref.name);
			return 0;
		}
		if (d < closest) {
			closest = d;
			v->event[0] = '\0';
			explain_boot(&ref, first, log, v);
		}
	}
	return 0;
}

/* ---- initdata ---- */

static int bound_value(const uint8_t digest[COF_SHA256_LEN], uint8_t out[COF_SHA256_LEN], cof_err *err)
{
	cof_digest pcr, field = {.alg = COF_SHA256};
	cof_reg_start(COF_LOG_TPM, COF_SHA256, INITDATA_PCR, 0, &pcr);
	memcpy(field.bytes, digest, COF_SHA256_LEN);
	int r = cof_reg_extend(&pcr, &field, err);
	if (r == 0)
		memcpy(out, pcr.bytes, COF_SHA256_LEN);
	return r;
}

static void refuse_initdata(const cof_tpm_verify_in *in, cof_tpm_verdict *v, const char *text, cof_err *err)
{
	uint8_t want[COF_SHA256_LEN];
	refuse(v, "initdata-mismatch", text);
	v->pcr = INITDATA_PCR;
	(void)snprintf(v->event, sizeof v->event, "initdata");
	v->expected[0] = '\0';
	/* With several registered there is no one value to expect. */
	if (in->initdata_digests.len == COF_SHA256_LEN && bound_value(in->initdata_digests.data, want, err) == 0)
		cof_hex(cof_span_of(want, COF_SHA256_LEN), v->expected);
	cof_hex(cof_span_of(v->pcrs[INITDATA_PCR], COF_SHA256_LEN), v->found);
}

/* Sets has_initdata and initdata_digest when PCR 8 holds exactly one registered digest and nothing else. */
static int find_initdata(cof_span digests, cof_tpm_verdict *v, cof_err *err)
{
	for (size_t at = 0; at < digests.len; at += COF_SHA256_LEN) {
		uint8_t want[COF_SHA256_LEN];
		int r = bound_value(digests.data + at, want, err);
		if (r < 0)
			return r;
		if (same(want, v->pcrs[INITDATA_PCR])) {
			v->has_initdata = true;
			memcpy(v->initdata_digest, digests.data + at, COF_SHA256_LEN);
		}
	}
	return 0;
}

static const char *initdata_fault(const cof_tpm_verify_in *in, const cof_tpm_verdict *v)
{
	static const uint8_t zero[COF_SHA256_LEN];
	if (same(v->pcrs[INITDATA_PCR], zero))
		return "no initdata was bound to this boot";
	if (!v->has_initdata)
		return "the initdata of this boot is not registered";
	if (in->initdata_digest.len > 0 &&
	    !cof_ct_equal(in->initdata_digest, cof_span_of(v->initdata_digest, COF_SHA256_LEN)))
		return "the initdata sent is not the one bound to this boot";
	return NULL;
}

static int check_sizes(const cof_tpm_verify_in *in, cof_err *err)
{
	if (in->initdata_digests.len % COF_SHA256_LEN != 0 ||
	    (in->initdata_digest.len != 0 && in->initdata_digest.len != COF_SHA256_LEN))
		return cof_err_set(err, COF_E_USAGE, "initdata-digest", "initdata digests have %d bytes each",
				   COF_SHA256_LEN);
	return 0;
}

/* spec: draft-ietf-rats-ar4si: a TPM that the host may run says nothing of hardware or of memory */
static void set_trust(cof_tpm_verdict *v, bool boot_ok, bool initdata_ok)
{
	v->trust[COF_TRUST_INSTANCE_IDENTITY] = 2;
	v->trust[COF_TRUST_EXECUTABLES] = boot_ok ? 2 : 96;
	v->trust[COF_TRUST_CONFIGURATION] = initdata_ok ? 2 : 96;
}

int cof_tpm_appraise(const cof_tpm_verify_in *in, const cof_eventlog *log, cof_tpm_verdict *ret, cof_err *err)
{
	int r = check_sizes(in, err);
	if (r == 0)
		r = judge_boot(in->references, log, ret, err);
	if (r == 0)
		r = find_initdata(in->initdata_digests, ret, err);
	if (r < 0)
		return r;
	bool boot_ok = ret->status == COF_STATUS_AFFIRMING;
	const char *fault = initdata_fault(in, ret);
	if (boot_ok && fault != NULL)
		refuse_initdata(in, ret, fault, err);
	set_trust(ret, boot_ok, fault == NULL);
	return 0;
}
