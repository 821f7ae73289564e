/* SPDX-License-Identifier: Apache-2.0 */
/* SEV, SEV-ES and SEV-SNP by the table of TEEs: from an image, from a document, and what a search explains. */
#include "firmware/tee.h"

#include "common/hex.h"
#include "firmware/explain.h"
#include "tests/unit/firmware/make_igvm.h"
#include "tests/unit/sev/make_launch.h"

/* A document of the usual image, and a machine that is started with it. */
typedef struct machine {
	rig r;
	cof_launch_document doc;
	cof_measure_in in;
} machine;

static void machine_release(machine *m)
{
	cof_launch_document_release(&m->doc);
	rig_release(&m->r);
}
COF_DEFINE_AUTO(machine, machine_release)

static void machine_make(machine *m)
{
	cof_launch_document *d = &m->doc;
	rig_usual(&m->r);
	assert_ok(cof_launch_firmware(cof_buf_span(&m->r.image), COF_PARTS_ALL, d, &err));
	d->kernel.given = d->initrd.given = d->has_cmdline_sha256 = true;
	memcpy(d->kernel.sha256, m->r.hashes.kernel, COF_SHA256_LEN);
	memcpy(d->initrd.sha256, m->r.hashes.initrd, COF_SHA256_LEN);
	memcpy(d->cmdline_sha256, m->r.hashes.cmdline, COF_SHA256_LEN);
	m->in = (cof_measure_in){.doc = d,
				 .firmware = cof_buf_span(&m->r.image),
				 .vmm = m->r.in.vmm,
				 .vcpus = 3,
				 .vcpu_sig = m->r.in.vcpu_sig,
				 .guest_features = 1};
}

static const cof_tee_measure *tee(const char *name)
{
	const cof_tee_measure *t = NULL;
	assert_ok(cof_tee_measure_find(name, &t, &err));
	return t;
}

static void measure(const char *name, const cof_measure_in *in, cof_measurement *ret)
{
	assert_ok(tee(name)->measure(in, ret, &err));
	assert_string_equal(ret->tee, name);
	assert_int_equal(ret->n, 1);
	assert_string_equal(ret->registers[0].name, "measurement");
	assert_true(ret->registers[0].known);
}

static void equals_the_functions_behind_it(void **state)
{
	(void)state;
	COF_AUTO(machine) m = {0};
	cof_measurement got;
	uint8_t snp[COF_SNP_DIGEST_LEN], sev[COF_SHA256_LEN];
	machine_make(&m);
	assert_ok(cof_snp_measure(&m.r.in, 3, snp, &err));
	measure("snp", &m.in, &got);
	assert_int_equal(got.registers[0].value.alg, COF_SHA384);
	assert_memory_equal(got.registers[0].value.bytes, snp, sizeof snp);
	assert_ok(cof_seves_measure(&m.r.in, 3, sev, &err));
	measure("seves", &m.in, &got);
	assert_memory_equal(got.registers[0].value.bytes, sev, sizeof sev);
	assert_ok(cof_sev_measure(&m.r.in, sev, &err));
	measure("sev", &m.in, &got);
	assert_memory_equal(got.registers[0].value.bytes, sev, sizeof sev);
}

static void all_numbers_of_cpus_at_once(void **state)
{
	(void)state;
	static const char *const names[] = {"snp", "seves"};
	COF_AUTO(machine) m = {0};
	machine_make(&m);
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		cof_digest counts[5];
		assert_ok(tee(names[i])->upto(&m.in, COF_COUNT(counts), counts, &err));
		for (unsigned n = 1; n <= COF_COUNT(counts); n++) {
			cof_measurement got;
			m.in.vcpus = n;
			measure(names[i], &m.in, &got);
			assert_true(cof_digest_equal(&got.registers[0].value, &counts[n - 1]));
		}
	}
}

/* A verifier has the document alone: SNP comes out the same, the others say what they miss. */
static void without_the_image(void **state)
{
	(void)state;
	COF_AUTO(machine) m = {0};
	COF_AUTO(cof_launch_document) back = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(json_t) j = NULL;
	static cof_measurement want, got;
	machine_make(&m);
	measure("snp", &m.in, &want);
	assert_ok(cof_launch_document_json(&m.doc, &j, &err));
	assert_ok(cof_json_dump(j, &text, &err));
	assert_ok(cof_launch_document_parse(cof_buf_span(&text), &back, &err));
	m.in.doc = &back;
	m.in.firmware = (cof_span){0};
	measure("snp", &m.in, &got);
	assert_true(cof_digest_equal(&got.registers[0].value, &want.registers[0].value));
	assert_fails(tee("sev")->measure(&m.in, &got, &err), "firmware-image-needed");
	assert_fails(tee("seves")->measure(&m.in, &got, &err), "firmware-image-needed");
}

static void what_was_not_given_counts_as_nothing(void **state)
{
	(void)state;
	COF_AUTO(machine) m = {0};
	cof_sev_hashes *h = &m.r.hashes;
	cof_measurement got;
	uint8_t want[COF_SNP_DIGEST_LEN];
	machine_make(&m);
	m.doc.initrd.given = m.doc.has_cmdline_sha256 = false;
	assert_ok(cof_sha256((cof_span){0}, h->initrd, &err));
	assert_ok(cof_sev_cmdline_hash(NULL, h->cmdline, &err));
	assert_ok(cof_snp_measure(&m.r.in, 3, want, &err));
	measure("snp", &m.in, &got);
	assert_memory_equal(got.registers[0].value.bytes, want, sizeof want);
	m.r.in.hashes = NULL;
	assert_ok(cof_snp_measure(&m.r.in, 3, want, &err));
	m.in.no_kernel_hashes = true;
	measure("snp", &m.in, &got);
	assert_memory_equal(got.registers[0].value.bytes, want, sizeof want);
	m.in.no_kernel_hashes = m.doc.kernel.given = false;
	measure("snp", &m.in, &got);
	assert_memory_equal(got.registers[0].value.bytes, want, sizeof want);
}

static void an_svsm_below_the_firmware(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	COF_AUTO(machine) m = {0};
	cof_measurement got;
	uint8_t want[COF_SNP_DIGEST_LEN];
	rig_svsm(&r);
	assert_ok(cof_snp_measure(&r.in, 2, want, &err));
	machine_make(&m);
	m.doc.kernel.given = false;
	m.in.vcpus = 2;
	m.in.svsm = cof_buf_span(&r.svsm_image);
	m.in.svsm_vars_size = r.in.svsm_vars_size;
	measure("snp", &m.in, &got);
	assert_memory_equal(got.registers[0].value.bytes, want, sizeof want);
}

/* Metadata that make no sense are SEV's refusal, not a measurement without them. */
static void t017_broken_metadata_is_told(void **state)
{
	(void)state;
	COF_AUTO(machine) m = {0};
	cof_measurement got;
	cof_sev_section twice[] = {{0x800000, 0x1000, COF_SEV_SEC_MEM}, {0x800000, 0x1000, COF_SEV_SEC_MEM}};
	sev_image image = usual_image;
	image.sections = twice;
	image.n = COF_COUNT(twice);
	machine_make(&m);
	m.r.image.len = 0;
	make_sev_image(&m.r.image, &image);
	cof_launch_document_release(&m.doc);
	assert_ok(cof_launch_firmware(cof_buf_span(&m.r.image), COF_PARTS_ALL, &m.doc, &err));
	assert_false(m.doc.sev.given);
	m.in.firmware = cof_buf_span(&m.r.image);
	assert_fails(tee("snp")->measure(&m.in, &got, &err), "firmware-malformed");
	assert_fails(tee("sev")->measure(&m.in, &got, &err), "firmware-malformed");
}

/* An IGVM file is a whole launch: the same interface, and nothing beside it counts. */
static void a_launch_in_one_file(void **state)
{
	(void)state;
	COF_AUTO(make_igvm) made = {0};
	COF_AUTO(cof_buf) file = {0};
	COF_AUTO(cof_launch_document) d = {0};
	static cof_measurement got;
	uint8_t want[COF_SNP_DIGEST_LEN];
	make_igvm_all(&made);
	igvm_end(&made, &file);
	assert_ok(cof_launch_firmware(cof_buf_span(&file), COF_PART_SEV, &d, &err));
	cof_measure_in in = {.doc = &d, .firmware = cof_buf_span(&file), .vmm = vmm_named("qemu"), .vcpus = 4};
	for (int zero_pages = 0; zero_pages <= 1; zero_pages++) {
		const cof_igvm_measure_in igvm = {.file = cof_buf_span(&file), .zero_pages = zero_pages != 0};
		in.igvm_zero_pages = igvm.zero_pages;
		assert_ok(cof_igvm_snp_measure(&igvm, want, &err));
		measure("snp", &in, &got);
		assert_memory_equal(got.registers[0].value.bytes, want, sizeof want);
	}
	d.kernel.given = true;
	assert_fails(tee("snp")->measure(&in, &got, &err), "igvm-is-whole");
	d.kernel.given = false;
	in.firmware.len--;
	assert_fails(tee("snp")->measure(&in, &got, &err), "igvm-malformed");
}

/* What a host did differently is found by its digest alone. */
static void the_setting_of_a_host_is_explained(void **state)
{
	(void)state;
	COF_AUTO(machine) m = {0};
	cof_measurement host;
	cof_explanation x;
	machine_make(&m);
	cof_measure_in other = m.in;
	other.no_kernel_hashes = true;
	other.vcpus = 9;
	assert_ok(cof_vmm_find("gce", &other.vmm, &err));
	measure("snp", &other, &host);
	assert_ok(cof_explain(tee("snp"), &m.in, cof_digest_span(&host.registers[0].value), &x, &err));
	assert_true(x.found);
	assert_int_equal(x.n, 3);
	assert_string_equal(x.changes[0].setting, "kernel-hashes");
	assert_string_equal(x.changes[1].value, "gce@1");
	assert_string_equal(x.changes[2].value, "9");
	other = m.in;
	other.zero_fpu = true;
	measure("seves", &other, &host);
	assert_ok(cof_explain(tee("seves"), &m.in, cof_digest_span(&host.registers[0].value), &x, &err));
	assert_true(x.found);
	assert_string_equal(x.changes[0].setting, "fpu-state");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_the_functions_behind_it),
		cmocka_unit_test(all_numbers_of_cpus_at_once),
		cmocka_unit_test(without_the_image),
		cmocka_unit_test(what_was_not_given_counts_as_nothing),
		cmocka_unit_test(an_svsm_below_the_firmware),
		cmocka_unit_test(t017_broken_metadata_is_told),
		cmocka_unit_test(a_launch_in_one_file),
		cmocka_unit_test(the_setting_of_a_host_is_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
