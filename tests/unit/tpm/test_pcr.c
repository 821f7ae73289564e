/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tpm/pcr.h"

#include "tests/unit/firmware/make_ovmf.h"
#include "tests/unit/firmware/make_pe.h"
#include "tests/unit/tpm/capture.h"

static void no_cmdline_and_no_initrd_leave_pcr_9_alone(void **state)
{
	(void)state;
	static const uint8_t zero[COF_SHA256_LEN];
	COF_AUTO_PTR(json_t) j = vector_json("tpm.json");
	const json_t *captures = json_object_get(j, "captures");
	COF_AUTO(capture) c = {0};
	cof_tpm_prediction p;
	cof_err err = {0};
	load_capture(by_id(captures, "n19"), "fixtures/tiny1.efi", &c);
	c.in.has_initrd = false;
	c.in.cmdline = NULL;
	assert_int_equal(cof_tpm_predict(&c.in, &p, &err), 0);
	assert_memory_equal(p.pcrs[9].bytes, zero, sizeof zero);
	assert_null(event_named(&p, "cmdline"));
	assert_null(event_named(&p, "initrd"));
}

/* T-011: each measured input changes exactly the register that it belongs to, under the name a refusal shows. */
static void t011_every_input_moves_its_register(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tpm.json");
	COF_AUTO(capture) c = {0};
	cof_tpm_prediction p;
	COF_AUTO_FREE cof_tpm_prediction *base = malloc(sizeof *base);
	cof_err err = {0};
	load_capture(by_id(json_object_get(j, "captures"), "n19"), "fixtures/tiny1.efi", &c);
	assert_int_equal(cof_tpm_predict(&c.in, base, &err), 0);
	struct {
		uint8_t *byte;
		uint32_t pcr;
		const char *name;
	} const moves[] = {
		{c.initrd.data + 7, 9, "initrd"},
		{c.kernel.data + 0x500, 4, "kernel"},
		{c.tables.data + 9, 1, "acpi-tables"},
		{c.rsdp.data + 3, 1, "acpi-rsdp"},
		{c.table_loader.data + 300, 1, "acpi-table-loader"},
	};
	for (size_t i = 0; i < COF_COUNT(moves); i++) {
		*moves[i].byte ^= 1;
		assert_int_equal(cof_tpm_predict(&c.in, &p, &err), 0);
		*moves[i].byte ^= 1;
		for (uint32_t k = 0; k < COF_PCRS; k++)
			assert_int_equal(!cof_digest_equal(&p.pcrs[k], &base->pcrs[k]), k == moves[i].pcr);
		assert_false(cof_digest_equal(&event_named(&p, moves[i].name)->digest,
					      &event_named(base, moves[i].name)->digest));
	}
	c.in.cmdline = "console=ttyS0 quiet ";
	assert_int_equal(cof_tpm_predict(&c.in, &p, &err), 0);
	assert_false(cof_digest_equal(&p.pcrs[9], &base->pcrs[9]));
	assert_true(cof_digest_equal(&p.pcrs[4], &base->pcrs[4]));
}

static void assert_refused(const cof_tpm_launch *in, const char *reason)
{
	cof_tpm_prediction p = {.n = 77};
	cof_err err = {0};
	assert_true(cof_tpm_predict(in, &p, &err) < 0);
	assert_string_equal(err.reason, reason);
	assert_int_equal(p.n, 77);
}

static void what_cannot_be_predicted_is_refused(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tpm.json");
	const json_t *captures = json_object_get(j, "captures");
	COF_AUTO(capture) c = {0};
	COF_AUTO(capture) old = {0};
	load_capture(by_id(captures, "n19"), "fixtures/tiny1.efi", &c);
	load_capture(by_id(captures, "n14"), "fixtures/tiny1.efi", &old);
	assert_refused(&old.in, "firmware-unknown");

	c.image.data[VARS_LEN + 1000] ^= 1;
	assert_refused(&c.in, "firmware-unknown");
	c.image.data[VARS_LEN + 1000] ^= 1;

	c.image.data[0x48 + 28 + 2] = 0xaa;
	assert_refused(&c.in, "vars-not-empty");
	c.image.data[0x48 + 28 + 2] = 0xff;

	c.in.acpi.table_loader.len = 127;
	assert_refused(&c.in, "acpi-malformed");
	c.in.acpi.table_loader.len = 0;
	assert_refused(&c.in, "acpi-malformed");
	c.in.acpi.table_loader = cof_buf_span(&c.table_loader);
	c.table_loader.data[4 + 3] ^= 0x20;
	assert_refused(&c.in, "acpi-malformed");
	c.table_loader.data[4 + 3] ^= 0x20;

	c.in.kernel.len = 1023;
	assert_refused(&c.in, "kernel-malformed");
	c.in.kernel = cof_buf_span(&c.kernel);
	c.in.machine = COF_MACHINE_PC;
	c.in.memory_bytes = 0xb0000000u;
	assert_refused(&c.in, "machine-unsupported");
}

/* A made-up firmware and kernel, so that a clone without vectors predicts too. */
typedef struct made {
	cof_buf code, kernel;
	cof_firmware_build build;
	cof_tpm_launch in;
} made;

static void made_release(made *m)
{
	cof_buf_release(&m->code);
	cof_buf_release(&m->kernel);
}
COF_DEFINE_AUTO(made, made_release)

static void make(made *m)
{
	put_ovmf(&m->code);
	make_pe(&m->kernel, 0x300, 0);
	pe_put(&m->kernel, 0x202, 4, 0x53726448);
	pe_put(&m->kernel, 0x206, 4, 0x20f);
	pe_put(&m->kernel, 0x211, 1, 1);
	m->build = (cof_firmware_build){.version = "v1", .secure_boot = -1};
	assert_ok(cof_sha256(cof_buf_span(&m->code), m->build.code_sha256, &err));
	m->in = (cof_tpm_launch){.code = cof_buf_span(&m->code),
				 .kernel = cof_buf_span(&m->kernel),
				 .initrd = cof_span_str("initrd"),
				 .has_initrd = true,
				 .memory_bytes = 512 << 20,
				 .extra = &m->build};
}

static const cof_hash banks[] = {COF_SHA1, COF_SHA256, COF_SHA384, COF_SHA512};

static cof_digest digest_named(cof_tpm_prediction *p, const char *name)
{
	const cof_ref_event *e = event_named(p, name);
	assert_non_null(e);
	return e != NULL ? e->digest : (cof_digest){0};
}

static bool event_is(cof_tpm_prediction *p, const char *name, const cof_digest *want)
{
	const cof_digest got = digest_named(p, name);
	return cof_digest_equal(&got, want);
}

static void every_bank_is_predicted(void **state)
{
	(void)state;
	COF_AUTO(made) m = {0};
	make(&m);
	for (size_t i = 0; i < COF_COUNT(banks); i++) {
		cof_tpm_prediction p;
		cof_digest want, reg;
		m.in.bank = banks[i];
		assert_ok(cof_tpm_predict(&m.in, &p, &err));
		assert_ok(cof_digest_of(banks[i], cof_span_str("initrd"), &want, &err));
		assert_true(event_is(&p, "initrd", &want));
		cof_reg_start(COF_LOG_TPM, banks[i], 2, 0, &reg);
		const cof_digest separator = digest_named(&p, "separator");
		assert_ok(cof_reg_extend(&reg, &separator, &err));
		assert_true(cof_digest_equal(&p.pcrs[2], &reg));
	}
}

static void digests_stand_for_bytes(void **state)
{
	(void)state;
	COF_AUTO(made) m = {0};
	make(&m);
	for (size_t i = 0; i < COF_COUNT(banks); i++) {
		cof_tpm_prediction p;
		m.in.bank = banks[i];
		assert_ok(cof_tpm_predict(&m.in, &p, &err));
		const cof_digest kernel = digest_named(&p, "kernel"), initrd = digest_named(&p, "initrd");
		cof_tpm_launch by_digest = m.in;
		by_digest.initrd = (cof_span){0};
		by_digest.initrd_digest = &initrd;
		by_digest.initrd_size = strlen("initrd");
		assert_ok(cof_tpm_predict(&by_digest, &p, &err)); /* the kernel is patched with the size */
		assert_true(event_is(&p, "kernel", &kernel));
		by_digest.initrd_size = 0;
		assert_refused(&by_digest, "initrd-file-needed");
		by_digest.initrd_size = strlen("initrd") + 1;
		assert_ok(cof_tpm_predict(&by_digest, &p, &err));
		assert_false(event_is(&p, "kernel", &kernel));
		by_digest.kernel = (cof_span){0};
		by_digest.kernel_digest = &kernel;
		assert_ok(cof_tpm_predict(&by_digest, &p, &err));
		assert_true(event_is(&p, "kernel", &kernel));
		assert_true(event_is(&p, "initrd", &initrd));
	}
}

static void digests_of_another_bank_or_beside_bytes(void **state)
{
	(void)state;
	COF_AUTO(made) m = {0};
	const cof_digest sha256 = {.alg = COF_SHA256}, sha384 = {.alg = COF_SHA384};
	make(&m);
	m.in.kernel_digest = &sha256;
	assert_refused(&m.in, "input-digest");
	m.in.kernel = (cof_span){0};
	m.in.kernel_digest = &sha384;
	assert_refused(&m.in, "input-digest");
	m.in.kernel_digest = &sha256;
	m.in.initrd_digest = &sha256;
	assert_refused(&m.in, "input-digest");
	m.in.initrd = (cof_span){0};
	m.in.initrd_size = UINT64_MAX;
	assert_refused(&m.in, "initrd-too-large");
	m.in.initrd_size = 7;
	m.in.bank = COF_SHA384;
	assert_refused(&m.in, "input-digest");
	m.in.kernel_digest = NULL;
	m.in.initrd_digest = &sha384;
	assert_refused(&m.in, "kernel-malformed"); /* neither bytes nor digest */
}

static void smbios_is_asked_for_where_it_is_measured(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tpm.json");
	COF_AUTO(capture) c = {0};
	load_capture(by_id(json_object_get(j, "captures"), "n20"), "fixtures/tiny1.efi", &c);
	c.in.smbios.len = 0;
	assert_refused(&c.in, "smbios-needed");
	c.in.smbios = (cof_span){c.smbios.data, 40};
	assert_refused(&c.in, "smbios-malformed");
}

static void a_calibrated_build_is_used_for_its_own_image_only(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tpm.json");
	COF_AUTO(capture) c = {0};
	cof_firmware_build build;
	cof_tpm_prediction p;
	COF_AUTO_FREE cof_tpm_prediction *base = malloc(sizeof *base);
	cof_err err = {0};
	load_capture(by_id(json_object_get(j, "captures"), "n19"), "fixtures/tiny1.efi", &c);
	assert_int_equal(cof_tpm_predict(&c.in, base, &err), 0);
	uint8_t sha[COF_SHA256_LEN];
	assert_int_equal(cof_sha256(c.in.code, sha, &err), 0);
	assert_int_equal(cof_firmware_build_find(sha, &build, &err), 0);

	build.version[0] = '3';
	c.in.extra = &build;
	assert_int_equal(cof_tpm_predict(&c.in, &p, &err), 0);
	assert_false(cof_digest_equal(&p.pcrs[0], &base->pcrs[0]));
	build.timer_word = UINT32_MAX;
	assert_refused(&c.in, "firmware-malformed");
	build.code_sha256[0] ^= 1;
	assert_int_equal(cof_tpm_predict(&c.in, &p, &err), 0);
	assert_true(cof_digest_equal(&p.pcrs[0], &base->pcrs[0]));
}

static void the_registers_of_a_prediction(void **state)
{
	(void)state;
	size_t n = 0;
	for (uint32_t i = 0; i < 100; i++)
		n += cof_pcr_is_predicted(i);
	assert_int_equal(n, COF_TPM_PCRS_PREDICTED);
	assert_false(cof_pcr_is_predicted(8));
	assert_true(cof_pcr_is_predicted(9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_predicted_is_refused),
		cmocka_unit_test(every_bank_is_predicted),
		cmocka_unit_test(digests_stand_for_bytes),
		cmocka_unit_test(digests_of_another_bank_or_beside_bytes),
		cmocka_unit_test(smbios_is_asked_for_where_it_is_measured),
		cmocka_unit_test(a_calibrated_build_is_used_for_its_own_image_only),
		cmocka_unit_test(t011_every_input_moves_its_register),
		cmocka_unit_test(no_cmdline_and_no_initrd_leave_pcr_9_alone),
		cmocka_unit_test(the_registers_of_a_prediction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
