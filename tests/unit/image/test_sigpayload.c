/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/sigpayload.h"

#include "tests/unit/image/sigrig.h"

#define IMAGE "\"image\":{\"docker-manifest-digest\":\"" SIGRIG_DIGEST "\"}"
#define IDENTITY "\"identity\":{\"docker-reference\":\"a.b/c:1\"}"
#define ATOMIC "\"type\":\"atomic container signature\""
#define COSIGN "\"type\":\"cosign container image signature\""
#define WHOLE(type, optional) "{\"critical\":{" type "," IMAGE "," IDENTITY "},\"optional\":" optional "}"
#define CRITICAL(members) "{\"critical\":{" members "},\"optional\":{}}"

static void reads_both_kinds(void **state)
{
	(void)state;
	const struct {
		const char *text, *type;
	} good[] = {
		{WHOLE(ATOMIC, "{}"), COF_SIGPAYLOAD_ATOMIC},
		{WHOLE(ATOMIC, "{\"creator\":\"x\",\"timestamp\":1,\"more\":[]}"), COF_SIGPAYLOAD_ATOMIC},
		{WHOLE(COSIGN, "null"), COF_SIGPAYLOAD_COSIGN},
		{WHOLE(COSIGN, "{\"a\":\"b\"}"), COF_SIGPAYLOAD_COSIGN},
		{" " WHOLE(COSIGN, "{}") "\n", COF_SIGPAYLOAD_COSIGN},
	};
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		COF_AUTO(cof_sigpayload) p = {0};
		char digest[COF_DIGEST_STR_MAX];
		assert_ok(cof_sigpayload_parse(cof_span_str(good[i].text), good[i].type, &p, &err));
		cof_digest_str(&p.digest, digest);
		assert_string_equal(digest, SIGRIG_DIGEST);
		assert_string_equal(p.identity, "a.b/c:1");
	}
}

static void t039_refuses_what_is_not_exactly_that(void **state)
{
	(void)state;
	const char *const bad[] = {
		"",
		"{}",
		"[]",
		"null",
		WHOLE(COSIGN, "{}"), /* the other kind */
		WHOLE("\"type\":\"something else\"", "{}"),
		WHOLE("\"type\":1", "{}"),
		WHOLE(ATOMIC, "null"),
		WHOLE(ATOMIC, "[]"),
		WHOLE(ATOMIC, "{\"creator\":1}"),
		WHOLE(ATOMIC, "{\"timestamp\":\"1\"}"),
		WHOLE(ATOMIC, "{\"timestamp\":1.5}"),
		WHOLE(ATOMIC, "{}") "{}",
		"{\"critical\":{" ATOMIC "," IMAGE "," IDENTITY "}}",
		"{\"critical\":{" ATOMIC "," IMAGE "," IDENTITY "},\"optional\":{},\"x\":1}",
		"{\"critical\":{" ATOMIC "," IMAGE "," IDENTITY "},\"critical\":{" ATOMIC "," IMAGE "," IDENTITY
		"},\"optional\":{}}",
		"{\"Critical\":{" ATOMIC "," IMAGE "," IDENTITY "},\"optional\":{}}",
		CRITICAL(ATOMIC "," IMAGE),
		CRITICAL(ATOMIC "," IDENTITY),
		CRITICAL(IMAGE "," IDENTITY),
		CRITICAL(ATOMIC "," IMAGE "," IDENTITY ",\"x\":1"),
		CRITICAL(ATOMIC "," IMAGE "," IMAGE "," IDENTITY),
		CRITICAL(ATOMIC "," IDENTITY ",\"image\":null"),
		CRITICAL(ATOMIC "," IDENTITY ",\"image\":{}"),
		CRITICAL(ATOMIC "," IDENTITY ",\"image\":{\"Docker-manifest-digest\":\"" SIGRIG_DIGEST "\"}"),
		CRITICAL(ATOMIC "," IDENTITY ",\"image\":{\"docker-manifest-digest\":\"sha256:12\"}"),
		CRITICAL(ATOMIC "," IDENTITY ",\"image\":{\"docker-manifest-digest\":\"md5:" SIGRIG_DIGEST "\"}"),
		CRITICAL(ATOMIC "," IDENTITY ",\"image\":{\"docker-manifest-digest\":[]}"),
		CRITICAL(ATOMIC "," IDENTITY ",\"image\":{\"docker-manifest-digest\":\"" SIGRIG_DIGEST "\",\"x\":1}"),
		CRITICAL(ATOMIC "," IMAGE ",\"identity\":{\"docker-reference\":1}"),
		CRITICAL(ATOMIC "," IMAGE ",\"identity\":{\"docker-reference\":\"a\\u0000b\"}"),
		CRITICAL(ATOMIC "," IMAGE ",\"identity\":{\"docker-reference\":\"a\",\"y\":1}"),
		CRITICAL(ATOMIC "," IMAGE ",\"identity\":\"a\""),
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_sigpayload p = {0};
		cof_err why = {0};
		if (cof_sigpayload_parse(cof_span_str(bad[i]), COF_SIGPAYLOAD_ATOMIC, &p, &why) == 0)
			fail_msg("accepted: %s", bad[i]);
		assert_true(cof_err_is(&why, "signature-malformed"));
	}
}

static void what_we_make_we_read(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_sigpayload) p = {0};
	cof_digest d = sigrig_digest(SIGRIG_DIGEST);
	assert_ok(cof_sigpayload_make(&d, SIGRIG_REPO, &text, &err));
	/* Byte for byte what cosign writes. */
	assert_string_equal(cof_buf_str(&text),
			    "{\"critical\":{\"identity\":{\"docker-reference\":\"" SIGRIG_REPO
			    "\"},\"image\":{\"docker-manifest-digest\":\"" SIGRIG_DIGEST
			    "\"},\"type\":\"cosign container image signature\"},\"optional\":null}");
	assert_ok(cof_sigpayload_parse(cof_buf_span(&text), COF_SIGPAYLOAD_COSIGN, &p, &err));
	assert_true(cof_digest_equal(&p.digest, &d));
	assert_string_equal(p.identity, SIGRIG_REPO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_both_kinds),
		cmocka_unit_test(t039_refuses_what_is_not_exactly_that),
		cmocka_unit_test(what_we_make_we_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
