/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_policy.h"

#include <stdio.h>

#include "common/hex.h"
#include "common/json.h"
#include "common/rd.h"

/* spec: Intel TDX Module Base Specification 1.5, TDATTRIBUTES: bits 7:0 are the TUD group, of debugging */
#define ATTR_DEBUG 0x1ull
#define ATTR_TUD 0xffull
#define ATTR_SEPT_VE_DISABLE (1ull << 28)
#define ATTR_MIGRATABLE (1ull << 29)
#define ATTR_PKS (1ull << 30)
#define ATTR_KL (1ull << 31)
#define ATTR_PERFMON (1ull << 63)
#define ATTR_KNOWN (ATTR_TUD | ATTR_SEPT_VE_DISABLE | ATTR_MIGRATABLE | ATTR_PKS | ATTR_KL | ATTR_PERFMON)

typedef struct flag_word {
	const char *word;
	size_t at;
	bool by_default;
} flag_word;

static const flag_word flags[] = {
	{"allow_debug", offsetof(cof_tdx_policy, allow_debug), false},
	{"allow_migratable", offsetof(cof_tdx_policy, allow_migratable), true},
	{"allow_service_td", offsetof(cof_tdx_policy, allow_service_td), true},
	{"require_sept_ve_disable", offsetof(cof_tdx_policy, require_sept_ve_disable), false},
	{"require_vendor_root", offsetof(cof_tdx_policy, require_vendor_root), false},
	{"exact_length", offsetof(cof_tdx_policy, exact_length), false},
	{"signatures_only", offsetof(cof_tdx_policy, signatures_only), false},
};

typedef struct expect_word {
	const char *word;
	const char *check;
	size_t at; /* of the span in the TD report */
	size_t len;
} expect_word;

static const expect_word expects[COF_TDX_EXPECTS] = {
	{"report_data", "report-data", offsetof(cof_tdx_td, report_data), COF_TDX_REPORT_DATA_LEN},
	{"mr_td", "mr-td", offsetof(cof_tdx_td, mr_td), COF_TDX_HASH_LEN},
	{"mr_config_id", "mr-config-id", offsetof(cof_tdx_td, mr_config_id), COF_TDX_HASH_LEN},
	{"mr_owner", "mr-owner", offsetof(cof_tdx_td, mr_owner), COF_TDX_HASH_LEN},
	{"mr_owner_config", "mr-owner-config", offsetof(cof_tdx_td, mr_owner_config), COF_TDX_HASH_LEN},
	{"rtmr0", "rtmr0", offsetof(cof_tdx_td, rtmr[0]), COF_TDX_HASH_LEN},
	{"rtmr1", "rtmr1", offsetof(cof_tdx_td, rtmr[1]), COF_TDX_HASH_LEN},
	{"rtmr2", "rtmr2", offsetof(cof_tdx_td, rtmr[2]), COF_TDX_HASH_LEN},
	{"rtmr3", "rtmr3", offsetof(cof_tdx_td, rtmr[3]), COF_TDX_HASH_LEN},
};

static int bad_word(cof_err *err, const char *word)
{
	return cof_err_set(err, COF_E_USAGE, "policy-word", "policy for TDX: '%.40s'", word);
}

/* --- reading --- */

static void put_flag(cof_tdx_policy *p, const flag_word *f, bool value)
{
	memcpy((char *)p + f->at, &value, sizeof value);
}

static int read_accept(const json_t *list, cof_tdx_policy *p, cof_err *err)
{
	if (!json_is_array(list))
		return bad_word(err, "accept_tcb");
	memset(p->accept, 0, sizeof p->accept);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);
		const char *name = json_string_value(v);
		cof_tdx_status s = COF_TDX_REVOKED;
		/* Nothing makes a revoked platform good. */
		if (name == NULL || strlen(name) != json_string_length(v) ||
		    !cof_tdx_status_by_name(name, COF_TDX_LAST_NAMED, &s) || s == COF_TDX_REVOKED)
			return bad_word(err, name == NULL ? "accept_tcb" : name);
		p->accept[s] = true;
	}
	return 0;
}

static int read_expect(const expect_word *w, const json_t *v, cof_tdx_expect *e, cof_err *err)
{
	const char *hex = json_string_value(v);
	if (hex == NULL || strlen(hex) != json_string_length(v) || cof_unhex(hex, e->bytes, w->len, NULL) < 0)
		return bad_word(err, w->word);
	e->given = true;
	return 0;
}

static int read_minimum(const json_t *v, cof_tdx_policy *p, cof_err *err)
{
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > UINT16_MAX)
		return bad_word(err, "min_tcb_evaluation");
	p->min_tcb_evaluation = (uint32_t)json_integer_value(v);
	return 0;
}

static int read_word(const char *word, const json_t *v, cof_tdx_policy *p, cof_err *err)
{
	if (strcmp(word, "accept_tcb") == 0)
		return read_accept(v, p, err);
	if (strcmp(word, "min_tcb_evaluation") == 0)
		return read_minimum(v, p, err);
	for (size_t i = 0; i < COF_COUNT(flags); i++) {
		if (strcmp(word, flags[i].word) != 0)
			continue;
		if (!json_is_boolean(v))
			return bad_word(err, word);
		put_flag(p, &flags[i], json_is_true(v));
		return 0;
	}
	for (size_t i = 0; i < COF_COUNT(expects); i++) {
		if (strcmp(word, expects[i].word) == 0)
			return read_expect(&expects[i], v, &p->expect[i], err);
	}
	return bad_word(err, word);
}

int cof_tdx_policy_read(const json_t *words, cof_tdx_policy *ret, cof_err *err)
{
	cof_tdx_policy p = {.accept = {[COF_TDX_UP_TO_DATE] = true}};
	json_t *object = (json_t *)(uintptr_t)words;
	for (size_t i = 0; i < COF_COUNT(flags); i++)
		put_flag(&p, &flags[i], flags[i].by_default);
	if (words != NULL && !json_is_object(words))
		return bad_word(err, "not an object");
	for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
		int rc = read_word(json_object_iter_key(at), json_object_iter_value(at), &p, err);
		if (rc < 0)
			return rc;
	}
	*ret = p;
	return 0;
}

/* --- judging --- */

static bool all_zero(cof_span s)
{
	uint8_t any = 0;
	for (cof_rd r = cof_rd_of(s); r.left > 0;)
		any |= cof_rd_u8(&r);
	return any == 0;
}

/* A TD report 1.0 does not say whether a service TD is bound: that is no "none". */
static bool says_none(cof_span mr_service_td)
{
	return mr_service_td.len > 0 && all_zero(mr_service_td);
}

/* What must hold, unless the policy lets it go. */
static void check_unless(cof_checks *c, const char *name, bool waived, bool holds)
{
	if (cof_check_that(c, COF_STAGE_POLICY, name, waived || holds) && !holds)
		cof_check_waive(c);
}

static void check_attributes(cof_checks *c, const cof_tdx_policy *p, uint64_t attributes)
{
	uint64_t debug = p->allow_debug ? ATTR_DEBUG : 0;
	if (cof_check_bits(c, COF_STAGE_POLICY, "debug", debug, attributes & ATTR_TUD) && (attributes & ATTR_TUD) != 0)
		cof_check_waive(c);
	cof_check_bits(c, COF_STAGE_POLICY, "td-attributes-reserved", ATTR_KNOWN, attributes);
	check_unless(c, "td-migratable", p->allow_migratable, (attributes & ATTR_MIGRATABLE) == 0);
	check_unless(c, "td-sept-ve-disable", !p->require_sept_ve_disable, (attributes & ATTR_SEPT_VE_DISABLE) != 0);
}

void cof_tdx_policy_check(cof_checks *c, const cof_tdx_policy *p, const cof_tdx_td *td)
{
	check_attributes(c, p, cof_tdx_attributes(td));
	check_unless(c, "service-td", p->allow_service_td, says_none(td->mr_service_td));
	for (size_t i = 0; i < COF_COUNT(expects); i++) {
		cof_span found;
		if (!p->expect[i].given)
			continue;
		memcpy(&found, (const char *)td + expects[i].at, sizeof found);
		cof_check_bytes(c, COF_STAGE_POLICY, expects[i].check, cof_span_of(p->expect[i].bytes, expects[i].len),
				found);
	}
}

bool cof_tdx_policy_check_status(cof_checks *c, const cof_tdx_policy *p, cof_tdx_status status)
{
	char want[COF_CHECK_TEXT_MAX] = "";
	size_t n = 0;
	for (size_t i = 0; i < COF_COUNT(p->accept) && n < sizeof want; i++) {
		if (p->accept[i])
			n += (size_t)snprintf(want + n, sizeof want - n, "%s%s", n > 0 ? ", " : "",
					      cof_tdx_status_name((cof_tdx_status)i));
	}
	const char *name = status == COF_TDX_NOT_SUPPORTED     ? "tcb-not-supported"
			   : status == COF_TDX_MODULE_MISMATCH ? "module-mismatch"
							       : "tcb-status";
	bool accepted = status <= COF_TDX_LAST_NAMED && p->accept[status];
	bool passed = cof_check_text(c, COF_STAGE_TCB, name, accepted, want, cof_tdx_status_name(status));
	if (status != COF_TDX_UP_TO_DATE)
		cof_check_waive(c);
	return passed;
}
