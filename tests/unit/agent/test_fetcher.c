/* SPDX-License-Identifier: Apache-2.0 */
/* The real fetcher as a process of its own: requests out of order and shape, and registries that are not there. */
#include <poll.h>

#include "tests/unit/agent/fetcher_rig.h"

static void t059_words_out_of_order(void **state)
{
	static const uint32_t types[] = {0, COF_UNPACKER_JOB, COF_ROLE_MANIFEST, COF_ROLE_DONE, COF_ROLE_ERR, 4711};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		bed b;
		setup(&b);
		send_text(&b, types[i], "{}");
		assert_refuses(&b, "fetcher-malformed");
		teardown(&b);
	}
}

/* There is no layer before there is an image, and a request has one index and one pipe. */
static void t059_fetch_before_pull(void **state)
{
	static const char index[] = "\0\0\0\0\0\0\0\0";
	(void)state;
	for (size_t len = 0; len <= 8; len += 4) {
		for (size_t fds = 0; fds < 3; fds++) {
			bed b;
			const int given[] = {STDERR_FILENO, STDERR_FILENO};
			setup(&b);
			assert_ok(cof_chan_send(cof_helper_chan(b.helper), COF_FETCHER_FETCH, cof_span_of(index, len),
						given, fds, &err));
			assert_refuses(&b, "fetcher-malformed");
			teardown(&b);
		}
	}
}

/* A port where nobody listens, by a name that only the table knows. */
static uint16_t port_of_nobody(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof addr;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	(void)close(fd);
	return ntohs(addr.sin_port);
}

/* T-43: it tries for a while, and longer than anybody wants it to; it ends all the same when it is not wanted. */
static void t043_ended_in_the_middle(void **state)
{
	bed b;
	char text[512];
	unsigned port = port_of_nobody();
	int status = 0;
	(void)state;
	setup(&b);
	(void)snprintf(text, sizeof text, PULL("r.test:%u/a@" PIN, "", "[\"r.test:%u:127.0.0.1\"]"), port, port);
	send_text(&b, COF_FETCHER_PULL, text);
	pid_t pid = cof_helper_pid(b.helper);
	int64_t before = rig_now();
	cof_helper_free(b.helper);
	assert_true(rig_now() - before < 1000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), pid);
	assert_true(WIFSIGNALED(status));
	rig_release(&b.r);
}

/* Layer 0 into a pipe of its own; its read end. */
static int fetch(bed *b)
{
	static const char index[4];
	int fds[2];
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_ok(cof_chan_send(cof_helper_chan(b->helper), COF_FETCHER_FETCH, cof_span_of(index, sizeof index),
				&fds[1], 1, &err));
	(void)close(fds[1]);
	return fds[0];
}

/* A slice of each in turn: none of them may be held up by another. */
static void read_in_turns(const int *fds, cof_buf *bytes, size_t n)
{
	char slice[4096];
	size_t open = n;
	bool ended[COF_FETCHES_MAX] = {false};
	while (open > 0) {
		for (size_t i = 0; i < n; i++) {
			struct pollfd p = {.fd = fds[i], .events = POLLIN};
			if (ended[i])
				continue;
			assert_int_equal(poll(&p, 1, RIG_MS), 1);
			ssize_t got = read(fds[i], slice, sizeof slice);
			assert_true(got >= 0);
			ended[i] = got == 0;
			open -= ended[i];
			assert_ok(cof_buf_add(&bytes[i], slice, (size_t)got, &err));
		}
	}
}

/* As many as may be under way, all from the beginning to the end, and each one's end is told. */
static void layers_side_by_side(void **state)
{
	bed b;
	registry g;
	int fds[COF_FETCHES_MAX];
	cof_buf bytes[COF_FETCHES_MAX] = {{0}};
	(void)state;
	registry_start(&g, "[\"/bin/sh\"]", REGISTRY_OK);
	setup(&b);
	pull_image(&b, &g);
	for (size_t i = 0; i < COF_FETCHES_MAX; i++)
		fds[i] = fetch(&b);
	read_in_turns(fds, bytes, COF_FETCHES_MAX);
	for (size_t i = 0; i < COF_FETCHES_MAX; i++) {
		assert_span_equal(cof_buf_span(&bytes[i]), g.layer.data, g.layer.len);
		cof_buf_release(&bytes[i]);
		(void)close(fds[i]);
	}
	for (int done = 0; done < COF_FETCHES_MAX; done += b.m.type == COF_ROLE_DONE) {
		rig_turn(&b.r, &b.heard, b.heard + 1);
		assert_true(b.m.type == COF_ROLE_PROGRESS || b.m.type == COF_ROLE_DONE);
	}
	teardown(&b);
	registry_stop(&g);
}

/* T-35: one more than that is refused, whoever asks. */
static void t035_no_more_at_once(void **state)
{
	bed b;
	registry g;
	int fds[COF_FETCHES_MAX + 1];
	(void)state;
	registry_start(&g, "[\"/bin/sh\"]", REGISTRY_STALL);
	setup(&b);
	pull_image(&b, &g);
	for (size_t i = 0; i <= COF_FETCHES_MAX; i++)
		fds[i] = fetch(&b);
	rig_turn(&b.r, &b.heard, 2);
	assert_int_equal(b.m.type, COF_ROLE_ERR);
	assert_string_equal(b.why.reason, "fetcher-busy");
	for (size_t i = 0; i <= COF_FETCHES_MAX; i++)
		(void)close(fds[i]);
	teardown(&b);
	registry_stop(&g);
}

/* A layer's failure is that layer's: the fetcher tells it, and serves on. */
static void failures_are_told_by_layer(void **state)
{
	bed b;
	registry g;
	cof_role_news n;
	(void)state;
	registry_start(&g, "[\"/bin/sh\"]", REGISTRY_OK);
	setup(&b);
	pull_image(&b, &g);
	for (int i = 0; i < 2; i++) {
		(void)close(fetch(&b)); /* the unpacker is gone */
		do
			rig_turn(&b.r, &b.heard, b.heard + 1);
		while (b.m.type == COF_ROLE_PROGRESS);
		assert_int_equal(b.m.type, COF_ROLE_LAYER_ERR);
		assert_ok(cof_role_news_parse(&b.m, &n, &err));
		assert_true(n.layer == 0 && cof_err_is(&n.why, "pipe-closed"));
	}
	teardown(&b);
	registry_stop(&g);
}

static void no_init_no_fetcher(void **state)
{
	int pair[2], status = 0;
	(void)state;
	assert_ok(cof_chan_pair(pair, &err));
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(pair[0]);
		_exit(cof_fetcher_main(pair[1]));
	}
	(void)close(pair[0]);
	(void)close(pair[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t059_words_out_of_order),  cmocka_unit_test(t059_fetch_before_pull),
		cmocka_unit_test(t043_ended_in_the_middle), cmocka_unit_test(layers_side_by_side),
		cmocka_unit_test(t035_no_more_at_once),	    cmocka_unit_test(failures_are_told_by_layer),
		cmocka_unit_test(no_init_no_fetcher),
	};
	if (rig_role(argc, argv) != NULL)
		_exit(cof_fetcher_main(COF_HELPER_CHAN));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
