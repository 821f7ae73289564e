/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/footer.h"

#include <stdio.h>

#include "common/rd.h"
#include "common/secret.h"

enum { RESET_VECTOR_LEN = 0x20, RECORD_MIN = 2 + COF_GUID_LEN };

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
/* 96b582de-1fb2-45f7-baea-a366c55a082d */
static const uint8_t guid_footer[COF_GUID_LEN] = {0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
						  0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d};

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "firmware-malformed", "GUID table: %s", what);
}

static bool is_guid(cof_span s, const uint8_t guid[COF_GUID_LEN])
{
	return cof_ct_equal(s, cof_span_of(guid, COF_GUID_LEN));
}

bool cof_footer_find(const cof_footer *f, const uint8_t guid[COF_GUID_LEN], cof_span *ret)
{
	for (size_t i = 0; i < f->n; i++) {
		if (!is_guid(cof_span_of(f->entries[i].guid, COF_GUID_LEN), guid))
			continue;
		*ret = f->entries[i].data;
		return true;
	}
	return false;
}

/* GUID and length of the record that ends where the cursor ends. */
static size_t take_header(cof_rd *r, cof_span *ret_guid)
{
	*ret_guid = cof_rd_tail(r, COF_GUID_LEN);
	cof_rd length = cof_rd_of(cof_rd_tail(r, 2));
	return cof_rd_u16le(&length);
}

static int take_record(cof_rd *table, cof_footer *f, cof_err *err)
{
	cof_span guid, seen;
	size_t len = take_header(table, &guid);
	if (!cof_rd_ok(table) || len < RECORD_MIN || len - RECORD_MIN > table->left)
		return malformed(err, "length of a record");
	if (f->n == COF_FOOTER_ENTRIES_MAX)
		return malformed(err, "too many records");
	cof_footer_entry *e = &f->entries[f->n];
	cof_rd g = cof_rd_of(guid);
	cof_rd_copy(&g, e->guid, COF_GUID_LEN);
	if (cof_footer_find(f, e->guid, &seen))
		return malformed(err, "two records of one GUID");
	e->data = cof_rd_tail(table, len - RECORD_MIN);
	f->n++;
	return 0;
}

int cof_footer_parse(cof_span image, cof_footer *ret, cof_err *err)
{
	cof_footer f = {0};
	cof_span guid;
	cof_rd r = cof_rd_of(image);
	(void)cof_rd_tail(&r, RESET_VECTOR_LEN);
	size_t len = take_header(&r, &guid);
	f.present = cof_rd_ok(&r) && is_guid(guid, guid_footer);
	if (f.present && (len < RECORD_MIN || len - RECORD_MIN > r.left))
		return malformed(err, "length of the table");
	cof_rd table = cof_rd_of(f.present ? cof_rd_tail(&r, len - RECORD_MIN) : (cof_span){0});
	while (table.left > 0) {
		int rc = take_record(&table, &f, err);
		if (rc < 0)
			return rc;
	}
	*ret = f;
	return 0;
}

const char *cof_footer_name(const uint8_t guid[COF_GUID_LEN])
{
	static const struct {
		const uint8_t *guid;
		const char *name;
	} names[] = {
		{cof_guid_sev_es_reset, "sev-es-reset"}, {cof_guid_sev_secret, "sev-secret"},
		{cof_guid_sev_hashes, "sev-hashes"},	 {cof_guid_sev_metadata, "sev-metadata"},
		{cof_guid_tdx_metadata, "tdx-metadata"}, {cof_guid_igvm_metadata, "igvm-metadata"},
		{cof_guid_svsm_info, "svsm-info"},
	};
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		if (is_guid(cof_span_of(guid, COF_GUID_LEN), names[i].guid))
			return names[i].name;
	}
	return NULL;
}

void cof_guid_str(const uint8_t guid[COF_GUID_LEN], char out[COF_GUID_STR_MAX])
{
	cof_rd r = cof_rd_of(cof_span_of(guid, COF_GUID_LEN));
	uint32_t a = cof_rd_u32le(&r);
	unsigned b = cof_rd_u16le(&r), c = cof_rd_u16le(&r), d = cof_rd_u16be(&r), e = cof_rd_u16be(&r);
	(void)snprintf(out, COF_GUID_STR_MAX, "%08x-%04x-%04x-%04x-%04x%08x", a, b, c, d, e, cof_rd_u32be(&r));
}
