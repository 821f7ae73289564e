/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tpm_banks.h"

#include "common/hex.h"
#include "common/json.h"
#include "common/rd.h"
#include "common/secret.h"

static const struct {
	uint16_t alg;
	const char *name;
} names[] = {
	{COF_TPM_ALG_SHA1, "sha1"},
	{COF_TPM_ALG_SHA256, "sha256"},
	{COF_TPM_ALG_SHA384, "sha384"},
	{COF_TPM_ALG_SHA512, "sha512"},
};

const char *cof_tpm_bank_name(uint16_t alg)
{
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		if (names[i].alg == alg)
			return names[i].name;
	}
	return NULL;
}

static bool by_name(cof_span name, uint16_t *ret)
{
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		if (cof_ct_equal(name, cof_span_str(names[i].name))) {
			*ret = names[i].alg;
			return true;
		}
	}
	return false;
}

bool cof_tpm_bank_by_name(const char *name, uint16_t *ret)
{
	return by_name(cof_span_str(name), ret);
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "pcrs-malformed", "register values: %s", what);
}

/* "07" beside "7" would be two values of one register. */
static bool read_number(cof_span text, uint32_t *ret)
{
	uint32_t v = 0;
	if (text.len == 0 || text.len > 2 || (text.len == 2 && text.data[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		v = v * 10 + (uint32_t)(text.data[i] - '0');
	}
	*ret = v;
	return v < COF_TPM_BANK_PCRS;
}

static int read_bank(const json_t *o, cof_tpm_bank *b, cof_err *err)
{
	const char *key;
	json_t *value;
	size_t len = cof_tpm_bank_len(b->bank);
	json_object_foreach ((json_t *)(uintptr_t)o, key, value) {
		uint32_t pcr = 0;
		const char *hex = json_string_value(value);
		if (!read_number(cof_span_str(key), &pcr))
			return malformed(err, "a number that is none of a register");
		if (hex == NULL || json_string_length(value) != 2 * len || cof_unhex(hex, b->pcrs[pcr], len, NULL) < 0)
			return malformed(err, "a value of another length than its bank's");
		b->mask |= 1u << pcr;
	}
	return b->mask != 0 ? 0 : malformed(err, "a bank without a register");
}

int cof_tpm_banks_read(const json_t *o, cof_tpm_banks *ret, cof_err *err)
{
	const char *name;
	json_t *values;
	ret->n = 0;
	if (!json_is_object(o) || json_object_size(o) > COF_TPM_BANKS_MAX)
		return malformed(err, "no object of banks");
	json_object_foreach ((json_t *)(uintptr_t)o, name, values) {
		cof_tpm_bank *b = &ret->list[ret->n];
		*b = (cof_tpm_bank){0};
		if (!cof_tpm_bank_by_name(name, &b->bank))
			return malformed(err, "a bank that is not known");
		int rc = read_bank(values, b, err);
		if (rc < 0)
			return rc;
		ret->n++;
	}
	return 0;
}

/* ---- as everybody writes it ---- */

/*
 * JSON without escapes, read where it lies: jansson would take ten times as long, and half as long as an RSA signature.
 * What is not exactly of this form, good or bad, is left to jansson, so that the answer is always its answer.
 */
static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next byte that is no space; 0 at the end. */
static uint8_t next(cof_rd *r)
{
	uint8_t c = cof_rd_u8(r);
	while (is_space(c))
		c = cof_rd_u8(r);
	return c;
}

/* A name, or a value. A backslash is in none that anybody knows. */
static cof_span quoted(cof_rd *r)
{
	if (next(r) != '"')
		cof_rd_fail(r);
	cof_span text = cof_rd_bytes(r, cof_rd_find(r, '"'));
	cof_rd_skip(r, 1);
	return text;
}

static bool plain_value(cof_rd *r, cof_tpm_bank *b)
{
	uint32_t pcr = 0;
	size_t len = cof_tpm_bank_len(b->bank);
	cof_span number = quoted(r);
	bool named = next(r) == ':';
	cof_span hex = quoted(r);
	if (!cof_rd_ok(r) || !named || !read_number(number, &pcr) || (b->mask & (1u << pcr)) != 0)
		return false;
	b->mask |= 1u << pcr;
	return cof_unhex_span(hex, b->pcrs[pcr], len, NULL) == 0;
}

static bool plain_bank(cof_rd *r, cof_tpm_banks *banks)
{
	uint16_t alg = 0;
	if (!by_name(quoted(r), &alg) || next(r) != ':' || banks->n == COF_TPM_BANKS_MAX ||
	    cof_tpm_bank_find(banks->list, banks->n, alg) != NULL)
		return false;
	cof_tpm_bank *b = &banks->list[banks->n++];
	*b = (cof_tpm_bank){.bank = alg};
	uint8_t c = next(r);
	for (bool more = c == '{'; more; more = c == ',') {
		if (!plain_value(r, b))
			return false;
		c = next(r);
	}
	return c == '}' && b->mask != 0;
}

static bool read_plain(cof_span text, cof_tpm_banks *ret)
{
	cof_rd r = cof_rd_of(text);
	ret->n = 0;
	uint8_t c = next(&r);
	for (bool more = c == '{'; more; more = c == ',') {
		if (!plain_bank(&r, ret))
			return false;
		c = next(&r);
	}
	bool closed = cof_rd_ok(&r) && c == '}' && ret->n > 0;
	while (closed && r.left > 0)
		closed = is_space(cof_rd_u8(&r));
	return closed;
}

int cof_tpm_banks_parse(cof_span text, cof_tpm_banks *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = NULL;
	if (text.len > COF_TPM_BANKS_TEXT_MAX)
		return malformed(err, "too long");
	if (read_plain(text, ret))
		return 0;
	int rc = cof_json_parse(text, &o, NULL);
	return rc < 0 ? malformed(err, "not one JSON object") : cof_tpm_banks_read(o, ret, err);
}
