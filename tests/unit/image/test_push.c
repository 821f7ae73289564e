/* SPDX-License-Identifier: Apache-2.0 */
/* An image from a layout through a real registry: what comes back is the same image. */
#include "image-decrypt/encrypt.h"
#include "image-decrypt/push.h"
#include "tests/unit/image/mkimage.h"
#include "tests/unit/image/registry_up.h"
#include "tests/unit/image/scratch.h"

static registry_up up;
static bool running;

static int begin(void **state)
{
	(void)state;
	running = registry_start(&up);
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (running)
		registry_stop(&up);
	return 0;
}

static cof_registry *open_registry(const char *name, bool push)
{
	cof_registry *r = NULL;
	cof_ref ref;
	registry_ref(up.port, name, &ref);
	const cof_registry_opts opts = {.ca_pem = cof_buf_span(&up.ca), .resolve = up.resolves, .push = push};
	assert_ok(cof_registry_new(&r, &ref, &opts, &err));
	return r;
}

static void pushes(void **state)
{
	const scratch *s = *state;
	cof_digest d = {0};
	char text[COF_DIGEST_STR_MAX];
	if (!running)
		skip();
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	COF_AUTO_PTR(cof_registry) to = open_registry("pushed/app", true);
	layout_demo(l, "v1");
	assert_ok(cof_push_image(l, "v1", to, "v9", &d, &err));
	assert_ok(cof_push_image(l, "v1", to, NULL, &d, &err)); /* again, by digest */
	cof_digest_str(&d, text);
	const char *const wanted[] = {"v9", text};
	for (size_t i = 0; i < COF_COUNT(wanted); i++) {
		COF_AUTO(cof_image) image = {0};
		COF_AUTO_PTR(cof_registry) from = open_registry("pushed/app", false);
		cof_image_source source = cof_registry_source(from);
		assert_ok(cof_image_load(&source, wanted[i], COF_PLATFORM_DEFAULT, &image, &err));
		assert_true(cof_digest_equal(&image.digest, &d));
	}
}

static void nothing_is_named_when_a_blob_is_missing(void **state)
{
	const scratch *s = *state;
	cof_digest d = {0};
	char path[256], text[COF_DIGEST_STR_MAX];
	if (!running)
		skip();
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	COF_AUTO_PTR(cof_registry) to = open_registry("half/app", true);
	COF_AUTO(cof_image) image = {0};
	COF_AUTO(cof_image) none = {0};
	layout_demo(l, "v1");
	cof_image_source source = cof_layout_source(l);
	assert_ok(cof_image_load(&source, "v1", COF_PLATFORM_DEFAULT, &image, &err));
	cof_digest_str(&image.manifest.layers[0].digest, text);
	(void)snprintf(path, sizeof path, "%s/l/blobs/sha256/%s", s->top, text + 7);
	assert_int_equal(unlink(path), 0);
	assert_fails(cof_push_image(l, "v1", to, "v1", &d, &err), "blob-missing");
	cof_image_source pushed = cof_registry_source(to);
	assert_fails(cof_image_load(&pushed, "v1", COF_PLATFORM_DEFAULT, &none, &err), "registry-not-found");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_named_when_a_blob_is_missing, scratch_up, scratch_down),
		cmocka_unit_test_setup_teardown(pushes, scratch_up, scratch_down),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
