/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "common/file.h"
#include "common/secret.h"
#include "runtime/cli/measure_guest.h"
#include "runtime/vm/argv.h"
#include "runtime/vm/swtpm.h"

enum { TPM_FD = 3 };

void cof_tmp_dir_release(cof_tmp_dir *d)
{
	cof_err ignored;
	if (d->path != NULL)
		(void)!cof_rm_tree(d->path, &ignored);
	free(d->path);
	d->path = NULL;
}

int cof_tmp_dir_make(cof_tmp_dir *ret, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	const char *base = getenv("TMPDIR");
	int rc = cof_path(&path, err, "%s/coffer-XXXXXX", base != NULL && base[0] == '/' ? base : "/tmp");
	if (rc < 0)
		return rc;
	if (mkdtemp(path) == NULL)
		return cof_err_sys(err, "temp-dir", "%s", path);
	ret->path = cof_steal(&path);
	return 0;
}

void cof_guest_inputs_release(cof_guest_inputs *g)
{
	cof_buf_release(&g->code);
	cof_buf_release(&g->vars);
	cof_buf_release(&g->kernel);
	cof_buf_release(&g->initrd);
	cof_qtest_acpi_release(&g->acpi);
}

/* The digest is of the bytes that the prediction uses, so that no other version of the file can slip in between. */
static int read_checked(const cof_guest_file *f, cof_buf *ret, cof_err *err)
{
	uint8_t d[COF_SHA256_LEN];
	int rc = cof_file_read(f->path, COF_MANIFEST_FILE_MAX, ret, err);
	if (rc == 0)
		rc = cof_sha256(cof_buf_span(ret), d, err);
	if (rc == 0 && !cof_ct_equal(cof_span_of(d, sizeof d), cof_span_of(f->sha256, sizeof d)))
		return cof_err_set(err, COF_E_CRYPTO, "guest-image-mismatch", "%s is not the file of the manifest",
				   f->path);
	return rc;
}

static int read_files(const cof_manifest *m, const cof_profile *p, cof_guest_inputs *g, cof_err *err)
{
	int rc = read_checked(&m->firmware, &g->code, err);
	if (rc == 0)
		rc = read_checked(&m->vars, &g->vars, err);
	if (rc == 0)
		rc = read_checked(&m->kernel, &g->kernel, err);
	return rc < 0 ? rc : read_checked(cof_manifest_initrd(m, p), &g->initrd, err);
}

static int read_acpi(const cof_argv_in *in, cof_swtpm *tpm, cof_qtest_acpi *ret, cof_err *err)
{
	COF_AUTO(cof_argv) argv = {0};
	int rc = cof_argv_build(in, &argv, err);
	if (rc < 0)
		return rc;
	const cof_proc_fd fds[] = {{.from = tpm->ctrl_fd, .to = TPM_FD}};
	const cof_qtest_opts opts = {
		.argv = (const char *const *)argv.v, .socket = in->qtest, .fds = fds, .n_fds = COF_COUNT(fds)};
	return cof_qtest_read_acpi(&opts, ret, err);
}

/* The very machine of a launch, with a TPM that nobody has to trust, stopped before its first instruction. */
static int ask_qemu(const cof_manifest *m, const cof_profile *p, const char *qemu, cof_qtest_acpi *ret, cof_err *err)
{
	COF_AUTO(cof_tmp_dir) dir = {0};
	COF_AUTO(cof_swtpm) tpm = {.proc = COF_PROC_NONE, .ctrl_fd = -EBADF};
	COF_AUTO_FREE char *socket = NULL;
	int rc = cof_tmp_dir_make(&dir, err);
	if (rc == 0)
		rc = cof_path(&socket, err, "%s/qtest.sock", dir.path);
	const cof_swtpm_opts opts = {.dir = dir.path, .bare = true};
	if (rc == 0)
		rc = cof_swtpm_start(&opts, &tpm, err);
	cof_argv_in in = {COF_ARGV_NO_FDS};
	in.qemu = qemu;
	in.guest = m;
	in.profile = p;
	in.accel = COF_ACCEL_TCG;
	in.qtest = socket;
	in.tpm_fd = TPM_FD;
	return rc < 0 ? rc : read_acpi(&in, &tpm, ret, err);
}

static int fill_launch(const cof_manifest *m, const cof_profile *p, cof_guest_inputs *g, cof_err *err)
{
	if (strcmp(p->machine, "q35") != 0)
		return cof_err_set(err, COF_E_USAGE, "machine-unsupported", "machine %s cannot be predicted",
				   p->machine);
	g->launch = (cof_tpm_launch){
		.code = cof_buf_span(&g->code),
		.vars = cof_buf_span(&g->vars),
		.kernel = cof_buf_span(&g->kernel),
		.initrd = cof_buf_span(&g->initrd),
		.has_initrd = true,
		.cmdline = m->cmdline,
		.machine = COF_MACHINE_Q35,
		.memory_bytes = (uint64_t)p->memory_mib << 20,
		.plain_kernel = g->acpi.plain_kernel,
		.acpi = {cof_buf_span(&g->acpi.table_loader), cof_buf_span(&g->acpi.rsdp),
			 cof_buf_span(&g->acpi.tpm_log), cof_buf_span(&g->acpi.tables)},
	};
	return 0;
}

int cof_guest_inputs_load(const cof_manifest *m, const cof_profile *p, const char *qemu, cof_guest_inputs *ret,
			  cof_err *err)
{
	COF_AUTO(cof_guest_inputs) g = {0};
	int rc = read_files(m, p, &g, err);
	if (rc == 0)
		rc = ask_qemu(m, p, qemu, &g.acpi, err);
	if (rc == 0)
		rc = fill_launch(m, p, &g, err);
	if (rc < 0)
		return rc;
	*ret = g; /* the spans point at heap memory, which moves along */
	g = (cof_guest_inputs){0};
	return 0;
}
