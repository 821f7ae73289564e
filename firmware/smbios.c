/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/smbios.h"

#include "common/rd.h"

enum { TYPE_END = 127, HEADER = 4 };

typedef struct filter {
	uint8_t type;
	uint8_t at;
	uint8_t len;
	bool string; /* the byte is the index of a string, which is blanked too */
} filter;

static const filter filters[] = {
	{1, 0x07, 1, true},  {1, 0x08, 16, false}, {1, 0x18, 1, false}, {2, 0x07, 1, true},  {2, 0x0a, 1, true},
	{3, 0x07, 1, true},  {3, 0x08, 1, true},   {4, 0x20, 1, true},	{4, 0x21, 1, true},  {4, 0x22, 1, true},
	{4, 0x23, 1, false}, {4, 0x24, 1, false},  {4, 0x25, 1, false}, {4, 0x2a, 2, false}, {4, 0x2c, 2, false},
	{4, 0x2e, 2, false}, {4, 0x11, 1, false},  {4, 0x16, 2, false}, {17, 0x18, 1, true}, {17, 0x19, 1, true},
	{17, 0x1a, 1, true},
};

/* Types whose whole body is blanked, beside the vendors' own (128 and above). */
static const uint8_t blank_types[] = {11, 15, 18, 31, 33};

typedef struct structure {
	uint8_t *data;
	size_t len; /* the formatted part */
	size_t all; /* with the strings and their end */
} structure;

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "smbios-malformed", "SMBIOS table: %s", what);
}

/* The strings end with an empty one; without any string there are two NULs. */
static bool measure_structure(cof_buf *b, size_t at, structure *ret)
{
	cof_rd r = cof_rd_of((cof_span){b->data + at, b->len - at});
	(void)cof_rd_u8(&r);
	size_t len = cof_rd_u8(&r);
	if (!cof_rd_ok(&r) || len < HEADER || len + 2 > b->len - at)
		return false;
	for (size_t i = at + len; i + 1 < b->len; i++) {
		if (b->data[i] == 0 && b->data[i + 1] == 0) {
			*ret = (structure){b->data + at, len, i + 2 - at};
			return true;
		}
	}
	return false;
}

static void blank_string(structure *s, uint8_t index)
{
	size_t at = s->len;
	for (uint8_t k = 1; k < index && at < s->all; k++) {
		while (at < s->all && s->data[at] != 0)
			at++;
		at++;
	}
	for (; at < s->all && s->data[at] != 0; at++)
		s->data[at] = ' ';
}

static bool is_blank_type(uint8_t type)
{
	for (size_t i = 0; i < COF_COUNT(blank_types); i++) {
		if (blank_types[i] == type)
			return true;
	}
	return type >= 128;
}

static void apply_filters(structure *s)
{
	if (is_blank_type(s->data[0])) {
		memset(s->data + HEADER, 0, s->all - HEADER);
		return;
	}
	for (size_t i = 0; i < COF_COUNT(filters); i++) {
		const filter *f = &filters[i];
		if (f->type != s->data[0] || (size_t)f->at + f->len > s->len)
			continue;
		if (f->string && s->data[f->at] != 0)
			blank_string(s, s->data[f->at]);
		memset(s->data + f->at, 0, f->len);
	}
}

int cof_smbios_digest(cof_span table, cof_hash alg, cof_digest *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = cof_buf_capped(COF_SMBIOS_MAX);
	int rc = cof_buf_add(&b, table.data, table.len, err);
	if (rc < 0)
		return rc;
	for (size_t at = 0;;) {
		structure s;
		if (!measure_structure(&b, at, &s))
			return malformed(err, "a structure is cut off");
		bool last = s.data[0] == TYPE_END;
		apply_filters(&s);
		at += s.all;
		if (last)
			return cof_digest_of(alg, (cof_span){b.data, at}, ret, err);
	}
}
