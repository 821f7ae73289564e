/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's client, and the `coffer kbs` verbs over it, against a real broker. */
#include "attestation/kbs/es256.h"
#include "tests/unit/kbs/rig.h"

#define S(text) cof_span_str(text)

static rig *r;

static int start(void **state)
{
	(void)state;
	r = rig_new();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rig_free(r);
	return 0;
}

static int make(const char *url, cof_span ca, cof_span key, cof_admin_client **ret, cof_err *err)
{
	const char *const resolve[] = {r->resolve, NULL};
	const cof_admin_client_opts o = {.url = url, .ca_pem = ca, .key_pem = key, .resolve = resolve};
	return cof_admin_client_new(ret, &o, err);
}

static void t044_a_broker_that_its_ca_does_not_vouch_for_is_refused(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_admin_client) c = NULL;
	COF_AUTO(cof_buf) answer = {0};
	COF_AUTO(cof_buf) other = {0};
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *ca = rig_cert(key, "another CA", NULL, NULL);
	char path[160];
	rig_write_pem(r, "other.pem", ca, NULL);
	assert_ok(cof_file_read(tmpdir_path(&r->dir, "other.pem", path), 8192, &other, &err));
	assert_ok(make(r->url, cof_buf_span(&other), cof_buf_span(&r->admin_key), &c, &err));
	assert_fails(cof_admin_client_call(c, COF_ROUTE_RESOURCE_PUT, "a/b/c", S("x"), &answer, &err), "tls-untrusted");
	X509_free(ca);
	EVP_PKEY_free(key);
}

static void t068_a_foreign_key_is_refused(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_admin_client) c = NULL;
	COF_AUTO_PTR(cof_pkey) key = NULL;
	COF_AUTO(cof_buf) pem = {0};
	COF_AUTO(cof_buf) answer = {0};
	assert_ok(cof_es256_new(&key, &err));
	assert_ok(cof_es256_write_private(key, &pem, &err));
	assert_ok(make(r->url, cof_buf_span(&r->ca), cof_buf_span(&pem), &c, &err));
	assert_fails(cof_admin_client_call(c, COF_ROUTE_RESOURCE_PUT, "a/b/c", S("x"), &answer, &err), "bad-signature");
}

static void odd_uses_are_usage_errors(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_admin_client) c = rig_admin(r, NULL);
	COF_AUTO_PTR(cof_admin_client) none = NULL;
	COF_AUTO(cof_buf) answer = {0};
	char tail[1000];
	memset(tail, 'a', sizeof tail - 1);
	tail[sizeof tail - 1] = '\0';
	assert_fails(cof_admin_client_call(c, COF_ROUTE_AUTH, "", S(""), &answer, &err), "bad-path");
	assert_fails(cof_admin_client_call(c, COF_ROUTE_RESOURCE_PUT, tail, S(""), &answer, &err), "bad-path");
	assert_fails(make(r->url, cof_buf_span(&r->ca), S("no key"), &none, &err), "bad-key");
}

/* ---- the verbs ---- */

static int coffer(const char *verb, const char *a, const char *b, const char *c)
{
	char exe[512], ca[160], key[160];
	rig_program("coffer", exe);
	const char *const argv[] = {exe,
				    "kbs",
				    verb,
				    "--url",
				    r->url,
				    "--ca",
				    tmpdir_path(&r->dir, "ca.pem", ca),
				    "--key",
				    tmpdir_path(&r->dir, "admin.key", key),
				    "--resolve",
				    r->resolve,
				    a,
				    b,
				    c,
				    NULL};
	return rig_run(argv);
}

static const char *file(const char *name, const char *text, char out[160])
{
	assert_ok(cof_file_write(tmpdir_path(&r->dir, name, out), S(text), 0600, &err));
	return out;
}

static void the_verbs_work(void **state)
{
	(void)state;
	char path[160], toml[160], policy[160], head[160], ca[160];
	COF_AUTO(cof_buf) log = {0};
	assert_int_equal(coffer("set-resource", "default/k/one", file("one", "value", path), NULL), 0);
	assert_int_equal(coffer("set-initdata",
				"sha256:d15bce9ef7f6be26af365c5a0d4f025ee555b64d7b874c930b97aa0ddd82d2ae", NULL, NULL),
			 0);
	assert_int_equal(coffer("set-initdata",
				file("i.toml", "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n", toml), NULL,
				NULL),
			 0);
	assert_int_equal(coffer("set-policy",
				file("p.json", "{\"format\":\"coffer-release-policy/1\",\"rules\":[]}", policy), NULL,
				NULL),
			 0);
	assert_int_equal(coffer("set-ek-root", tmpdir_path(&r->dir, "ca.pem", ca), NULL, NULL), 0);
	assert_int_equal(coffer("delete-resource", "default/k/one", NULL, NULL), 0);
	assert_int_equal(coffer("get-audit", NULL, NULL, NULL), 0);
	assert_int_equal(coffer("verify-audit", "--head", tmpdir_path(&r->dir, "head", head), "--json"), 0);
	assert_int_equal(access(head, R_OK), 0);
	assert_int_equal(coffer("verify-audit", "--head", head, NULL), 0); /* and it continues from there */
	rig_audit(r, &log);
	assert_non_null(strstr(cof_buf_str(&log), "\"call\":\"set-ek-root\""));
}

static void the_verbs_refuse(void **state)
{
	(void)state;
	char path[160], head[160];
	assert_int_equal(coffer("delete-resource", "not/there/x", NULL, NULL), 1);
	assert_int_equal(coffer("delete-reference", "not/there", NULL, NULL), 1);
	assert_int_equal(coffer("set-policy", file("bad", "{}", path), NULL, NULL), 1);
	assert_int_equal(coffer("set-reference", path, NULL, NULL), 1);
	assert_int_equal(coffer("set-resource", "only-one-argument", NULL, NULL), 2);
	assert_int_equal(coffer("set-resource", "../x/y", path, NULL), 1);
	assert_int_equal(coffer("nonsense", NULL, NULL, NULL), 2);
	assert_int_equal(coffer("get-audit", "--from", "x", NULL), 2);
	/* a head that the log does not go through: it was cut, or begun anew */
	const char *foreign =
		file("h1", "{\"seq\":2,\"hash\":\"0000000000000000000000000000000000000000000000000000000000000000\"}",
		     head);
	assert_int_equal(coffer("verify-audit", "--head", foreign, NULL), 1);
	foreign = file("h2",
		       "{\"seq\":99999,\"hash\":"
		       "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
		       head);
	assert_int_equal(coffer("verify-audit", "--head", foreign, NULL), 1);
	assert_int_equal(coffer("set-resource", "--help", NULL, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t044_a_broker_that_its_ca_does_not_vouch_for_is_refused),
		cmocka_unit_test(t068_a_foreign_key_is_refused),
		cmocka_unit_test(odd_uses_are_usage_errors),
		cmocka_unit_test(the_verbs_work),
		cmocka_unit_test(the_verbs_refuse),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
