/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kbs_token.h"

#include <stdio.h>

#include "common/hex.h"

enum { PCRS = 24 };

void cof_kbs_token_facts_release(cof_kbs_token_facts *f)
{
	json_decref(f->pcrs);
	*f = (cof_kbs_token_facts){0};
}

static int malformed(cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "token-malformed",
			   "the key broker's token is no JWT of the known shape");
}

/* The middle of three parts. */
static int payload_of(const char *jwt, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	const char *first = strchr(jwt, '.');
	const char *second = first == NULL ? NULL : strchr(first + 1, '.');
	if (second == NULL || strchr(second + 1, '.') != NULL || strlen(jwt) > COF_KBS_TOKEN_MAX)
		return malformed(err);
	if (cof_unb64url(cof_span_of(first + 1, (size_t)(second - first - 1)), &text, NULL) < 0)
		return malformed(err);
	return cof_json_parse(cof_buf_span(&text), ret, NULL) < 0 ? malformed(err) : 0;
}

/* Claim members of "tpm" are "pcr00" to "pcr23". */
static int take_pcrs(const json_t *tpm, json_t *ret, cof_err *err)
{
	for (int i = 0; i < PCRS; i++) {
		char from[16], to[16];
		const char *hex = NULL;
		(void)snprintf(from, sizeof from, "pcr%02d", i);
		(void)snprintf(to, sizeof to, "%d", i);
		if (cof_json_opt_str(tpm, from, &hex, NULL) < 0 || hex == NULL || strlen(hex) > 128)
			continue;
		int r = cof_json_set_str(ret, to, hex, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static long lifetime(const json_t *claims)
{
	json_int_t iat = 0, exp = 0;
	if (cof_json_int(claims, "iat", 0, INT64_MAX, &iat, NULL) < 0 ||
	    cof_json_int(claims, "exp", iat, INT64_MAX, &exp, NULL) < 0)
		return 0;
	return exp - iat > COF_KBS_TOKEN_LIFE_MAX_S ? COF_KBS_TOKEN_LIFE_MAX_S : (long)(exp - iat);
}

int cof_kbs_token_read(const char *jwt, cof_kbs_token_facts *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) claims = NULL;
	COF_AUTO(cof_kbs_token_facts) f = {.pcrs = json_object(), .verdict = "none"};
	const char *status = NULL;
	int r = payload_of(jwt, &claims, err);
	if (r < 0)
		return r;
	const json_t *cpu = json_object_get(json_object_get(claims, "submods"), "cpu0");
	const json_t *evidence = json_object_get(cpu, "ear.veraison.annotated-evidence");
	if (cof_json_opt_str(cpu, "ear.status", &status, NULL) == 0 && status != NULL)
		(void)snprintf(f.verdict, sizeof f.verdict, "%s", status);
	f.life_s = lifetime(claims);
	r = take_pcrs(json_object_get(evidence, "tpm"), f.pcrs, err);
	if (r < 0)
		return r;
	*ret = f;
	f = (cof_kbs_token_facts){0};
	return 0;
}
