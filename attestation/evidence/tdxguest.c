/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/evidence/tdxguest.h"

#include <fcntl.h>
#include <linux/ioctl.h>

#include "common/file.h"
#include "common/secret.h"

struct report_req {
	uint8_t reportdata[COF_TDXGUEST_DATA_LEN];
	uint8_t tdreport[COF_TDXGUEST_REPORT_LEN];
};

#define GET_REPORT0 _IOWR('T', 1, struct report_req)

enum {
	AT_REPORTDATA = 128,				    /* in REPORTMACSTRUCT */
	AT_TDINFO = 512,				    /* behind REPORTMACSTRUCT, TEE_TCB_INFO and 17 reserved */
	AT_MRCONFIGID = AT_TDINFO + 8 + 8 + COF_SHA384_LEN, /* ATTRIBUTES, XFAM, MRTD */
};

int cof_tdxguest_report(const cof_sys *sys, const char *device, const uint8_t data[COF_TDXGUEST_DATA_LEN],
			uint8_t ret[COF_TDXGUEST_REPORT_LEN], cof_err *err)
{
	struct report_req q = {0};
	int fd = sys->open(sys->arg, device, O_RDWR);
	if (fd < 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "tdx-guest-absent", "%s cannot be opened", device);
	memcpy(q.reportdata, data, sizeof q.reportdata);
	int r = sys->ioctl(sys->arg, fd, GET_REPORT0, &q);
	if (r < 0)
		r = cof_err_sys(err, "tdx-guest-failed", "%s: TDREPORT", device);
	sys->close(sys->arg, fd);
	if (r < 0)
		return r;
	if (!cof_ct_equal(cof_span_of(q.tdreport + AT_REPORTDATA, COF_TDXGUEST_DATA_LEN),
			  cof_span_of(data, COF_TDXGUEST_DATA_LEN)))
		return cof_err_set(err, COF_E_MALFORMED, "tdx-guest-report", "a TDREPORT over something else");
	memcpy(ret, q.tdreport, sizeof q.tdreport);
	return 0;
}

/* 0, or -errno; -EBADMSG for another length than that of a register. */
static int read_register(const cof_sys *sys, const char *path, uint8_t ret[COF_SHA384_LEN])
{
	COF_AUTO(cof_buf) bytes = {0};
	int r = cof_sys_read_all(sys, path, COF_SHA384_LEN, &bytes);
	if (r < 0)
		return r;
	if (bytes.len != COF_SHA384_LEN)
		return -EBADMSG;
	memcpy(ret, bytes.data, COF_SHA384_LEN);
	return 0;
}

static int failed(int error, const char *path, cof_err *err)
{
	errno = -error;
	if (error == -ENOENT)
		return cof_err_set(err, COF_E_UNAVAILABLE, "rtmr-unsupported",
				   "this kernel shows no RTMRs (Linux 6.16 does)");
	return cof_err_sys(err, "tdx-guest-failed", "%s", path);
}

static int mrconfigid_by_report(const cof_sys *sys, const char *root, uint8_t ret[COF_SHA384_LEN], cof_err *err)
{
	static const uint8_t none[COF_TDXGUEST_DATA_LEN];
	uint8_t report[COF_TDXGUEST_REPORT_LEN];
	COF_AUTO_FREE char *device = NULL;
	int r = cof_path(&device, err, "%s" COF_TDXGUEST_DEVICE, root);
	if (r == 0)
		r = cof_tdxguest_report(sys, device, none, report, err);
	if (r == 0)
		memcpy(ret, report + AT_MRCONFIGID, COF_SHA384_LEN);
	return r;
}

int cof_tdxguest_mrconfigid(const cof_sys *sys, const char *root, uint8_t ret[COF_SHA384_LEN], cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int r = cof_path(&path, err, "%s" COF_TDXGUEST_MEASUREMENTS "/mrconfigid", root);
	if (r < 0)
		return r;
	r = read_register(sys, path, ret);
	if (r == -ENOENT)
		return mrconfigid_by_report(sys, root, ret, err);
	return r < 0 ? failed(r, path, err) : 0;
}

static int rtmr_path(const char *root, unsigned n, char **ret, cof_err *err)
{
	return cof_path(ret, err, "%s" COF_TDXGUEST_MEASUREMENTS "/rtmr%u:sha384", root, n);
}

int cof_tdxguest_rtmr(const cof_sys *sys, const char *root, unsigned n, uint8_t ret[COF_SHA384_LEN], cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int r = rtmr_path(root, n, &path, err);
	if (r < 0)
		return r;
	r = read_register(sys, path, ret);
	return r < 0 ? failed(r, path, err) : 0;
}

int cof_tdxguest_extend(const cof_sys *sys, const char *root, unsigned n, const uint8_t digest[COF_SHA384_LEN],
			cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int r = rtmr_path(root, n, &path, err);
	if (r < 0)
		return r;
	r = cof_sys_write_once(sys, path, cof_span_of(digest, COF_SHA384_LEN));
	return r < 0 ? failed(r, path, err) : 0;
}
