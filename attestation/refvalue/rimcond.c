/* SPDX-License-Identifier: Apache-2.0 */
/* The conditions of an entry: what may be demanded of which field. */
#include "attestation/refvalue/rim.h"
#include "common/rd.h"
#include "common/wr.h"

static int malformed(cof_err *err, cof_rim_field f, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "rim-malformed", "reference values: %s: %s", cof_rim_field_of(f)->name,
			   what);
}

/* Which forms can be asked what. */
static const bool ops[][COF_RIM_RANGE + 1] = {
	[COF_RIM_DIGEST] = {[COF_RIM_IS] = true},
	[COF_RIM_BYTES] = {[COF_RIM_IS] = true, [COF_RIM_MASKED] = true},
	[COF_RIM_NUMBER] = {[COF_RIM_IS] = true, [COF_RIM_AT_LEAST] = true, [COF_RIM_RANGE] = true},
	[COF_RIM_TCB] = {[COF_RIM_IS] = true, [COF_RIM_AT_LEAST] = true},
	[COF_RIM_SVNS] = {[COF_RIM_IS] = true, [COF_RIM_AT_LEAST] = true},
	[COF_RIM_DOTTED] = {[COF_RIM_IS] = true},
	[COF_RIM_TEXT] = {[COF_RIM_IS] = true},
};

static bool count_fits(cof_rim_op op, size_t n)
{
	if (op == COF_RIM_IS)
		return n >= 1 && n <= COF_RIM_VALUES_MAX;
	return n == (op == COF_RIM_AT_LEAST ? 1 : 2);
}

/* A mask without a bit would be true of anything, and a bit beside the mask shows that somebody meant another one. */
static bool mask_fits(cof_span value, cof_span mask)
{
	bool any = false;
	for (size_t i = 0; i < mask.len; i++) {
		if ((value.data[i] & ~mask.data[i]) != 0)
			return false;
		any = any || mask.data[i] != 0;
	}
	return any;
}

/* Printable, at least one character, and zeros alone behind it. */
static bool text_fits(cof_span s)
{
	size_t n = 0;
	while (n < s.len && s.data[n] >= 0x20 && s.data[n] <= 0x7e)
		n++;
	for (size_t i = n; i < s.len; i++) {
		if (s.data[i] != 0)
			return false;
	}
	return n > 0 && n < s.len;
}

static int check_values(const cof_rim_cond *c, cof_err *err)
{
	const cof_rim_field_info *info = cof_rim_field_of(c->field);
	for (size_t i = 0; i < c->n; i++) {
		if (info->form == COF_RIM_NUMBER && cof_rim_value_number(c, i) >> info->bits != 0)
			return malformed(err, c->field, "a number is too large");
		if (info->form == COF_RIM_TEXT && !text_fits(cof_rim_value(c, i)))
			return malformed(err, c->field, "a text");
	}
	if (c->op == COF_RIM_MASKED && !mask_fits(cof_rim_value(c, 0), cof_rim_value(c, 1)))
		return malformed(err, c->field, "a mask that is empty, or bits beside it");
	if (c->op == COF_RIM_RANGE && cof_rim_value_number(c, 0) > cof_rim_value_number(c, 1))
		return malformed(err, c->field, "an empty range");
	return 0;
}

static int append(cof_rim_launch *l, const cof_rim_cond *c, cof_err *err)
{
	cof_rim_cond *grown = reallocarray(l->conds, l->n + 1, sizeof *grown);
	if (grown == NULL)
		return cof_err_oom(err);
	l->conds = grown;
	l->conds[l->n++] = *c;
	return 0;
}

static int copy(cof_rim_entry *e, const cof_rim_cond *from, cof_span values, cof_err *err)
{
	COF_AUTO_FREE uint8_t *own = malloc(values.len);
	if (own == NULL)
		return cof_err_oom(err);
	memcpy(own, values.data, values.len);
	cof_rim_cond c = *from;
	c.values = own;
	int rc = check_values(&c, err);
	if (rc == 0)
		rc = append(&e->launch, &c, err);
	if (rc == 0)
		own = NULL; /* the entry's now */
	return rc;
}

int cof_rim_demand(cof_rim_entry *e, cof_rim_field f, cof_rim_op op, cof_span values, cof_err *err)
{
	const cof_rim_field_info *info = cof_rim_field_of(f);
	const cof_rim_cond c = {.field = f, .op = op, .n = values.len / info->len};
	if (f < cof_rim_field_first(e->tee) || f >= cof_rim_field_end(e->tee))
		return malformed(err, f, "a field of another TEE");
	if (cof_rim_cond_on(e, f) != NULL)
		return malformed(err, f, "it stands twice");
	if (!ops[info->form][op] || values.len % info->len != 0 || !count_fits(op, c.n))
		return malformed(err, f, "a demand of another form, or a value of another length");
	return copy(e, &c, values, err);
}

int cof_rim_demand_number(cof_rim_entry *e, cof_rim_field f, cof_rim_op op, uint64_t from, uint64_t to, cof_err *err)
{
	COF_AUTO(cof_buf) values = {0};
	cof_wr w = cof_wr_to(&values);
	cof_wr_u64be(&w, from);
	if (op == COF_RIM_RANGE)
		cof_wr_u64be(&w, to);
	int rc = cof_wr_done(&w, err);
	return rc < 0 ? rc : cof_rim_demand(e, f, op, cof_buf_span(&values), err);
}

const cof_rim_cond *cof_rim_cond_on(const cof_rim_entry *e, cof_rim_field f)
{
	bool has = f >= cof_rim_field_first(e->tee) && f < cof_rim_field_end(e->tee);
	for (size_t i = 0; has && i < e->launch.n; i++) {
		if (e->launch.conds[i].field == f)
			return &e->launch.conds[i];
	}
	return NULL;
}

cof_span cof_rim_value(const cof_rim_cond *c, size_t i)
{
	size_t len = cof_rim_field_of(c->field)->len;
	return cof_span_of(c->values + i * len, len);
}

uint64_t cof_rim_value_number(const cof_rim_cond *c, size_t i)
{
	cof_rd r = cof_rd_of(cof_rim_value(c, i));
	return cof_rd_u64be(&r);
}

bool cof_rim_entry_is_open(const cof_rim_entry *e)
{
	cof_rim_field f = cof_rim_field_launch(e->tee);
	return f != COF_RIM_FIELDS && cof_rim_cond_on(e, f) == NULL;
}
