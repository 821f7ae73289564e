/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_cert.h"

#include "common/der.h"
#include "common/secret.h"

/* 1.3.6.1.4.1.3704.1 */
static const uint8_t amd_arc[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x01};

typedef enum slot {
	STRUCT_VERSION,
	PRODUCT,
	BOOTLOADER,
	TEE,
	SNP,
	SPL4,
	SPL5,
	SPL6,
	SPL7,
	MICROCODE,
	FMC,
	HWID,
	CSP_ID,
	SLOTS
} slot;

/* What follows the arc, and a name for people. */
static const struct {
	uint8_t arc[2];
	uint8_t len;
	const char *name;
} slots[SLOTS] = {
	[STRUCT_VERSION] = {{1}, 1, "structure version"},
	[PRODUCT] = {{2}, 1, "product name"},
	[BOOTLOADER] = {{3, 1}, 2, "boot loader"},
	[TEE] = {{3, 2}, 2, "TEE"},
	[SNP] = {{3, 3}, 2, "SNP"},
	[SPL4] = {{3, 4}, 2, "reserved part 4"},
	[SPL5] = {{3, 5}, 2, "reserved part 5"},
	[SPL6] = {{3, 6}, 2, "reserved part 6"},
	[SPL7] = {{3, 7}, 2, "reserved part 7"},
	[MICROCODE] = {{3, 8}, 2, "microcode"},
	[FMC] = {{3, 9}, 2, "FMC"},
	[HWID] = {{4}, 1, "hardware id"},
	[CSP_ID] = {{5}, 1, "provider's id"},
};

typedef struct found {
	cof_span value[SLOTS];
	bool has[SLOTS];
} found;

enum { IA5_STRING = 0x16 };

static int value_bad(cof_err *err, slot s)
{
	return cof_err_set(err, COF_E_MALFORMED, "vek-extension-value", "extension of the %s", slots[s].name);
}

static slot slot_of(cof_span behind_arc)
{
	slot s = 0;
	while (s < SLOTS && !cof_ct_equal(behind_arc, cof_span_of(slots[s].arc, slots[s].len)))
		s++;
	return s;
}

static int collect_one(const cof_x509_extension *e, found *f, cof_err *err)
{
	cof_rd r = cof_rd_of(e->oid);
	cof_span arc = cof_rd_bytes(&r, sizeof amd_arc);
	if (!cof_ct_equal(arc, cof_span_of(amd_arc, sizeof amd_arc)))
		return 0;
	slot s = slot_of(cof_rd_rest(&r));
	if (s == SLOTS)
		return cof_err_set(err, COF_E_MALFORMED, "vek-extension-unknown",
				   "an extension below AMD's arc that this verifier does not know");
	if (f->has[s])
		return cof_err_set(err, COF_E_MALFORMED, "vek-extension-repeated", "extension of the %s",
				   slots[s].name);
	f->has[s] = true;
	f->value[s] = e->value;
	return 0;
}

/* Which extensions there are follows from the line and the kind. */
static bool is_wanted(slot s, cof_snp_line line, cof_snp_key kind)
{
	if (s == SPL4 || s == FMC)
		return cof_snp_line_has_fmc(line) == (s == FMC);
	if (s == HWID || s == CSP_ID)
		return (kind == COF_SNP_VLEK) == (s == CSP_ID);
	return true;
}

static int check_set(const found *f, cof_snp_line line, cof_snp_key kind, cof_err *err)
{
	for (slot s = 0; s < SLOTS; s++) {
		bool wanted = is_wanted(s, line, kind);
		if (wanted && !f->has[s])
			return cof_err_set(err, COF_E_MALFORMED, "vek-extension-missing", "extension of the %s",
					   slots[s].name);
		if (!wanted && f->has[s])
			return cof_err_set(err, COF_E_MALFORMED, "vek-extension-unknown",
					   "extension of the %s, which this kind of certificate has not",
					   slots[s].name);
	}
	return 0;
}

/* A DER INTEGER of 0 to 255: two content bytes from 128 on. */
static int read_u8(const found *f, slot s, uint8_t *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(f->value[s]);
	uint8_t tag = cof_rd_u8(&r);
	uint8_t len = cof_rd_u8(&r);
	uint8_t v = cof_rd_u8(&r);
	bool wide = len == 2 && v == 0;
	if (wide)
		v = cof_rd_u8(&r);
	if (!cof_rd_end(&r) || tag != COF_DER_INTEGER || (len != 1 && !wide) || (v >= 0x80) != wide)
		return value_bad(err, s);
	*ret = v;
	return 0;
}

/* A DER IA5String of printable characters, shorter than its place. */
static int read_text(const found *f, slot s, char *out, size_t size, cof_err *err)
{
	cof_rd r = cof_rd_of(f->value[s]);
	uint8_t tag = cof_rd_u8(&r);
	uint8_t len = cof_rd_u8(&r);
	cof_span text = cof_rd_rest(&r);
	if (tag != IA5_STRING || len >= 0x80 || len == 0 || text.len != len || text.len >= size)
		return value_bad(err, s);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < 0x20 || text.data[i] > 0x7e)
			return value_bad(err, s);
		out[i] = (char)text.data[i];
	}
	out[text.len] = '\0';
	return 0;
}

static int read_tcb(const found *f, cof_snp_vek *v, cof_err *err)
{
	static const slot reserved[] = {SPL4, SPL5, SPL6, SPL7};
	static const slot parts[COF_SNP_PARTS] = {
		[COF_SNP_PART_FMC] = FMC, [COF_SNP_PART_BOOTLOADER] = BOOTLOADER, [COF_SNP_PART_TEE] = TEE,
		[COF_SNP_PART_SNP] = SNP, [COF_SNP_PART_MICROCODE] = MICROCODE,
	};
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < COF_SNP_PARTS; i++) {
		if (!f->has[parts[i]])
			continue;
		v->tcb.has |= (uint8_t)(1u << i);
		rc = read_u8(f, parts[i], &v->tcb.part[i], err);
	}
	for (size_t i = 0; rc == 0 && i < COF_COUNT(reserved); i++) {
		uint8_t zero = 0;
		rc = f->has[reserved[i]] ? read_u8(f, reserved[i], &zero, err) : 0;
		if (rc == 0 && zero != 0)
			rc = value_bad(err, reserved[i]);
	}
	return rc;
}

/*
 * Raw bytes in every certificate met, an OCTET STRING by AMD's document. Told apart by length alone: a raw id may
 * begin like DER.
 */
static int read_hwid(const found *f, cof_snp_vek *v, cof_err *err)
{
	size_t want = cof_snp_line_has_fmc(v->line) ? COF_SNP_CHIP_ID_SHORT_LEN : COF_SNP_CHIP_ID_LEN;
	cof_rd r = cof_rd_of(f->value[HWID]);
	if (r.left == want + 2 && (cof_rd_u8(&r) != COF_DER_OCTET_STRING || cof_rd_u8(&r) != want))
		return value_bad(err, HWID);
	if (r.left != want)
		return cof_err_set(err, COF_E_MALFORMED, "vek-hwid-size", "a hardware id of %zu bytes, not %zu",
				   f->value[HWID].len, want);
	cof_rd_copy(&r, v->hwid, want);
	v->hwid_len = want;
	return 0;
}

static cof_snp_line line_of_product(const char *product)
{
	size_t n = strcspn(product, "-");
	return cof_snp_line_by_name(cof_span_of(product, n));
}

static int read_values(const found *f, cof_snp_vek *v, cof_err *err)
{
	int rc = read_u8(f, STRUCT_VERSION, &v->struct_version, err);
	if (rc == 0 && v->struct_version != cof_snp_line_has_fmc(v->line))
		rc = value_bad(err, STRUCT_VERSION);
	if (rc == 0)
		rc = read_tcb(f, v, err);
	if (rc < 0)
		return rc;
	return v->kind == COF_SNP_VLEK ? read_text(f, CSP_ID, v->csp_id, sizeof v->csp_id, err) : read_hwid(f, v, err);
}

int cof_snp_vek_read(const cof_x509 *cert, cof_snp_key kind, cof_snp_vek *ret, cof_err *err)
{
	found f = {0};
	cof_snp_vek v = {.kind = kind};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < cert->ext.n; i++)
		rc = collect_one(&cert->ext.list[i], &f, err);
	if (rc == 0 && !f.has[PRODUCT])
		rc = cof_err_set(err, COF_E_MALFORMED, "vek-extension-missing", "extension of the %s",
				 slots[PRODUCT].name);
	if (rc == 0)
		rc = read_text(&f, PRODUCT, v.product, sizeof v.product, err);
	if (rc < 0)
		return rc;
	v.line = line_of_product(v.product);
	rc = check_set(&f, v.line, kind, err);
	if (rc == 0)
		rc = read_values(&f, &v, err);
	if (rc == 0)
		*ret = v;
	return rc;
}
