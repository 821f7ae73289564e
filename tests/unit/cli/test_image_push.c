/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image pull` and `push`: a real registry, another implementation's layouts and archives, and a person's
 * screen. */
#include <limits.h>
#include <stdlib.h>

#include "runtime/cli/image.h"
#include "tests/unit/cli/captured.h"
#include "tests/unit/cli/screen.h"
#include "tests/unit/image/in_scratch.h"
#include "tests/unit/image/mkimage.h"
#include "tests/unit/image/vec.h"

#define VERB(verb, ...) captured(cof_cmd_image_##verb, #verb, (const char *const[]){__VA_ARGS__, NULL}, "out", "err")

static char vectors[PATH_MAX];
static char at_registry[64], ca[128]; /* what a command line needs for it */

/* Before any test leaves this folder. */
static int all_begin(void **state)
{
	(void)registry_up_for_all(state);
	if (vectors_dir() != NULL)
		assert_non_null(realpath(vectors_dir(), vectors));
	(void)snprintf(at_registry, sizeof at_registry, "%s:%u", REGISTRY_NAME, up.port);
	(void)snprintf(ca, sizeof ca, "%s/cert.pem", up.dir);
	return 0;
}

static int begin(void **state)
{
	int r = in_scratch_up(state);
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "plain", true);
	layout_demo(l, "v1");
	return r;
}

static json_t *said(void)
{
	json_t *v = NULL;
	assert_ok(cof_json_read_file("out", 1 << 20, &v, &err));
	return v;
}

/* What the last verb printed, a digest alone. */
static void take_digest(char out[COF_DIGEST_STR_MAX])
{
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_file_read("out", COF_DIGEST_STR_MAX, &text, &err));
	(void)snprintf(out, COF_DIGEST_STR_MAX, "%.*s", (int)strcspn(cof_buf_str(&text), "\n"), cof_buf_str(&text));
	assert_int_equal(strlen(out), 71);
}

static void assert_digest(const char *name, const char *want)
{
	char got[COF_DIGEST_STR_MAX];
	assert_int_equal(VERB(digest, name), COF_EXIT_YES);
	take_digest(got);
	assert_string_equal(got, want);
}

static void wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(VERB(pull, "one"), COF_EXIT_USAGE);
	assert_int_equal(VERB(pull, "--platform", "amd64", "oci:plain:v1", "oci:new"), COF_EXIT_USAGE);
	assert_says("err", "platform-malformed");
	assert_int_equal(VERB(push, "oci:plain:v1", "docker-archive:x.tar"), COF_EXIT_USAGE);
	assert_says("err", "depot-read-only");
	assert_int_equal(VERB(pull, "oci:plain:v2", "oci:new"), COF_EXIT_NO);
	assert_says("err", "tag-missing");
	assert_int_equal(VERB(pull, "busybox", "oci:new"), COF_EXIT_NO);
	assert_says("err", "reference-short");
	assert_int_equal(VERB(pull, "--json", "oci:plain:v2", "oci:new"), COF_EXIT_NO);
	assert_says("out", "\"reason\": \"tag-missing\"");
	assert_int_equal(VERB(pull, "--help"), COF_EXIT_YES);
	assert_says("out", "docker-archive:FILE");
	assert_int_not_equal(access("new", F_OK), 0);
}

static void what_bare_names_mean(void **state)
{
	char resolve[128], name[128], digest[COF_DIGEST_STR_MAX];
	(void)state;
	if (!running)
		skip();
	(void)snprintf(resolve, sizeof resolve, "%s:127.0.0.1", at_registry);
	(void)snprintf(name, sizeof name, "%s/team/app:v1", at_registry);
	assert_int_equal(VERB(push, "--ca", ca, "--resolve", resolve, "plain:v1", name), COF_EXIT_YES);
	take_digest(digest);
	assert_int_equal(VERB(pull, "--ca", ca, "--resolve", resolve, "--json", name, "back:v2"), COF_EXIT_YES);
	COF_AUTO_PTR(json_t) doc = said();
	assert_string_equal(json_string_value(json_object_get(doc, "digest")), digest);
	assert_int_equal(json_integer_value(json_object_get(doc, "manifests")), 1);
	assert_int_equal(json_integer_value(json_object_get(doc, "blobs")), 2);
	assert_int_equal(json_integer_value(json_object_get(doc, "present_bytes")), 0);
	assert_digest("back:v2", digest);
	(void)snprintf(name, sizeof name, "docker://%s/team/app:v1", at_registry);
	assert_int_equal(VERB(inspect, "--ca", ca, "--resolve", resolve, name), COF_EXIT_YES);
	assert_says("out", digest);
	/* Its own roots alone do not know that registry. */
	assert_int_not_equal(VERB(pull, "--resolve", resolve, name, "other"), COF_EXIT_YES);
	assert_says("err", "tls-untrusted");
}

/* --- with skopeo --- */

static bool have_skopeo(void)
{
	static const char *const places[] = {"/usr/bin/skopeo", "/usr/local/bin/skopeo"};
	for (size_t i = 0; i < COF_COUNT(places); i++)
		if (access(places[i], X_OK) == 0)
			return true;
	(void)fprintf(stderr, "no skopeo: skipped\n");
	return false;
}

static void skopeo_copy(const char *from, const char *to)
{
	const char *const argv[] = {"skopeo", "--insecure-policy", "copy", "-q", "--all", from, to, NULL};
	run_tool(argv);
}

/* One image through both programs and every kind of place; it stays the same to the last byte. */
static void there_and_back_with_skopeo(void **state)
{
	static const char *const refs[] = {"run-plain", "run-enc", "b-zst-lib-two", "m-two-schemes",
					   "index-amd64-arm64"};
	(void)state;
	if (vectors[0] == '\0' || !have_skopeo())
		skip();
	for (size_t i = 0; i < COF_COUNT(refs); i++) {
		char from[PATH_MAX + 64], digest[COF_DIGEST_STR_MAX], names[6][64];
		static const char *const kinds[] = {
			"oci-archive:a%zu.tar:x", "oci:b%zu:y", "oci:c%zu:z", "oci-archive:d%zu.tar:x",
			"oci-archive:e%zu.tar:x", "oci:f%zu:y"};
		for (size_t k = 0; k < COF_COUNT(kinds); k++) {
			COF_AUTO(cof_buf) text = {0};
			const char *rest = strstr(kinds[k], "%zu");
			assert_ok(cof_buf_printf(&text, &err, "%.*s%zu%s", (int)(rest - kinds[k]), kinds[k], i,
						 rest + 3));
			(void)snprintf(names[k], sizeof names[k], "%s", cof_buf_str(&text));
		}
		(void)snprintf(from, sizeof from, "oci:%s/image/oci:%s", vectors, refs[i]);
		assert_int_equal(VERB(pull, "--all", from, names[0]), COF_EXIT_YES); /* ours writes an archive */
		take_digest(digest);
		skopeo_copy(names[0], names[1]);					 /* which skopeo reads */
		assert_int_equal(VERB(pull, "--all", names[1], names[2]), COF_EXIT_YES); /* and we its layout */
		skopeo_copy(names[2], names[3]);					 /* and it ours */
		assert_int_equal(VERB(push, "--all", names[3], names[4]), COF_EXIT_YES);
		assert_int_equal(VERB(push, "--all", names[4], names[5]), COF_EXIT_YES);
		COF_AUTO(cof_buf) text = {0};
		assert_ok(cof_file_read("out", 200, &text, &err));
		assert_non_null(strstr(cof_buf_str(&text), digest));
	}
}

/* skopeo knows no --resolve: it asks loopback, and believes in any certificate. */
static void a_registry_between_us_and_skopeo(void **state)
{
	char from[PATH_MAX + 64], resolve[128], ours[128], theirs[128], digest[COF_DIGEST_STR_MAX];
	(void)state;
	if (vectors[0] == '\0' || !running || !have_skopeo())
		skip();
	(void)snprintf(from, sizeof from, "oci:%s/image/oci:index-amd64-arm64", vectors);
	(void)snprintf(resolve, sizeof resolve, "%s:127.0.0.1", at_registry);
	(void)snprintf(ours, sizeof ours, "docker://%s/between/app:v1", at_registry);
	(void)snprintf(theirs, sizeof theirs, "docker://127.0.0.1:%u/between/app:v1", up.port);
	assert_int_equal(VERB(push, "--ca", ca, "--resolve", resolve, "--all", from, ours), COF_EXIT_YES);
	take_digest(digest);
	const char *const pull[] = {"skopeo", "--insecure-policy",   "copy", "-q", "--all", "--src-tls-verify=false",
				    theirs,   "oci-archive:a.tar:x", NULL};
	run_tool(pull);
	theirs[strlen(theirs) - 1] = '2';
	ours[strlen(ours) - 1] = '2';
	const char *const push[] = {"skopeo",
				    "--insecure-policy",
				    "copy",
				    "-q",
				    "--all",
				    "--dest-tls-verify=false",
				    "oci-archive:a.tar:x",
				    theirs,
				    NULL};
	run_tool(push);
	assert_int_equal(VERB(pull, "--ca", ca, "--resolve", resolve, "--all", ours, "oci:back"), COF_EXIT_YES);
	assert_says("out", digest);
}

/* docker's archives, links within them and all, as skopeo writes them. */
static void docker_archives_of_skopeo(void **state)
{
	char from[PATH_MAX + 64], digest[COF_DIGEST_STR_MAX];
	(void)state;
	if (vectors[0] == '\0' || !have_skopeo())
		skip();
	(void)snprintf(from, sizeof from, "oci:%s/image/oci:run-plain", vectors);
	const char *const argv[] = {
		"skopeo", "--insecure-policy", "copy", "-q", from, "docker-archive:d.tar:example/app:v1", NULL};
	run_tool(argv);
	assert_int_equal(VERB(pull, "docker-archive:d.tar:example/app:v1", "oci:from:x"), COF_EXIT_YES);
	take_digest(digest);
	assert_digest("docker-archive:d.tar", digest);
	assert_digest("docker-archive:d.tar:@0", digest);
	assert_int_equal(VERB(inspect, "oci:from:x"), COF_EXIT_YES); /* the same image: what it unpacks to */
	assert_says("out", "sha256:6b14a20da6deb0fac4ff66e10306099d41c227835837ddd95640ce21ab54cc14");
	assert_int_equal(VERB(pull, "docker-archive:d.tar:example/app:v2", "oci:none"), COF_EXIT_NO);
	assert_says("err", "tag-missing");
}

/* --- on a screen --- */

static void lines_on_a_screen(void **state)
{
	(void)state;
	COF_AUTO(screen) s = screen_open();
	const char *const words[] = {"oci:plain:v1", "oci:shown", NULL};
	assert_int_equal(captured(cof_cmd_image_pull, "pull", words, "out", s.name), COF_EXIT_YES);
	screen_read(&s);
	assert_true(screen_says(&s, "layer  ") && screen_says(&s, "config ") && screen_says(&s, "in all"));
	assert_true(screen_says(&s, "2 of 2"));
	assert_int_equal(captured(cof_cmd_image_pull, "pull", words, "out", s.name), COF_EXIT_YES);
	screen_read(&s);
	assert_true(screen_says(&s, "there already"));
	/* Nothing on a pipe, and nothing for machines. */
	assert_int_equal(VERB(pull, "oci:plain:v1", "oci:quiet"), COF_EXIT_YES);
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_file_read("err", 1 << 20, &text, &err));
	assert_int_equal(text.len, 0);
	const char *const json[] = {"--json", "oci:plain:v1", "oci:machine", NULL};
	assert_int_equal(captured(cof_cmd_image_pull, "pull", json, "out", s.name), COF_EXIT_YES);
	screen_read(&s);
	assert_false(screen_says(&s, "layer"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, in_scratch_down)
		T(wrong_usage),
		T(what_bare_names_mean),
		T(there_and_back_with_skopeo),
		T(a_registry_between_us_and_skopeo),
		T(docker_archives_of_skopeo),
		T(lines_on_a_screen),
	};
	return cmocka_run_group_tests(tests, all_begin, registry_down_for_all);
}
