/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/soft_tpm.h"

#include "attestation/refvalue/refvalue.h"

static json_t *good(void)
{
	COF_AUTO(cof_buf) log = {0};
	put_boot(&log);
	return soft_reference(&log, "0.1.0/default");
}

static void refused(json_t *doc)
{
	COF_AUTO(cof_refvalue) v = {0};
	assert_fails(cof_refvalue_parse(doc, &v, &err), "reference-malformed");
	json_decref(doc);
}

static json_t *with(const char *key, json_t *value)
{
	json_t *d = good();
	if (value == NULL)
		(void)json_object_del(d, key);
	else
		(void)json_object_set_new(d, key, value);
	return d;
}

static json_t *pcr_with(const char *key, json_t *value)
{
	json_t *d = good(), *pcrs = json_object_get(d, "pcrs");
	if (value == NULL)
		(void)json_object_del(pcrs, key);
	else
		(void)json_object_set_new(pcrs, key, value);
	return d;
}

static json_t *event_with(const char *key, json_t *value)
{
	json_t *d = good(), *e = json_array_get(json_object_get(d, "events"), 1);
	if (value == NULL)
		(void)json_object_del(e, key);
	else
		(void)json_object_set_new(e, key, value);
	return d;
}

static void t017_a_set_with_gaps_is_no_set(void **state)
{
	(void)state;
	static const char *const must[] = {"0", "1", "2", "3", "4", "5", "6", "7", "9"};
	for (size_t i = 0; i < COF_COUNT(must); i++)
		refused(pcr_with(must[i], NULL));
	/* nor one that leaves a register's events out with it */
	for (json_int_t pcr = 0; pcr < 10; pcr++) {
		char key[24];
		(void)snprintf(key, sizeof key, "%lld", (long long)pcr);
		json_t *d = pcr_with(key, NULL), *events = json_object_get(d, "events");
		for (size_t i = json_array_size(events); i-- > 0;) {
			if (json_integer_value(json_object_get(json_array_get(events, i), "pcr")) == pcr)
				(void)json_array_remove(events, i);
		}
		if (pcr == 8)
			json_decref(d);
		else
			refused(d);
	}
	static const char *const never[] = {"8", "10", "16", "17", "22", "23", "24", "00", " 1", "-1", "", "1.0"};
	for (size_t i = 0; i < COF_COUNT(never); i++)
		refused(pcr_with(never[i],
				 json_string("0000000000000000000000000000000000000000000000000000000000000000")));
	refused(with("pcrs", json_object()));
	refused(with("pcrs", NULL));
}

static void capitals(const char *hex, char out[65])
{
	size_t n = strlen(hex);
	assert_int_equal(n, 64);
	for (size_t i = 0; i <= n; i++)
		out[i] = hex[i] >= 'a' ? (char)(hex[i] - 'a' + 'A') : hex[i];
}

static void t077_values_have_one_spelling(void **state)
{
	(void)state;
	refused(pcr_with("4", json_string("")));
	refused(pcr_with("4", json_string("00")));
	refused(pcr_with("4", json_null()));
	refused(pcr_with("4", json_string("AA00000000000000000000000000000000000000000000000000000000000000")));
	refused(event_with("digest", json_string("AA00000000000000000000000000000000000000000000000000000000000000")));
	refused(event_with("digest", json_integer(0)));
	/* the right digests, in capitals */
	COF_AUTO_PTR(json_t) d = good();
	char pcr[65], event[65];
	capitals(json_string_value(json_object_get(json_object_get(d, "pcrs"), "4")), pcr);
	capitals(json_string_value(json_object_get(json_array_get(json_object_get(d, "events"), 1), "digest")), event);
	refused(pcr_with("4", json_string(pcr)));
	refused(event_with("digest", json_string(event)));
}

static void t077_unknown_members_and_formats(void **state)
{
	(void)state;
	refused(with("format", json_string("coffer-reference-values/2")));
	refused(with("format", NULL));
	refused(with("tee", json_string("snp")));
	refused(with("tee", NULL));
	refused(with("expires", json_integer(1)));
	refused(event_with("optional", json_true()));
	refused(with("name", json_string("")));
	refused(with("name", json_string("a\nb")));
	refused(with("name", NULL));
	refused(json_array());
	char text[COF_REFVALUE_NAME_MAX + 2];
	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '\0';
	refused(with("name", json_string(text)));
}

static void t077_events_must_explain_the_registers(void **state)
{
	(void)state;
	refused(with("events", json_array()));
	refused(with("events", NULL));
	refused(with("events", json_pack("[i]", 1)));
	refused(event_with("digest", json_string("0000000000000000000000000000000000000000000000000000000000000000")));
	refused(event_with("pcr", json_integer(5)));
	refused(event_with("pcr", json_integer(8)));
	refused(event_with("pcr", json_integer(24)));
	refused(event_with("pcr", json_integer(-1)));
	refused(event_with("pcr", NULL));
	refused(event_with("type", json_string("EV_LUCK")));
	refused(event_with("name", json_string("a name that is longer than any name of an event is")));
	json_t *d = good();
	(void)json_array_remove(json_object_get(d, "events"), 0);
	refused(d);
	d = good(); /* two events of PCR 4 change places */
	json_t *list = json_object_get(d, "events");
	json_t *second = json_incref(json_array_get(list, 2));
	(void)json_array_remove(list, 2);
	(void)json_array_insert_new(list, 1, second);
	refused(d);
	d = good();
	list = json_object_get(d, "events");
	while (json_array_size(list) <= COF_REFVALUE_EVENTS_MAX)
		(void)json_array_append(list, json_array_get(list, 0));
	refused(d);
}

static void t077_text(void **state)
{
	(void)state;
	COF_AUTO(cof_refvalue) v = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(json_t) d = good();
	assert_fails(cof_refvalue_read(cof_span_str(""), &v, &err), "reference-malformed");
	assert_fails(cof_refvalue_read(cof_span_str("{"), &v, &err), "reference-malformed");
	assert_ok(cof_json_dump(d, &text, &err));
	for (size_t n = 0; n < text.len; n += 31)
		assert_fails(cof_refvalue_read(cof_span_of(text.data, n), &v, &err), "reference-malformed");
	assert_ok(cof_refvalue_read(cof_buf_span(&text), &v, &err));
	COF_AUTO(cof_buf) big = {0};
	assert_ok(cof_buf_reserve(&big, COF_REFVALUE_FILE_MAX + 1, &err));
	memset(big.data, ' ', COF_REFVALUE_FILE_MAX + 1);
	memcpy(big.data, text.data, text.len);
	assert_fails(cof_refvalue_read(cof_span_of(big.data, COF_REFVALUE_FILE_MAX + 1), &v, &err),
		     "reference-malformed");
}

static void there_and_back(void **state)
{
	(void)state;
	COF_AUTO(cof_refvalue) v = {0};
	COF_AUTO_PTR(json_t) d = good();
	COF_AUTO_PTR(json_t) again = NULL;
	assert_ok(cof_refvalue_parse(d, &v, &err));
	assert_string_equal(v.name, "0.1.0/default");
	assert_true(v.has[0] && v.has[9] && !v.has[8] && !v.has[11]);
	assert_ok(cof_refvalue_json(&v, &again, &err));
	assert_true(json_equal(d, again));
}

static void later_registers_may_be_named(void **state)
{
	(void)state;
	COF_AUTO(cof_refvalue) v = {0};
	cof_digest pcr = {0}, digest;
	char hex[65];
	COF_AUTO_PTR(json_t) d = good();
	assert_ok(cof_digest_of(COF_SHA256, cof_span_str("uki"), &digest, &err));
	assert_ok(cof_reg_extend(&pcr, &digest, &err));
	cof_hex(cof_digest_span(&pcr), hex);
	(void)json_object_set_new(json_object_get(d, "pcrs"), "11", json_string(hex));
	cof_hex(cof_digest_span(&digest), hex);
	(void)json_array_append_new(json_object_get(d, "events"), json_pack("{s:i, s:s, s:s, s:s}", "pcr", 11, "type",
									    "EV_IPL", "name", "uki", "digest", hex));
	assert_ok(cof_refvalue_parse(d, &v, &err));
	assert_true(v.has[11]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t017_a_set_with_gaps_is_no_set),
		cmocka_unit_test(t077_values_have_one_spelling),
		cmocka_unit_test(t077_unknown_members_and_formats),
		cmocka_unit_test(t077_events_must_explain_the_registers),
		cmocka_unit_test(t077_text),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(later_registers_may_be_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
