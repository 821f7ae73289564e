/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tpm/pcr.h"

#include "tests/unit/launch_vectors.h"

enum { VARS_LEN = 0x84000 };

typedef struct firmware_file {
	const char *name;
	const char *xz;
	size_t skip;
} firmware_file;

static const firmware_file firmware_files[] = {
	{"ovmf-2025.02", "fixtures/ovmf-2025.02.fd.xz", VARS_LEN},
	{"ovmf-2026.08", "fixtures/ovmf-2026.08-generic.fd.xz", VARS_LEN},
	{"ovmf-2022.11-4m", "fixtures/ovmf-2022.11-code4m.fd.xz", 0},
};

/* Everything that one prediction borrows from. */
typedef struct capture {
	cof_buf image, kernel, initrd, table_loader, rsdp, tables, tpm_log, smbios;
	cof_tpm_launch in;
} capture;

static void capture_release(capture *c)
{
	cof_buf_release(&c->image);
	cof_buf_release(&c->kernel);
	cof_buf_release(&c->initrd);
	cof_buf_release(&c->table_loader);
	cof_buf_release(&c->rsdp);
	cof_buf_release(&c->tables);
	cof_buf_release(&c->tpm_log);
	cof_buf_release(&c->smbios);
}
COF_DEFINE_AUTO(capture, capture_release)

static void load_firmware(const char *name, capture *c)
{
	for (size_t i = 0; i < COF_COUNT(firmware_files); i++) {
		const firmware_file *f = &firmware_files[i];
		if (strcmp(f->name, name) != 0)
			continue;
		vector_read_xz(f->xz, &c->image);
		c->in.code = (cof_span){c->image.data + f->skip, c->image.len - f->skip};
		c->in.vars = (cof_span){c->image.data, f->skip};
		return;
	}
	fail_msg("firmware %s", name);
}

static void load_file(const json_t *files, const char *key, cof_buf *ret)
{
	const char *name = jstr(json_object_get(files, key), "file");
	if (name == NULL)
		return;
	if (strstr(name, ".xz") != NULL)
		vector_read_xz(name, ret);
	else
		vector_read(name, ret);
}

static void load_acpi(const json_t *files, capture *c)
{
	cof_err err = {0};
	load_file(files, "table_loader", &c->table_loader);
	load_file(files, "acpi_rsdp", &c->rsdp);
	load_file(files, "acpi_tables", &c->tables);
	load_file(files, "smbios_table", &c->smbios);
	assert_int_equal(cof_buf_reserve(&c->tpm_log, 65536, &err), 0);
	memset(c->tpm_log.data, 0, 65536);
	c->tpm_log.len = 65536;
	c->in.acpi = (cof_acpi_blobs){cof_buf_span(&c->table_loader), cof_buf_span(&c->rsdp), cof_buf_span(&c->tpm_log),
				      cof_buf_span(&c->tables)};
	c->in.smbios = cof_buf_span(&c->smbios);
}

/* Linux kernels are not among the vectors: a tiny EFI image takes their place, and its event is checked apart. */
static void load_capture(const json_t *v, const char *stand_in, capture *c)
{
	const char *kernel = jstr(json_object_get(v, "kernel"), "file");
	json_t *initrd = json_object_get(v, "initrd");
	cof_err err = {0};
	load_firmware(jstr(v, "firmware"), c);
	load_acpi(json_object_get(v, "files"), c);
	vector_read(kernel != NULL ? kernel : stand_in, &c->kernel);
	size_t size = (size_t)json_integer_value(json_object_get(initrd, "size"));
	assert_int_equal(cof_buf_reserve(&c->initrd, size + 1, &err), 0);
	memset(c->initrd.data, 0, size);
	c->initrd.len = size;
	c->in.kernel = cof_buf_span(&c->kernel);
	c->in.initrd = cof_buf_span(&c->initrd);
	c->in.has_initrd = json_is_object(initrd);
	c->in.cmdline = jstr(v, "append");
	c->in.machine = strcmp(jstr(v, "machine"), "pc") == 0 ? COF_MACHINE_PC : COF_MACHINE_Q35;
	c->in.memory_bytes = (uint64_t)json_integer_value(json_object_get(v, "memory_mib")) << 20;
	c->in.plain_kernel = strtoul(jstr(v, "qemu"), NULL, 10) >= 10;
}

static void take_digest(cof_digest *out, const char *hex)
{
	cof_err err = {0};
	assert_int_equal(cof_unhex(hex, out->bytes, cof_hash_len(out->alg), &err), 0);
}

static cof_ref_event *event_named(cof_tpm_prediction *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->events[i].name, name) == 0)
			return &p->events[i];
	}
	return NULL;
}

/* Takes the vector's digests for the two inputs that are not stored. */
static void fill_unstored(const json_t *v, cof_tpm_prediction *p)
{
	cof_ref_event *kernel = event_named(p, "kernel"), *initrd = event_named(p, "initrd");
	if (jstr(json_object_get(v, "kernel"), "file") == NULL)
		take_digest(&kernel->digest,
			    jstr(json_object_get(json_object_get(v, "expect"), "kernel_image"), "sha256"));
	if (initrd != NULL)
		take_digest(&initrd->digest, jstr(json_object_get(v, "initrd"), "sha256"));
}

static void assert_same_events(const json_t *v, const cof_tpm_prediction *p)
{
	json_t *events = json_object_get(v, "events");
	size_t at = 0, i;
	json_t *e;
	json_array_foreach (events, i, e) {
		uint32_t type = (uint32_t)json_integer_value(json_array_get(e, 1));
		if (type == COF_EV_NO_ACTION)
			continue;
		assert_true(at < p->n);
		if (p->events[at].type != type)
			print_message("%s: event %zu (%s)\n", jstr(v, "id"), at, p->events[at].name);
		assert_int_equal(p->events[at].type, type);
		assert_int_equal(p->events[at].reg, json_integer_value(json_array_get(e, 0)));
		assert_hex(p->events[at].digest.bytes, COF_SHA256_LEN, json_string_value(json_array_get(e, 3)));
		at++;
	}
	assert_int_equal(at, p->n);
}

static void assert_same_pcrs(const json_t *v, cof_tpm_prediction *p)
{
	json_t *pcrs = json_object_get(json_object_get(v, "pcrs"), "sha256");
	cof_err err = {0};
	assert_int_equal(cof_ref_events_replay(p->events, p->n, COF_LOG_TPM, COF_SHA256, p->pcrs, &err), 0);
	for (uint32_t i = 0; i < COF_PCRS; i++) {
		char key[8];
		(void)snprintf(key, sizeof key, "%u", i);
		if (cof_pcr_is_predicted(i))
			assert_hex(p->pcrs[i].bytes, COF_SHA256_LEN, jstr(pcrs, key));
	}
}

static void check_whole_capture(const json_t *captures, const char *id)
{
	const json_t *v = by_id(captures, id);
	COF_AUTO(capture) c = {0};
	cof_tpm_prediction p;
	cof_err err = {0};
	load_capture(v, "fixtures/tiny1.efi", &c);
	int rc = cof_tpm_predict(&c.in, &p, &err);
	if (rc < 0)
		print_message("%s: %s\n", id, err.text);
	assert_int_equal(rc, 0);
	fill_unstored(v, &p);
	assert_same_events(v, &p);
	assert_same_pcrs(v, &p);
}

static void every_linux_boot_is_predicted(void **state)
{
	(void)state;
	static const char *const ids[] = {"n10", "n17", "n19", "n20", "n21", "e04", "e06", "e07", "x3"};
	COF_AUTO_PTR(json_t) j = vector_json("tpm.json");
	for (size_t i = 0; i < COF_COUNT(ids); i++)
		check_whole_capture(json_object_get(j, "captures"), ids[i]);
}

/* These kernels are not Linux: they stop before any PCR 9 event, so the registers up to the kernel count. */
static void every_tiny_boot_is_predicted(void **state)
{
	(void)state;
	static const char *const ids[] = {"tk01", "tk02", "tk04", "tk07"};
	COF_AUTO_PTR(json_t) j = vector_json("tpm.json");
	const json_t *captures = json_object_get(j, "captures");
	COF_AUTO(capture) blobs = {0};
	load_capture(by_id(captures, "n20"), "fixtures/tiny1.efi", &blobs);
	for (size_t i = 0; i < COF_COUNT(ids); i++) {
		const json_t *v = by_id(captures, ids[i]);
		json_t *pcrs = json_object_get(json_object_get(v, "pcrs"), "sha256");
		COF_AUTO(capture) c = {0};
		cof_tpm_prediction p;
		cof_err err = {0};
		load_capture(v, "fixtures/tiny1.efi", &c);
		c.in.acpi = blobs.in.acpi;
		c.in.smbios = blobs.in.smbios;
		assert_int_equal(cof_tpm_predict(&c.in, &p, &err), 0);
		assert_hex(p.pcrs[0].bytes, COF_SHA256_LEN, jstr(pcrs, "0"));
		assert_hex(p.pcrs[4].bytes, COF_SHA256_LEN, jstr(pcrs, "4"));
		assert_hex(p.pcrs[7].bytes, COF_SHA256_LEN, jstr(pcrs, "7"));
	}
}

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
		cmocka_unit_test(smbios_is_asked_for_where_it_is_measured),
		cmocka_unit_test(a_calibrated_build_is_used_for_its_own_image_only),
		cmocka_unit_test(t011_every_input_moves_its_register),
		cmocka_unit_test(no_cmdline_and_no_initrd_leave_pcr_9_alone),
		cmocka_unit_test(every_linux_boot_is_predicted),
		cmocka_unit_test(every_tiny_boot_is_predicted),
		cmocka_unit_test(the_registers_of_a_prediction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
