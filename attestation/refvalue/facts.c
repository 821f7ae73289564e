/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/facts.h"

#include "common/secret.h"

enum { WORD_LEN = 8 };

/* spec: draft-ietf-rats-corim, 5.1.4.1.4.5: numbers of flags */
enum { FLAG_DEBUG = 3, FLAG_REPLAY = 4, FLAG_INTEGRITY = 5, FLAG_CONFIDENTIALITY = 9 };

cof_span cof_fact(const cof_facts *f, cof_rim_field field)
{
	return f->stated[field] ? cof_span_of(f->value[field], cof_rim_field_of(field)->len) : (cof_span){0};
}

/* Bytes of the field's length; shorter ones are followed by zeros. */
static void say(cof_facts *f, cof_rim_field field, cof_span bytes)
{
	size_t len = cof_rim_field_of(field)->len;
	if (bytes.len == 0)
		return;
	memcpy(f->value[field], bytes.data, bytes.len < len ? bytes.len : len);
	f->stated[field] = true;
}

static void say_number(cof_facts *f, cof_rim_field field, uint64_t n)
{
	uint8_t be[WORD_LEN];
	for (size_t i = 0; i < sizeof be; i++)
		be[i] = (uint8_t)(n >> 8 * (sizeof be - 1 - i));
	say(f, field, cof_span_of(be, sizeof be));
}

static void say_unless_zero(cof_facts *f, cof_rim_field field, cof_span bytes)
{
	static const uint8_t zeros[COF_RIM_VALUE_MAX];
	if (!cof_ct_equal(bytes, cof_span_of(zeros, bytes.len)))
		say(f, field, bytes);
}

static void say_firmware(cof_facts *f, cof_rim_field field, const cof_snp_firmware *v)
{
	const uint8_t parts[] = {v->major, v->minor, v->build};
	say(f, field, cof_span_of(parts, sizeof parts));
}

static void say_flags(cof_facts *f, const cof_snp_report *r)
{
	unsigned flags = 1u << FLAG_REPLAY | 1u << FLAG_INTEGRITY | 1u << FLAG_CONFIDENTIALITY;
	if ((r->policy & COF_SNP_POLICY_DEBUG) != 0)
		flags |= 1u << FLAG_DEBUG;
	const uint8_t be[] = {(uint8_t)(flags >> 8), (uint8_t)flags};
	say(f, COF_RIM_FLAGS, cof_span_of(be, sizeof be));
}

static void say_identity(cof_facts *f, const cof_snp_report *r, const char *csp_id)
{
	say(f, COF_RIM_MEASUREMENT, cof_span_of(r->measurement, sizeof r->measurement));
	say(f, COF_RIM_HOST_DATA, cof_span_of(r->host_data, sizeof r->host_data));
	say(f, COF_RIM_ID_KEY_DIGEST, cof_span_of(r->id_key_digest, sizeof r->id_key_digest));
	if (r->author_key_en != 0)
		say(f, COF_RIM_AUTHOR_KEY_DIGEST, cof_span_of(r->author_key_digest, sizeof r->author_key_digest));
	say(f, COF_RIM_FAMILY_ID, cof_span_of(r->family_id, sizeof r->family_id));
	say(f, COF_RIM_IMAGE_ID, cof_span_of(r->image_id, sizeof r->image_id));
	say(f, COF_RIM_REPORT_DATA, cof_span_of(r->report_data, sizeof r->report_data));
	say_unless_zero(f, COF_RIM_REPORT_ID, cof_span_of(r->report_id, sizeof r->report_id));
	say_unless_zero(f, COF_RIM_REPORT_ID_MA, cof_span_of(r->report_id_ma, sizeof r->report_id_ma));
	say_unless_zero(f, COF_RIM_CHIP_ID, cof_span_of(r->chip_id, sizeof r->chip_id));
	if (f->vlek)
		say(f, COF_RIM_CSP_ID, cof_span_str(csp_id));
}

static void say_platform(cof_facts *f, const cof_snp_report *r)
{
	say_number(f, COF_RIM_POLICY, r->policy);
	say_number(f, COF_RIM_GUEST_SVN, r->guest_svn);
	say_number(f, COF_RIM_VERSION, r->version);
	say_number(f, COF_RIM_VMPL, r->vmpl);
	say_number(f, COF_RIM_PLATFORM_INFO, r->platform_info);
	say_number(f, COF_RIM_CURRENT_TCB, r->current_tcb);
	say_number(f, COF_RIM_REPORTED_TCB, r->reported_tcb);
	say_number(f, COF_RIM_COMMITTED_TCB, r->committed_tcb);
	say_number(f, COF_RIM_LAUNCH_TCB, r->launch_tcb);
	say_firmware(f, COF_RIM_CURRENT_VERSION, &r->current);
	say_firmware(f, COF_RIM_COMMITTED_VERSION, &r->committed);
	if (!r->has_cpuid)
		return;
	say_number(f, COF_RIM_CPUID_FAMILY, r->cpuid_family);
	say_number(f, COF_RIM_CPUID_MODEL, r->cpuid_model);
	say_number(f, COF_RIM_CPUID_STEPPING, r->cpuid_stepping);
}

void cof_facts_snp(const cof_snp_verified *v, cof_facts *ret)
{
	const cof_snp_report *r = cof_snp_verified_report(v);
	*ret = (cof_facts){
		.tee = COF_RIM_SNP, .vlek = r->signing_key == COF_SNP_VLEK, .line = cof_snp_verified_line(v)};
	say_identity(ret, r, cof_snp_verified_csp(v));
	say_platform(ret, r);
	say_flags(ret, r);
}

void cof_facts_tdx(const cof_tdx_verified *v, cof_facts *ret)
{
	const cof_tdx_td *td = &cof_tdx_verified_quote(v)->td;
	*ret = (cof_facts){.tee = COF_RIM_TDX};
	say(ret, COF_RIM_MRTD, td->mr_td);
	for (unsigned i = 0; i < COF_TDX_QUOTE_RTMRS; i++)
		say(ret, COF_RIM_RTMR0 + i, td->rtmr[i]);
	say(ret, COF_RIM_MRCONFIGID, td->mr_config_id);
	say(ret, COF_RIM_MROWNER, td->mr_owner);
	say(ret, COF_RIM_MROWNERCONFIG, td->mr_owner_config);
	say(ret, COF_RIM_TD_ATTRIBUTES, td->td_attributes);
	say(ret, COF_RIM_XFAM, td->xfam);
	say(ret, COF_RIM_TD_REPORT_DATA, td->report_data);
	say(ret, COF_RIM_TEE_TCB_SVN, td->tee_tcb_svn);
	say(ret, COF_RIM_TCB_STATUS, cof_span_str(cof_tdx_status_name(cof_tdx_verified_status(v))));
}
