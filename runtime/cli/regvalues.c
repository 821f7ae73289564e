/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/regvalues.h"

#include "common/hex.h"
#include "common/json.h"

enum { LINE_MAX_LEN = 255 };

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "pcrs-malformed", "register values: %s", what);
}

/* One or two digits, in one spelling only. */
static int parse_register(const char *text, size_t len, uint32_t *ret)
{
	uint32_t n = 0;
	if (len == 0 || len > 2 || (len == 2 && text[0] == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		n = n * 10 + (uint32_t)(text[i] - '0');
	}
	*ret = n;
	return n < COF_REGS_MAX ? 0 : -1;
}

static int put_value(cof_reg_values *v, cof_hash bank, uint32_t reg, const char *hex, cof_err *err)
{
	cof_digest d = {.alg = bank};
	if (cof_reg_in(v->has[bank], reg))
		return malformed(err, "a register is given twice");
	if (cof_unhex(hex, d.bytes, cof_hash_len(bank), NULL) < 0)
		return malformed(err, "a value is not hex of its bank's length");
	v->has[bank] |= 1u << reg;
	v->at[bank][reg] = d;
	return 0;
}

/* ---- JSON ---- */

static int read_bank(const json_t *values, cof_hash bank, cof_reg_values *v, cof_err *err)
{
	const char *key;
	const json_t *hex;
	int rc = json_is_object(values) ? 0 : malformed(err, "a bank is no object");
	json_object_foreach ((json_t *)(uintptr_t)values, key, hex) {
		uint32_t reg = 0;
		if (rc == 0 && (parse_register(key, strlen(key), &reg) < 0 || !json_is_string(hex)))
			rc = malformed(err, "a bank's member is no register");
		if (rc == 0)
			rc = put_value(v, bank, reg, json_string_value(hex), err);
	}
	return rc;
}

static int read_json(cof_span text, cof_reg_values *v, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	const char *key;
	json_t *values;
	if (cof_json_parse(text, &doc, NULL) < 0 || !json_is_object(doc))
		return malformed(err, "not an object of JSON");
	json_object_foreach (doc, key, values) {
		cof_hash bank;
		if (cof_hash_by_bank(key, &bank, NULL) < 0)
			return malformed(err, "an unknown bank");
		int rc = read_bank(values, bank, v, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- text ---- */

typedef struct text_reader {
	cof_reg_values *to;
	cof_hash bank;
	bool in_bank;
} text_reader;

static int read_bank_line(text_reader *t, char *name, cof_err *err)
{
	t->in_bank = cof_hash_by_bank(name, &t->bank, NULL) == 0;
	return t->in_bank ? 0 : malformed(err, "an unknown bank");
}

static int read_value_line(text_reader *t, const char *left, size_t left_len, const char *right, cof_err *err)
{
	uint32_t reg = 0;
	size_t digits = strspn(left, "0123456789");
	right += strspn(right, " ");
	if (!t->in_bank || digits + strspn(left + digits, " ") != left_len || parse_register(left, digits, &reg) < 0 ||
	    strncmp(right, "0x", 2) != 0)
		return malformed(err, "a line is neither a bank nor a register");
	return put_value(t->to, t->bank, reg, right + 2, err);
}

static int read_line(text_reader *t, char *line, cof_err *err)
{
	line += strspn(line, " ");
	char *colon = strchr(line, ':');
	if (line[0] == '\0')
		return 0;
	if (colon == NULL)
		return malformed(err, "a line is neither a bank nor a register");
	if (colon[1] != '\0')
		return read_value_line(t, line, (size_t)(colon - line), colon + 1, err);
	*colon = '\0';
	return read_bank_line(t, line, err);
}

static int read_text(const char *at, cof_reg_values *v, cof_err *err)
{
	text_reader t = {.to = v};
	int rc = 0;
	while (rc == 0 && *at != '\0') {
		char line[LINE_MAX_LEN + 1];
		size_t n = strcspn(at, "\n");
		if (n > LINE_MAX_LEN)
			return malformed(err, "a line is too long");
		memcpy(line, at, n);
		line[n] = '\0';
		rc = read_line(&t, line, err);
		at += n + (at[n] == '\n');
	}
	return rc;
}

int cof_reg_values_parse(cof_span text, cof_reg_values *ret, cof_err *err)
{
	cof_reg_values v = {0};
	if (text.len > COF_REG_VALUES_FILE_MAX)
		return malformed(err, "too large");
	COF_AUTO_FREE char *copy = cof_span_dup_str(text);
	if (copy == NULL)
		return malformed(err, "not text");
	bool json = copy[strspn(copy, " \t\r\n")] == '{';
	int rc = json ? read_json(text, &v, err) : read_text(copy, &v, err);
	if (rc == 0)
		*ret = v;
	return rc;
}
