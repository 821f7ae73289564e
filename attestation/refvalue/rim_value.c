/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/rim_value.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/hex.h"
#include "common/rd.h"

static int malformed(cof_err *err, cof_rim_field f, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "reference-malformed", "reference values: '%s': %s",
			   cof_rim_field_of(f)->name, what);
}

/* ---- one value ---- */

void cof_rim_value_text(cof_rim_field f, cof_span value, char *ret, size_t room)
{
	cof_rd r = cof_rd_of(value);
	char hex[2 * COF_RIM_VALUE_MAX + 1];
	switch (cof_rim_field_of(f)->form) {
	case COF_RIM_NUMBER:
		(void)snprintf(ret, room, "%" PRIu64, cof_rd_u64be(&r));
		return;
	case COF_RIM_DOTTED:
		(void)snprintf(ret, room, "%u.%u.%u", value.data[0], value.data[1], value.data[2]);
		return;
	case COF_RIM_TEXT:
		(void)snprintf(ret, room, "%.*s", (int)value.len, (const char *)value.data);
		return;
	default:
		cof_hex(value, hex);
		(void)snprintf(ret, room, "%s", hex);
	}
}

static json_t *value_json(cof_rim_field f, cof_span value)
{
	char text[2 * COF_RIM_VALUE_MAX + 1];
	cof_rd r = cof_rd_of(value);
	if (cof_rim_field_of(f)->form == COF_RIM_NUMBER)
		return json_integer((json_int_t)cof_rd_u64be(&r));
	cof_rim_value_text(f, value, text, sizeof text);
	return json_string(text);
}

bool cof_rim_hex(const json_t *v, uint8_t *ret, size_t len)
{
	const char *hex = json_string_value(v);
	return hex != NULL && json_string_length(v) == strspn(hex, "0123456789abcdef") &&
	       cof_unhex(hex, ret, len, NULL) == 0;
}

bool cof_rim_dotted(cof_span s, uint8_t ret[COF_RIM_DOTTED_LEN])
{
	size_t at = 0, digits = 0;
	unsigned n = 0;
	for (size_t i = 0; i <= s.len; i++) {
		uint8_t c = i < s.len ? s.data[i] : '.';
		if (c == '.') {
			if (digits == 0 || at == COF_RIM_DOTTED_LEN)
				return false;
			ret[at++] = (uint8_t)n;
			n = 0;
			digits = 0;
			continue;
		}
		bool leading = digits > 0 && n == 0;
		if (c < '0' || c > '9' || leading || n * 10 + c - '0' > UINT8_MAX)
			return false;
		n = n * 10 + c - '0';
		digits++;
	}
	return at == COF_RIM_DOTTED_LEN;
}

static bool text(const json_t *v, uint8_t *ret, size_t len)
{
	if (!json_is_string(v) || json_string_length(v) >= len)
		return false;
	memset(ret, 0, len);
	memcpy(ret, json_string_value(v), json_string_length(v));
	return true;
}

static bool read_value(const cof_rim_field_info *info, const json_t *v, uint8_t *ret)
{
	json_int_t n = json_integer_value(v);
	switch (info->form) {
	case COF_RIM_NUMBER:
		for (size_t i = 0; i < info->len; i++)
			ret[i] = (uint8_t)((uint64_t)n >> 8 * (info->len - 1 - i));
		return json_is_integer(v) && n >= 0;
	case COF_RIM_DOTTED:
		return json_is_string(v) &&
		       cof_rim_dotted(cof_span_of(json_string_value(v), json_string_length(v)), ret);
	case COF_RIM_TEXT:
		return text(v, ret, info->len);
	default:
		return cof_rim_hex(v, ret, info->len);
	}
}

static int add_value(cof_rim_field f, const json_t *v, cof_buf *to, cof_err *err)
{
	uint8_t bytes[COF_RIM_VALUE_MAX];
	const cof_rim_field_info *info = cof_rim_field_of(f);
	if (!read_value(info, v, bytes))
		return malformed(err, f, "a value of another form or length");
	return cof_buf_add(to, bytes, info->len, err);
}

/* ---- conditions ---- */

static const char *const members[][2] = {
	[COF_RIM_MASKED] = {"value", "mask"}, [COF_RIM_AT_LEAST] = {"min", NULL}, [COF_RIM_RANGE] = {"min", "max"}};

static int list_json(const cof_rim_cond *c, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) list = json_array();
	if (list == NULL)
		return cof_err_oom(err);
	for (size_t i = 0; i < c->n; i++) {
		if (json_array_append_new(list, value_json(c->field, cof_rim_value(c, i))) < 0)
			return cof_err_oom(err);
	}
	*ret = cof_steal(&list);
	return 0;
}

static int object_json(const cof_rim_cond *c, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = json_object();
	int rc = o == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; rc == 0 && i < c->n; i++)
		rc = cof_json_set_new(o, members[c->op][i], value_json(c->field, cof_rim_value(c, i)), err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}

int cof_rim_cond_json(const cof_rim_cond *c, json_t **ret, cof_err *err)
{
	if (c->op != COF_RIM_IS)
		return object_json(c, ret, err);
	if (c->n > 1)
		return list_json(c, ret, err);
	*ret = value_json(c->field, cof_rim_value(c, 0));
	return *ret != NULL ? 0 : cof_err_oom(err);
}

static int demand_list(cof_rim_entry *e, cof_rim_field f, const json_t *v, cof_err *err)
{
	COF_AUTO(cof_buf) values = {0};
	int rc = json_array_size(v) < 2 || json_array_size(v) > COF_RIM_VALUES_MAX
			 ? malformed(err, f, "a list has two values or more")
			 : 0;
	for (size_t i = 0; rc == 0 && i < json_array_size(v); i++)
		rc = add_value(f, json_array_get(v, i), &values, err);
	return rc < 0 ? rc : cof_rim_demand(e, f, COF_RIM_IS, cof_buf_span(&values), err);
}

static int demand_object(cof_rim_entry *e, cof_rim_field f, const json_t *v, cof_err *err)
{
	COF_AUTO(cof_buf) values = {0};
	cof_rim_op op = json_object_get(v, "mask") != NULL  ? COF_RIM_MASKED
			: json_object_get(v, "max") != NULL ? COF_RIM_RANGE
							    : COF_RIM_AT_LEAST;
	size_t n = op == COF_RIM_AT_LEAST ? 1 : 2;
	int rc = json_object_size(v) != n ? malformed(err, f, "an object has value and mask, or min, or min and max")
					  : 0;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add_value(f, json_object_get(v, members[op][i]), &values, err);
	return rc < 0 ? rc : cof_rim_demand(e, f, op, cof_buf_span(&values), err);
}

int cof_rim_demand_json(cof_rim_entry *e, cof_rim_field f, const json_t *v, cof_err *err)
{
	COF_AUTO(cof_buf) value = {0};
	if (json_is_array(v))
		return demand_list(e, f, v, err);
	if (json_is_object(v))
		return demand_object(e, f, v, err);
	int rc = add_value(f, v, &value, err);
	return rc < 0 ? rc : cof_rim_demand(e, f, COF_RIM_IS, cof_buf_span(&value), err);
}
