/* SPDX-License-Identifier: Apache-2.0 */
/* What a launch measures, from the bytes that a VMM is given. */
#include "firmware/kernel.h"
#include "firmware/ovmf.h"
#include "firmware/pe.h"
#include "firmware/smbios.h"
#include "firmware/tableloader.h"
#include "firmware/tdx/tdx.h"

typedef struct reader {
	const cof_tdx_sources *in;
	cof_tdvf meta;
	cof_tdx_inputs out;
	cof_err *err;
} reader;

static int hash(cof_span bytes, cof_digest *ret, cof_err *err)
{
	return cof_digest_of(COF_SHA384, bytes, ret, err);
}

static int read_mrtd(reader *r)
{
	cof_digest *d = &r->out.launch.mrtd;
	d->alg = COF_SHA384;
	return cof_tdx_mrtd(r->in->firmware, &r->meta, r->in->order, d->bytes, r->err);
}

static int read_hob(reader *r)
{
	COF_AUTO(cof_buf) list = {0};
	if (r->in->no_hob)
		return 0;
	r->out.launch.has_hob = true;
	int rc = cof_tdx_hob_list(&r->meta, r->in->memory_bytes, &list, r->err);
	return rc < 0 ? rc : hash(cof_buf_span(&list), &r->out.launch.hob, r->err);
}

static int read_cfv(reader *r)
{
	const cof_tdvf_section *s = cof_tdvf_cfv(&r->meta);
	bool empty = false;
	if (s == NULL)
		return cof_err_set(r->err, COF_E_MALFORMED, "firmware-malformed",
				   "TDVF metadata: not one variable store");
	cof_span cfv = cof_tdvf_data(r->in->firmware, s);
	int rc = cof_varstore_is_empty(cfv, &empty, r->err);
	if (rc == 0 && !empty)
		return cof_err_set(r->err, COF_E_POLICY, "vars-not-empty",
				   "the variable store holds variables; only an empty one can be predicted");
	return rc < 0 ? rc : hash(cfv, &r->out.launch.cfv, r->err);
}

/* In the order in which OVMF measures them. source: EDK2 OvmfPkg, measured fw_cfg items */
static const char *const measured_files[COF_TDX_FW_CFG_MAX] = {
	"etc/extra-pci-roots",	  "BootMenu",  "etc/boot-menu-wait", "etc/reserved-memory-end",
	"opt/ovmf/X-PciMmio64Mb", "bootorder",
};

const cof_named_blob cof_tdx_usual_files[COF_TDX_USUAL_FILES] = {
	{"BootMenu", {(const uint8_t *)"\0", 2}},
	{"bootorder", {(const uint8_t *)"/rom@genroms/linuxboot_dma.bin", 31}},
};

static const cof_named_blob *find_file(const cof_tdx_sources *in, const char *name)
{
	bool given = in->n_fw_cfg > 0;
	const cof_named_blob *files = given ? in->fw_cfg : cof_tdx_usual_files;
	for (size_t i = 0; i < (given ? in->n_fw_cfg : COF_TDX_USUAL_FILES); i++) {
		if (strcmp(files[i].name, name) == 0)
			return &files[i];
	}
	return NULL;
}

static int read_fw_cfg(reader *r)
{
	cof_tdx_launch *l = &r->out.launch;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < COF_COUNT(measured_files); i++) {
		const cof_named_blob *file = find_file(r->in, measured_files[i]);
		if (file != NULL)
			rc = hash(file->bytes, &r->out.fw_cfg[l->n_fw_cfg++], r->err);
	}
	return rc;
}

static int hash_acpi_file(reader *r, cof_span name, cof_digest *ret)
{
	for (size_t i = 0; i < r->in->n_fw_cfg; i++) {
		if (cof_table_loader_is(name, r->in->fw_cfg[i].name))
			return hash(r->in->fw_cfg[i].bytes, ret, r->err);
	}
	return cof_err_set(r->err, COF_E_MALFORMED, "acpi-malformed",
			   "the table loader names a file that is not there");
}

static int read_acpi(reader *r)
{
	cof_tdx_launch *l = &r->out.launch;
	cof_table_loader script = {0};
	const cof_named_blob *loader = find_file(r->in, "etc/table-loader");
	if (loader == NULL)
		return 0;
	int rc = cof_table_loader_parse(loader->bytes, &script, r->err);
	if (rc == 0)
		rc = hash(loader->bytes, &r->out.acpi[l->n_acpi++], r->err);
	for (size_t i = 0; rc == 0 && i < script.n; i++)
		rc = hash_acpi_file(r, script.files[i], &r->out.acpi[l->n_acpi++]);
	return rc;
}

static int read_smbios(reader *r)
{
	if (r->in->smbios.len == 0)
		return 0;
	return cof_smbios_digest(r->in->smbios, COF_SHA384, &r->out.smbios, r->err);
}

static int read_kernel(reader *r)
{
	const cof_tdx_sources *in = r->in;
	COF_AUTO(cof_buf) patched = {0};
	cof_kernel_boot boot = {.low_memory = cof_q35_low_memory(in->memory_bytes),
				.initrd_size = (uint32_t)in->initrd.len,
				.has_initrd = in->has_initrd,
				.cmdline = in->cmdline};
	int rc = in->patched_kernel ? cof_kernel_patch(in->kernel, &boot, &patched, r->err) : 0;
	if (rc < 0)
		return rc;
	cof_span image = in->patched_kernel ? cof_buf_span(&patched) : in->kernel;
	return cof_pe_digest(image, COF_SHA384, &r->out.launch.kernel, r->err);
}

static int read_initrd(reader *r)
{
	if (!r->in->has_initrd)
		return 0;
	r->out.launch.has_initrd = true;
	return hash(r->in->initrd, &r->out.launch.initrd, r->err);
}

static int (*const parts[])(reader *) = {read_mrtd, read_hob,	 read_cfv,    read_fw_cfg,
					 read_acpi, read_smbios, read_kernel, read_initrd};

/* The pointers count for the object that they lie in. */
static void give(const reader *r, cof_tdx_inputs *ret)
{
	cof_tdx_launch *l = &ret->launch;
	*ret = r->out;
	l->fw_cfg = ret->fw_cfg;
	l->acpi = l->n_acpi > 0 ? ret->acpi : NULL;
	l->smbios = r->in->smbios.len > 0 ? &ret->smbios : NULL;
	l->secure_boot = r->in->secure_boot;
	l->cmdline = r->in->cmdline;
}

int cof_tdx_inputs_of(const cof_tdx_sources *in, cof_tdx_inputs *ret, cof_err *err)
{
	reader r = {.in = in, .err = err};
	if (in->initrd.len > INT32_MAX)
		return cof_err_set(err, COF_E_USAGE, "initrd-too-large", "the initrd is too large");
	int rc = cof_tdx_layout_of(in->release, &r.out.launch.layout, err);
	if (rc == 0)
		rc = cof_tdvf_parse(in->firmware, &r.meta, err);
	for (size_t i = 0; rc == 0 && i < COF_COUNT(parts); i++)
		rc = parts[i](&r);
	if (rc == 0)
		give(&r, ret);
	return rc;
}
