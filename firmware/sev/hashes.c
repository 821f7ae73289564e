/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/hashes.h"

#include "common/wr.h"

enum { GUID_LEN = 16, ENTRY_LEN = GUID_LEN + 2 + COF_SHA256_LEN, TABLE_LEN = GUID_LEN + 2 + 3 * ENTRY_LEN };

/* 9438d606-4f22-4cc9-b479-a793d411fd21 */
static const uint8_t guid_table[GUID_LEN] = {0x06, 0xd6, 0x38, 0x94, 0x22, 0x4f, 0xc9, 0x4c,
					     0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21};
/* 97d02dd8-bd20-4c94-aa78-e7714d36ab2a */
static const uint8_t guid_cmdline[GUID_LEN] = {0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c,
					       0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a};
/* 44baf731-3a2f-4bd7-9af1-41e29169781d */
static const uint8_t guid_initrd[GUID_LEN] = {0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b,
					      0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d};
/* 4de79437-abd2-427f-b835-d5b172d2045b */
static const uint8_t guid_kernel[GUID_LEN] = {0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42,
					      0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b};

int cof_sev_cmdline_hash(const char *cmdline, uint8_t ret[COF_SHA256_LEN], cof_err *err)
{
	const char *text = cmdline == NULL ? "" : cmdline;
	return cof_sha256(cof_span_of(text, strlen(text) + 1), ret, err);
}

static void put_header(cof_wr *w, const uint8_t guid[GUID_LEN], uint16_t len)
{
	cof_wr_bytes(w, cof_span_of(guid, GUID_LEN));
	cof_wr_u16le(w, len);
}

static void put_entry(cof_wr *w, const uint8_t guid[GUID_LEN], const uint8_t hash[COF_SHA256_LEN])
{
	put_header(w, guid, ENTRY_LEN);
	cof_wr_bytes(w, cof_span_of(hash, COF_SHA256_LEN));
}

int cof_sev_hash_table(const cof_sev_hashes *h, uint8_t ret[COF_SEV_HASH_TABLE_LEN], cof_err *err)
{
	COF_AUTO(cof_buf) b = cof_buf_capped(COF_SEV_HASH_TABLE_LEN);
	cof_wr w = cof_wr_to(&b);
	put_header(&w, guid_table, TABLE_LEN);
	put_entry(&w, guid_cmdline, h->cmdline);
	put_entry(&w, guid_initrd, h->initrd);
	put_entry(&w, guid_kernel, h->kernel);
	cof_wr_zeros(&w, COF_SEV_HASH_TABLE_LEN - TABLE_LEN);
	int rc = cof_wr_done(&w, err);
	if (rc == 0)
		memcpy(ret, b.data, COF_SEV_HASH_TABLE_LEN);
	return rc;
}
