/* SPDX-License-Identifier: Apache-2.0 */
/* Reference values made of what verified evidence says, so that one condition at a time can be another. */
#pragma once

#include "tests/unit/test.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "attestation/refvalue/appraisal.h"
#include "tests/unit/refvalue/pem.h"

/* The condition that the facts meet; flags under the mask of those that a report states. */
static inline void demand_fact(cof_rim_entry *e, cof_rim_field f, const cof_facts *facts)
{
	const uint8_t flags[] = {facts->value[f][0], facts->value[f][1], 2, 0x38};
	if (f == COF_RIM_FLAGS)
		assert_ok(cof_rim_demand(e, f, COF_RIM_MASKED, cof_span_of(flags, sizeof flags), &err));
	else
		assert_ok(cof_rim_demand(e, f, COF_RIM_IS, cof_fact(facts, f), &err));
}

/* Everything that is stated, but for one field (COF_RIM_FIELDS: none). */
__attribute__((noinline, unused)) static cof_rim_entry entry_of(const cof_facts *facts, cof_rim_field but)
{
	cof_rim_entry e = {.tee = facts->tee};
	e.launch.vlek = facts->vlek;
	assert_ok(cof_rim_entry_name(&e, cof_span_str("launch"), &err));
	for (cof_rim_field f = cof_rim_field_first(e.tee); f < cof_rim_field_end(e.tee); f++) {
		if (f != but && facts->stated[f])
			demand_fact(&e, f, facts);
	}
	return e;
}

/* The launch measurement alone. */
__attribute__((noinline, unused)) static cof_rim_entry launch_of(const cof_facts *facts, const char *name)
{
	cof_rim_entry e = {.tee = facts->tee};
	e.launch.vlek = facts->vlek;
	assert_ok(cof_rim_entry_name(&e, cof_span_str(name), &err));
	demand_fact(&e, cof_rim_field_launch(e.tee), facts);
	return e;
}

/* The same value but for its last bit (of flags: debug). */
__attribute__((noinline, unused)) static void demand_other(cof_rim_entry *e, cof_rim_field f, const cof_facts *facts)
{
	cof_facts other = *facts;
	size_t at = f == COF_RIM_CSP_ID || f == COF_RIM_TCB_STATUS ? 0 : cof_rim_field_of(f)->len - 1;
	other.value[f][at] ^= f == COF_RIM_FLAGS ? 8 : 1;
	demand_fact(e, f, &other);
}

static inline void sign_rim(cof_rim *rim, cof_rim_tee tee, EVP_PKEY *key, int64_t not_after, cof_buf *ret)
{
	const cof_corim_signer by = {.key = key, .name = "s", .not_after = not_after};
	if (rim->id[0] == '\0')
		assert_ok(cof_rim_set_id(rim, cof_span_str("guest"), &err));
	assert_ok(cof_corim_sign(rim, tee, &by, ret, &err));
}

/* Takes the entry. */
__attribute__((noinline, unused)) static void sign_entry(cof_rim_entry *e, EVP_PKEY *key, cof_buf *ret)
{
	COF_AUTO(cof_rim) rim = {0};
	cof_rim_tee tee = e->tee;
	assert_ok(cof_rim_add(&rim, e, &err));
	sign_rim(&rim, tee, key, 0, ret);
}

static inline void document_of(const cof_rim_entry *e, cof_buf *ret)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	assert_ok(cof_rim_entry_json(e, &doc, &err));
	assert_ok(cof_json_dump(doc, ret, &err));
}

/* {"format","authors":[{"name":"a","key":PEM,...}]}; more: further members, or "". */
static inline void authors_of(EVP_PKEY *key, const char *classes, const char *more, cof_buf *ret)
{
	COF_AUTO(cof_buf) pem = {0};
	pem_public(key, &pem);
	COF_AUTO_PTR(json_t) text = json_string(cof_buf_str(&pem));
	COF_AUTO(cof_buf) quoted = {0};
	char *dumped = json_dumps(text, JSON_ENCODE_ANY);
	assert_ok(cof_buf_printf(ret, &err,
				 "{\"format\":\"coffer-reference-authors/1\",\"authors\":[{\"name\":\"image team\","
				 "\"key\":%s,\"classes\":%s%s}]}",
				 dumped, classes, more));
	free(dumped);
}

#define VCEK_CLASS "{\"class_id\":\"1.3.6.1.4.1.3704.3.1\"}"
#define VLEK_CLASS "{\"class_id\":\"1.3.6.1.4.1.3704.3.2\"}"
#define TD_CLASS "{\"vendor\":\"Intel Corporation\",\"model\":\"TDX TD\"}"

static inline bool was_checked(const cof_verdict *v, const char *name)
{
	for (size_t i = 0; i < v->checks.n; i++) {
		if (strcmp(v->checks.list[i].name, name) == 0)
			return true;
	}
	return false;
}

/* The first of this name, which must be there. */
static inline const cof_check *check_called(const cof_verdict *v, const char *name)
{
	size_t i = 0;
	while (i < v->checks.n && strcmp(v->checks.list[i].name, name) != 0)
		i++;
	if (i == v->checks.n)
		fail_msg("no check '%s'", name);
	return &v->checks.list[i];
}

/* The name of a field's check. */
static inline void check_name(cof_rim_field f, char ret[COF_CHECK_NAME_MAX])
{
	(void)snprintf(ret, COF_CHECK_NAME_MAX, "reference-%s", cof_rim_field_of(f)->name);
	for (char *p = strchr(ret, '_'); p != NULL; p = strchr(p, '_'))
		*p = '-';
}

/* Refused because of this condition alone: the mismatch itself and this check fail, and nothing else does. */
static inline void assert_differs(const cof_verdict *v, cof_rim_field f)
{
	char name[COF_CHECK_NAME_MAX];
	check_name(f, name);
	const cof_check *k = check_called(v, name), *m = check_called(v, "reference-mismatch");
	if (k->passed || m->passed || v->checks.failed != 2 || v->accepted)
		fail_msg("%s: %zu failed, first '%s'", name, v->checks.failed,
			 v->checks.failed > 0 ? v->checks.list[v->checks.first].name : "none");
	assert_string_equal(v->checks.list[v->checks.first].name, "reference-mismatch");
	assert_int_equal(v->appraisal, COF_APPRAISED_NO_MATCH);
}
