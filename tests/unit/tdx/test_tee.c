/* SPDX-License-Identifier: Apache-2.0 */
/* TDX by the table of TEEs: registers from a document, with and without the files that it stands for. */
#include "firmware/tee.h"

#include "common/hex.h"
#include "firmware/explain.h"
#include "firmware/pe.h"
#include "tests/unit/firmware/make_pe.h"
#include "tests/unit/firmware/make_vars.h"
#include "tests/unit/launch_vectors.h"
#include "tests/unit/tdx/make_tdvf.h"

typedef struct machine {
	cof_buf image, kernel;
	cof_launch_document doc;
	cof_measure_in in;
} machine;

static void machine_release(machine *m)
{
	cof_buf_release(&m->image);
	cof_buf_release(&m->kernel);
	cof_launch_document_release(&m->doc);
}
COF_DEFINE_AUTO(machine, machine_release)

static const cof_tee_measure *tdx(void)
{
	const cof_tee_measure *t = NULL;
	assert_ok(cof_tee_measure_find("tdx", &t, &err));
	return t;
}

static void take_kernel(machine *m)
{
	cof_digest d;
	assert_ok(cof_pe_digest(cof_buf_span(&m->kernel), COF_SHA384, &d, &err));
	m->doc.kernel.given = m->doc.has_authenticode = true;
	memcpy(m->doc.authenticode, d.bytes, COF_SHA384_LEN);
	m->in.kernel = cof_buf_span(&m->kernel);
}

static void take_initrd(machine *m, cof_span bytes)
{
	cof_digest d;
	assert_ok(cof_digest_of(COF_SHA384, bytes, &d, &err));
	m->doc.initrd = (cof_launch_file){.given = true, .size = bytes.len, .has_sha384 = true};
	memcpy(m->doc.initrd.sha384, d.bytes, COF_SHA384_LEN);
}

static void machine_make(machine *m, unsigned release)
{
	COF_AUTO(cof_buf) vars = {0};
	make_tdvf(&m->image, tdvf_usual, COF_COUNT(tdvf_usual));
	put_vars(&vars, 0x1000 - VARS_AT);
	memcpy(m->image.data, vars.data, vars.len);
	make_pe(&m->kernel, 0x300, 0);
	/* the setup header lies where this image has section bytes */
	memcpy(m->kernel.data + 0x202, "HdrS\x0f\x02", 6);
	assert_ok(cof_launch_firmware(cof_buf_span(&m->image), COF_PARTS_ALL, &m->doc, &err));
	m->in = (cof_measure_in){.doc = &m->doc, .memory_bytes = 512ull << 20, .release = release};
	take_kernel(m);
	take_initrd(m, cof_span_str("initrd"));
	m->doc.cmdline = strdup("quiet");
}

static void registers_and_events(void **state)
{
	(void)state;
	static const char *const names[] = {"mrtd", "rtmr0", "rtmr1", "rtmr2"};
	COF_AUTO(machine) m = {0};
	cof_measurement got;
	machine_make(&m, 202508);
	assert_ok(tdx()->measure(&m.in, &got, &err));
	assert_int_equal(got.n, COF_COUNT(names));
	for (size_t i = 0; i < got.n; i++) {
		assert_string_equal(got.registers[i].name, names[i]);
		/* The machine's ACPI and SMBIOS tables are not known. */
		assert_int_equal(got.registers[i].known, i != 1);
	}
	assert_memory_equal(got.registers[0].value.bytes, m.doc.tdx.mrtd[COF_MRTD_PAGE], COF_SHA384_LEN);
	assert_true(got.n_events > 10);
	assert_int_equal(got.judged, 0xe);
	m.in.mrtd_order = COF_MRTD_SECTION;
	assert_ok(tdx()->measure(&m.in, &got, &err));
	assert_memory_equal(got.registers[0].value.bytes, m.doc.tdx.mrtd[COF_MRTD_SECTION], COF_SHA384_LEN);
}

/* An order that nobody computed is no register of zeros, and a search does not take it for one. */
static void t017_an_order_that_was_not_measured(void **state)
{
	(void)state;
	static const uint8_t zeros[COF_SHA384_LEN];
	COF_AUTO(machine) m = {0};
	cof_measurement got = {.tee = "untouched"};
	cof_explanation x;
	machine_make(&m, 202508);
	assert_ok(cof_launch_firmware(cof_buf_span(&m.image), COF_PART_TDX, &m.doc, &err));
	m.in.mrtd_order = COF_MRTD_SECTION;
	assert_fails(tdx()->measure(&m.in, &got, &err), "firmware-image-needed");
	assert_string_equal(got.tee, "untouched");
	m.in.mrtd_order = COF_MRTD_PAGE;
	assert_ok(cof_explain(tdx(), &m.in, cof_span_of(zeros, sizeof zeros), &x, &err));
	assert_false(x.found);
}

/* OVMF measures one store, and which of two is not for metadata to say. */
static void t017_not_one_variable_store(void **state)
{
	(void)state;
	COF_AUTO(machine) m = {0};
	cof_measurement got = {.tee = "untouched"};
	machine_make(&m, 202508);
	m.doc.tdx.tdvf.sections[1].type = COF_TDVF_BFV;
	assert_fails(tdx()->measure(&m.in, &got, &err), "firmware-malformed");
	m.doc.tdx.tdvf.sections[1].type = m.doc.tdx.tdvf.sections[0].type = COF_TDVF_CFV;
	assert_fails(tdx()->measure(&m.in, &got, &err), "firmware-malformed");
	assert_string_equal(got.tee, "untouched");
	m.in.release = 0;
	assert_ok(tdx()->measure(&m.in, &got, &err));
	assert_int_equal(got.n, 1);
}

/* Firmware alone gives MRTD, and claims no more. */
static void less_is_known_of_less(void **state)
{
	(void)state;
	COF_AUTO(machine) m = {0};
	cof_measurement got;
	machine_make(&m, 0);
	assert_ok(tdx()->measure(&m.in, &got, &err));
	assert_int_equal(got.n, 1);
	m.in.release = 202508;
	m.in.memory_bytes = 0;
	assert_ok(tdx()->measure(&m.in, &got, &err));
	assert_int_equal(got.n, 1);
	m.in.memory_bytes = 512ull << 20;
	m.doc.kernel.given = false;
	assert_ok(tdx()->measure(&m.in, &got, &err));
	assert_int_equal(got.n, 1);
	assert_int_equal(got.judged, 0); /* no log can be compared with it */
}

static void what_a_digest_cannot_give_is_named(void **state)
{
	(void)state;
	COF_AUTO(machine) m = {0};
	cof_measurement got;
	machine_make(&m, 202508);
	m.doc.has_authenticode = false;
	assert_fails(tdx()->measure(&m.in, &got, &err), "kernel-file-needed");
	m.doc.has_authenticode = true;
	m.doc.initrd.has_sha384 = false;
	assert_fails(tdx()->measure(&m.in, &got, &err), "initrd-file-needed");
	m.doc.initrd.has_sha384 = true;
	free(m.doc.cmdline);
	m.doc.cmdline = NULL;
	m.doc.has_cmdline_sha256 = true;
	assert_fails(tdx()->measure(&m.in, &got, &err), "cmdline-text-needed");
	m.doc.has_cmdline_sha256 = false;
	m.in.patched_kernel = true;
	m.in.kernel = (cof_span){0};
	assert_fails(tdx()->measure(&m.in, &got, &err), "kernel-file-needed");
}

static void a_firmware_that_is_not_for_it(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) image = {0};
	COF_AUTO(cof_launch_document) d = {0};
	cof_measure_in in = {.doc = &d};
	cof_measurement got;
	make_tdvf(&image, tdvf_usual, COF_COUNT(tdvf_usual));
	cof_span tail = {image.data + 0x1000, image.len - 0x1000};
	assert_ok(cof_launch_firmware(tail, COF_PARTS_ALL, &d, &err));
	assert_fails(tdx()->measure(&in, &got, &err), "firmware-malformed");
	cof_launch_document_release(&d);
	assert_ok(cof_launch_firmware((cof_span){image.data, 0x1000}, COF_PARTS_ALL, &d, &err));
	assert_fails(tdx()->measure(&in, &got, &err), "tdvf-missing");
}

/* Variables in the store make RTMR0's events unknown, and leave all else as it was. */
static void a_store_with_variables(void **state)
{
	(void)state;
	COF_AUTO(machine) m = {0};
	static cof_measurement got, empty;
	machine_make(&m, 202411);
	assert_ok(tdx()->measure(&m.in, &empty, &err));
	m.doc.tdx.vars_empty = false;
	assert_ok(tdx()->measure(&m.in, &got, &err));
	assert_int_equal(got.n_events, empty.n_events);
	size_t open = 0;
	for (size_t i = 0; i < got.n_events; i++)
		open += got.events[i].open && !empty.events[i].open;
	assert_int_equal(open, 5);
	assert_true(cof_digest_equal(&got.registers[2].value, &empty.registers[2].value));
}

/* RTMR1 and RTMR2 of the vectors, whichever firmware measures them. */
static void compositions_of_the_vectors(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	json_t *list = json_object_get(j, "rtmr12"), *v;
	size_t i;
	assert_true(json_array_size(list) > 0);
	json_array_foreach (list, i, v) {
		COF_AUTO(machine) m = {0};
		COF_AUTO_FREE uint8_t *initrd = NULL;
		json_t *blob = json_object_get(v, "initrd");
		cof_measurement got;
		char file[64];
		machine_make(&m, strcmp(jstr(v, "order"), "prefix") == 0 ? 202508 : 202502);
		(void)snprintf(file, sizeof file, "fixtures/%s.efi", jstr(v, "kernel"));
		m.kernel.len = 0;
		vector_read(file, &m.kernel);
		take_kernel(&m);
		m.in.patched_kernel = json_is_true(json_object_get(v, "kernel_patched"));
		m.in.memory_bytes = (uint64_t)json_integer_value(json_object_get(v, "memory_mib")) << 20;
		free(m.doc.cmdline);
		m.doc.cmdline = strdup(jstr(v, "append"));
		m.doc.initrd.given = json_is_object(blob);
		if (m.doc.initrd.given) {
			size_t n = (size_t)json_integer_value(json_object_get(blob, "size"));
			initrd = calloc(n, 1);
			for (size_t k = 0; k < n; k++)
				initrd[k] =
					(uint8_t)((size_t)json_integer_value(json_object_get(blob, "a")) * k +
						  (size_t)json_integer_value(json_object_get(blob, "b")) * (k >> 8) +
						  (size_t)json_integer_value(json_object_get(blob, "c")));
			take_initrd(&m, cof_span_of(initrd, n));
		}
		assert_ok(tdx()->measure(&m.in, &got, &err));
		assert_hex(got.registers[2].value.bytes, COF_SHA384_LEN, jstr(v, "rtmr1"));
		assert_hex(got.registers[3].value.bytes, COF_SHA384_LEN, jstr(v, "rtmr2"));
	}
}

static void order_patch_and_release_are_explained(void **state)
{
	(void)state;
	COF_AUTO(machine) m = {0};
	cof_measurement host;
	cof_explanation x;
	machine_make(&m, 202508);
	assert_ok(cof_explain(tdx(), &m.in, cof_span_of(m.doc.tdx.mrtd[COF_MRTD_SECTION], COF_SHA384_LEN), &x, &err));
	assert_true(x.found);
	assert_string_equal(x.reg, "mrtd");
	assert_string_equal(x.changes[0].setting, "mrtd-order");
	cof_measure_in other = m.in;
	other.release = 202502;
	assert_ok(tdx()->measure(&other, &host, &err));
	assert_ok(cof_explain(tdx(), &m.in, cof_digest_span(&host.registers[3].value), &x, &err));
	assert_true(x.found);
	assert_string_equal(x.reg, "rtmr2");
	assert_string_equal(x.changes[0].setting, "ovmf-release");
	other = m.in;
	other.patched_kernel = true;
	assert_ok(tdx()->measure(&other, &host, &err));
	assert_ok(cof_explain(tdx(), &m.in, cof_digest_span(&host.registers[2].value), &x, &err));
	assert_true(x.found);
	assert_string_equal(x.changes[0].setting, "patched-kernel");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_and_events),
		cmocka_unit_test(t017_an_order_that_was_not_measured),
		cmocka_unit_test(t017_not_one_variable_store),
		cmocka_unit_test(less_is_known_of_less),
		cmocka_unit_test(what_a_digest_cannot_give_is_named),
		cmocka_unit_test(a_firmware_that_is_not_for_it),
		cmocka_unit_test(a_store_with_variables),
		cmocka_unit_test(compositions_of_the_vectors),
		cmocka_unit_test(order_patch_and_release_are_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
