/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of fronts, with fronts made of shell: they end early, end late, lie, and come back. */
#include "tests/unit/kbs/tmpdir.h"

#include <fcntl.h>
#include <signal.h>

#include "attestation/kbs/fronts.h"

/* spec: attestation/kbs/wire.h: length, id, type, all little-endian */
#define READY "printf '\\0\\0\\0\\0\\0\\0\\0\\0\\005\\0' >&3\n"
#define MESSAGE "printf '\\0\\0\\0\\0\\011\\0\\0\\0\\003\\0' >&3\n" /* type 3, number 9, no body */
enum { TURNS_MS = 5000, FORGOTTEN = 40 };

typedef struct pool {
	tmpdir dir;
	struct event_base *base;
	cof_fronts *fronts;
	char exe[160], cert[160], key[160];
	unsigned ready, drained, failed, messages;
	cof_ticket last;
	int verdict; /* what message returns */
} pool;

static int on_message(void *arg, cof_ticket from, enum cof_kb_type type, cof_span body, cof_err *err)
{
	pool *p = arg;
	assert_int_equal(type, COF_KB_RESOURCE);
	assert_int_equal(body.len, 0);
	p->messages++;
	p->last = from;
	return p->verdict < 0 ? cof_err_set(err, COF_E_MALFORMED, "frame-malformed", "no") : 0;
}

static void on_ready(void *arg)
{
	((pool *)arg)->ready++;
}

static void on_drained(void *arg)
{
	((pool *)arg)->drained++;
}

static void on_failed(void *arg)
{
	((pool *)arg)->failed++;
}

static int start(pool *p, unsigned n, const char *script, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int rc = cof_buf_printf(&text, err, "#!/bin/sh\nd=%s\necho x >>$d/starts\n%s\n", p->dir.path, script);
	if (rc == 0)
		rc = cof_file_write(tmpdir_path(&p->dir, "front", p->exe), cof_buf_span(&text), 0700, err);
	const cof_fronts_opts o = {.base = p->base,
				   .exe = p->exe,
				   .cert = p->cert,
				   .key = p->key,
				   .listen_fd = 0,
				   .n = n,
				   .message = on_message,
				   .ready = on_ready,
				   .drained = on_drained,
				   .failed = on_failed,
				   .arg = p};
	return rc < 0 ? rc : cof_fronts_new(&p->fronts, &o, err);
}

static int set_up(void **state)
{
	pool *p = calloc(1, sizeof *p);
	assert_non_null(p);
	p->dir = tmpdir_new();
	p->base = event_base_new();
	assert_ok(cof_file_write(tmpdir_path(&p->dir, "cert", p->cert), cof_span_str("C"), 0600, &err));
	assert_ok(cof_file_write(tmpdir_path(&p->dir, "key", p->key), cof_span_str("K"), 0600, &err));
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	pool *p = *state;
	cof_fronts_free(p->fronts);
	event_base_free(p->base);
	tmpdir_release(&p->dir);
	free(p);
	return 0;
}

static void stop_loop(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

/* Until *counter is n, or for ms when counter is NULL. */
static void turn(pool *p, const unsigned *counter, unsigned n, unsigned ms)
{
	bool over = false;
	const struct timeval t = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000};
	struct event *timer = evtimer_new(p->base, stop_loop, &over);
	assert_int_equal(evtimer_add(timer, &t), 0);
	while (!over && (counter == NULL || *counter < n))
		assert_true(event_base_loop(p->base, EVLOOP_ONCE) >= 0);
	event_free(timer);
	if (counter != NULL)
		assert_int_equal(*counter, n);
}

static void file_of(const pool *p, const char *name, cof_buf *ret)
{
	char path[160];
	ret->len = 0;
	if (access(tmpdir_path(&p->dir, name, path), F_OK) == 0)
		assert_ok(cof_file_read(path, 1 << 16, ret, &err));
}

static size_t lines(const pool *p, const char *name)
{
	COF_AUTO(cof_buf) text = {0};
	size_t n = 0;
	file_of(p, name, &text);
	for (size_t i = 0; i < text.len; i++)
		n += text.data[i] == '\n';
	return n;
}

/* ---- before all are ready ---- */

static void one_that_cannot_start_fails_the_service_once(void **state)
{
	pool *p = *state;
	assert_ok(start(p, 3, "exit 2", &err));
	turn(p, &p->failed, 1, TURNS_MS);
	assert_int_equal(p->ready, 0);
}

static void one_that_is_missing_keeps_the_others_waiting(void **state)
{
	pool *p = *state;
	assert_ok(start(p, 2, "mkdir $d/first 2>/dev/null && " READY "read x <&3", &err));
	turn(p, NULL, 0, 200);
	assert_int_equal(p->ready, 0);
}

static void t078_no_certificate_or_key_starts_no_front(void **state)
{
	pool *p = *state;
	assert_int_equal(unlink(p->key), 0);
	assert_fails(start(p, 1, READY, &err), "bad-tls-key");
	assert_int_equal(unlink(p->cert), 0);
	assert_fails(start(p, 1, READY, &err), "bad-tls-cert");
	assert_int_equal(lines(p, "starts"), 0);
}

/* ---- what a front gets ---- */

static void t078_a_front_gets_its_five_descriptors_and_no_more(void **state)
{
	pool *p = *state;
	COF_AUTO(cof_buf) text = {0};
	int forgotten = fcntl(0, F_DUPFD, FORGOTTEN); /* not marked to be closed */
	assert_ok(start(p, 1,
			"for f in /proc/$$/fd/*; do [ -L $f ] && echo \"${f##*/}\"; done >$d/fds\ncat <&5 >$d/c5\ncat "
			"<&6 >$d/k6\n" READY "read x <&3",
			&err));
	turn(p, &p->ready, 1, TURNS_MS);
	file_of(p, "fds", &text);
	for (char *save = NULL, *f = strtok_r((char *)text.data, "\n", &save); f != NULL;
	     f = strtok_r(NULL, "\n", &save)) {
		long fd = strtol(f, NULL, 10);
		if ((fd > 6 && fd < 10) || fd >= FORGOTTEN) /* the shell keeps its own from 10 on */
			fail_msg("descriptor %s", f);
	}
	file_of(p, "c5", &text);
	assert_span_equal(cof_buf_span(&text), "C", 1);
	file_of(p, "k6", &text);
	assert_span_equal(cof_buf_span(&text), "K", 1);
	(void)close(forgotten);
}

/* ---- afterwards ---- */

static void t079_a_front_that_breaks_the_protocol_is_replaced(void **state)
{
	static const char *const scripts[] = {
		READY "[ -e $d/again ] && read x <&3\n: >$d/again\n" MESSAGE "read x <&3", /* refused by the holder */
		READY "[ -e $d/again ] && read x <&3\n: >$d/again\nprintf 'garbage garbage' >&3\nread x <&3",
		READY "[ -e $d/again ] && read x <&3\n: >$d/again\nkill -SEGV $$",
		READY "[ -e $d/again ] && read x <&3\n: >$d/again\nexit 0",
	};
	for (size_t i = 0; i < COF_COUNT(scripts); i++) {
		if (i > 0)
			(void)set_up(state);
		pool *p = *state;
		p->verdict = -1;
		assert_ok(start(p, 1, scripts[i], &err));
		for (int k = 0; k < 100 && lines(p, "starts") < 2; k++)
			turn(p, NULL, 0, 20);
		assert_int_equal(lines(p, "starts"), 2);
		assert_int_equal(p->ready, 1);
		assert_int_equal(p->failed, 0);
		assert_int_equal(p->messages, i == 0 ? 1 : 0);
		if (i + 1 < COF_COUNT(scripts))
			(void)tear_down(state);
	}
}

static void t060_a_crash_loop_is_slowed_down(void **state)
{
	pool *p = *state;
	assert_ok(start(p, 1, READY "exit 1", &err));
	turn(p, NULL, 0, 600);
	assert_int_equal(lines(p, "starts"), 6); /* the first, and five in haste */
	assert_int_equal(p->ready, 1);
	assert_int_equal(p->failed, 0);
}

/* An answer for a front that ended is nobody's: the next front in its place has other clients. */
static void t070_an_answer_never_reaches_the_next_life(void **state)
{
	pool *p = *state;
	assert_ok(start(p, 1,
			READY "if [ -e $d/again ]; then cat <&3 >$d/read; else : >$d/again\n" MESSAGE
			      "head -c 1 <&3 >/dev/null; fi",
			&err));
	turn(p, &p->messages, 1, TURNS_MS);
	const cof_ticket old = p->last;
	const cof_kb_reply r = {.status = 200, .body = cof_span_str("secret")};
	assert_int_equal(old.id, 9);
	cof_fronts_reply(p->fronts, old, &r); /* its own; it leaves after one byte */
	for (int k = 0; k < 100 && lines(p, "starts") < 2; k++)
		turn(p, NULL, 0, 20);
	turn(p, NULL, 0, 50);
	cof_fronts_reply(p->fronts, old, &r);
	const cof_ticket future = {.front = old.front, .life = old.life + 1, .id = 1};
	const cof_kb_reply mark = {.status = 200, .body = cof_span_str("mark")};
	cof_fronts_reply(p->fronts, future, &mark);
	cof_fronts_reply(p->fronts, (cof_ticket){.front = 5, .life = 1, .id = 1}, &r); /* no such front */
	COF_AUTO(cof_buf) text = {0};
	for (int k = 0; k < 100 && text.len == 0; k++) {
		turn(p, NULL, 0, 20);
		file_of(p, "read", &text);
	}
	assert_true(text.len > 0);
	assert_non_null(memmem(text.data, text.len, "mark", 4));
	assert_null(memmem(text.data, text.len, "secret", 6));
}

static void drained_when_the_last_has_left(void **state)
{
	pool *p = *state;
	assert_ok(start(p, 3, READY "head -c 10 <&3 >>$d/got", &err));
	turn(p, &p->ready, 1, TURNS_MS);
	cof_fronts_drain(p->fronts);
	assert_int_equal(p->drained, 0);
	turn(p, &p->drained, 1, TURNS_MS);
	turn(p, NULL, 0, 50);
	assert_int_equal(p->drained, 1);
	assert_int_equal(lines(p, "starts"), 3); /* none is replaced now */
	COF_AUTO(cof_buf) text = {0};
	file_of(p, "got", &text);
	assert_int_equal(text.len, 30);
	assert_int_equal(text.data[8], COF_KB_DRAIN);
}

static void freeing_kills_what_does_not_leave(void **state)
{
	pool *p = *state;
	COF_AUTO(cof_buf) text = {0};
	assert_ok(start(p, 1, "echo $$ >$d/pid\n" READY "exec sleep 1000", &err));
	turn(p, &p->ready, 1, TURNS_MS);
	file_of(p, "pid", &text);
	pid_t pid = (pid_t)strtol((const char *)text.data, NULL, 10);
	assert_int_equal(kill(pid, 0), 0);
	cof_fronts_free(p->fronts);
	p->fronts = NULL;
	assert_int_equal(kill(pid, 0), -1);
}

int main(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(t079_a_front_that_breaks_the_protocol_is_replaced),
		T(t070_an_answer_never_reaches_the_next_life),
		T(t060_a_crash_loop_is_slowed_down),
		T(t078_no_certificate_or_key_starts_no_front),
		T(t078_a_front_gets_its_five_descriptors_and_no_more),
		T(one_that_cannot_start_fails_the_service_once),
		T(one_that_is_missing_keeps_the_others_waiting),
		T(drained_when_the_last_has_left),
		T(freeing_kills_what_does_not_leave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
