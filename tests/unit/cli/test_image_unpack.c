/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image unpack` and `unpack-layer`: what they print, and how they refuse. */
#include "runtime/cli/image.h"

#include <sys/sysmacros.h>

#include "tests/unit/cli/captured.h"
#include "tests/unit/image/mkimage.h"
#include "tests/unit/image/scratch.h"

#define UNPACK(...) captured(cof_cmd_image_unpack, "unpack", (const char *const[]){__VA_ARGS__, NULL}, "out", "err")
#define LAYER(...)                                                                                                     \
	captured(cof_cmd_image_unpack_layer, "unpack-layer", (const char *const[]){__VA_ARGS__, NULL}, "out", "err")

static int begin(void **state)
{
	int r = scratch_up(state);
	const scratch *s = *state;
	assert_int_equal(chdir(s->top), 0);
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "plain", true);
	layout_demo(l, "v1");
	COF_AUTO(cof_buf) t = {0};
	tar_file(&t, "a", "content");
	tar_end(&t);
	assert_ok(cof_file_write("layer.tar", cof_buf_span(&t), 0600, &err));
	COF_AUTO(cof_buf) d = {0};
	uint8_t h[512];
	tar_header(h, &(tar_spec){.type = '3', .name = "null", .mode = 0666});
	tar_octal(h + 329, 8, 1);
	tar_octal(h + 337, 8, 3);
	tar_checksum(h);
	assert_ok(cof_buf_add(&d, h, sizeof h, &err));
	tar_end(&d);
	assert_ok(cof_file_write("device.tar", cof_buf_span(&d), 0600, &err));
	return r;
}

static int end(void **state)
{
	assert_int_equal(chdir("/"), 0);
	return scratch_down(state);
}

static json_t *said(void)
{
	json_t *v = NULL;
	assert_ok(cof_json_read_file("out", 1 << 20, &v, &err));
	return v;
}

static void wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(UNPACK("oci:plain:v1"), COF_EXIT_USAGE);
	assert_int_equal(UNPACK("--nonsense", "oci:plain:v1", "r"), COF_EXIT_USAGE);
	assert_int_equal(UNPACK("--devices", "some", "oci:plain:v1", "r"), COF_EXIT_USAGE);
	assert_int_equal(UNPACK("--max-bytes", "0", "oci:plain:v1", "r"), COF_EXIT_USAGE);
	assert_int_equal(UNPACK("--max-bytes", "1M", "oci:plain:v1", "r"), COF_EXIT_USAGE);
	assert_int_equal(LAYER("--kek", "x", "layer.tar", "r"), COF_EXIT_USAGE);
	assert_int_equal(UNPACK("--help"), COF_EXIT_YES);
	assert_says("out", "--require-encrypted");
	assert_int_equal(LAYER("layer.tar"), COF_EXIT_USAGE);
	assert_int_equal(LAYER("absent.tar", "r"), COF_EXIT_USAGE);
	assert_says("err", "no-such-file");
	assert_int_equal(LAYER("--help"), COF_EXIT_YES);
	assert_int_equal(access("r", F_OK), -1);
}

static void tells_what_it_made(void **state)
{
	(void)state;
	assert_int_equal(UNPACK("--json", "oci:plain:v1", "r"), COF_EXIT_YES);
	COF_AUTO_PTR(json_t) image = said();
	assert_true(json_is_true(json_object_get(image, "ok")));
	assert_int_equal(json_integer_value(json_object_get(image, "entries")), 2);
	const json_t *layer = json_array_get(json_object_get(image, "layers"), 0);
	assert_int_equal(json_integer_value(json_object_get(layer, "bytes")), 2560);
	assert_int_equal(access("r/etc/secret", F_OK), 0);
	assert_int_equal(LAYER("--json", "layer.tar", "l"), COF_EXIT_YES);
	COF_AUTO_PTR(json_t) one = said();
	assert_int_equal(json_integer_value(json_object_get(one, "entries")), 1);
	assert_int_equal(access("l/a", F_OK), 0);
	assert_int_equal(LAYER("layer.tar", "l"), COF_EXIT_USAGE);
	assert_says("err", "target-exists");
}

static void t035_a_limit_of_ones_own(void **state)
{
	(void)state;
	assert_int_equal(LAYER("--max-bytes", "2047", "layer.tar", "r"), COF_EXIT_NO);
	assert_says("err", "layer-too-large");
	assert_int_equal(LAYER("--max-bytes", "2048", "layer.tar", "r"), COF_EXIT_YES);
}

static void encryption_can_be_demanded(void **state)
{
	(void)state;
	assert_int_equal(UNPACK("--require-encrypted", "oci:plain:v1", "r"), COF_EXIT_NO);
	assert_says("err", "layer-not-encrypted");
	assert_int_equal(access("r", F_OK), -1);
}

static void t032_devices_are_asked_for_by_name(void **state)
{
	struct stat st;
	(void)state;
	assert_int_equal(LAYER("device.tar", "r"), COF_EXIT_NO);
	assert_says("err", "tar-device");
	assert_int_equal(access("r", F_OK), -1);
	if (geteuid() != 0)
		skip();
	assert_int_equal(LAYER("--devices", "allow", "device.tar", "r"), COF_EXIT_YES);
	assert_int_equal(lstat("r/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3) && (st.st_mode & 07777) == 0666);
	assert_int_equal(LAYER("--devices", "refuse", "--json", "device.tar", "r2"), COF_EXIT_NO);
	assert_says("out", "tar-device");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
		T(wrong_usage),
		T(tells_what_it_made),
		T(t035_a_limit_of_ones_own),
		T(encryption_can_be_demanded),
		T(t032_devices_are_asked_for_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
