/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/sev_policy.h"

#include <stdio.h>
#include <strings.h>

#include "common/digest.h"
#include "common/hex.h"
#include "common/json.h"

static int refuse(cof_err *err, const char *name, const char *why)
{
	return cof_err_set(err, COF_E_USAGE, "policy-word", "policy word '%.40s': %s", name, why);
}

/* ---- reading ---- */

static int read_api(const json_t *v, cof_sev_demands *d, cof_err *err)
{
	static const char *const known[] = {"major", "minor", NULL};
	json_int_t major = 0, minor = 0;
	if (!json_is_object(v) || cof_json_only(v, known, NULL) < 0 ||
	    cof_json_int(v, "major", 0, UINT8_MAX, &major, NULL) < 0 ||
	    cof_json_int(v, "minor", 0, UINT8_MAX, &minor, NULL) < 0)
		return refuse(err, "min_api", "is {\"major\": M, \"minor\": N}");
	d->has_api = true;
	d->api_major = (uint8_t)major;
	d->api_minor = (uint8_t)minor;
	return 0;
}

static int read_flag(const char *name, const json_t *v, bool *ret, cof_err *err)
{
	if (!json_is_boolean(v))
		return refuse(err, name, "is true or false");
	*ret = json_is_true(v);
	return 0;
}

static int read_keys(const char *name, const json_t *v, const json_t **ret, cof_err *err)
{
	uint8_t digest[COF_SHA256_LEN];
	if (!json_is_array(v) || json_array_size(v) > COF_SEV_LIST_MAX)
		return refuse(err, name, "is a list");
	for (size_t i = 0; i < json_array_size(v); i++) {
		const char *text = json_string_value(json_array_get(v, i));
		if (text == NULL || cof_unhex(text, digest, sizeof digest, NULL) < 0)
			return refuse(err, name, "is a list of SHA-256 digests in hex");
	}
	*ret = v;
	return 0;
}

static int read_word(const char *name, const json_t *v, cof_sev_demands *d, cof_err *err)
{
	if (strcmp(name, "min_api") == 0)
		return read_api(v, d, err);
	if (strcmp(name, "require_vendor_root") == 0)
		return read_flag(name, v, &d->require_vendor_root, err);
	if (strcmp(name, "cek_keys") == 0)
		return read_keys(name, v, &d->cek_keys, err);
	if (strcmp(name, "oca_keys") == 0)
		return read_keys(name, v, &d->oca_keys, err);
	return refuse(err, name, "is none that this verifier knows");
}

int cof_sev_demands_read(const json_t *policy, cof_sev_demands *ret, cof_err *err)
{
	cof_sev_demands d = {0};
	const char *key;
	json_t *v;
	if (policy != NULL && !json_is_object(policy))
		return cof_err_set(err, COF_E_USAGE, "policy-word", "a policy is a JSON object");
	json_object_foreach ((json_t *)(uintptr_t)policy, key, v) {
		int rc = read_word(key, v, &d, err);
		if (rc < 0)
			return rc;
	}
	*ret = d;
	return 0;
}

/* ---- checking ---- */

bool cof_sev_api_covers(uint8_t major, uint8_t minor, uint8_t least_major, uint8_t least_minor)
{
	return major > least_major || (major == least_major && minor >= least_minor);
}

void cof_sev_api_check(cof_checks *c, const uint8_t least[2], uint8_t major, uint8_t minor)
{
	char want[32], found[32];
	(void)snprintf(want, sizeof want, "at least %u.%u", least[0], least[1]);
	(void)snprintf(found, sizeof found, "%u.%u", major, minor);
	(void)cof_check_text(c, COF_STAGE_POLICY, "api-too-low", cof_sev_api_covers(major, minor, least[0], least[1]),
			     want, found);
}

int cof_sev_key_digest(const cof_sev_cert *cert, char out[65], cof_err *err)
{
	uint8_t digest[COF_SHA256_LEN];
	int rc = cof_sha256(cert->key, digest, err);
	if (rc == 0)
		cof_hex(cof_span_of(digest, sizeof digest), out);
	return rc;
}

static bool is_listed(const json_t *list, const char *hex)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (strcasecmp(json_string_value(json_array_get(list, i)), hex) == 0)
			return true;
	}
	return false;
}

static int check_key(const json_t *list, const char *name, const cof_sev_link *l, cof_checks *c, cof_err *err)
{
	char hex[65] = "";
	if (list == NULL || !l->read)
		return 0;
	int rc = cof_sev_key_digest(&l->cert, hex, err);
	if (rc == 0)
		(void)cof_check_text(c, COF_STAGE_POLICY, name, is_listed(list, hex), "a key of the policy's list",
				     hex);
	return rc;
}

static void check_anchor(const cof_sev_demands *d, const cof_sev_chain *chain, cof_checks *c)
{
	char found[COF_CHECK_TEXT_MAX], hex[2 * COF_SHA256_LEN + 1];
	bool known = chain->line != COF_SNP_LINE_NONE;
	cof_hex(cof_span_of(chain->ark_fingerprint, sizeof chain->ark_fingerprint), hex);
	if (known)
		(void)snprintf(found, sizeof found, "AMD's ARK-%s", cof_snp_line_name(chain->line));
	else
		(void)snprintf(found, sizeof found, "named by the caller: key %s", hex);
	(void)cof_check_text(c, COF_STAGE_CHAIN, "ark-anchor", known || !d->require_vendor_root,
			     d->require_vendor_root ? "AMD's, by its key" : "AMD's, or one that the caller named",
			     found);
}

/* The PDH is made anew by the firmware that runs, so that its version is that firmware's; a PEK's may be older. */
int cof_sev_demands_check(const cof_sev_demands *d, const cof_sev_chain *chain, cof_checks *c, cof_err *err)
{
	const cof_sev_link *pdh = &chain->at[COF_SEV_AT_PDH];
	const uint8_t least[2] = {d->api_major, d->api_minor};
	check_anchor(d, chain, c);
	if (d->has_api && pdh->read)
		cof_sev_api_check(c, least, pdh->cert.api_major, pdh->cert.api_minor);
	int rc = check_key(d->cek_keys, "cek-not-allowed", &chain->at[COF_SEV_AT_CEK], c, err);
	return rc < 0 ? rc : check_key(d->oca_keys, "oca-not-allowed", &chain->at[COF_SEV_AT_OCA], c, err);
}
