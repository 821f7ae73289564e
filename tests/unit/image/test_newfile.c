/* SPDX-License-Identifier: Apache-2.0 */
/* Files that get their names when they are whole, on file systems that know files without names and on others. */
#include "image-decrypt/newfile.h"

#include <dirent.h>
#include <sys/stat.h>

#include "tests/unit/image/scratch.h"

static size_t entries(const char *folder)
{
	size_t n = 0;
	DIR *d = opendir(folder);
	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n - 2;
}

static void gets_its_name_at_the_end(void **state)
{
	const scratch *s = *state;
	char path[128];
	struct stat st;
	(void)snprintf(path, sizeof path, "%s/whole", s->root);
	for (int again = 0; again < 2; again++) {
		COF_AUTO(cof_newfile) n = COF_NEWFILE_NONE;
		assert_ok(cof_newfile_create(s->root, &n, &err));
		assert_ok(cof_fd_write_all(n.fd, cof_span_str(again ? "second" : "first"), &err));
		assert_int_equal(entries(s->root), (size_t)again + (n.path != NULL));
		assert_ok(cof_newfile_publish(&n, path, 0640, &err));
		assert_int_equal(entries(s->root), 1);
		scratch_text(s, "whole", again ? "second" : "first"); /* it takes the place of what had the name */
	}
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void leaves_nothing(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_newfile) n = COF_NEWFILE_NONE;
	assert_ok(cof_newfile_create(s->root, &n, &err));
	cof_newfile_release(&n);
	assert_int_equal(entries(s->root), 0);
	assert_ok(cof_newfile_create(s->root, &n, &err));
	assert_fails(cof_newfile_publish(&n, "/nonexistent/folder/file", 0644, &err), "create-failed");
	cof_newfile_release(&n);
	assert_int_equal(entries(s->root), 0);
	assert_fails(cof_newfile_create("/nonexistent/folder", &n, &err), "create-failed");
}

/* A file that has a name from the beginning, as where there are none without. */
static void with_a_name_from_the_beginning(void **state)
{
	const scratch *s = *state;
	char path[128];
	COF_AUTO(cof_newfile) n = COF_NEWFILE_NONE;
	(void)snprintf(path, sizeof path, "%s/.new-XXXXXX", s->root);
	n.fd = mkostemp(path, O_CLOEXEC);
	n.path = strdup(path);
	(void)snprintf(path, sizeof path, "%s/whole", s->root);
	assert_ok(cof_fd_write_all(n.fd, cof_span_str("text"), &err));
	assert_ok(cof_newfile_publish(&n, path, 0644, &err));
	assert_int_equal(entries(s->root), 1);
	scratch_text(s, "whole", "text");
}

static void spools_have_no_name(void **state)
{
	(void)state;
	struct stat st;
	int opened = -EBADF;
	assert_ok(cof_newfile_spool(&opened, &err));
	COF_AUTO_FD int fd = opened;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(gets_its_name_at_the_end),
		T(leaves_nothing),
		T(with_a_name_from_the_beginning),
		T(spools_have_no_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
