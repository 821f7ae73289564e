/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tpm_policy.h"

#include "common/hex.h"
#include "common/json.h"
#include "common/secret.h"

typedef int take_fn(const char *name, const json_t *v, cof_tpm_demands *d, cof_err *err);

static int refuse(cof_err *err, const char *name, const char *why)
{
	return cof_err_set(err, COF_E_USAGE, "policy-word", "policy word '%.40s': %s", name, why);
}

/* ---- values ---- */

static int read_nonce(const char *name, const json_t *v, cof_tpm_demands *d, cof_err *err)
{
	const char *hex = json_string_value(v);
	size_t len = json_string_length(v) / 2;
	if (hex == NULL || len == 0 || len > COF_TPM_NONCE_MAX || strlen(hex) != json_string_length(v) ||
	    cof_unhex(hex, d->nonce, len, NULL) < 0)
		return refuse(err, name, "is 1 to 64 bytes in hex");
	d->nonce_len = len;
	return 0;
}

/* A register that user space resets is no basis of trust, and who demands one believes that it is. */
static int read_registers(const char *name, const json_t *list, uint32_t *ret, cof_err *err)
{
	uint32_t mask = 0;
	if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > COF_TPM_BANK_PCRS)
		return refuse(err, name, "has lists of registers");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);
		json_int_t n = json_integer_value(v);
		if (!json_is_integer(v) || n < 0 || n >= COF_TPM_BANK_PCRS)
			return refuse(err, name, "has registers from 0 to 23");
		mask |= 1u << n;
	}
	if ((mask & COF_TPM_RESETTABLE_PCRS) != 0)
		return refuse(err, name, "registers 16 and 23 can be reset, and prove nothing");
	*ret = mask;
	return 0;
}

static int read_required(const char *name, const json_t *v, cof_tpm_demands *d, cof_err *err)
{
	const char *bank;
	json_t *list;
	if (!json_is_object(v) || json_object_size(v) > COF_TPM_BANKS_MAX)
		return refuse(err, name, "is an object of banks");
	json_object_foreach ((json_t *)(uintptr_t)v, bank, list) {
		cof_tpm_selection *s = &d->required[d->n_required++];
		if (!cof_tpm_bank_by_name(bank, &s->bank))
			return refuse(err, name, "has banks sha1, sha256, sha384, sha512");
		int rc = read_registers(name, list, &s->mask, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_values(const char *name, const json_t *v, cof_tpm_demands *d, cof_err *err)
{
	cof_err why = {0};
	if (cof_tpm_banks_read(v, &d->values, &why) < 0)
		return refuse(err, name, why.text);
	for (size_t i = 0; i < d->values.n; i++) {
		if ((d->values.list[i].mask & COF_TPM_RESETTABLE_PCRS) != 0)
			return refuse(err, name, "registers 16 and 23 can be reset, and prove nothing");
		if (d->values.list[i].bank == COF_TPM_ALG_SHA1)
			return refuse(err, name, "values of the bank sha1 prove nothing");
	}
	return 0;
}

static int read_replay(const char *name, const json_t *v, cof_tpm_demands *d, cof_err *err)
{
	d->has_replay = true;
	return read_registers(name, v, &d->replay, err);
}

static int read_boot(const char *name, const json_t *v, cof_tpm_demands *d, cof_err *err)
{
	static const char *const known[] = {"reset_count", "restart_count", NULL};
	json_int_t reset = 0, restart = 0;
	if (!json_is_object(v) || cof_json_only(v, known, NULL) < 0 ||
	    cof_json_int(v, "reset_count", 0, UINT32_MAX, &reset, NULL) < 0 ||
	    cof_json_int(v, "restart_count", 0, UINT32_MAX, &restart, NULL) < 0)
		return refuse(err, name, "is {\"reset_count\": N, \"restart_count\": M}");
	d->has_boot = true;
	d->reset_count = (uint32_t)reset;
	d->restart_count = (uint32_t)restart;
	return 0;
}

/* ---- names of keys ---- */

/* An algorithm's number and its digest, in hex. Gives its length; 0 for what is none. */
static size_t read_name(const json_t *v, uint8_t out[COF_TPM_NAME_MAX])
{
	const char *hex = json_string_value(v);
	size_t len = json_string_length(v) / 2;
	cof_hash hash;
	if (hex == NULL || len < 2 || len > COF_TPM_NAME_MAX || strlen(hex) != json_string_length(v) ||
	    cof_unhex(hex, out, len, NULL) < 0)
		return 0;
	bool known = cof_tpm_hash((uint16_t)(out[0] << 8 | out[1]), &hash, NULL) == 0;
	return known && len == 2 + cof_hash_len(hash) ? len : 0;
}

static int read_names(const char *name, const json_t *v, const json_t **ret, cof_err *err)
{
	uint8_t bytes[COF_TPM_NAME_MAX];
	if (!json_is_array(v) || json_array_size(v) > COF_TPM_NAMES_MAX)
		return refuse(err, name, "is a list of names");
	for (size_t i = 0; i < json_array_size(v); i++) {
		if (read_name(json_array_get(v, i), bytes) == 0)
			return refuse(err, name, "has names of a TPM's objects, in hex");
	}
	*ret = v;
	return 0;
}

static int read_ak_names(const char *name, const json_t *v, cof_tpm_demands *d, cof_err *err)
{
	return read_names(name, v, &d->ak_names, err);
}

static int read_ek_names(const char *name, const json_t *v, cof_tpm_demands *d, cof_err *err)
{
	return read_names(name, v, &d->ek_names, err);
}

bool cof_tpm_name_is_listed(const json_t *names, cof_span name)
{
	bool found = false;
	for (size_t i = 0; i < json_array_size(names); i++) {
		uint8_t bytes[COF_TPM_NAME_MAX];
		size_t len = read_name(json_array_get(names, i), bytes);
		found |= len > 0 && cof_ct_equal(name, cof_span_of(bytes, len));
	}
	return found;
}

/* ---- all of them ---- */

static const struct {
	const char *name;
	size_t at;
} flags[] = {
	{"trust_ak", offsetof(cof_tpm_demands, trust_ak)},
	{"require_ek", offsetof(cof_tpm_demands, require_ek)},
	{"require_ek_crl", offsetof(cof_tpm_demands, require_ek_crl)},
	{"require_activation", offsetof(cof_tpm_demands, require_activation)},
	{"require_event_log", offsetof(cof_tpm_demands, require_event_log)},
	{"require_event_data", offsetof(cof_tpm_demands, require_event_data)},
	{"require_secure_boot", offsetof(cof_tpm_demands, require_secure_boot)},
};

static const struct {
	const char *name;
	take_fn *take;
} words[] = {
	{"nonce", read_nonce},	      {"required_pcrs", read_required}, {"pcr_values", read_values},
	{"replay_pcrs", read_replay}, {"same_boot", read_boot},		{"ak_names", read_ak_names},
	{"ek_names", read_ek_names},
};

static int read_word(const char *name, const json_t *v, cof_tpm_demands *d, cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(flags); i++) {
		if (strcmp(flags[i].name, name) != 0)
			continue;
		if (!json_is_boolean(v))
			return refuse(err, name, "is true or false");
		bool set = json_is_true(v);
		memcpy((char *)d + flags[i].at, &set, sizeof set);
		return 0;
	}
	for (size_t i = 0; i < COF_COUNT(words); i++) {
		if (strcmp(words[i].name, name) == 0)
			return words[i].take(name, v, d, err);
	}
	return refuse(err, name, "is none that this verifier knows");
}

static bool is_other(const char *const *others, const char *name)
{
	for (; others != NULL && *others != NULL; others++) {
		if (strcmp(*others, name) == 0)
			return true;
	}
	return false;
}

int cof_tpm_demands_read(const json_t *policy, const char *const *others, cof_tpm_demands *ret, cof_err *err)
{
	const char *name;
	json_t *v;
	*ret = (cof_tpm_demands){0};
	if (policy != NULL && !json_is_object(policy))
		return cof_err_set(err, COF_E_USAGE, "policy-word", "a policy is a JSON object");
	json_object_foreach ((json_t *)(uintptr_t)policy, name, v) {
		int rc = is_other(others, name) ? 0 : read_word(name, v, ret, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}
