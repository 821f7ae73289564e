/* SPDX-License-Identifier: Apache-2.0 */
/* The real unpacker as a process of its own, with jobs that no honest init would send, and bytes that no honest
 * registry would serve. */
#include "agent/roles.h"
#include "common/digest.h"
#include "tests/unit/agent/rig.h"

#define D "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TAR "application/vnd.oci.image.layer.v1.tar"

typedef struct bed {
	rig r;
	cof_helper *helper;
	int heard, folder;
	cof_msg m; /* its last word */
	cof_err why;
} bed;

static void on_readable(void *arg)
{
	bed *b = arg;
	cof_err err = {0};
	if (b->heard > 0)
		return;
	cof_msg_release(&b->m);
	b->m = (cof_msg){0};
	if (cof_chan_recv(cof_helper_chan(b->helper), &b->m, &err) < 0) {
		b->why = err;
		b->heard++;
	} else if (b->m.type != COF_ROLE_PROGRESS) {
		b->heard++;
		if (b->m.type == COF_ROLE_ERR)
			cof_chan_parse_err(cof_buf_span(&b->m.body), &b->why);
	}
}

static void setup(bed *b)
{
	*b = (bed){0};
	rig_init(&b->r);
	cof_helper_opts o = rig_helper(&b->r);
	o.role = "unpacker";
	o.readable = on_readable;
	o.arg = b;
	b->folder = open(b->r.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(b->folder, "s0", 0755), 0);
	assert_ok(cof_helper_start(&b->helper, &o, &err));
}

static void teardown(bed *b)
{
	cof_helper_free(b->helper);
	cof_msg_release(&b->m);
	(void)close(b->folder);
	rig_release(&b->r);
}

static void assert_says(bed *b, const char *reason)
{
	rig_turn(&b->r, &b->heard, 1);
	if (reason != NULL && (b->m.type != COF_ROLE_ERR || !cof_err_is(&b->why, reason)))
		fail_msg("type %u '%s' (%s), not '%s'", b->m.type, b->why.reason, b->why.text, reason);
	if (reason == NULL && b->m.type != COF_ROLE_DONE)
		fail_msg("type %u '%s' (%s)", b->m.type, b->why.reason, b->why.text);
}

/* --- jobs --- */

static void send_job(bed *b, uint32_t type, const char *text, size_t n_fds)
{
	int pipe_fds[2];
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	const int fds[] = {pipe_fds[0], b->folder, pipe_fds[0], pipe_fds[0]};
	assert_ok(cof_chan_send(cof_helper_chan(b->helper), type, cof_span_str(text), fds, n_fds, &err));
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
}

static void assert_job_fails(uint32_t type, const char *text, size_t n_fds, const char *reason)
{
	bed b;
	setup(&b);
	send_job(&b, type, text, n_fds);
	assert_says(&b, reason);
	teardown(&b);
}

#define JOB(index, size, digest, more)                                                                                 \
	"{\"index\":" index ",\"wide\":false,\"size\":" size ",\"media_type\":\"" TAR "\",\"digest\":\"" digest        \
	"\",\"diff_id\":\"" D "\"," more "}"

static void t059_not_a_job(void **state)
{
	static const char good[] = JOB("0", "5", D, "\"pubopts\":null");
	(void)state;
	assert_job_fails(COF_FETCHER_PULL, good, 2, "unpacker-malformed");
	assert_job_fails(4711, good, 2, "unpacker-malformed");
	assert_job_fails(COF_UNPACKER_JOB, good, 0, "unpacker-malformed");
	assert_job_fails(COF_UNPACKER_JOB, good, 1, "unpacker-malformed");
	assert_job_fails(COF_UNPACKER_JOB, good, 4, "unpacker-malformed");
}

static void t047_job_of_the_wrong_shape(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{"", "json"},
		{"{}", "json"},
		{"[]", "json"},
		{JOB("-1", "5", D, "\"pubopts\":null"), "json"},
		{JOB("127", "5", D, "\"pubopts\":null"), "json"},
		{JOB("1e3", "5", D, "\"pubopts\":null"), "json"},
		{JOB("0", "-5", D, "\"pubopts\":null"), "json"},
		{JOB("0", "99999999999999999999", D, "\"pubopts\":null"), "json"},
		{JOB("0", "5", "sha256:00", "\"pubopts\":null"), "digest"},
		{JOB("0", "5", "md5:0123456789abcdef0123456789abcdef", "\"pubopts\":null"), "digest"},
		{JOB("0", "5", D, "\"pubopts\":7"), "json"},
		{JOB("0", "5", D, "\"size\":6"), "json"}, /* twice: which one counts? */
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		bed b;
		setup(&b);
		send_job(&b, COF_UNPACKER_JOB, cases[i].text, 2);
		rig_turn(&b.r, &b.heard, 1);
		if (b.m.type != COF_ROLE_ERR || strncmp(b.why.reason, cases[i].reason, strlen(cases[i].reason)) != 0)
			fail_msg("%s: type %u '%s'", cases[i].text, b.m.type, b.why.reason);
		teardown(&b);
	}
}

/* The staging folder and the layers below must be there, and be folders: a link is none. */
static void t032_folders(void **state)
{
	bed b;
	(void)state;
	assert_job_fails(COF_UNPACKER_JOB, JOB("1", "5", D, "\"pubopts\":null"), 2, "unpack-io");
	setup(&b);
	assert_int_equal(unlinkat(b.folder, "s0", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("/tmp", b.folder, "s0"), 0);
	send_job(&b, COF_UNPACKER_JOB, JOB("0", "5", D, "\"pubopts\":null"), 2);
	assert_says(&b, "unpack-io");
	teardown(&b);
}

/* --- layers --- */

static void tar_entry(cof_buf *tar, const char *name, char type, const char *link, const char *text)
{
	char h[512] = "", block[512] = "";
	unsigned sum = 0;
	(void)snprintf(h, 100, "%s", name);
	(void)snprintf(h + 100, 8, "%07o", 0644u);
	(void)snprintf(h + 108, 8, "%07o", 0u);
	(void)snprintf(h + 116, 8, "%07o", 0u);
	(void)snprintf(h + 124, 12, "%011o", (unsigned)strlen(text) & 0777u);
	(void)snprintf(h + 136, 12, "%011o", 0u);
	memset(h + 148, ' ', 8);
	h[156] = type;
	(void)snprintf(h + 157, 100, "%s", link);
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof h; i++)
		sum += (unsigned char)h[i];
	(void)snprintf(h + 148, 8, "%06o", sum);
	assert_ok(cof_buf_add(tar, h, sizeof h, &err));
	(void)snprintf(block, sizeof block, "%s", text);
	if (text[0] != '\0')
		assert_ok(cof_buf_add(tar, block, sizeof block, &err));
}

static void tar_end(cof_buf *tar)
{
	static const char zeros[1024];
	assert_ok(cof_buf_add(tar, zeros, sizeof zeros, &err));
}

/* Serves the bytes of tar as the layer whose digest is that of `as`. */
static void unpack_at(bed *b, size_t index, const cof_buf *tar, const cof_buf *as, char *pubopts)
{
	int fds[2];
	char digest[COF_DIGEST_STR_MAX];
	cof_digest d;
	assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(as), &d, &err));
	cof_digest_str(&d, digest);
	const cof_role_layer l = {
		.media_type = TEXT(TAR), .digest = digest, .size = as->len, .diff_id = digest, .pubopts = pubopts};
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	const int given[] = {fds[0], b->folder};
	assert_ok(cof_role_task_send(cof_helper_chan(b->helper), &l, index, index == 1, given, 2, &err));
	assert_int_equal(write(fds[1], tar->data, tar->len), tar->len);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void unpack(bed *b, const cof_buf *tar, const cof_buf *as, char *pubopts)
{
	unpack_at(b, 0, tar, as, pubopts);
}

static void files_come_out(void **state)
{
	bed b;
	COF_AUTO(cof_buf) tar = {0};
	cof_unpack_report report;
	(void)state;
	setup(&b);
	tar_entry(&tar, "a", '0', "", "text");
	tar_entry(&tar, "l", '2', "/etc/passwd", "");
	tar_end(&tar);
	unpack(&b, &tar, &tar, NULL);
	assert_says(&b, NULL);
	assert_ok(cof_role_report_parse(cof_buf_span(&b.m.body), &report, &err));
	assert_false(report.root_opaque);
	assert_true(rig_has(&b.r, "s0/a"));
	teardown(&b);
}

static void t036_one_bit(void **state)
{
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO(cof_buf) bad = {0};
	(void)state;
	tar_entry(&tar, "a", '0', "", "text");
	tar_end(&tar);
	for (size_t at = 512; at < tar.len; at += 500) {
		bed b;
		bad.len = 0;
		assert_ok(cof_buf_add(&bad, tar.data, tar.len, &err));
		bad.data[at] ^= 1;
		setup(&b);
		unpack(&b, &bad, &tar, NULL);
		assert_says(&b, "layer-digest-mismatch");
		teardown(&b);
	}
}

static void t036_bytes_too_few_or_too_many(void **state)
{
	bed b;
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO(cof_buf) more = {0};
	(void)state;
	tar_entry(&tar, "a", '0', "", "text");
	tar_end(&tar);
	assert_ok(cof_buf_add(&more, tar.data, tar.len, &err));
	assert_ok(cof_buf_add_str(&more, "x", &err));
	setup(&b);
	unpack(&b, &more, &tar, NULL);
	assert_says(&b, "layer-size-mismatch");
	teardown(&b);
	setup(&b);
	unpack(&b, &tar, &more, NULL);
	assert_says(&b, "layer-size-mismatch");
	teardown(&b);
}

/* Nothing of a tar can be written outside of the staging folder. */
static void t032_no_way_out(void **state)
{
	static const struct {
		const char *name, *link;
		char type;
	} cases[] = {{"../out", "", '0'}, {"a/../../out", "", '0'}, {"hard", "../../../etc/passwd", '1'}};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		bed b;
		COF_AUTO(cof_buf) tar = {0};
		setup(&b);
		tar_entry(&tar, cases[i].name, cases[i].type, cases[i].link, cases[i].type == '0' ? "x" : "");
		tar_end(&tar);
		unpack(&b, &tar, &tar, NULL);
		rig_turn(&b.r, &b.heard, 1);
		assert_int_equal(b.m.type, COF_ROLE_ERR);
		assert_false(rig_has(&b.r, "out"));
		teardown(&b);
	}
}

/* T-29: what should be encrypted and comes without a key is no plain layer. */
static void t029_no_key_pipe(void **state)
{
	bed b;
	COF_AUTO(cof_buf) tar = {0};
	(void)state;
	tar_entry(&tar, "a", '0', "", "text");
	tar_end(&tar);
	setup(&b);
	unpack(&b, &tar, &tar, TEXT("{\"cipheroptions\":{}}"));
	rig_turn(&b.r, &b.heard, 1);
	assert_int_equal(b.m.type, COF_ROLE_ERR);
	assert_false(rig_has(&b.r, "s0/a"));
	teardown(&b);
}

/* --- layers below --- */

static void say_lowers(bed *b, uint32_t type)
{
	assert_ok(cof_chan_send(cof_helper_chan(b->helper), type, (cof_span){0}, NULL, 0, &err));
}

/* The entry's folder is none of this layer's: what it is, only the layers below know. */
static void needs_lowers(bed *b, cof_buf *tar)
{
	setup(b);
	assert_int_equal(mkdirat(b->folder, "s1", 0755), 0);
	tar_entry(tar, "dir/a", '0', "", "text");
	tar_end(tar);
	unpack_at(b, 1, tar, tar, NULL);
}

/* It waits for the word, looks at the layers below then, and no sooner: they get their names in the meantime. */
static void layers_below_may_come_later(void **state)
{
	bed b;
	COF_AUTO(cof_buf) tar = {0};
	struct stat st;
	(void)state;
	needs_lowers(&b, &tar);
	for (int i = 0; i < 5; i++) {
		const struct timeval step = {.tv_usec = 20000};
		(void)event_base_loopexit(b.r.base, &step);
		(void)event_base_dispatch(b.r.base);
	}
	assert_int_equal(b.heard, 0);
	assert_int_equal(mkdirat(b.folder, "0", 0755), 0);
	assert_int_equal(mkdirat(b.folder, "0/dir", 0751), 0);
	assert_int_equal(fchmodat(b.folder, "0/dir", 0751, 0), 0);
	say_lowers(&b, COF_UNPACKER_LOWERS);
	assert_says(&b, NULL);
	assert_int_equal(fstatat(b.folder, "s1/dir", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0751);
	teardown(&b);
}

/* A layer that looks at nothing below it is not held up by what is there, or is not. */
static void a_layer_on_its_own_waits_for_nobody(void **state)
{
	bed b;
	COF_AUTO(cof_buf) tar = {0};
	(void)state;
	setup(&b);
	assert_int_equal(mkdirat(b.folder, "s1", 0755), 0);
	tar_entry(&tar, "a", '0', "", "text");
	tar_end(&tar);
	unpack_at(&b, 1, &tar, &tar, NULL);
	assert_says(&b, NULL);
	teardown(&b);
}

static void t059_a_wrong_word_about_the_layers_below(void **state)
{
	static const uint32_t types[] = {COF_UNPACKER_JOB, COF_ROLE_DONE, 4711};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		bed b;
		COF_AUTO(cof_buf) tar = {0};
		needs_lowers(&b, &tar);
		say_lowers(&b, types[i]);
		assert_says(&b, "unpacker-malformed");
		teardown(&b);
	}
}

/* T-32: a name that is missing, and a link in its place, are no layer. */
static void t032_layers_below_are_folders(void **state)
{
	bed b;
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO(cof_buf) again = {0};
	(void)state;
	needs_lowers(&b, &tar);
	say_lowers(&b, COF_UNPACKER_LOWERS);
	assert_says(&b, "unpack-io");
	teardown(&b);
	needs_lowers(&b, &again);
	assert_int_equal(symlinkat("/etc", b.folder, "0"), 0);
	say_lowers(&b, COF_UNPACKER_LOWERS);
	assert_says(&b, "unpack-io");
	teardown(&b);
}

/* Init went away before it gave a job: there is nothing to stay for. */
static void no_init_no_unpacker(void **state)
{
	int pair[2], status = 0;
	(void)state;
	assert_ok(cof_chan_pair(pair, &err));
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(pair[0]);
		_exit(cof_unpacker_main(pair[1]));
	}
	(void)close(pair[0]);
	(void)close(pair[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t059_not_a_job),
		cmocka_unit_test(t047_job_of_the_wrong_shape),
		cmocka_unit_test(t032_folders),
		cmocka_unit_test(files_come_out),
		cmocka_unit_test(t036_one_bit),
		cmocka_unit_test(t036_bytes_too_few_or_too_many),
		cmocka_unit_test(t032_no_way_out),
		cmocka_unit_test(t029_no_key_pipe),
		cmocka_unit_test(layers_below_may_come_later),
		cmocka_unit_test(a_layer_on_its_own_waits_for_nobody),
		cmocka_unit_test(t059_a_wrong_word_about_the_layers_below),
		cmocka_unit_test(t032_layers_below_are_folders),
		cmocka_unit_test(no_init_no_unpacker),
	};
	if (rig_role(argc, argv) != NULL)
		_exit(cof_unpacker_main(COF_HELPER_CHAN));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
