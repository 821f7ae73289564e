/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image verify` and `sign` as a person meets them: what is stored, what is accepted, and with which exit code.
 */
#include <limits.h>

#include "tests/unit/cli/captured.h"
#include "tests/unit/cli/token.h"
#include "tests/unit/image/mkimage.h"
#include "tests/unit/image/pgpmake.h"
#include "tests/unit/image/registry_up.h"
#include "tests/unit/image/scratch.h"
#include "tests/unit/image/vec.h"

#define NAME "reg.example.org/team/run"

static int run(const char *verb, const char *const *words)
{
	for (const cof_verb *v = cof_verbs_image; v->name != NULL; v++)
		if (strcmp(v->name, verb) == 0)
			return captured(v->run, verb, words, "out", "err");
	fail_msg("no verb %s", verb);
	return -1;
}

#define VERIFY(...) run("verify", (const char *const[]){__VA_ARGS__, NULL})
#define SIGN(...) run("sign", (const char *const[]){__VA_ARGS__, NULL})

static void write_text(const char *path, const char *text)
{
	assert_ok(cof_file_write(path, cof_span_str(text), 0600, &err));
}

static void write_private(EVP_PKEY *key, const char *path, const char *passphrase)
{
	COF_AUTO_PTR(cof_ossl_bio) bio = BIO_new_file(path, "w");
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, passphrase != NULL ? EVP_aes_256_cbc() : NULL,
						       passphrase, passphrase != NULL ? (int)strlen(passphrase) : 0,
						       NULL, NULL),
			 1);
}

static void write_keys(const char *type, const char *name, const char *passphrase)
{
	COF_AUTO_PTR(cof_ossl_key) key = sigrig_key(type);
	COF_AUTO(cof_buf) pem = {0};
	char path[64];
	(void)snprintf(path, sizeof path, "%s.key", name);
	write_private(key, path, passphrase);
	sigrig_pem(key, &pem);
	(void)snprintf(path, sizeof path, "%s.pub", name);
	write_text(path, cof_buf_str(&pem));
}

static int begin(void **state)
{
	int r = scratch_up(state);
	const scratch *s = *state;
	assert_int_equal(chdir(s->top), 0);
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	layout_demo(l, "v1");
	write_keys("P-256", "a", NULL);
	write_keys("ED25519", "b", "open sesame");
	write_text("pin", "open sesame\n");
	return r;
}

static int end(void **state)
{
	assert_int_equal(chdir("/"), 0);
	return scratch_down(state);
}

static void sign_and_verify(void **state)
{
	(void)state;
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "a.pub", "--identity", NAME ":1"), COF_EXIT_NO);
	assert_says("err", "signature-missing");
	assert_int_equal(SIGN("oci:l:v1", "--key", "a.key", "--identity", NAME), COF_EXIT_YES);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "a.pub", "--identity", NAME ":1"), COF_EXIT_YES);
	assert_says("out", "signed (cosign)");
	assert_says("out", NAME);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "a.pub", "--identity", NAME "x:1"), COF_EXIT_NO);
	assert_says("err", "signature-identity");
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "b.pub", "--identity", NAME), COF_EXIT_NO);
	assert_says("err", "signature-invalid");
	/* A second signer; the first again changes nothing. */
	assert_int_equal(SIGN("oci:l:v1", "--key", "b.key", "--pin-file", "pin", "--identity", NAME ":1", "--json"),
			 COF_EXIT_YES);
	assert_says("out", "\"unchanged\": false");
	assert_says("out", ".sig\"");
	assert_int_equal(SIGN("oci:l:v1", "--key", "a.key", "--identity", NAME), COF_EXIT_YES);
	assert_says("out", "was signed already");
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "b.pub", "--identity", NAME ":1", "--json"), COF_EXIT_YES);
	assert_says("out", "\"seen\": 2");
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "b.pub", "--identity", NAME ":2"), COF_EXIT_NO);
}

static void by_referrer(void **state)
{
	(void)state;
	assert_int_equal(SIGN("oci:l:v1", "--key", "a.key", "--identity", NAME, "--referrer"), COF_EXIT_YES);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "a.pub", "--identity", NAME, "--json"), COF_EXIT_YES);
	assert_says("out", "\"kind\": \"bundle\"");
	assert_int_equal(SIGN("oci:l:v1", "--key", "b.key", "--pin-file", "pin", "--identity", NAME, "--referrer"),
			 COF_EXIT_YES);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "a.pub", "--identity", NAME), COF_EXIT_YES);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "b.pub", "--identity", NAME), COF_EXIT_YES);
}

static void t039_policies(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) text = {0};
	assert_int_equal(SIGN("oci:l:v1", "--key", "a.key", "--identity", NAME), COF_EXIT_YES);
	write_text("reject", "{\"default\":[{\"type\":\"reject\"}]}");
	write_text("any", "{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}");
	write_text("bad", "{\"default\":[]}");
	assert_int_equal(VERIFY("oci:l:v1", "--policy", "reject"), COF_EXIT_NO);
	assert_says("err", "policy-rejects");
	assert_int_equal(VERIFY("oci:l:v1", "--policy", "bad"), COF_EXIT_NO);
	assert_says("err", "policy-malformed");
	assert_int_equal(VERIFY("oci:l:v1", "--policy", "any"), COF_EXIT_YES);
	assert_says("out", "asks for no signature");
	/* Both must say yes, whichever comes first. */
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "a.pub", "--identity", NAME, "--policy", "reject"),
			 COF_EXIT_NO);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "b.pub", "--identity", NAME, "--policy", "any"),
			 COF_EXIT_NO);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "a.pub", "--identity", NAME, "--policy", "any"),
			 COF_EXIT_YES);
	/* By name where one is given, by path where none is. */
	assert_ok(cof_buf_printf(
		&text, &err,
		"{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"docker\":{\"" NAME
		"\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"%s/a.pub\",\"signedIdentity\":{\"type\":"
		"\"matchRepository\"}}]},\"oci\":{\"%s/l\":[{\"type\":\"sigstoreSigned\",\"keyPath\":"
		"\"%s/a.pub\",\"signedIdentity\":{\"type\":\"exactRepository\",\"dockerRepository\":\"" NAME
		"\"}}],\"%s/l:v2\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"kbs:///default/k/1\"}]}}}",
		s->top, s->top, s->top, s->top));
	write_text("policy", cof_buf_str(&text));
	assert_int_equal(VERIFY("oci:l:v1", "--policy", "policy", "--identity", NAME ":9"), COF_EXIT_YES);
	assert_int_equal(VERIFY("oci:l:v1", "--policy", "policy", "--identity", NAME "x:9"), COF_EXIT_NO);
	assert_says("err", "policy-rejects");
	assert_int_equal(VERIFY("oci:l:v1", "--policy", "policy", "--json"), COF_EXIT_YES);
	assert_says("out", "\"scope\": \"oci:");
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", false);
	layout_demo(l, "v2");
	assert_int_equal(VERIFY("oci:l:v2", "--policy", "policy"), COF_EXIT_USAGE);
	assert_says("err", "kbs:///default/k/1");
}

static void digest_of(const char *tag, char out[COF_DIGEST_STR_MAX])
{
	COF_AUTO(cof_buf) text = {0};
	char image[64];
	(void)snprintf(image, sizeof image, "oci:l:%s", tag);
	assert_int_equal(run("digest", (const char *const[]){image, NULL}), COF_EXIT_YES);
	assert_ok(cof_file_read("out", COF_DIGEST_STR_MAX, &text, &err));
	(void)snprintf(out, COF_DIGEST_STR_MAX, "%.*s", (int)strcspn(cof_buf_str(&text), "\n"), cof_buf_str(&text));
}

/* An OpenPGP signature of the image by k, as skopeo would write it. */
static void write_openpgp(const pgp_key *k, const char *digest, const char *path)
{
	COF_AUTO(cof_buf) payload = {0};
	COF_AUTO(cof_buf) message = {0};
	assert_ok(cof_buf_printf(&payload, &err,
				 "{\"critical\":{\"identity\":{\"docker-reference\":\"" NAME ":1\"},\"image\":{"
				 "\"docker-manifest-digest\":\"%s\"},\"type\":\"atomic container signature\"},"
				 "\"optional\":{}}",
				 digest));
	pgp_message(&message, k, PGP_MESSAGE, cof_buf_str(&payload));
	assert_ok(cof_file_write(path, cof_buf_span(&message), 0600, &err));
}

static void simple_signing(void **state)
{
	(void)state;
	COF_AUTO(pgp_key) k = pgp_key_make("ED25519", PGP_T0);
	COF_AUTO(pgp_key) stranger = pgp_key_make("ED25519", PGP_T0);
	COF_AUTO(cof_buf) ring = {0};
	char digest[COF_DIGEST_STR_MAX], dir[256], path[300];
	pgp_cert(&ring, &k, (pgp_sig_opts){.flags = 3});
	assert_ok(cof_file_write("ring", cof_buf_span(&ring), 0600, &err));
	digest_of("v1", digest);
	write_openpgp(&k, digest, "good");
	write_openpgp(&stranger, digest, "strange");
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "ring", "--identity", NAME ":1", "--signature", "good"),
			 COF_EXIT_YES);
	assert_says("out", "simple-signing");
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "ring", "--identity", NAME ":2", "--signature", "good"),
			 COF_EXIT_NO);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "ring", "--identity", NAME ":1", "--signature", "strange"),
			 COF_EXIT_NO);
	assert_says("err", "signature-invalid");
	/* The lookaside: numbers count up to the first that is missing. */
	*strchr(digest, ':') = '=';
	(void)snprintf(dir, sizeof dir, "side/team/run@%s", digest);
	assert_ok(cof_mkdirs(dir, 0700, &err));
	*strchr(digest, '=') = ':';
	(void)snprintf(path, sizeof path, "%s/signature-2", dir);
	write_openpgp(&k, digest, path);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "ring", "--identity", NAME ":1", "--lookaside", "side"),
			 COF_EXIT_NO);
	assert_says("err", "signature-missing");
	(void)snprintf(path, sizeof path, "%s/signature-1", dir);
	write_openpgp(&stranger, digest, path);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "ring", "--identity", NAME ":1", "--lookaside", "side"),
			 COF_EXIT_YES);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "ring", "--lookaside", "side"), COF_EXIT_USAGE);
}

static void signatures_in_files(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) pem = {0};
	COF_AUTO(cof_buf) payload = {0};
	COF_AUTO(cof_buf) bundle = {0};
	COF_AUTO_PTR(cof_ossl_key) key = sigrig_key("P-384");
	char text[COF_DIGEST_STR_MAX];
	sigrig_pem(key, &pem);
	write_text("c.pub", cof_buf_str(&pem));
	digest_of("v1", text);
	COF_AUTO(sigrig_cosign) usual = sigrig_sign(key, text, NAME);
	COF_AUTO(sigrig_cosign) tagged = sigrig_sign(key, text, NAME ":1");
	write_text("usual", usual.signature);
	write_text("tagged", tagged.signature);
	write_text("payload", cof_buf_str(&tagged.payload));
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "c.pub", "--identity", NAME ":1", "--signature", "usual"),
			 COF_EXIT_YES);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "c.pub", "--identity", NAME ":1", "--signature", "tagged"),
			 COF_EXIT_NO);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "c.pub", "--identity", NAME ":1", "--signature", "tagged",
				"--payload", "payload"),
			 COF_EXIT_YES);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "c.pub", "--signature", "usual"), COF_EXIT_USAGE);
	cof_digest d = sigrig_digest(text);
	assert_ok(cof_sigbundle_make(key, &d, NAME, &bundle, &err));
	write_text("bundle", cof_buf_str(&bundle));
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "c.pub", "--identity", NAME, "--bundle", "bundle"),
			 COF_EXIT_YES);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "c.pub", "--identity", NAME "x", "--bundle", "bundle"),
			 COF_EXIT_NO);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "a.pub", "--identity", NAME, "--bundle", "bundle"),
			 COF_EXIT_NO);
	/* What is given is all that is looked at. */
	assert_int_equal(SIGN("oci:l:v1", "--key", "a.key", "--identity", NAME), COF_EXIT_YES);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "a.pub", "--identity", NAME, "--bundle", "bundle"),
			 COF_EXIT_NO);
}

static void wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(VERIFY("oci:l:v1"), COF_EXIT_USAGE);
	assert_int_equal(VERIFY("--public-key", "a.pub"), COF_EXIT_USAGE);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "absent", "--identity", NAME), COF_EXIT_USAGE);
	assert_int_equal(VERIFY("oci:l:v1", "--nonsense"), COF_EXIT_USAGE);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "a.pub", "--signature", "x", "--bundle", "y"),
			 COF_EXIT_USAGE);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "a.pub", "--payload", "x"), COF_EXIT_USAGE);
	assert_int_equal(VERIFY("oci:l:absent", "--public-key", "a.pub", "--identity", NAME), COF_EXIT_NO);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "a.pub", "--identity", "No Name"), COF_EXIT_NO);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "a.key", "--identity", NAME), COF_EXIT_NO);
	assert_says("err", "signature-key");
	assert_int_equal(SIGN("oci:l:v1"), COF_EXIT_USAGE);
	assert_int_equal(SIGN("oci:l:v1", "--key", "a.key"), COF_EXIT_USAGE);
	assert_int_equal(SIGN("oci:l:v1", "--key", "absent", "--identity", NAME), COF_EXIT_USAGE);
	assert_int_equal(SIGN("oci:l:v1", "--key", "a.pub", "--identity", NAME), COF_EXIT_USAGE);
	assert_int_equal(SIGN("oci:l:v1", "--key", "a.key", "--identity", "No Name"), COF_EXIT_NO);
	assert_int_equal(SIGN("oci:nowhere:v1", "--key", "a.key", "--identity", NAME), COF_EXIT_NO);
	assert_int_not_equal(access("nowhere", F_OK), 0);
	assert_int_equal(SIGN("oci-archive:x:v1", "--key", "a.key", "--identity", NAME), COF_EXIT_USAGE);
	assert_int_equal(VERIFY("--help"), COF_EXIT_YES);
	assert_int_equal(SIGN("--help"), COF_EXIT_YES);
}

static void require_encrypted(void **state)
{
	(void)state;
	assert_int_equal(SIGN("oci:l:v1", "--key", "a.key", "--identity", NAME), COF_EXIT_YES);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "a.pub", "--identity", NAME, "--require-encrypted"),
			 COF_EXIT_NO);
	assert_says("err", "layer-not-encrypted");
}

/* A PKCS#11 module stays logged in as long as its process lives, so it signs in one of its own; both ways of storing,
 * and once more with nothing to do. */
static void by_a_token(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_ossl_key) key = sigrig_key("P-384");
	COF_AUTO(cof_buf) pem = {0};
	COF_AUTO(token) t = token_make(key);
	char uri[600];
	int status = -1;
	sigrig_pem(key, &pem);
	write_text("t.pub", cof_buf_str(&pem));
	(void)snprintf(uri, sizeof uri, "pkcs11:token=coffer%%20test;object=idkey?module-path=%s&pin-source=file:%s",
		       t.module, t.pin_file);
	pid_t child = fork();
	if (child == 0)
		_exit(SIGN("oci:l:v1", "--key", uri, "--identity", NAME) |
		      SIGN("oci:l:v1", "--key", uri, "--identity", NAME) |
		      SIGN("oci:l:v1", "--key", uri, "--identity", NAME ":1", "--referrer"));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(VERIFY("oci:l:v1", "--public-key", "t.pub", "--identity", NAME ":1", "--json"), COF_EXIT_YES);
	assert_says("out", "\"kind\": \"cosign\"");
	assert_says("out", "\"seen\": 2");
}

/* --- in a registry --- */

static registry_up up;
static bool has_registry;

static void in_a_registry(void **state)
{
	(void)state;
	char image[128], at[64], digest[COF_DIGEST_STR_MAX];
	if (!has_registry)
		skip();
	(void)snprintf(image, sizeof image, "docker://" REGISTRY_NAME ":%u/team/run:1", up.port);
	(void)snprintf(at, sizeof at, "%s", up.resolve[0]);
	assert_ok(cof_file_write("ca", cof_buf_span(&up.ca), 0600, &err));
	assert_int_equal(run("push", (const char *const[]){"--ca", "ca", "--resolve", at, "oci:l:v1", image, NULL}), 0);
	digest_of("v1", digest);
#define THERE "--ca", "ca", "--resolve", at
	assert_int_equal(VERIFY(THERE, image, "--public-key", "a.pub"), COF_EXIT_NO);
	assert_says("err", "signature-missing");
	assert_int_equal(SIGN(THERE, image, "--key", "a.key"), COF_EXIT_YES);
	assert_int_equal(VERIFY(THERE, image, "--public-key", "a.pub", "--json"), COF_EXIT_YES);
	assert_says("out", digest);
	assert_says("out", "\"kind\": \"cosign\"");
	assert_int_equal(SIGN(THERE, image, "--key", "a.key"), COF_EXIT_YES);
	assert_says("out", "was signed already");
	assert_int_equal(VERIFY(THERE, image, "--public-key", "b.pub"), COF_EXIT_NO);
	assert_int_equal(SIGN(THERE, image, "--key", "b.key", "--pin-file", "pin", "--referrer"), COF_EXIT_YES);
	assert_int_equal(VERIFY(THERE, image, "--public-key", "b.pub", "--json"), COF_EXIT_YES);
	assert_says("out", "\"kind\": \"bundle\"");
	assert_int_equal(VERIFY(THERE, image, "--public-key", "a.pub", "--identity", "reg.example.org/x"), COF_EXIT_NO);
	assert_says("err", "signature-identity");
}

/* --- the shared vectors, by the command line --- */

static const char *member(const json_t *c, const char *key)
{
	return json_string_value(json_object_get(c, key));
}

/* Read, and the registry started, before the tests go to folders of their own. */
static char vectors_here[PATH_MAX];
static json_t *cases;

static int begin_all(void **state)
{
	(void)state;
	if (vectors_dir() != NULL && realpath(vectors_dir(), vectors_here) != NULL)
		cases = vector_cases();
	has_registry = registry_start(&up);
	return 0;
}

static int end_all(void **state)
{
	(void)state;
	json_decref(cases);
	if (has_registry)
		registry_stop(&up);
	return 0;
}

static char *below(const char *word, const char *a, const char *colon, const char *b)
{
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_buf_printf(&text, &err, "%s%s/image/%s%s%s", word, vectors_here, a, colon, b));
	return strdup(cof_buf_str(&text));
}

static int verify_vector(const json_t *c)
{
	const char *words[12] = {NULL}, *file = member(c, "bundle");
	size_t n = 0;
	COF_AUTO_FREE char *image = below("oci:", "oci", ":", member(c, "image_ref"));
	COF_AUTO_FREE char *key = below("", member(c, "key"), "", "");
	COF_AUTO_FREE char *where = NULL;
	words[n++] = image;
	words[n++] = "--public-key";
	words[n++] = key;
	words[n++] = "--identity";
	words[n++] = member(c, "identity") != NULL ? member(c, "identity") : NAME ":1";
	if (member(c, "layout") != NULL) {
		words[n++] = "--signatures";
		where = below("oci:", member(c, "layout"), ":", member(c, "ref"));
	} else {
		words[n++] = file != NULL ? "--bundle" : "--signature";
		where = below("", file != NULL ? file : member(c, "signature"), "", "");
	}
	words[n++] = where;
	return run("verify", words);
}

static void t039_vectors(void **state)
{
	(void)state;
	json_t *c;
	size_t i, n = 0;
	if (cases == NULL)
		skip();
	json_array_foreach (cases, i, c) {
		if (strncmp(member(c, "id"), "sig-", 4) != 0)
			continue;
		n++;
		int want = strcmp(member(c, "want"), "ok") == 0 ? COF_EXIT_YES : COF_EXIT_NO;
		int got = verify_vector(c);
		if (got != want)
			fail_msg("%s: %d", member(c, "id"), got);
	}
	assert_true(n > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
		T(sign_and_verify), T(by_referrer),	  T(t039_policies), T(simple_signing), T(signatures_in_files),
		T(wrong_usage),	    T(require_encrypted), T(by_a_token),    T(in_a_registry),  T(t039_vectors),
	};
	return cmocka_run_group_tests(tests, begin_all, end_all);
}
