/* SPDX-License-Identifier: Apache-2.0 */
/* What lies beside an image in a registry that says whatever it likes. */
#include "image-decrypt/sigfetch.h"

#include "tests/unit/image/sigrig.h"

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

/* Documents and blobs by name; everything else is not there. */
typedef struct thing {
	char name[COF_DIGEST_STR_MAX];
	cof_buf body;
} thing;

typedef struct shelf {
	thing list[600];
	size_t n;
	bool has_referrers;
	cof_buf referrers;
	cof_class referrers_fail; /* COF_OK: they work */
	size_t manifests_asked, blobs_asked;
} shelf;

static int up(void **state)
{
	*state = calloc(1, sizeof(shelf));
	return *state == NULL;
}

static int down(void **state)
{
	shelf *s = *state;
	for (size_t i = 0; i < s->n; i++)
		cof_buf_release(&s->list[i].body);
	cof_buf_release(&s->referrers);
	free(s);
	return 0;
}

static int look_up(const shelf *s, const char *name, cof_buf *ret, cof_err *err)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->list[i].name, name) == 0)
			return cof_buf_add(ret, s->list[i].body.data, s->list[i].body.len, err);
	return cof_err_set(err, COF_E_UNAVAILABLE, "registry-not-found", "no %s", name);
}

static int shelf_manifest(void *arg, const char *wanted, cof_fetched *ret, cof_err *err)
{
	((shelf *)arg)->manifests_asked++;
	return look_up(arg, wanted, &ret->body, err);
}

static int shelf_blob(void *arg, const cof_desc *d, size_t max, cof_buf *ret, cof_err *err)
{
	char name[COF_DIGEST_STR_MAX];
	((shelf *)arg)->blobs_asked++;
	cof_digest_str(&d->digest, name);
	*ret = cof_buf_capped(max);
	return look_up(arg, name, ret, err);
}

static int shelf_referrers(void *arg, const cof_digest *subject, cof_fetched *ret, cof_err *err)
{
	const shelf *s = arg;
	(void)subject;
	if (s->referrers_fail != COF_OK)
		return cof_err_set(err, s->referrers_fail, "registry-status", "it answered 500");
	return cof_buf_add(&ret->body, s->referrers.data, s->referrers.len, err);
}

static cof_image_source source_of(shelf *s)
{
	return (cof_image_source){s, shelf_manifest, shelf_blob, NULL, s->has_referrers ? shelf_referrers : NULL};
}

/* Puts it there under its digest, or under name; gives the digest. */
static cof_digest put(shelf *s, const char *name, cof_span body)
{
	cof_digest d;
	thing *t = &s->list[s->n++];
	assert_true(s->n < COF_COUNT(s->list));
	assert_ok(cof_digest_of(COF_SHA256, body, &d, &err));
	cof_digest_str(&d, t->name);
	if (name != NULL)
		(void)snprintf(t->name, sizeof t->name, "%s", name);
	assert_ok(cof_buf_add(&t->body, body.data, body.len, &err));
	return d;
}

static void layer_text(cof_buf *to, const char *type, const cof_digest *d, size_t size, const char *signature)
{
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(d, digest);
	assert_ok(cof_buf_printf(to, &err, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu",
				 to->len > 0 ? "," : "", type, digest, size));
	if (signature != NULL)
		assert_ok(cof_buf_printf(to, &err, ",\"annotations\":{\"" COF_SIG_ANNOTATION "\":\"%s\"}", signature));
	assert_ok(cof_buf_add_str(to, "}", &err));
}

static cof_digest put_manifest(shelf *s, const char *name, const cof_buf *layers, size_t *ret_size)
{
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_buf_printf(&text, &err, "{\"schemaVersion\":2,\"config\":{},\"layers\":[%s]}",
				 cof_buf_str(layers)));
	if (ret_size != NULL)
		*ret_size = text.len;
	return put(s, name, cof_buf_span(&text));
}

static const char *tag(void)
{
	static char text[COF_SIG_TAG_MAX];
	cof_digest d = sigrig_digest(SIGRIG_DIGEST);
	cof_sig_tag(&d, ".sig", text);
	return text;
}

static void fetch(shelf *s, cof_sig_found *f)
{
	cof_image_source src = source_of(s);
	cof_digest d = sigrig_digest(SIGRIG_DIGEST);
	assert_ok(cof_sig_fetch(&src, &d, f, &err));
}

static void tags(void **state)
{
	(void)state;
	char text[COF_SIG_TAG_MAX];
	cof_digest d = sigrig_digest(SIGRIG_DIGEST);
	cof_sig_tag(&d, "", text);
	assert_string_equal(text, "sha256-ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void nothing_there(void **state)
{
	shelf *s = *state;
	COF_AUTO(cof_sig_found) f = {0};
	fetch(s, &f);
	assert_int_equal(f.n, 0);
	assert_int_equal(f.missed.cls, COF_OK);
}

static void by_tag(void **state)
{
	shelf *s = *state;
	COF_AUTO(cof_sig_found) f = {0};
	COF_AUTO(cof_buf) layers = {0};
	cof_digest payload = put(s, NULL, cof_span_str("payload"));
	layer_text(&layers, COF_SIG_COSIGN_TYPE, &payload, 7, "first");
	layer_text(&layers, "application/vnd.oci.image.layer.v1.tar", &payload, 7, "not a signature");
	layer_text(&layers, COF_SIG_COSIGN_TYPE, &payload, 7, NULL);
	layer_text(&layers, COF_SIG_COSIGN_TYPE, &payload, 7, "second");
	layer_text(&layers, COF_SIGBUNDLE_TYPE, &payload, 7, NULL);
	(void)put_manifest(s, tag(), &layers, NULL);
	fetch(s, &f);
	assert_int_equal(f.n, 3);
	assert_int_equal(f.list[0].kind, COF_SIG_COSIGN);
	assert_string_equal(cof_buf_str(&f.list[0].body), "payload");
	assert_string_equal(f.list[0].signature, "first");
	assert_string_equal(f.list[1].signature, "second");
	assert_int_equal(f.list[2].kind, COF_SIG_BUNDLE);
}

/* One that cannot be used does not hide the good one behind it. */
static void t039_bad_neighbours_are_passed_over(void **state)
{
	shelf *s = *state;
	COF_AUTO(cof_sig_found) f = {0};
	COF_AUTO(cof_buf) layers = {0};
	cof_digest good = put(s, NULL, cof_span_str("payload")), other = sigrig_digest(SIGRIG_OTHER);
	layer_text(&layers, COF_SIG_COSIGN_TYPE, &other, 7, "absent");
	layer_text(&layers, COF_SIG_COSIGN_TYPE, &good, 8, "wrong size");
	layer_text(&layers, COF_SIG_COSIGN_TYPE, &good, (size_t)1 << 40, "too large");
	assert_ok(cof_buf_add_str(&layers, ",{},[],1", &err));
	cof_digest lie = put(s, SIGRIG_OTHER, cof_span_str("not what it is named"));
	(void)lie;
	layer_text(&layers, COF_SIG_COSIGN_TYPE, &other, 20, "wrong digest");
	layer_text(&layers, COF_SIG_COSIGN_TYPE, &good, 7, "good");
	(void)put_manifest(s, tag(), &layers, NULL);
	fetch(s, &f);
	assert_int_equal(f.n, 1);
	assert_string_equal(f.list[0].signature, "good");
	assert_int_not_equal(f.missed.cls, COF_OK);
}

static void t039_documents_of_other_kinds(void **state)
{
	shelf *s = *state;
	static const char *const bodies[] = {
		"",
		"<html>",
		"{}",
		"{\"schemaVersion\":2,\"layers\":{}}",
		"{\"schemaVersion\":2,\"layers\":[],\"manifests\":[]}",
		"{\"schemaVersion\":2,\"layers\":[]}",
		"{\"schemaVersion\":2,\"manifests\":[]}",
	};
	for (size_t i = 0; i < COF_COUNT(bodies); i++) {
		COF_AUTO(cof_sig_found) f = {0};
		for (size_t k = 0; k < s->n; k++)
			cof_buf_release(&s->list[k].body);
		s->n = 0;
		(void)put(s, tag(), cof_span_str(bodies[i]));
		fetch(s, &f);
		assert_int_equal(f.n, 0);
	}
}

static void put_referrer(shelf *s, const char *artifact, const cof_buf *layers, cof_buf *list)
{
	size_t size = 0;
	char digest[COF_DIGEST_STR_MAX];
	cof_digest d = put_manifest(s, NULL, layers, &size);
	cof_digest_str(&d, digest);
	assert_ok(cof_buf_printf(list, &err,
				 "%s{\"mediaType\":\"" MANIFEST_TYPE "\",\"digest\":\"%s\",\"size\":%zu%s%s%s}",
				 list->len > 0 ? "," : "", digest, size, artifact != NULL ? ",\"artifactType\":\"" : "",
				 artifact != NULL ? artifact : "", artifact != NULL ? "\"" : ""));
}

static void make_referrers(shelf *s, cof_buf *ret)
{
	COF_AUTO(cof_buf) layers = {0};
	COF_AUTO(cof_buf) bundle = {0};
	COF_AUTO(cof_buf) list = {0};
	cof_digest payload = put(s, NULL, cof_span_str("payload"));
	layer_text(&layers, COF_SIG_COSIGN_TYPE, &payload, 7, "by referrer");
	layer_text(&bundle, COF_SIGBUNDLE_TYPE, &payload, 7, NULL);
	put_referrer(s, "application/spdx+json", &layers, &list);
	put_referrer(s, NULL, &layers, &list);
	put_referrer(s, COF_SIG_COSIGN_ARTIFACT, &layers, &list);
	put_referrer(s, COF_SIGBUNDLE_TYPE, &bundle, &list);
	assert_ok(cof_buf_add_str(&list, ",{},1,{\"artifactType\":1}", &err));
	assert_ok(cof_buf_printf(ret, &err, "{\"schemaVersion\":2,\"manifests\":[%s]}", cof_buf_str(&list)));
}

/* From the list where there is one, from the tag that stands for it where there is none. */
static void by_referrers(void **state)
{
	shelf *s = *state;
	COF_AUTO(cof_buf) index = {0};
	make_referrers(s, &index);
	for (int listed = 0; listed < 3; listed++) {
		COF_AUTO(cof_sig_found) f = {0};
		char fallback[COF_SIG_TAG_MAX];
		cof_digest d = sigrig_digest(SIGRIG_DIGEST);
		cof_sig_tag(&d, "", fallback);
		s->has_referrers = listed > 0;
		cof_buf_release(&s->referrers);
		/* An empty list is none: the tag may have been written when the registry had no lists yet. */
		if (listed == 1)
			assert_ok(cof_buf_add(&s->referrers, index.data, index.len, &err));
		else
			(void)put(s, fallback, cof_buf_span(&index));
		s->manifests_asked = 0;
		fetch(s, &f);
		assert_int_equal(f.n, 2);
		assert_string_equal(f.list[0].signature, "by referrer");
		assert_int_equal(f.list[1].kind, COF_SIG_BUNDLE);
		/* The tag of signatures, the two of our kinds, and the tag for the list. */
		assert_int_equal(s->manifests_asked, listed == 1 ? 3 : 4);
	}
}

static void t036_referrers_hold_their_digests(void **state)
{
	shelf *s = *state;
	COF_AUTO(cof_sig_found) f = {0};
	make_referrers(s, &s->referrers);
	s->has_referrers = true;
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].body.len > 7)
			s->list[i].body.data[s->list[i].body.len - 1] = ' ';
	fetch(s, &f);
	assert_int_equal(f.n, 0);
	assert_true(cof_err_is(&f.missed, "blob-digest-mismatch"));
}

static void t039_a_list_that_fails(void **state)
{
	shelf *s = *state;
	COF_AUTO(cof_sig_found) f = {0};
	COF_AUTO(cof_buf) layers = {0};
	cof_digest payload = put(s, NULL, cof_span_str("payload"));
	layer_text(&layers, COF_SIG_COSIGN_TYPE, &payload, 7, "good");
	(void)put_manifest(s, tag(), &layers, NULL);
	s->has_referrers = true;
	s->referrers_fail = COF_E_UNAVAILABLE;
	fetch(s, &f);
	assert_int_equal(f.n, 1);
	assert_true(cof_err_is(&f.missed, "registry-status"));
	/* Only for want of memory does it give up. */
	COF_AUTO(cof_sig_found) none = {0};
	cof_image_source src = source_of(s);
	cof_digest d = sigrig_digest(SIGRIG_DIGEST);
	s->referrers_fail = COF_E_INTERNAL;
	assert_fails(cof_sig_fetch(&src, &d, &none, &err), "registry-status");
}

/* CVE-2023-46737, CVE-2024-29902: a registry that never stops offering. */
static void t039_endless_signatures(void **state)
{
	shelf *s = *state;
	COF_AUTO(cof_sig_found) f = {0};
	COF_AUTO(cof_buf) layers = {0};
	cof_digest payload = put(s, NULL, cof_span_str("payload"));
	for (int i = 0; i < 1000; i++)
		layer_text(&layers, COF_SIG_COSIGN_TYPE, &payload, 7, "again");
	(void)put_manifest(s, tag(), &layers, NULL);
	fetch(s, &f);
	assert_int_equal(f.n, COF_SIG_MAX);
	assert_true(f.full);
	assert_in_range(s->blobs_asked, COF_SIG_MAX, COF_SIG_MAX);
}

static void t039_endless_referrers(void **state)
{
	shelf *s = *state;
	COF_AUTO(cof_sig_found) f = {0};
	COF_AUTO(cof_buf) list = {0};
	s->has_referrers = true;
	for (int i = 0; i < 300; i++) {
		COF_AUTO(cof_buf) layers = {0};
		cof_digest d = sigrig_digest(SIGRIG_OTHER);
		layer_text(&layers, COF_SIG_COSIGN_TYPE, &d, (size_t)i, "x");
		put_referrer(s, COF_SIGBUNDLE_TYPE, &layers, &list);
	}
	assert_ok(cof_buf_printf(&s->referrers, &err, "{\"schemaVersion\":2,\"manifests\":[%s]}", cof_buf_str(&list)));
	fetch(s, &f);
	assert_int_equal(f.n, 0);
	assert_true(f.full);
	assert_in_range(s->manifests_asked, 1, COF_SIG_MAX);
}

static void t039_endless_bytes(void **state)
{
	shelf *s = *state;
	COF_AUTO(cof_sig_found) f = {0};
	COF_AUTO(cof_buf) layers = {0};
	COF_AUTO(cof_buf) big = {0};
	assert_ok(cof_buf_reserve(&big, COF_SIG_PAYLOAD_MAX, &err));
	memset(big.data, 'x', COF_SIG_PAYLOAD_MAX);
	big.len = COF_SIG_PAYLOAD_MAX;
	cof_digest d = put(s, NULL, cof_buf_span(&big));
	for (int i = 0; i < 60; i++)
		layer_text(&layers, COF_SIG_COSIGN_TYPE, &d, big.len, "x");
	(void)put_manifest(s, tag(), &layers, NULL);
	fetch(s, &f);
	assert_true(f.full);
	assert_in_range(f.n, 1, COF_SIG_BYTES_MAX / COF_SIG_PAYLOAD_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, up, down)
		T(tags),
		T(nothing_there),
		T(by_tag),
		T(t039_bad_neighbours_are_passed_over),
		T(t039_documents_of_other_kinds),
		T(by_referrers),
		T(t036_referrers_hold_their_digests),
		T(t039_a_list_that_fails),
		T(t039_endless_signatures),
		T(t039_endless_referrers),
		T(t039_endless_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
