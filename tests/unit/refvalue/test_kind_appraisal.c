/* SPDX-License-Identifier: Apache-2.0 */
/* SNP reports beside reference values: each condition of each field wrong once, on either side, and whose word counts.
 */
#include "tests/unit/verify/soft_snp.h"

#include "attestation/token/jws.h"
#include "common/hex.h"
#include "tests/unit/refvalue/references.h"

static soft_keys keys;
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

static void drop_verdict(void)
{
	cof_verdict_release(&b.v);
}

static void judge(const char *kind_name)
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

static void take_facts(void)
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

/* Every field says something. */
static void make_report(soft_snp *s)
{
	*s = soft_snp_good(&keys);
	soft_put(s->report, 0x48, 1, 4); /* an author's key */
	memset(s->report + 0x10, 0x61, 16);
	memset(s->report + 0x20, 0x62, 16);
	memset(s->report + 0x140, 0x77, 32);
	soft_put(s->report, 0x1e8, 0x013728, 3); /* 1.55.40 */
	soft_put(s->report, 0x1ec, 0x013727, 3);
}

static void set_up_report(void)
{
	soft_drop(&b.s);
	b.policy = NULL;
	b.n_more = 0;
	make_report(&b.s);
	soft_make(&b.s);
	take_facts();
}

static void give(const char *role, const cof_buf *bytes)
{
	assert_true(b.n_more < COF_COUNT(b.more));
	b.more[b.n_more++] = (cof_role_file){role, cof_buf_span(bytes)};
}

static void give_key(EVP_PKEY *k, cof_buf *pem)
{
	pem_public(k, pem);
	give("ref_key", pem);
}

/* Judges against this entry, signed; takes it. */
static void judge_entry(cof_rim_entry *e)
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

static void assert_match(void)
{
	if (!b.v.accepted)
		fail_msg("refused by %s: %s, %s", soft_failed(&b.v)->name, soft_failed(&b.v)->expected,
			 soft_failed(&b.v)->found);
	assert_int_equal(b.v.appraisal, COF_APPRAISED_MATCH);
	assert_true(check_called(&b.v, "reference-mismatch")->passed);
}

static void assert_reason(const char *reason)
{
	assert_false(b.v.accepted);
	assert_int_equal(b.v.appraisal, COF_APPRAISED_NO_MATCH);
	assert_string_equal(soft_failed(&b.v)->name, reason);
}

/* ---- the conditions ---- */

static void what_a_report_says_matches(void **state)
{
	(void)state;
	set_up_report();
	cof_rim_entry e = entry_of(&b.facts, COF_RIM_FIELDS);
	assert_int_equal(e.launch.n, COF_RIM_TDX_FIRST - 1); /* all but the provider */
	judge_entry(&e);
	assert_match();
	const json_t *a = json_object_get(b.v.fields, "appraisal");
	assert_string_equal(json_string_value(json_object_get(a, "entry")), "launch");
	assert_string_equal(json_string_value(json_object_get(a, "corim")), "guest/snp");
	assert_int_equal(json_array_size(json_object_get(a, "conditions")), COF_RIM_TDX_FIRST - 1);
}

static void t007_each_field_of_a_reference_counts(void **state)
{
	(void)state;
	set_up_report();
	for (cof_rim_field f = 0; f < COF_RIM_TDX_FIRST; f++) {
		if (!b.facts.stated[f])
			continue;
		cof_rim_entry e = entry_of(&b.facts, f);
		demand_other(&e, f, &b.facts);
		judge_entry(&e);
		assert_differs(&b.v, f);
	}
}

typedef struct change {
	size_t at;
	uint64_t v;
	size_t n;
	const char *policy;
	cof_rim_field differs, too; /* too: COF_RIM_FIELDS for none */
} change;

static void t007_each_field_of_a_report_counts(void **state)
{
	(void)state;
	static const change changes[] = {
		{0x00, 4, 4, NULL, COF_RIM_VERSION, COF_RIM_FIELDS},
		{0x04, 1, 4, NULL, COF_RIM_GUEST_SVN, COF_RIM_FIELDS},
		{0x08, 0x3001e, 8, NULL, COF_RIM_POLICY, COF_RIM_FIELDS},
		{0x08, 0xb001f, 8, "{\"allow_debug\":true}", COF_RIM_POLICY, COF_RIM_FLAGS},
		{0x10, 0, 1, NULL, COF_RIM_FAMILY_ID, COF_RIM_FIELDS},
		{0x2f, 0, 1, NULL, COF_RIM_IMAGE_ID, COF_RIM_FIELDS},
		{0x30, 1, 4, "{\"vmpl\":1}", COF_RIM_VMPL, COF_RIM_FIELDS},
		{0x40, 0x27, 8, NULL, COF_RIM_PLATFORM_INFO, COF_RIM_FIELDS},
		{0x48, 0, 4, NULL, COF_RIM_AUTHOR_KEY_DIGEST, COF_RIM_FIELDS}, /* not stated any more */
		{0x8f, 0, 1, NULL, COF_RIM_REPORT_DATA, COF_RIM_FIELDS},
		{0x90, 0, 1, NULL, COF_RIM_MEASUREMENT, COF_RIM_FIELDS},
		{0xbf, 0, 1, NULL, COF_RIM_MEASUREMENT, COF_RIM_FIELDS},
		{0xc0, 0, 1, NULL, COF_RIM_HOST_DATA, COF_RIM_FIELDS},
		{0xe0, 0, 1, NULL, COF_RIM_ID_KEY_DIGEST, COF_RIM_FIELDS},
		{0x110, 0, 1, NULL, COF_RIM_AUTHOR_KEY_DIGEST, COF_RIM_FIELDS},
		{0x140, 0, 1, NULL, COF_RIM_REPORT_ID, COF_RIM_FIELDS},
		{0x160, 0, 1, NULL, COF_RIM_REPORT_ID_MA, COF_RIM_FIELDS},
		{0x38, 0xdc18000000000004, 8, NULL, COF_RIM_CURRENT_TCB, COF_RIM_FIELDS},
		{0x1e0, 0xdb18000000000003, 8, NULL, COF_RIM_COMMITTED_TCB, COF_RIM_FIELDS},
		{0x1f0, 0xdb17000000000004, 8, NULL, COF_RIM_LAUNCH_TCB, COF_RIM_FIELDS},
		{0x1e8, 41, 1, NULL, COF_RIM_CURRENT_VERSION, COF_RIM_FIELDS},
		{0x1ee, 2, 1, NULL, COF_RIM_COMMITTED_VERSION, COF_RIM_FIELDS},
		{0x189, 2, 1, NULL, COF_RIM_CPUID_MODEL, COF_RIM_FIELDS},
		{0x18a, 2, 1, NULL, COF_RIM_CPUID_STEPPING, COF_RIM_FIELDS},
	};
	set_up_report();
	const cof_facts good = b.facts;
	for (size_t i = 0; i < COF_COUNT(changes); i++) {
		const change *c = &changes[i];
		soft_drop(&b.s);
		make_report(&b.s);
		soft_put(b.s.report, c->at, c->v, c->n);
		b.policy = c->policy;
		soft_make(&b.s);
		cof_rim_entry e = entry_of(&good, c->too);
		judge_entry(&e);
		assert_differs(&b.v, c->differs);
	}
}

/* A chip's id that is masked is no chip's. */
static void a_provider_s_report(void **state)
{
	(void)state;
	set_up_report();
	const cof_facts chip = b.facts;
	soft_drop(&b.s);
	make_report(&b.s);
	soft_make_vlek(&b.s);
	soft_make(&b.s);
	take_facts();
	assert_true(b.facts.vlek && !b.facts.stated[COF_RIM_CHIP_ID]);
	assert_string_equal((const char *)b.facts.value[COF_RIM_CSP_ID], "CN=");
	cof_rim_entry e = entry_of(&b.facts, COF_RIM_FIELDS);
	judge_entry(&e);
	assert_match();
	e = entry_of(&b.facts, COF_RIM_CSP_ID);
	demand_other(&e, COF_RIM_CSP_ID, &b.facts);
	judge_entry(&e);
	assert_differs(&b.v, COF_RIM_CSP_ID);
	e = launch_of(&b.facts, "a chip");
	demand_fact(&e, COF_RIM_CHIP_ID, &chip);
	judge_entry(&e);
	assert_differs(&b.v, COF_RIM_CHIP_ID);
	assert_string_equal(check_called(&b.v, "reference-chip-id")->found, "not stated");
	/* a chip's class is not a provider's, and the other way round */
	e = launch_of(&chip, "a chip");
	judge_entry(&e);
	assert_reason("reference-mismatch");
	assert_string_equal(check_called(&b.v, "reference-mismatch")->found, "none of this class");
}

/* ---- TCBs ---- */

static const cof_rim_field tcbs[] = {COF_RIM_CURRENT_TCB, COF_RIM_REPORTED_TCB, COF_RIM_COMMITTED_TCB,
				     COF_RIM_LAUNCH_TCB};

static void judge_floor(cof_rim_field f, cof_rim_op op, uint64_t word)
{
	cof_rim_entry e = launch_of(&b.facts, "launch");
	assert_ok(cof_rim_demand_number(&e, f, op, word, 0, &err));
	judge_entry(&e);
}

/* Each component of each TCB, one above what the report has: the others being far below does not make up for it. */
static void t020_a_tcb_is_compared_part_by_part(void **state)
{
	(void)state;
	static const struct {
		uint64_t above;
		const char *part;
	} floors[] = {{0x0000000000000005, "bootloader is too low"},
		      {0x0000000000000100, "tee is too low"},
		      {0x0019000000000000, "snp is too low"},
		      {0xdc00000000000000, "microcode is too low"}};
	set_up_report();
	for (size_t i = 0; i < COF_COUNT(tcbs); i++) {
		judge_floor(tcbs[i], COF_RIM_AT_LEAST, 0xdb18000000000004);
		assert_match();
		judge_floor(tcbs[i], COF_RIM_AT_LEAST, 0x0101000000000001);
		assert_match();
		for (size_t k = 0; k < COF_COUNT(floors); k++) {
			char name[COF_CHECK_NAME_MAX];
			judge_floor(tcbs[i], COF_RIM_AT_LEAST, floors[k].above);
			assert_differs(&b.v, tcbs[i]);
			check_name(tcbs[i], name);
			assert_non_null(strstr(check_called(&b.v, name)->found, floors[k].part));
		}
		/* as one number this is lower than the report's */
		judge_floor(tcbs[i], COF_RIM_AT_LEAST, 0xda19000000000004);
		assert_differs(&b.v, tcbs[i]);
		/* equal means equal */
		judge_floor(tcbs[i], COF_RIM_IS, 0xdb17000000000004);
		assert_differs(&b.v, tcbs[i]);
	}
}

/* Each of the four words is compared with its own. */
static void t020_each_tcb_is_its_own(void **state)
{
	(void)state;
	static const size_t at[] = {0x38, 0x180, 0x1e0, 0x1f0};
	static const uint64_t words[] = {0xdd1a000000000006, 0xdb18000000000004, 0xda17000000000003,
					 0xdc19000000000005};
	set_up_report();
	soft_drop(&b.s);
	make_report(&b.s);
	for (size_t i = 0; i < COF_COUNT(at); i++)
		soft_put(b.s.report, at[i], words[i], 8);
	soft_make(&b.s);
	for (size_t i = 0; i < COF_COUNT(tcbs); i++) {
		for (size_t k = 0; k < COF_COUNT(words); k++) {
			judge_floor(tcbs[i], COF_RIM_IS, words[k]);
			if (i == k)
				assert_match();
			else
				assert_differs(&b.v, tcbs[i]);
		}
	}
}

/* Turin has FMC where Milan has the boot loader: a floor of one is none of the other. */
static void t020_a_tcb_has_its_product_s_layout(void **state)
{
	(void)state;
	set_up_report();
	judge_floor(COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 0x0000000001000000); /* Turin's SNP 1 */
	assert_differs(&b.v, COF_RIM_REPORTED_TCB);
	assert_non_null(strstr(check_called(&b.v, "reference-reported-tcb")->expected, "no TCB of Milan"));
	judge_floor(COF_RIM_REPORTED_TCB, COF_RIM_IS, 0xdb18000001000004);
	assert_differs(&b.v, COF_RIM_REPORTED_TCB);
	soft_drop(&b.s);
	make_report(&b.s);
	soft_make_turin(&b.s);
	soft_make(&b.s);
	take_facts();
	judge_floor(COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 0xdb00000018000401);
	assert_match();
	judge_floor(COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 0x0000000019000000);
	assert_differs(&b.v, COF_RIM_REPORTED_TCB);
	judge_floor(COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 0x0000000000000002);
	assert_differs(&b.v, COF_RIM_REPORTED_TCB);
	assert_non_null(strstr(check_called(&b.v, "reference-reported-tcb")->found, "fmc is too low"));
	judge_floor(COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 0xdb18000000000001); /* Milan's SNP */
	assert_differs(&b.v, COF_RIM_REPORTED_TCB);
}

/* ---- masks, minima, ranges ---- */

static void judge_number(cof_rim_field f, cof_rim_op op, uint64_t from, uint64_t to)
{
	cof_rim_entry e = launch_of(&b.facts, "launch");
	assert_ok(cof_rim_demand_number(&e, f, op, from, to, &err));
	judge_entry(&e);
}

static void judge_mask(cof_rim_field f, uint64_t value, uint64_t mask)
{
	uint8_t both[16];
	for (size_t i = 0; i < 8; i++) {
		both[i] = (uint8_t)(value >> 8 * (7 - i));
		both[8 + i] = (uint8_t)(mask >> 8 * (7 - i));
	}
	cof_rim_entry e = launch_of(&b.facts, "launch");
	assert_ok(cof_rim_demand(&e, f, COF_RIM_MASKED, cof_span_of(both, sizeof both), &err));
	judge_entry(&e);
}

static void bounds_are_inclusive(void **state)
{
	(void)state;
	set_up_report(); /* GUEST_SVN is 2, VMPL 0, POLICY 0x3001f */
	judge_number(COF_RIM_GUEST_SVN, COF_RIM_AT_LEAST, 2, 0);
	assert_match();
	judge_number(COF_RIM_GUEST_SVN, COF_RIM_AT_LEAST, 3, 0);
	assert_differs(&b.v, COF_RIM_GUEST_SVN);
	assert_string_equal(check_called(&b.v, "reference-guest-svn")->expected, "at least 3");
	assert_string_equal(check_called(&b.v, "reference-guest-svn")->found, "2");
	judge_number(COF_RIM_CPUID_FAMILY, COF_RIM_RANGE, 0x19, 0x19);
	assert_match();
	judge_number(COF_RIM_CPUID_FAMILY, COF_RIM_RANGE, 0, 0x18);
	assert_differs(&b.v, COF_RIM_CPUID_FAMILY);
	judge_number(COF_RIM_CPUID_FAMILY, COF_RIM_RANGE, 0x1a, 0xff);
	assert_differs(&b.v, COF_RIM_CPUID_FAMILY);
	judge_mask(COF_RIM_POLICY, 0, COF_SNP_POLICY_DEBUG);
	assert_match();
	judge_mask(COF_RIM_POLICY, COF_SNP_POLICY_SINGLE_SOCKET, COF_SNP_POLICY_SINGLE_SOCKET);
	assert_differs(&b.v, COF_RIM_POLICY);
	judge_mask(COF_RIM_PLATFORM_INFO, 0x20, 0x20);
	assert_match();
	judge_mask(COF_RIM_PLATFORM_INFO, 0x10, 0x10);
	assert_differs(&b.v, COF_RIM_PLATFORM_INFO);
	assert_string_equal(check_called(&b.v, "reference-platform-info")->expected,
			    "0000000000000010 under 0000000000000010");
}

/* ---- entries ---- */

static void sign_two(cof_rim_entry *x, cof_rim_entry *y, cof_buf *ret)
{
	COF_AUTO(cof_rim) rim = {0};
	assert_ok(cof_rim_add(&rim, x, &err));
	assert_ok(cof_rim_add(&rim, y, &err));
	sign_rim(&rim, COF_RIM_SNP, author, 0, ret);
}

/* Conditions do not add up across entries: the one has the right measurement, the other the right TCB. */
static void t077_entries_are_alternatives(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) corim = {0};
	COF_AUTO(cof_buf) pem = {0};
	set_up_report();
	cof_rim_entry x = entry_of(&b.facts, COF_RIM_MEASUREMENT), y = launch_of(&b.facts, "other");
	demand_other(&x, COF_RIM_MEASUREMENT, &b.facts);
	demand_other(&y, COF_RIM_HOST_DATA, &b.facts);
	demand_other(&y, COF_RIM_GUEST_SVN, &b.facts);
	sign_two(&x, &y, &corim);
	give("ref", &corim);
	give_key(author, &pem);
	judge("snp-report");
	assert_differs(&b.v, COF_RIM_MEASUREMENT); /* the nearest: one condition of many is wrong */
	assert_non_null(strstr(check_called(&b.v, "reference-mismatch")->found, "'launch'"));
	assert_non_null(strstr(check_called(&b.v, "reference-mismatch")->expected, "one of 2 entries"));
}

static void t077_the_second_entry_and_the_second_file_count(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) first = {0};
	COF_AUTO(cof_buf) second = {0};
	COF_AUTO(cof_buf) third = {0};
	COF_AUTO(cof_buf) pem = {0};
	set_up_report();
	cof_rim_entry x = launch_of(&b.facts, "wrong"), y = launch_of(&b.facts, "right"), z = launch_of(&b.facts, "z"),
		      u = launch_of(&b.facts, "u");
	demand_other(&x, COF_RIM_GUEST_SVN, &b.facts);
	demand_other(&z, COF_RIM_VMPL, &b.facts);
	sign_two(&x, &y, &first);
	sign_entry(&z, author, &second);
	sign_entry(&u, author, &third);
	give("ref", &second);
	give_key(author, &pem);
	judge("snp-report");
	assert_differs(&b.v, COF_RIM_VMPL);
	give("ref", &first);
	judge("snp-report");
	assert_match();
	assert_string_equal(json_string_value(json_object_get(json_object_get(b.v.fields, "appraisal"), "entry")),
			    "right");
	b.more[2].bytes = cof_buf_span(&third);
	judge("snp-report");
	assert_match();
}

/* ---- whose word counts ---- */

static void judge_by(EVP_PKEY *signer, const cof_buf *authors)
{
	COF_AUTO(cof_buf) corim = {0};
	cof_rim_entry e = launch_of(&b.facts, "launch");
	sign_entry(&e, signer, &corim);
	b.n_more = 0;
	give("ref", &corim);
	if (authors != NULL)
		give("ref_key", authors);
	judge("snp-report");
	b.n_more = 0;
}

static void t077_authors_speak_for_their_classes(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) chip = {0};
	COF_AUTO(cof_buf) others = {0};
	COF_AUTO(cof_buf) pem = {0};
	set_up_report();
	authors_of(author, "[" VCEK_CLASS "]", "", &chip);
	authors_of(author, "[" VLEK_CLASS "," TD_CLASS "]", "", &others);
	pem_public(author, &pem);
	judge_by(author, &chip);
	assert_match();
	assert_string_equal(json_string_value(json_object_get(json_object_get(b.v.fields, "appraisal"), "author")),
			    "image team");
	judge_by(author, &pem);
	assert_match();
	judge_by(author, &others);
	assert_reason("reference-author");
	assert_non_null(strstr(check_called(&b.v, "reference-author")->found, "'image team' may not speak for snp"));
	judge_by(stranger, &chip);
	assert_reason("cose-signature");
	judge_by(author, NULL);
	assert_reason("cose-algorithm");
}

static void t077_older_values_are_not_served_again(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) newer = {0};
	COF_AUTO(cof_buf) now = {0};
	set_up_report();
	authors_of(author, "[" VCEK_CLASS "]", ",\"min_version\":3", &newer);
	authors_of(author, "[" VCEK_CLASS "]", ",\"min_version\":2", &now);
	for (uint64_t version = 0; version < 4; version++) {
		COF_AUTO(cof_buf) corim = {0};
		cof_rim_entry e = launch_of(&b.facts, "launch");
		e.version = version;
		sign_entry(&e, author, &corim);
		b.n_more = 0;
		give("ref", &corim);
		give("ref_key", &newer);
		judge("snp-report");
		if (version < 3)
			assert_reason("reference-older");
		else
			assert_match();
		b.more[1].bytes = cof_buf_span(&now);
		judge("snp-report");
		if (version < 2)
			assert_reason("reference-older");
		else
			assert_match();
		b.n_more = 0;
	}
}

static void t077_signatures_end(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) pem = {0};
	set_up_report();
	for (int i = 0; i < 2; i++) {
		COF_AUTO(cof_buf) corim = {0};
		COF_AUTO(cof_rim) rim = {0};
		cof_rim_entry e = launch_of(&b.facts, "launch");
		assert_ok(cof_rim_add(&rim, &e, &err));
		rim.not_after = i == 0 ? SOFT_NOW - 1 : 0; /* of the manifest, or of the signature */
		sign_rim(&rim, COF_RIM_SNP, author, i == 0 ? 0 : SOFT_NOW - 1, &corim);
		b.n_more = 0;
		give("ref", &corim);
		pem.len = 0;
		give_key(author, &pem);
		judge("snp-report");
		assert_reason("corim-validity");
		assert_int_equal(check_called(&b.v, "corim-validity")->stage, COF_STAGE_VALIDITY);
	}
	b.n_more = 0;
}

static void t077_unsigned_values_need_the_word(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) corim = {0};
	COF_AUTO(cof_buf) doc = {0};
	COF_AUTO(cof_rim) rim = {0};
	set_up_report();
	cof_rim_entry e = launch_of(&b.facts, "launch");
	document_of(&e, &doc);
	assert_ok(cof_rim_set_id(&rim, cof_span_str("guest"), &err));
	assert_ok(cof_rim_add(&rim, &e, &err));
	assert_ok(cof_corim_write(&rim, COF_RIM_SNP, &corim, &err));
	const cof_buf *files[] = {&corim, &doc};
	static const char *const reasons[] = {"corim-unsigned", "reference-unsigned"};
	for (size_t i = 0; i < COF_COUNT(files); i++) {
		b.n_more = 0;
		give("ref", files[i]);
		judge("snp-report");
		assert_reason(reasons[i]);
		b.n_more = 0;
		give("ref_unsigned", files[i]);
		judge("snp-report");
		assert_match();
		assert_true(check_called(&b.v, "reference-unsigned")->passed);
	}
	/* one word does not do for two files */
	give("ref", &doc);
	judge("snp-report");
	assert_reason("reference-unsigned");
	b.n_more = 0;
}

/* An entry that does not say what was launched would be true of any guest. */
static void t007_a_reference_names_the_launch(void **state)
{
	(void)state;
	set_up_report();
	cof_rim_entry e = entry_of(&b.facts, COF_RIM_MEASUREMENT);
	judge_entry(&e);
	assert_reason("corim-unsupported");
}

static void t077_one_bad_file_spoils_the_rest(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) corim = {0};
	COF_AUTO(cof_buf) bad = {0};
	COF_AUTO(cof_buf) pem = {0};
	set_up_report();
	cof_rim_entry e = launch_of(&b.facts, "launch");
	sign_entry(&e, author, &corim);
	assert_ok(cof_buf_add(&bad, corim.data, corim.len, &err));
	bad.data[bad.len - 1] ^= 1;
	give("ref", &corim);
	give("ref", &bad);
	give_key(author, &pem);
	judge("snp-report");
	assert_string_equal(soft_failed(&b.v)->name, "cose-signature");
	assert_false(b.v.accepted);
	b.n_more = 0;
}

static void put_hex(const char *hex, cof_buf *ret)
{
	uint8_t bytes[64];
	assert_ok(cof_unhex(hex, bytes, strlen(hex) / 2, &err));
	assert_ok(cof_buf_add(ret, bytes, strlen(hex) / 2, &err));
}

static void t079_files_that_are_none(void **state)
{
	(void)state;
	static const struct {
		const char *role, *bytes, *reason;
		cof_stage stage;
	} files[] = {
		{"ref", "d280", "cose-malformed", COF_STAGE_PARSE},
		{"ref", "d2", "cbor-malformed", COF_STAGE_PARSE},
		{"ref", "d29b8000000000000000", "cbor-malformed", COF_STAGE_PARSE},
		{"ref_unsigned", "d901f5a2", "cbor-malformed", COF_STAGE_PARSE},
		{"ref_unsigned", "d901f5a20061670180", "corim-malformed", COF_STAGE_PARSE},
		{"ref_unsigned", "d901f5a30061670181d901fa4003d8206178", "corim-profile", COF_STAGE_PROFILE},
		{"ref_unsigned", "7b2278223a317d", "rvps-unsupported", COF_STAGE_POLICY}, /* {"x":1} */
		{"ref_unsigned", "5b5d", "rim-malformed", COF_STAGE_PARSE},		  /* [] */
		{"ref_unsigned", "7b", "reference-malformed", COF_STAGE_PARSE},
	};
	set_up_report();
	for (size_t i = 0; i < COF_COUNT(files); i++) {
		COF_AUTO(cof_buf) bytes = {0};
		COF_AUTO(cof_buf) pem = {0};
		put_hex(files[i].bytes, &bytes);
		b.n_more = 0;
		give(files[i].role, &bytes);
		give_key(author, &pem);
		judge("snp-report");
		assert_reason(files[i].reason);
		assert_int_equal(soft_failed(&b.v)->stage, files[i].stage);
		b.n_more = 0;
	}
}

/* Evidence that is refused matches nothing, and its references are judged all the same. */
static void t007_refused_evidence_matches_nothing(void **state)
{
	(void)state;
	set_up_report();
	b.policy = "{\"vmpl\":1}";
	cof_rim_entry e = launch_of(&b.facts, "launch");
	judge_entry(&e);
	assert_reason("vmpl");
	assert_false(was_checked(&b.v, "reference-mismatch"));
	assert_true(check_called(&b.v, "cose-signature")->passed);
	b.policy = NULL;
}

static void keys_alone_are_wrong_usage(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO(cof_buf) pem = {0};
	const cof_kind *kind = NULL;
	set_up_report();
	pem_public(author, &pem);
	cof_role_file files[5] = {{"report", cof_buf_span(&b.s.made[0])},
				  {"vek", cof_buf_span(&b.s.made[1])},
				  {"intermediate", cof_buf_span(&b.s.made[2])},
				  {"root", cof_buf_span(&b.s.made[3])},
				  {"ref_key", cof_buf_span(&pem)}};
	cof_verify_in in = {.files = files, .n_files = 5, .now = SOFT_NOW};
	assert_ok(cof_kind_find("snp-report", &kind, &err));
	assert_fails(cof_verify(kind, &in, &v, &err), "role-missing");
}

static void t077_too_many_files(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) doc = {0};
	set_up_report();
	cof_rim_entry e = launch_of(&b.facts, "launch");
	document_of(&e, &doc);
	cof_rim_entry_release(&e);
	for (size_t i = 0; i < COF_REFERENCES_MAX + 1; i++)
		give("ref_unsigned", &doc);
	judge("snp-report");
	assert_reason("reference-malformed");
	b.n_more = 0;
}

/* ---- corim-appraisal ---- */

static void jwk_file(EVP_PKEY *key, cof_buf *ret)
{
	COF_AUTO_PTR(json_t) jwk = NULL;
	assert_ok(cof_jwk_of(key, &jwk, &err));
	assert_ok(cof_json_dump(jwk, ret, &err));
}

static void judge_manifest(cof_rim_entry *e, const cof_buf *authors)
{
	COF_AUTO(cof_buf) corim = {0};
	COF_AUTO(cof_buf) jwk = {0};
	sign_entry(e, author, &corim);
	jwk_file(author, &jwk);
	b.n_more = 0;
	give("corim", &corim);
	give("key", &jwk);
	if (authors != NULL)
		give("authors", authors);
	judge("corim-appraisal");
	b.n_more = 0;
}

static void no_match_is_no_yes(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) yes = NULL;
	COF_AUTO_PTR(json_t) no = NULL;
	const cof_kind *kind = NULL;
	set_up_report();
	assert_ok(cof_kind_find("corim-appraisal", &kind, &err));
	cof_rim_entry e = launch_of(&b.facts, "launch");
	judge_manifest(&e, NULL);
	assert_true(b.v.accepted && b.v.appraisal == COF_APPRAISED_MATCH);
	assert_ok(cof_verdict_json(kind, &b.v, &yes, &err));
	assert_string_equal(json_string_value(json_object_get(yes, "appraisal")), "match");
	assert_true(json_is_null(json_object_get(yes, "reason")));
	e = entry_of(&b.facts, COF_RIM_MEASUREMENT);
	demand_other(&e, COF_RIM_MEASUREMENT, &b.facts);
	judge_manifest(&e, NULL);
	assert_true(cof_checks_passed(&b.v.checks));
	assert_true(!b.v.accepted && b.v.appraisal == COF_APPRAISED_NO_MATCH);
	assert_ok(cof_verdict_json(kind, &b.v, &no, &err));
	assert_string_equal(json_string_value(json_object_get(no, "verdict")), "valid");
	assert_string_equal(json_string_value(json_object_get(no, "appraisal")), "no-match");
	assert_string_equal(json_string_value(json_object_get(no, "reason")), "reference-mismatch");
}

/* The certificate may be newer than the day that is asked for, and never older than it lasts. */
static void the_chain_s_time(void **state)
{
	(void)state;
	set_up_report();
	const cof_facts facts = b.facts;
	for (int i = 0; i < 3; i++) {
		soft_drop(&b.s);
		make_report(&b.s);
		b.s.vek.from = i == 0 ? 500 : -1000;
		b.s.vek.to = i == 1 ? -1 : 1000;
		b.s.root.from = i == 2 ? 500 : -1000;
		soft_make(&b.s);
		cof_rim_entry e = launch_of(&facts, "launch");
		judge_manifest(&e, NULL);
		if (i == 0)
			assert_true(b.v.accepted);
		else
			assert_reason(i == 1 ? "vek-validity" : "root-validity");
	}
}

static void t077_authors_of_a_manifest(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) fine = {0};
	COF_AUTO(cof_buf) other_class = {0};
	COF_AUTO(cof_buf) other_key = {0};
	set_up_report();
	authors_of(author, "[" VCEK_CLASS "]", "", &fine);
	authors_of(author, "[" VLEK_CLASS "]", "", &other_class);
	authors_of(stranger, "[" VCEK_CLASS "]", "", &other_key);
	cof_rim_entry e = launch_of(&b.facts, "launch");
	judge_manifest(&e, &fine);
	assert_true(b.v.accepted);
	e = launch_of(&b.facts, "launch");
	judge_manifest(&e, &other_class);
	assert_reason("reference-author");
	e = launch_of(&b.facts, "launch");
	judge_manifest(&e, &other_key);
	assert_reason("cose-algorithm");
}

/* Nobody's manifest, and no manifest at all. */
static void t077_a_manifest_is_signed(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) corim = {0};
	COF_AUTO(cof_buf) jwk = {0};
	COF_AUTO(cof_buf) garbage = {0};
	COF_AUTO(cof_rim) rim = {0};
	set_up_report();
	jwk_file(author, &jwk);
	cof_rim_entry e = launch_of(&b.facts, "launch");
	assert_ok(cof_rim_set_id(&rim, cof_span_str("guest"), &err));
	assert_ok(cof_rim_add(&rim, &e, &err));
	assert_ok(cof_corim_write(&rim, COF_RIM_SNP, &corim, &err));
	assert_ok(cof_buf_add_str(&garbage, "{}", &err));
	give("corim", &corim);
	give("key", &jwk);
	judge("corim-appraisal");
	assert_reason("corim-unsigned");
	b.more[0].bytes = cof_buf_span(&garbage);
	judge("corim-appraisal");
	assert_reason("corim-malformed");
	b.more[1].bytes = cof_buf_span(&garbage);
	judge("corim-appraisal");
	assert_reason("jwk-malformed");
	b.n_more = 0;
}

static int make_all(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	author = EVP_EC_gen("P-384");
	stranger = EVP_EC_gen("P-384");
	return 0;
}

static int drop_all(void **state)
{
	(void)state;
	drop_verdict();
	soft_drop(&b.s);
	soft_keys_drop(&keys);
	EVP_PKEY_free(author);
	EVP_PKEY_free(stranger);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t007_each_field_of_a_reference_counts),
		cmocka_unit_test(t007_each_field_of_a_report_counts),
		cmocka_unit_test(t007_a_reference_names_the_launch),
		cmocka_unit_test(t007_refused_evidence_matches_nothing),
		cmocka_unit_test(t020_a_tcb_is_compared_part_by_part),
		cmocka_unit_test(t020_each_tcb_is_its_own),
		cmocka_unit_test(t020_a_tcb_has_its_product_s_layout),
		cmocka_unit_test(t077_entries_are_alternatives),
		cmocka_unit_test(t077_the_second_entry_and_the_second_file_count),
		cmocka_unit_test(t077_authors_speak_for_their_classes),
		cmocka_unit_test(t077_older_values_are_not_served_again),
		cmocka_unit_test(t077_signatures_end),
		cmocka_unit_test(t077_unsigned_values_need_the_word),
		cmocka_unit_test(t077_one_bad_file_spoils_the_rest),
		cmocka_unit_test(t079_files_that_are_none),
		cmocka_unit_test(t077_too_many_files),
		cmocka_unit_test(t077_authors_of_a_manifest),
		cmocka_unit_test(t077_a_manifest_is_signed),
		cmocka_unit_test(no_match_is_no_yes),
		cmocka_unit_test(the_chain_s_time),
		cmocka_unit_test(keys_alone_are_wrong_usage),
		cmocka_unit_test(bounds_are_inclusive),
		cmocka_unit_test(a_provider_s_report),
		cmocka_unit_test(what_a_report_says_matches),
	};
	return cmocka_run_group_tests(tests, make_all, drop_all);
}
