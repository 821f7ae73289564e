/* SPDX-License-Identifier: Apache-2.0 */
/* SNP reports beside reference values: each condition of each field wrong once, on either side, and whose word counts.
 */
#include "tests/unit/verify/judge_snp.h"

#include "tests/unit/refvalue/references.h"

static EVP_PKEY *author, *stranger;

enum { FILES_MAX = SOFT_ROLES + 24 };

/* A report under judgement, and what it is compared with. */
typedef struct bench {
	soft_snp s;
	cof_facts facts; /* of the good one */
	cof_role_file more[20];
	size_t n_more;
	const char *policy;
	cof_verdict v;
} bench;

static bench b; /* too large for a frame */

static inline void drop_verdict(void)
{
	cof_verdict_release(&b.v);
}

__attribute__((noinline, unused)) static void judge(const char *kind_name)
{
	static const char *const roles[] = {"report", "vek", "intermediate", "root"};
	cof_role_file files[FILES_MAX];
	const cof_kind *kind = NULL;
	size_t n = 0;
	COF_AUTO_PTR(json_t) policy = b.policy != NULL ? json_loads(b.policy, 0, NULL) : NULL;
	for (; n < COF_COUNT(roles); n++)
		files[n] = (cof_role_file){roles[n], cof_buf_span(&b.s.made[n])};
	for (size_t i = 0; i < b.n_more; i++)
		files[n++] = b.more[i];
	const cof_verify_in in = {.files = files, .n_files = n, .policy = policy, .now = SOFT_NOW};
	drop_verdict();
	assert_ok(cof_kind_find(kind_name, &kind, &err));
	assert_ok(cof_verify(kind, &in, &b.v, &err));
}

__attribute__((noinline, unused)) static void take_facts(void)
{
	cof_checks *c = calloc(1, sizeof *c);
	cof_snp_demands demands;
	cof_snp_said said;
	COF_AUTO_PTR(cof_snp_verified) v = NULL;
	COF_AUTO_PTR(json_t) policy = b.policy != NULL ? json_loads(b.policy, 0, NULL) : NULL;
	assert_ok(cof_snp_demands_read(policy, &demands, &err));
	const cof_snp_in in = {.report = cof_buf_span(&b.s.made[0]),
			       .vek = cof_buf_span(&b.s.made[1]),
			       .intermediate = cof_buf_span(&b.s.made[2]),
			       .root = cof_buf_span(&b.s.made[3]),
			       .demands = &demands,
			       .now = SOFT_NOW};
	assert_ok(cof_snp_verify(&in, c, &said, &v, &err));
	assert_non_null(v);
	cof_facts_snp(v, &b.facts);
	free(c);
}

/* Every field says something; a machine is too large to be copied into each test. */
__attribute__((noinline, unused)) static void make_report(soft_snp *s)
{
	*s = soft_snp_good(&keys);
	soft_put(s->report, 0x48, 1, 4); /* an author's key */
	memset(s->report + 0x10, 0x61, 16);
	memset(s->report + 0x20, 0x62, 16);
	memset(s->report + 0x140, 0x77, 32);
	soft_put(s->report, 0x1e8, 0x013728, 3); /* 1.55.40 */
	soft_put(s->report, 0x1ec, 0x013727, 3);
}

__attribute__((noinline, unused)) static void set_up_report(void)
{
	soft_drop(&b.s);
	b.policy = NULL;
	b.n_more = 0;
	make_report(&b.s);
	soft_make(&b.s);
	take_facts();
}

static inline void give(const char *role, const cof_buf *bytes)
{
	assert_true(b.n_more < COF_COUNT(b.more));
	b.more[b.n_more++] = (cof_role_file){role, cof_buf_span(bytes)};
}

static inline void give_key(EVP_PKEY *k, cof_buf *pem)
{
	pem_public(k, pem);
	give("ref_key", pem);
}

/* Judges against this entry, signed; takes it. */
__attribute__((noinline, unused)) static void judge_entry(cof_rim_entry *e)
{
	COF_AUTO(cof_buf) corim = {0};
	COF_AUTO(cof_buf) pem = {0};
	sign_entry(e, author, &corim);
	b.n_more = 0;
	give("ref", &corim);
	give_key(author, &pem);
	judge("snp-report");
	b.n_more = 0;
}

static inline void assert_match(void)
{
	if (!b.v.accepted)
		fail_msg("refused by %s: %s, %s", soft_failed(&b.v)->name, soft_failed(&b.v)->expected,
			 soft_failed(&b.v)->found);
	assert_int_equal(b.v.appraisal, COF_APPRAISED_MATCH);
	assert_true(check_called(&b.v, "reference-mismatch")->passed);
}

static inline void assert_reason(const char *reason)
{
	assert_false(b.v.accepted);
	assert_int_equal(b.v.appraisal, COF_APPRAISED_NO_MATCH);
	assert_string_equal(soft_failed(&b.v)->name, reason);
}

static inline int make_all(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	author = EVP_EC_gen("P-384");
	stranger = EVP_EC_gen("P-384");
	return 0;
}

static inline int drop_all(void **state)
{
	(void)state;
	drop_verdict();
	soft_drop(&b.s);
	soft_keys_drop(&keys);
	EVP_PKEY_free(author);
	EVP_PKEY_free(stranger);
	return 0;
}
