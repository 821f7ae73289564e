/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/footer.h"

#include "common/hex.h"
#include "common/rd.h"
#include "common/secret.h"

enum { RESET_VECTOR_LEN = 0x20, RECORD_HEADER = 2 + COF_GUID_LEN };

/* 96b582de-1fb2-45f7-baea-a366c55a082d, and so on. */
static const uint8_t guid_footer[COF_GUID_LEN] = {0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
						  0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d};
/* 00f771de-1a7e-4fcb-890e-68c77e2fb44e */
const uint8_t cof_guid_sev_es_reset[COF_GUID_LEN] = {0xde, 0x71, 0xf7, 0x00, 0x7e, 0x1a, 0xcb, 0x4f,
						     0x89, 0x0e, 0x68, 0xc7, 0x7e, 0x2f, 0xb4, 0x4e};
/* 4c2eb361-7d9b-4cc3-8081-127c90d3d294 */
const uint8_t cof_guid_sev_secret[COF_GUID_LEN] = {0x61, 0xb3, 0x2e, 0x4c, 0x9b, 0x7d, 0xc3, 0x4c,
						   0x80, 0x81, 0x12, 0x7c, 0x90, 0xd3, 0xd2, 0x94};
/* 7255371f-3a3b-4b04-927b-1da6efa8d454 */
const uint8_t cof_guid_sev_hashes[COF_GUID_LEN] = {0x1f, 0x37, 0x55, 0x72, 0x3b, 0x3a, 0x04, 0x4b,
						   0x92, 0x7b, 0x1d, 0xa6, 0xef, 0xa8, 0xd4, 0x54};
/* dc886566-984a-4798-a75e-5585a7bf67cc */
const uint8_t cof_guid_sev_metadata[COF_GUID_LEN] = {0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47,
						     0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc};
/* e47a6535-984a-4798-865e-4685a7bf8ec2 */
const uint8_t cof_guid_tdx_metadata[COF_GUID_LEN] = {0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47,
						     0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2};
/* 784fa70e-3176-4677-8a20-04b68699e374 */
const uint8_t cof_guid_igvm_metadata[COF_GUID_LEN] = {0x0e, 0xa7, 0x4f, 0x78, 0x76, 0x31, 0x77, 0x46,
						      0x8a, 0x20, 0x04, 0xb6, 0x86, 0x99, 0xe3, 0x74};
/* a789a612-0597-4c4b-a49f-cbb1fe9d1ddd */
const uint8_t cof_guid_svsm_info[COF_GUID_LEN] = {0x12, 0xa6, 0x89, 0xa7, 0x97, 0x05, 0x4b, 0x4c,
						  0xa4, 0x9f, 0xcb, 0xb1, 0xfe, 0x9d, 0x1d, 0xdd};

typedef struct known_record {
	const uint8_t *guid;
	const char *name;
} known_record;

static const known_record known[] = {
	{cof_guid_sev_es_reset, "sev-es-reset"}, {cof_guid_sev_secret, "sev-secret"},
	{cof_guid_sev_hashes, "sev-hashes"},	 {cof_guid_sev_metadata, "sev-metadata"},
	{cof_guid_tdx_metadata, "tdx-metadata"}, {cof_guid_igvm_metadata, "igvm-metadata"},
	{cof_guid_svsm_info, "svsm-info"},
};

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "firmware-malformed", "firmware image: %s", what);
}

static bool is_guid(cof_span s, const uint8_t guid[COF_GUID_LEN])
{
	return cof_ct_equal(s, cof_span_of(guid, COF_GUID_LEN));
}

static size_t tail_u16le(cof_rd *r)
{
	cof_rd t = cof_rd_of(cof_rd_tail(r, 2));
	return cof_rd_u16le(&t);
}

/* The length of a record's data; the cursor fails when the record says less than its own header. */
static size_t tail_data_len(cof_rd *r)
{
	size_t len = tail_u16le(r);
	if (len >= RECORD_HEADER)
		return len - RECORD_HEADER;
	cof_rd_fail(r);
	return 0;
}

static int take_record(cof_rd *table, cof_footer *f, cof_err *err)
{
	cof_footer_entry e = {0};
	cof_span guid = cof_rd_tail(table, COF_GUID_LEN), before;
	e.data = cof_rd_tail(table, tail_data_len(table));
	if (!cof_rd_ok(table))
		return malformed(err, "a record of the footer table is longer than what is left of the table");
	memcpy(e.guid, guid.data, COF_GUID_LEN);
	/* Of two records hypervisors take one or the other: what is measured must not depend on that. */
	if (cof_footer_find(f, e.guid, &before) || is_guid(guid, guid_footer))
		return malformed(err, "two records of one GUID in the footer table");
	if (f->n == COF_FOOTER_ENTRIES_MAX)
		return malformed(err, "too many records in the footer table");
	f->entries[f->n++] = e;
	return 0;
}

int cof_footer_parse(cof_span image, cof_footer *ret, cof_err *err)
{
	cof_footer f = {0};
	int rc = 0;
	cof_rd r = cof_rd_of(image);
	(void)cof_rd_tail(&r, RESET_VECTOR_LEN);
	if (is_guid(cof_rd_tail(&r, COF_GUID_LEN), guid_footer)) {
		/* The footer's length is that of the whole table with itself. */
		cof_rd table = cof_rd_of(cof_rd_tail(&r, tail_data_len(&r)));
		if (!cof_rd_ok(&r))
			return malformed(err, "the footer table reaches before the start of the image");
		f.present = true;
		while (rc == 0 && table.left > 0)
			rc = take_record(&table, &f, err);
	}
	if (rc == 0)
		*ret = f;
	return rc;
}

bool cof_footer_find(const cof_footer *f, const uint8_t guid[COF_GUID_LEN], cof_span *ret)
{
	for (size_t i = 0; i < f->n; i++) {
		if (is_guid(cof_span_of(f->entries[i].guid, COF_GUID_LEN), guid)) {
			*ret = f->entries[i].data;
			return true;
		}
	}
	return false;
}

const char *cof_footer_name(const uint8_t guid[COF_GUID_LEN])
{
	for (size_t i = 0; i < COF_COUNT(known); i++) {
		if (is_guid(cof_span_of(guid, COF_GUID_LEN), known[i].guid))
			return known[i].name;
	}
	return NULL;
}

/* Where each byte of a text lies; a dash comes before some of them. */
static const uint8_t text_order[COF_GUID_LEN] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

static bool dash_before(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void cof_guid_str(const uint8_t guid[COF_GUID_LEN], char out[COF_GUID_STR_MAX])
{
	char *at = out;
	for (size_t i = 0; i < COF_GUID_LEN; i++) {
		if (dash_before(i))
			*at++ = '-';
		cof_hex(cof_span_of(guid + text_order[i], 1), at);
		at += 2;
	}
}

int cof_guid_read(const char *text, uint8_t ret[COF_GUID_LEN], cof_err *err)
{
	uint8_t guid[COF_GUID_LEN];
	bool good = strlen(text) == COF_GUID_STR_MAX - 1;
	for (size_t i = 0; good && i < COF_GUID_LEN; i++) {
		if (dash_before(i) && *text++ != '-')
			good = false;
		const char digits[3] = {text[0], text[1], '\0'};
		good = good && cof_unhex(digits, guid + text_order[i], 1, NULL) == 0;
		text += 2;
	}
	if (!good)
		return cof_err_set(err, COF_E_USAGE, "guid-malformed",
				   "a GUID is written 01234567-89ab-cdef-0123-456789abcdef");
	memcpy(ret, guid, sizeof guid);
	return 0;
}
