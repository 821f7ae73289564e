/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/measure_tpm.h"

#include "runtime/vm/probe.h"

void cof_measure_tpm_release(cof_measure_tpm *t)
{
	cof_guest_inputs_release(&t->guest);
}

static int read_calibration(const char *path, cof_firmware_build *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) j = NULL;
	int rc = cof_json_read_file(path, COF_CALIBRATION_MAX, &j, err);
	return rc < 0 ? rc : cof_firmware_build_parse(j, ret, err);
}

static bool wants_machine(const cof_tee_measure *const *tees)
{
	for (; *tees != NULL; tees++) {
		if ((*tees)->wants_machine)
			return true;
	}
	return false;
}

int cof_measure_tpm_load(const cof_measure_opts *o, const cof_tee_measure *const *tees, cof_measure_inputs *in,
			 cof_measure_tpm *ret, cof_err *err)
{
	COF_AUTO(cof_qemu) qemu = {0};
	int rc = 0;
	if (!wants_machine(tees))
		return 0;
	if (o->calibration != NULL)
		rc = read_calibration(o->calibration, &ret->build, err);
	if (rc == 0)
		rc = cof_probe_qemu(&qemu, err);
	if (rc == 0)
		rc = cof_guest_inputs_load(&in->manifest, in->profile, qemu.path, &ret->guest, err);
	if (rc < 0)
		return rc;
	ret->guest.launch.extra = o->calibration != NULL ? &ret->build : NULL;
	in->in.tpm = &ret->guest.launch;
	return 0;
}
