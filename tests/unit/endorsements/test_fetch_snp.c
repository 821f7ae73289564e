/* SPDX-License-Identifier: Apache-2.0 */
/* AMD's endorsements: the chain first, and nothing of another chip, TCB, product or root. */
#include "tests/unit/endorsements/amd.h"

#include "attestation/endorsements/roles.h"
#include "common/clock.h"

static soft_keys keys;

typedef struct rig {
	soft_snp s;
	vendor_peer v;
	tmpdir dir;
	cof_ecache *cache;
	cof_service *service;
	cof_fetcher f;
	cof_endorse_wants wants; /* chain, list, VCEK */
	cof_buf root;		 /* the first one: RSA-PSS gives other bytes each time */
} rig;

enum { CHAIN, CRL, VCEK };

static int setup(void **state)
{
	(void)state;
	amd_keys_make(&keys);
	keys.stranger = EVP_RSA_gen(4096);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	soft_keys_drop(&keys);
	return 0;
}

/* Makes all anew, after a change; the rest of the rig stays. */
static void renew(rig *r, void (*change)(soft_snp *s))
{
	soft_drop(&r->s);
	r->s = soft_snp_good(&keys);
	r->s.crl.given = true;
	r->s.crl.ext = "2.5.29.20";
	r->s.crl.value = "DER:020105";
	if (change != NULL)
		change(&r->s);
	soft_make(&r->s);
	if (r->root.len == 0)
		assert_ok(cof_buf_add(&r->root, r->s.made[3].data, r->s.made[3].len, &err));
	if (strcmp(r->s.root.subject, "ARK-Milan") == 0) {
		r->s.made[3].len = 0;
		assert_ok(cof_buf_add(&r->s.made[3], r->root.data, r->root.len, &err));
	}
	amd_say(&r->v, &r->s);
	r->f.root = cof_buf_span(&r->s.made[3]);
}

static void rig_open(rig *r)
{
	*r = (rig){.dir = tmpdir_new()};
	vendor_open(&r->v);
	assert_ok(cof_ecache_open(r->dir.path, true, &r->cache, &err));
	const cof_service_opts o = {.base = {r->v.url}, .patience_ms = 3000, .backoff_ms = 10, .vcek_every_ms = 600};
	assert_ok(cof_service_new(&o, r->cache, &r->service, &err));
	r->f = (cof_fetcher){.store = r->cache, .service = r->service, .now = SOFT_NOW};
	renew(r, NULL);
	assert_ok(cof_endorse_wants_report(cof_buf_span(&r->s.made[0]), COF_SNP_LINE_NONE, &r->wants, &err));
	assert_int_equal(r->wants.n, 3);
}

static void rig_close(rig *r)
{
	vendor_close(&r->v);
	cof_service_free(r->service);
	cof_ecache_free(r->cache);
	tmpdir_release(&r->dir);
	cof_buf_release(&r->root);
	soft_drop(&r->s);
}

static cof_fetch_state fetch(const rig *r, size_t which, const char *why)
{
	COF_AUTO(cof_fetch_got) got = {0};
	assert_ok(cof_fetch(&r->f, &r->wants.id[which], &got, &err));
	if (why == NULL ? got.why.reason[0] != '\0' : strcmp(got.why.reason, why) != 0)
		fail_msg("'%s' (%s), not '%s'", got.why.reason, got.why.text, why == NULL ? "" : why);
	return got.state;
}

static void fetches_chain_list_and_vcek(void **state)
{
	(void)state;
	static rig r;
	rig_open(&r);
	assert_int_equal(fetch(&r, VCEK, NULL), COF_FETCH_FETCHED); /* brings the chain along */
	assert_int_equal(vendor_asked(&r.v), 2);
	assert_int_equal(fetch(&r, CHAIN, NULL), COF_FETCH_FRESH);
	assert_int_equal(fetch(&r, CRL, NULL), COF_FETCH_FETCHED);
	assert_int_equal(fetch(&r, VCEK, NULL), COF_FETCH_FRESH);
	assert_int_equal(vendor_asked(&r.v), 3);
	rig_close(&r);
}

/* A root of our own vouches only where it was named; one out of the cache, never. */
static void t023_a_root_counts_by_its_key_alone(void **state)
{
	(void)state;
	static cof_checks checks;
	static rig r;
	COF_AUTO(cof_endorse_files) files = {0};
	rig_open(&r);
	r.f.root = (cof_span){0};
	assert_int_equal(fetch(&r, CHAIN, "endorsement-root"), COF_FETCH_MISSING);
	r.f.root = cof_buf_span(&r.s.made[2]);
	assert_int_equal(fetch(&r, CHAIN, "endorsement-root"), COF_FETCH_MISSING);
	r.f.root = cof_buf_span(&r.s.made[3]);
	assert_int_equal(fetch(&r, CHAIN, NULL), COF_FETCH_FETCHED);
	/* what another's word brought into the cache vouches for nothing without that word */
	r.f.root = (cof_span){0};
	assert_int_equal(fetch(&r, CRL, "endorsement-root"), COF_FETCH_MISSING);
	assert_int_equal(fetch(&r, VCEK, "endorsement-root"), COF_FETCH_MISSING);
	r.f.root = cof_buf_span(&r.s.made[3]);
	for (size_t i = CRL; i <= VCEK; i++)
		assert_int_equal(fetch(&r, i, NULL), COF_FETCH_FETCHED);
	cof_endorse_files_in in = {.store = r.cache, .wants = &r.wants};
	assert_ok(cof_endorse_files_load(&in, &checks, &files, &err));
	assert_int_equal(checks.failed, 1);
	assert_string_equal(checks.list[0].name, "endorsement-root");
	cof_endorse_files_release(&files);
	checks = (cof_checks){0};
	const cof_role_file named = {"root", cof_buf_span(&r.s.made[3])};
	in.given = &named;
	in.n_given = 1;
	assert_ok(cof_endorse_files_load(&in, &checks, &files, &err));
	assert_int_equal(checks.n, 0);
	assert_int_equal(files.n, 3); /* vek, intermediate, crl, and no root */
	for (size_t i = 0; i < files.n; i++)
		assert_string_not_equal(files.file[i].role, "root");
	rig_close(&r);
}

static void other_chip(soft_snp *s)
{
	char *hwid = strstr(s->vek.ext, "4=DER:" SOFT_HWID8);
	assert_non_null(hwid);
	hwid[6] = '7';
}

static void other_tcb(soft_snp *s)
{
	char *snp = strstr(s->vek.ext, "3.3=DER:020118");
	assert_non_null(snp);
	snp[13] = '7';
}

static void other_product(soft_snp *s)
{
	soft_make_turin(s);
}

static void other_signer(soft_snp *s)
{
	s->vek.by = s->k->stranger;
}

static void list_of_another(soft_snp *s)
{
	s->crl.by = s->k->stranger;
}

static void list_that_ended(soft_snp *s)
{
	s->crl.to = -1;
}

static void ask_of_another(soft_snp *s)
{
	s->middle.by = s->k->stranger;
}

static void ended_chain(soft_snp *s)
{
	s->middle.to = -1;
}

/* Each once with an empty cache, and once with a good one that must stay. */
static void what_does_not_hold_is_not_kept(void **state)
{
	(void)state;
	static const struct {
		void (*change)(soft_snp *s);
		size_t which;
		const char *why;
	} cases[] = {
		{other_chip, VCEK, "endorsement-other"},	   {other_tcb, VCEK, "endorsement-other"},
		{other_product, CHAIN, "endorsement-other"},	   {other_signer, VCEK, "vek-signature"},
		{list_of_another, CRL, "crl-signature"},	   {list_that_ended, CRL, "crl-validity"},
		{ask_of_another, CHAIN, "intermediate-signature"}, {ended_chain, CHAIN, "intermediate-validity"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		static rig r;
		rig_open(&r);
		renew(&r, cases[i].change);
		assert_int_equal(fetch(&r, cases[i].which, cases[i].why), COF_FETCH_MISSING);
		renew(&r, NULL);
		r.f.again = true;
		assert_int_equal(fetch(&r, cases[i].which, NULL), COF_FETCH_FETCHED);
		renew(&r, cases[i].change);
		assert_int_equal(fetch(&r, cases[i].which, cases[i].why), COF_FETCH_KEPT);
		rig_close(&r);
	}
}

static void number_4(soft_snp *s)
{
	s->crl.value = "DER:020104";
}

static void earlier(soft_snp *s)
{
	s->crl.from = -1001;
}

static void number_6(soft_snp *s)
{
	s->crl.value = "DER:020106";
	s->crl.revoked = 0x10001; /* a list that names our ASK is kept all the more */
}

static void t023_an_older_list_does_not_replace_a_newer_one(void **state)
{
	(void)state;
	static rig r;
	rig_open(&r);
	r.f.again = true;
	assert_int_equal(fetch(&r, CRL, NULL), COF_FETCH_FETCHED);
	void (*const changes[])(soft_snp *) = {number_4, earlier};
	for (size_t i = 0; i < COF_COUNT(changes); i++) {
		renew(&r, changes[i]);
		assert_int_equal(fetch(&r, CRL, "endorsement-rollback"), COF_FETCH_KEPT);
	}
	renew(&r, number_6);
	assert_int_equal(fetch(&r, CRL, NULL), COF_FETCH_FETCHED);
	rig_close(&r);
}

/* The KDS gives one VCEK in ten seconds (here: 600 ms), to all processes of a machine together. */
static void vceks_take_turns(void **state)
{
	(void)state;
	static rig r;
	rig_open(&r);
	r.f.again = true;
	assert_int_equal(fetch(&r, VCEK, NULL), COF_FETCH_FETCHED);
	int64_t began = cof_boot_ms();
	assert_int_equal(fetch(&r, VCEK, NULL), COF_FETCH_FETCHED);
	int64_t took = cof_boot_ms() - began;
	assert_true(took >= 300);
	rig_close(&r);
}

static void a_vcek_is_kept_for_good(void **state)
{
	(void)state;
	static rig r;
	rig_open(&r);
	r.s.vek.to = 400L * 86400; /* ends in more than a year */
	r.s.middle.to = r.s.root.to = 4000L * 86400;
	soft_make(&r.s);
	amd_say(&r.v, &r.s);
	r.f.root = cof_buf_span(&r.s.made[3]);
	assert_int_equal(fetch(&r, VCEK, NULL), COF_FETCH_FETCHED);
	r.f.now += 300L * 86400;
	assert_int_equal(fetch(&r, VCEK, NULL), COF_FETCH_FRESH);
	r.f.now += 80L * 86400;
	assert_int_equal(fetch(&r, VCEK, NULL), COF_FETCH_FETCHED);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fetches_chain_list_and_vcek),
		cmocka_unit_test(t023_a_root_counts_by_its_key_alone),
		cmocka_unit_test(what_does_not_hold_is_not_kept),
		cmocka_unit_test(t023_an_older_list_does_not_replace_a_newer_one),
		cmocka_unit_test(vceks_take_turns),
		cmocka_unit_test(a_vcek_is_kept_for_good),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
