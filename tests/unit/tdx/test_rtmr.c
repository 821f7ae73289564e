/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/kernel.h"
#include "firmware/loadoptions.h"
#include "firmware/pe.h"
#include "firmware/tdx/tdx.h"
#include "tests/unit/launch_vectors.h"

static cof_digest filled(uint8_t byte)
{
	cof_digest d = {.alg = COF_SHA384};
	memset(d.bytes, byte, COF_SHA384_LEN);
	return d;
}

/* A launch of this release with everything known; what it points to is the test's. */
typedef struct known {
	cof_digest fw_cfg[2], acpi[3], smbios;
	cof_tdx_launch in;
} known;

static void know(known *k, unsigned release, int secure_boot)
{
	*k = (known){.fw_cfg = {filled(0x88), filled(0x99)},
		     .acpi = {filled(0x55), filled(0x66), filled(0x77)},
		     .smbios = filled(0xaa)};
	k->in = (cof_tdx_launch){.mrtd = filled(0xbb),
				 .hob = filled(0x33),
				 .has_hob = true,
				 .cfv = filled(0x44),
				 .fw_cfg = k->fw_cfg,
				 .n_fw_cfg = 2,
				 .acpi = k->acpi,
				 .n_acpi = 3,
				 .smbios = &k->smbios,
				 .secure_boot = secure_boot,
				 .kernel = filled(0x11),
				 .cmdline = "console=ttyS0",
				 .has_initrd = true,
				 .initrd = filled(0x22)};
	assert_ok(cof_tdx_layout_of(release, &k->in.layout, &err));
}

static void replay(uint8_t reg[COF_SHA384_LEN], const uint8_t digest[COF_SHA384_LEN])
{
	uint8_t both[2 * COF_SHA384_LEN];
	cof_digest next = {0};
	memcpy(both, reg, COF_SHA384_LEN);
	memcpy(both + COF_SHA384_LEN, digest, COF_SHA384_LEN);
	assert_ok(cof_digest_of(COF_SHA384, cof_span_of(both, sizeof both), &next, &err));
	memcpy(reg, next.bytes, COF_SHA384_LEN);
}

static const cof_ref_event *event_named(const cof_tdx_prediction *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->events[i].name, name) == 0)
			return &p->events[i];
	}
	return NULL;
}

/* --- refusals --- */

static void assert_refused(const cof_tdx_launch *in, const char *reason)
{
	cof_tdx_prediction p = {.n = 77};
	assert_fails(cof_tdx_predict(in, &p, &err), reason);
	assert_int_equal(p.n, 77);
}

/* 32 bytes must not pass as 48 with a tail of whatever lay there. */
static void digests_of_another_algorithm(void **state)
{
	(void)state;
	known k;
	know(&k, 202505, 0);
	cof_digest *const all[] = {&k.in.mrtd, &k.in.hob, &k.in.cfv,	&k.fw_cfg[1], &k.acpi[0],
				   &k.acpi[2], &k.smbios, &k.in.kernel, &k.in.initrd};
	for (size_t i = 0; i < COF_COUNT(all); i++) {
		all[i]->alg = COF_SHA256;
		assert_refused(&k.in, "digest-algorithm");
		all[i]->alg = COF_SHA512;
		assert_refused(&k.in, "digest-algorithm");
		all[i]->alg = COF_SHA384;
	}
	cof_tdx_prediction p;
	assert_ok(cof_tdx_predict(&k.in, &p, &err));
}

static void too_many_events(void **state)
{
	(void)state;
	known k;
	know(&k, 202505, 0);
	k.in.acpi = NULL;
	k.in.n_acpi = 1000;
	assert_refused(&k.in, "too-many-events");
	k.in.n_acpi = SIZE_MAX;
	assert_refused(&k.in, "too-many-events");
}

static void a_command_line_without_end(void **state)
{
	(void)state;
	COF_AUTO_FREE char *text = calloc(1, COF_LOAD_OPTIONS_MAX + 2);
	known k;
	know(&k, 202505, 0);
	memset(text, 'x', COF_LOAD_OPTIONS_MAX + 1);
	k.in.cmdline = text;
	assert_refused(&k.in, "cmdline-too-long");
}

/* --- values computed apart from this code, from the rules alone --- */

static const struct {
	unsigned release;
	int secure_boot;
	bool no_hob;
	const char *rtmr[3];
} by_hand[] = {
	{202408,
	 -1,
	 false,
	 {"d1a39389c5c1b593faef79e845449646de188739f135e2d536f59cd83f29cf84c93eb11fd80fe103373e6fe7c49e8c2f",
	  "34448d942ce7abe6c1b3a0a23444198b0590b295158fe9ed9338e30beb340355b1bc110220dbb30a0e89ba19da8db49b",
	  "e011f9887e7649ef6ad8db950c4f3c9a8b96df90833698cc41dbf54b2a4b86db5520c93dd81f48e3858955c2e75e69a0"}},
	{202502,
	 1,
	 false,
	 {"652778542efcf00984dff003cce12f2b6613a9a14fbfab6949f2b07657efaa18755cd092f86dbfae750803a8de8272c3",
	  "49d161dadd0228d8558cb746996e4878626a68812b830dfcbf6e20eef27e9ad58bdf8f5157fdba5e6738bd200106222a",
	  "e011f9887e7649ef6ad8db950c4f3c9a8b96df90833698cc41dbf54b2a4b86db5520c93dd81f48e3858955c2e75e69a0"}},
	{202505,
	 0,
	 false,
	 {"0ff4832b6dcefa9d3e4d1dd5a924d5d0f65c7024429ce8170ba4e6c3f0f2a0e0d9b9c73a9627da71e8509dd8e96c0fe7",
	  "49d161dadd0228d8558cb746996e4878626a68812b830dfcbf6e20eef27e9ad58bdf8f5157fdba5e6738bd200106222a",
	  "e011f9887e7649ef6ad8db950c4f3c9a8b96df90833698cc41dbf54b2a4b86db5520c93dd81f48e3858955c2e75e69a0"}},
	{202608,
	 -1,
	 true,
	 {"58d792826533232c4b71ccc3e13f9202effe2096cf92b5f2f0f3abadeec548375cff607928dc19d5679c5c3bb8db4cac",
	  "49d161dadd0228d8558cb746996e4878626a68812b830dfcbf6e20eef27e9ad58bdf8f5157fdba5e6738bd200106222a",
	  "963b2c309ee5675866899426fdb32eac690df1e93aecb039d0b975e2179f5b62721b52a6029d96e4e085f71b8e1d9fe6"}},
};

static void registers_by_hand(void **state)
{
	(void)state;
	static const uint8_t zero[COF_TDX_DIGEST_LEN];
	for (size_t i = 0; i < COF_COUNT(by_hand); i++) {
		known k;
		cof_tdx_prediction p;
		know(&k, by_hand[i].release, by_hand[i].secure_boot);
		k.in.has_hob = !by_hand[i].no_hob;
		assert_ok(cof_tdx_predict(&k.in, &p, &err));
		for (size_t r = 0; r < 3; r++)
			assert_hex(p.rtmr[r], sizeof p.rtmr[r], by_hand[i].rtmr[r]);
		assert_memory_equal(p.rtmr[3], zero, sizeof zero);
		assert_memory_equal(p.mrtd, k.in.mrtd.bytes, sizeof p.mrtd);
		for (size_t r = 0; r < COF_TDX_RTMRS; r++)
			assert_true(p.known[r]);
	}
}

static void events_in_the_order_of_the_log(void **state)
{
	(void)state;
	static const struct {
		uint32_t reg, type;
		const char *name;
	} want[] = {
		{1, COF_EV_EFI_HANDOFF_TABLES2, "td-hob"},
		{1, COF_EV_EFI_PLATFORM_FIRMWARE_BLOB2, "cfv"},
		{1, COF_EV_PLATFORM_CONFIG_FLAGS, "fw-cfg-1"},
		{1, COF_EV_PLATFORM_CONFIG_FLAGS, "fw-cfg-2"},
		{1, COF_EV_EFI_VARIABLE_DRIVER_CONFIG, "secure-boot"},
		{1, COF_EV_EFI_VARIABLE_DRIVER_CONFIG, "pk"},
		{1, COF_EV_EFI_VARIABLE_DRIVER_CONFIG, "kek"},
		{1, COF_EV_EFI_VARIABLE_DRIVER_CONFIG, "db"},
		{1, COF_EV_EFI_VARIABLE_DRIVER_CONFIG, "dbx"},
		{1, COF_EV_SEPARATOR, "separator"},
		{1, COF_EV_PLATFORM_CONFIG_FLAGS, "acpi-table-loader"},
		{1, COF_EV_PLATFORM_CONFIG_FLAGS, "acpi-1"},
		{1, COF_EV_PLATFORM_CONFIG_FLAGS, "acpi-2"},
		{2, COF_EV_EFI_BOOT_SERVICES_APPLICATION, "kernel"},
		{1, COF_EV_EFI_HANDOFF_TABLES, "smbios"},
		{1, COF_EV_EFI_VARIABLE_BOOT, "boot-order"},
		{1, COF_EV_EFI_VARIABLE_BOOT, "boot-0000"},
		{1, COF_EV_EFI_VARIABLE_BOOT, "boot-0001"},
		{2, COF_EV_EFI_ACTION, "boot-attempt"},
		{2, COF_EV_SEPARATOR, "separator"},
		{3, COF_EV_EVENT_TAG, "cmdline"},
		{3, COF_EV_EVENT_TAG, "initrd"},
		{2, COF_EV_EFI_ACTION, "exit-boot-services"},
		{2, COF_EV_EFI_ACTION, "exit-boot-services-done"},
	};
	known k;
	cof_tdx_prediction p;
	know(&k, 202608, -1);
	assert_ok(cof_tdx_predict(&k.in, &p, &err));
	assert_int_equal(p.n, COF_COUNT(want));
	for (size_t i = 0; i < p.n; i++) {
		assert_int_equal(p.events[i].reg, want[i].reg);
		assert_int_equal(p.events[i].type, want[i].type);
		assert_string_equal(p.events[i].name, want[i].name);
		assert_int_equal(p.events[i].digest.alg, COF_SHA384);
		assert_false(p.events[i].open);
	}
}

/* What an old release does not log is not looked at, known or not. */
static void old_releases_ignore_what_they_do_not_log(void **state)
{
	(void)state;
	known k;
	cof_tdx_prediction with, without;
	know(&k, 202502, -1);
	assert_ok(cof_tdx_predict(&k.in, &with, &err));
	k.in.fw_cfg = NULL;
	k.in.smbios = NULL;
	assert_ok(cof_tdx_predict(&k.in, &without, &err));
	assert_memory_equal(&with, &without, sizeof with);
	assert_null(event_named(&with, "smbios"));
	assert_null(event_named(&with, "fw-cfg-1"));
}

static void unknown_inputs_leave_open_events(void **state)
{
	(void)state;
	static const uint8_t zero[COF_TDX_DIGEST_LEN];
	known k;
	cof_tdx_prediction all, p;
	know(&k, 202608, -1);
	assert_ok(cof_tdx_predict(&k.in, &all, &err));
	k.in.fw_cfg = NULL;
	k.in.acpi = NULL;
	k.in.smbios = NULL;
	assert_ok(cof_tdx_predict(&k.in, &p, &err));
	assert_int_equal(p.n, all.n);
	for (size_t i = 0; i < p.n; i++) {
		const char *name = p.events[i].name;
		bool unknown = strncmp(name, "acpi-", 5) == 0 || strncmp(name, "fw-cfg-", 7) == 0 ||
			       strcmp(name, "smbios") == 0;
		assert_int_equal(p.events[i].reg, all.events[i].reg);
		assert_int_equal(p.events[i].type, all.events[i].type);
		assert_string_equal(name, all.events[i].name);
		assert_int_equal(p.events[i].open, unknown);
		if (!unknown)
			assert_memory_equal(&p.events[i], &all.events[i], sizeof p.events[i]);
	}
	assert_false(p.known[0]);
	assert_memory_equal(p.rtmr[0], zero, sizeof zero);
	for (size_t r = 1; r < COF_TDX_RTMRS; r++) {
		assert_true(p.known[r]);
		assert_memory_equal(p.rtmr[r], all.rtmr[r], sizeof p.rtmr[r]);
	}
}

static void as_many_open_events_as_said(void **state)
{
	(void)state;
	for (size_t n = 0; n < 6; n++) {
		known k;
		cof_tdx_prediction p;
		size_t open = 0;
		know(&k, 202502, -1);
		k.in.acpi = NULL;
		k.in.n_acpi = n;
		assert_ok(cof_tdx_predict(&k.in, &p, &err));
		for (size_t i = 0; i < p.n; i++)
			open += p.events[i].open;
		assert_int_equal(open, n == 0 ? COF_TDX_ACPI_USUAL : n);
	}
}

/* T-017: each input moves the one register that it belongs to, so none is left unmeasured. */
static void t017_every_input_moves_its_register(void **state)
{
	(void)state;
	known k;
	cof_tdx_prediction base, p;
	know(&k, 202608, 0);
	struct {
		uint8_t *byte;
		size_t rtmr;
	} const moves[] = {
		{&k.in.hob.bytes[47], 0},   {&k.in.cfv.bytes[0], 0},	 {&k.fw_cfg[0].bytes[1], 0},
		{&k.fw_cfg[1].bytes[1], 0}, {&k.acpi[0].bytes[3], 0},	 {&k.acpi[2].bytes[3], 0},
		{&k.smbios.bytes[9], 0},    {&k.in.kernel.bytes[33], 1}, {&k.in.initrd.bytes[40], 2},
	};
	assert_ok(cof_tdx_predict(&k.in, &base, &err));
	for (size_t i = 0; i < COF_COUNT(moves); i++) {
		*moves[i].byte ^= 1;
		assert_ok(cof_tdx_predict(&k.in, &p, &err));
		*moves[i].byte ^= 1;
		for (size_t r = 0; r < COF_TDX_RTMRS; r++)
			assert_int_equal(memcmp(p.rtmr[r], base.rtmr[r], sizeof p.rtmr[r]) != 0, r == moves[i].rtmr);
	}
	k.in.cmdline = "console=ttyS0 ";
	assert_ok(cof_tdx_predict(&k.in, &p, &err));
	assert_memory_equal(p.rtmr[1], base.rtmr[1], sizeof p.rtmr[1]);
	assert_memory_not_equal(p.rtmr[2], base.rtmr[2], sizeof p.rtmr[2]);
	k.in.secure_boot = 1;
	assert_ok(cof_tdx_predict(&k.in, &p, &err));
	assert_memory_not_equal(p.rtmr[0], base.rtmr[0], sizeof p.rtmr[0]);
}

static void no_cmdline_and_no_initrd_leave_rtmr_2_alone(void **state)
{
	(void)state;
	static const uint8_t zero[COF_TDX_DIGEST_LEN];
	known k;
	cof_tdx_prediction p;
	know(&k, 202608, 0);
	k.in.has_initrd = false;
	k.in.cmdline = NULL;
	assert_ok(cof_tdx_predict(&k.in, &p, &err));
	assert_memory_equal(p.rtmr[2], zero, sizeof zero);
	assert_true(p.known[2]);
	assert_null(event_named(&p, "cmdline"));
	assert_null(event_named(&p, "initrd"));
}

/* --- vectors --- */

static void take_digest(cof_digest *ret, const char *hex)
{
	*ret = (cof_digest){.alg = COF_SHA384};
	assert_ok(cof_unhex(hex, ret->bytes, COF_SHA384_LEN, &err));
}

/* "Blobs described by numbers" of the vectors. */
static void put_pattern(cof_buf *b, const json_t *v)
{
	size_t size = (size_t)json_integer_value(json_object_get(v, "size"));
	json_int_t a = json_integer_value(json_object_get(v, "a")), m = json_integer_value(json_object_get(v, "b"));
	json_int_t c = json_integer_value(json_object_get(v, "c"));
	assert_ok(cof_buf_reserve(b, size, &err));
	for (size_t i = 0; i < size; i++)
		b->data[i] = (uint8_t)(a * (json_int_t)i + m * (json_int_t)(i >> 8) + c);
	b->len = size;
}

static void hash_kernel(const json_t *v, const cof_buf *initrd, cof_digest *ret)
{
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) patched = {0};
	char file[64];
	uint64_t memory = (uint64_t)json_integer_value(json_object_get(v, "memory_mib")) << 20;
	cof_kernel_boot boot = {.low_memory = cof_q35_low_memory(memory),
				.initrd_size = (uint32_t)initrd->len,
				.has_initrd = initrd->len > 0,
				.cmdline = jstr(v, "append")};
	(void)snprintf(file, sizeof file, "fixtures/%s.efi", jstr(v, "kernel"));
	vector_read(file, &b);
	assert_ok(cof_kernel_patch(cof_buf_span(&b), &boot, &patched, &err));
	bool patch = json_is_true(json_object_get(v, "kernel_patched"));
	assert_ok(cof_pe_digest(cof_buf_span(patch ? &patched : &b), COF_SHA384, ret, &err));
}

static void assert_register(const cof_tdx_prediction *p, uint32_t reg, const json_t *events, const char *value)
{
	size_t at = 0;
	for (size_t i = 0; i < p->n; i++) {
		if (p->events[i].reg == reg)
			assert_hex(p->events[i].digest.bytes, COF_SHA384_LEN,
				   json_string_value(json_array_get(events, at++)));
	}
	assert_int_equal(at, json_array_size(events));
	assert_hex(p->rtmr[reg - 1], COF_TDX_DIGEST_LEN, value);
	assert_true(p->known[reg - 1]);
}

static void composed_registers(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	json_t *cases = json_object_get(j, "rtmr12"), *v;
	size_t i;
	assert_true(json_array_size(cases) > 0);
	json_array_foreach (cases, i, v) {
		COF_AUTO(cof_buf) initrd = {0};
		known k;
		cof_tdx_prediction p;
		bool prefix = strcmp(jstr(v, "order"), "prefix") == 0;
		know(&k, prefix ? 202508 : 202411, -1);
		k.in.has_initrd = json_is_object(json_object_get(v, "initrd"));
		k.in.cmdline = jstr(v, "append");
		if (k.in.has_initrd)
			put_pattern(&initrd, json_object_get(v, "initrd"));
		assert_ok(cof_digest_of(COF_SHA384, cof_buf_span(&initrd), &k.in.initrd, &err));
		hash_kernel(v, &initrd, &k.in.kernel);
		assert_ok(cof_tdx_predict(&k.in, &p, &err));
		assert_register(&p, 2, json_object_get(v, "rtmr1_events"), jstr(v, "rtmr1"));
		assert_register(&p, 3, json_object_get(v, "rtmr2_events"), jstr(v, "rtmr2"));
	}
}

/* --- signed quotes --- */

static const json_t *nth_event(const json_t *quote, uint32_t type, size_t n)
{
	size_t i;
	json_t *e;
	json_array_foreach (json_object_get(quote, "events"), i, e) {
		if ((uint32_t)json_integer_value(json_object_get(e, "event_type")) == type && n-- == 0)
			return e;
	}
	fail_msg("no event 0x%x", type);
	return NULL;
}

/* The firmware's part from its bytes: hand-off blocks as for that machine, and the variable store. */
static void know_firmware(const json_t *quote, cof_tdx_launch *in)
{
	COF_AUTO(cof_buf) image = {0};
	COF_AUTO(cof_buf) list = {0};
	cof_tdvf t = {0};
	uint64_t memory = (uint64_t)json_integer_value(json_object_get(quote, "memory_mib")) << 20;
	/* This build's metadata lays memory out as the quoted machines' did; the older image has their variables. */
	vector_read_xz("fixtures/ovmf-2026.08-inteltdx.fd.xz", &image);
	assert_ok(cof_tdvf_parse(cof_buf_span(&image), &t, &err));
	assert_ok(cof_tdx_hob_list(&t, memory, &list, &err));
	assert_ok(cof_digest_of(COF_SHA384, cof_buf_span(&list), &in->hob, &err));
	cof_buf_release(&image);
	vector_read_xz("fixtures/ovmf-2025.02.fd.xz", &image);
	assert_ok(cof_tdvf_parse(cof_buf_span(&image), &t, &err));
	assert_int_equal(t.sections[1].type, COF_TDVF_CFV);
	assert_ok(cof_digest_of(COF_SHA384, cof_tdvf_data(cof_buf_span(&image), &t.sections[1]), &in->cfv, &err));
}

/* Order, types and registers of the whole boot; digests of all that is known. Returns how many digests were equal. */
static size_t compare_with_log(const cof_tdx_prediction *p, const json_t *quote)
{
	size_t at = 0, i, equal = 0;
	json_t *e;
	json_array_foreach (json_object_get(quote, "events"), i, e) {
		json_int_t rtmr = json_integer_value(json_object_get(e, "rtmr"));
		if (rtmr == 3)
			continue; /* the guest's own, after the boot */
		assert_true(at < p->n);
		const cof_ref_event *want = &p->events[at++];
		assert_int_equal(want->reg, rtmr + 1);
		assert_int_equal(want->type, (uint32_t)json_integer_value(json_object_get(e, "event_type")));
		if (want->open || strcmp(want->name, "cmdline") == 0)
			continue; /* the command line of these machines is not published */
		assert_hex(want->digest.bytes, COF_SHA384_LEN, jstr(e, "digest"));
		equal++;
	}
	assert_int_equal(at, p->n);
	return equal;
}

static void know_quote(const json_t *quote, known *k)
{
	know(k, 202411, -1);
	know_firmware(quote, &k->in);
	take_digest(&k->in.mrtd, jstr(quote, "mrtd"));
	take_digest(&k->in.kernel, jstr(nth_event(quote, COF_EV_EFI_BOOT_SERVICES_APPLICATION, 0), "digest"));
	take_digest(&k->in.initrd, jstr(nth_event(quote, COF_EV_EVENT_TAG, 1), "digest"));
}

static void a_quoted_boot_has_the_predicted_events(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	json_t *quotes = json_object_get(j, "quotes"), *quote;
	size_t i;
	assert_int_equal(json_array_size(quotes), 2);
	json_array_foreach (quotes, i, quote) {
		known k;
		cof_tdx_prediction p;
		know_quote(quote, &k);
		k.in.acpi = NULL;
		k.in.n_acpi = 0;
		assert_ok(cof_tdx_predict(&k.in, &p, &err));
		assert_int_equal(compare_with_log(&p, quote), p.n - 3 - 1); /* less ACPI and command line */
		assert_false(p.known[0]);
		assert_true(p.known[1]);
		assert_hex(p.rtmr[1], COF_TDX_DIGEST_LEN, jstr(json_object_get(quote, "rtmr"), "1"));
	}
}

/* With the log's ACPI digests RTMR0 too is what the processor signed. */
static void a_quoted_boot_has_the_predicted_registers(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	json_t *quotes = json_object_get(j, "quotes"), *quote;
	size_t i;
	json_array_foreach (quotes, i, quote) {
		known k;
		cof_tdx_prediction p;
		know_quote(quote, &k);
		for (size_t n = 0; n < 3; n++)
			take_digest(&k.acpi[n], jstr(nth_event(quote, COF_EV_PLATFORM_CONFIG_FLAGS, n), "digest"));
		assert_ok(cof_tdx_predict(&k.in, &p, &err));
		assert_true(p.known[0]);
		assert_hex(p.mrtd, COF_TDX_DIGEST_LEN, jstr(quote, "mrtd"));
		assert_hex(p.rtmr[0], COF_TDX_DIGEST_LEN, jstr(json_object_get(quote, "rtmr"), "0"));
		assert_hex(p.rtmr[1], COF_TDX_DIGEST_LEN, jstr(json_object_get(quote, "rtmr"), "1"));
	}
}

/* The digests of the logs lead to every signed register, the guest's own among them. */
static void quoted_logs_replay(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	json_t *quotes = json_object_get(j, "quotes"), *quote, *e, *value;
	const char *rtmr;
	size_t i, k, done = 0;
	json_array_foreach (quotes, i, quote) {
		uint8_t regs[COF_TDX_RTMRS][COF_TDX_DIGEST_LEN] = {0};
		json_array_foreach (json_object_get(quote, "events"), k, e) {
			cof_digest d;
			take_digest(&d, jstr(e, "digest"));
			replay(regs[json_integer_value(json_object_get(e, "rtmr"))], d.bytes);
		}
		json_object_foreach (json_object_get(quote, "rtmr"), rtmr, value) {
			assert_hex(regs[rtmr[0] - '0'], COF_TDX_DIGEST_LEN, json_string_value(value));
			done++;
		}
	}
	assert_int_equal(done, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_of_another_algorithm),
		cmocka_unit_test(too_many_events),
		cmocka_unit_test(a_command_line_without_end),
		cmocka_unit_test(registers_by_hand),
		cmocka_unit_test(events_in_the_order_of_the_log),
		cmocka_unit_test(old_releases_ignore_what_they_do_not_log),
		cmocka_unit_test(unknown_inputs_leave_open_events),
		cmocka_unit_test(as_many_open_events_as_said),
		cmocka_unit_test(t017_every_input_moves_its_register),
		cmocka_unit_test(no_cmdline_and_no_initrd_leave_rtmr_2_alone),
		cmocka_unit_test(composed_registers),
		cmocka_unit_test(a_quoted_boot_has_the_predicted_events),
		cmocka_unit_test(a_quoted_boot_has_the_predicted_registers),
		cmocka_unit_test(quoted_logs_replay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
