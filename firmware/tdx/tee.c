/* SPDX-License-Identifier: Apache-2.0 */
/* TDX as an entry of the table in firmware/tee.c: a document and a machine become MRTD, RTMRs and their events. */
#include <stdio.h>

#include "firmware/kernel.h"
#include "firmware/pe.h"
#include "firmware/tee_int.h"

typedef struct tdx_parts {
	cof_tdx_launch launch;
	cof_digest fw_cfg[COF_TDX_USUAL_FILES];
} tdx_parts;

static cof_digest sha384_of(const uint8_t bytes[COF_SHA384_LEN])
{
	cof_digest d = {.alg = COF_SHA384};
	memcpy(d.bytes, bytes, COF_SHA384_LEN);
	return d;
}

static int fill_fw_cfg(tdx_parts *p, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < COF_TDX_USUAL_FILES; i++)
		rc = cof_digest_of(COF_SHA384, cof_tdx_usual_files[i].bytes, &p->fw_cfg[i], err);
	p->launch.fw_cfg = p->fw_cfg;
	p->launch.n_fw_cfg = COF_TDX_USUAL_FILES;
	return rc;
}

static int fill_hob(const cof_measure_in *in, tdx_parts *p, cof_err *err)
{
	COF_AUTO(cof_buf) list = {0};
	int rc = cof_tdx_hob_list(&in->doc->tdx.tdvf, in->memory_bytes, &list, err);
	if (rc == 0)
		rc = cof_digest_of(COF_SHA384, cof_buf_span(&list), &p->launch.hob, err);
	p->launch.has_hob = rc == 0;
	return rc;
}

static int patched_kernel(const cof_measure_in *in, cof_digest *ret, cof_err *err)
{
	COF_AUTO(cof_buf) patched = {0};
	const cof_launch_document *d = in->doc;
	if (in->kernel.len == 0 || (d->initrd.given && d->initrd.size == 0) || d->initrd.size > INT32_MAX)
		return cof_err_set(err, COF_E_USAGE, "kernel-file-needed",
				   "a patched kernel is computed from its file and the initrd's size");
	const cof_kernel_boot boot = {.low_memory = cof_q35_low_memory(in->memory_bytes),
				      .initrd_size = (uint32_t)d->initrd.size,
				      .has_initrd = d->initrd.given,
				      .cmdline = d->cmdline};
	int rc = cof_kernel_patch(in->kernel, &boot, &patched, err);
	return rc < 0 ? rc : cof_pe_digest(cof_buf_span(&patched), COF_SHA384, ret, err);
}

static int fill_kernel(const cof_measure_in *in, tdx_parts *p, cof_err *err)
{
	const cof_launch_document *d = in->doc;
	if (in->patched_kernel)
		return patched_kernel(in, &p->launch.kernel, err);
	if (!d->has_authenticode)
		return cof_err_set(err, COF_E_USAGE, "kernel-file-needed",
				   "TDX measures a kernel by its Authenticode digest, which its SHA-256 does not give");
	p->launch.kernel = sha384_of(d->authenticode);
	return 0;
}

static int fill_initrd(const cof_launch_document *d, tdx_parts *p, cof_err *err)
{
	p->launch.has_initrd = d->initrd.given;
	if (d->initrd.given && !d->initrd.has_sha384)
		return cof_err_set(err, COF_E_USAGE, "initrd-file-needed",
				   "TDX measures an initrd by its SHA-384, which its SHA-256 does not give");
	if (d->initrd.given)
		p->launch.initrd = sha384_of(d->initrd.sha384);
	if (d->cmdline == NULL && d->has_cmdline_sha256)
		return cof_err_set(err, COF_E_USAGE, "cmdline-text-needed",
				   "TDX measures the command line's text, which its SHA-256 does not give");
	p->launch.cmdline = d->cmdline;
	return 0;
}

static int fill(const cof_measure_in *in, tdx_parts *p, cof_err *err)
{
	*p = (tdx_parts){.launch = {.mrtd = sha384_of(in->doc->tdx.mrtd[in->mrtd_order]),
				    .cfv = sha384_of(in->doc->tdx.cfv),
				    .secure_boot = -1,
				    .vars_unknown = !in->doc->tdx.vars_empty}};
	if (cof_tdvf_cfv(&in->doc->tdx.tdvf) == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "firmware-malformed", "TDVF metadata: not one variable store");
	int rc = cof_tdx_layout_of(in->release, &p->launch.layout, err);
	if (rc == 0 && p->launch.layout.fw_cfg_events)
		rc = fill_fw_cfg(p, err);
	if (rc == 0)
		rc = fill_hob(in, p, err);
	if (rc == 0)
		rc = fill_kernel(in, p, err);
	return rc < 0 ? rc : fill_initrd(in->doc, p, err);
}

static void take_events(const cof_tdx_prediction *p, cof_measurement *ret)
{
	ret->judged = 0xe; /* RTMR0 to RTMR2 */
	for (size_t i = 0; i < p->n && i < COF_MEASURED_EVENTS_MAX; i++)
		ret->events[ret->n_events++] = p->events[i];
	for (unsigned i = 0; i < 3; i++) {
		char name[COF_REGISTER_NAME_MAX];
		(void)snprintf(name, sizeof name, "rtmr%u", i);
		cof_measurement_add(ret, name, COF_SHA384, p->known[i] ? p->rtmr[i] : NULL);
	}
}

/* The image is made for TDX, and was measured in this order. */
static int check_firmware(const cof_measure_in *in, cof_err *err)
{
	const cof_launch_tdx *t = &in->doc->tdx;
	if (!t->given && t->why.cls != COF_OK)
		return cof_err_set(err, t->why.cls, t->why.reason, "%s", t->why.text);
	if (!t->given)
		return cof_err_set(err, COF_E_POLICY, "tdvf-missing", "the firmware is not made for TDX");
	if (!cof_measured(t->mrtd[in->mrtd_order]))
		return cof_err_set(err, COF_E_USAGE, "firmware-image-needed",
				   "MRTD in this order of pages was not computed from the firmware's image");
	return 0;
}

static int predict(const cof_measure_in *in, cof_tdx_prediction *ret, cof_err *err)
{
	tdx_parts parts;
	int rc = fill(in, &parts, err);
	return rc < 0 ? rc : cof_tdx_predict(&parts.launch, ret, err);
}

/* MRTD needs the firmware alone; the RTMRs need a kernel, the memory and the firmware's release as well. */
int cof_measure_tdx(const cof_measure_in *in, cof_measurement *ret, cof_err *err)
{
	cof_tdx_prediction p;
	bool rtmrs = in->doc->kernel.given && in->memory_bytes != 0 && in->release != 0;
	int rc = check_firmware(in, err);
	if (rc == 0 && rtmrs)
		rc = predict(in, &p, err);
	if (rc < 0)
		return rc;
	*ret = (cof_measurement){.tee = "tdx"};
	cof_measurement_add(ret, "mrtd", COF_SHA384, in->doc->tdx.mrtd[in->mrtd_order]);
	if (rtmrs)
		take_events(&p, ret);
	return 0;
}
