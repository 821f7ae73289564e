/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads to a registry that points elsewhere, changes its mind, or says yes to less than it was given. */
#include <sys/mman.h>

#include "common/file.h"
#include "tests/unit/image/peer.h"

#define BLOB "0123456789"
#define HEAD(status) "HTTP/1.1 " status "\r\nContent-Length: 0\r\n" CLOSE
#define ABSENT HEAD("404 Not Found") "\r\n"

static int blob_fd(const char *bytes)
{
	int fd = memfd_create("blob", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_ok(cof_fd_write_all(fd, cof_span_str(bytes), &err));
	return fd;
}

typedef struct outcome {
	cof_err err;
	int rc;
	int requests;
} outcome;

static void push(peer *p, const tls_step *steps, size_t n, const char *bytes, outcome *ret)
{
	*ret = (outcome){0};
	tls_go(&p->tls, steps, n);
	COF_AUTO_PTR(cof_registry)
	r = peer_client(p, &(cof_registry_opts){.retries = 1, .backoff_ms = 1, .push = true});
	COF_AUTO_FD int fd = blob_fd(bytes);
	ret->rc = cof_registry_push_blob(r, &p->desc, fd, &ret->err);
	ret->requests = atomic_load(&p->tls.requests);
}

/* steps[1] answers the POST with this place; %s is the registry's own host with its port. */
static void push_to_place(const char *place, peer *p, outcome *ret)
{
	char location[256], answer[512];
	(void)snprintf(location, sizeof location, "%s", place);
	const char *at = strstr(place, "@HOST");
	if (at != NULL)
		(void)snprintf(location, sizeof location, "%.*s%s%s", (int)(at - place), place, p->host, at + 5);
	(void)snprintf(answer, sizeof answer, HEAD("202 Accepted") "Location: %s\r\n\r\n", location);
	const tls_step steps[] = {{.answer = ABSENT}, {.answer = answer}, {.answer = HEAD("201 Created") "\r\n"}};
	push(p, steps, 3, BLOB, ret);
}

static void failed_with(const outcome *o, const char *reason)
{
	assert_true(o->rc < 0);
	if (!cof_err_is(&o->err, reason))
		fail_msg("'%s' (%s), not '%s'", o->err.reason, o->err.text, reason);
}

static void t041_an_upload_goes_nowhere_else(void **state)
{
	(void)state;
	static const char *const places[] = {
		"https://evil.test/v2/x",
		"http://@HOST/v2/x",
		"HTTP://@HOST/v2/x",
		"//evil.test/v2/x",
		"https://@HOST.evil.test/v2/x",
		"https://@HOST@evil.test/v2/x",
		"https://@HOST:80/v2/x",
		"https://user@@HOST/v2/x",
		"file:///etc/passwd",
		"https://",
	};
	for (size_t i = 0; i < COF_COUNT(places); i++) {
		peer p;
		outcome o;
		peer_open(&p, BLOB);
		push_to_place(places[i], &p, &o);
		failed_with(&o, "registry-location");
		assert_int_equal(o.requests, 2); /* not one byte of the blob went out */
		tls_close(&p.tls);
	}
}

static void places_of_its_own_are_taken(void **state)
{
	(void)state;
	static const struct {
		const char *place;
		const char *line;
	} good[] = {
		{"/v2/team/app/blobs/uploads/1", "PUT /v2/team/app/blobs/uploads/1?digest=sha256:"},
		{"/v2/team/app/blobs/uploads/1?s=a%20b", "PUT /v2/team/app/blobs/uploads/1?s=a%20b&digest=sha256:"},
		{"1?s=b", "PUT /v2/team/app/blobs/uploads/1?s=b&digest=sha256:"},
		{"/up#x", "PUT /up?digest=sha256:"},
		{"https://@HOST/up?x=1", "PUT /up?x=1&digest=sha256:"},
	};
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		peer p;
		outcome o;
		char digest[COF_DIGEST_STR_MAX];
		peer_open(&p, BLOB);
		push_to_place(good[i].place, &p, &o);
		assert_int_equal(o.rc, 0);
		assert_int_equal(o.requests, 3);
		cof_digest_str(&p.desc.digest, digest);
		assert_true(asked_for(&p, 0, "HEAD /v2/team/app/blobs/sha256:"));
		assert_true(asked_for(&p, 1, "POST /v2/team/app/blobs/uploads/ "));
		assert_int_equal(strncmp(p.tls.log[2], good[i].line, strlen(good[i].line)), 0);
		assert_true(asked_for(&p, 2, digest));
		assert_true(asked_for(&p, 2, "\r\n\r\n" BLOB));
		tls_close(&p.tls);
	}
}

static void answers_that_are_no_yes(void **state)
{
	(void)state;
	static const struct {
		const char *answers[3];
		const char *reason;
	} noes[] = {
		{{HEAD("403 No") "\r\n"}, "registry-refused"},
		{{HEAD("501 Never") "\r\n"}, "registry-status"},
		{{HEAD("202 Odd") "\r\n"}, "registry-status"},
		{{ABSENT, HEAD("202 Accepted") "\r\n"}, "registry-location"},
		{{ABSENT, HEAD("201 Created") "Location: /x\r\n\r\n"}, "registry-status"},
		{{ABSENT, HEAD("404 No") "\r\n"}, "registry-not-found"},
		{{ABSENT, HEAD("401 No") "\r\n"}, "registry-refused"},
		{{ABSENT, HEAD("202 Accepted") "Location: /x\r\n\r\n", HEAD("202 Later") "\r\n"}, "registry-status"},
		{{ABSENT, HEAD("202 Accepted") "Location: /x\r\n\r\n", HEAD("200 Fine") "\r\n"}, "registry-status"},
		{{ABSENT, HEAD("202 Accepted") "Location: /x\r\n\r\n", HEAD("400 Digest") "\r\n"}, "registry-status"},
	};
	for (size_t i = 0; i < COF_COUNT(noes); i++) {
		peer p;
		outcome o;
		tls_step steps[3];
		size_t n = 0;
		for (; n < 3 && noes[i].answers[n] != NULL; n++)
			steps[n] = (tls_step){.answer = noes[i].answers[n]};
		peer_open(&p, BLOB);
		push(&p, steps, n, BLOB, &o);
		failed_with(&o, noes[i].reason);
		assert_int_equal(o.requests, n);
		tls_close(&p.tls);
	}
}

static void nothing_is_sent_that_is_there(void **state)
{
	(void)state;
	peer p;
	outcome o;
	const tls_step steps[] = {{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n" CLOSE "\r\n"}};
	peer_open(&p, BLOB);
	push(&p, steps, 1, BLOB, &o);
	assert_int_equal(o.rc, 0);
	assert_int_equal(o.requests, 1);
	tls_close(&p.tls);
}

/* The descriptor is what was hashed: what is behind it in the file stays here. */
static void only_the_described_bytes_go_out(void **state)
{
	(void)state;
	peer p;
	outcome o;
	const tls_step steps[] = {{.answer = ABSENT},
				  {.answer = HEAD("202 Accepted") "Location: /x\r\n\r\n"},
				  {.answer = HEAD("201 Created") "\r\n"}};
	peer_open(&p, BLOB);
	push(&p, steps, 3, BLOB "SECRET", &o);
	assert_int_equal(o.rc, 0);
	assert_true(asked_for(&p, 2, "\r\nContent-Length: 10\r\n"));
	assert_true(asked_for(&p, 2, "\r\n\r\n" BLOB));
	assert_false(asked_for(&p, 2, "SECRET"));
	tls_close(&p.tls);
}

/* A right that ends between the place and the bytes: the bytes go again, all of them. */
static void bytes_go_again_after_a_late_401(void **state)
{
	(void)state;
	peer p;
	outcome o;
	char challenge[256];
	peer_open(&p, BLOB);
	(void)snprintf(challenge, sizeof challenge,
		       HEAD("401 No") "WWW-Authenticate: Bearer realm=\"https://%s/t\",service=\"s\"\r\n\r\n", p.host);
	const tls_step steps[] = {{.answer = ABSENT},
				  {.answer = HEAD("202 Accepted") "Location: /x\r\n\r\n"},
				  {.answer = challenge},
				  {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n" CLOSE "\r\n{\"token\":\"t\"}"},
				  {.answer = HEAD("201 Created") "\r\n"}};
	push(&p, steps, 5, BLOB, &o);
	if (o.rc < 0)
		fail_msg("%s: %s", o.err.reason, o.err.text);
	assert_true(asked_for(&p, 3, "scope=repository%3Ateam%2Fapp%3Apull%2Cpush "));
	assert_true(asked_for(&p, 4, "\r\nAuthorization: Bearer t\r\n"));
	assert_true(asked_for(&p, 4, "\r\n\r\n" BLOB));
	tls_close(&p.tls);
}

/* An upload that breaks is begun again from its start; what had arrived is found there. */
static void an_upload_is_tried_again(void **state)
{
	(void)state;
	peer p;
	outcome o;
	const tls_step steps[] = {
		{.answer = HEAD("503 Busy") "\r\n"},
		{.answer = ABSENT},
		{.answer = HEAD("202 Accepted") "Location: /x\r\n\r\n"},
		{.answer = NULL},
		{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n" CLOSE "\r\n"},
	};
	peer_open(&p, BLOB);
	tls_go(&p.tls, steps, 5);
	COF_AUTO_PTR(cof_registry)
	r = peer_client(&p, &(cof_registry_opts){.retries = 2, .backoff_ms = 1, .push = true});
	COF_AUTO_FD int fd = blob_fd(BLOB);
	o.rc = cof_registry_push_blob(r, &p.desc, fd, &o.err);
	assert_int_equal(o.rc, 0);
	assert_int_equal(atomic_load(&p.tls.requests), 5);
	tls_close(&p.tls);
}

static void a_file_that_shrank_is_not_pushed(void **state)
{
	(void)state;
	peer p;
	outcome o;
	const tls_step steps[] = {{.answer = ABSENT},
				  {.answer = HEAD("202 Accepted") "Location: /x\r\n\r\n"},
				  {.answer = HEAD("201 Created") "\r\n"}};
	peer_open(&p, BLOB);
	push(&p, steps, 3, "01234", &o);
	failed_with(&o, "layer-size-mismatch");
	tls_close(&p.tls);
}

/* Only what is asked for with GET and HEAD follows; the bytes of an upload go where the place was checked. */
static void t072_an_upload_is_not_redirected(void **state)
{
	(void)state;
	static const char *const places[] = {HEAD("307 Go") "Location: http://registry.test/x\r\n\r\n",
					     HEAD("308 Go") "Location: https://evil.test/x\r\n\r\n",
					     HEAD("303 Go") "Location: /y\r\n\r\n"};
	for (size_t i = 0; i < COF_COUNT(places); i++) {
		peer p;
		outcome o;
		const tls_step steps[] = {{.answer = ABSENT},
					  {.answer = HEAD("202 Accepted") "Location: /x\r\n\r\n"},
					  {.answer = places[i]}};
		peer_open(&p, BLOB);
		push(&p, steps, 3, BLOB, &o);
		failed_with(&o, "registry-status");
		assert_int_equal(o.requests, 3);
		tls_close(&p.tls);
	}
}

static int push_manifest(peer *p, const char *answer, cof_err *err)
{
	const tls_step steps[] = {{.answer = answer}};
	tls_go(&p->tls, steps, 1);
	COF_AUTO_PTR(cof_registry) r = peer_client(p, NULL);
	return cof_registry_push_manifest(r, "v1", "application/vnd.oci.image.manifest.v1+json", cof_span_str("{}"),
					  err);
}

static void manifests(void **state)
{
	(void)state;
	static const char *const noes[] = {HEAD("200 OK") "\r\n", HEAD("202 Later") "\r\n", HEAD("400 Bad") "\r\n"};
	for (size_t i = 0; i < COF_COUNT(noes); i++) {
		peer p;
		peer_open(&p, BLOB);
		assert_fails(push_manifest(&p, noes[i], &err), "registry-status");
		tls_close(&p.tls);
	}
	peer p;
	peer_open(&p, BLOB);
	assert_ok(push_manifest(&p, HEAD("201 Created") "\r\n", &err));
	assert_true(asked_for(&p, 0, "PUT /v2/team/app/manifests/v1 "));
	assert_true(asked_for(&p, 0, "\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\n"));
	assert_true(asked_for(&p, 0, "\r\n\r\n{}"));
	tls_close(&p.tls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t041_an_upload_goes_nowhere_else), cmocka_unit_test(t072_an_upload_is_not_redirected),
		cmocka_unit_test(answers_that_are_no_yes),	    cmocka_unit_test(a_file_that_shrank_is_not_pushed),
		cmocka_unit_test(an_upload_is_tried_again),	    cmocka_unit_test(only_the_described_bytes_go_out),
		cmocka_unit_test(bytes_go_again_after_a_late_401),  cmocka_unit_test(nothing_is_sent_that_is_there),
		cmocka_unit_test(places_of_its_own_are_taken),	    cmocka_unit_test(manifests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
