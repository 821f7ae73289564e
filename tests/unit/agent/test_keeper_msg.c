/* SPDX-License-Identifier: Apache-2.0 */
/* Init's side of the keeper's channel, with a keeper that may have been taken over at the other end. */
#include "tests/unit/test.h"

#include "agent/keeper.h"

typedef struct pair {
	int init, keeper;
} pair;

static pair open_pair(void)
{
	int fds[2];
	assert_ok(cof_chan_pair(fds, &err));
	return (pair){fds[0], fds[1]};
}

static void close_pair(pair *p)
{
	cof_fd_close(&p->init);
	cof_fd_close(&p->keeper);
}

static void say(const pair *p, uint32_t type, const char *text)
{
	assert_ok(cof_chan_send(p->keeper, type, cof_span_str(text), NULL, 0, &err));
}

static void requests_carry_what_they_name(void **state)
{
	(void)state;
	pair p = open_pair();
	const char *const lines[] = {"10.0.2.2 kbs.coffer.test"};
	const char *const wants[] = {
		"{\"initdata\":\"doc\",\"root\":\"/"
		"r\",\"runtime_log\":\"l\",\"tcti\":\"t\",\"eventlog\":\"e\",\"rest_port\":-1}",
		"{\"hosts\":[\"10.0.2.2 kbs.coffer.test\"]}",
		"{\"timeout_ms\":5}",
		"{\"packet\":\"p\",\"timeout_ms\":6}",
		"{}",
		"{\"reference\":\"r\",\"timeout_ms\":6}",
		"{\"reference\":\"r\",\"timeout_ms\":7}",
	};
	const cof_keeper_start start = {"doc", "/r", "l", "t", "e", -1};
	assert_ok(cof_keeper_send_start(p.init, &start, &err));
	assert_ok(cof_keeper_send_hosts(p.init, lines, 1, &err));
	assert_ok(cof_keeper_send_attest(p.init, 5, &err));
	assert_ok(cof_keeper_send_unwrap(p.init, "p", 6, p.init, &err));
	assert_ok(cof_keeper_send_stop(p.init, &err));
	assert_ok(cof_keeper_send_image(p.init, COF_KEEPER_LOGINS, "r", 6, p.init, &err));
	assert_ok(cof_keeper_send_image(p.init, COF_KEEPER_SIGNERS, "r", 7, p.init, &err));
	for (size_t i = 0; i < COF_COUNT(wants); i++) {
		COF_AUTO(cof_msg) m = {0};
		assert_ok(cof_chan_recv(p.keeper, &m, &err));
		assert_int_equal(m.type, COF_KEEPER_START + i);
		assert_string_equal(cof_buf_str(&m.body), wants[i]);
		bool pipe = m.type == COF_KEEPER_UNWRAP || m.type > COF_KEEPER_STOP;
		assert_int_equal(m.n_fds, pipe ? 1 : 0);
	}
	close_pair(&p);
}

static void refuses_a_request_that_is_no_text(void **state)
{
	(void)state;
	pair p = open_pair();
	assert_fails(cof_keeper_send_unwrap(p.init, "\xff", 6, p.init, &err), "keeper-malformed");
	close_pair(&p);
}

static void hands_on_errors_with_their_refusal(void **state)
{
	(void)state;
	pair p = open_pair();
	json_t *ok = NULL, *refusal = NULL;
	say(&p, COF_KEEPER_ERR, "{\"class\":5,\"reason\":\"pcr-mismatch\",\"text\":\"PCR 4\",\"refusal\":{\"pcr\":4}}");
	assert_fails(cof_keeper_recv(p.init, &ok, &refusal, &err), "pcr-mismatch");
	assert_int_equal(json_integer_value(json_object_get(refusal, "pcr")), 4);
	json_decref(refusal);
	assert_null(ok);
	close_pair(&p);
}

/* Whatever a broken keeper sends as an error, it stays an error. */
static void an_error_cannot_be_turned_into_success(void **state)
{
	(void)state;
	const char *const bad[] = {"{}",
				   "[]",
				   "x",
				   "",
				   "{\"class\":0,\"reason\":\"r\",\"text\":\"t\"}",
				   "{\"class\":8,\"reason\":\"r\",\"text\":\"t\"}",
				   "{\"class\":1,\"reason\":7,\"text\":\"t\"}"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		pair p = open_pair();
		json_t *ok = NULL, *refusal = NULL;
		say(&p, COF_KEEPER_ERR, bad[i]);
		assert_fails(cof_keeper_recv(p.init, &ok, &refusal, &err), "keeper-malformed");
		assert_null(ok);
		assert_null(refusal);
		close_pair(&p);
	}
}

static void unknown_replies_are_refused(void **state)
{
	(void)state;
	pair p = open_pair();
	json_t *ok = NULL, *refusal = NULL;
	say(&p, 7, "{}");
	assert_fails(cof_keeper_recv(p.init, &ok, &refusal, &err), "keeper-malformed");
	say(&p, COF_KEEPER_OK, "[]");
	assert_fails(cof_keeper_recv(p.init, &ok, &refusal, &err), "keeper-malformed");
	say(&p, COF_KEEPER_OK, "{\"verdict\":\"affirming\"}");
	assert_ok(cof_keeper_recv(p.init, &ok, &refusal, &err));
	json_decref(ok);
	cof_fd_close(&p.keeper);
	assert_fails(cof_keeper_recv(p.init, &ok, &refusal, &err), "keeper-gone");
	close_pair(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_carry_what_they_name),
		cmocka_unit_test(refuses_a_request_that_is_no_text),
		cmocka_unit_test(hands_on_errors_with_their_refusal),
		cmocka_unit_test(an_error_cannot_be_turned_into_success),
		cmocka_unit_test(unknown_replies_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
