/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/kernel.h"
#include "firmware/pe.h"
#include "firmware/smbios.h"
#include "firmware/tdx/tdx.h"
#include "tests/unit/firmware/make_pe.h"
#include "tests/unit/firmware/make_vars.h"
#include "tests/unit/launch_vectors.h"
#include "tests/unit/tdx/make_tdvf.h"

/* Everything that one launch borrows from. */
typedef struct launch {
	cof_buf firmware, kernel, script, smbios;
	cof_named_blob files[8];
	cof_tdx_sources in;
} launch;

static void launch_release(launch *l)
{
	cof_buf_release(&l->firmware);
	cof_buf_release(&l->kernel);
	cof_buf_release(&l->script);
	cof_buf_release(&l->smbios);
}
COF_DEFINE_AUTO(launch, launch_release)

static void put_allocate(cof_buf *b, const char *file)
{
	cof_wr w = cof_wr_to(b);
	cof_wr_u32le(&w, 1);
	cof_wr_bytes(&w, cof_span_str(file));
	cof_wr_zeros(&w, 124 - strlen(file));
	assert_ok(cof_wr_done(&w, &err));
}

/* A firmware whose variable store is a real, empty one. */
static void put_firmware(cof_buf *b)
{
	COF_AUTO(cof_buf) vars = {0};
	make_tdvf(b, tdvf_usual, COF_COUNT(tdvf_usual));
	put_vars(&vars, 0x1000 - VARS_AT);
	assert_int_equal(vars.len, 0x1000);
	memcpy(b->data, vars.data, vars.len);
}

static void put_smbios(cof_buf *b)
{
	cof_wr w = cof_wr_to(b);
	cof_wr_u8(&w, 127);
	cof_wr_u8(&w, 4);
	cof_wr_zeros(&w, 4);
	assert_ok(cof_wr_done(&w, &err));
}

/* Files in an order that is not the measured one, among them one that is not measured at all. */
static void make_launch(launch *l)
{
	put_firmware(&l->firmware);
	make_pe(&l->kernel, 0x300, 0);
	put_allocate(&l->script, "etc/acpi/rsdp");
	put_allocate(&l->script, "etc/acpi/tables");
	put_smbios(&l->smbios);
	const cof_named_blob files[] = {
		{"bootorder", cof_span_str("order")},
		{"etc/acpi/tables", cof_span_str("tables")},
		{"etc/acpi/rsdp", cof_span_str("rsdp")},
		{"etc/table-loader", cof_buf_span(&l->script)},
		{"etc/e820", cof_span_str("map")},
		{"BootMenu", cof_span_of("\0", 2)},
		{"etc/reserved-memory-end", cof_span_str("end")},
	};
	memcpy(l->files, files, sizeof files);
	l->in = (cof_tdx_sources){.firmware = cof_buf_span(&l->firmware),
				  .release = 202508,
				  .secure_boot = -1,
				  .memory_bytes = 512ull << 20,
				  .kernel = cof_buf_span(&l->kernel),
				  .cmdline = "quiet",
				  .has_initrd = true,
				  .initrd = cof_span_str("initrd"),
				  .fw_cfg = l->files,
				  .n_fw_cfg = COF_COUNT(files),
				  .smbios = cof_buf_span(&l->smbios)};
}

static void assert_refused(const cof_tdx_sources *in, const char *reason)
{
	cof_tdx_inputs got = {.launch = {.n_acpi = 77}};
	assert_fails(cof_tdx_inputs_of(in, &got, &err), reason);
	assert_int_equal(got.launch.n_acpi, 77);
}

/* Each part's refusal is the whole's. */
static void what_cannot_be_measured(void **state)
{
	(void)state;
	COF_AUTO(launch) l = {0};
	make_launch(&l);
	cof_tdx_sources in = l.in;
	in.release = 202211;
	assert_refused(&in, "firmware-release-unknown");
	in = l.in;
	in.firmware.len = 0x2000;
	assert_refused(&in, "tdvf-missing");
	in = l.in;
	in.memory_bytes = 4 << 20;
	assert_refused(&in, "bad-memory-size");
	in = l.in;
	in.kernel.len = 0x1ff;
	assert_refused(&in, "kernel-malformed");
	in.patched_kernel = true;
	assert_refused(&in, "kernel-malformed");
	in = l.in;
	in.smbios.len = 3;
	assert_refused(&in, "smbios-malformed");
	in = l.in;
	in.initrd.len = (size_t)INT32_MAX + 1;
	assert_refused(&in, "initrd-too-large");
}

/* What is in the store would be measured, and nobody said what it is. */
static void variables_that_are_not_expected(void **state)
{
	(void)state;
	COF_AUTO(launch) l = {0};
	make_launch(&l);
	l.firmware.data[VARS_AT + 0x20] = 0;
	assert_refused(&l.in, "vars-not-empty");
	l.firmware.data[VARS_STORE_AT] ^= 1;
	assert_refused(&l.in, "vars-malformed");
}

static void one_variable_store(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) none = {0};
	COF_AUTO(cof_buf) two = {0};
	COF_AUTO(launch) l = {0};
	const cof_tdvf_section without[] = {tdvf_usual[0], tdvf_usual[2], tdvf_usual[3]};
	const cof_tdvf_section twice[] = {tdvf_usual[0],
					  {0, 0x800, 0xffffd000, 0x1000, COF_TDVF_CFV, 0},
					  {0x800, 0x800, 0xffffc000, 0x1000, COF_TDVF_CFV, 0},
					  tdvf_usual[3]};
	make_launch(&l);
	make_tdvf(&none, without, COF_COUNT(without));
	make_tdvf(&two, twice, COF_COUNT(twice));
	l.in.firmware = cof_buf_span(&none);
	assert_refused(&l.in, "firmware-malformed");
	l.in.firmware = cof_buf_span(&two);
	assert_refused(&l.in, "firmware-malformed");
}

/* T-016: a script that names what is not there, or is not a script. */
static void t016_acpi_files_that_are_not_there(void **state)
{
	(void)state;
	COF_AUTO(launch) l = {0};
	make_launch(&l);
	l.files[1].name = "etc/acpi/tables2";
	assert_refused(&l.in, "acpi-malformed");
	l.files[1].name = "etc/acpi/tables";
	l.files[3].bytes.len = 127;
	assert_refused(&l.in, "acpi-malformed");
}

static void assert_digest(const cof_digest *got, cof_span bytes)
{
	cof_digest want = {0};
	assert_ok(cof_digest_of(COF_SHA384, bytes, &want, &err));
	assert_true(cof_digest_equal(got, &want));
}

static void every_input_has_its_digest(void **state)
{
	(void)state;
	COF_AUTO(launch) l = {0};
	COF_AUTO(cof_buf) hob = {0};
	cof_tdx_inputs got = {0};
	cof_tdvf meta = {0};
	uint8_t mrtd[COF_TDX_DIGEST_LEN];
	cof_digest kernel = {0}, smbios = {0};
	make_launch(&l);
	assert_ok(cof_tdx_inputs_of(&l.in, &got, &err));
	assert_ok(cof_tdvf_parse(l.in.firmware, &meta, &err));
	assert_ok(cof_tdx_mrtd(l.in.firmware, &meta, COF_MRTD_PAGE, mrtd, &err));
	assert_ok(cof_tdx_hob_list(&meta, l.in.memory_bytes, &hob, &err));
	assert_ok(cof_pe_digest(l.in.kernel, COF_SHA384, &kernel, &err));
	assert_ok(cof_smbios_digest(l.in.smbios, COF_SHA384, &smbios, &err));
	assert_int_equal(got.launch.layout.release, 202508);
	assert_int_equal(got.launch.mrtd.alg, COF_SHA384);
	assert_memory_equal(got.launch.mrtd.bytes, mrtd, sizeof mrtd);
	assert_true(got.launch.has_hob);
	assert_digest(&got.launch.hob, cof_buf_span(&hob));
	assert_digest(&got.launch.cfv, (cof_span){l.firmware.data, 0x1000});
	assert_int_equal(got.launch.n_fw_cfg, 3);
	assert_digest(&got.launch.fw_cfg[0], cof_span_of("\0", 2));
	assert_digest(&got.launch.fw_cfg[1], cof_span_str("end"));
	assert_digest(&got.launch.fw_cfg[2], cof_span_str("order"));
	assert_int_equal(got.launch.n_acpi, 3);
	assert_digest(&got.launch.acpi[0], cof_buf_span(&l.script));
	assert_digest(&got.launch.acpi[1], cof_span_str("rsdp"));
	assert_digest(&got.launch.acpi[2], cof_span_str("tables"));
	assert_true(cof_digest_equal(got.launch.smbios, &smbios));
	assert_true(cof_digest_equal(&got.launch.kernel, &kernel));
	assert_digest(&got.launch.initrd, cof_span_str("initrd"));
	assert_string_equal(got.launch.cmdline, "quiet");
	assert_int_equal(got.launch.secure_boot, -1);
}

static void what_is_left_out(void **state)
{
	(void)state;
	COF_AUTO(launch) l = {0};
	cof_tdx_inputs got = {0};
	cof_tdx_prediction p = {0};
	make_launch(&l);
	l.in.no_hob = true;
	l.in.has_initrd = false;
	l.in.smbios.len = 0;
	l.in.n_fw_cfg = 0;
	assert_ok(cof_tdx_inputs_of(&l.in, &got, &err));
	assert_false(got.launch.has_hob);
	assert_false(got.launch.has_initrd);
	assert_null(got.launch.smbios);
	assert_null(got.launch.acpi);
	assert_int_equal(got.launch.n_fw_cfg, 2);
	assert_digest(&got.launch.fw_cfg[0], cof_span_of("\0", 2));
	assert_digest(&got.launch.fw_cfg[1], cof_span_of("/rom@genroms/linuxboot_dma.bin", 31));
	assert_ok(cof_tdx_predict(&got.launch, &p, &err));
	assert_false(p.known[0]);
	assert_true(p.known[1] && p.known[2]);
}

static void a_patched_kernel_is_another_one(void **state)
{
	(void)state;
	COF_AUTO(launch) l = {0};
	COF_AUTO(cof_buf) patched = {0};
	cof_tdx_inputs plain = {0}, got = {0};
	cof_digest want = {0};
	make_launch(&l);
	/* the setup header lies where this image has section bytes */
	memcpy(l.kernel.data + 0x202, "HdrS\x0f\x02", 6);
	const cof_kernel_boot boot = {512u << 20, 6, true, "quiet"};
	assert_ok(cof_tdx_inputs_of(&l.in, &plain, &err));
	l.in.patched_kernel = true;
	assert_ok(cof_tdx_inputs_of(&l.in, &got, &err));
	assert_ok(cof_kernel_patch(l.in.kernel, &boot, &patched, &err));
	assert_ok(cof_pe_digest(cof_buf_span(&patched), COF_SHA384, &want, &err));
	assert_true(cof_digest_equal(&got.launch.kernel, &want));
	assert_false(cof_digest_equal(&plain.launch.kernel, &want));
}

static void real_firmware(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	json_t *all = json_object_get(j, "firmware"), *v;
	const char *name;
	size_t done = 0;
	json_object_foreach (all, name, v) {
		COF_AUTO(launch) l = {0};
		COF_AUTO(cof_buf) image = {0};
		cof_tdx_inputs got = {0};
		make_launch(&l);
		vector_read_xz(jstr(v, "file"), &image);
		l.in.firmware = cof_buf_span(&image);
		if (strncmp(name, "inteltdx", 8) == 0) { /* its store has the vendor's keys in it */
			assert_refused(&l.in, "vars-not-empty");
			continue;
		}
		assert_ok(cof_tdx_inputs_of(&l.in, &got, &err));
		assert_hex(got.launch.mrtd.bytes, COF_TDX_DIGEST_LEN, jstr(v, "mrtd_page_by_page"));
		assert_hex(got.launch.cfv.bytes, COF_TDX_DIGEST_LEN, jstr(v, "cfv_sha384"));
		l.in.order = COF_MRTD_SECTION;
		assert_ok(cof_tdx_inputs_of(&l.in, &got, &err));
		assert_hex(got.launch.mrtd.bytes, COF_TDX_DIGEST_LEN, jstr(v, "mrtd_section_two_pass"));
		done++;
	}
	assert_true(done >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_measured),
		cmocka_unit_test(variables_that_are_not_expected),
		cmocka_unit_test(one_variable_store),
		cmocka_unit_test(t016_acpi_files_that_are_not_there),
		cmocka_unit_test(every_input_has_its_digest),
		cmocka_unit_test(what_is_left_out),
		cmocka_unit_test(a_patched_kernel_is_another_one),
		cmocka_unit_test(real_firmware),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
