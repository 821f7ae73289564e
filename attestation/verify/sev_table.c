/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/sev_table.h"

#include "attestation/verify/sev_packet.h"
#include "common/rd.h"
#include "common/wr.h"

enum { HEAD_LEN = COF_GUID_LEN + sizeof(uint32_t) };

/* 1e74f542-71dd-4d66-963e-ef4287ff173b */
static const uint8_t table_guid[COF_GUID_LEN] = {0x42, 0xf5, 0x74, 0x1e, 0xdd, 0x71, 0x66, 0x4d,
						 0x96, 0x3e, 0xef, 0x42, 0x87, 0xff, 0x17, 0x3b};

static cof_span guid_span(const uint8_t guid[COF_GUID_LEN])
{
	return cof_span_of(guid, COF_GUID_LEN);
}

int cof_sev_entry_guid(const char *name, uint8_t ret[COF_GUID_LEN], cof_err *err)
{
	static const struct {
		const char *name, *guid;
	} known[] = {
		{"disk-passphrase", "736869e5-84f0-4973-92ec-06879ce3da0b"},
		{"kbc", "e6f5a162-d67f-4750-a67c-5d065f2a9910"},
	};
	for (size_t i = 0; i < COF_COUNT(known); i++) {
		if (strcmp(known[i].name, name) == 0)
			return cof_guid_read(known[i].guid, ret, err);
	}
	return cof_guid_read(name, ret, err);
}

/* NULL: fine. Linux takes an entry without a GUID for one that was wiped. */
static const char *what_is_wrong(const cof_sev_table *t)
{
	static const uint8_t none[COF_GUID_LEN];
	if (t->n == 0 || t->n > COF_SEV_TABLE_ENTRIES_MAX)
		return "has no entry, or too many";
	for (size_t i = 0; i < t->n; i++) {
		if (t->entries[i].data.len == 0 || cof_ct_equal(guid_span(t->entries[i].guid), guid_span(none)))
			return "has an entry without data or GUID";
		for (size_t k = 0; k < i; k++) {
			if (cof_ct_equal(guid_span(t->entries[i].guid), guid_span(t->entries[k].guid)))
				return "has one GUID twice";
		}
	}
	return NULL;
}

static int malformed(cof_err *err, const char *why)
{
	return cof_err_set(err, COF_E_MALFORMED, "sev-table", "the table of secrets %s", why);
}

/* ---- making ---- */

/* 0: too large. */
static size_t size_of(const cof_sev_table *t)
{
	size_t n = HEAD_LEN;
	for (size_t i = 0; i < t->n; i++) {
		if (t->entries[i].data.len > COF_SEV_SECRET_MAX)
			return 0;
		n += HEAD_LEN + t->entries[i].data.len;
	}
	return n > COF_SEV_SECRET_MAX ? 0 : n;
}

static uint8_t *put_head(uint8_t *at, const uint8_t guid[COF_GUID_LEN], size_t len)
{
	memcpy(at, guid, COF_GUID_LEN);
	cof_put_le(at + COF_GUID_LEN, sizeof(uint32_t), len);
	return at + HEAD_LEN;
}

int cof_sev_table_make(const cof_sev_table *t, cof_secret *ret, cof_err *err)
{
	const char *wrong = what_is_wrong(t);
	size_t n = wrong == NULL ? size_of(t) : 0;
	if (n == 0)
		return cof_err_set(err, COF_E_USAGE, "sev-table", "the table of secrets %s",
				   wrong != NULL ? wrong : "is larger than 16 KiB");
	int rc = cof_secret_new(ret, (n + COF_SEV_SECRET_UNIT - 1) / COF_SEV_SECRET_UNIT * COF_SEV_SECRET_UNIT, err);
	if (rc < 0)
		return rc;
	uint8_t *at = put_head(ret->data, table_guid, n);
	for (size_t i = 0; i < t->n; i++) {
		cof_span data = t->entries[i].data;
		at = put_head(at, t->entries[i].guid, HEAD_LEN + data.len);
		memcpy(at, data.data, data.len);
		at += data.len;
	}
	return 0;
}

/* ---- reading ---- */

static bool read_entry(cof_rd *r, cof_sev_entry *ret)
{
	cof_rd_copy(r, ret->guid, sizeof ret->guid);
	uint32_t len = cof_rd_u32le(r);
	if (len < HEAD_LEN)
		cof_rd_fail(r);
	ret->data = cof_rd_bytes(r, cof_rd_ok(r) ? len - HEAD_LEN : 0);
	return cof_rd_ok(r);
}

int cof_sev_table_parse(cof_span in, cof_sev_table *ret, cof_err *err)
{
	cof_sev_table t = {0};
	cof_rd r = cof_rd_of(in);
	cof_span guid = cof_rd_bytes(&r, COF_GUID_LEN);
	uint32_t len = cof_rd_u32le(&r);
	if (in.len > COF_SEV_SECRET_MAX || len < HEAD_LEN || !cof_ct_equal(guid, guid_span(table_guid)))
		return malformed(err, "does not begin as one");
	cof_rd entries = cof_rd_sub(&r, len - HEAD_LEN);
	if (!cof_rd_ok(&r) || !cof_rd_zeros(&r, r.left))
		return malformed(err, "has another length");
	while (entries.left > 0) {
		if (t.n == COF_SEV_TABLE_ENTRIES_MAX || !read_entry(&entries, &t.entries[t.n++]))
			return malformed(err, "has an entry of another length, or too many");
	}
	const char *wrong = what_is_wrong(&t);
	if (wrong != NULL)
		return malformed(err, wrong);
	*ret = t;
	return 0;
}

/* ---- the firmware's side ---- */

/* source: EDK2 OvmfPkg/ResetVector: the area's address and size */
int cof_sev_secret_fits(cof_span firmware, size_t len, cof_err *err)
{
	cof_footer f;
	cof_span area = {0};
	int rc = cof_footer_parse(firmware, &f, err);
	if (rc < 0)
		return rc;
	if (!cof_footer_find(&f, cof_guid_sev_secret, &area))
		return cof_err_set(err, COF_E_POLICY, "sev-secret-room", "the firmware has no place for a secret");
	cof_rd r = cof_rd_of(area);
	cof_rd_skip(&r, sizeof(uint32_t));
	uint32_t size = cof_rd_u32le(&r);
	if (!cof_rd_end(&r) || len > size)
		return cof_err_set(err, COF_E_POLICY, "sev-secret-room",
				   "the firmware has room for %u bytes, and the secret has %zu", size, len);
	return 0;
}
