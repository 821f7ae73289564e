/* SPDX-License-Identifier: Apache-2.0 */
/* Whole quotes of a platform of our own: what is good is accepted, and each single wrong thing refused by its check. */
#include "tests/unit/verify/soft_tdx.h"
#include "tests/unit/verify/walk.h"

#include "attestation/verify/tdx.h"

static soft_tdx keys;

static void soft_release(soft_tdx *t)
{
	soft_drop(t);
}
COF_DEFINE_AUTO(soft_tdx, soft_release)

static walk_verdict *judge_files(const char *kind_name, const cof_role_file *files, size_t n, const char *policy)
{
	const cof_kind *kind = NULL;
	walk_verdict *r = walk_new();
	COF_AUTO_PTR(json_t) words = policy == NULL ? NULL : json_loads(policy, 0, NULL);
	const cof_verify_in in = {.files = files, .n_files = n, .policy = words, .now = SOFT_NOW};
	assert_true(policy == NULL || words != NULL);
	assert_ok(cof_kind_find(kind_name, &kind, &err));
	assert_ok(cof_verify(kind, &in, r, &err));
	return r;
}

static walk_verdict *judge(const soft_tdx *t, const char *policy)
{
	cof_role_file files[SOFT_FILES_MAX];
	size_t n = soft_files(t, files);
	return judge_files("tdx-quote", files, n, policy);
}

static void print_failures(const cof_verdict *r)
{
	for (size_t i = 0; i < r->checks.n; i++) {
		const cof_check *k = &r->checks.list[i];
		if (!k->passed)
			print_error("  %s/%s: '%s', found '%s'\n", cof_stage_name(k->stage), k->name, k->expected,
				    k->found);
	}
}

static void assert_accepted(const soft_tdx *t, const char *policy)
{
	COF_AUTO_PTR(walk_verdict) r = judge(t, policy);
	if (!r->accepted)
		print_failures(r);
	assert_true(r->accepted);
}

static const cof_check *find_check(const cof_verdict *r, const char *name)
{
	for (size_t i = 0; i < r->checks.n; i++) {
		if (strcmp(r->checks.list[i].name, name) == 0)
			return &r->checks.list[i];
	}
	fail_msg("no check '%s'", name);
	return NULL;
}

/* ---- the good one ---- */

static void a_good_quote(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	COF_AUTO_PTR(walk_verdict) r = judge(&t, NULL);
	if (!r->accepted)
		print_failures(r);
	assert_true(r->accepted);
	assert_string_equal(r->tcb_status, "UpToDate");
	const json_t *tcb = json_object_get(r->fields, "tcb");
	assert_string_equal(jstr(tcb, "module"), "UpToDate");
	assert_string_equal(jstr(tcb, "tcb_date"), "2026-12-01T00:00:00Z");
	assert_int_equal(json_array_size(json_object_get(tcb, "advisories")), 2);
	assert_string_equal(jstr(json_object_get(r->fields, "pck"), "fmspc"), "00806f050000");
	assert_string_equal(jstr(r->fields, "event_log"), "absent");
	/* a root that is not Intel's is named so */
	assert_non_null(strstr(find_check(r, "untrusted-root")->found, "NOT Intel's"));
	assert_string_equal(jstr(r->fields, "root"), "named by the caller");
}

/* Without a root by hand, Intel's alone counts. */
static void t022_own_root_counts_only_by_name(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	t.leave_out = "root";
	COF_AUTO_PTR(walk_verdict) r = judge(&t, NULL);
	assert_false(r->accepted);
	assert_string_equal(walk_first(r)->name, "untrusted-root");
	assert_null(r->tcb_status);
}

/* Same names, same serial numbers, other keys. */
static void t022_look_alike_roots(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) other = {0};
	COF_AUTO(soft_tdx) look_alike = {0};
	COF_AUTO(soft_tdx) t;
	cof_role_file files[SOFT_FILES_MAX];
	soft_keys(&other);
	soft_start(&look_alike, &other);
	soft_finish(&look_alike);
	soft_start(&t, &keys);
	soft_finish(&t);
	size_t n = soft_files(&t, files);
	const cof_span roots[] = {
		cof_buf_span(&look_alike.root_der), cof_span_str("no root"), cof_buf_span(&look_alike.chain), {0}};
	assert_string_equal(files[n - 1].role, "root");
	for (size_t i = 0; i < COF_COUNT(roots); i++) {
		files[n - 1].bytes = roots[i];
		COF_AUTO_PTR(walk_verdict) r = judge_files("tdx-quote", files, n, NULL);
		assert_false(r->accepted);
		assert_string_equal(walk_first(r)->name, "untrusted-root");
	}
	/* and as PEM, the right one */
	COF_AUTO(cof_buf) pem = {0};
	soft_put_pem(t.x509[SOFT_ROOT], &pem);
	files[n - 1].bytes = cof_buf_span(&pem);
	COF_AUTO_PTR(walk_verdict) r = judge_files("tdx-quote", files, n, NULL);
	assert_true(r->accepted);
}

static void without_collateral_only_by_policy(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	const cof_role_file files[] = {{"quote", cof_buf_span(&t.quote)}, {"root", cof_buf_span(&t.root_der)}};
	COF_AUTO_PTR(walk_verdict) strict = judge_files("tdx-quote", files, 2, NULL);
	COF_AUTO_PTR(walk_verdict) open = judge_files("tdx-quote", files, 2, "{\"signatures_only\":true}");
	assert_string_equal(walk_first(strict)->name, "tcb-info-missing");
	assert_true(open->accepted);
	assert_null(open->tcb_status);
	assert_non_null(strstr(find_check(open, "tcb-info-missing")->found, "nothing is known"));
	/* half of it is never enough */
	t.leave_out = "tcb_info";
	COF_AUTO_PTR(walk_verdict) half = judge(&t, "{\"signatures_only\":true}");
	assert_string_equal(walk_first(half)->name, "tcb-info-missing");
}

static void the_verified_quote(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	cof_role_file files[SOFT_FILES_MAX];
	COF_AUTO_PTR(walk_verdict) r = walk_new();
	COF_AUTO_PTR(walk_verdict) later = walk_new();
	COF_AUTO_PTR(cof_tdx_verified) v = NULL;
	soft_start(&t, &keys);
	soft_finish(&t);
	cof_verify_in in = {.files = files, .n_files = soft_files(&t, files), .now = SOFT_NOW};
	assert_ok(cof_tdx_verify(&in, r, &v, &err));
	assert_non_null(v);
	assert_int_equal(cof_tdx_verified_quote(v)->version, 5);
	assert_int_equal(cof_tdx_verified_pck(v)->pcesvn, 11);
	assert_int_equal(cof_tdx_verified_status(v), COF_TDX_UP_TO_DATE);
	assert_false(cof_tdx_verified_has_log(v));
	cof_tdx_verified *none = v;
	in.now += 365L * SOFT_DAY;
	assert_ok(cof_tdx_verify(&in, later, &none, &err));
	assert_null(none);
}

/* ---- one wrong thing ---- */

typedef struct mutation {
	const char *check; /* the one that must fail first */
	void (*apply)(soft_tdx *t, const struct mutation *m);
	size_t at;
	int value;
	const char *from, *to;
	const char *policy;
} mutation;

static void in_body(soft_tdx *t, const mutation *m)
{
	t->body.data[m->at] ^= (uint8_t)m->value;
}

static void in_qe(soft_tdx *t, const mutation *m)
{
	t->qe.data[m->at] ^= (uint8_t)m->value;
}

static void in_quote(soft_tdx *t, const mutation *m)
{
	t->flip = m->at + 1;
	t->flip_with = (uint8_t)m->value;
}

static void in_info(soft_tdx *t, const mutation *m)
{
	soft_replace(&t->info, m->from, m->to);
}

static void in_identity(soft_tdx *t, const mutation *m)
{
	soft_replace(&t->identity, m->from, m->to);
}

static void in_signed_info(soft_tdx *t, const mutation *m)
{
	t->info_from = m->from;
	t->info_to = m->to;
}

static void in_signed_identity(soft_tdx *t, const mutation *m)
{
	t->identity_from = m->from;
	t->identity_to = m->to;
}

static void in_chain(soft_tdx *t, const mutation *m)
{
	t->chain_from = m->from;
	t->chain_to = m->to;
}

static void in_signing_chain(soft_tdx *t, const mutation *m)
{
	t->signing_from = m->from;
	t->signing_to = m->to;
}

static void signing_root(soft_tdx *t, const mutation *m)
{
	t->signing_root = (soft_who)m->value;
}

static void in_cert(soft_tdx *t, const mutation *m)
{
	soft_replace(&t->cert[m->at].ext, m->from, m->to);
}

static void cert_name(soft_tdx *t, const mutation *m)
{
	t->cert[m->at].subject = m->to;
}

static void cert_issuer(soft_tdx *t, const mutation *m)
{
	t->cert[m->at].issuer = m->to;
}

static void cert_by(soft_tdx *t, const mutation *m)
{
	t->cert[m->at].issuer_key = (soft_who)m->value;
}

static void cert_from(soft_tdx *t, const mutation *m)
{
	t->cert[m->at].from = m->value;
}

static void cert_to(soft_tdx *t, const mutation *m)
{
	t->cert[m->at].to = m->value;
}

static void cert_hash(soft_tdx *t, const mutation *m)
{
	t->cert[m->at].hash = m->to;
}

static void cert_curve(soft_tdx *t, const mutation *m)
{
	soft_who who = (soft_who)m->at;
	EVP_PKEY_free(t->keys[who]);
	t->keys[who] = EVP_EC_gen("P-384");
	assert_non_null(t->keys[who]);
	/* raw signatures are made by keys of P-256 */
	if (who == SOFT_PCK)
		t->qe_by = SOFT_OTHER;
	if (who == SOFT_TCB)
		t->json_by = SOFT_OTHER;
}

static void signer(soft_tdx *t, const mutation *m)
{
	soft_who *by[] = {&t->qe_by, &t->quote_by, &t->json_by, &t->pck_crl.by, &t->root_crl.by};
	*by[m->at] = (soft_who)m->value;
}

static soft_crl *crl_of(soft_tdx *t, const mutation *m)
{
	return m->at == SOFT_ROOT ? &t->root_crl : &t->pck_crl;
}

static void crl_serial(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->serial = m->value;
}

static void crl_from(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->from = m->value;
}

static void crl_to(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->to = m->value;
}

static void crl_issuer(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->issuer = m->to;
}

static void crl_critical(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->critical = true;
}

static void crl_no_next(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->no_next = true;
}

static void crl_garbage(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->garbage = true;
}

static void crl_hash(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->hash = m->to;
}

static void qe_tail(soft_tdx *t, const mutation *m)
{
	t->qe_tail = (uint8_t)m->value;
}

static void leave_out(soft_tdx *t, const mutation *m)
{
	t->leave_out = m->to;
}

static void behind(soft_tdx *t, const mutation *m)
{
	assert_ok(cof_buf_add(&t->behind, m->to, m->at, &err));
}

static void cut(soft_tdx *t, const mutation *m)
{
	t->cut = m->at;
}

#define BODY(check, at, value)                                                                                         \
	{                                                                                                              \
		check, in_body, at, value, NULL, NULL, NULL                                                            \
	}
#define BODY_POLICY(check, at, value, policy)                                                                          \
	{                                                                                                              \
		check, in_body, at, value, NULL, NULL, policy                                                          \
	}
#define QE(check, at, value)                                                                                           \
	{                                                                                                              \
		check, in_qe, at, value, NULL, NULL, NULL                                                              \
	}
#define QUOTE(check, at, value)                                                                                        \
	{                                                                                                              \
		check, in_quote, at, value, NULL, NULL, NULL                                                           \
	}
#define TEXT(check, where, from, to)                                                                                   \
	{                                                                                                              \
		check, where, 0, 0, from, to, NULL                                                                     \
	}
#define CERT(check, who, from, to)                                                                                     \
	{                                                                                                              \
		check, in_cert, who, 0, from, to, NULL                                                                 \
	}
#define WITH(check, how, at, value, to)                                                                                \
	{                                                                                                              \
		check, how, at, value, NULL, to, NULL                                                                  \
	}
#define HEX_48 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
#define HEX_64                                                                                                         \
	"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf"             \
	"b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define EXPECT(word, hex) "{\"" word "\":\"" hex "\"}"
#define OCTETS "FORMAT:HEX,OCTETSTRING:"

static const mutation mutations[] = {
	/* the quote's bytes, signed as they are */
	BODY("tdx-quote-version", 0, 5 ^ 6),
	BODY("tdx-quote-version", 0, 5 ^ 3),
	BODY("tdx-quote-version", 1, 1),
	BODY("tdx-quote-key-type", 2, 2 ^ 3),
	BODY("tdx-quote-tee-type", 4, 0x81),
	BODY("tdx-quote-tee-type", 7, 0x80),
	BODY("tdx-quote-vendor-id", 12, 1),
	BODY("tdx-quote-vendor-id", 27, 0x80),
	BODY("tdx-quote-body-size", 48, 3 ^ 2),
	BODY("tdx-quote-body-size", 48, 3 ^ 1),
	BODY("tdx-quote-body-size", 50, 1),
	BODY("tdx-quote-body-size", 53, 0x80),
	/* the platform */
	BODY("tcb-status", AT_SVN, 5 ^ 4),
	BODY("tcb-status", AT_SVN, 5 ^ 2),
	BODY("tcb-not-supported", AT_SVN, 5 ^ 1),
	BODY("module-mismatch", AT_SVN + 1, 1 ^ 2),
	BODY("tcb-status", AT_SVN + 2, 6 ^ 5),
	BODY("tcb-status", AT_SVN + 2, 6 ^ 1),
	BODY("tcb-not-supported", AT_SVN + 2, 6),
	BODY("module-mismatch", AT_MR_SIGNER_SEAM, 1),
	BODY("module-mismatch", AT_MR_SIGNER_SEAM + 47, 0x80),
	BODY("module-mismatch", AT_SEAM_ATTRIBUTES, 1),
	BODY("module-mismatch", AT_SEAM_ATTRIBUTES + 7, 0x80),
	/* the TD */
	BODY("debug", AT_ATTRIBUTES, 1),
	BODY("debug", AT_ATTRIBUTES, 2),
	BODY("debug", AT_ATTRIBUTES, 0x80),
	BODY_POLICY("debug", AT_ATTRIBUTES, 2, "{\"allow_debug\":true}"),
	BODY("td-attributes-reserved", AT_ATTRIBUTES + 1, 1),
	BODY("td-attributes-reserved", AT_ATTRIBUTES + 3, 0x01),
	BODY("td-attributes-reserved", AT_ATTRIBUTES + 7, 0x40),
	BODY_POLICY("td-migratable", AT_ATTRIBUTES + 3, 0x20, "{\"allow_migratable\":false}"),
	BODY_POLICY("td-sept-ve-disable", AT_ATTRIBUTES + 3, 0x10, "{\"require_sept_ve_disable\":true}"),
	BODY_POLICY("service-td", AT_SERVICE_TD, 1, "{\"allow_service_td\":false}"),
	BODY_POLICY("service-td", AT_SERVICE_TD + 47, 0x80, "{\"allow_service_td\":false}"),
	BODY_POLICY("report-data", AT_REPORT_DATA, 1, EXPECT("report_data", HEX_64)),
	BODY_POLICY("report-data", AT_REPORT_DATA + 63, 0x80, EXPECT("report_data", HEX_64)),
	BODY_POLICY("mr-td", AT_MR_TD, 1, EXPECT("mr_td", HEX_48)),
	BODY_POLICY("mr-td", AT_MR_TD + 47, 0x80, EXPECT("mr_td", HEX_48)),
	BODY_POLICY("mr-config-id", AT_MR_CONFIG_ID, 1, EXPECT("mr_config_id", SOFT_ZEROS_96)),
	BODY_POLICY("mr-owner", AT_MR_OWNER + 47, 1, EXPECT("mr_owner", SOFT_ZEROS_96)),
	BODY_POLICY("mr-owner-config", AT_MR_OWNER_CONFIG, 1, EXPECT("mr_owner_config", SOFT_ZEROS_96)),
	BODY_POLICY("rtmr0", AT_RTMR, 1, EXPECT("rtmr0", SOFT_ZEROS_96)),
	BODY_POLICY("rtmr1", AT_RTMR + 48, 1, EXPECT("rtmr1", SOFT_ZEROS_96)),
	BODY_POLICY("rtmr2", AT_RTMR + 96, 1, EXPECT("rtmr2", SOFT_ZEROS_96)),
	BODY_POLICY("rtmr3", AT_RTMR + 144, 1, EXPECT("rtmr3", SOFT_ZEROS_96)),
	/* the quoting enclave */
	QE("qe-miscselect", QE_MISCSELECT, 1),
	QE("qe-miscselect", QE_MISCSELECT + 3, 0x80),
	QE("qe-attributes", QE_ATTRIBUTES, 2),
	QE("qe-attributes", QE_ATTRIBUTES, 1),
	QE("qe-attributes", QE_ATTRIBUTES + 7, 0x80),
	QE("qe-mrsigner", QE_MRSIGNER, 1),
	QE("qe-mrsigner", QE_MRSIGNER + 31, 0x80),
	QE("qe-isvprodid", QE_PRODID, 3),
	QE("qe-isvprodid", QE_PRODID + 1, 1),
	QE("tcb-status", QE_SVN, 4 ^ 3),
	QE("tcb-status", QE_SVN, 4 ^ 1),
	QE("tcb-not-supported", QE_SVN, 4),
	WITH("qe-report-data", qe_tail, 0, 1, NULL),
	WITH("qe-report-data", qe_tail, 0, 0x80, NULL),
	/* bytes changed behind their signatures */
	QUOTE("quote-signature", 8, 1),
	QUOTE("quote-signature", 28, 1),
	QUOTE("quote-signature", AT_MR_TD, 1),
	QUOTE("quote-signature", AT_SERVICE_TD + 47, 1),
	QUOTE("quote-signature", AT_SIG, 1),
	QUOTE("quote-signature", AT_SIG + 63, 1),
	QUOTE("attestation-key", AT_KEY, 1),
	QUOTE("qe-report-signature", AT_QE, 1),
	QUOTE("qe-report-signature", AT_QE + QE_REPORT_DATA, 1),
	QUOTE("qe-report-signature", AT_QE_SIG + 63, 1),
	QUOTE("qe-report-data", AT_AUTH, 1),
	QUOTE("tdx-quote-certification-type", AT_OUTER_TYPE, 6 ^ 5),
	QUOTE("tdx-quote-certification-type", AT_INNER_TYPE, 5 ^ 4),
	QUOTE("tdx-quote-certification-type", AT_INNER_TYPE, 5 ^ 3),
	QUOTE("tdx-quote-certification-type", AT_INNER_TYPE, 5 ^ 7),
	QUOTE("tdx-quote-length", AT_SIG_LEN, 1),
	QUOTE("tdx-quote-length", AT_SIG_LEN + 3, 0x80),
	QUOTE("tdx-quote-length", AT_OUTER_LEN, 1),
	QUOTE("tdx-quote-length", AT_OUTER_LEN + 3, 0xff),
	QUOTE("tdx-quote-length", AT_AUTH_LEN + 1, 0xff),
	QUOTE("tdx-quote-length", AT_INNER_LEN, 1),
	QUOTE("tdx-quote-length", AT_INNER_LEN + 3, 0xff),
	WITH("tdx-quote-length", cut, 1, 0, NULL),
	WITH("tdx-quote-trailing-bytes", behind, 1, 0, "x"),
	WITH("tdx-quote-trailing-bytes", behind, 4, 0, "\0\0\0\1"),
	{"tdx-quote-padding", behind, 4, 0, NULL, "\0\0\0\0", "{\"exact_length\":true}"},
	WITH("qe-report-signature", signer, 0, SOFT_OTHER, NULL),
	WITH("quote-signature", signer, 1, SOFT_OTHER, NULL),
	WITH("quote-signature", signer, 1, SOFT_PCK, NULL),
	/* collateral */
	WITH("tcb-info-signature", signer, 2, SOFT_PCK, NULL),
	WITH("tcb-info-signature", signer, 2, SOFT_ROOT, NULL),
	TEXT("tcb-info-signature", in_signed_info, "Revoked", "UpToDat"),
	TEXT("tcb-info-signature", in_signed_info, "\"version\":3", "\"version\": 3"),
	TEXT("qe-identity-signature", in_signed_identity, "\"isvprodid\":2", "\"isvprodid\":3"),
	TEXT("qe-identity-signature", in_signed_identity, "}]}", "} ]}"),
	TEXT("signed-json-malformed", in_signed_info, "{\"tcbInfo\"", "{\"x\":1,\"tcbInfo\""),
	TEXT("signed-json-malformed", in_signed_info, "\"signature\"", "\"tcbInfo\":{},\"signature\""),
	TEXT("signed-json-malformed", in_signed_info, "\"signature\"", "\"Signature\""),
	TEXT("signed-json-malformed", in_signed_info, "{\"tcbInfo\"", "{\"enclaveIdentity\""),
	TEXT("signed-json-malformed", in_signed_info, "\"signature\":\"", "\"signature\":\"00"),
	TEXT("signed-json-malformed", in_signed_identity, "{\"enclaveIdentity\"", "{{\"enclaveIdentity\""),
	TEXT("tcb-info-id", in_info, "\"TDX\"", "\"SGX\""),
	TEXT("tcb-info-version", in_info, "\"version\":3", "\"version\":2"),
	TEXT("tcb-info-version", in_info, "\"version\":3", "\"version\":4"),
	TEXT("fmspc-mismatch", in_info, "00806F", "00806E"),
	TEXT("pceid-mismatch", in_info, "\"pceId\":\"0000\"", "\"pceId\":\"0001\""),
	TEXT("tcb-info-not-yet-valid", in_info, "2027-01-01", "2027-01-16"),
	TEXT("tcb-info-expired", in_info, "2027-02-01", "2027-01-14"),
	TEXT("tcb-info-format", in_info, "2027-02-01", "2027-02-31"),
	TEXT("tcb-info-format", in_info, "2027-02-01T00:00:00Z", "2027-02-01T00:00:00+00:00"),
	TEXT("tcb-info-format", in_info, "\"tcbType\":0", "\"tcbType\":1"),
	TEXT("tcb-info-format", in_info, "\"tcbType\":0", "\"tcbType\":0,\"tcbType\":0"),
	TEXT("tcb-info-format", in_info, "{\"svn\":7},", ""),
	TEXT("tcb-info-format", in_info, "{\"svn\":7},", "{\"svn\":7},{\"svn\":7},"),
	TEXT("tcb-info-format", in_info, "{\"svn\":7}", "{\"svn\":256}"),
	TEXT("tcb-info-format", in_info, "{\"svn\":7}", "{\"svn\":-1}"),
	TEXT("tcb-info-format", in_info, "{\"svn\":7}", "{}"),
	TEXT("tcb-info-format", in_info, "\"pcesvn\":11", "\"pcesvn\":65536"),
	TEXT("tcb-info-format", in_info, "\"UpToDate\"}", "\"Fine\"}"),
	TEXT("tcb-info-format", in_info, "\"UpToDate\"}", "\"ConfigurationNeeded\"}"),
	TEXT("tcb-info-format", in_info, "\"TDX_01\"", "\"TDX_1\""),
	TEXT("tcb-info-format", in_info, "\"TDX_01\"", "\"TDX_00\""),
	TEXT("tcb-info-format", in_info, "\"tdxModule\"", "\"tdxModul\""),
	TEXT("tcb-info-format", in_info, "[\"UpToDate\",", "[1,"),
	TEXT("tcb-info-format", in_info, "Identities\":[",
	     "Identities\":[{\"id\":\"TDX_01\"," SOFT_SIGNER
	     ",\"tcbLevels\":[{\"tcb\":{\"isvsvn\":0},\"tcbDate\":\"2026-12-01T00:00:00Z\","
	     "\"tcbStatus\":\"UpToDate\"}]},"),
	TEXT("module-mismatch", in_info, "tdxModuleIdentities", "tdxModuleIdentitiez"),
	TEXT("module-mismatch", in_info, "\"TDX_01\"", "\"TDX_03\""),
	TEXT("tcb-status", in_info, "\"UpToDate\",\"adv", "\"SWHardeningNeeded\",\"adv"),
	TEXT("tcb-status", in_info, "\"UpToDate\",\"adv", "\"ConfigurationNeeded\",\"adv"),
	TEXT("tcb-status", in_info, "\"UpToDate\",\"adv", "\"OutOfDateConfigurationNeeded\",\"adv"),
	TEXT("tcb-status", in_info, "\"pcesvn\":11", "\"pcesvn\":12"),
	TEXT("tcb-status", in_info, "{\"svn\":7}", "{\"svn\":8}"),
	TEXT("qe-identity-id", in_identity, "TD_QE", "QE"),
	TEXT("qe-identity-version", in_identity, "\"version\":2", "\"version\":1"),
	TEXT("qe-identity-not-yet-valid", in_identity, "2027-01-01", "2027-01-16"),
	TEXT("qe-identity-expired", in_identity, "2027-02-01", "2027-01-14"),
	TEXT("qe-identity-format", in_identity, "\"isvprodid\":2", "\"isvprodid\":2,\"isvprodid\":2"),
	TEXT("qe-identity-format", in_identity, "\"isvprodid\":2", "\"isvprodid\":\"2\""),
	TEXT("qe-identity-format", in_identity, "dcdc", "dc"),
	TEXT("qe-identity-format", in_identity, "UpToDate", "SWHardeningNeeded"),
	TEXT("qe-miscselect", in_identity, "\"miscselect\":\"00000000\"", "\"miscselect\":\"01000000\""),
	{"tcb-evaluation-too-low", in_info, 0, 0, "Number\":20", "Number\":19", "{\"min_tcb_evaluation\":20}"},
	{"qe-evaluation-too-low", in_identity, 0, 0, "Number\":20", "Number\":19", "{\"min_tcb_evaluation\":20}"},
	WITH("tcb-signing-chain-missing", leave_out, 0, 0, "tcb_signing_chain"),
	WITH("qe-identity-missing", leave_out, 0, 0, "qe_identity"),
	WITH("pck-crl-missing", leave_out, 0, 0, "pck_crl"),
	WITH("root-crl-missing", leave_out, 0, 0, "root_crl"),
	/* revocation lists */
	WITH("pck-revoked", crl_serial, SOFT_PCK, 3, NULL),
	WITH("intermediate-revoked", crl_serial, SOFT_ROOT, 2, NULL),
	WITH("tcb-signing-revoked", crl_serial, SOFT_ROOT, 4, NULL),
	WITH("pck-crl-not-yet-valid", crl_from, SOFT_PCK, 1, NULL),
	WITH("pck-crl-expired", crl_to, SOFT_PCK, -1, NULL),
	WITH("root-crl-not-yet-valid", crl_from, SOFT_ROOT, 1, NULL),
	WITH("root-crl-expired", crl_to, SOFT_ROOT, -1, NULL),
	WITH("pck-crl-issuer", crl_issuer, SOFT_PCK, 0, "Intel SGX PCK Processor CA"),
	WITH("root-crl-issuer", crl_issuer, SOFT_ROOT, 0, "Intel SGX PCK Platform CA"),
	WITH("pck-crl-signature", signer, 3, SOFT_ROOT, NULL),
	WITH("root-crl-signature", signer, 4, SOFT_CA, NULL),
	WITH("pck-crl-malformed", crl_critical, SOFT_PCK, 0, NULL),
	WITH("root-crl-malformed", crl_no_next, SOFT_ROOT, 0, NULL),
	WITH("pck-crl-malformed", crl_garbage, SOFT_PCK, 0, NULL),
	WITH("root-crl-malformed", crl_hash, SOFT_ROOT, 0, "SHA384"),
	/* certificates */
	TEXT("certificate-malformed", in_chain, "-----BEGIN", "----BEGIN"),
	TEXT("certificate-malformed", in_chain, "-----END CERTIFICATE-----\n", "-----END CERTIFICATE-----\n\n"),
	TEXT("certificate-malformed", in_chain, "MII", "MI*"),
	TEXT("certificate-malformed", in_signing_chain, "-----BEGIN", "comment\n-----BEGIN"),
	WITH("tcb-signing-root", signing_root, 0, SOFT_CA, NULL),
	WITH("tcb-signing-root", signing_root, 0, SOFT_TCB, NULL),
	WITH("certificate-name", cert_name, SOFT_PCK, 0, "Intel SGX TCB Signing"),
	WITH("certificate-name", cert_name, SOFT_TCB, 0, "Intel SGX PCK Certificate"),
	WITH("certificate-signature", cert_issuer, SOFT_PCK, 0, "Intel SGX PCK Processor CA"),
	WITH("certificate-signature", cert_by, SOFT_PCK, SOFT_OTHER, NULL),
	WITH("certificate-signature", cert_by, SOFT_CA, SOFT_OTHER, NULL),
	WITH("certificate-signature", cert_by, SOFT_TCB, SOFT_CA, NULL),
	WITH("certificate-signature", cert_by, SOFT_ROOT, SOFT_OTHER, NULL),
	WITH("certificate-not-yet-valid", cert_from, SOFT_PCK, 1, NULL),
	WITH("certificate-not-yet-valid", cert_from, SOFT_CA, 1, NULL),
	WITH("certificate-not-yet-valid", cert_from, SOFT_ROOT, 1, NULL),
	WITH("certificate-not-yet-valid", cert_from, SOFT_TCB, 1, NULL),
	WITH("certificate-expired", cert_to, SOFT_PCK, -1, NULL),
	WITH("certificate-expired", cert_to, SOFT_CA, -1, NULL),
	WITH("certificate-expired", cert_to, SOFT_ROOT, -1, NULL),
	WITH("certificate-expired", cert_to, SOFT_TCB, -1, NULL),
	WITH("certificate-profile", cert_hash, SOFT_PCK, 0, "SHA384"),
	WITH("certificate-profile", cert_hash, SOFT_CA, 0, "SHA512"),
	WITH("certificate-key", cert_curve, SOFT_PCK, 0, NULL),
	WITH("certificate-key", cert_curve, SOFT_CA, 0, NULL),
	WITH("certificate-key", cert_curve, SOFT_TCB, 0, NULL),
	CERT("certificate-profile", SOFT_CA, "CA:TRUE", "CA:FALSE"),
	CERT("certificate-profile", SOFT_CA, "keyCertSign,", ""),
	CERT("certificate-profile", SOFT_CA, ",cRLSign", ""),
	CERT("certificate-profile", SOFT_PCK, "CA:FALSE", "CA:TRUE"),
	CERT("certificate-profile", SOFT_PCK, "digitalSignature,", ""),
	CERT("certificate-profile", SOFT_PCK, "nonRepudiation", "keyCertSign"),
	CERT("certificate-profile", SOFT_PCK, "basicConstraints=critical,CA:FALSE\n", ""),
	CERT("certificate-profile", SOFT_PCK, SOFT_OID "=ASN1", SOFT_OID "=critical,ASN1"),
	CERT("certificate-profile", SOFT_TCB, "CA:FALSE", "CA:TRUE"),
	CERT("certificate-profile", SOFT_TCB, "digitalSignature,", ""),
	/* the SGX extension */
	CERT("pck-extension-missing", SOFT_PCK, SOFT_OID "=", "1.2.840.113741.1.13.9="),
	CERT("pck-extension-missing", SOFT_PCK, "d=SEQUENCE:p4\n", ""),
	CERT("pck-extension-missing", SOFT_PCK, "c=SEQUENCE:p3\n", ""),
	CERT("pck-extension-missing", SOFT_PCK, "b=SEQUENCE:p2\n", ""),
	CERT("pck-extension-missing", SOFT_PCK, "t16=SEQUENCE:c16\n", ""),
	CERT("pck-extension-missing", SOFT_PCK, "t17=SEQUENCE:c17\n", ""),
	CERT("pck-extension-malformed", SOFT_PCK, "c=SEQUENCE:p3\n", "c=SEQUENCE:p3\nc2=SEQUENCE:p3\n"),
	CERT("pck-extension-malformed", SOFT_PCK, "t16=SEQUENCE:c16\n", "t16=SEQUENCE:c15\n"),
	CERT("pck-extension-malformed", SOFT_PCK, "b=INTEGER:7", "b=INTEGER:256"),
	CERT("pck-extension-malformed", SOFT_PCK, "b=INTEGER:7", "b=INTEGER:-1"),
	CERT("pck-extension-malformed", SOFT_PCK, "b=INTEGER:7", "b=ENUMERATED:7"),
	CERT("pck-extension-malformed", SOFT_PCK, "b=INTEGER:11", "b=INTEGER:65536"),
	CERT("pck-extension-malformed", SOFT_PCK, OCTETS "0000", OCTETS "000000"),
	CERT("pck-extension-malformed", SOFT_PCK, OCTETS "00806f05", OCTETS "806f05"),
	CERT("pck-extension-malformed", SOFT_PCK, "b=ENUMERATED:1", "b=ENUMERATED:300"),
	CERT("pck-extension-malformed", SOFT_PCK, "b=BOOLEAN:TRUE", "b=INTEGER:1"),
	CERT("pck-extension-malformed", SOFT_PCK, "[p3]\n", "[p3]\nz=NULL\n"),
	CERT("fmspc-mismatch", SOFT_PCK, OCTETS "00806f05", OCTETS "00806f06"),
	CERT("pceid-mismatch", SOFT_PCK, OCTETS "0000", OCTETS "0100"),
	CERT("tcb-status", SOFT_PCK, "b=INTEGER:7", "b=INTEGER:6"),
	CERT("tcb-status", SOFT_PCK, "b=INTEGER:11", "b=INTEGER:10"),
	CERT("tcb-not-supported", SOFT_PCK, "b=INTEGER:7", "b=INTEGER:0"),
	CERT("tcb-not-supported", SOFT_PCK, "b=INTEGER:11", "b=INTEGER:4"),
};

/* True when it was refused, and by the right check. */
static bool refused_by(const mutation *m)
{
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	m->apply(&t, m);
	soft_finish(&t);
	COF_AUTO_PTR(walk_verdict) r = judge(&t, m->policy);
	return !r->accepted && strcmp(walk_first(r)->name, m->check) == 0;
}

static void print_mutation(size_t i)
{
	COF_AUTO(soft_tdx) t;
	const mutation *m = &mutations[i];
	soft_start(&t, &keys);
	m->apply(&t, m);
	soft_finish(&t);
	COF_AUTO_PTR(walk_verdict) r = judge(&t, m->policy);
	print_error("mutation %zu (at %zu, %s -> %s): not refused by '%s' first:\n", i, m->at,
		    m->from == NULL ? "" : m->from, m->to == NULL ? "" : m->to, m->check);
	print_failures(r);
}

static void t022_each_wrong_thing_by_its_check(void **state)
{
	(void)state;
	size_t bad = 0;
	for (size_t i = 0; i < COF_COUNT(mutations); i++) {
		if (refused_by(&mutations[i]))
			continue;
		print_mutation(i);
		bad++;
	}
	assert_true(COF_COUNT(mutations) >= 60);
	assert_int_equal(bad, 0);
}

/* The same policies on the unchanged quote: what a mutation above was refused for is what was changed. */
static void t019_policies_that_hold(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	for (size_t i = 0; i < COF_COUNT(mutations); i++)
		assert_accepted(&t, mutations[i].policy);
}

/* ---- what else is allowed ---- */

static void a_mutation_that_policy_allows(const mutation *m)
{
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	m->apply(&t, m);
	soft_finish(&t);
	assert_accepted(&t, m->policy);
}

static void allowed_by_policy(void **state)
{
	(void)state;
	const mutation allowed[] = {
		BODY_POLICY("", AT_ATTRIBUTES, 1, "{\"allow_debug\":true}"),
		BODY_POLICY("", AT_ATTRIBUTES + 3, 0x20, NULL),
		BODY_POLICY("", AT_ATTRIBUTES + 3, 0x10, NULL),
		BODY_POLICY("", AT_ATTRIBUTES + 7, 0x80, NULL),
		BODY_POLICY("", AT_SERVICE_TD, 1, NULL),
		BODY_POLICY("", AT_SVN + 2, 6 ^ 5, "{\"accept_tcb\":[\"OutOfDate\"]}"),
		BODY_POLICY("", AT_SVN, 5 ^ 4, "{\"accept_tcb\":[\"UpToDate\",\"TDRelaunchAdvised\"]}"),
		{"", in_info, 0, 0, "{\"tcb\":{\"sgx", "{\"new\":1,\"tcb\":{\"sgx", NULL},
		{"", behind, 4, 0, NULL, "\0\0\0\0", NULL},
	};
	for (size_t i = 0; i < COF_COUNT(allowed); i++)
		a_mutation_that_policy_allows(&allowed[i]);
}

static void qe_auth_of_any_length(void **state)
{
	(void)state;
	for (size_t len = 0; len < 300; len += 99) {
		COF_AUTO(soft_tdx) t;
		soft_start(&t, &keys);
		t.auth.len = 0;
		for (size_t i = 0; i < len; i++)
			soft_add(&t.auth, "a");
		soft_finish(&t);
		assert_accepted(&t, NULL);
	}
}

static void t020_relaunch_needs_the_newest_module(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	t.body.data[AT_SVN] = 4;
	t.body.data[AT_SVN2] = 4;
	soft_finish(&t);
	COF_AUTO_PTR(walk_verdict) r = judge(&t, "{\"accept_tcb\":[\"TDRelaunchAdvised\"]}");
	assert_false(r->accepted);
	assert_string_equal(r->tcb_status, "OutOfDate");
}

/* A revoked platform, and words that are no status, are never accepted by policy. */
static void policy_words_are_strict(void **state)
{
	(void)state;
	static const char *const words[] = {"{\"accept_tcb\":[\"Revoked\"]}", "{\"accept_tcb\":[\"NotSupported\"]}",
					    "{\"accept_tcb\":\"UpToDate\"}",  "{\"accept_tcb\":[\"uptodate\"]}",
					    "{\"allow_debug\":\"false\"}",    "{\"allow_debug\":0}",
					    "{\"allow_everything\":true}",    "{\"report_data\":\"\"}",
					    "{\"report_data\":null}",	      "{\"mr_td\":\"00\"}",
					    "{\"min_tcb_evaluation\":-1}",    "[]"};
	COF_AUTO(soft_tdx) t;
	cof_role_file files[SOFT_FILES_MAX];
	const cof_kind *kind = NULL;
	soft_start(&t, &keys);
	soft_finish(&t);
	assert_ok(cof_kind_find("tdx-quote", &kind, &err));
	for (size_t i = 0; i < COF_COUNT(words); i++) {
		COF_AUTO_PTR(json_t) policy = json_loads(words[i], 0, NULL);
		COF_AUTO_PTR(walk_verdict) r = walk_new();
		const cof_verify_in in = {
			.files = files, .n_files = soft_files(&t, files), .policy = policy, .now = SOFT_NOW};
		assert_non_null(policy);
		assert_fails(cof_verify(kind, &in, r, &err), "policy-word");
	}
}

/* ---- hostile bytes ---- */

static void every_truncation(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	size_t whole = t.quote.len;
	/* Trailing zeros would be padding; this quote ends with a newline. */
	for (size_t len = 0; len < whole; len++) {
		const cof_role_file quote = {"quote", {t.quote.data, len}};
		COF_AUTO_PTR(walk_verdict) r = judge_files("tdx-quote", &quote, 1, NULL);
		assert_false(r->accepted);
		assert_int_equal(r->checks.list[r->checks.first].stage, COF_STAGE_PARSE);
	}
}

/* Every role in turn is cut at many places: never accepted. */
static void truncated_collateral(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	cof_role_file files[SOFT_FILES_MAX];
	soft_start(&t, &keys);
	soft_finish(&t);
	size_t n = soft_files(&t, files);
	for (size_t i = 0; i < n; i++) {
		for (size_t cuts = 1; cuts < 20; cuts++) {
			cof_role_file f[SOFT_FILES_MAX];
			memcpy(f, files, sizeof f);
			f[i].bytes.len = f[i].bytes.len * cuts / 20;
			COF_AUTO_PTR(walk_verdict) r = judge_files("tdx-quote", f, n, NULL);
			assert_false(r->accepted);
		}
	}
}

static void flipped_bits(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	for (size_t at = 0; at < AT_CHAIN; at += 5) {
		t.quote.data[at] ^= (uint8_t)(1u << (at % 8));
		COF_AUTO_PTR(walk_verdict) r = judge(&t, NULL);
		assert_false(r->accepted);
		t.quote.data[at] ^= (uint8_t)(1u << (at % 8));
	}
	assert_accepted(&t, NULL);
}

static void decoded_alone(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	t.flip = AT_SIG + 1;
	t.flip_with = 1;
	soft_finish(&t);
	const cof_role_file quote = {"quote", cof_buf_span(&t.quote)};
	COF_AUTO_PTR(walk_verdict) r = judge_files("tdx-quote-parse", &quote, 1, NULL);
	assert_true(r->accepted && r->decoded_only);
	assert_string_equal(jstr(json_object_get(r->fields, "td"), "mr_td"), HEX_48);
	assert_int_equal(json_integer_value(json_object_get(r->fields, "quote_length")), t.quote.len);
}

static int setup(void **state)
{
	(void)state;
	soft_keys(&keys);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	soft_drop(&keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_quote),
		cmocka_unit_test(t022_own_root_counts_only_by_name),
		cmocka_unit_test(t022_look_alike_roots),
		cmocka_unit_test(without_collateral_only_by_policy),
		cmocka_unit_test(the_verified_quote),
		cmocka_unit_test(t022_each_wrong_thing_by_its_check),
		cmocka_unit_test(t019_policies_that_hold),
		cmocka_unit_test(allowed_by_policy),
		cmocka_unit_test(qe_auth_of_any_length),
		cmocka_unit_test(t020_relaunch_needs_the_newest_module),
		cmocka_unit_test(policy_words_are_strict),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(truncated_collateral),
		cmocka_unit_test(flipped_bits),
		cmocka_unit_test(decoded_alone),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
