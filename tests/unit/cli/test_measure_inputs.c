/* SPDX-License-Identifier: Apache-2.0 */
/* From options to inputs: nothing that was named is passed over, and nothing is taken for something else. */
#include "runtime/cli/measure_inputs.h"

#include "runtime/cli/cli.h"
#include "tests/unit/cli/guest_files.h"
#include "tests/unit/tdx/make_tdvf.h"

typedef struct lab {
	guest_files g;
	char firmware[160], kernel[160], document[160];
} lab;

static const char document[] = "{\"format\":\"coffer-launch/1\",\"firmware\":{\"size\":4096,\"sha256\":"
			       "\"0000000000000000000000000000000000000000000000000000000000000000\"}}";

static int set_up(void **state)
{
	static lab l;
	COF_AUTO(cof_buf) image = {0};
	l = (lab){0};
	guest_files_make(&l.g, "q35");
	make_tdvf(&image, tdvf_usual, COF_COUNT(tdvf_usual));
	assert_ok(cof_file_write(tmpdir_path(&l.g.dir, "tdvf.fd", l.firmware), cof_buf_span(&image), 0600, &err));
	(void)tmpdir_path(&l.g.dir, "vmlinuz", l.kernel);
	guest_put(&l.g, "launch.json", document, 0600);
	(void)tmpdir_path(&l.g.dir, "launch.json", l.document);
	*state = &l;
	return 0;
}

static int tear_down(void **state)
{
	lab *l = *state;
	guest_files_drop(&l->g);
	return 0;
}

enum { ARGS_MAX = 20 };

static int load(const char *const *words, bool any, cof_measure_inputs *ret, cof_err *err)
{
	char *argv[ARGS_MAX + 2] = {(char *)(uintptr_t) "measure"};
	const cof_tee_measure *tees[COF_TEES_MAX + 1];
	cof_measure_opts o;
	int argc = 1;
	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	assert_int_equal(cof_measure_options(argc, argv, false, &o), COF_EXIT_YES);
	o.any = any;
	assert_int_equal(cof_measure_tees(o.tee, tees, err), 0);
	return cof_measure_inputs_load(&o, tees, ret, err);
}

#define LOAD(ret, ...) load((const char *const[]){__VA_ARGS__, NULL}, false, ret, &err)

#define assert_usage(...)                                                                                              \
	do {                                                                                                           \
		COF_AUTO(cof_measure_inputs) none_ = {0};                                                              \
		assert_fails(LOAD(&none_, __VA_ARGS__), "usage");                                                      \
	} while (0)

/* A prediction of other files than those that were named would look just like the right one. */
static void t017_every_file_that_is_named_counts(void **state)
{
	const lab *l = *state;
	static const char *const boots[] = {"--kernel", "--initrd", "--append"};
	for (size_t i = 0; i < COF_COUNT(boots); i++) {
		assert_usage("--tee", "sev", boots[i], l->kernel);
		assert_usage("--tee", "sev", "--guest", l->g.manifest, boots[i], l->kernel);
		assert_usage("--tee", "sev", "--launch", l->document, boots[i], l->kernel);
	}
	assert_usage("--tee", "sev", "--launch", l->document, "--firmware", l->firmware);
	assert_usage("--tee", "sev", "--launch", l->document, "--guest", l->g.manifest);
	COF_AUTO(cof_measure_inputs) i = {0};
	assert_ok(LOAD(&i, "--tee", "sev", "--firmware", l->firmware, "--kernel", l->kernel, "--append", "quiet"));
	assert_true(i.doc.kernel.given);
	assert_string_equal(i.doc.cmdline, "quiet");
}

/* QEMU takes neither alone, and the digest would be that of a machine that boots anything. */
static void t017_initrd_and_command_line_belong_to_a_kernel(void **state)
{
	const lab *l = *state;
	assert_usage("--tee", "sev", "--firmware", l->firmware, "--initrd", l->kernel);
	assert_usage("--tee", "sev", "--firmware", l->firmware, "--append", "quiet");
	COF_AUTO(cof_measure_inputs) i = {0};
	assert_ok(LOAD(&i, "--tee", "sev", "--firmware", l->firmware));
}

static void one_cpu_may_be_asked_for(void **state)
{
	lab *l = *state;
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_measure_inputs) profile = {0};
	COF_AUTO(cof_measure_inputs) one = {0};
	assert_ok(cof_file_read(l->g.manifest, 1 << 16, &text, &err));
	char *at = strstr(cof_buf_str(&text), "\"vcpus\":1");
	assert_non_null(at);
	at[strlen("\"vcpus\":")] = '4';
	guest_put(&l->g, "manifest.json", cof_buf_str(&text), 0600);
	assert_ok(LOAD(&profile, "--tee", "seves", "--guest", l->g.manifest, "--vcpu-type", "EPYC"));
	assert_int_equal(profile.in.vcpus, 4);
	assert_ok(LOAD(&one, "--tee", "seves", "--guest", l->g.manifest, "--vcpu-type", "EPYC", "--vcpus", "1"));
	assert_int_equal(one.in.vcpus, 1);
}

static void signatures_by_number(void **state)
{
	const lab *l = *state;
	static const char *const bad[] = {"271,0,0",  "25,256,0", "25,1,16", "25,1",
					  "25,1,1,1", "",	  "25,1,",   "00000000000000025,1,1"};
	COF_AUTO(cof_measure_inputs) zero = {0};
	COF_AUTO(cof_measure_inputs) most = {0};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_usage("--tee", "seves", "--firmware", l->firmware, "--vcpu-fms", bad[i]);
	assert_usage("--tee", "seves", "--firmware", l->firmware);
	assert_usage("--tee", "seves", "--firmware", l->firmware, "--vcpu-sig", "0", "--vcpu-type", "EPYC");
	assert_ok(LOAD(&zero, "--tee", "seves", "--firmware", l->firmware, "--vcpu-sig", "0"));
	assert_int_equal(zero.in.vcpu_sig, 0);
	assert_ok(LOAD(&most, "--tee", "seves", "--firmware", l->firmware, "--vcpu-fms", "270,255,15"));
	assert_int_equal(most.in.vcpu_sig, 0x0fff0fff);
}

static void an_svsm_has_its_own_features(void **state)
{
	const lab *l = *state;
	COF_AUTO(cof_measure_inputs) i = {0};
	assert_usage("--tee", "snp", "--firmware", l->firmware, "--vcpu-type", "EPYC", "--svsm", l->firmware,
		     "--svsm-vars-size", "4096", "--guest-features", "0x21");
	assert_ok(LOAD(&i, "--tee", "snp", "--firmware", l->firmware, "--vcpu-type", "EPYC", "--svsm", l->firmware,
		       "--svsm-vars-size", "4096"));
}

/* A search needs both, a prediction the one that was asked for. */
static void orders_of_pages(void **state)
{
	const lab *l = *state;
	static const uint8_t none[COF_SHA384_LEN];
	const char *const words[] = {"--tee", "tdx", "--firmware", l->firmware, NULL};
	COF_AUTO(cof_measure_inputs) one = {0};
	COF_AUTO(cof_measure_inputs) both = {0};
	assert_ok(load(words, false, &one, &err));
	assert_memory_not_equal(one.doc.tdx.mrtd[COF_MRTD_PAGE], none, sizeof none);
	assert_memory_equal(one.doc.tdx.mrtd[COF_MRTD_SECTION], none, sizeof none);
	assert_ok(load(words, true, &both, &err));
	assert_memory_equal(both.doc.tdx.mrtd[COF_MRTD_PAGE], one.doc.tdx.mrtd[COF_MRTD_PAGE], sizeof none);
	assert_memory_not_equal(both.doc.tdx.mrtd[COF_MRTD_SECTION], none, sizeof none);
}

/* T-17: of a firmware whose release is not known, QEMU's version alone says what it is offered. */
static void t017_an_unknown_release_is_not_an_old_one(void **state)
{
	const lab *l = *state;
	COF_AUTO(cof_measure_inputs) recent = {0};
	COF_AUTO(cof_measure_inputs) old = {0};
	assert_ok(LOAD(&recent, "--tee", "sev,tpm", "--firmware", l->firmware, "--qemu-version", "10"));
	assert_false(recent.in.patched_kernel);
	assert_ok(LOAD(&old, "--tee", "tpm", "--firmware", l->firmware, "--qemu-version", "9"));
	assert_true(old.in.patched_kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(t017_every_file_that_is_named_counts),
		T(t017_initrd_and_command_line_belong_to_a_kernel),
		T(one_cpu_may_be_asked_for),
		T(signatures_by_number),
		T(an_svsm_has_its_own_features),
		T(orders_of_pages),
		T(t017_an_unknown_release_is_not_an_old_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
