/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_table.h"

#include "common/rd.h"
#include "common/secret.h"

enum { GUID_LEN = 16, KINDS = 5 };

/* VCEK, VLEK, ASK or ASVK, ARK, CRL: in the order of the places below. */
static const uint8_t guids[KINDS][GUID_LEN] = {
	{0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd},
	{0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1},
	{0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82},
	{0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae},
	{0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc, 0x67, 0xea},
};

static int malformed(cof_err *err, const char *why)
{
	return cof_err_set(err, COF_E_MALFORMED, "certificate-table", "certificate table: %s", why);
}

/* KINDS for others, a vendor's own among them. */
static size_t kind_of(cof_span guid)
{
	size_t k = 0;
	while (k < KINDS && !cof_ct_equal(guid, cof_span_of(guids[k], GUID_LEN)))
		k++;
	return k;
}

static bool is_end(cof_span guid, uint32_t offset, uint32_t len)
{
	static const uint8_t zero[GUID_LEN];
	return offset == 0 && len == 0 && cof_ct_equal(guid, cof_span_of(zero, sizeof zero));
}

/* Offsets count from the start of the table; no sum is made that could wrap. */
static bool find_data(cof_span in, uint32_t offset, uint32_t len, cof_span *ret)
{
	cof_rd r = cof_rd_of(in);
	cof_rd_skip(&r, offset);
	*ret = cof_rd_bytes(&r, len);
	return cof_rd_ok(&r) && len > 0;
}

/* Entries up to the one that is all zero; found[k] is empty where there is none. */
static int read_entries(cof_span in, cof_span found[KINDS], cof_err *err)
{
	cof_rd r = cof_rd_of(in);
	for (size_t i = 0; i <= COF_SNP_TABLE_ENTRIES_MAX; i++) {
		cof_span data = {0};
		cof_span guid = cof_rd_bytes(&r, GUID_LEN);
		uint32_t offset = cof_rd_u32le(&r);
		uint32_t len = cof_rd_u32le(&r);
		if (is_end(guid, offset, len))
			return 0;
		if (!cof_rd_ok(&r) || !find_data(in, offset, len, &data))
			return malformed(err, "without an end, or an entry outside of it");
		size_t k = kind_of(guid);
		if (k < KINDS && found[k].len > 0)
			return malformed(err, "an entry twice");
		if (k < KINDS)
			found[k] = data;
	}
	return malformed(err, "too many entries");
}

int cof_snp_table_parse(cof_span in, cof_snp_table *ret, cof_err *err)
{
	cof_span found[KINDS] = {0};
	if (in.len > COF_SNP_TABLE_MAX)
		return malformed(err, "size");
	int rc = in.len > 0 ? read_entries(in, found, err) : 0;
	if (rc == 0)
		*ret = (cof_snp_table){found[0], found[1], found[2], found[3], found[4]};
	return rc;
}
