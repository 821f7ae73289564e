/* SPDX-License-Identifier: Apache-2.0 */
#include "common/file.h"
#include "common/initdata.h"
#include "runtime/cli/run.h"
#include "runtime/vm/rundir.h"

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

static int load_guest(cof_run *r, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int res = cof_cli_guest(r->o.guest, &path, err);
	if (res == 0)
		res = cof_manifest_load(path, &r->guest, err);
	if (res == 0)
		res = cof_manifest_profile(&r->guest, r->o.profile, &r->vm_opts.profile, err);
	if (res == 0)
		r->report.profile = r->o.profile;
	return res < 0 ? res : cof_manifest_check_files(&r->guest, err);
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
	return res < 0 ? res : probe(r, err);
}
