/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/evidence/certtable.h"

#include "attestation/evidence/ints.h"
#include "common/rd.h"
#include "common/secret.h"

enum { GUID_LEN = 16, ENTRY_LEN = GUID_LEN + 8 };

typedef struct kind {
	const char *name;
	uint8_t guid[GUID_LEN];
} kind;

static const kind kinds[] = {
	{"VCEK", {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd}},
	{"VLEK", {0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1}},
	{"ASK", {0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82}},
	{"ARK", {0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae}},
	{"CRL", {0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc, 0x67, 0xea}},
};

typedef struct entry {
	cof_span guid;
	size_t offset; /* from the table's start */
	cof_span data;
} entry;

static int malformed(cof_err *err, const char *why)
{
	return cof_err_set(err, COF_E_MALFORMED, "certificate-table", "certificate table: %s", why);
}

static const kind *kind_of(cof_span guid)
{
	for (size_t i = 0; i < COF_COUNT(kinds); i++) {
		if (cof_ct_equal(guid, cof_span_of(kinds[i].guid, GUID_LEN)))
			return &kinds[i];
	}
	return NULL;
}

/* Takes one entry; *ret_end for the one that is all zero. */
static int read_entry(cof_rd *r, cof_span in, entry *ret, bool *ret_end, cof_err *err)
{
	static const uint8_t zero[GUID_LEN];
	cof_rd body = cof_rd_of(in);
	entry e = {.guid = cof_rd_bytes(r, GUID_LEN)};
	uint32_t offset = cof_rd_u32le(r), len = cof_rd_u32le(r);
	if (!cof_rd_ok(r))
		return malformed(err, "without an end");
	e.offset = offset;
	*ret_end = offset == 0 && len == 0 && cof_ct_equal(e.guid, cof_span_of(zero, sizeof zero));
	cof_rd_skip(&body, offset);
	e.data = cof_rd_bytes(&body, len);
	if (!*ret_end && (!cof_rd_ok(&body) || len == 0))
		return malformed(err, "an entry outside of it");
	*ret = e;
	return 0;
}

static bool overlap(const entry *a, const entry *b)
{
	return a->offset < b->offset + b->data.len && b->offset < a->offset + a->data.len;
}

static int check_entries(const entry *e, size_t n, cof_err *err)
{
	const size_t list = (n + 1) * ENTRY_LEN;
	for (size_t i = 0; i < n; i++) {
		if (e[i].offset < list)
			return malformed(err, "an entry in its list");
		for (size_t k = 0; k < i; k++) {
			if (overlap(&e[i], &e[k]))
				return malformed(err, "two entries of the same bytes");
			if (cof_ct_equal(e[i].guid, e[k].guid))
				return malformed(err, "an entry twice");
		}
	}
	return 0;
}

static int read_entries(cof_span in, entry ret[COF_CERTTABLE_ENTRIES_MAX], size_t *ret_n, cof_err *err)
{
	cof_rd r = cof_rd_of(in);
	size_t n = 0;
	for (bool end = false;; n++) {
		entry e;
		int rc = read_entry(&r, in, &e, &end, err);
		if (rc < 0)
			return rc;
		if (end)
			break;
		if (n == COF_CERTTABLE_ENTRIES_MAX)
			return malformed(err, "too many entries");
		ret[n] = e;
	}
	*ret_n = n;
	return check_entries(ret, n, err);
}

static int add_entry(json_t *list, const char *type, cof_span data, cof_err *err)
{
	json_t *ints = NULL;
	int r = cof_ints_json(data, &ints, err);
	if (r < 0)
		return r;
	json_t *o = json_pack("{s:s, s:o}", "cert_type", type, "data", ints);
	return o == NULL || json_array_append_new(list, o) < 0 ? cof_err_oom(err) : 0;
}

int cof_certtable_parse(cof_span in, json_t **ret, cof_err *err)
{
	entry entries[COF_CERTTABLE_ENTRIES_MAX];
	size_t n = 0;
	COF_AUTO_PTR(json_t) list = json_array();
	if (list == NULL)
		return cof_err_oom(err);
	if (in.len > COF_CERTTABLE_MAX)
		return malformed(err, "size");
	int r = in.len > 0 ? read_entries(in, entries, &n, err) : 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		const kind *k = kind_of(entries[i].guid);
		if (k != NULL)
			r = add_entry(list, k->name, entries[i].data, err);
	}
	if (r == 0)
		*ret = json_array_size(list) > 0 ? cof_steal(&list) : json_null();
	return r;
}
