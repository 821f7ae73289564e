/* SPDX-License-Identifier: Apache-2.0 */
#include "common/file.h"
#include "common/initdata.h"
#include "runtime/cli/run.h"
#include "runtime/vm/rundir.h"
#include "runtime/vm/scratch.h"

static int load_initdata(cof_run *r, cof_err *err)
{
	COF_AUTO(cof_initdata) d = {0};
	int res = cof_file_read(r->o.initdata, COF_INITDATA_MAX, &r->initdata, err);
	if (res == 0)
		res = cof_initdata_parse(cof_buf_span(&r->initdata), &d, err);
	if (res < 0)
		return cof_err_wrap(err, "initdata %s", r->o.initdata);
	cof_digest_str(&d.digest, r->report.initdata_digest);
	return 0;
}

/* A machine with a scratch disk is another machine, and measures as one. */
static int choose_profile(cof_run *r, cof_err *err)
{
	const cof_profile **p = &r->vm_opts.profile;
	if (r->o.scratch_bytes > 0)
		return cof_manifest_scratch_profile(&r->guest, r->o.profile, p, err);
	int res = cof_manifest_profile(&r->guest, r->o.profile, p, err);
	if (res == 0 && (*p)->scratch)
		return cof_err_set(err, COF_E_USAGE, "usage", "machine profile %s wants --scratch SIZE", r->o.profile);
	return res;
}

static int load_guest(cof_run *r, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int res = cof_cli_guest(r->o.guest, &path, err);
	if (res == 0)
		res = cof_manifest_load(path, &r->guest, err);
	if (res == 0)
		res = choose_profile(r, err);
	if (res == 0)
		r->report.profile = r->vm_opts.profile->name;
	return res < 0 ? res : cof_manifest_check_files(&r->guest, r->vm_opts.profile, err);
}

static int probe(cof_run *r, cof_err *err)
{
	COF_AUTO_FREE char *base = NULL;
	int res = cof_tee_choose(r->o.tee, &r->vm_opts.tee, err);
	if (res == 0)
		res = cof_transport_choose(r->o.transport, COF_VHOST_VSOCK, &r->transport, err);
	if (res == 0)
		res = cof_probe_qemu(&r->qemu, err);
	if (res == 0)
		res = cof_rundir_base(&base, err);
	if (res == 0)
		res = cof_probe_accel(&r->qemu, &r->guest, r->vm_opts.profile, base, &r->vm_opts.accel, err);
	if (res < 0)
		return res;
	r->report.tee = r->vm_opts.tee->name;
	r->report.accel = cof_accel_name(r->vm_opts.accel);
	r->report.transport = r->transport.name;
	return 0;
}

int cof_run_prepare(cof_run *r, cof_err *err)
{
	int res = load_initdata(r, err);
	if (res == 0)
		res = load_guest(r, err);
	if (res == 0 && r->o.scratch_bytes > 0)
		res = cof_scratch_file(r->o.scratch_dir, r->o.scratch_bytes, &r->scratch_fd, err);
	return res < 0 ? res : probe(r, err);
}
