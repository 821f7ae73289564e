/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement as a whole, over the shared vectors and over images and keys of our own. */
#include "image-decrypt/sigcheck.h"

#include "image-decrypt/layout.h"
#include "image-decrypt/sigbundle.h"
#include "image-decrypt/sigfetch.h"
#include "image-decrypt/sigpayload.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t039_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
