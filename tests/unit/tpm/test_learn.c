/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tpm/learn.h"

#include <stdio.h>

#include "tests/unit/firmware/make_log.h"
#include "tests/unit/firmware/make_ovmf.h"
#include "tests/unit/firmware/make_pe.h"

/* A boot of a made-up firmware: everything that a prediction needs, and the log that such a boot would leave. */
typedef struct boot {
	cof_buf code, kernel, loader, log;
	cof_firmware_build build;
	cof_tpm_launch in;
	cof_tpm_prediction *p;
} boot;

static void boot_release(boot *b)
{
	cof_buf_release(&b->code);
	cof_buf_release(&b->kernel);
	cof_buf_release(&b->loader);
	cof_buf_release(&b->log);
	free(b->p);
}
COF_DEFINE_AUTO(boot, boot_release)

static void put_raw(cof_buf *b, const cof_ref_event *e, cof_span data)
{
	cof_wr w = cof_wr_to(b);
	cof_wr_u32le(&w, e->reg);
	cof_wr_u32le(&w, e->type);
	cof_wr_u32le(&w, 1);
	cof_wr_u16le(&w, 0xb);
	cof_wr_bytes(&w, cof_digest_span(&e->digest));
	cof_wr_u32le(&w, (uint32_t)data.len);
	cof_wr_bytes(&w, data);
	assert_false(w.failed);
}

static void put_guid_variable(cof_buf *b, uint8_t first, const char *name, cof_span data)
{
	static const uint8_t global[16] = {0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
					   0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};
	static const uint8_t security[16] = {0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45,
					     0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f};
	size_t at = b->len;
	put_variable(b, name, data);
	memcpy(b->data + at, first == 0x61 ? global : security, 16);
}

/* The data that a firmware writes beside a predicted event. */
static void data_of(const boot *b, const cof_ref_event *e, cof_buf *ret)
{
	static const struct {
		const char *word, *name;
		uint8_t guid;
	} variables[] = {{"secure-boot", "SecureBoot", 0x61},
			 {"pk", "PK", 0x61},
			 {"kek", "KEK", 0x61},
			 {"db", "db", 0xcb},
			 {"dbx", "dbx", 0xcb}};
	uint8_t one = 1;
	uint8_t order[4] = {0, 0, 1, 0};
	for (size_t i = 0; i < COF_COUNT(variables); i++) {
		bool has = i == 0 && b->build.secure_boot >= 0;
		if (strcmp(e->name, variables[i].word) == 0)
			put_guid_variable(ret, variables[i].guid, variables[i].name, (cof_span){&one, has});
	}
	if (strcmp(e->name, "crtm-version") == 0)
		assert_ok(cof_buf_add(ret, "v\0001\0\0\0", 6, &err));
	if (strcmp(e->name, "separator") == 0)
		assert_ok(cof_buf_add(ret, "\0\0\0\0", 4, &err));
	if (strcmp(e->name, "boot-order") == 0)
		put_guid_variable(ret, 0x61, "BootOrder", cof_span_of(order, 2 * b->build.n_options));
	for (size_t i = 0; i < b->build.n_options; i++) {
		char name[COF_EVENT_NAME_MAX];
		(void)snprintf(name, sizeof name, "boot-%04zx", i);
		if (strcmp(e->name, name) == 0)
			put_guid_variable(ret, 0x61, "Boot000x",
					  cof_span_of(b->build.options[i].data, b->build.options[i].len));
	}
	static const char *const actions[][2] = {
		{"boot-attempt", "Calling EFI Application from Boot Option"},
		{"exit-boot-services", "Exit Boot Services Invocation"},
		{"exit-boot-services-done", "Exit Boot Services Returned with Success"},
	};
	for (size_t i = 0; i < COF_COUNT(actions); i++) {
		if (strcmp(e->name, actions[i][0]) == 0)
			assert_ok(cof_buf_add_str(ret, actions[i][1], &err));
	}
}

static void write_log(boot *b)
{
	static const log_alg sha256[] = {{0xb, 32}};
	cof_buf_release(&b->log);
	put_spec_id(&b->log, sha256, 1);
	for (size_t i = 0; i < b->p->n; i++) {
		COF_AUTO(cof_buf) data = {0};
		data_of(b, &b->p->events[i], &data);
		put_raw(&b->log, &b->p->events[i], cof_buf_span(&data));
	}
}

static void run_boot(boot *b)
{
	b->in.extra = &b->build;
	assert_ok(cof_tpm_predict(&b->in, b->p, &err));
	b->in.extra = NULL;
	write_log(b);
}

static void put_loader(cof_buf *b)
{
	static const char *const files[] = {"etc/acpi/rsdp", "etc/tpm/log", "etc/acpi/tables"};
	for (size_t i = 0; i < COF_COUNT(files); i++) {
		cof_wr w = cof_wr_to(b);
		cof_wr_u32le(&w, 1);
		cof_wr_bytes(&w, cof_span_str(files[i]));
		cof_wr_zeros(&w, 124 - strlen(files[i]));
		assert_false(w.failed);
	}
}

static void set_up(boot *b)
{
	b->p = calloc(1, sizeof *b->p);
	assert_non_null(b->p);
	put_ovmf(&b->code);
	make_pe(&b->kernel, 0x300, 0);
	pe_put(&b->kernel, 0x202, 4, 0x53726448);
	pe_put(&b->kernel, 0x206, 4, 0x20f);
	pe_put(&b->kernel, 0x211, 1, 1);
	put_loader(&b->loader);
	b->in = (cof_tpm_launch){.code = cof_buf_span(&b->code),
				 .kernel = cof_buf_span(&b->kernel),
				 .initrd = cof_span_str("initrd"),
				 .has_initrd = true,
				 .cmdline = "quiet",
				 .memory_bytes = 512 << 20,
				 .acpi = {cof_buf_span(&b->loader), cof_span_str("r"), {0}, cof_span_str("t")}};
	b->build = (cof_firmware_build){.version = "v1",
					.secure_boot = -1,
					.measures_acpi = true,
					.takes_plain_kernel = true,
					.n_options = 2,
					.options = {{0, 3, {1, 2, 3}}, {1, 4, {4, 5, 6, 7}}}};
	assert_ok(cof_sha256(b->in.code, b->build.code_sha256, &err));
}

static void assert_learnt(boot *b)
{
	COF_AUTO(cof_eventlog) log = {0};
	cof_firmware_build got;
	run_boot(b);
	assert_ok(cof_eventlog_parse(cof_buf_span(&b->log), COF_SHA256, &log, &err));
	assert_ok(cof_firmware_learn(&b->in, &log, &got, &err));
	assert_string_equal(got.version, "v1");
	assert_int_equal(got.timer_word, b->build.timer_word);
	assert_int_equal(got.secure_boot, b->build.secure_boot);
	assert_int_equal(got.initrd_first, b->build.initrd_first);
	assert_int_equal(got.measures_acpi, b->build.measures_acpi);
	assert_int_equal(got.n_options, b->build.n_options);
	assert_memory_equal(got.options, b->build.options, sizeof got.options);
	assert_memory_equal(got.code_sha256, b->build.code_sha256, COF_SHA256_LEN);
}

/* T-15: a log that was not made by this very boot teaches nothing: every single digest counts. */
static void t015_every_changed_event_is_refused(void **state)
{
	(void)state;
	COF_AUTO(boot) b = {0};
	set_up(&b);
	run_boot(&b);
	COF_AUTO(cof_eventlog) log = {0};
	assert_ok(cof_eventlog_parse(cof_buf_span(&b.log), COF_SHA256, &log, &err));
	for (size_t i = 0; i < log.n; i++) {
		cof_firmware_build got = {.n_options = 77};
		cof_err why = {0};
		log.events[i].digest.bytes[9] ^= 1;
		assert_true(cof_firmware_learn(&b.in, &log, &got, &why) < 0);
		assert_true(strncmp(why.reason, "calibration-", 12) == 0 ||
			    strcmp(why.reason, "eventlog-data-mismatch") == 0);
		assert_int_equal(got.n_options, 77);
		log.events[i].digest.bytes[9] ^= 1;
	}
}

static void t015_every_missing_event_is_refused(void **state)
{
	(void)state;
	COF_AUTO(boot) b = {0};
	set_up(&b);
	run_boot(&b);
	for (size_t gone = 0; gone < b.p->n; gone++) {
		COF_AUTO(cof_eventlog) log = {0};
		cof_firmware_build got;
		cof_err why = {0};
		assert_ok(cof_eventlog_parse(cof_buf_span(&b.log), COF_SHA256, &log, &err));
		memmove(&log.events[gone], &log.events[gone + 1], (log.n - gone - 1) * sizeof log.events[0]);
		log.n--;
		assert_true(cof_firmware_learn(&b.in, &log, &got, &why) < 0);
	}
	COF_AUTO(cof_eventlog) empty = {0};
	cof_firmware_build got;
	assert_fails(cof_firmware_learn(&b.in, &empty, &got, &err), "calibration-inconsistent");
}

static void another_kernel_or_machine_is_told(void **state)
{
	(void)state;
	COF_AUTO(boot) b = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_firmware_build got;
	cof_err why = {0};
	set_up(&b);
	run_boot(&b);
	assert_ok(cof_eventlog_parse(cof_buf_span(&b.log), COF_SHA256, &log, &err));
	b.in.acpi.tables = cof_span_str("u");
	assert_true(cof_firmware_learn(&b.in, &log, &got, &why) < 0);
	assert_string_equal(why.reason, "calibration-inconsistent");
	assert_non_null(strstr(why.text, "acpi-tables"));
}

static void a_pei_volume_that_varies_is_unpredictable(void **state)
{
	(void)state;
	COF_AUTO(boot) b = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_firmware_build got;
	set_up(&b);
	run_boot(&b);
	b.p->events[1].digest.bytes[0] ^= 1;
	write_log(&b);
	assert_ok(cof_eventlog_parse(cof_buf_span(&b.log), COF_SHA256, &log, &err));
	assert_fails(cof_firmware_learn(&b.in, &log, &got, &err), "calibration-unpredictable");
}

static void every_kind_of_build_is_learnt(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 16; kind++) {
		COF_AUTO(boot) b = {0};
		set_up(&b);
		b.build.initrd_first = (kind & 1) != 0;
		b.build.secure_boot = (kind & 2) != 0 ? 1 : -1;
		b.build.timer_word = (kind & 4) != 0 ? 16 : 0;
		b.build.measures_acpi = (kind & 8) == 0;
		assert_learnt(&b);
	}
}

/* Each of thousands of tries hashes the whole volume: an image must not choose how long that takes. */
static void a_pei_volume_that_no_build_has(void **state)
{
	(void)state;
	COF_AUTO(boot) b = {0};
	COF_AUTO(cof_buf) zeros = {0};
	COF_AUTO(cof_buf) pei = {0};
	COF_AUTO(cof_buf) dxe = {0};
	COF_AUTO(cof_buf) stream = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_firmware_build got;
	set_up(&b);
	cof_wr w = cof_wr_to(&zeros);
	cof_wr_zeros(&w, COF_LEARN_VOLUME_MAX);
	put_fv(&pei, name_peifv, cof_buf_span(&zeros));
	put_fv(&dxe, name_dxefv, cof_span_str("files"));
	put_section(&stream, 0x17, cof_buf_span(&pei));
	put_section(&stream, 0x17, cof_buf_span(&dxe));
	b.code.len = 0;
	put_image(&b.code, cof_buf_span(&stream));
	b.in.code = cof_buf_span(&b.code);
	assert_ok(cof_sha256(b.in.code, b.build.code_sha256, &err));
	b.build.timer_word = 16;
	run_boot(&b);
	assert_ok(cof_eventlog_parse(cof_buf_span(&b.log), COF_SHA256, &log, &err));
	assert_fails(cof_firmware_learn(&b.in, &log, &got, &err), "calibration-unpredictable");
}

static void which_kernel_is_taken_shows_in_the_log(void **state)
{
	(void)state;
	for (int plain = 0; plain < 2; plain++) {
		COF_AUTO(boot) b = {0};
		COF_AUTO(cof_eventlog) log = {0};
		cof_firmware_build got;
		set_up(&b);
		b.in.plain_kernel = true;
		b.build.takes_plain_kernel = plain == 1;
		run_boot(&b);
		assert_ok(cof_eventlog_parse(cof_buf_span(&b.log), COF_SHA256, &log, &err));
		assert_ok(cof_firmware_learn(&b.in, &log, &got, &err));
		assert_int_equal(got.takes_plain_kernel, plain == 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t015_every_changed_event_is_refused),
		cmocka_unit_test(t015_every_missing_event_is_refused),
		cmocka_unit_test(another_kernel_or_machine_is_told),
		cmocka_unit_test(a_pei_volume_that_varies_is_unpredictable),
		cmocka_unit_test(a_pei_volume_that_no_build_has),
		cmocka_unit_test(every_kind_of_build_is_learnt),
		cmocka_unit_test(which_kernel_is_taken_shows_in_the_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
