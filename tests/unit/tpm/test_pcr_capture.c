/* SPDX-License-Identifier: Apache-2.0 */
/* Every captured boot of the launch vectors, predicted in every bank that its TPM had. */
#include "tests/unit/tpm/capture.h"

/* Two predictions with what they borrow from; on the heap, since a stack frame should not hold that much. */
typedef struct walk {
	json_t *doc;
	cof_buf images[3];
	cof_firmware_build old; /* of ovmf-2022.11, which the table does not have */
	size_t predicted;
} walk;

static void walk_release(walk *w)
{
	json_decref(w->doc);
	for (size_t i = 0; i < COF_COUNT(w->images); i++)
		cof_buf_release(&w->images[i]);
}
COF_DEFINE_AUTO(walk, walk_release)

static void begin(walk *w)
{
	uint8_t sha[COF_SHA256_LEN];
	w->doc = vector_json("tpm.json");
	for (size_t i = 0; i < COF_COUNT(w->images); i++)
		vector_read_xz(firmware_files[i].xz, &w->images[i]);
	assert_ok(cof_sha256((cof_span){w->images[0].data + VARS_LEN, w->images[0].len - VARS_LEN}, sha, &err));
	assert_ok(cof_firmware_build_find(sha, &w->old, &err));
	/* Two years older: the same boot option, and nothing of QEMU's tables. */
	assert_ok(cof_sha256(cof_buf_span(&w->images[2]), w->old.code_sha256, &err));
	w->old.version[0] = '\0';
	w->old.timer_word = 0;
	w->old.secure_boot = 0;
	w->old.measures_acpi = false;
	w->old.takes_plain_kernel = false;
}

static void take_firmware(const walk *w, const char *name, cof_tpm_launch *in)
{
	for (size_t i = 0; i < COF_COUNT(w->images); i++) {
		if (strcmp(firmware_files[i].name, name) != 0)
			continue;
		size_t skip = firmware_files[i].skip;
		in->code = (cof_span){w->images[i].data + skip, w->images[i].len - skip};
		in->vars = (cof_span){w->images[i].data, skip};
		in->extra = skip == 0 ? &w->old : NULL;
	}
	assert_true(in->code.len > 0);
}

static void take_digest(const json_t *digests, cof_hash bank, cof_digest *ret)
{
	*ret = (cof_digest){.alg = bank};
	assert_ok(cof_unhex(jstr(digests, cof_hash_name(bank)), ret->bytes, cof_hash_len(bank), &err));
}

/* One boot in one bank. */
typedef struct boot {
	const json_t *v;
	cof_buf bytes, kernel_file;
	cof_eventlog log;
	capture blobs;
	cof_digest kernel, initrd;
	cof_tpm_prediction p;
} boot;

static void boot_free(boot *b)
{
	cof_eventlog_release(&b->log);
	cof_buf_release(&b->bytes);
	cof_buf_release(&b->kernel_file);
	capture_release(&b->blobs);
	free(b);
}
COF_DEFINE_AUTO_PTR(boot, boot_free)

/* The kernel as a file where one is stored, else by the digest of what this firmware got. */
static void take_kernel(boot *b, cof_tpm_launch *in)
{
	const json_t *kernel = json_object_get(b->v, "kernel");
	const json_t *got = json_object_get(json_object_get(b->v, "expect"), "kernel_image");
	const json_t *file = json_object_get(kernel, "authenticode_unpatched");
	if (!json_is_true(json_object_get(b->v, "kernel_patched_by_vmm")) && got != NULL)
		assert_string_equal(jstr(got, cof_hash_name(in->bank)), jstr(file, cof_hash_name(in->bank)));
	take_digest(got != NULL ? got : file, in->bank, &b->kernel);
	if (jstr(kernel, "file") == NULL) {
		in->kernel_digest = &b->kernel;
		return;
	}
	vector_read(jstr(kernel, "file"), &b->kernel_file);
	in->kernel = cof_buf_span(&b->kernel_file);
}

static void take_launch(const walk *w, boot *b, cof_hash bank, cof_tpm_launch *in)
{
	const json_t *initrd = json_object_get(b->v, "initrd");
	load_acpi(json_object_get(b->v, "files"), &b->blobs);
	*in = (cof_tpm_launch){
		.bank = bank,
		.has_initrd = json_is_object(initrd),
		.cmdline = jstr(b->v, "append"),
		.machine = strcmp(jstr(b->v, "machine"), "pc") == 0 ? COF_MACHINE_PC : COF_MACHINE_Q35,
		.memory_bytes = (uint64_t)json_integer_value(json_object_get(b->v, "memory_mib")) << 20,
		.plain_kernel = strtoul(jstr(b->v, "qemu"), NULL, 10) >= 10,
		.acpi = b->blobs.in.acpi,
		.smbios = b->blobs.in.smbios,
	};
	take_firmware(w, jstr(b->v, "firmware"), in);
	take_kernel(b, in);
	if (!in->has_initrd)
		return;
	take_digest(initrd, bank, &b->initrd);
	in->initrd_digest = &b->initrd;
	in->initrd_size = (uint64_t)json_integer_value(json_object_get(initrd, "size"));
}

/* Some captures came without QEMU's tables: then any table of the right shape stands in, and its digest is open. */
static void stand_in(const walk *w, boot *b, cof_tpm_launch *in)
{
	const json_t *n20 = by_id(json_object_get(w->doc, "captures"), "n20");
	if (b->blobs.table_loader.len > 0)
		return;
	capture_release(&b->blobs);
	b->blobs = (capture){0};
	load_acpi(json_object_get(n20, "files"), &b->blobs);
	in->acpi = b->blobs.in.acpi;
	in->smbios = b->blobs.in.smbios;
}

/* Takes an event's digest from the same place of the log. Only what the capture cannot say is taken so. */
static void open_event(boot *b, const char *prefix)
{
	for (size_t i = 0; i < b->p.n && i < b->log.n; i++) {
		cof_ref_event *e = &b->p.events[i];
		if (strncmp(e->name, prefix, strlen(prefix)) != 0)
			continue;
		assert_int_equal(e->reg, b->log.events[i].reg);
		assert_int_equal(e->type, b->log.events[i].type);
		e->digest = b->log.events[i].digest;
	}
}

static void open_unstored(boot *b, bool has_tables)
{
	static const char *const keys[] = {"secure-boot", "pk", "kek", "db"};
	if (!has_tables) {
		open_event(b, "acpi-");
		open_event(b, "smbios");
	}
	if (strcmp(jstr(b->v, "firmware"), "ovmf-2022.11-4m") == 0)
		open_event(b, "pei-volume");
	for (size_t i = 0; i < COF_COUNT(keys) && strcmp(jstr(b->v, "variables"), "default") != 0; i++)
		open_event(b, keys[i]);
}

/* The tiny kernels are not Linux: they stop before they measure anything or leave the firmware. */
static void drop_what_only_linux_logs(boot *b)
{
	while (b->p.n > 0 && strcmp(b->p.events[b->p.n - 1].name, "separator") != 0)
		b->p.n--;
}

static boot *predict(walk *w, const char *id, cof_hash bank)
{
	boot *b = calloc(1, sizeof *b);
	cof_tpm_launch in;
	assert_non_null(b);
	b->v = by_id(json_object_get(w->doc, "captures"), id);
	vector_read(jstr(b->v, "log"), &b->bytes);
	assert_ok(cof_eventlog_parse(cof_buf_span(&b->bytes), bank, &b->log, &err));
	take_launch(w, b, bank, &in);
	bool has_tables = b->blobs.table_loader.len > 0;
	stand_in(w, b, &in);
	assert_ok(cof_tpm_predict(&in, &b->p, &err));
	open_unstored(b, has_tables);
	if (b->kernel_file.len > 0) {
		assert_true(cof_digest_equal(&event_named(&b->p, "kernel")->digest, &b->kernel));
		drop_what_only_linux_logs(b);
	}
	w->predicted++;
	return b;
}

static void assert_same_pcrs(const boot *b)
{
	const json_t *want = json_object_get(json_object_get(b->v, "pcrs"), cof_hash_name(b->log.bank));
	cof_digest pcrs[COF_REGS_MAX];
	assert_ok(cof_ref_events_replay(b->p.events, b->p.n, COF_LOG_TPM, b->log.bank, pcrs, &err));
	for (uint32_t i = 0; i < COF_PCRS; i++) {
		char key[8];
		(void)snprintf(key, sizeof key, "%u", i);
		if (cof_pcr_is_predicted(i))
			assert_hex(pcrs[i].bytes, cof_hash_len(b->log.bank), jstr(want, key));
	}
}

/* Event by event in the log's order, and then the registers. */
static void check_same(walk *w, const char *id, cof_hash bank)
{
	COF_AUTO_PTR(boot) b = predict(w, id, bank);
	cof_event_diff d;
	if (cof_ref_events_differ(b->p.events, b->p.n, COF_TPM_REGS_PREDICTED, &b->log, &d))
		fail_msg("%s, %s: PCR %u, event %s", id, cof_hash_name(bank), d.reg, d.name);
	assert_int_equal(b->p.n, b->log.n);
	for (size_t i = 0; i < b->p.n; i++)
		assert_int_equal(b->p.events[i].reg, b->log.events[i].reg);
	assert_same_pcrs(b);
}

static void every_boot_is_predicted_in_every_bank(void **state)
{
	(void)state;
	COF_AUTO(walk) w = {0};
	size_t i;
	json_t *v, *pcrs;
	const char *name;
	begin(&w);
	json_array_foreach (json_object_get(w.doc, "captures"), i, v) {
		const char *id = jstr(v, "id");
		if (strcmp(id, "d09") == 0 || strcmp(id, "x2") == 0) /* these two are not what was asked for: below */
			continue;
		json_object_foreach (json_object_get(v, "pcrs"), name, pcrs) {
			cof_hash bank;
			assert_ok(cof_hash_by_bank(name, &bank, &err));
			check_same(&w, id, bank);
		}
	}
	assert_true(w.predicted >= 40);
}

/* T-17: a firmware that does not get the kernel past secure boot and loads it by its old path, unmeasured. */
static void t017_a_kernel_loaded_without_being_measured(void **state)
{
	(void)state;
	static const cof_hash banks[] = {COF_SHA256, COF_SHA384};
	COF_AUTO(walk) w = {0};
	begin(&w);
	for (size_t i = 0; i < COF_COUNT(banks); i++) {
		COF_AUTO_PTR(boot) b = predict(&w, "d09", banks[i]);
		cof_event_diff d;
		assert_true(cof_ref_events_differ(b->p.events, b->p.n, COF_TPM_REGS_PREDICTED, &b->log, &d));
		assert_int_equal(d.reg, 4);
		assert_string_equal(d.name, "kernel");
		assert_int_equal(d.expected_type, COF_EV_EFI_BOOT_SERVICES_APPLICATION);
		assert_int_equal(d.found_type, COF_EV_EFI_ACTION);
		assert_true(cof_digest_equal(&d.expected, &b->kernel));
		/* Nor was the command line, while the initrd was. */
		assert_true(cof_ref_events_differ(b->p.events, b->p.n, 1u << 9, &b->log, &d));
		assert_string_equal(d.name, "cmdline");
		assert_true(cof_digest_equal(&d.found, &b->initrd));
	}
}

/* T-17: a card's own driver runs before the kernel, and PCR 2 says so. */
static void t017_a_driver_from_an_option_rom(void **state)
{
	(void)state;
	COF_AUTO(walk) w = {0};
	begin(&w);
	COF_AUTO_PTR(boot) b = predict(&w, "x2", COF_SHA256);
	cof_event_diff d;
	assert_true(cof_ref_events_differ(b->p.events, b->p.n, COF_TPM_REGS_PREDICTED, &b->log, &d));
	assert_int_equal(d.reg, 2);
	assert_int_equal(d.found_type, COF_EV_EFI_BOOT_SERVICES_DRIVER);
	assert_string_equal(d.name, "separator");
	assert_false(cof_ref_events_differ(b->p.events, b->p.n, COF_TPM_REGS_PREDICTED & ~(1u << 2), &b->log, &d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t017_a_kernel_loaded_without_being_measured),
		cmocka_unit_test(t017_a_driver_from_an_option_rom),
		cmocka_unit_test(every_boot_is_predicted_in_every_bank),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
