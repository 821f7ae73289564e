/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/soft_tdx.h"

#include "attestation/verify/tdx_policy.h"
#include "attestation/verify/tdx_quote.h"

/* A quote with the shortest certification data: only its form is looked at here. */
static void make(soft_tdx *t)
{
	static soft_tdx keys;
	if (keys.keys[0] == NULL)
		soft_keys(&keys);
	soft_start(t, &keys);
	soft_add(&t->chain, "PEM");
}

static void drop_body_15(cof_buf *body)
{
	body->len -= 64;
}

/* Version 4 has no descriptor and a TD report 1.0. */
static void to_version_4(cof_buf *body)
{
	drop_body_15(body);
	memmove(body->data + 48, body->data + 54, body->len - 54);
	body->len -= 6;
	body->data[0] = 4;
}

static void version_5(void **state)
{
	(void)state;
	soft_tdx t;
	cof_tdx_quote q;
	make(&t);
	soft_put_quote(&t);
	assert_ok(cof_tdx_quote_parse(cof_buf_span(&t.quote), &q, &err));
	assert_int_equal(q.version, 5);
	assert_int_equal(q.body_type, COF_TDX_BODY_15);
	assert_int_equal(q.signed_bytes.len, SOFT_BODY_LEN);
	assert_int_equal(q.td.tee_tcb_svn2.len, 16);
	assert_int_equal(q.td.mr_service_td.len, 48);
	assert_int_equal(q.qe.isv_prod_id, 2);
	assert_int_equal(q.qe.isv_svn, 4);
	assert_int_equal(cof_tdx_attributes(&q.td), 1u << 28);
	assert_int_equal(q.len, t.quote.len);
	assert_int_equal(q.padding, 0);
	assert_span_equal(q.pck_chain, "PEM", 3);
	assert_span_equal(q.qe_auth, "authentication data.", SOFT_AUTH_LEN);
	soft_drop(&t);
}

static void version_5_with_a_report_1_0(void **state)
{
	(void)state;
	soft_tdx t;
	cof_tdx_quote q;
	make(&t);
	drop_body_15(&t.body);
	t.body.data[48] = 2;
	t.body.data[50] = 584 & 0xff;
	soft_put_quote(&t);
	assert_ok(cof_tdx_quote_parse(cof_buf_span(&t.quote), &q, &err));
	assert_int_equal(q.body_type, COF_TDX_BODY_10);
	assert_int_equal(q.td.mr_service_td.len, 0);
	soft_drop(&t);
}

/* An old report cannot say that no service TD is bound: who forbids them gets no yes. */
static void a_report_1_0_does_not_rule_out_a_service_td(void **state)
{
	(void)state;
	soft_tdx t;
	cof_tdx_quote q;
	cof_tdx_policy p;
	make(&t);
	drop_body_15(&t.body);
	t.body.data[48] = 2;
	t.body.data[50] = 584 & 0xff;
	soft_put_quote(&t);
	assert_ok(cof_tdx_quote_parse(cof_buf_span(&t.quote), &q, &err));
	for (int allowed = 0; allowed <= 1; allowed++) {
		COF_AUTO_PTR(json_t) words = json_pack("{s:b}", "allow_service_td", allowed);
		cof_checks *c = calloc(1, sizeof *c);
		assert_non_null(c);
		assert_ok(cof_tdx_policy_read(words, &p, &err));
		cof_tdx_policy_check(c, &p, &q.td);
		assert_int_equal(c->failed, allowed ? 0 : 1);
		free(c);
	}
	soft_drop(&t);
}

static void version_4(void **state)
{
	(void)state;
	soft_tdx t;
	cof_tdx_quote q;
	json_t *o = NULL;
	make(&t);
	to_version_4(&t.body);
	soft_put_quote(&t);
	assert_ok(cof_tdx_quote_parse(cof_buf_span(&t.quote), &q, &err));
	assert_int_equal(q.version, 4);
	assert_int_equal(q.signed_bytes.len, 632);
	assert_int_equal(q.td.mr_td.data - t.quote.data, 48 + 136);
	assert_ok(cof_tdx_quote_json(&q, &o, &err));
	assert_null(json_object_get(o, "body_type"));
	assert_null(json_object_get(json_object_get(o, "td"), "tee_tcb_svn2"));
	assert_int_equal(json_integer_value(json_object_get(o, "signed_length")), 632);
	json_decref(o);
	soft_drop(&t);
}

/* Cut at any place a quote is refused as such, and nothing is given out. */
static void every_truncation(void **state)
{
	(void)state;
	soft_tdx t;
	make(&t);
	soft_put_quote(&t);
	for (size_t len = 0; len < t.quote.len; len++) {
		cof_tdx_quote q = {.version = 77};
		assert_fails(cof_tdx_quote_parse(cof_span_of(t.quote.data, len), &q, &err), "tdx-quote-length");
		assert_int_equal(q.version, 77);
	}
	soft_drop(&t);
}

static void padding(void **state)
{
	(void)state;
	soft_tdx t;
	cof_tdx_quote q;
	make(&t);
	soft_put_quote(&t);
	size_t len = t.quote.len;
	cof_wr w = cof_wr_to(&t.quote);
	cof_wr_zeros(&w, 8000 - len);
	assert_false(w.failed);
	assert_ok(cof_tdx_quote_parse(cof_buf_span(&t.quote), &q, &err));
	assert_int_equal(q.len, len);
	assert_int_equal(q.padding, 8000 - len);
	for (size_t at = len; at < 8000; at += 61) {
		t.quote.data[at] = 1;
		assert_fails(cof_tdx_quote_parse(cof_buf_span(&t.quote), &q, &err), "tdx-quote-trailing-bytes");
		t.quote.data[at] = 0;
	}
	cof_wr_zeros(&w, COF_TDX_QUOTE_MAX);
	assert_fails(cof_tdx_quote_parse(cof_buf_span(&t.quote), &q, &err), "tdx-quote-length");
	soft_drop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_5),
		cmocka_unit_test(version_5_with_a_report_1_0),
		cmocka_unit_test(a_report_1_0_does_not_rule_out_a_service_td),
		cmocka_unit_test(version_4),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(padding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
