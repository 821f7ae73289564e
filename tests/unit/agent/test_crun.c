/* SPDX-License-Identifier: Apache-2.0 */
/* A runtime that fails, talks too much or is not there; this test plays it when it is started with crun's options. */
#include "agent/crun.h"

#include "tests/unit/agent/rig.h"

static char self[512];

/* --- the runtime --- */

static void log_lines(const char *log, int n)
{
	FILE *f = fopen(log, "we");
	for (int i = 0; i < n; i++)
		(void)fprintf(f, "line %d of what went wrong\n", i);
	(void)fputs("the last word\n\n\n", f);
	(void)fclose(f);
}

/* argv: exe --root R --cgroup-manager cgroupfs --log L COMMAND… */
__attribute__((noreturn)) static void play(int argc, char **argv, char **env)
{
	char text[1024] = "", byte = 0;
	const char *how = argc > 7 ? argv[7] : "";
	if (strcmp(how, "say") == 0) {
		for (int i = 1; i < argc; i++)
			(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", argv[i]);
		for (int i = 0; env[i] != NULL; i++)
			(void)snprintf(text + strlen(text), sizeof text - strlen(text), "[%s]", env[i]);
		_exit(write(STDOUT_FILENO, text, strlen(text)) > 0 ? 0 : 1);
	}
	if (strcmp(how, "streams") == 0)
		_exit(read(STDIN_FILENO, &byte, 1) == 1 && byte == 'i' && write(STDERR_FILENO, "e", 1) == 1 &&
				      fcntl(3, F_GETFD) < 0
			      ? 0
			      : 1);
	if (strcmp(how, "null") == 0)
		_exit(read(STDIN_FILENO, &byte, 1) == 0 && write(STDOUT_FILENO, "x", 1) == 1 ? 0 : 1);
	if (strcmp(how, "flood") == 0)
		log_lines(argv[6], 1000);
	if (strcmp(how, "killed") == 0)
		(void)raise(SIGKILL);
	_exit(strcmp(how, "fail") == 0 || strcmp(how, "flood") == 0 ? 3 : 0);
}

/* --- this side --- */

typedef struct bed {
	rig r;
	cof_crun crun;
	char log[160];
	int back;
	cof_err why;
} bed;

static void on_done(void *arg, const cof_err *why)
{
	bed *b = arg;
	b->back++;
	b->why = why != NULL ? *why : (cof_err){0};
}

static void setup(bed *b)
{
	*b = (bed){0};
	rig_init(&b->r);
	b->crun = (cof_crun){.exe = self, .root = b->r.dir, .base = b->r.base, .children = b->r.children};
	rig_path(&b->r, "log", b->log);
}

static cof_crun_cmd command(bed *b, const char *const *args)
{
	return (cof_crun_cmd){
		.args = args, .log = b->log, .in = -EBADF, .out = -EBADF, .err = -EBADF, .done = on_done, .arg = b};
}

static void run(bed *b, const char *how)
{
	const char *const args[] = {how, NULL};
	const cof_crun_cmd cmd = command(b, args);
	assert_ok(cof_crun_run(&b->crun, &cmd, &err));
	rig_turn(&b->r, &b->back, 1);
	assert_int_equal(b->back, 1);
	assert_false(rig_has(&b->r, "log"));
}

static void failure_has_a_reason(void **state)
{
	bed b;
	(void)state;
	setup(&b);
	run(&b, "fail");
	assert_string_equal(b.why.reason, "runtime-failed");
	assert_string_equal(b.why.text, "crun ended with 3: ");
	b.back = 0;
	run(&b, "killed");
	assert_string_equal(b.why.text, "crun ended with 137: ");
	rig_release(&b.r);
}

/* T-92: however much it logs, one bounded text goes to the host, and it is the end that has the reason. */
static void t092_log_is_cut(void **state)
{
	bed b;
	(void)state;
	setup(&b);
	run(&b, "flood");
	assert_string_equal(b.why.reason, "runtime-failed");
	assert_non_null(strstr(b.why.text, "the last word"));
	assert_null(strstr(b.why.text, "line 0 of"));
	assert_null(strchr(b.why.text, '\n')); /* one line: no reason of its own making on the console */
	assert_true(strlen(b.why.text) < 250);
	rig_release(&b.r);
}

static void not_there(void **state)
{
	bed b;
	const char *const args[] = {"say", NULL};
	(void)state;
	setup(&b);
	b.crun.exe = "/nonexistent/crun";
	const cof_crun_cmd cmd = command(&b, args);
	int before = rig_fds();
	assert_fails(cof_crun_run(&b.crun, &cmd, &err), "exec-failed");
	assert_int_equal(rig_fds(), before);
	assert_int_equal(b.back, 0);
	rig_release(&b.r);
}

static void t089_too_many_words(void **state)
{
	bed b;
	const char *args[COF_CRUN_ARGS_MAX + 2] = {0};
	(void)state;
	setup(&b);
	for (size_t i = 0; i <= COF_CRUN_ARGS_MAX; i++)
		args[i] = "say";
	const cof_crun_cmd cmd = command(&b, args);
	assert_fails(cof_crun_run(&b.crun, &cmd, &err), "runtime-failed");
	args[COF_CRUN_ARGS_MAX] = NULL;
	assert_ok(cof_crun_run(&b.crun, &cmd, &err));
	rig_turn(&b.r, &b.back, 1);
	assert_int_equal(b.why.cls, COF_OK);
	rig_release(&b.r);
}

/* T-26, T-89: words stay single words, no shell sees them, and nothing of our environment goes along. */
static void t089_words_stay_words(void **state)
{
	bed b;
	int fds[2];
	char text[1024] = "", want[512];
	const char *const args[] = {"say", "a b", "$(id)", "--log", "", NULL};
	(void)state;
	setup(&b);
	assert_int_equal(setenv("COFFER_TEST_SECRET", "canary", 1), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	cof_crun_cmd cmd = command(&b, args);
	cmd.out = fds[1];
	assert_ok(cof_crun_run(&b.crun, &cmd, &err));
	rig_turn(&b.r, &b.back, 1);
	assert_true(read(fds[0], text, sizeof text - 1) > 0);
	(void)snprintf(want, sizeof want,
		       "--root %s --cgroup-manager cgroupfs --log %s say a b $(id) --log  "
		       "[PATH=/usr/sbin:/usr/bin:/sbin:/bin]",
		       b.r.dir, b.log);
	assert_string_equal(text, want);
	(void)close(fds[0]);
	(void)close(fds[1]);
	rig_release(&b.r);
}

static void streams(void **state)
{
	bed b;
	int in[2], err_pipe[2];
	char byte = 0;
	const char *const args[] = {"streams", NULL}, *const nothing[] = {"null", NULL};
	(void)state;
	setup(&b);
	assert_int_equal(pipe2(in, O_CLOEXEC) + pipe2(err_pipe, O_CLOEXEC), 0);
	assert_int_equal(write(in[1], "i", 1), 1);
	cof_crun_cmd cmd = command(&b, args);
	cmd.in = in[0];
	cmd.err = err_pipe[1];
	assert_ok(cof_crun_run(&b.crun, &cmd, &err));
	rig_turn(&b.r, &b.back, 1);
	assert_int_equal(b.why.cls, COF_OK);
	assert_true(read(err_pipe[0], &byte, 1) == 1 && byte == 'e');
	cmd = command(&b, nothing);
	assert_ok(cof_crun_run(&b.crun, &cmd, &err));
	rig_turn(&b.r, &b.back, 2);
	assert_int_equal(b.why.cls, COF_OK);
	for (int i = 0; i < 2; i++)
		assert_int_equal(close(in[i]) + close(err_pipe[i]), 0);
	rig_release(&b.r);
}

int main(int argc, char **argv, char **env)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failure_has_a_reason),
		cmocka_unit_test(t092_log_is_cut),
		cmocka_unit_test(not_there),
		cmocka_unit_test(t089_too_many_words),
		cmocka_unit_test(t089_words_stay_words),
		cmocka_unit_test(streams),
	};
	if (argc > 1 && strcmp(argv[1], "--root") == 0)
		play(argc, argv, env);
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n < 0)
		return 1;
	self[n] = '\0';
	return cmocka_run_group_tests(tests, NULL, NULL);
}
