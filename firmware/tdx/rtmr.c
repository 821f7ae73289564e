/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events of RTMR0 to RTMR2.
 *
 * spec: TDVF Design Guide 1.01, 8 (measurement); UEFI 2.10, 38.4.1 (which PCR goes to which RTMR)
 */
#include <stdio.h>

#include "firmware/bootevents.h"
#include "firmware/loadoptions.h"
#include "firmware/tdx/tdx.h"

/* As the log numbers them. */
enum { RTMR0 = 1, RTMR1 = 2, RTMR2 = 3 };

/* The parts are added in the order in which a boot logs them; after a failure every part does nothing. */
typedef struct predictor {
	const cof_tdx_launch *in;
	cof_tdx_prediction out;
	int rc;
	cof_err *err;
} predictor;

static void check_algorithm(predictor *p, const cof_digest *d)
{
	if (p->rc == 0 && d->alg != COF_SHA384)
		p->rc = cof_err_set(p->err, COF_E_USAGE, "digest-algorithm", "TDX registers are made of SHA-384");
}

/* Without a digest the event is open. */
static void add_digest(predictor *p, uint32_t reg, uint32_t type, const char *name, const cof_digest *d)
{
	if (d != NULL)
		check_algorithm(p, d);
	if (p->rc == 0 && p->out.n == COF_TDX_EVENTS_MAX)
		p->rc = cof_err_set(p->err, COF_E_INTERNAL, "too-many-events", "prediction is too long");
	if (p->rc < 0)
		return;
	cof_ref_event *e = &p->out.events[p->out.n++];
	*e = (cof_ref_event){.reg = reg, .type = type, .digest = {.alg = COF_SHA384}, .open = d == NULL};
	(void)snprintf(e->name, sizeof e->name, "%s", name);
	if (d != NULL)
		e->digest = *d;
}

/* One event for each digest, or for each that is not known. */
static void add_digests(predictor *p, uint32_t type, const char *name, const cof_digest *d, size_t n)
{
	for (size_t i = 0; p->rc == 0 && i < n; i++) {
		char numbered[COF_EVENT_NAME_MAX];
		(void)snprintf(numbered, sizeof numbered, "%s-%zu", name, i + 1);
		add_digest(p, RTMR0, type, numbered, d == NULL ? NULL : &d[i]);
	}
}

static void add_bytes(predictor *p, uint32_t reg, uint32_t type, const char *name, cof_span bytes)
{
	cof_digest d = {.alg = COF_SHA384};
	if (p->rc == 0)
		p->rc = cof_digest_of(COF_SHA384, bytes, &d, p->err);
	add_digest(p, reg, type, name, &d);
}

static void add_separator(predictor *p, uint32_t reg)
{
	add_bytes(p, reg, COF_EV_SEPARATOR, "separator", cof_boot_separator());
}

static void add_action(predictor *p, cof_boot_action a)
{
	add_bytes(p, RTMR1, COF_EV_EFI_ACTION, cof_boot_action_name(a), cof_boot_action_text(a));
}

static void add_firmware(predictor *p)
{
	if (p->in->has_hob)
		add_digest(p, RTMR0, COF_EV_EFI_HANDOFF_TABLES2, "td-hob", &p->in->hob);
	add_digest(p, RTMR0, COF_EV_EFI_PLATFORM_FIRMWARE_BLOB2, "cfv", &p->in->cfv);
	if (p->in->layout.fw_cfg_events)
		add_digests(p, COF_EV_PLATFORM_CONFIG_FLAGS, "fw-cfg", p->in->fw_cfg, p->in->n_fw_cfg);
}

static void add_variables(predictor *p)
{
	uint8_t secure_boot = (uint8_t)p->in->secure_boot;
	for (cof_secure_variable v = 0; v < COF_SECURE_VARIABLES; v++) {
		COF_AUTO(cof_buf) b = {0};
		if (p->in->vars_unknown) {
			add_digest(p, RTMR0, COF_EV_EFI_VARIABLE_DRIVER_CONFIG, cof_secure_variable_name(v), NULL);
			continue;
		}
		bool has_data = v == COF_VAR_SECURE_BOOT && p->in->secure_boot >= 0;
		if (p->rc == 0)
			p->rc = cof_secure_variable_event(v, (cof_span){&secure_boot, has_data}, &b, p->err);
		add_bytes(p, RTMR0, COF_EV_EFI_VARIABLE_DRIVER_CONFIG, cof_secure_variable_name(v), cof_buf_span(&b));
	}
	add_separator(p, RTMR0);
}

static void add_acpi(predictor *p)
{
	const cof_digest *d = p->in->acpi;
	size_t n = d == NULL && p->in->n_acpi == 0 ? COF_TDX_ACPI_USUAL : p->in->n_acpi;
	if (n == 0)
		return;
	add_digest(p, RTMR0, COF_EV_PLATFORM_CONFIG_FLAGS, "acpi-table-loader", d);
	add_digests(p, COF_EV_PLATFORM_CONFIG_FLAGS, "acpi", d == NULL ? NULL : d + 1, n - 1);
}

static void add_kernel(predictor *p)
{
	add_digest(p, RTMR1, COF_EV_EFI_BOOT_SERVICES_APPLICATION, "kernel", &p->in->kernel);
}

static void add_smbios(predictor *p)
{
	if (p->in->layout.smbios)
		add_digest(p, RTMR0, COF_EV_EFI_HANDOFF_TABLES, "smbios", p->in->smbios);
}

static void add_boot_options(predictor *p)
{
	COF_AUTO(cof_buf) order = {0};
	cof_boot_option options[COF_BOOT_OPTIONS_BUILTIN];
	size_t n = 0;
	if (p->rc == 0)
		p->rc = cof_boot_options_builtin(p->in->layout.two_boot_options, options, &n, p->err);
	if (p->rc == 0)
		p->rc = cof_boot_order_event(options, n, &order, p->err);
	add_bytes(p, RTMR0, COF_EV_EFI_VARIABLE_BOOT, "boot-order", cof_buf_span(&order));
	for (size_t i = 0; i < n; i++) {
		char name[COF_EVENT_NAME_MAX];
		(void)snprintf(name, sizeof name, "boot-%04x", options[i].number);
		add_bytes(p, RTMR0, COF_EV_EFI_VARIABLE_BOOT, name, cof_span_of(options[i].data, options[i].len));
	}
}

/* Up to 202408 the separator of PCR 4 went to the register of PCR 1. */
static void add_attempt(predictor *p)
{
	add_action(p, COF_ACTION_CALLING);
	add_separator(p, p->in->layout.separator_in_rtmr1 ? RTMR1 : RTMR0);
}

/* Linux 6.9 and later; older stubs know the TPM's protocol only and leave RTMR2 zero. */
static void add_linux(predictor *p)
{
	const cof_tdx_launch *in = p->in;
	COF_AUTO(cof_buf) options = {0};
	if (p->rc == 0)
		p->rc = cof_load_options(in->cmdline, in->has_initrd, in->layout.initrd_first, &options, p->err);
	if (options.len > 0)
		add_bytes(p, RTMR2, COF_EV_EVENT_TAG, "cmdline", cof_buf_span(&options));
	if (in->has_initrd)
		add_digest(p, RTMR2, COF_EV_EVENT_TAG, "initrd", &in->initrd);
	add_action(p, COF_ACTION_EXIT);
	add_action(p, COF_ACTION_EXIT_DONE);
}

static void (*const parts[])(predictor *) = {add_firmware, add_variables,    add_acpi,	  add_kernel,
					     add_smbios,   add_boot_options, add_attempt, add_linux};

/* RTMR = H(RTMR || digest) */
static int extend(uint8_t rtmr[COF_TDX_DIGEST_LEN], const cof_digest *d, cof_err *err)
{
	uint8_t both[2 * COF_TDX_DIGEST_LEN];
	cof_digest next;
	memcpy(both, rtmr, COF_TDX_DIGEST_LEN);
	memcpy(both + COF_TDX_DIGEST_LEN, d->bytes, COF_TDX_DIGEST_LEN);
	int rc = cof_digest_of(COF_SHA384, cof_span_of(both, sizeof both), &next, err);
	if (rc == 0)
		memcpy(rtmr, next.bytes, COF_TDX_DIGEST_LEN);
	return rc;
}

static int replay(cof_tdx_prediction *out, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; i < COF_TDX_RTMRS; i++)
		out->known[i] = true;
	for (size_t i = 0; i < out->n; i++)
		out->known[out->events[i].reg - RTMR0] &= !out->events[i].open;
	for (size_t i = 0; rc == 0 && i < out->n; i++) {
		const cof_ref_event *e = &out->events[i];
		if (out->known[e->reg - RTMR0])
			rc = extend(out->rtmr[e->reg - RTMR0], &e->digest, err);
	}
	return rc;
}

int cof_tdx_predict(const cof_tdx_launch *in, cof_tdx_prediction *ret, cof_err *err)
{
	predictor p = {.in = in, .err = err};
	check_algorithm(&p, &in->mrtd);
	for (size_t i = 0; p.rc == 0 && i < COF_COUNT(parts); i++)
		parts[i](&p);
	if (p.rc == 0)
		p.rc = replay(&p.out, err);
	if (p.rc < 0)
		return p.rc;
	memcpy(p.out.mrtd, in->mrtd.bytes, COF_TDX_DIGEST_LEN);
	*ret = p.out;
	return 0;
}
