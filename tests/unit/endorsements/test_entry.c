/* SPDX-License-Identifier: Apache-2.0 */
/* The encoding that cache and bundle share. */
#include "attestation/endorsements/entry.h"
#include "attestation/refvalue/cborwr.h"
#include "tests/unit/test.h"

#include <stdio.h>

static void make(cof_endorsement *e)
{
	*e = (cof_endorsement){.id = {.type = COF_ENDORSE_TDX_QE_IDENTITY},
			       .fetched = 1000,
			       .issued = 900,
			       .expires = 2000,
			       .number = 20,
			       .source = "https://pcs.example"};
	assert_ok(cof_buf_add_str(&e->body, "body", &err));
	assert_ok(cof_buf_add_str(&e->chain, "chain", &err));
}

static void encode(const cof_endorsement *e, cof_buf *ret)
{
	cof_wr w = cof_wr_to(ret);
	cof_endorsement_write(e, &w);
	assert_ok(cof_wr_done(&w, &err));
}

static void comes_back(void **state)
{
	(void)state;
	COF_AUTO(cof_endorsement) e = {0};
	COF_AUTO(cof_endorsement) again = {0};
	COF_AUTO(cof_buf) bytes = {0};
	make(&e);
	encode(&e, &bytes);
	assert_ok(cof_cbor_check_ordered(cof_buf_span(&bytes), &err));
	assert_ok(cof_endorsement_parse(cof_buf_span(&bytes), &again, &err));
	assert_int_equal(again.id.type, COF_ENDORSE_TDX_QE_IDENTITY);
	assert_span_equal(cof_buf_span(&again.body), "body", 4);
	assert_span_equal(cof_buf_span(&again.chain), "chain", 5);
	assert_int_equal(again.fetched, 1000);
	assert_int_equal(again.issued, 900);
	assert_int_equal(again.expires, 2000);
	assert_int_equal(again.number, 20);
	assert_string_equal(again.source, "https://pcs.example");
}

static void every_cut_is_refused(void **state)
{
	(void)state;
	COF_AUTO(cof_endorsement) e = {0};
	COF_AUTO(cof_buf) bytes = {0};
	make(&e);
	encode(&e, &bytes);
	for (size_t n = 0; n < bytes.len; n++) {
		COF_AUTO(cof_endorsement) got = {0};
		assert_true(cof_endorsement_parse(cof_span_of(bytes.data, n), &got, NULL) < 0);
	}
}

/* What is printed later is no text that could do something to a terminal or a line. */
static void the_origin_is_plain_text(void **state)
{
	(void)state;
	const char *const bad[] = {"a b", "a\nb", "a\x1b[0m", "\xc3\xa9"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_endorsement) e = {0};
		COF_AUTO(cof_endorsement) got = {0};
		COF_AUTO(cof_buf) bytes = {0};
		make(&e);
		(void)snprintf(e.source, sizeof e.source, "%s", bad[i]);
		encode(&e, &bytes);
		assert_fails(cof_endorsement_parse(cof_buf_span(&bytes), &got, &err), "endorsement-malformed");
	}
}

static void unknown_and_wrong_members_are_refused(void **state)
{
	(void)state;
	COF_AUTO(cof_endorsement) e = {0};
	COF_AUTO(cof_endorsement) got = {0};
	COF_AUTO(cof_buf) bytes = {0};
	make(&e);
	encode(&e, &bytes);
	bytes.data[0]++; /* one pair more */
	cof_wr w = cof_wr_to(&bytes);
	cof_cbor_put_uint(&w, 9);
	cof_cbor_put_uint(&w, 0);
	assert_fails(cof_endorsement_parse(cof_buf_span(&bytes), &got, &err), "endorsement-malformed");
	bytes.len = 0;
	w = cof_wr_to(&bytes);
	cof_cbor_put_uint(&w, 1);
	assert_fails(cof_endorsement_parse(cof_buf_span(&bytes), &got, &err), "endorsement-malformed");
	e.issued = -1; /* before the epoch */
	bytes.len = 0;
	encode(&e, &bytes);
	assert_fails(cof_endorsement_parse(cof_buf_span(&bytes), &got, &err), "endorsement-malformed");
}

static void ages(void **state)
{
	(void)state;
	const int64_t day = 86400;
	cof_endorsement e = {.id = {.type = COF_ENDORSE_SNP_CRL}, .fetched = 1000, .expires = 10 * day};
	assert_int_equal(cof_endorsement_refresh_at(&e), 1000 + day);
	assert_true(cof_endorsement_holds(&e, 10 * day));
	assert_false(cof_endorsement_holds(&e, 10 * day + 1));
	e.id.type = COF_ENDORSE_SNP_VCEK;
	e.expires = 400 * day;
	assert_int_equal(cof_endorsement_refresh_at(&e), 370 * day);
	e.expires = 20 * day; /* near its end from the start */
	assert_int_equal(cof_endorsement_refresh_at(&e), 1000 + day);
	e.id.type = COF_ENDORSE_SNP_CRL;
	e.fetched = INT64_MAX;
	assert_int_equal(cof_endorsement_refresh_at(&e), INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(the_origin_is_plain_text),
		cmocka_unit_test(unknown_and_wrong_members_are_refused),
		cmocka_unit_test(ages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
