/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement as a whole, over the shared vectors and over images and keys of our own. */
#include "image-decrypt/sigcheck.h"

#include "image-decrypt/layout.h"
#include "image-decrypt/sigbundle.h"
#include "image-decrypt/sigfetch.h"
#include "image-decrypt/sigpayload.h"
#include "tests/unit/image/pgpmake.h"
#include "tests/unit/image/sigrig.h"
#include "tests/unit/image/vec.h"

/* --- the shared vectors --- */

/* The signature manifests of the vectors have names of their own; the judge is to find them where cosign puts them. */
typedef struct renamed {
	cof_image_source inner;
	const char *from; /* ref of the signature manifest in its layout */
	char tag[COF_SIG_TAG_MAX];
} renamed;

static int renamed_manifest(void *arg, const char *wanted, cof_fetched *ret, cof_err *err)
{
	renamed *r = arg;
	if (strcmp(wanted, r->tag) != 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "registry-not-found", "no %s", wanted);
	return r->inner.manifest(r->inner.arg, r->from, ret, err);
}

static int renamed_blob(void *arg, const cof_desc *d, size_t max, cof_buf *ret, cof_err *err)
{
	renamed *r = arg;
	return r->inner.blob(r->inner.arg, d, max, ret, err);
}

static const char *member(const json_t *c, const char *key)
{
	return json_string_value(json_object_get(c, key));
}

static cof_sig_given given_of(const json_t *c, cof_buf *body)
{
	const char *bundle = member(c, "bundle"), *signature = member(c, "signature");
	if (bundle == NULL && signature == NULL)
		return (cof_sig_given){0};
	assert_int_equal(vector_read(bundle != NULL ? bundle : signature, body), 0);
	return (cof_sig_given){.kind = bundle != NULL ? COF_SIG_BUNDLE : COF_SIG_SIMPLE, .body = cof_buf_span(body)};
}

static int judge_vector(const json_t *c, cof_err *why)
{
	COF_AUTO(cof_buf) key = {0};
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO_PTR(cof_sigpolicy) policy = NULL;
	COF_AUTO_PTR(cof_layout) layout = NULL;
	COF_AUTO_FREE char *path = NULL;
	cof_digest digest;
	cof_ref ref;
	const char *identity = member(c, "identity");
	assert_int_equal(vector_read(member(c, "key"), &key), 0);
	assert_ok(cof_sigpolicy_of_key(cof_buf_span(&key), &policy, &err));
	assert_ok(cof_digest_parse(member(c, "signs"), &digest, &err));
	if (identity != NULL)
		assert_ok(cof_ref_parse(identity, &ref, &err));
	cof_sig_given given = given_of(c, &body);
	renamed r = {.from = member(c, "ref")};
	cof_image_source source = {&r, renamed_manifest, renamed_blob, NULL, NULL};
	if (member(c, "layout") != NULL) {
		assert_ok(cof_path(&path, &err, "%s/image/%s", vectors_dir(), member(c, "layout")));
		assert_ok(cof_layout_open(&layout, path, false, &err));
		r.inner = cof_layout_source(layout);
		cof_sig_tag(&digest, ".sig", r.tag);
	}
	const cof_sigcheck in = {
		.policy = policy,
		.place = {.transport = "docker", .ref = identity != NULL ? &ref : NULL},
		.asked = &digest,
		.chosen = &digest,
		.source = member(c, "layout") != NULL ? &source : NULL,
		.given = &given,
		.n_given = given.kind != COF_SIG_NONE,
		.now = SIGRIG_NOW,
	};
	return cof_sigcheck_run(&in, NULL, why);
}

/* Where the wanted answer leaves it to policy, ours is to refuse. */
static void t039_vectors(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) cases = vector_cases();
	json_t *c;
	size_t i, n = 0;
	if (cases == NULL)
		skip();
	json_array_foreach (cases, i, c) {
		cof_err why = {0};
		if (strncmp(member(c, "id"), "sig-", 4) != 0)
			continue;
		n++;
		int r = judge_vector(c, &why);
		if ((r == 0) != (strcmp(member(c, "want"), "ok") == 0))
			fail_msg("%s: %s %s", member(c, "id"), why.reason, why.text);
		if (r < 0 && why.reason[0] == '\0')
			fail_msg("%s: refused for no reason", member(c, "id"));
	}
	assert_true(n > 20);
}

/* --- policies of our own --- */

/* {"default":[…]} of requirements with a key each. */
static cof_sigpolicy *policy_of(const char *format, EVP_PKEY *a, EVP_PKEY *b)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_FREE char *first = sigrig_pem_b64(a);
	COF_AUTO_FREE char *second = sigrig_pem_b64(b);
	const char *at = strstr(format, "%A");
	for (; at != NULL; at = strstr(format, "%A")) {
		assert_ok(cof_buf_add(&text, format, (size_t)(at - format), &err));
		assert_ok(cof_buf_add_str(&text, first, &err));
		format = at + 2;
	}
	at = strstr(format, "%B");
	if (at != NULL) {
		assert_ok(cof_buf_add(&text, format, (size_t)(at - format), &err));
		assert_ok(cof_buf_add_str(&text, second, &err));
		format = at + 2;
	}
	assert_ok(cof_buf_add_str(&text, format, &err));
	return sigrig_policy(cof_buf_str(&text));
}

#define BY(key)                                                                                                        \
	"{\"type\":\"sigstoreSigned\",\"keyData\":\"" key "\",\"signedIdentity\":{\"type\":\"matchRepository\"}}"

typedef struct two {
	EVP_PKEY *a, *b;
	cof_ref ref;
} two;

static int up(void **state)
{
	static two t;
	t = (two){sigrig_key("P-256"), sigrig_key("ED25519"), sigrig_ref(SIGRIG_REPO ":1")};
	*state = &t;
	return 0;
}

static int down(void **state)
{
	two *t = *state;
	EVP_PKEY_free(t->a);
	EVP_PKEY_free(t->b);
	return 0;
}

static void t039_default_is_no(void **state)
{
	const two *t = *state;
	COF_AUTO_PTR(cof_sigpolicy) reject = sigrig_policy("{\"default\":[{\"type\":\"reject\"}]}");
	COF_AUTO_PTR(cof_sigpolicy) any = sigrig_policy("{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}");
	COF_AUTO_PTR(cof_sigpolicy)
	both = sigrig_policy("{\"default\":[{\"type\":\"insecureAcceptAnything\"},{\"type\":\"reject\"}]}");
	COF_AUTO_PTR(cof_sigpolicy)
	keyless = sigrig_policy("{\"default\":[{\"type\":\"insecureAcceptAnything\"},{\"type\":\"sigstoreSigned\","
				"\"fulcio\":{}}]}");
	COF_AUTO(sigrig_cosign) s = sigrig_sign(t->a, SIGRIG_DIGEST, SIGRIG_REPO);
	cof_sig_given g = sigrig_given(&s);
	cof_sig_report report = {0};
	assert_fails(sigrig_judge(NULL, &t->ref, &g, 1, NULL, &err), "policy-missing");
	assert_fails(sigrig_judge(reject, &t->ref, &g, 1, NULL, &err), "policy-rejects");
	assert_fails(sigrig_judge(both, &t->ref, &g, 1, NULL, &err), "policy-rejects");
	assert_fails(sigrig_judge(keyless, &t->ref, &g, 1, NULL, &err), "policy-unsupported");
	assert_ok(sigrig_judge(any, &t->ref, NULL, 0, &report, &err));
	assert_int_equal(report.kind, COF_SIG_NONE);
	assert_int_equal(report.requirements, 1);
}

static void t039_all_requirements_and_any_key(void **state)
{
	const two *t = *state;
	COF_AUTO_PTR(cof_sigpolicy) one = policy_of("{\"default\":[" BY("%A") "]}", t->a, t->b);
	COF_AUTO_PTR(cof_sigpolicy) all = policy_of("{\"default\":[" BY("%A") "," BY("%B") "]}", t->a, t->b);
	COF_AUTO_PTR(cof_sigpolicy)
	either = policy_of("{\"default\":[{\"type\":\"sigstoreSigned\",\"keyDatas\":[\"%A\",\"%B\"],\"signedIdentity\":"
			   "{\"type\":\"matchRepository\"}}]}",
			   t->a, t->b);
	COF_AUTO(sigrig_cosign) by_a = sigrig_sign(t->a, SIGRIG_DIGEST, SIGRIG_REPO);
	COF_AUTO(sigrig_cosign) by_b = sigrig_sign(t->b, SIGRIG_DIGEST, SIGRIG_REPO);
	const cof_sig_given given[] = {sigrig_given(&by_a), sigrig_given(&by_b)};
	cof_sig_report report = {0};
	char key[65];
	assert_ok(sigrig_judge(one, &t->ref, given, 2, &report, &err));
	assert_ok(cof_sigkey_id(t->a, key, &err));
	assert_string_equal(report.key, key);
	assert_string_equal(report.identity, SIGRIG_REPO);
	assert_int_equal(report.kind, COF_SIG_COSIGN);
	assert_int_equal(report.seen, 2);
	assert_ok(sigrig_judge(one, &t->ref, given, 1, NULL, &err));
	assert_fails(sigrig_judge(one, &t->ref, given + 1, 1, NULL, &err), "signature-invalid");
	assert_ok(sigrig_judge(all, &t->ref, given, 2, &report, &err));
	assert_int_equal(report.requirements, 2);
	assert_fails(sigrig_judge(all, &t->ref, given, 1, NULL, &err), "signature-invalid");
	assert_fails(sigrig_judge(all, &t->ref, given + 1, 1, NULL, &err), "signature-invalid");
	assert_ok(sigrig_judge(either, &t->ref, given, 1, NULL, &err));
	assert_ok(sigrig_judge(either, &t->ref, given + 1, 1, NULL, &err));
}

/* The reason is that of the signature that came furthest, wherever it stands. */
static void t039_reasons(void **state)
{
	const two *t = *state;
	COF_AUTO_PTR(cof_sigpolicy) p = policy_of("{\"default\":[" BY("%A") "]}", t->a, t->b);
	COF_AUTO(sigrig_cosign) stranger = sigrig_sign(t->b, SIGRIG_DIGEST, SIGRIG_REPO);
	COF_AUTO(sigrig_cosign) odd = sigrig_sign_text(t->a, "{}");
	COF_AUTO(sigrig_cosign) other_image = sigrig_sign(t->a, SIGRIG_OTHER, SIGRIG_REPO);
	COF_AUTO(sigrig_cosign) other_name = sigrig_sign(t->a, SIGRIG_DIGEST, "reg.example.org/evil/run");
	const cof_sig_given bundle = {COF_SIG_BUNDLE, cof_span_str("{}"), {0}};
	const cof_sig_given all[] = {sigrig_given(&other_name), sigrig_given(&other_image), sigrig_given(&odd),
				     sigrig_given(&stranger), bundle};
	const char *const reasons[] = {"signature-identity", "signature-digest", "signature-malformed",
				       "signature-invalid", "signature-malformed"};
	cof_sig_given reversed[COF_COUNT(all)];
	for (size_t i = 0; i < COF_COUNT(all); i++) {
		assert_fails(sigrig_judge(p, &t->ref, all + i, COF_COUNT(all) - i, NULL, &err), reasons[i]);
		reversed[COF_COUNT(all) - 1 - i] = all[i];
	}
	assert_fails(sigrig_judge(p, &t->ref, reversed, COF_COUNT(all), NULL, &err), reasons[0]);
	assert_fails(sigrig_judge(p, &t->ref, NULL, 0, NULL, &err), "signature-missing");
}

/* CVE-2022-35929: that something verified is not that what was asked for verified. */
static void t039_kinds_do_not_stand_in_for_each_other(void **state)
{
	const two *t = *state;
	COF_AUTO_PTR(cof_sigpolicy)
	gpg = sigrig_policy("{\"default\":[{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\",\"keyPath\":\"/ring\"}]}");
	COF_AUTO_PTR(cof_sigpolicy) cosign = policy_of("{\"default\":[" BY("%A") "]}", t->a, t->b);
	COF_AUTO(sigrig_cosign) s = sigrig_sign(t->a, SIGRIG_DIGEST, SIGRIG_REPO);
	COF_AUTO(sigrig_cosign)
	atomic = sigrig_sign_text(t->a, "{\"critical\":{\"identity\":{\"docker-reference\":\"" SIGRIG_REPO
					"\"},\"image\":{\"docker-manifest-digest\":\"" SIGRIG_DIGEST
					"\"},\"type\":\"atomic container signature\"},\"optional\":{}}");
	cof_sig_given g = sigrig_given(&s), a = sigrig_given(&atomic), message = g;
	message.kind = COF_SIG_SIMPLE;
	COF_AUTO(pgp_key) k = pgp_key_make("P-256", PGP_T0);
	COF_AUTO(cof_buf) ring = {0};
	COF_AUTO_PTR(cof_sigpolicy) with_ring = NULL;
	pgp_cert(&ring, &k, (pgp_sig_opts){.flags = 3});
	assert_ok(cof_sigpolicy_of_key(cof_buf_span(&ring), &with_ring, &err));
	assert_fails(sigrig_judge(gpg, &t->ref, &g, 1, NULL, &err), "signature-key");
	assert_fails(sigrig_judge(with_ring, &t->ref, &g, 1, NULL, &err), "signature-missing");
	assert_fails(sigrig_judge(cosign, &t->ref, &message, 1, NULL, &err), "signature-missing");
	assert_fails(sigrig_judge(cosign, &t->ref, &a, 1, NULL, &err), "signature-malformed");
}

/* Of a payload and of a signature, whatever one bit makes of them. */
static void t039_every_bit_of_a_cosign_signature(void **state)
{
	const two *t = *state;
	COF_AUTO_PTR(cof_sigpolicy) p = policy_of("{\"default\":[" BY("%A") "]}", t->a, t->b);
	COF_AUTO(sigrig_cosign) s = sigrig_sign(t->a, SIGRIG_DIGEST, SIGRIG_REPO);
	cof_sig_given g = sigrig_given(&s);
	assert_ok(sigrig_judge(p, &t->ref, &g, 1, NULL, &err));
	for (size_t bit = 0; bit < s.payload.len * 8; bit += unit_stride()) {
		s.payload.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		assert_fails(sigrig_judge(p, &t->ref, &g, 1, NULL, &err), "signature-invalid");
		s.payload.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
	}
	for (size_t bit = 0; bit < strlen(s.signature) * 8; bit += unit_stride()) {
		char was = s.signature[bit / 8];
		s.signature[bit / 8] = (char)(was ^ (1 << (bit % 8)));
		/* One line end more is none to a reader that strips them, but a letter less is. */
		assert_fails(sigrig_judge(p, &t->ref, &g, 1, NULL, &err), "signature-invalid");
		s.signature[bit / 8] = was;
	}
	COF_AUTO(cof_buf) lines = {0};
	assert_ok(cof_buf_printf(&lines, &err, "%.20s\n%s\r\n", s.signature, s.signature + 20));
	g.signature = cof_buf_span(&lines);
	assert_ok(sigrig_judge(p, &t->ref, &g, 1, NULL, &err));
}

/* --- keys by path --- */

typedef struct reader {
	const char *path;
	cof_buf key;
	int asked;
} reader;

static int read_key(void *arg, const char *path, cof_buf *ret, cof_err *err)
{
	reader *r = arg;
	r->asked++;
	if (strcmp(path, r->path) != 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "kbs-unreachable", "no %s", path);
	return cof_buf_add(ret, r->key.data, r->key.len, err);
}

static void t039_keys_come_through_the_reader(void **state)
{
	const two *t = *state;
	COF_AUTO_PTR(cof_sigpolicy)
	p = sigrig_policy("{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPaths\":[\"kbs:///default/k/1\"],"
			  "\"signedIdentity\":{\"type\":\"matchRepository\"}}]}");
	COF_AUTO(sigrig_cosign) s = sigrig_sign(t->a, SIGRIG_DIGEST, SIGRIG_REPO);
	cof_sig_given g = sigrig_given(&s);
	reader r = {.path = "kbs:///default/k/1"};
	cof_digest d = sigrig_digest(SIGRIG_DIGEST);
	cof_sigcheck in = {.policy = p,
			   .place = {.transport = "docker", .ref = &t->ref},
			   .asked = &d,
			   .chosen = &d,
			   .given = &g,
			   .n_given = 1};
	assert_fails(cof_sigcheck_run(&in, NULL, &err), "signature-key");
	in.read_key = read_key;
	in.read_key_arg = &r;
	sigrig_pem(t->a, &r.key);
	assert_ok(cof_sigcheck_run(&in, NULL, &err));
	assert_int_equal(r.asked, 1);
	r.path = "another";
	assert_fails(cof_sigcheck_run(&in, NULL, &err), "kbs-unreachable");
	r.path = "kbs:///default/k/1";
	r.key.len = 0;
	assert_fails(cof_sigcheck_run(&in, NULL, &err), "signature-key");
	assert_ok(cof_buf_add_str(&r.key, "not a key at all, but long enough to be one", &err));
	assert_fails(cof_sigcheck_run(&in, NULL, &err), "signature-key");
	cof_buf_release(&r.key);
}

/* --- index and member --- */

static void t037_over_the_index_or_the_member(void **state)
{
	const two *t = *state;
	COF_AUTO_PTR(cof_sigpolicy) p = policy_of("{\"default\":[" BY("%A") "]}", t->a, t->b);
	COF_AUTO(sigrig_cosign) index = sigrig_sign(t->a, SIGRIG_DIGEST, SIGRIG_REPO);
	COF_AUTO(sigrig_cosign) member_sig = sigrig_sign(t->a, SIGRIG_OTHER, SIGRIG_REPO);
	const cof_sig_given given[] = {sigrig_given(&index), sigrig_given(&member_sig)};
	cof_digest asked = sigrig_digest(SIGRIG_DIGEST), chosen = sigrig_digest(SIGRIG_OTHER);
	cof_digest neither = sigrig_digest("sha256:1111111111111111111111111111111111111111111111111111111111111111");
	cof_sig_report report = {0};
	cof_sigcheck in = {.policy = p,
			   .place = {.transport = "docker", .ref = &t->ref},
			   .asked = &asked,
			   .chosen = &chosen,
			   .n_given = 1};
	for (size_t i = 0; i < 2; i++) {
		in.given = given + i;
		assert_ok(cof_sigcheck_run(&in, &report, &err));
		assert_true(cof_digest_equal(&report.digest, i == 0 ? &asked : &chosen));
	}
	in.asked = in.chosen = &neither;
	assert_fails(cof_sigcheck_run(&in, NULL, &err), "signature-digest");
}

/* --- what others had to publish --- */

/* A bundle around this statement, whose other material says whatever more says. */
static void bundle_of(EVP_PKEY *key, const char *statement, const char *material, cof_buf *ret)
{
	COF_AUTO(cof_buf) pae = {0};
	COF_AUTO(cof_buf) sig = {0};
	assert_ok(cof_buf_printf(&pae, &err, "DSSEv1 28 application/vnd.in-toto+json %zu %s", strlen(statement),
				 statement));
	assert_ok(cof_sigkey_sign(key, cof_buf_span(&pae), &sig, &err));
	COF_AUTO_FREE char *payload = cof_b64_dup(cof_span_str(statement));
	COF_AUTO_FREE char *text = cof_b64_dup(cof_buf_span(&sig));
	ret->len = 0;
	assert_ok(
		cof_buf_printf(ret, &err,
			       "{\"mediaType\":\"" COF_SIGBUNDLE_TYPE "\",\"verificationMaterial\":{%s},"
			       "\"dsseEnvelope\":{\"payload\":\"%s\",\"payloadType\":\"application/vnd.in-toto+json\","
			       "\"signatures\":[{\"sig\":\"%s\"}]}}",
			       material, payload, text));
}

#define SUBJECT                                                                                                        \
	"\"subject\":[{\"name\":\"" SIGRIG_REPO "\",\"digest\":{\"sha256\":\"ba7816bf8f01cfea414140de5dae2223b0"       \
	"0361a396177a9cb410ff61f20015ad\"}}]"
#define SIGNS                                                                                                          \
	"{\"_type\":\"https://in-toto.io/Statement/v1\"," SUBJECT ",\"predicateType\":\"" COF_SIGBUNDLE_PREDICATE "\"" \
	"}"
#define NAMELESS                                                                                                       \
	"{\"_type\":\"https://in-toto.io/Statement/"                                                                   \
	"v1\",\"subject\":[{\"digest\":{\"sha256\":\"ba7816bf8f01cfea414140de5d"                                       \
	"ae2223b00361a396177a9cb410ff61f20015ad\"}}],\"predicateType\":\"" COF_SIGBUNDLE_PREDICATE "\"}"
#define SBOM                                                                                                           \
	"{\"_type\":\"https://in-toto.io/Statement/v1\"," SUBJECT ",\"predicateType\":\"https://spdx.dev/Document\"}"
#define TLOG                                                                                                           \
	"\"publicKey\":{\"hint\":\"x\"},\"tlogEntries\":[{\"logIndex\":\"1\",\"canonicalizedBody\":\"e30=\","          \
	"\"inclusionPromise\":{\"signedEntryTimestamp\":\"YQ==\"}}]"
#define CERT "\"certificate\":{\"rawBytes\":\"MAA=\"}"

static void t039_advisories(void **state)
{
	const two *t = *state;
	COF_AUTO_PTR(cof_sigpolicy) by_a = policy_of("{\"default\":[" BY("%A") "]}", t->a, t->b);
	COF_AUTO_PTR(cof_sigpolicy)
	logged = policy_of(
		"{\"default\":[{\"type\":\"sigstoreSigned\",\"keyData\":\"%A\",\"rekorPublicKeyData\":\"%B\"}]}", t->a,
		t->b);
	COF_AUTO_PTR(cof_sigpolicy)
	keyless = policy_of(
		"{\"default\":[{\"type\":\"sigstoreSigned\",\"fulcio\":{\"caData\":\"%A\",\"oidcIssuer\":\"x\","
		"\"subjectEmail\":\"y\"},\"rekorPublicKeyData\":\"%B\"}]}",
		t->a, t->b);
	COF_AUTO_PTR(cof_sigpolicy) both = policy_of("{\"default\":[" BY("%A") "," BY("%B") "]}", t->a, t->b);
	COF_AUTO_PTR(cof_sigpolicy)
	nameless =
		policy_of("{\"default\":[{\"type\":\"sigstoreSigned\",\"keyData\":\"%A\",\"signedIdentity\":{\"type\":"
			  "\"cofferDigestOnly\"}}]}",
			  t->a, t->b);
	const struct {
		const char *why;
		const cof_sigpolicy *policy;
		EVP_PKEY *signer;
		const char *statement, *material, *reason; /* NULL: accepted */
	} cases[] = {
		{"the same, as it should be", by_a, t->a, SIGNS, TLOG, NULL},
		{"a bundle of cosign 3, which gives no name", by_a, t->a, NAMELESS, TLOG, "signature-identity"},
		{"the same where the policy says that the digest is enough", nameless, t->a, NAMELESS, TLOG, NULL},
		{"CVE-2022-35929: something is attested, but it is not signed", by_a, t->a, SBOM, TLOG,
		 "signature-malformed"},
		{"CVE-2026-39395: good signature, unreadable statement", by_a, t->a, "{", TLOG, "signature-malformed"},
		{"CVE-2026-39395: good signature, no predicate", by_a, t->a,
		 "{\"_type\":\"https://in-toto.io/Statement/v1\"," SUBJECT "}", TLOG, "signature-malformed"},
		{"CVE-2022-36056, CVE-2026-22703: a log entry does not make a signature good", by_a, t->b, SIGNS, TLOG,
		 "signature-invalid"},
		{"the same where the policy wants the log: nothing is half checked", logged, t->a, SIGNS, TLOG,
		 "policy-unsupported"},
		{"CVE-2026-24122: nor does a certificate of whatever age", by_a, t->b, SIGNS, CERT,
		 "signature-invalid"},
		{"the same where the policy wants certificates", keyless, t->a, SIGNS, CERT, "policy-unsupported"},
		{"CVE-2026-49834: twice the same signer is one signer", both, t->a, SIGNS, TLOG, "signature-invalid"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) text = {0};
		cof_err why = {0};
		bundle_of(cases[i].signer, cases[i].statement, cases[i].material, &text);
		const cof_sig_given one = {.kind = COF_SIG_BUNDLE, .body = cof_buf_span(&text)};
		const cof_sig_given given[] = {one, one};
		int r = sigrig_judge(cases[i].policy, &t->ref, given, 2, NULL, &why);
		if ((r == 0) != (cases[i].reason == NULL) || (r < 0 && strcmp(why.reason, cases[i].reason) != 0))
			fail_msg("%s: %d %s (%s)", cases[i].why, r, why.reason, why.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t039_vectors),
		cmocka_unit_test(t039_default_is_no),
		cmocka_unit_test(t039_all_requirements_and_any_key),
		cmocka_unit_test(t039_reasons),
		cmocka_unit_test(t039_kinds_do_not_stand_in_for_each_other),
		cmocka_unit_test(t039_every_bit_of_a_cosign_signature),
		cmocka_unit_test(t039_keys_come_through_the_reader),
		cmocka_unit_test(t039_advisories),
		cmocka_unit_test(t037_over_the_index_or_the_member),
	};
	return cmocka_run_group_tests(tests, up, down);
}
