/* SPDX-License-Identifier: Apache-2.0 */
/* Tar archives as tables of files: what is found there, where links lead, and what refuses the whole. */
#include "image-decrypt/archive.h"

#include "common/proc.h"
#include "image-decrypt/archive_new.h"
#include "tests/unit/image/mktar.h"
#include "tests/unit/image/scratch.h"

static int open_bytes(const scratch *s, cof_span bytes, cof_archive **ret, cof_err *why)
{
	char path[96];
	(void)snprintf(path, sizeof path, "%s/a.tar", s->top);
	assert_ok(cof_file_write(path, bytes, 0600, &err));
	return cof_archive_open(ret, path, why);
}

static int open_tar(const scratch *s, const cof_buf *tar, cof_archive **ret, cof_err *err)
{
	return open_bytes(s, cof_buf_span(tar), ret, err);
}

static void put_file(cof_buf *tar, const char *name, const char *text)
{
	tar_put(tar, (tar_spec){.type = '0', .name = name, .data = text});
}

static void put_link(cof_buf *tar, char type, const char *name, const char *to)
{
	tar_put(tar, (tar_spec){.type = type, .name = name, .link = to});
}

static void reads(const cof_archive *a, const char *name, const char *want)
{
	COF_AUTO(cof_buf) got = {0};
	const cof_archive_file *f = cof_archive_find(a, name);
	if (f == NULL)
		fail_msg("no %s", name);
	assert_int_equal(cof_archive_size(f), strlen(want));
	assert_ok(cof_archive_read(a, f, 1000, &got, &err));
	assert_string_equal(cof_buf_str(&got), want);
}

static void finds_files(void **state)
{
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO_PTR(cof_archive) a = NULL;
	COF_AUTO(cof_buf) got = {0};
	tar_dir(&tar, "./dir/");
	put_file(&tar, "./dir/one", "first");
	put_file(&tar, "two", "");
	put_file(&tar, "/three", "third");
	tar_end(&tar);
	assert_ok(open_tar(*state, &tar, &a, &err));
	reads(a, "dir/one", "first");
	reads(a, "two", "");
	reads(a, "three", "third");
	assert_null(cof_archive_find(a, "dir"));
	assert_null(cof_archive_find(a, "./two"));
	assert_null(cof_archive_find(a, ""));
	assert_fails(cof_archive_read(a, cof_archive_find(a, "three"), 4, &got, &err), "file-too-large");
	assert_ok(cof_archive_head(a, cof_archive_find(a, "three"), 3, &got, &err));
	assert_string_equal(cof_buf_str(&got), "thi");
}

static void links_stay_inside(void **state)
{
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO_PTR(cof_archive) a = NULL;
	put_file(&tar, "x/file", "here");
	put_link(&tar, '2', "y/up", "../x/file");
	put_link(&tar, '2', "y/abs", "/x/file");
	put_link(&tar, '1', "y/hard", "x/file");
	put_link(&tar, '2', "y/twice", "up");
	put_link(&tar, '2', "y/out", "../../x/file");
	put_link(&tar, '2', "y/etc", "../../../../../../../../etc/passwd");
	put_link(&tar, '2', "loop", "loop");
	put_link(&tar, '2', "ping", "pong");
	put_link(&tar, '2', "pong", "ping");
	put_link(&tar, '2', "nowhere", "absent");
	tar_end(&tar);
	assert_ok(open_tar(*state, &tar, &a, &err));
	const char *const good[] = {"y/up", "y/abs", "y/hard", "y/twice"};
	for (size_t i = 0; i < COF_COUNT(good); i++)
		reads(a, good[i], "here");
	const char *const bad[] = {"y/out", "y/etc", "loop", "ping", "nowhere"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_null(cof_archive_find(a, bad[i]));
}

static void what_is_refused(void **state)
{
	const char *const names[] = {"../x", "a/../../x", "."};
	cof_archive *a = NULL;
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		COF_AUTO(cof_buf) tar = {0};
		put_file(&tar, names[i], "x");
		tar_end(&tar);
		assert_fails(open_tar(*state, &tar, &a, &err), "archive-malformed");
	}
	COF_AUTO(cof_buf) twice = {0};
	put_file(&twice, "f", "x");
	put_file(&twice, "./f", "y");
	tar_end(&twice);
	assert_fails(open_tar(*state, &twice, &a, &err), "archive-malformed");
	COF_AUTO(cof_buf) junk = {0};
	for (int i = 0; i < 100; i++)
		assert_ok(cof_buf_add_str(&junk, "no archive at all ", &err));
	assert_fails(open_tar(*state, &junk, &a, &err), "tar-checksum");
	assert_fails(cof_archive_open(&a, "/nowhere/a.tar", &err), "no-such-file");
	assert_fails(cof_archive_open(&a, "/dev/null", &err), "archive-malformed");
}

static void a_cut_archive(void **state)
{
	COF_AUTO(cof_buf) tar = {0};
	put_file(&tar, "a", "first");
	put_file(&tar, "b", "second");
	size_t whole = tar.len;
	tar_end(&tar);
	for (size_t n = 1; n < whole; n++) {
		cof_archive *a = NULL;
		cof_err why = {0};
		/* Between entries, or in what only fills a block, nothing is lost of what is there. */
		if (n % 1024 == 0 || n % 1024 >= 512 + strlen("first"))
			continue;
		assert_true(open_bytes(*state, cof_span_of(tar.data, n), &a, &why) < 0);
		assert_null(a);
	}
	COF_AUTO(cof_buf) huge = {0};
	cof_archive *a = NULL;
	tar_put(&huge, (tar_spec){.type = '0', .name = "f", .size = (size_t)1 << 32});
	assert_fails(open_tar(*state, &huge, &a, &err), "archive-malformed");
}

static void a_compressed_archive(void **state)
{
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO_PTR(cof_archive) a = NULL;
	const scratch *s = *state;
	char path[96];
	put_file(&tar, "f", "packed");
	tar_end(&tar);
	(void)snprintf(path, sizeof path, "%s/a.tar", s->top);
	assert_ok(cof_file_write(path, cof_buf_span(&tar), 0600, &err));
	const char *const argv[] = {"gzip", path, NULL};
	const cof_proc_opts opts = {.argv = argv, .search_path = true};
	cof_proc p = COF_PROC_NONE;
	int status = -1;
	assert_ok(cof_proc_spawn(&opts, &p, &err));
	assert_ok(cof_proc_wait(&p, 30000, &status, &err));
	assert_int_equal(status, 0);
	(void)snprintf(path, sizeof path, "%s/a.tar.gz", s->top);
	assert_ok(cof_archive_open(&a, path, &err));
	reads(a, "f", "packed");
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_file_read(path, 1 << 20, &text, &err));
	cof_archive *none = NULL;
	assert_fails(open_bytes(s, cof_span_of(text.data, text.len - 9), &none, &err), "layer-inflate");
}

static void what_is_written_is_read(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_archive_new) n = NULL;
	COF_AUTO_PTR(cof_archive) a = NULL;
	char path[96], name[102];
	int fd = -EBADF;
	(void)snprintf(path, sizeof path, "%s/new.tar", s->top);
	memset(name, 'n', sizeof name);
	name[100] = name[101] = '\0';
	assert_ok(cof_archive_create(&n, path, &err));
	assert_ok(cof_archive_add(n, "a", cof_span_str("first"), &err));
	assert_ok(cof_archive_begin(n, &fd, &err));
	assert_ok(cof_fd_write_all(fd, cof_span_str("forgotten"), &err));
	cof_archive_abort(n);
	assert_ok(cof_archive_begin(n, &fd, &err));
	assert_ok(cof_fd_write_all(fd, cof_span_str("sec"), &err));
	assert_ok(cof_fd_write_all(fd, cof_span_str("ond"), &err));
	assert_ok(cof_archive_end(n, name, &err));
	name[100] = 'n';
	assert_fails(cof_archive_add(n, name, cof_span_str("x"), &err), "archive-name");
	cof_archive_abort(n);
	name[100] = '\0';
	assert_int_not_equal(access(path, F_OK), 0);
	assert_ok(cof_archive_commit(n, &err));
	assert_ok(cof_archive_open(&a, path, &err));
	reads(a, "a", "first");
	reads(a, name, "second");
}

/* Sizes that octal digits cannot say; the hole costs no disk. */
static void a_large_file(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_archive_new) n = NULL;
	COF_AUTO_PTR(cof_archive) a = NULL;
	char path[96];
	int fd = -EBADF;
	const uint64_t size = (uint64_t)9 << 30;
	(void)snprintf(path, sizeof path, "%s/large.tar", s->top);
	assert_ok(cof_archive_create(&n, path, &err));
	assert_ok(cof_archive_begin(n, &fd, &err));
	if (ftruncate(fd, (off_t)(512 + size)) < 0)
		skip(); /* a file system that has no room for holes */
	assert_ok(cof_archive_end(n, "large", &err));
	assert_ok(cof_archive_add(n, "after", cof_span_str("it"), &err));
	assert_ok(cof_archive_commit(n, &err));
	assert_ok(cof_archive_open(&a, path, &err));
	assert_int_equal(cof_archive_size(cof_archive_find(a, "large")), size);
	reads(a, "after", "it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(finds_files),		 T(links_stay_inside),	     T(what_is_refused), T(a_cut_archive),
		T(a_compressed_archive), T(what_is_written_is_read), T(a_large_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
