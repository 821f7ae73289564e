/* SPDX-License-Identifier: Apache-2.0 */
/* Authors and what they may speak for. */
#include "tests/unit/refvalue/references.h"

#include "attestation/token/jws.h"

enum { NOW = PEM_NOW };

static EVP_PKEY *one, *two;

static void add_text(cof_authors *a, const char *text, const char *reason)
{
	cof_err why = {0};
	int rc = cof_authors_add(a, cof_span_str(text), NOW, &why);
	if (reason == NULL && rc < 0)
		fail_msg("%s: %s: %s", text, why.reason, why.text);
	if (reason != NULL && (rc >= 0 || !cof_err_is(&why, reason) || why.cls != COF_E_USAGE))
		fail_msg("%s: %s (%s), not %s", text, why.reason, why.text, reason);
}

static void keys_alone_speak_for_anything(void **state)
{
	(void)state;
	COF_AUTO(cof_authors) a = {0};
	COF_AUTO(cof_buf) pem = {0};
	COF_AUTO(cof_buf) jwk = {0};
	COF_AUTO_PTR(json_t) o = NULL;
	COF_AUTO(cof_rim_entry) sev = {.tee = COF_RIM_SEV};
	pem_public(one, &pem);
	assert_ok(cof_jwk_of(two, &o, &err));
	assert_ok(cof_json_dump(o, &jwk, &err));
	add_text(&a, cof_buf_str(&pem), NULL);
	add_text(&a, cof_buf_str(&jwk), NULL);
	assert_int_equal(a.n, 2);
	assert_int_equal(strncmp(a.at[0].name, "key ", 4), 0);
	assert_int_equal(strlen(a.at[0].name), 4 + 16);
	assert_string_not_equal(a.at[0].name, a.at[1].name);
	assert_ok(cof_author_may(&a.at[0], &sev, &err));
	/* twice */
	add_text(&a, cof_buf_str(&pem), "authors-malformed");
	cof_authors_keep(&a, two);
	assert_int_equal(a.n, 1);
	cof_authors_keep(&a, one);
	assert_int_equal(a.n, 0);
}

static void what_is_no_key(void **state)
{
	(void)state;
	COF_AUTO(cof_authors) a = {0};
	COF_AUTO(cof_buf) private = {0};
	COF_AUTO(cof_buf) old = {0};
	pem_private(one, &private);
	pem_cert(one, NOW - 100, NOW - 1, &old);
	add_text(&a, "", "bad-key");
	add_text(&a, "[]", "bad-key");
	add_text(&a, "{\"kty\":\"EC\"}", "jwk-malformed");
	add_text(&a, cof_buf_str(&private), "bad-key");
	add_text(&a, cof_buf_str(&old), "bad-key");
	assert_int_equal(a.n, 0);
}

/* The document of one author, with one part changed. */
static void with_text(const char *from, const char *to, const char *reason)
{
	COF_AUTO(cof_authors) a = {0};
	COF_AUTO(cof_buf) doc = {0};
	COF_AUTO(cof_buf) changed = {0};
	authors_of(one, "[" VCEK_CLASS "]", ",\"min_version\":2", &doc);
	const char *text = cof_buf_str(&doc), *at = strstr(text, from);
	if (at == NULL)
		fail_msg("no '%s'", from);
	assert_ok(cof_buf_printf(&changed, &err, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)));
	add_text(&a, cof_buf_str(&changed), reason);
}

static void t077_documents_are_strict(void **state)
{
	(void)state;
	static const char *const changes[][2] = {
		{"authors/1", "authors/2"},
		{"\"format\"", "\"formats\""},
		{"\"authors\":[", "\"authors\":[1,"},
		{"{\"format\"", "{\"more\":1,\"format\""},
		{"\"name\":\"image team\"", "\"name\":\"\""},
		{"\"name\":\"image team\"", "\"name\":5"},
		{"\"name\":\"image team\"", "\"name\":\"a\\u0000b\""},
		{"\"name\":\"image team\"", "\"name\":\"a\\nb\""},
		{"\"name\":\"image team\"", "\"nick\":\"image team\""},
		{"\"min_version\":2", "\"min_version\":0"},
		{"\"min_version\":2", "\"min_version\":-1"},
		{"\"min_version\":2", "\"min_version\":2.0"},
		{"\"min_version\":2", "\"min_version\":\"2\""},
		{"\"min_version\":2", "\"max_version\":2"},
		{"\"classes\":[" VCEK_CLASS "]", "\"classes\":[]"},
		{"\"classes\":[" VCEK_CLASS "]", "\"classes\":{}"},
		{"\"classes\":[" VCEK_CLASS "]", "\"classes\":null"},
		{"\"classes\":[" VCEK_CLASS "]", "\"classes\":[" VCEK_CLASS ",{}]"},
		{VCEK_CLASS, "\"*\""},
		{VCEK_CLASS, "{\"class_id\":\"*\"}"},
		{VCEK_CLASS, "{\"class_id\":\"1.3.6.1.4.1.3704.3\"}"},
		{VCEK_CLASS, "{\"class_id\":\"1.3.6.1.4.1.3704.3.1\",\"vendor\":\"AMD\"}"},
		{VCEK_CLASS, "{\"vendor\":\"Intel Corporation\"}"},
		{VCEK_CLASS, "{\"vendor\":\"Intel Corporation\",\"model\":\"TDX TD\",\"instances\":[\"a\"]}"},
		{VCEK_CLASS, "{\"class_id\":\"1.3.6.1.4.1.3704.3.1\",\"instances\":[]}"},
		{VCEK_CLASS, "{\"class_id\":\"1.3.6.1.4.1.3704.3.1\",\"instances\":[\"ab\"]}"},
		{VCEK_CLASS, "{\"class_id\":\"1.3.6.1.4.1.3704.3.2\",\"instances\":[[\"a\",\"b\"]]}"},
		{VCEK_CLASS, "{\"class_id\":\"1.3.6.1.4.1.3704.3.2\",\"instances\":\"a\"}"},
		{VCEK_CLASS, "{\"class_id\":\"1.3.6.1.4.1.3704.3.1\",\"group\":1}"},
		{"\"key\":", "\"key\":5,\"keys\":"},
	};
	with_text("image team", "image team", NULL);
	for (size_t i = 0; i < COF_COUNT(changes); i++)
		with_text(changes[i][0], changes[i][1], "authors-malformed");
	with_text("\"key\":\"", "\"key\":\"x", "bad-key");
	COF_AUTO(cof_authors) a = {0};
	add_text(&a, "{\"format\":\"coffer-reference-authors/1\",\"authors\":[]}", "authors-malformed");
	add_text(&a, "{\"format\":\"coffer-reference-authors/1\"}", "authors-malformed");
	add_text(&a, "{}", "authors-malformed");
}

/* One class, and what it is asked about. */
static int asked(const char *classes, cof_rim_entry *e, cof_err *err)
{
	COF_AUTO(cof_authors) a = {0};
	COF_AUTO(cof_buf) doc = {0};
	authors_of(one, classes, "", &doc);
	add_text(&a, cof_buf_str(&doc), NULL);
	return cof_author_may(&a.at[0], e, err);
}

static void t077_each_class_is_one(void **state)
{
	(void)state;
	static const char *const classes[] = {
		"[" VCEK_CLASS "]",
		"[" VLEK_CLASS "]",
		"[" TD_CLASS "]",
		"[{\"vendor\":\"coffer\",\"model\":\"tpm\"}]",
		"[{\"vendor\":\"coffer\",\"model\":\"sev\"}]",
		"[{\"vendor\":\"coffer\",\"model\":\"seves\"}]",
	};
	cof_rim_entry entries[] = {{.tee = COF_RIM_SNP}, {.tee = COF_RIM_SNP}, {.tee = COF_RIM_TDX},
				   {.tee = COF_RIM_TPM}, {.tee = COF_RIM_SEV}, {.tee = COF_RIM_SEVES}};
	entries[1].launch.vlek = true;
	for (size_t i = 0; i < COF_COUNT(classes); i++) {
		for (size_t k = 0; k < COF_COUNT(entries); k++) {
			if (i == k)
				assert_ok(asked(classes[i], &entries[k], &err));
			else
				assert_fails(asked(classes[i], &entries[k], &err), "reference-author");
		}
	}
}

/* Bound to chips: every chip that the entry is good for must be one of them. */
static void t077_instances_bind(void **state)
{
	(void)state;
	uint8_t chips[128], csp[128] = "Azure";
	char list[512], hex[129];
	memset(chips, 0xab, 64);
	memset(chips + 64, 0xcd, 64);
	memset(hex, 'a', 128);
	for (size_t i = 1; i < 128; i += 2)
		hex[i] = 'b';
	hex[128] = '\0';
	(void)snprintf(list, sizeof list, "[{\"class_id\":\"1.3.6.1.4.1.3704.3.1\",\"instances\":[\"%s\"]}]", hex);
	COF_AUTO(cof_rim_entry) any = {0};
	COF_AUTO(cof_rim_entry) first = {0};
	COF_AUTO(cof_rim_entry) both = {0};
	assert_ok(cof_rim_demand(&first, COF_RIM_CHIP_ID, COF_RIM_IS, cof_span_of(chips, 64), &err));
	assert_ok(cof_rim_demand(&both, COF_RIM_CHIP_ID, COF_RIM_IS, cof_span_of(chips, 128), &err));
	assert_ok(asked(list, &first, &err));
	assert_fails(asked(list, &both, &err), "reference-author");
	assert_fails(asked(list, &any, &err), "reference-author");
	COF_AUTO(cof_rim_entry) provider = {0};
	provider.launch.vlek = true;
	assert_ok(cof_rim_demand(&provider, COF_RIM_CSP_ID, COF_RIM_IS, cof_span_of(csp, 128), &err));
	assert_ok(
		asked("[{\"class_id\":\"1.3.6.1.4.1.3704.3.2\",\"instances\":[\"GCP\",\"Azure\"]}]", &provider, &err));
	assert_fails(asked("[{\"class_id\":\"1.3.6.1.4.1.3704.3.2\",\"instances\":[\"GCP\"]}]", &provider, &err),
		     "reference-author");
	assert_fails(asked("[{\"class_id\":\"1.3.6.1.4.1.3704.3.2\",\"instances\":[\"Azur\"]}]", &provider, &err),
		     "reference-author");
}

static void t077_versions(void **state)
{
	(void)state;
	COF_AUTO(cof_authors) a = {0};
	COF_AUTO(cof_buf) doc = {0};
	cof_rim_entry e = {.version = 1};
	authors_of(one, "[" VCEK_CLASS "]", ",\"min_version\":2", &doc);
	add_text(&a, cof_buf_str(&doc), NULL);
	assert_fails(cof_author_may(&a.at[0], &e, &err), "reference-older");
	e.version = 0; /* it does not say */
	assert_fails(cof_author_may(&a.at[0], &e, &err), "reference-older");
	e.version = 2;
	assert_ok(cof_author_may(&a.at[0], &e, &err));
}

static void t079_there_is_an_end(void **state)
{
	(void)state;
	COF_AUTO(cof_authors) a = {0};
	for (size_t i = 0; i < COF_AUTHORS_MAX; i++) {
		EVP_PKEY *k = EVP_EC_gen("P-256");
		assert_ok(cof_authors_add_key(&a, k, &err));
		EVP_PKEY_free(k);
	}
	assert_fails(cof_authors_add_key(&a, one, &err), "authors-malformed");
	assert_int_equal(a.n, COF_AUTHORS_MAX);
}

static int make_all(void **state)
{
	(void)state;
	one = EVP_EC_gen("P-384");
	two = EVP_EC_gen("P-256");
	return 0;
}

static int drop_all(void **state)
{
	(void)state;
	EVP_PKEY_free(one);
	EVP_PKEY_free(two);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t077_documents_are_strict),	 cmocka_unit_test(t077_each_class_is_one),
		cmocka_unit_test(t077_instances_bind),		 cmocka_unit_test(t077_versions),
		cmocka_unit_test(t079_there_is_an_end),		 cmocka_unit_test(what_is_no_key),
		cmocka_unit_test(keys_alone_speak_for_anything),
	};
	return cmocka_run_group_tests(tests, make_all, drop_all);
}
