/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tpm_banks.h"

#include "common/hex.h"
#include "common/json.h"
#include "common/rd.h"

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

bool cof_tpm_bank_by_name(const char *name, uint16_t *ret)
{
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		if (strcmp(names[i].name, name) == 0) {
			*ret = names[i].alg;
			return true;
		}
	}
	return false;
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "pcrs-malformed", "register values: %s", what);
}

/* "07" beside "7" would be two values of one register. */
static bool read_number(const char *text, uint32_t *ret)
{
	uint32_t v = 0;
	size_t n = strlen(text);
	if (n == 0 || n > 2 || (n == 2 && text[0] == '0'))
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		v = v * 10 + (uint32_t)(*text - '0');
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
		if (!read_number(key, &pcr))
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

int cof_tpm_banks_parse(cof_span text, cof_tpm_banks *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = NULL;
	if (text.len > COF_TPM_BANKS_TEXT_MAX)
		return malformed(err, "too long");
	int rc = cof_json_parse(text, &o, NULL);
	return rc < 0 ? malformed(err, "not one JSON object") : cof_tpm_banks_read(o, ret, err);
}
