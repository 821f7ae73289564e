/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper is this test in another role; how it misbehaves stands where its initdata should be. */
#include "agent/trust.h"

#include "agent/keeper.h"
#include "tests/unit/agent/rig.h"

/* --- the other side --- */

static void answer(uint32_t type, const char *text)
{
	(void)!cof_chan_send(COF_HELPER_CHAN, type, cof_span_str(text), NULL, 0, NULL);
}

typedef struct lie {
	const char *name;
	uint32_t type;
	const char *body;
} lie;

/* Answers to START that are none. */
static const lie lies[] = {
	{"empty", COF_KEEPER_OK, ""},
	{"no json", COF_KEEPER_OK, "yes"},
	{"a list", COF_KEEPER_OK, "[]"},
	{"null", COF_KEEPER_OK, "null"},
	{"twice", COF_KEEPER_OK, "{\"verdict\":\"affirming\",\"verdict\":\"x\"}"},
	{"cut", COF_KEEPER_OK, "{\"verdict\":\"affir"},
	{"a request", COF_KEEPER_ATTEST, "{}"},
	{"unknown type", 4711, "{}"},
	{"an error without words", COF_KEEPER_ERR, "{}"},
	{"an error that is none", COF_KEEPER_ERR, "{\"class\":0,\"reason\":\"ok\",\"text\":\"\"}"},
	{"a class beyond", COF_KEEPER_ERR, "{\"class\":8,\"reason\":\"a\",\"text\":\"\"}"},
	{"a reason that is a number", COF_KEEPER_ERR, "{\"class\":3,\"reason\":5,\"text\":\"\"}"},
};

static const char refused[] = "{\"class\":5,\"reason\":\"attest-refused\",\"text\":\"PCR 9\",\"refusal\":{\"pcr\":9}}";

/* Answers each request by its number; a key request also gets its key. */
__attribute__((noreturn)) static void be_good(void)
{
	char text[64];
	for (int i = 1;; i++) {
		COF_AUTO(cof_msg) m = {0};
		if (cof_chan_recv(COF_HELPER_CHAN, &m, NULL) < 0)
			_exit(0);
		for (size_t f = 0; f < m.n_fds; f++)
			(void)!write(m.fds[f], "the key", 7);
		if (m.type == COF_KEEPER_ATTEST && strstr(cof_buf_str(&m.body), ":13}") != NULL)
			_exit(0);
		(void)snprintf(text, sizeof text, "{\"n\":%d,\"type\":%u}", i, m.type);
		if (strstr(cof_buf_str(&m.body), ":7}") != NULL)
			answer(COF_KEEPER_ERR, refused);
		else
			answer(COF_KEEPER_OK, text);
	}
}

__attribute__((noreturn)) static void be_mute(void)
{
	for (;;) {
		COF_AUTO(cof_msg) m = {0};
		if (cof_chan_recv(COF_HELPER_CHAN, &m, NULL) < 0)
			_exit(0);
	}
}

__attribute__((noreturn)) static void play(void)
{
	static const uint8_t huge[] = {100, 0, 0, 0, 1, 0, 0, 1}, half[] = {100, 0, 0, 0, 9, 0, 0, 0, '{'};
	COF_AUTO(cof_msg) m = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	const char *how = NULL;
	if (cof_chan_recv(COF_HELPER_CHAN, &m, NULL) < 0 || m.type != COF_KEEPER_START ||
	    cof_json_parse(cof_buf_span(&m.body), &doc, NULL) < 0 || cof_json_str(doc, "initdata", &how, NULL) < 0)
		_exit(1);
	for (size_t i = 0; i < COF_COUNT(lies); i++)
		if (strcmp(how, lies[i].name) == 0)
			answer(lies[i].type, lies[i].body);
	if (strcmp(how, "huge") == 0)
		(void)!write(COF_HELPER_CHAN, huge, sizeof huge);
	if (strcmp(how, "half") == 0)
		(void)!write(COF_HELPER_CHAN, half, sizeof half);
	if (strcmp(how, "half") == 0 || strcmp(how, "end") == 0)
		_exit(0);
	if (strcmp(how, "good") == 0 || strcmp(how, "eager") == 0)
		answer(COF_KEEPER_OK, "{\"n\":0}");
	if (strcmp(how, "eager") == 0)
		answer(COF_KEEPER_OK, "{\"verdict\":\"affirming\"}");
	if (strcmp(how, "good") == 0)
		be_good();
	be_mute();
}

/* --- this side --- */

typedef struct heard {
	int n;
	int good;
	json_int_t last;
	bool refusal;
	cof_err why;
} heard;

static void on_done(void *arg, const json_t *ok, const json_t *refusal, const cof_err *why)
{
	heard *h = arg;
	h->n++;
	h->good += why == NULL;
	h->last = json_integer_value(json_object_get(ok, "n"));
	h->refusal = refusal != NULL;
	h->why = why != NULL ? *why : (cof_err){0};
	assert_true((ok != NULL) == (why == NULL));
}

typedef struct bed {
	rig r;
	cof_trust *trust;
	heard start;
} bed;

static void open_bed(bed *b, const char *how)
{
	const cof_keeper_start start = {
		.root = "", .runtime_log = "", .initdata = how, .tcti = "none", .eventlog = "none", .rest_port = -1};
	*b = (bed){0};
	rig_init(&b->r);
	cof_helper_opts o = rig_helper(&b->r);
	assert_ok(cof_trust_open(&b->trust, &o, &start, on_done, &b->start, &err));
}

static void close_bed(bed *b)
{
	cof_trust_free(b->trust);
	rig_release(&b->r);
}

/* Asks a keeper that may be gone by now: the answer, whoever gives it, is counted. */
static void ask(bed *b, heard *h)
{
	cof_err err = {0};
	if (cof_trust_attest(b->trust, 1000, on_done, h, &err) < 0)
		on_done(h, NULL, NULL, &err);
}

/* Whoever waits hears of the death, and so does whoever comes later. */
static void assert_dies(const char *how)
{
	bed b;
	heard second = {0};
	open_bed(&b, how);
	ask(&b, &second);
	rig_turn(&b.r, &second.n, 1);
	rig_turn(&b.r, &b.start.n, 1);
	if (b.start.n != 1 || b.start.good != 0 || second.good != 0 || !cof_err_is(&second.why, "keeper-died"))
		fail_msg("%s: %d answers, %d good, '%s'", how, b.start.n, b.start.good + second.good,
			 second.why.reason);
	assert_string_equal(b.start.why.reason, "keeper-died");
	assert_fails(cof_trust_attest(b.trust, 1000, on_done, &second, &err), "keeper-died");
	assert_fails(cof_trust_hosts(b.trust, NULL, 0, on_done, &second, &err), "keeper-died");
	assert_fails(cof_trust_unwrap(b.trust, "p", STDERR_FILENO, on_done, &second, &err), "keeper-died");
	assert_int_equal(second.n, 1);
	close_bed(&b);
}

static void t059_a_keeper_that_lies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(lies); i++)
		assert_dies(lies[i].name);
}

static void t059_a_keeper_that_dies(void **state)
{
	(void)state;
	assert_dies("end");
	assert_dies("half");
}

/* Its end is there to be seen, but the question comes first. */
static void t059_a_keeper_that_is_gone_already(void **state)
{
	bed b;
	heard second = {0};
	siginfo_t gone = {0};
	(void)state;
	while (waitpid(-1, NULL, WNOHANG) > 0) /* those before */
		;
	open_bed(&b, "end");
	assert_int_equal(waitid(P_ALL, 0, &gone, WEXITED | WNOWAIT), 0);
	assert_fails(cof_trust_attest(b.trust, 1000, on_done, &second, &err), "keeper-died");
	assert_int_equal(second.n + b.start.n, 0); /* others hear of it from the loop, not from inside a question */
	rig_turn(&b.r, &b.start.n, 1);
	assert_string_equal(b.start.why.reason, "keeper-died");
	assert_int_equal(second.n, 0);
	close_bed(&b);
}

/* Behind a length that is refused nothing can be understood any more: it must not pass for an answer. */
static void t059_a_length_beyond_all_limits(void **state)
{
	(void)state;
	assert_dies("huge");
}

/* An answer before its question would be taken for the next one's. */
static void t059_an_answer_that_nobody_asked_for(void **state)
{
	bed b;
	int r = 0;
	int64_t until = rig_now() + RIG_MS;
	cof_err err = {0};
	(void)state;
	open_bed(&b, "eager");
	rig_turn(&b.r, &b.start.n, 1);
	assert_int_equal(b.start.good, 1);
	/* Nothing tells when the surplus answer is there, so the loop turns until the keeper was given up. */
	siginfo_t gone = {0};
	while (waitid(P_ALL, 0, &gone, WEXITED | WNOHANG | WNOWAIT) == 0 && gone.si_pid == 0 && rig_now() < until) {
		const struct timeval step = {.tv_usec = 1000};
		(void)event_base_loopexit(b.r.base, &step);
		(void)event_base_loop(b.r.base, EVLOOP_ONCE);
	}
	r = cof_trust_attest(b.trust, 1, on_done, &b.start, &err);
	assert_true(r < 0);
	assert_string_equal(err.reason, "keeper-died");
	close_bed(&b);
}

static void answers_find_their_questions(void **state)
{
	bed b;
	heard a[3] = {0};
	char line[] = "127.0.0.1 a";
	char *lines[] = {line};
	(void)state;
	open_bed(&b, "good");
	assert_ok(cof_trust_hosts(b.trust, lines, 1, on_done, &a[0], &err));
	assert_ok(cof_trust_attest(b.trust, 5, on_done, &a[1], &err));
	assert_ok(cof_trust_attest(b.trust, 6, on_done, &a[2], &err));
	/* Who leaves is not called, and the others' answers do not move up. */
	cof_trust_forget(b.trust, &a[1]);
	rig_turn(&b.r, &a[2].n, 1);
	assert_int_equal(b.start.good, 1);
	assert_int_equal(a[0].last, 1);
	assert_int_equal(a[1].n, 0);
	assert_int_equal(a[2].last, 3);
	close_bed(&b);
}

/* A refusal comes with its details, and is no reason to give the keeper up. */
static void refusal_is_told(void **state)
{
	bed b;
	heard a = {0};
	(void)state;
	open_bed(&b, "good");
	assert_ok(cof_trust_attest(b.trust, 7, on_done, &a, &err));
	rig_turn(&b.r, &a.n, 1);
	assert_string_equal(a.why.reason, "attest-refused");
	assert_int_equal(a.why.cls, COF_E_POLICY);
	assert_true(a.refusal);
	assert_ok(cof_trust_attest(b.trust, 8, on_done, &a, &err));
	rig_turn(&b.r, &a.n, 2);
	assert_true(a.why.cls == COF_OK && !a.refusal);
	close_bed(&b);
}

static void t059_death_in_the_middle(void **state)
{
	bed b;
	heard a = {0}, last = {0};
	(void)state;
	open_bed(&b, "good");
	assert_ok(cof_trust_attest(b.trust, 5, on_done, &a, &err));
	assert_ok(cof_trust_attest(b.trust, 13, on_done, &last, &err));
	rig_turn(&b.r, &last.n, 1);
	assert_int_equal(a.good, 1);
	assert_string_equal(last.why.reason, "keeper-died");
	close_bed(&b);
}

/* The key goes from the keeper to the pipe's other end; the answer that init sees holds none of it. */
static void t026_key_passes_by(void **state)
{
	bed b;
	heard a = {0};
	int fds[2];
	char key[16] = "";
	(void)state;
	open_bed(&b, "good");
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_ok(cof_trust_unwrap(b.trust, "packet", fds[1], on_done, &a, &err));
	(void)close(fds[1]);
	rig_turn(&b.r, &a.n, 1);
	assert_int_equal(a.good, 1);
	assert_int_equal(read(fds[0], key, sizeof key), 7);
	(void)close(fds[0]);
	close_bed(&b);
}

static void t085_waiting_has_a_limit(void **state)
{
	bed b;
	heard a = {0};
	(void)state;
	open_bed(&b, "mute");
	for (int i = 1; i < COF_TRUST_WAITING_MAX; i++)
		assert_ok(cof_trust_attest(b.trust, 5, on_done, &a, &err));
	assert_fails(cof_trust_attest(b.trust, 5, on_done, &a, &err), "too-many-calls");
	assert_int_equal(a.n, 0);
	close_bed(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t059_a_keeper_that_lies),
		cmocka_unit_test(t059_a_keeper_that_dies),
		cmocka_unit_test(t059_a_keeper_that_is_gone_already),
		cmocka_unit_test(t059_a_length_beyond_all_limits),
		cmocka_unit_test(t059_an_answer_that_nobody_asked_for),
		cmocka_unit_test(answers_find_their_questions),
		cmocka_unit_test(refusal_is_told),
		cmocka_unit_test(t059_death_in_the_middle),
		cmocka_unit_test(t026_key_passes_by),
		cmocka_unit_test(t085_waiting_has_a_limit),
	};
	if (rig_role(argc, argv) != NULL)
		play();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
