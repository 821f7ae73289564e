/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/rimfield.h"

enum { SHA256 = 32, SHA384 = 48, ID = 16, WORD = 8, LONG = 64, NUMBER = 8, DOTTED = 3, SVNS = 16, WORDS = 32 };

static const cof_rim_field_info fields[COF_RIM_FIELDS] = {
	[COF_RIM_MEASUREMENT] = {"measurement", "snp_launch_measurement", COF_RIM_DIGEST, SHA384, 0},
	[COF_RIM_HOST_DATA] = {"host_data", "snp_host_data", COF_RIM_DIGEST, SHA256, 0},
	[COF_RIM_ID_KEY_DIGEST] = {"id_key_digest", "snp_id_key_digest", COF_RIM_DIGEST, SHA384, 0},
	[COF_RIM_AUTHOR_KEY_DIGEST] = {"author_key_digest", "snp_author_key_digest", COF_RIM_DIGEST, SHA384, 0},
	[COF_RIM_POLICY] = {"policy", "snp_policy", COF_RIM_BYTES, WORD, 0},
	[COF_RIM_GUEST_SVN] = {"guest_svn", "snp_guest_svn", COF_RIM_NUMBER, NUMBER, 32},
	[COF_RIM_VERSION] = {"version", NULL, COF_RIM_NUMBER, NUMBER, 32},
	[COF_RIM_FAMILY_ID] = {"family_id", NULL, COF_RIM_BYTES, ID, 0},
	[COF_RIM_IMAGE_ID] = {"image_id", NULL, COF_RIM_BYTES, ID, 0},
	[COF_RIM_VMPL] = {"vmpl", NULL, COF_RIM_NUMBER, NUMBER, 32},
	[COF_RIM_FLAGS] = {"flags", NULL, COF_RIM_BYTES, 2, 0},
	[COF_RIM_PLATFORM_INFO] = {"platform_info", NULL, COF_RIM_BYTES, WORD, 0},
	[COF_RIM_REPORT_DATA] = {"report_data", NULL, COF_RIM_BYTES, LONG, 0},
	[COF_RIM_REPORT_ID] = {"report_id", NULL, COF_RIM_BYTES, SHA256, 0},
	[COF_RIM_REPORT_ID_MA] = {"report_id_ma", NULL, COF_RIM_BYTES, SHA256, 0},
	[COF_RIM_CURRENT_TCB] = {"current_tcb", NULL, COF_RIM_TCB, WORD, 0},
	[COF_RIM_REPORTED_TCB] = {"reported_tcb", NULL, COF_RIM_TCB, WORD, 0},
	[COF_RIM_COMMITTED_TCB] = {"committed_tcb", NULL, COF_RIM_TCB, WORD, 0},
	[COF_RIM_LAUNCH_TCB] = {"launch_tcb", NULL, COF_RIM_TCB, WORD, 0},
	[COF_RIM_CURRENT_VERSION] = {"current_version", NULL, COF_RIM_DOTTED, DOTTED, 0},
	[COF_RIM_COMMITTED_VERSION] = {"committed_version", NULL, COF_RIM_DOTTED, DOTTED, 0},
	[COF_RIM_CPUID_FAMILY] = {"cpuid_family", NULL, COF_RIM_NUMBER, NUMBER, 8},
	[COF_RIM_CPUID_MODEL] = {"cpuid_model", NULL, COF_RIM_NUMBER, NUMBER, 8},
	[COF_RIM_CPUID_STEPPING] = {"cpuid_stepping", NULL, COF_RIM_NUMBER, NUMBER, 8},
	[COF_RIM_CHIP_ID] = {"chip_id", NULL, COF_RIM_DIGEST, LONG, 0},
	[COF_RIM_CSP_ID] = {"csp_id", NULL, COF_RIM_TEXT, COF_RIM_VALUE_MAX, 0},
	[COF_RIM_MRTD] = {"mrtd", "mr_td", COF_RIM_DIGEST, SHA384, 0},
	[COF_RIM_RTMR0] = {"rtmr0", "rtmr_0", COF_RIM_DIGEST, SHA384, 0},
	[COF_RIM_RTMR1] = {"rtmr1", "rtmr_1", COF_RIM_DIGEST, SHA384, 0},
	[COF_RIM_RTMR2] = {"rtmr2", "rtmr_2", COF_RIM_DIGEST, SHA384, 0},
	[COF_RIM_RTMR3] = {"rtmr3", "rtmr_3", COF_RIM_DIGEST, SHA384, 0},
	[COF_RIM_MRCONFIGID] = {"mrconfigid", "mr_config_id", COF_RIM_BYTES, SHA384, 0},
	[COF_RIM_MROWNER] = {"mrowner", NULL, COF_RIM_BYTES, SHA384, 0},
	[COF_RIM_MROWNERCONFIG] = {"mrownerconfig", NULL, COF_RIM_BYTES, SHA384, 0},
	[COF_RIM_TD_ATTRIBUTES] = {"td_attributes", NULL, COF_RIM_BYTES, WORD, 0},
	[COF_RIM_XFAM] = {"xfam", "xfam", COF_RIM_BYTES, WORD, 0},
	[COF_RIM_TD_REPORT_DATA] = {"report_data", NULL, COF_RIM_BYTES, LONG, 0},
	[COF_RIM_TEE_TCB_SVN] = {"tee_tcb_svn", NULL, COF_RIM_SVNS, SVNS, 0},
	[COF_RIM_TCB_STATUS] = {"tcb_status", NULL, COF_RIM_TEXT, WORDS, 0},
};

const cof_rim_field_info *cof_rim_field_of(cof_rim_field f)
{
	return &fields[f];
}

cof_rim_field cof_rim_field_first(cof_rim_tee tee)
{
	return tee == COF_RIM_SNP ? COF_RIM_MEASUREMENT : tee == COF_RIM_TDX ? COF_RIM_TDX_FIRST : COF_RIM_FIELDS;
}

cof_rim_field cof_rim_field_end(cof_rim_tee tee)
{
	return tee == COF_RIM_SNP ? COF_RIM_TDX_FIRST : COF_RIM_FIELDS;
}

cof_rim_field cof_rim_field_launch(cof_rim_tee tee)
{
	return tee == COF_RIM_SNP ? COF_RIM_MEASUREMENT : tee == COF_RIM_TDX ? COF_RIM_MRTD : COF_RIM_FIELDS;
}
