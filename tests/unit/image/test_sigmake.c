/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's documents, stored in a layout and found there by the judge. */
#include "image-decrypt/sigmake.h"

#include "tests/unit/image/mkimage.h"
#include "tests/unit/image/scratch.h"
#include "tests/unit/image/sigrig.h"

typedef struct rig {
	cof_layout *layout;
	cof_image_source source;
	cof_desc image;
	EVP_PKEY *key, *other;
} rig;

static rig rig_up(const scratch *s)
{
	rig r = {.layout = layout_at(s->top, "l", true), .key = sigrig_key("P-256"), .other = sigrig_key("P-384")};
	layout_demo(r.layout, "v1");
	r.source = cof_layout_source(r.layout);
	assert_ok(cof_sigmake_subject(&r.source, "v1", &r.image, &err));
	return r;
}

static void rig_down(rig *r)
{
	cof_layout_free(r->layout);
	EVP_PKEY_free(r->key);
	EVP_PKEY_free(r->other);
}

static void store(const rig *r, const cof_sigmade *m, const char *tag)
{
	const cof_buf *blobs[] = {&m->body, &m->config, &m->manifest};
	cof_digest d;
	for (size_t i = 0; i < 3; i++)
		assert_ok(cof_layout_put(r->layout, cof_buf_span(blobs[i]), &d, &err));
	if (tag != NULL)
		assert_ok(cof_layout_tag(r->layout, tag, COF_SIGMAKE_MANIFEST, &d, m->manifest.len, &err));
}

static int judge(const rig *r, EVP_PKEY *key, const char *name, cof_sig_report *ret, cof_err *why)
{
	COF_AUTO(cof_buf) pem = {0};
	COF_AUTO_PTR(cof_sigpolicy) p = NULL;
	cof_ref ref = sigrig_ref(name);
	sigrig_pem(key, &pem);
	assert_ok(cof_sigpolicy_of_key(cof_buf_span(&pem), &p, &err));
	const cof_sigcheck in = {.policy = p,
				 .place = {.transport = "docker", .ref = &ref},
				 .asked = &r->image.digest,
				 .chosen = &r->image.digest,
				 .source = &r->source};
	return cof_sigcheck_run(&in, ret, why);
}

static void subjects(void **state)
{
	rig r = rig_up(*state);
	cof_desc by_digest = {0};
	char text[COF_DIGEST_STR_MAX];
	cof_digest_str(&r.image.digest, text);
	assert_string_equal(r.image.media_type, COF_SIGMAKE_MANIFEST);
	assert_ok(cof_sigmake_subject(&r.source, text, &by_digest, &err));
	assert_true(cof_digest_equal(&by_digest.digest, &r.image.digest));
	assert_int_equal(by_digest.size, r.image.size);
	assert_fails(cof_sigmake_subject(&r.source, "v2", &by_digest, &err), "tag-missing");
	rig_down(&r);
}

static void by_tag(void **state)
{
	rig r = rig_up(*state);
	cof_sig_report report = {0};
	char tag[COF_SIG_TAG_MAX];
	COF_AUTO(cof_sigmade) first = {0};
	COF_AUTO(cof_sigmade) second = {0};
	COF_AUTO(cof_sigmade) again = {0};
	cof_sig_tag(&r.image.digest, ".sig", tag);
	assert_fails(judge(&r, r.key, SIGRIG_REPO, NULL, &err), "signature-missing");
	assert_ok(cof_sigmake_cosign(r.key, &r.image.digest, SIGRIG_REPO, (cof_span){0}, &first, &err));
	assert_false(first.unchanged);
	store(&r, &first, tag);
	assert_ok(judge(&r, r.key, SIGRIG_REPO ":7", &report, &err));
	assert_int_equal(report.kind, COF_SIG_COSIGN);
	assert_fails(judge(&r, r.key, "reg.example.org/other", NULL, &err), "signature-identity");
	assert_fails(judge(&r, r.other, SIGRIG_REPO, NULL, &err), "signature-invalid");
	/* A second signer's goes beside it, the first one's again changes nothing. */
	assert_ok(cof_sigmake_cosign(r.other, &r.image.digest, SIGRIG_REPO, cof_buf_span(&first.manifest), &second,
				     &err));
	store(&r, &second, tag);
	assert_ok(judge(&r, r.key, SIGRIG_REPO, &report, &err));
	assert_int_equal(report.seen, 2);
	assert_ok(judge(&r, r.other, SIGRIG_REPO, &report, &err));
	assert_ok(
		cof_sigmake_cosign(r.key, &r.image.digest, SIGRIG_REPO, cof_buf_span(&second.manifest), &again, &err));
	assert_true(again.unchanged);
	rig_down(&r);
}

static void tags_that_hold_something_else(void **state)
{
	rig r = rig_up(*state);
	COF_AUTO(cof_fetched) doc = {0};
	COF_AUTO(cof_buf) many = {0};
	cof_sigmade made = {0};
	assert_ok(r.source.manifest(r.source.arg, "v1", &doc, &err));
	assert_fails(cof_sigmake_cosign(r.key, &r.image.digest, "a.b/c", cof_buf_span(&doc.body), &made, &err),
		     "signature-tag");
	assert_fails(cof_sigmake_cosign(r.key, &r.image.digest, "a.b/c", cof_span_str("{}"), &made, &err),
		     "signature-tag");
	assert_ok(cof_buf_add_str(&many, "{\"layers\":[0", &err));
	for (int i = 1; i < COF_SIG_MAX; i++)
		assert_ok(cof_buf_add_str(&many, ",0", &err));
	assert_ok(cof_buf_add_str(&many, "]}", &err));
	assert_fails(cof_sigmake_cosign(r.key, &r.image.digest, "a.b/c", cof_buf_span(&many), &made, &err),
		     "signature-tag");
	rig_down(&r);
}

static void by_referrer(void **state)
{
	rig r = rig_up(*state);
	cof_sig_report report = {0};
	char tag[COF_SIG_TAG_MAX];
	COF_AUTO(cof_sigmade) m = {0};
	COF_AUTO(cof_buf) list = {0};
	COF_AUTO(cof_buf) longer = {0};
	COF_AUTO(cof_buf) none = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	cof_digest d;
	cof_sig_tag(&r.image.digest, "", tag);
	assert_ok(cof_sigmake_referrer(r.key, &r.image, SIGRIG_REPO, &m, &err));
	store(&r, &m, NULL);
	assert_ok(cof_sigmake_list((cof_span){0}, &m, &list, &err));
	assert_ok(cof_layout_put(r.layout, cof_buf_span(&list), &d, &err));
	assert_ok(cof_layout_tag(r.layout, tag, COF_SIGMAKE_INDEX, &d, list.len, &err));
	assert_ok(judge(&r, r.key, SIGRIG_REPO, &report, &err));
	assert_int_equal(report.kind, COF_SIG_BUNDLE);
	assert_string_equal(report.identity, SIGRIG_REPO);
	assert_fails(judge(&r, r.key, "reg.example.org/other", NULL, &err), "signature-identity");
	assert_ok(cof_sigmake_list(cof_buf_span(&list), &m, &longer, &err));
	assert_ok(cof_json_parse(cof_buf_span(&longer), &doc, &err));
	assert_int_equal(json_array_size(json_object_get(doc, "manifests")), 2);
	assert_fails(cof_sigmake_list(cof_buf_span(&m.manifest), &m, &none, &err), "signature-tag");
	rig_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(subjects),
		T(by_tag),
		T(tags_that_hold_something_else),
		T(by_referrer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
