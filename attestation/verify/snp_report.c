/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_report.h"

#include <stdio.h>

#include "common/rd.h"

enum { ALGO_P384_SHA384 = 1, VERSION_MIN = 2, VERSION_CPUID = 3, VERSION_MIT = 5, VERSION_MAX = 5 };
enum { SCALAR_FIELD_LEN = 72, SIGNATURE_TAIL_LEN = 368, KEY_WORD_KNOWN = 0x1f };

/* Reserved bytes before the signature, and up to which version they are. */
typedef struct reserved_range {
	uint16_t at, len, until;
} reserved_range;

static const reserved_range reserved[] = {
	{0x04c, 4, VERSION_MAX}, {0x188, 3, VERSION_CPUID - 1}, {0x18b, 21, VERSION_MAX},  {0x1eb, 1, VERSION_MAX},
	{0x1ef, 1, VERSION_MAX}, {0x1f8, 16, VERSION_MIT - 1},	{0x208, 152, VERSION_MAX},
};

static size_t first_set(cof_span s)
{
	size_t i = 0;
	while (i < s.len && s.data[i] == 0)
		i++;
	return i;
}

static bool is_zero(cof_span s)
{
	return first_set(s) == s.len;
}

static uint16_t find_reserved(cof_span in, uint32_t version)
{
	for (size_t i = 0; i < COF_COUNT(reserved); i++) {
		cof_rd r = cof_rd_of(in);
		cof_rd_skip(&r, reserved[i].at);
		size_t at = first_set(cof_rd_bytes(&r, reserved[i].len));
		if (version <= reserved[i].until && at < reserved[i].len)
			return (uint16_t)(reserved[i].at + at);
	}
	return 0;
}

static void read_head(cof_rd *r, cof_snp_report *p)
{
	p->version = cof_rd_u32le(r);
	p->guest_svn = cof_rd_u32le(r);
	p->policy = cof_rd_u64le(r);
	cof_rd_copy(r, p->family_id, sizeof p->family_id);
	cof_rd_copy(r, p->image_id, sizeof p->image_id);
	p->vmpl = cof_rd_u32le(r);
	p->signature_algo = cof_rd_u32le(r);
	p->current_tcb = cof_rd_u64le(r);
	p->platform_info = cof_rd_u64le(r);
	p->key_info = cof_rd_u32le(r);
	p->author_key_en = p->key_info & 1;
	p->mask_chip_key = p->key_info >> 1 & 1;
	p->signing_key = p->key_info >> 2 & 7;
	cof_rd_skip(r, 4);
}

static void read_guest(cof_rd *r, cof_snp_report *p)
{
	cof_rd_copy(r, p->report_data, sizeof p->report_data);
	cof_rd_copy(r, p->measurement, sizeof p->measurement);
	cof_rd_copy(r, p->host_data, sizeof p->host_data);
	cof_rd_copy(r, p->id_key_digest, sizeof p->id_key_digest);
	cof_rd_copy(r, p->author_key_digest, sizeof p->author_key_digest);
	cof_rd_copy(r, p->report_id, sizeof p->report_id);
	cof_rd_copy(r, p->report_id_ma, sizeof p->report_id_ma);
}

static cof_snp_firmware read_firmware(cof_rd *r)
{
	cof_snp_firmware f = {.build = cof_rd_u8(r)};
	f.minor = cof_rd_u8(r);
	f.major = cof_rd_u8(r);
	cof_rd_skip(r, 1);
	return f;
}

static void read_platform(cof_rd *r, cof_snp_report *p)
{
	p->reported_tcb = cof_rd_u64le(r);
	p->has_cpuid = p->version >= VERSION_CPUID;
	p->cpuid_family = cof_rd_u8(r);
	p->cpuid_model = cof_rd_u8(r);
	p->cpuid_stepping = cof_rd_u8(r);
	cof_rd_skip(r, 21);
	cof_rd_copy(r, p->chip_id, sizeof p->chip_id);
	p->committed_tcb = cof_rd_u64le(r);
	p->current = read_firmware(r);
	p->committed = read_firmware(r);
	p->launch_tcb = cof_rd_u64le(r);
	p->has_mit = p->version >= VERSION_MIT;
	p->launch_mit_vector = cof_rd_u64le(r);
	p->current_mit_vector = cof_rd_u64le(r);
	cof_rd_skip(r, 152);
}

/* A little-endian number in a field that is wider than any number modulo the curve's order. */
static bool read_scalar(cof_rd *r, uint8_t out[COF_SNP_SCALAR_LEN])
{
	cof_span le = cof_rd_bytes(r, COF_SNP_SCALAR_LEN);
	for (size_t i = 0; i < le.len; i++)
		out[COF_SNP_SCALAR_LEN - 1 - i] = le.data[i];
	return is_zero(cof_rd_bytes(r, SCALAR_FIELD_LEN - COF_SNP_SCALAR_LEN));
}

static int read_signature(cof_rd *r, cof_snp_report *p, cof_err *err)
{
	bool r_fits = read_scalar(r, p->r);
	p->scalars_fit = read_scalar(r, p->s) && r_fits;
	if (!is_zero(cof_rd_bytes(r, SIGNATURE_TAIL_LEN)))
		return cof_err_set(err, COF_E_MALFORMED, "report-padding",
				   "bytes behind the report's signature are not zero");
	return 0;
}

int cof_snp_report_parse(cof_span in, cof_snp_report *ret, cof_err *err)
{
	cof_snp_report p = {0};
	cof_rd r = cof_rd_of(in);
	if (in.len != COF_SNP_REPORT_LEN)
		return cof_err_set(err, COF_E_MALFORMED, "report-size", "a report has %d bytes, not %zu",
				   COF_SNP_REPORT_LEN, in.len);
	read_head(&r, &p);
	/* A newer version may have moved what an older reader takes for zero. */
	if (p.version < VERSION_MIN || p.version > VERSION_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "report-version",
				   "report version %u; this verifier knows %d to %d", p.version, VERSION_MIN,
				   VERSION_MAX);
	if (p.signature_algo != ALGO_P384_SHA384)
		return cof_err_set(err, COF_E_MALFORMED, "report-algorithm",
				   "signature algorithm %u, not ECDSA P-384 with SHA-384", p.signature_algo);
	read_guest(&r, &p);
	read_platform(&r, &p);
	int rc = read_signature(&r, &p, err);
	if (rc < 0)
		return rc;
	p.reserved_set = find_reserved(in, p.version);
	*ret = p;
	return 0;
}

cof_snp_line cof_snp_report_line(const cof_snp_report *r)
{
	if (!r->has_cpuid)
		return COF_SNP_MILAN;
	return cof_snp_line_by_cpuid((uint8_t)r->cpuid_family, (uint8_t)r->cpuid_model);
}

static bool tcbs_are_clean(const cof_snp_report *r, cof_snp_line line)
{
	return cof_snp_tcb_is_clean(r->current_tcb, line) && cof_snp_tcb_is_clean(r->reported_tcb, line) &&
	       cof_snp_tcb_is_clean(r->committed_tcb, line) && cof_snp_tcb_is_clean(r->launch_tcb, line);
}

void cof_snp_report_check(const cof_snp_report *r, cof_snp_line line, cof_checks *c)
{
	char found[COF_CHECK_TEXT_MAX] = "zero";
	if (r->reserved_set != 0)
		(void)snprintf(found, sizeof found, "byte 0x%x is set", r->reserved_set);
	(void)cof_check_text(c, COF_STAGE_PARSE, "report-reserved", r->reserved_set == 0, "zero", found);
	(void)snprintf(found, sizeof found, "0x%llx", (unsigned long long)r->policy);
	(void)cof_check_text(c, COF_STAGE_PARSE, "policy-reserved",
			     (r->policy & COF_SNP_POLICY_ONE) != 0 && (r->policy & ~COF_SNP_POLICY_KNOWN) == 0,
			     "bit 17 set, bits 26 to 63 clear", found);
	(void)cof_check_bits(c, COF_STAGE_PARSE, "key-word-reserved", KEY_WORD_KNOWN, r->key_info);
	(void)snprintf(found, sizeof found, "%u", r->signing_key);
	(void)cof_check_text(c, COF_STAGE_PARSE, "signing-key-reserved",
			     r->signing_key <= COF_SNP_VLEK || r->signing_key == COF_SNP_UNSIGNED,
			     "0 (VCEK), 1 (VLEK) or 7 (none)", found);
	(void)cof_check_that(c, COF_STAGE_PARSE, "tcb-reserved", tcbs_are_clean(r, line));
	(void)cof_check_text(c, COF_STAGE_PARSE, "signature-padding", r->scalars_fit, "zero behind R and S", NULL);
}

/* source: Linux sev-guest, struct snp_report_resp around MSG_REPORT_RSP */
int cof_snp_response_parse(cof_span in, cof_span *ret_report, cof_err *err)
{
	cof_rd r = cof_rd_of(in);
	if (in.len != COF_SNP_RESPONSE_LEN)
		return cof_err_set(err, COF_E_MALFORMED, "response-size", "a response has %d bytes, not %zu",
				   COF_SNP_RESPONSE_LEN, in.len);
	uint32_t status = cof_rd_u32le(&r);
	uint32_t size = cof_rd_u32le(&r);
	cof_span head = cof_rd_bytes(&r, COF_SNP_RESPONSE_HEAD_LEN - 8);
	cof_span report = cof_rd_bytes(&r, COF_SNP_REPORT_LEN);
	if (status != 0)
		return cof_err_set(err, COF_E_MALFORMED, "response-status", "the firmware answered %u", status);
	if (size != COF_SNP_REPORT_LEN)
		return cof_err_set(err, COF_E_MALFORMED, "response-report-size", "a report of %u bytes", size);
	if (!is_zero(head) || !is_zero(cof_rd_rest(&r)))
		return cof_err_set(err, COF_E_MALFORMED, "response-reserved",
				   "bytes around the response's report are not zero");
	*ret_report = report;
	return 0;
}
