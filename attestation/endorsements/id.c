/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/endorsements/id.h"

#include <stdio.h>

#include "common/hex.h"
#include "common/rd.h"
#include "common/secret.h"

/* source: KDS interface 57230: the parameters of a VCEK in this order, FMC where the line has one */
static const cof_snp_part kds_order[] = {COF_SNP_PART_FMC, COF_SNP_PART_BOOTLOADER, COF_SNP_PART_TEE, COF_SNP_PART_SNP,
					 COF_SNP_PART_MICROCODE};

bool cof_endorse_is_snp(cof_endorse_type type)
{
	return type <= COF_ENDORSE_SNP_VCEK;
}

size_t cof_endorse_chip_len(cof_snp_line line)
{
	return cof_snp_line_has_fmc(line) ? COF_SNP_CHIP_ID_SHORT_LEN : COF_SNP_CHIP_ID_LEN;
}

/* --- writing --- */

static const char *key_name(cof_snp_key key)
{
	return key == COF_SNP_VLEK ? "vlek" : "vcek";
}

static void name_vcek(const cof_endorse_id *id, char out[COF_ENDORSE_NAME_MAX])
{
	char hex[2 * COF_SNP_CHIP_ID_LEN + 1], parts[32] = "";
	size_t n = 0;
	cof_hex(cof_span_of(id->chip, cof_endorse_chip_len(id->line)), hex);
	for (size_t i = cof_snp_line_has_fmc(id->line) ? 0 : 1; i < COF_COUNT(kds_order); i++)
		n += (size_t)snprintf(parts + n, sizeof parts - n, "%s%u", n == 0 ? "" : ".",
				      id->tcb.part[kds_order[i]]);
	(void)snprintf(out, COF_ENDORSE_NAME_MAX, "snp/vcek/%s/%s/%s", cof_snp_line_name(id->line), hex, parts);
}

static void name_fmspc(const cof_endorse_id *id, char out[COF_ENDORSE_NAME_MAX])
{
	char hex[2 * COF_ENDORSE_FMSPC_LEN + 1];
	cof_hex(cof_span_of(id->fmspc, sizeof id->fmspc), hex);
	(void)snprintf(out, COF_ENDORSE_NAME_MAX, "tdx/tcb-info/%s", hex);
}

static void name_line(const cof_endorse_id *id, const char *what, char out[COF_ENDORSE_NAME_MAX])
{
	(void)snprintf(out, COF_ENDORSE_NAME_MAX, "snp/%s/%s/%s", what, key_name(id->key), cof_snp_line_name(id->line));
}

void cof_endorse_name(const cof_endorse_id *id, char out[COF_ENDORSE_NAME_MAX])
{
	const char *fixed = "tdx/root-crl";
	switch (id->type) {
	case COF_ENDORSE_SNP_CHAIN:
		name_line(id, "chain", out);
		return;
	case COF_ENDORSE_SNP_CRL:
		name_line(id, "crl", out);
		return;
	case COF_ENDORSE_SNP_VCEK:
		name_vcek(id, out);
		return;
	case COF_ENDORSE_TDX_TCB_INFO:
		name_fmspc(id, out);
		return;
	case COF_ENDORSE_TDX_QE_IDENTITY:
		fixed = "tdx/qe-identity";
		break;
	case COF_ENDORSE_TDX_PCK_CRL:
		fixed = id->processor_ca ? "tdx/pck-crl/processor" : "tdx/pck-crl/platform";
		break;
	case COF_ENDORSE_TDX_ROOT_CRL:
	case COF_ENDORSE_TYPES:
		break;
	}
	(void)snprintf(out, COF_ENDORSE_NAME_MAX, "%s", fixed);
}

/* --- reading --- */

/* Up to the next separator, which is taken too, or to the end. */
static cof_span next_word(cof_rd *r, char separator)
{
	size_t n = 0;
	for (cof_rd look = *r; look.left > 0 && cof_rd_u8(&look) != (uint8_t)separator;)
		n++;
	cof_span word = cof_rd_bytes(r, n);
	if (r->left > 0)
		cof_rd_skip(r, 1);
	return word;
}

static bool is_word(cof_span word, const char *text)
{
	return cof_ct_equal(word, cof_span_str(text));
}

static bool take_hex(cof_span word, uint8_t *out, size_t len)
{
	COF_AUTO_FREE char *text = cof_span_dup_str(word);
	return text != NULL && cof_unhex(text, out, len, NULL) == 0;
}

/* 0 to 255; how it is written is compared with the name as a whole. */
static bool take_part(cof_span word, uint8_t *ret)
{
	unsigned v = 0;
	cof_rd r = cof_rd_of(word);
	if (word.len == 0 || word.len > 3)
		return false;
	while (r.left > 0) {
		uint8_t c = cof_rd_u8(&r);
		if (c < '0' || c > '9')
			return false;
		v = v * 10 + (unsigned)(c - '0');
	}
	*ret = (uint8_t)v;
	return v <= UINT8_MAX;
}

static bool take_vcek(cof_rd *r, cof_endorse_id *id)
{
	id->type = COF_ENDORSE_SNP_VCEK;
	id->line = cof_snp_line_by_name(next_word(r, '/'));
	if (!take_hex(next_word(r, '/'), id->chip, cof_endorse_chip_len(id->line)))
		return false;
	for (size_t i = cof_snp_line_has_fmc(id->line) ? 0 : 1; i < COF_COUNT(kds_order); i++) {
		if (!take_part(next_word(r, '.'), &id->tcb.part[kds_order[i]]))
			return false;
		id->tcb.has |= (uint8_t)(1U << kds_order[i]);
	}
	return true;
}

static bool take_line(cof_rd *r, cof_endorse_type type, cof_endorse_id *id)
{
	id->type = type;
	id->key = is_word(next_word(r, '/'), "vlek") ? COF_SNP_VLEK : COF_SNP_VCEK;
	id->line = cof_snp_line_by_name(next_word(r, '/'));
	return id->line != COF_SNP_LINE_NONE;
}

static bool take_snp(cof_rd *r, cof_endorse_id *id)
{
	cof_span what = next_word(r, '/');
	if (is_word(what, "chain"))
		return take_line(r, COF_ENDORSE_SNP_CHAIN, id);
	if (is_word(what, "crl"))
		return take_line(r, COF_ENDORSE_SNP_CRL, id);
	return is_word(what, "vcek") && take_vcek(r, id);
}

static bool take_tdx(cof_rd *r, cof_endorse_id *id)
{
	cof_span what = next_word(r, '/');
	if (is_word(what, "tcb-info")) {
		id->type = COF_ENDORSE_TDX_TCB_INFO;
		return take_hex(next_word(r, '/'), id->fmspc, sizeof id->fmspc);
	}
	if (is_word(what, "pck-crl")) {
		id->type = COF_ENDORSE_TDX_PCK_CRL;
		id->processor_ca = is_word(next_word(r, '/'), "processor");
		return true;
	}
	id->type = is_word(what, "qe-identity") ? COF_ENDORSE_TDX_QE_IDENTITY : COF_ENDORSE_TDX_ROOT_CRL;
	return true;
}

int cof_endorse_name_parse(cof_span name, cof_endorse_id *ret, cof_err *err)
{
	cof_endorse_id id = {0};
	char again[COF_ENDORSE_NAME_MAX] = "";
	cof_rd r = cof_rd_of(name);
	cof_span vendor = next_word(&r, '/');
	bool taken = name.len < COF_ENDORSE_NAME_MAX &&
		     ((is_word(vendor, "snp") && take_snp(&r, &id)) || (is_word(vendor, "tdx") && take_tdx(&r, &id)));
	if (taken)
		cof_endorse_name(&id, again);
	/* What was passed over, or can be written in two ways, does not come back the same. */
	if (!taken || !cof_ct_equal(name, cof_span_str(again)))
		return cof_err_set(err, COF_E_MALFORMED, "endorsement-name", "not the name of an endorsement");
	*ret = id;
	return 0;
}
