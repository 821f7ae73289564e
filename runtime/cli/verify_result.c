/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/verify_result.h"

#include "attestation/token/ear.h"
#include "attestation/token/result.h"
#include "attestation/verify/trust.h"
#include "common/rd.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/signkey.h"

enum { RUNTIME_MAX = 16 << 10 };

static int usage(cof_err *err, const char *word, const char *what)
{
	return cof_err_set(err, COF_E_USAGE, "usage", "%s: %s (see --help)", word, what);
}

/* --- options --- */

typedef struct text_option {
	const char *name;
	size_t at;
} text_option;

static const text_option texts[] = {
	{"ear", offsetof(cof_verify_result, ear)},
	{"cwt", offsetof(cof_verify_result, cwt)},
	{"sign-key", offsetof(cof_verify_result, sign_key)},
	{"pin-file", offsetof(cof_verify_result, pin_file)},
	{"audience", offsetof(cof_verify_result, audience)},
	{"ear-profile", offsetof(cof_verify_result, profile)},
	{"tee-pubkey", offsetof(cof_verify_result, tee_pubkey)},
};

static bool is_named(cof_span name, const char *option)
{
	return name.len == strlen(option) && strncmp((const char *)name.data, option, name.len) == 0;
}

static int take_lifetime(cof_verify_result *o, const char *text, cof_err *err)
{
	int64_t n = 0;
	if (o->lifetime != 0)
		return usage(err, "lifetime", "given twice");
	for (cof_rd r = cof_rd_of(cof_span_str(text)); r.left > 0 && n >= 0 && n <= COF_EAR_LIFE_MAX;) {
		uint8_t c = cof_rd_u8(&r);
		n = c >= '0' && c <= '9' ? n * 10 + (c - '0') : -1;
	}
	if (n < 1 || n > COF_EAR_LIFE_MAX)
		return usage(err, text, "a lifetime is 1 to 3600 seconds");
	o->lifetime = n;
	return 0;
}

static int find_profile(const char *name, const char **ret, cof_err *err)
{
	static const struct {
		const char *name, *uri;
	} profiles[] = {
		{"ietf", COF_EAR_PROFILE_IETF}, {"veraison", COF_EAR_PROFILE_VERAISON}, {"coco", COF_EAR_PROFILE_COCO}};
	for (size_t i = 0; i < COF_COUNT(profiles); i++) {
		if (strcmp(profiles[i].name, name) == 0) {
			*ret = profiles[i].uri;
			return 0;
		}
	}
	return usage(err, name, "a profile is ietf, veraison or coco");
}

static int take_text(cof_verify_result *o, const text_option *t, const char *value, cof_err *err)
{
	const char **at = (const char **)(void *)((char *)o + t->at);
	if (*at != NULL)
		return usage(err, t->name, "given twice");
	if (*value == '\0')
		return usage(err, t->name, "empty");
	if (at == &o->profile)
		return find_profile(value, at, err);
	*at = value;
	return 0;
}

int cof_verify_result_option(cof_verify_result *o, cof_span name, const char *value, bool *ret_taken, cof_err *err)
{
	*ret_taken = true;
	if (is_named(name, "lifetime"))
		return take_lifetime(o, value, err);
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		if (is_named(name, texts[i].name))
			return take_text(o, &texts[i], value, err);
	}
	*ret_taken = false;
	return 0;
}

int cof_verify_result_check(const cof_verify_result *o, const cof_kind *kind, bool json, cof_err *err)
{
	bool has = o->ear != NULL || o->cwt != NULL;
	if (json + (o->ear != NULL) + (o->cwt != NULL) > 1)
		return usage(err, "--json, --ear, --cwt", "one of them");
	if (!has && (o->sign_key != NULL || o->pin_file != NULL || o->audience != NULL || o->profile != NULL ||
		     o->lifetime != 0))
		return usage(err, "sign-key, pin-file, audience, ear-profile, lifetime", "with --ear or --cwt");
	if (has && o->sign_key == NULL)
		return usage(err, "--ear, --cwt", "with --sign-key");
	if (o->cwt != NULL && o->profile != NULL && strcmp(o->profile, COF_EAR_PROFILE_IETF) != 0)
		return usage(err, "ear-profile", "a CWT has the ietf profile alone");
	if (has && !cof_trust_knows(kind))
		return cof_err_set(err, COF_E_USAGE, "no-result", "%s judges no attester", kind->name);
	return 0;
}

/* --- the result --- */

int cof_verify_result_bind(const cof_verify_result *o, cof_verify_outcome *out, cof_err *err)
{
	if (o->tee_pubkey == NULL)
		return 0;
	int rc = cof_json_read_file(o->tee_pubkey, RUNTIME_MAX, &out->runtime, err);
	if (rc == 0)
		rc = cof_result_bind(out->kind, out->runtime, out->verdict, err);
	return rc < 0 ? cof_err_wrap(err, "tee-pubkey %s", o->tee_pubkey) : 0;
}

int cof_verify_result_write(const cof_verify_result *o, const cof_verify_outcome *out, cof_err *err)
{
	COF_AUTO(cof_signkey) key = {0};
	COF_AUTO(cof_buf) token = {0};
	const cof_signkey_in in = {.name = o->sign_key, .pin_file = o->pin_file};
	const cof_result_in result = {.kind = out->kind,
				      .verdict = out->verdict,
				      .policy = out->policy,
				      .profile = o->profile,
				      .audience = o->audience,
				      .runtime = out->runtime,
				      .now = out->now,
				      .life = o->lifetime != 0 ? o->lifetime : COF_VERIFY_LIFETIME_S};
	int rc = cof_signkey_load(&in, &key, err);
	if (rc == 0)
		rc = o->ear != NULL ? cof_result_jwt(&result, key.key, &token, err)
				    : cof_result_cwt(&result, key.key, &token, err);
	return rc < 0 ? rc : cof_cli_write(o->ear != NULL ? o->ear : o->cwt, cof_buf_span(&token), 0644, err);
}
