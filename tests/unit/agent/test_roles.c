/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/roles.h"

#include "tests/unit/test.h"

#define D "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LAYER                                                                                                          \
	"{\"media_type\":\"t\",\"digest\":\"" D "\",\"size\":5,\"diff_id\":\"" D "\",\"pubopts\":\"p\",\"packet\":"    \
	"null}"
#define DOC(layers) "{\"asked\":\"" D "\",\"digest\":\"" D "\",\"config\":\"e30=\",\"layers\":[" layers "]}"

/* The fetcher may be somebody else's by now. */
static void t038_manifest_of_a_hostile_fetcher(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		DOC(""),
		DOC("{}"),
		DOC("1"),
		DOC(LAYER ",{}"),
		"{\"asked\":\"x\",\"digest\":\"" D "\",\"config\":\"e30=\",\"layers\":[" LAYER "]}",
		"{\"asked\":\"" D "\",\"digest\":\"x\",\"config\":\"e30=\",\"layers\":[" LAYER "]}",
		"{\"asked\":\"" D "\",\"digest\":\"" D "\",\"config\":\"***\",\"layers\":[" LAYER "]}",
		"{\"asked\":\"" D "\",\"digest\":\"" D "\",\"config\":\"e30=\",\"layers\":{}}",
		DOC("{\"media_type\":\"t\",\"digest\":\"" D "\",\"size\":-1,\"diff_id\":\"" D "\"}"),
		DOC("{\"media_type\":\"t\",\"digest\":\"" D "\",\"size\":\"5\",\"diff_id\":\"" D "\"}"),
		DOC("{\"media_type\":\"t\",\"digest\":\"" D "\",\"size\":5,\"diff_id\":\"sha256:00\"}"),
		DOC("{\"media_type\":7,\"digest\":\"" D "\",\"size\":5,\"diff_id\":\"" D "\"}"),
		DOC("{\"media_type\":\"t\",\"digest\":\"" D "\",\"size\":5,\"diff_id\":\"" D "\",\"pubopts\":1}"),
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_role_manifest m = {0};
		assert_fails(cof_role_manifest_parse(cof_span_str(bad[i]), &m, &err), "peer-malformed");
		assert_null(m.layers);
	}
}

static void t035_manifest_layer_limit(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_buf_add_str(&b, "{\"asked\":\"" D "\",\"digest\":\"" D "\",\"config\":\"e30=\",\"layers\":[",
				  &err));
	for (int i = 0; i < 128; i++)
		assert_ok(cof_buf_printf(&b, &err, "%s" LAYER, i > 0 ? "," : ""));
	assert_ok(cof_buf_add_str(&b, "]}", &err));
	cof_role_manifest m = {0};
	assert_fails(cof_role_manifest_parse(cof_buf_span(&b), &m, &err), "peer-malformed");
}

static void manifest_good(void **state)
{
	(void)state;
	COF_AUTO(cof_role_manifest) m = {0};
	assert_ok(cof_role_manifest_parse(cof_span_str(DOC(LAYER "," LAYER)), &m, &err));
	assert_int_equal(m.n_layers, 2);
	assert_int_equal(m.layers[1].size, 5);
	assert_string_equal(m.layers[0].pubopts, "p");
	assert_null(m.layers[0].packet);
	assert_string_equal(cof_buf_str(&m.config), "{}");
}

static void report_of_an_unpacker(void **state)
{
	static const char *const bad[] = {"",
					  "{}",
					  "{\"decrypt_ms\":1,\"unpack_ms\":2}",
					  "{\"decrypt_ms\":-1,\"unpack_ms\":2,\"root_opaque\":false}",
					  "{\"decrypt_ms\":1,\"unpack_ms\":2,\"root_opaque\":1}",
					  "{\"decrypt_ms\":9999999999,\"unpack_ms\":2,\"root_opaque\":true}"};
	cof_unpack_report r;
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_role_report_parse(cof_span_str(bad[i]), &r, &err), "peer-malformed");
	assert_ok(cof_role_report_parse(cof_span_str("{\"decrypt_ms\":1,\"unpack_ms\":2,\"root_opaque\":true}"), &r,
					&err));
	assert_true(r.decrypt_ms == 1 && r.unpack_ms == 2 && r.root_opaque);
}

/* What one end sends the other reads, and nothing shorter or longer. */
static void news_over_a_channel(void **state)
{
	static const uint32_t types[] = {COF_ROLE_PROGRESS, COF_ROLE_DONE, COF_ROLE_LAYER_ERR};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		int pair[2];
		COF_AUTO(cof_msg) m = {0};
		cof_role_news in = {.layer = 6, .bytes = 0x123456789a}, out = {0};
		assert_int_equal(cof_err_set(&in.why, COF_E_UNAVAILABLE, "pipe-closed", "text"), -COF_E_UNAVAILABLE);
		assert_ok(cof_chan_pair(pair, &err));
		assert_ok(cof_role_news_send(pair[0], types[i], &in, &err));
		assert_ok(cof_chan_recv(pair[1], &m, &err));
		assert_ok(cof_role_news_parse(&m, &out, &err));
		assert_int_equal(out.layer, 6);
		assert_int_equal(out.bytes, types[i] == COF_ROLE_PROGRESS ? in.bytes : 0);
		assert_string_equal(out.why.reason, types[i] == COF_ROLE_LAYER_ERR ? "pipe-closed" : "");
		if (types[i] != COF_ROLE_LAYER_ERR)
			assert_ok(cof_buf_add_str(&m.body, "x", &err));
		else
			m.body.len--;
		int r = cof_role_news_parse(&m, &out, NULL);
		/* An error without its words is one all the same. */
		assert_true(types[i] == COF_ROLE_LAYER_ERR ? r == 0 && cof_err_is(&out.why, "peer-malformed") : r < 0);
		m.body.len = 3;
		assert_fails(cof_role_news_parse(&m, &out, &err), "peer-malformed");
		cof_fd_close(&pair[0]);
		cof_fd_close(&pair[1]);
	}
}

static void task_goes_over_a_channel(void **state)
{
	int pair[2];
	COF_AUTO(cof_msg) m = {0};
	cof_role_layer l = {.media_type = (char *)(uintptr_t) "t",
			    .digest = (char *)(uintptr_t)D,
			    .diff_id = (char *)(uintptr_t)D,
			    .size = 9};
	(void)state;
	assert_ok(cof_chan_pair(pair, &err));
	assert_ok(cof_role_task_send(pair[0], &l, 3, true, pair, 2, &err));
	assert_ok(cof_chan_recv(pair[1], &m, &err));
	assert_int_equal(m.type, COF_UNPACKER_JOB);
	assert_int_equal(m.n_fds, 2);
	assert_non_null(strstr(cof_buf_str(&m.body), "\"index\":3"));
	assert_non_null(strstr(cof_buf_str(&m.body), "\"wide\":true"));
	assert_non_null(strstr(cof_buf_str(&m.body), "\"pubopts\":null"));
	cof_fd_close(&pair[0]);
	cof_fd_close(&pair[1]);
}

/* Two layers are never both most of an image: what the wide one may take is there once. */
static void one_layer_is_wide_at_most(void **state)
{
	(void)state;
	assert_true(cof_role_wide(1, 1) && cof_role_wide(6, 10) && cof_role_wide(UINT64_MAX, UINT64_MAX));
	assert_false(cof_role_wide(5, 10) || cof_role_wide(0, 0) || cof_role_wide(5, 11));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t038_manifest_of_a_hostile_fetcher),
		cmocka_unit_test(t035_manifest_layer_limit),
		cmocka_unit_test(manifest_good),
		cmocka_unit_test(report_of_an_unpacker),
		cmocka_unit_test(news_over_a_channel),
		cmocka_unit_test(one_layer_is_wide_at_most),
		cmocka_unit_test(task_goes_over_a_channel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
