/* SPDX-License-Identifier: Apache-2.0 */
#include "common/file.h"
#include "common/initdata.h"
#include "runtime/cli/run.h"
#include "runtime/vm/rundir.h"

#define MANIFEST_BESIDE "../guest/manifest.json"
#define MANIFEST_INSTALLED "../share/coffer/guest/manifest.json"

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

static int find_manifest(const cof_run *r, char **ret, cof_err *err)
{
	static const char *const places[] = {MANIFEST_BESIDE, MANIFEST_INSTALLED};
	const char *chosen = r->o.guest != NULL ? r->o.guest : getenv("COFFER_GUEST");
	char self[4096];
	if (chosen != NULL)
		return cof_path(ret, err, "%s", chosen);
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n <= 0)
		return cof_err_sys(err, "guest-absent", "/proc/self/exe");
	self[n] = 0;
	char *slash = strrchr(self, '/');
	if (slash != NULL)
		*slash = 0;
	for (size_t i = 0; i < COF_COUNT(places); i++) {
		COF_AUTO_FREE char *path = NULL;
		if (cof_path(&path, err, "%s/%s", self, places[i]) == 0 && access(path, R_OK) == 0) {
			*ret = cof_steal(&path);
			return 0;
		}
	}
	return cof_err_set(err, COF_E_USAGE, "guest-absent",
			   "no guest image beside this program; name one with --guest");
}

static int load_guest(cof_run *r, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int res = find_manifest(r, &path, err);
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
		res = cof_probe_qemu(&r->qemu, err);
	if (res == 0)
		res = cof_rundir_base(&base, err);
	if (res == 0)
		res = cof_probe_accel(&r->qemu, &r->guest, r->vm_opts.profile, base, &r->vm_opts.accel, err);
	if (res < 0)
		return res;
	r->report.tee = r->vm_opts.tee->name;
	r->report.accel = cof_accel_name(r->vm_opts.accel);
	return 0;
}

int cof_run_prepare(cof_run *r, cof_err *err)
{
	int res = load_initdata(r, err);
	if (res == 0)
		res = load_guest(r, err);
	return res < 0 ? res : probe(r, err);
}
