/* SPDX-License-Identifier: Apache-2.0 */
/* Mirrors: asked first for what a digest names, and for nothing else; wrong, dead or stopped ones cost nothing. */
#include "tests/unit/image/blob_peer.h"

#define MANIFEST "{\"schemaVersion\":2}"
#define MANIFEST_OK HEAD("200 OK", "19") "Content-Type: application/vnd.oci.image.index.v1+json\r\n\r\n" MANIFEST

typedef struct pair {
	peer home, mirror;
	char url[128];
	cof_registry_mirror mirrors[1];
	cof_login home_login, mirror_login;
	cof_registry *r;
} pair;

static void pair_open(pair *p, const tls_step *home, size_t n_home, const tls_step *mirror, size_t n_mirror)
{
	*p = (pair){0};
	peer_open(&p->home, BLOB);
	second_open(&p->home, &p->mirror);
	assert_ok(cof_login_set(&p->home_login, cof_span_str("me"), cof_span_str("home"), &err));
	assert_ok(cof_login_set(&p->mirror_login, cof_span_str("me"), cof_span_str("mirror"), &err));
	(void)snprintf(p->url, sizeof p->url, "https://%s/pre/fix/", p->mirror.host);
	p->mirrors[0] = (cof_registry_mirror){p->url, &p->mirror_login};
	tls_go(&p->home.tls, home, n_home);
	tls_go(&p->mirror.tls, mirror, n_mirror);
	const cof_registry_opts opts = {
		.retries = 2, .backoff_ms = 1, .mirrors = p->mirrors, .n_mirrors = 1, .login = &p->home_login};
	p->r = peer_client(&p->home, &opts);
}

static void pair_close(pair *p)
{
	cof_registry_free(p->r);
	tls_close(&p->home.tls);
	tls_close(&p->mirror.tls);
	cof_login_release(&p->home_login);
	cof_login_release(&p->mirror_login);
}

static int manifest(pair *p, const char *wanted, cof_err *err)
{
	COF_AUTO(cof_fetched) got = {0};
	cof_image_source src = cof_registry_source(p->r);
	int rc = src.manifest(src.arg, wanted, &got, err);
	if (rc == 0)
		assert_string_equal(cof_buf_str(&got.body), MANIFEST);
	return rc;
}

static void manifest_digest(char out[COF_DIGEST_STR_MAX])
{
	cof_digest d;
	assert_ok(cof_digest_of(COF_SHA256, cof_span_str(MANIFEST), &d, &err));
	cof_digest_str(&d, out);
}

static void a_mirror_is_asked_first_by_digest(void **state)
{
	(void)state;
	pair p;
	char digest[COF_DIGEST_STR_MAX], line[320];
	const tls_step home[] = {{.answer = NULL}};
	const tls_step mirror[] = {{.answer = MANIFEST_OK}, {.answer = WHOLE}};
	COF_AUTO(cof_buf) got = {0};
	manifest_digest(digest);
	pair_open(&p, home, 1, mirror, 2);
	assert_ok(manifest(&p, digest, &err));
	assert_ok(registry_blob(p.r, &p.home.desc, collect, &got, &err));
	assert_int_equal(atomic_load(&p.home.tls.connections), 0);
	(void)snprintf(line, sizeof line, "GET /pre/fix/v2/team/app/manifests/%s?ns=%s HTTP/1.1\r\n", digest,
		       p.home.host);
	assert_true(asked_for(&p.mirror, 0, line));
	assert_true(asked_for(&p.mirror, 1, "GET /pre/fix/v2/team/app/blobs/sha256:"));
	pair_close(&p);
}

/* What a tag means is for the registry to say. */
static void t042_a_mirror_has_no_say_in_tags(void **state)
{
	(void)state;
	pair p;
	const tls_step home[] = {{.answer = MANIFEST_OK}};
	const tls_step mirror[] = {{.answer = MANIFEST_OK}};
	pair_open(&p, home, 1, mirror, 1);
	assert_ok(manifest(&p, "v1", &err));
	assert_int_equal(atomic_load(&p.mirror.tls.connections), 0);
	pair_close(&p);
}

static void t042_a_mirror_that_lies_is_left(void **state)
{
	(void)state;
	static const char *const lies[] = {
		HEAD("200 OK", "19") "\r\n{\"schemaVersion\":3}",
		HEAD("200 OK", "0") "\r\n",
		HEAD("404 No", "0") "\r\n",
		HEAD("403 No", "0") "\r\n",
		HEAD("500 No", "0") "\r\n",
		HEAD("401 No", "0") "WWW-Authenticate: Negotiate\r\n\r\n",
		HEAD("302 Go", "0") "Location: http://evil.test/\r\n\r\n",
		"rubbish\r\n\r\n",
		NULL,
	};
	char digest[COF_DIGEST_STR_MAX];
	manifest_digest(digest);
	for (size_t i = 0; i < COF_COUNT(lies); i++) {
		pair p;
		const tls_step home[] = {{.answer = MANIFEST_OK}};
		const tls_step mirror[] = {{.answer = lies[i]}};
		pair_open(&p, home, 1, mirror, 1);
		assert_ok(manifest(&p, digest, &err));
		int asked = atomic_load(&p.mirror.tls.requests);
		assert_true(asked > 0);
		assert_ok(manifest(&p, digest, &err)); /* and not asked again, but where it only has not got it */
		assert_int_equal(atomic_load(&p.mirror.tls.requests) > asked, i == 2);
		pair_close(&p);
	}
}

static void each_gets_its_own_login(void **state)
{
	(void)state;
	pair p;
	COF_AUTO(cof_buf) got = {0};
	const tls_step home[] = {{.answer = HEAD("401 No", "0") "WWW-Authenticate: Basic\r\n\r\n"}, {.answer = WHOLE}};
	const tls_step mirror[] = {{.answer = HEAD("401 No", "0") "WWW-Authenticate: Basic\r\n\r\n"},
				   {.answer = HEAD("404 No", "0") "\r\n"}};
	pair_open(&p, home, 2, mirror, 2);
	assert_ok(registry_blob(p.r, &p.home.desc, collect, &got, &err));
	assert_true(asked_for(&p.mirror, 1, "Authorization: Basic bWU6bWlycm9y\r\n"));
	assert_true(asked_for(&p.home, 1, "Authorization: Basic bWU6aG9tZQ==\r\n"));
	for (int i = 0; i < 2; i++) {
		assert_false(asked_for(&p.mirror, i, "bWU6aG9tZQ"));
		assert_false(asked_for(&p.home, i, "bWU6bWlycm9y"));
	}
	pair_close(&p);
}

static void the_registry_goes_on_where_a_mirror_stopped(void **state)
{
	(void)state;
	static const char *const rests[] = {PART("bytes 4-9/10", "456789"), WHOLE};
	for (size_t i = 0; i < COF_COUNT(rests); i++) {
		pair p;
		COF_AUTO(cof_buf) got = {0};
		const tls_step home[] = {{.answer = rests[i]}};
		const tls_step mirror[] = {{.answer = HEAD("200 OK", "10") "ETag: \"m\"\r\n\r\n0123"},
					   {.answer = HEAD("503 No", "0") "\r\n"}};
		pair_open(&p, home, 1, mirror, 2);
		assert_ok(registry_blob(p.r, &p.home.desc, collect, &got, &err));
		assert_span_equal(cof_buf_span(&got), BLOB, 10);
		assert_true(asked_for(&p.home, 0, "\r\nRange: bytes=4-\r\n"));
		assert_false(asked_for(&p.home, 0, "If-Range")); /* a tag is its server's */
		pair_close(&p);
	}
}

/* The sink has had the mirror's bytes: nothing mends them, and nothing hides that. */
static void t036_wrong_bytes_from_a_mirror(void **state)
{
	(void)state;
	pair p;
	COF_AUTO(cof_buf) got = {0};
	const tls_step home[] = {{.answer = WHOLE}};
	const tls_step mirror[] = {{.answer = HEAD("200 OK", "10") "\r\n01234X6789"}};
	pair_open(&p, home, 1, mirror, 1);
	assert_fails(registry_blob(p.r, &p.home.desc, collect, &got, &err), "blob-digest-mismatch");
	pair_close(&p);
}

static void bad_mirrors_are_not_taken(void **state)
{
	(void)state;
	static const char *const bad[] = {"",
					  "mirror.test",
					  "http://mirror.test",
					  "https://u@mirror.test",
					  "https://mirror.test/?x",
					  "https://mirror.test/#x",
					  "ftp://mirror.test",
					  "https://"};
	cof_ref ref;
	assert_ok(cof_ref_parse("h.x/a", &ref, &err));
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_registry *r = NULL;
		const cof_registry_mirror m = {bad[i], NULL};
		assert_fails(cof_registry_new(&r, &ref, &(cof_registry_opts){.mirrors = &m, .n_mirrors = 1}, &err),
			     "mirror-url");
	}
	cof_registry *r = NULL;
	static const cof_registry_mirror many[COF_MIRRORS_MAX + 1];
	assert_fails(cof_registry_new(&r, &ref, &(cof_registry_opts){.mirrors = many, .n_mirrors = COF_MIRRORS_MAX + 1},
				      &err),
		     "mirror-url");
	static const char *const partners[] = {"https://a", NULL};
	assert_fails(cof_registry_new(&r, &ref, &(cof_registry_opts){.partners = partners}, &err), "http-url");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mirror_is_asked_first_by_digest),
		cmocka_unit_test(t042_a_mirror_has_no_say_in_tags),
		cmocka_unit_test(t042_a_mirror_that_lies_is_left),
		cmocka_unit_test(each_gets_its_own_login),
		cmocka_unit_test(the_registry_goes_on_where_a_mirror_stopped),
		cmocka_unit_test(t036_wrong_bytes_from_a_mirror),
		cmocka_unit_test(bad_mirrors_are_not_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
