/* SPDX-License-Identifier: Apache-2.0 */
/* The process that fetches: what it may not do once it is locked, and what is left when one of them dies. */
#include "runtime/cli/image_apart.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "common/lockdown.h"
#include "tests/unit/image/scratch.h"

static int fill(int root, const char *text)
{
	COF_AUTO_FD int fd = openat(root, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
}

static int good(void *arg, int root, int life, json_t **ret, cof_err *err)
{
	(void)arg;
	(void)life;
	*ret = json_pack("{s:s}", "digest", "d");
	return fill(root, "whole") == 0 && *ret != NULL ? 0 : cof_err_oom(err);
}

static int refuses(void *arg, int root, int life, json_t **ret, cof_err *err)
{
	(void)arg;
	(void)life;
	(void)ret;
	(void)fill(root, "half");
	return cof_err_set(err, COF_E_POLICY, "layer-not-encrypted", "%s", "told as it is");
}

static int dies(void *arg, int root, int life, json_t **ret, cof_err *err)
{
	(void)arg;
	(void)life;
	(void)ret;
	(void)err;
	(void)fill(root, "half");
	(void)kill(getpid(), SIGKILL);
	return 0;
}

static int takes_its_parent_along(void *arg, int root, int life, json_t **ret, cof_err *err)
{
	(void)arg;
	(void)life;
	(void)ret;
	(void)err;
	(void)fill(root, "half");
	(void)kill(getppid(), SIGKILL);
	(void)pause();
	return 0;
}

static void a_tree_and_what_is_told_of_it(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(json_t) doc = NULL;
	char target[128];
	(void)snprintf(target, sizeof target, "%s/tree", s->root);
	assert_ok(cof_cli_image_apart(target, good, NULL, &doc, &err));
	assert_string_equal(json_string_value(json_object_get(doc, "digest")), "d");
	scratch_text(s, "tree/f", "whole");
	assert_fails(cof_cli_image_apart(target, good, NULL, &doc, &err), "target-exists");
}

static size_t folders(const scratch *s)
{
	struct stat st;
	assert_int_equal(fstat(s->fd, &st), 0);
	return st.st_nlink - 2;
}

static void t036_failures_leave_nothing(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(json_t) doc = NULL;
	char target[128];
	(void)snprintf(target, sizeof target, "%s/tree", s->root);
	assert_fails(cof_cli_image_apart(target, refuses, NULL, &doc, &err), "layer-not-encrypted");
	assert_fails(cof_cli_image_apart(target, dies, NULL, &doc, &err), "unpacker-died");
	assert_int_equal(folders(s), 0);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)!cof_cli_image_apart(target, takes_its_parent_along, NULL, &doc, NULL);
		_exit(1);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (wait(NULL) > 0)
		; /* the other process, and the one that watches */
	assert_int_equal(folders(s), 0);
}

static int tries(void *arg, int root, int life, json_t **ret, cof_err *err)
{
	const scratch *s = arg;
	static char *const argv[] = {(char *)(uintptr_t) "true", NULL};
	char outside[128];
	(void)life;
	(void)snprintf(outside, sizeof outside, "%s/x/y/outside", s->top);
	int r = cof_cli_apart_lock(err);
	if (r < 0)
		return r;
	bool walls = cof_lockdown_landlock();
	int before = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	int spool = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	const bool kept[] = {
		before >= 0,
		spool >= 0,
		execv("/bin/true", argv) < 0 && errno == EPERM,
		!walls || (open(outside, O_WRONLY | O_CLOEXEC) < 0 && errno == EACCES),
		!walls || fill(root, "not even here") < 0,
		!walls || (unlink(outside) < 0 && errno == EACCES),
		geteuid() != 0 || (chown(outside, 1, 1) < 0 && errno == EPERM),
	};
	*ret = json_array();
	for (size_t i = 0; i < COF_COUNT(kept); i++)
		(void)json_array_append_new(*ret, json_boolean(kept[i]));
	return 0;
}

/* Below /var/tmp and /tmp it may write: that is where the scratch folder of this test must not be. */
static void t032_locked(void **state)
{
	scratch s = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	char path[160];
	json_t *v = NULL;
	size_t i = 0;
	(void)state;
	(void)snprintf(s.top, sizeof s.top, "/dev/shm/cof-apart-XXXXXX");
	assert_non_null(mkdtemp(s.top));
	(void)snprintf(path, sizeof path, "%s/x/y", s.top);
	assert_ok(cof_mkdirs(path, 0755, &err));
	(void)snprintf(path, sizeof path, "%s/x/y/outside", s.top);
	assert_ok(cof_file_write(path, cof_span_str("alive"), 0600, &err));
	(void)snprintf(path, sizeof path, "%s/tree", s.top);
	assert_ok(cof_cli_image_apart(path, tries, &s, &doc, &err));
	json_array_foreach (doc, i, v)
		if (!json_is_true(v))
			fail_msg("attempt %zu", i);
	assert_int_equal(i, 7);
	assert_ok(cof_rm_tree(s.top, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(a_tree_and_what_is_told_of_it),
		T(t036_failures_leave_nothing),
		cmocka_unit_test(t032_locked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
