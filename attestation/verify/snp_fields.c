/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_fields.h"

#include <inttypes.h>
#include <stdio.h>

#include "attestation/verify/kinds.h"
#include "common/digest.h"
#include "common/hex.h"
#include "common/json.h"

typedef enum form { NUMBER, WORD32, WORD64, TCB, BYTES, FIRMWARE } form;
typedef enum when { ALWAYS, WITH_CPUID, WITH_MIT } when;

typedef struct field {
	const char *name;
	form form;
	size_t at, len;
	when when;
} field;

#define COF_FIELD(form, member, when)                                                                                  \
	{                                                                                                              \
#member, form, offsetof(cof_snp_report, member), sizeof((cof_snp_report){0}.member), when              \
	}

static const field fields[] = {
	COF_FIELD(NUMBER, version, ALWAYS),
	COF_FIELD(NUMBER, cpuid_family, WITH_CPUID),
	COF_FIELD(NUMBER, cpuid_model, WITH_CPUID),
	COF_FIELD(NUMBER, cpuid_stepping, WITH_CPUID),
	COF_FIELD(NUMBER, guest_svn, ALWAYS),
	COF_FIELD(WORD64, policy, ALWAYS),
	COF_FIELD(BYTES, family_id, ALWAYS),
	COF_FIELD(BYTES, image_id, ALWAYS),
	COF_FIELD(NUMBER, vmpl, ALWAYS),
	COF_FIELD(NUMBER, signature_algo, ALWAYS),
	COF_FIELD(TCB, current_tcb, ALWAYS),
	COF_FIELD(WORD64, platform_info, ALWAYS),
	COF_FIELD(WORD32, key_info, ALWAYS),
	COF_FIELD(NUMBER, author_key_en, ALWAYS),
	COF_FIELD(NUMBER, mask_chip_key, ALWAYS),
	COF_FIELD(NUMBER, signing_key, ALWAYS),
	COF_FIELD(BYTES, report_data, ALWAYS),
	COF_FIELD(BYTES, measurement, ALWAYS),
	COF_FIELD(BYTES, host_data, ALWAYS),
	COF_FIELD(BYTES, id_key_digest, ALWAYS),
	COF_FIELD(BYTES, author_key_digest, ALWAYS),
	COF_FIELD(BYTES, report_id, ALWAYS),
	COF_FIELD(BYTES, report_id_ma, ALWAYS),
	COF_FIELD(TCB, reported_tcb, ALWAYS),
	COF_FIELD(BYTES, chip_id, ALWAYS),
	COF_FIELD(TCB, committed_tcb, ALWAYS),
	{"current_version", FIRMWARE, offsetof(cof_snp_report, current), sizeof(cof_snp_firmware), ALWAYS},
	{"committed_version", FIRMWARE, offsetof(cof_snp_report, committed), sizeof(cof_snp_firmware), ALWAYS},
	COF_FIELD(TCB, launch_tcb, ALWAYS),
	COF_FIELD(WORD64, launch_mit_vector, WITH_MIT),
	COF_FIELD(WORD64, current_mit_vector, WITH_MIT),
	{"signature_r_be", BYTES, offsetof(cof_snp_report, r), COF_SNP_SCALAR_LEN, ALWAYS},
	{"signature_s_be", BYTES, offsetof(cof_snp_report, s), COF_SNP_SCALAR_LEN, ALWAYS},
};

static void word_text(uint64_t v, int digits, char *out, size_t size)
{
	(void)snprintf(out, size, "%0*" PRIx64, digits, v);
}

static void firmware_text(const cof_snp_firmware *f, char *out, size_t size)
{
	(void)snprintf(out, size, "%u.%u.%u", f->major, f->minor, f->build);
}

static json_t *field_value(const field *f, const cof_snp_report *r)
{
	char text[2 * COF_SNP_CHIP_ID_LEN + 1] = "";
	const uint8_t *at = (const uint8_t *)r + f->at;
	uint32_t u32 = 0;
	uint64_t u64 = 0;
	cof_snp_firmware firmware = {0};
	if (f->form == NUMBER || f->form == WORD32)
		memcpy(&u32, at, sizeof u32);
	if (f->form == NUMBER)
		return json_integer(u32);
	if (f->form == WORD32)
		word_text(u32, 8, text, sizeof text);
	if (f->form == WORD64 || f->form == TCB) {
		memcpy(&u64, at, sizeof u64);
		/* the bytes of a TCB are parts, in the order in which they lie */
		word_text(f->form == TCB ? __builtin_bswap64(u64) : u64, 16, text, sizeof text);
	}
	if (f->form == FIRMWARE) {
		memcpy(&firmware, at, sizeof firmware);
		firmware_text(&firmware, text, sizeof text);
	}
	if (f->form == BYTES)
		cof_hex(cof_span_of(at, f->len), text);
	return json_string_nocheck(text);
}

static bool is_there(const field *f, const cof_snp_report *r)
{
	return f->when == ALWAYS || (f->when == WITH_CPUID ? r->has_cpuid : r->has_mit);
}

static json_t *parts_json(uint64_t word, cof_snp_line line)
{
	cof_snp_tcb t = cof_snp_tcb_of(word, line);
	COF_AUTO_PTR(json_t) o = json_object();
	for (unsigned i = 0; o != NULL && i < COF_SNP_PARTS; i++) {
		if ((t.has >> i & 1) != 0 &&
		    json_object_set_new_nocheck(o, cof_snp_part_name(i), json_integer(t.part[i])) < 0)
			return NULL;
	}
	return cof_steal(&o);
}

int cof_snp_fields(const cof_snp_report *r, cof_snp_line line, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = json_object();
	int rc = o == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; rc == 0 && i < COF_COUNT(fields); i++) {
		if (is_there(&fields[i], r))
			rc = cof_json_set_new(o, fields[i].name, field_value(&fields[i], r), err);
	}
	if (rc == 0)
		rc = cof_json_set_new(o, "reported_tcb_parts", parts_json(r->reported_tcb, line), err);
	if (rc == 0)
		rc = cof_json_set_str(o, "product_line", cof_snp_line_name(line), err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}

/* ---- kinds that decode and judge nothing ---- */

static int refuse_policy(const cof_verify_in *in, cof_err *err)
{
	if (in->policy != NULL && json_object_size(in->policy) > 0)
		return cof_err_set(err, COF_E_USAGE, "policy-word", "a decoder takes no policy");
	return 0;
}

/* Bytes that do not decode are a failed check, not a failure of the call. */
static bool decode(cof_span bytes, cof_snp_report *ret, cof_checks *c)
{
	cof_err bad = {0};
	if (cof_snp_report_parse(bytes, ret, &bad) < 0)
		return cof_check_error(c, COF_STAGE_PARSE, &bad);
	return true;
}

int cof_kind_snp_report_parse(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	cof_snp_report r;
	ret->decoded_only = true;
	int rc = refuse_policy(in, err);
	if (rc < 0 || !decode(cof_role(in, "report"), &r, &ret->checks))
		return rc;
	cof_snp_line line = cof_snp_report_line(&r);
	cof_snp_report_check(&r, line, &ret->checks);
	return cof_snp_fields(&r, line, &ret->fields, err);
}

static int response_fields(cof_span report, json_t **ret, cof_err *err)
{
	uint8_t digest[COF_SHA256_LEN];
	char hex[2 * COF_SHA256_LEN + 1];
	int rc = cof_sha256(report, digest, err);
	if (rc < 0)
		return rc;
	cof_hex(cof_span_of(digest, sizeof digest), hex);
	*ret = json_pack("{s:i, s:i, s:i, s:s}", "status", 0, "report_size", COF_SNP_REPORT_LEN, "report_offset",
			 COF_SNP_RESPONSE_HEAD_LEN, "report_sha256", hex);
	return *ret == NULL ? cof_err_oom(err) : 0;
}

int cof_kind_snp_response(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	cof_snp_report r;
	cof_span report;
	cof_err bad = {0};
	ret->decoded_only = true;
	int rc = refuse_policy(in, err);
	if (rc < 0)
		return rc;
	if (cof_snp_response_parse(cof_role(in, "response"), &report, &bad) < 0) {
		(void)cof_check_error(&ret->checks, COF_STAGE_PARSE, &bad);
		return 0;
	}
	if (decode(report, &r, &ret->checks))
		cof_snp_report_check(&r, cof_snp_report_line(&r), &ret->checks);
	return response_fields(report, &ret->fields, err);
}
