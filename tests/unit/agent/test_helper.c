/* SPDX-License-Identifier: Apache-2.0 */
/* The helper is this test in another role: it does what a process would do that somebody has taken over. */
#include "agent/helper.h"

#include "tests/unit/agent/rig.h"

enum { MANY = 60 };

/* --- the other side --- */

static void say(const void *bytes, size_t n)
{
	(void)!write(COF_HELPER_CHAN, bytes, n);
}

/* A header alone, with far more descriptors than anybody wants. */
static void send_many(void)
{
	int fds[MANY];
	for (size_t i = 0; i < MANY; i++)
		fds[i] = STDERR_FILENO;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fds)] = {0};
	uint8_t header[8] = {7};
	struct iovec iov = {header, sizeof header};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fds);
	memcpy(CMSG_DATA(c), fds, sizeof fds);
	(void)sendmsg(COF_HELPER_CHAN, &m, 0);
}

/* What it was born with: descriptors, environment, session. */
static void tell_inheritance(char **env)
{
	char text[256];
	int n = 0, words = 0;
	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	while (env[words] != NULL)
		words++;
	int len = snprintf(text, sizeof text, "%d %d %d %s", n, words, getsid(0) == getpid(), words > 0 ? env[0] : "");
	(void)!cof_chan_send(COF_HELPER_CHAN, 1, cof_span_of(text, (size_t)len), NULL, 0, NULL);
}

__attribute__((noreturn)) static void play(const char *role, char **env)
{
	static const uint8_t half[] = {1, 0, 0, 0, 100, 0, 0, 0, 'x'}, huge[] = {1, 0, 0, 0, 255, 255, 255, 255};
	if (strcmp(role, "half") == 0)
		say(half, sizeof half);
	if (strcmp(role, "header") == 0)
		say(half, 3);
	if (strcmp(role, "huge") == 0)
		say(huge, sizeof huge);
	if (strcmp(role, "many") == 0)
		send_many();
	if (strcmp(role, "tell") == 0)
		tell_inheritance(env);
	if (strcmp(role, "stay") == 0)
		(void)pause();
	_exit(0);
}

/* --- this side --- */

typedef struct bed {
	rig r;
	cof_helper *helper;
	int heard;
	bool free_it;
} bed;

static void on_readable(void *arg)
{
	bed *b = arg;
	b->heard++;
	if (b->free_it) {
		cof_helper_free(b->helper);
		b->helper = NULL;
	}
}

static void start(bed *b, const char *role)
{
	*b = (bed){0};
	rig_init(&b->r);
	cof_helper_opts o = rig_helper(&b->r);
	o.role = role;
	o.readable = on_readable;
	o.arg = b;
	assert_ok(cof_helper_start(&b->helper, &o, &err));
}

static void stop(bed *b)
{
	if (b->helper != NULL)
		cof_helper_free(b->helper);
	rig_release(&b->r);
}

/* What init makes of the first thing that a helper in this role does. */
static void assert_ends(const char *role, const char *reason, cof_class cls)
{
	bed b;
	COF_AUTO(cof_msg) m = {0};
	cof_err err = {0};
	start(&b, role);
	rig_turn(&b.r, &b.heard, 1);
	assert_true(cof_chan_recv(cof_helper_chan(b.helper), &m, &err) < 0);
	assert_true(cof_helper_explain(b.helper, &err) < 0);
	assert_string_equal(err.reason, reason);
	assert_int_equal(err.cls, cls);
	stop(&b);
}

static void t059_a_helper_that_ends(void **state)
{
	(void)state;
	assert_ends("end", "end-died", COF_E_INTERNAL);
	assert_ends("header", "header-died", COF_E_INTERNAL);
	assert_ends("half", "half-died", COF_E_INTERNAL);
}

static void t059_a_length_beyond_all_limits(void **state)
{
	(void)state;
	assert_ends("huge", "channel-too-large", COF_E_MALFORMED);
}

static void t059_too_many_descriptors_are_closed(void **state)
{
	bed b;
	(void)state;
	start(&b, "many");
	rig_turn(&b.r, &b.heard, 1);
	int before = rig_fds();
	{
		COF_AUTO(cof_msg) m = {0};
		assert_ok(cof_chan_recv(cof_helper_chan(b.helper), &m, &err));
		assert_true(m.n_fds <= COF_CHAN_FDS);
		assert_true(rig_fds() <= before + COF_CHAN_FDS);
	}
	assert_int_equal(rig_fds(), before);
	stop(&b);
}

/* It gets its channel, the standard streams and one word of environment: no key, no socket, no secret of ours. */
static void t026_nothing_is_inherited(void **state)
{
	bed b;
	COF_AUTO(cof_msg) m = {0};
	(void)state;
	assert_int_equal(setenv("COFFER_TEST_SECRET", "canary", 1), 0);
	int leak = fcntl(STDERR_FILENO, F_DUPFD, 40); /* not close-on-exec */
	assert_true(leak >= 40);
	start(&b, "tell");
	rig_turn(&b.r, &b.heard, 1);
	assert_ok(cof_chan_recv(cof_helper_chan(b.helper), &m, &err));
	assert_string_equal(cof_buf_str(&m.body), "4 1 1 TSS2_LOG=all+NONE");
	(void)close(leak);
	stop(&b);
}

/* When free returns it can do nothing any more: its files may be removed. */
static void t059_freeing_kills(void **state)
{
	bed b;
	int status = 0;
	(void)state;
	start(&b, "stay");
	pid_t pid = cof_helper_pid(b.helper);
	assert_int_equal(kill(pid, 0), 0);
	cof_helper_free(b.helper);
	b.helper = NULL;
	assert_int_equal(waitpid(pid, &status, WNOHANG), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	stop(&b);
}

static void freeing_from_its_own_call(void **state)
{
	bed b;
	(void)state;
	start(&b, "half");
	b.free_it = true;
	rig_turn(&b.r, &b.heard, 1);
	rig_settle(&b.r);
	assert_null(b.helper);
	assert_int_equal(b.heard, 1);
	stop(&b);
}

/* A helper may stop in the middle of a word; init must not stop with it. */
static void t059_patience_is_limited(void **state)
{
	bed b;
	struct timeval in = {0}, out = {0};
	socklen_t len = sizeof in;
	(void)state;
	start(&b, "stay");
	int chan = cof_helper_chan(b.helper);
	assert_int_equal(getsockopt(chan, SOL_SOCKET, SO_RCVTIMEO, &in, &len), 0);
	assert_int_equal(getsockopt(chan, SOL_SOCKET, SO_SNDTIMEO, &out, &len), 0);
	assert_int_equal(in.tv_sec, COF_HELPER_PATIENCE_S);
	assert_int_equal(out.tv_sec, COF_HELPER_PATIENCE_S);
	stop(&b);
}

static void no_program_no_helper(void **state)
{
	rig r;
	cof_helper *h = NULL;
	(void)state;
	rig_init(&r);
	cof_helper_opts o = rig_helper(&r);
	o.exe = "/nonexistent/coffer-agent";
	o.role = "keeper";
	o.readable = on_readable;
	int before = rig_fds();
	assert_fails(cof_helper_start(&h, &o, &err), "exec-failed");
	assert_null(h);
	assert_int_equal(rig_fds(), before);
	rig_release(&r);
}

static void explaining(void **state)
{
	static const char *const silent[] = {"peer-closed", "peer-timeout", "keeper-gone"};
	bed b;
	cof_err err = {0};
	(void)state;
	start(&b, "stay");
	for (size_t i = 0; i < COF_COUNT(silent); i++) {
		assert_int_equal(cof_err_set(&err, COF_E_UNAVAILABLE, silent[i], "x"), -COF_E_UNAVAILABLE);
		assert_int_equal(cof_helper_explain(b.helper, &err), -COF_E_INTERNAL);
		assert_string_equal(err.reason, "stay-died");
	}
	assert_int_equal(cof_err_set(&err, COF_E_CRYPTO, "layer-digest-mismatch", "x"), -COF_E_CRYPTO);
	assert_int_equal(cof_helper_explain(b.helper, &err), -COF_E_CRYPTO);
	assert_string_equal(err.reason, "layer-digest-mismatch");
	stop(&b);
}

int main(int argc, char **argv, char **env)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t059_a_helper_that_ends),
		cmocka_unit_test(t059_a_length_beyond_all_limits),
		cmocka_unit_test(t059_too_many_descriptors_are_closed),
		cmocka_unit_test(t026_nothing_is_inherited),
		cmocka_unit_test(t059_freeing_kills),
		cmocka_unit_test(freeing_from_its_own_call),
		cmocka_unit_test(t059_patience_is_limited),
		cmocka_unit_test(no_program_no_helper),
		cmocka_unit_test(explaining),
	};
	if (rig_role(argc, argv) != NULL)
		play(rig_role(argc, argv), env);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
