/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/flat.h"
#include "tests/unit/image/mkimage.h"
#include "tests/unit/image/scratch.h"

static int unpack(const scratch *s, const char *tag, cof_err *err)
{
	COF_AUTO_PTR(cof_layout) from = layout_at(s->top, "l", false);
	char target[256];
	cof_digest d;
	(void)snprintf(target, sizeof target, "%s/tree", s->top);
	const cof_flat_opts opts = {0};
	return cof_flat_unpack(from, tag, target, &opts, &d, err);
}

static size_t folders(const scratch *s)
{
	struct stat st;
	assert_int_equal(stat(s->top, &st), 0);
	return st.st_nlink - 2;
}

static void t036_failures_leave_nothing(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	COF_AUTO(cof_buf) late = {0};
	tar_file(&late, "good", "x");
	tar_file(&late, "../bad", "x");
	tar_end(&late);
	layout_image(l, "climbs", &late);
	assert_fails(unpack(s, "climbs", &err), "tar-name");
	COF_AUTO(cof_buf) dev = {0};
	tar_put(&dev, (tar_spec){.type = '3', .name = "null"});
	tar_end(&dev);
	layout_image(l, "device", &dev);
	assert_fails(unpack(s, "device", &err), "tar-device");
	assert_int_equal(folders(s), 2); /* x and l */
}

static void an_existing_target_is_kept(void **state)
{
	const scratch *s = *state;
	char path[256];
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	layout_demo(l, "v1");
	(void)snprintf(path, sizeof path, "%s/tree", s->top);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_fails(unpack(s, "v1", &err), "target-exists");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("x", path), 0);
	assert_fails(unpack(s, "v1", &err), "target-exists");
}

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
	uint64_t *last = arg;
	assert_true(done >= *last && done <= total);
	*last = done;
}

static void tells_progress(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	uint64_t last = 0;
	char target[256];
	cof_digest d;
	layout_demo(l, "v1");
	(void)snprintf(target, sizeof target, "%s/tree", s->top);
	const cof_flat_opts opts = {.progress = on_progress, .progress_arg = &last};
	assert_ok(cof_flat_unpack(l, "v1", target, &opts, &d, &err));
	assert_true(last > 0);
	(void)snprintf(target, sizeof target, "%s/tree/etc/secret", s->top);
	assert_int_equal(access(target, R_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(t036_failures_leave_nothing),
		T(an_existing_target_is_kept),
		T(tells_progress),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
