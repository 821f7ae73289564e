/* SPDX-License-Identifier: Apache-2.0 */
/* A captured boot of the launch vectors as inputs of a prediction. */
#pragma once

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

static inline void capture_release(capture *c)
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

static inline void load_firmware(const char *name, capture *c)
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

static inline void load_file(const json_t *files, const char *key, cof_buf *ret)
{
	const char *name = jstr(json_object_get(files, key), "file");
	if (name == NULL)
		return;
	if (strstr(name, ".xz") != NULL)
		vector_read_xz(name, ret);
	else
		vector_read(name, ret);
}

static inline void load_acpi(const json_t *files, capture *c)
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
static inline void load_capture(const json_t *v, const char *stand_in, capture *c)
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

static inline cof_ref_event *event_named(cof_tpm_prediction *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->events[i].name, name) == 0)
			return &p->events[i];
	}
	return NULL;
}
