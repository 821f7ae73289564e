/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tpm/pcr.h"

#include <stdio.h>

#include "common/secret.h"
#include "common/wr.h"
#include "firmware/kernel.h"
#include "firmware/loadoptions.h"
#include "firmware/ovmf.h"
#include "firmware/pe.h"
#include "firmware/smbios.h"
#include "firmware/tableloader.h"

/* The parts are added in the order in which a boot logs them; after a failure every part does nothing. */
typedef struct predictor {
	const cof_tpm_launch *in;
	cof_firmware_build build;
	cof_ovmf ovmf;
	cof_tpm_prediction out;
	int rc;
	cof_err *err;
} predictor;

static void predictor_release(predictor *p)
{
	cof_ovmf_release(&p->ovmf);
}
COF_DEFINE_AUTO(predictor, predictor_release)

bool cof_pcr_is_predicted(uint32_t pcr)
{
	return cof_reg_in(COF_TPM_REGS_PREDICTED, pcr);
}

static void add_digest(predictor *p, uint32_t pcr, uint32_t type, const char *name, const cof_digest *d)
{
	if (p->rc < 0)
		return;
	if (p->out.n == COF_TPM_EVENTS_MAX) {
		p->rc = cof_err_set(p->err, COF_E_INTERNAL, "too-many-events", "prediction is too long");
		return;
	}
	cof_ref_event *e = &p->out.events[p->out.n++];
	*e = (cof_ref_event){.reg = pcr, .type = type, .digest = *d};
	(void)snprintf(e->name, sizeof e->name, "%s", name);
}

static void add_bytes(predictor *p, uint32_t pcr, uint32_t type, const char *name, cof_span bytes)
{
	cof_digest d = {0};
	if (p->rc == 0)
		p->rc = cof_digest_of(p->in->bank, bytes, &d, p->err);
	add_digest(p, pcr, type, name, &d);
}

static void add_separator(predictor *p, uint32_t pcr)
{
	add_bytes(p, pcr, COF_EV_SEPARATOR, "separator", cof_boot_separator());
}

static void add_version(predictor *p)
{
	COF_AUTO(cof_buf) b = {0};
	if (p->rc == 0)
		p->rc = cof_crtm_version_event(p->build.version, &b, p->err);
	add_bytes(p, 0, COF_EV_S_CRTM_VERSION, "crtm-version", cof_buf_span(&b));
}

/* Some releases fill the ACPI timer's port into the PEI volume before they hash it. */
uint32_t cof_acpi_timer_port(cof_machine machine)
{
	static const uint32_t ports[] = {[COF_MACHINE_Q35] = 0x608, [COF_MACHINE_PC] = 0xb008};
	return ports[machine];
}

static void add_pei_volume(predictor *p)
{
	COF_AUTO(cof_buf) copy = {0};
	size_t at = p->build.timer_word;
	if (p->rc == 0)
		p->rc = cof_buf_add(&copy, p->ovmf.peifv.data, p->ovmf.peifv.len, p->err);
	if (p->rc == 0 && at > copy.len - 4)
		p->rc = cof_err_set(p->err, COF_E_MALFORMED, "firmware-malformed", "no word at 0x%zx of PEIFV", at);
	if (p->rc == 0 && at != 0)
		cof_put_le(copy.data + at, 4, cof_acpi_timer_port(p->in->machine));
	add_bytes(p, 0, COF_EV_EFI_PLATFORM_FIRMWARE_BLOB, "pei-volume", cof_buf_span(&copy));
}

static void add_firmware(predictor *p)
{
	add_version(p);
	add_pei_volume(p);
	add_bytes(p, 0, COF_EV_EFI_PLATFORM_FIRMWARE_BLOB, "dxe-volume", p->ovmf.dxefv);
}

static void add_variable(predictor *p, cof_secure_variable v, cof_span data)
{
	COF_AUTO(cof_buf) b = {0};
	if (p->rc == 0)
		p->rc = cof_secure_variable_event(v, data, &b, p->err);
	add_bytes(p, 7, COF_EV_EFI_VARIABLE_DRIVER_CONFIG, cof_secure_variable_name(v), cof_buf_span(&b));
}

static void add_variables(predictor *p)
{
	uint8_t secure_boot = p->build.secure_boot == 1;
	for (cof_secure_variable v = 0; v < COF_SECURE_VARIABLES; v++) {
		bool has_data = v == COF_VAR_SECURE_BOOT && p->build.secure_boot >= 0;
		add_variable(p, v, (cof_span){&secure_boot, has_data});
	}
	add_separator(p, 7);
}

typedef struct acpi_file {
	const char *file;
	const char *word;
	size_t offset; /* of its span in cof_acpi_blobs */
} acpi_file;

static const acpi_file acpi_files[] = {
	{"etc/acpi/rsdp", "acpi-rsdp", offsetof(cof_acpi_blobs, rsdp)},
	{"etc/tpm/log", "acpi-tpm-log", offsetof(cof_acpi_blobs, tpm_log)},
	{"etc/acpi/tables", "acpi-tables", offsetof(cof_acpi_blobs, tables)},
};

static void add_acpi_file(predictor *p, cof_span name)
{
	for (size_t i = 0; i < COF_COUNT(acpi_files); i++) {
		if (!cof_table_loader_is(name, acpi_files[i].file))
			continue;
		cof_span blob;
		memcpy(&blob, (const uint8_t *)&p->in->acpi + acpi_files[i].offset, sizeof blob);
		add_bytes(p, 1, COF_EV_PLATFORM_CONFIG_FLAGS, acpi_files[i].word, blob);
		return;
	}
	if (p->rc == 0)
		p->rc = cof_err_set(p->err, COF_E_MALFORMED, "acpi-malformed", "the table loader names another file");
}

static void add_acpi(predictor *p)
{
	cof_table_loader script = {0};
	if (!p->build.measures_acpi || p->in->no_acpi)
		return;
	if (p->rc == 0)
		p->rc = cof_table_loader_parse(p->in->acpi.table_loader, &script, p->err);
	add_bytes(p, 1, COF_EV_PLATFORM_CONFIG_FLAGS, "acpi-table-loader", p->in->acpi.table_loader);
	for (size_t i = 0; i < script.n; i++)
		add_acpi_file(p, script.files[i]);
}

static uint64_t initrd_size(const cof_tpm_launch *in)
{
	return in->initrd_digest != NULL ? in->initrd_size : in->initrd.len;
}

static int patch_kernel(const cof_tpm_launch *in, cof_buf *ret, cof_err *err)
{
	if (in->machine != COF_MACHINE_Q35 && in->memory_bytes >= 0xb0000000u)
		return cof_err_set(err, COF_E_USAGE, "machine-unsupported",
				   "a pc machine with this much memory cannot be predicted");
	if (in->initrd_digest != NULL && in->initrd_size == 0)
		return cof_err_set(err, COF_E_USAGE, "initrd-file-needed",
				   "a patched kernel holds the initrd's size, which its digest does not give");
	cof_kernel_boot boot = {.low_memory = cof_q35_low_memory(in->memory_bytes),
				.initrd_size = (uint32_t)initrd_size(in),
				.has_initrd = in->has_initrd,
				.cmdline = in->cmdline};
	return cof_kernel_patch(in->kernel, &boot, ret, err);
}

static void add_kernel(predictor *p)
{
	COF_AUTO(cof_buf) patched = {0};
	cof_digest d = {0};
	cof_span image = p->in->kernel;
	bool plain = p->in->plain_kernel && p->build.takes_plain_kernel;
	if (p->in->kernel_digest != NULL) {
		add_digest(p, 4, COF_EV_EFI_BOOT_SERVICES_APPLICATION, "kernel", p->in->kernel_digest);
		return;
	}
	if (p->rc == 0 && !plain) {
		p->rc = patch_kernel(p->in, &patched, p->err);
		image = cof_buf_span(&patched);
	}
	if (p->rc == 0)
		p->rc = cof_pe_digest(image, p->in->bank, &d, p->err);
	add_digest(p, 4, COF_EV_EFI_BOOT_SERVICES_APPLICATION, "kernel", &d);
}

static void add_smbios(predictor *p)
{
	cof_digest d = {0};
	if (!p->build.measures_smbios || p->rc < 0)
		return;
	if (p->in->smbios.len == 0)
		p->rc = cof_err_set(p->err, COF_E_USAGE, "smbios-needed",
				    "this firmware build measures the SMBIOS table, which was not given");
	else
		p->rc = cof_smbios_digest(p->in->smbios, p->in->bank, &d, p->err);
	add_digest(p, 1, COF_EV_EFI_HANDOFF_TABLES, "smbios", &d);
}

static void add_boot_options(predictor *p)
{
	const cof_firmware_build *b = &p->build;
	COF_AUTO(cof_buf) order = {0};
	if (p->rc == 0)
		p->rc = cof_boot_order_event(b->options, b->n_options, &order, p->err);
	add_bytes(p, 1, COF_EV_EFI_VARIABLE_BOOT, "boot-order", cof_buf_span(&order));
	for (size_t i = 0; i < b->n_options; i++) {
		char name[COF_EVENT_NAME_MAX];
		(void)snprintf(name, sizeof name, "boot-%04x", b->options[i].number);
		add_bytes(p, 1, COF_EV_EFI_VARIABLE_BOOT, name, cof_span_of(b->options[i].data, b->options[i].len));
	}
}

static void add_action(predictor *p, uint32_t pcr, cof_boot_action a)
{
	add_bytes(p, pcr, COF_EV_EFI_ACTION, cof_boot_action_name(a), cof_boot_action_text(a));
}

static void add_attempt(predictor *p)
{
	add_action(p, 4, COF_ACTION_CALLING);
	for (uint32_t pcr = 0; pcr <= 6; pcr++)
		add_separator(p, pcr);
}

static void add_cmdline(predictor *p)
{
	COF_AUTO(cof_buf) options = {0};
	if (p->rc == 0)
		p->rc = cof_load_options(p->in->cmdline, p->in->has_initrd, p->build.initrd_first, &options, p->err);
	if (options.len > 0)
		add_bytes(p, 9, COF_EV_EVENT_TAG, "cmdline", cof_buf_span(&options));
}

static void add_linux(predictor *p)
{
	add_cmdline(p);
	if (p->in->has_initrd && p->in->initrd_digest != NULL)
		add_digest(p, 9, COF_EV_EVENT_TAG, "initrd", p->in->initrd_digest);
	else if (p->in->has_initrd)
		add_bytes(p, 9, COF_EV_EVENT_TAG, "initrd", p->in->initrd);
	add_action(p, 5, COF_ACTION_EXIT);
	add_action(p, 5, COF_ACTION_EXIT_DONE);
}

static void (*const parts[])(predictor *) = {add_firmware, add_variables,    add_acpi,	  add_kernel,
					     add_smbios,   add_boot_options, add_attempt, add_linux};

static int find_build(const cof_tpm_launch *in, cof_firmware_build *ret, cof_err *err)
{
	uint8_t d[COF_SHA256_LEN];
	int rc = cof_sha256(in->code, d, err);
	if (rc < 0)
		return rc;
	if (in->extra == NULL || !cof_ct_equal(cof_span_of(d, sizeof d), cof_span_of(in->extra->code_sha256, sizeof d)))
		return cof_firmware_build_find(d, ret, err);
	*ret = *in->extra;
	return 0;
}

static int check_vars(cof_span vars, cof_err *err)
{
	bool empty = true;
	int rc = vars.len == 0 ? 0 : cof_varstore_is_empty(vars, &empty, err);
	if (rc == 0 && !empty)
		return cof_err_set(err, COF_E_POLICY, "vars-not-empty",
				   "the variable store holds variables; only an empty one can be predicted");
	return rc;
}

static int check_input(const cof_tpm_launch *in, cof_span bytes, const cof_digest *digest, cof_err *err)
{
	if (digest != NULL && (bytes.len > 0 || digest->alg != in->bank))
		return cof_err_set(err, COF_E_USAGE, "input-digest",
				   "kernel and initrd are given as bytes or as a %s digest, not both",
				   cof_hash_name(in->bank));
	return 0;
}

static int check_inputs(const cof_tpm_launch *in, cof_err *err)
{
	int rc = check_input(in, in->kernel, in->kernel_digest, err);
	if (rc == 0)
		rc = check_input(in, in->initrd, in->initrd_digest, err);
	if (rc == 0 && initrd_size(in) > INT32_MAX)
		return cof_err_set(err, COF_E_USAGE, "initrd-too-large", "the initrd is too large");
	return rc;
}

int cof_tpm_predict(const cof_tpm_launch *in, cof_tpm_prediction *ret, cof_err *err)
{
	COF_AUTO(predictor) p = {.in = in, .err = err};
	p.rc = check_inputs(in, err);
	if (p.rc == 0)
		p.rc = find_build(in, &p.build, err);
	if (p.rc == 0)
		p.rc = check_vars(in->vars, err);
	if (p.rc == 0)
		p.rc = cof_ovmf_open(in->code, &p.ovmf, err);
	for (size_t i = 0; p.rc == 0 && i < COF_COUNT(parts); i++)
		parts[i](&p);
	if (p.rc == 0)
		p.rc = cof_ref_events_replay(p.out.events, p.out.n, COF_LOG_TPM, in->bank, p.out.pcrs, err);
	if (p.rc == 0)
		*ret = p.out;
	return p.rc;
}
