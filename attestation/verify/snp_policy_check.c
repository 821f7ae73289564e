/* SPDX-License-Identifier: Apache-2.0 */
/* The demands of a policy, one check each. */
#include <inttypes.h>
#include <stdio.h>

#include "attestation/verify/snp_policy.h"
#include "common/hex.h"
#include "common/secret.h"

static void check_set(cof_checks *c, const char *name, uint64_t word, uint64_t bit)
{
	bool set = (word & bit) != 0;
	(void)cof_check_text(c, COF_STAGE_POLICY, name, set, "set", set ? "set" : "clear");
}

/* A bit that must be clear, unless the policy lets it be set. */
static void check_clear(cof_checks *c, const char *name, uint64_t word, uint64_t bit, bool allowed)
{
	bool set = (word & bit) != 0;
	if (cof_check_text(c, COF_STAGE_POLICY, name, !set || allowed, allowed ? "clear, or set as allowed" : "clear",
			   set ? "set" : "clear") &&
	    set)
		cof_check_waive(c);
}

static void check_guest_policy(const cof_snp_demands *d, const cof_snp_report *r, cof_checks *c)
{
	(void)cof_check_equal(c, COF_STAGE_POLICY, "vmpl", d->vmpl, r->vmpl);
	/* No word allows a migration agent: it would answer for a guest that nobody measured. */
	check_clear(c, "migration-allowed", r->policy, COF_SNP_POLICY_MIGRATE, false);
	check_clear(c, "debug-allowed", r->policy, COF_SNP_POLICY_DEBUG, d->allow_debug);
	check_clear(c, "smt-allowed", r->policy, COF_SNP_POLICY_SMT, d->allow_smt);
	if (d->require_single_socket)
		check_set(c, "single-socket", r->policy, COF_SNP_POLICY_SINGLE_SOCKET);
	if (d->require_ciphertext_hiding)
		check_set(c, "ciphertext-hiding", r->platform_info, COF_SNP_PLATFORM_CIPHERTEXT_HIDING);
	if (d->require_alias_check)
		check_set(c, "alias-check", r->platform_info, COF_SNP_PLATFORM_ALIAS_CHECK);
}

static void check_abi(const cof_snp_demands *d, const cof_snp_report *r, cof_checks *c)
{
	char want[COF_CHECK_TEXT_MAX], found[COF_CHECK_TEXT_MAX];
	unsigned minor = r->policy & 0xff, major = r->policy >> 8 & 0xff;
	bool high = major > d->abi_major || (major == d->abi_major && minor >= d->abi_minor);
	(void)snprintf(want, sizeof want, "at least %u.%u", d->abi_major, d->abi_minor);
	(void)snprintf(found, sizeof found, "%u.%u", major, minor);
	(void)cof_check_text(c, COF_STAGE_POLICY, "abi-too-low", high, want, found);
}

static void check_one_bytes(cof_checks *c, const char *name, const cof_snp_bytes *want, const uint8_t *found,
			    size_t len)
{
	if (want->set)
		(void)cof_check_bytes(c, COF_STAGE_POLICY, name, cof_span_of(want->bytes, len),
				      cof_span_of(found, len));
}

static void check_bytes(const cof_snp_demands *d, const cof_snp_report *r, cof_checks *c)
{
	check_one_bytes(c, "report-data", &d->report_data, r->report_data, sizeof r->report_data);
	check_one_bytes(c, "measurement", &d->measurement, r->measurement, sizeof r->measurement);
	check_one_bytes(c, "host-data", &d->host_data, r->host_data, sizeof r->host_data);
	check_one_bytes(c, "id-key-digest", &d->id_key_digest, r->id_key_digest, sizeof r->id_key_digest);
	check_one_bytes(c, "author-key-digest", &d->author_key_digest, r->author_key_digest,
			sizeof r->author_key_digest);
	check_one_bytes(c, "family-id", &d->family_id, r->family_id, sizeof r->family_id);
	check_one_bytes(c, "image-id", &d->image_id, r->image_id, sizeof r->image_id);
	if (d->has_guest_svn)
		(void)cof_check_at_least(c, COF_STAGE_POLICY, "guest-svn", d->min_guest_svn, r->guest_svn);
}

/* ---- TCBs ---- */

static void check_floor(cof_checks *c, const char *name, const cof_snp_floor *f, uint64_t word, cof_snp_line line)
{
	char want[COF_SNP_TCB_TEXT_MAX], found[COF_SNP_TCB_TEXT_MAX];
	const cof_snp_tcb *floor = &f->of[line];
	cof_snp_tcb tcb = cof_snp_tcb_of(word, line);
	if (!f->set)
		return;
	cof_snp_tcb_text(floor->has != 0 ? "at least " : "a minimum for this product", floor, want);
	cof_snp_tcb_text("", &tcb, found);
	(void)cof_check_text(c, COF_STAGE_POLICY, name, floor->has != 0 && cof_snp_tcb_covers(&tcb, floor), want,
			     found);
}

/* Firmware that is not committed can be rolled back under a running guest. */
static void check_committed(const cof_snp_report *r, cof_snp_line line, cof_checks *c)
{
	char want[COF_SNP_TCB_TEXT_MAX], found[COF_SNP_TCB_TEXT_MAX];
	cof_snp_tcb current = cof_snp_tcb_of(r->current_tcb, line), committed = cof_snp_tcb_of(r->committed_tcb, line);
	cof_snp_tcb_text("", &current, want);
	cof_snp_tcb_text("", &committed, found);
	(void)cof_check_text(c, COF_STAGE_POLICY, "committed-below-current", cof_snp_tcb_equal(&current, &committed),
			     want, found);
}

static void check_mit_vector(const cof_snp_demands *d, const cof_snp_report *r, cof_checks *c)
{
	char want[COF_CHECK_TEXT_MAX], found[COF_CHECK_TEXT_MAX] = "not stated";
	bool has = r->has_mit && (d->min_launch_mit_vector & ~r->launch_mit_vector) == 0;
	(void)snprintf(want, sizeof want, "all bits of 0x%" PRIx64, d->min_launch_mit_vector);
	if (r->has_mit)
		(void)snprintf(found, sizeof found, "0x%" PRIx64, r->launch_mit_vector);
	(void)cof_check_text(c, COF_STAGE_POLICY, "mitigation-vector", has, want, found);
}

static void check_tcbs(const cof_snp_demands *d, const cof_snp_report *r, cof_snp_line line, cof_checks *c)
{
	check_floor(c, "tcb-too-low", &d->min_tcb, r->reported_tcb, line);
	check_floor(c, "launch-tcb-too-low", &d->min_launch_tcb, r->launch_tcb, line);
	check_floor(c, "committed-tcb-too-low", &d->min_committed_tcb, r->committed_tcb, line);
	if (d->require_committed_equals_current)
		check_committed(r, line, c);
	if (d->has_mit)
		check_mit_vector(d, r, c);
	if (d->has_abi)
		check_abi(d, r, c);
}

/* ---- lists ---- */

/* Read strictly before; a short id is followed by zeros in the report. */
static bool lists_chip(const json_t *list, const uint8_t chip[COF_SNP_CHIP_ID_LEN])
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		uint8_t id[COF_SNP_CHIP_ID_LEN] = {0};
		const json_t *item = json_array_get(list, i);
		if (cof_unhex(json_string_value(item), id, json_string_length(item) / 2, NULL) == 0 &&
		    cof_ct_equal(cof_span_of(id, sizeof id), cof_span_of(chip, sizeof id)))
			return true;
	}
	return false;
}

static bool lists_text(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		if (cof_ct_equal(cof_span_str(text), cof_span_of(json_string_value(item), json_string_length(item))))
			return true;
	}
	return false;
}

static void check_chips(const cof_snp_demands *d, const cof_snp_report *r, cof_checks *c)
{
	static const uint8_t masked[COF_SNP_CHIP_ID_LEN];
	char hex[2 * COF_SNP_CHIP_ID_LEN + 1];
	bool is_masked = cof_ct_equal(cof_span_of(masked, sizeof masked), cof_span_of(r->chip_id, sizeof masked));
	cof_hex(cof_span_of(r->chip_id, sizeof r->chip_id), hex);
	hex[2 * COF_SNP_CHIP_ID_SHORT_LEN] = '\0'; /* enough to find it by; the whole is among the fields */
	/* A host that hides which chip it has could have a denied one. */
	if (d->deny_chips != NULL)
		(void)cof_check_text(c, COF_STAGE_POLICY, "chip-denied",
				     !is_masked && !lists_chip(d->deny_chips, r->chip_id), "a chip that is not denied",
				     is_masked ? "masked" : hex);
	if (d->allow_chips != NULL)
		(void)cof_check_text(c, COF_STAGE_POLICY, "chip-not-allowed",
				     !is_masked && lists_chip(d->allow_chips, r->chip_id), "a chip that is listed",
				     is_masked ? "masked" : hex);
}

static void check_lists(const cof_snp_demands *d, cof_snp_line line, const cof_snp_vek *vek, cof_checks *c)
{
	const char *product = cof_snp_line_name(line);
	const char *csp = vek != NULL ? vek->csp_id : "";
	if (d->products != NULL)
		(void)cof_check_text(c, COF_STAGE_POLICY, "product-not-allowed", lists_text(d->products, product),
				     "a product that is listed", product);
	if (d->csp_ids != NULL)
		(void)cof_check_text(c, COF_STAGE_POLICY, "provider-not-allowed",
				     *csp != '\0' && lists_text(d->csp_ids, csp), "a provider that is listed", csp);
}

void cof_snp_demands_check(const cof_snp_demands *d, const cof_snp_report *r, cof_snp_line line, const cof_snp_vek *vek,
			   cof_checks *c)
{
	check_guest_policy(d, r, c);
	check_bytes(d, r, c);
	check_tcbs(d, r, line, c);
	check_chips(d, r, c);
	check_lists(d, line, vek, c);
}
