/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/evidence/sevguest.h"

#include <fcntl.h>
#include <linux/ioctl.h>

#include "common/rd.h"
#include "common/secret.h"

/* The kernel's structures, of fixed layout; its own header differs in names between the versions that we build with. */
struct request {
	uint8_t msg_version;
	uint64_t req_data, resp_data;
	uint32_t fw_error, vmm_error;
};

struct report_req {
	uint8_t user_data[COF_SEVGUEST_DATA_LEN];
	uint32_t vmpl;
	uint8_t rsvd[28];
};

struct ext_report_req {
	struct report_req data;
	uint64_t certs_address;
	uint32_t certs_len;
};

_Static_assert(sizeof(struct request) == 32, "snp_guest_request_ioctl");
_Static_assert(sizeof(struct report_req) == 96, "snp_report_req");
_Static_assert(sizeof(struct ext_report_req) == 112, "snp_ext_report_req");

#define GET_REPORT _IOWR('S', 0, struct request)
#define GET_EXT_REPORT _IOWR('S', 2, struct request)

enum {
	MSG_VERSION = 1,
	PAGE = 4096,
	CERTS_FIRST = 16 << 10, /* as many as the driver carried when this was written */
	VMM_TOO_SMALL = 1,
	VMM_BUSY = 2,
	TRIES = 5,
	PAUSE_MS = 2000,
	REPORT_LEN = 1184,
	RESERVED_LEN = 24,
};

/* Memory that the kernel fills. */
typedef struct exchange {
	const cof_sys *sys;
	int fd;
	struct ext_report_req req; /* a plain request is its first part */
	uint8_t response[COF_SEVGUEST_RESPONSE_LEN];
	cof_buf certs;
	uint32_t fw_error, vmm_error;
} exchange;

static void exchange_release(exchange *x)
{
	if (x->fd >= 0)
		x->sys->close(x->sys->arg, x->fd);
	x->fd = -EBADF;
	cof_buf_release(&x->certs);
}
COF_DEFINE_AUTO(exchange, exchange_release)

int cof_sevguest_response_parse(cof_span in, cof_span *ret_report, cof_err *err)
{
	cof_rd r = cof_rd_of(in);
	uint32_t status = cof_rd_u32le(&r), size = cof_rd_u32le(&r);
	bool reserved = cof_rd_zeros(&r, RESERVED_LEN);
	cof_span report = cof_rd_bytes(&r, REPORT_LEN);
	if (!cof_rd_ok(&r) || in.len != COF_SEVGUEST_RESPONSE_LEN)
		return cof_err_set(err, COF_E_MALFORMED, "sev-guest-response", "a response of %zu bytes", in.len);
	if (status != 0 || size != REPORT_LEN || !reserved)
		return cof_err_set(err, COF_E_MALFORMED, "sev-guest-response",
				   "firmware status %u, a report of %u bytes", status, size);
	*ret_report = report;
	return 0;
}

/* One call. 0, or -errno with the codes of firmware and hypervisor in x. */
static int call(exchange *x, bool with_certs)
{
	struct request q = {
		.msg_version = MSG_VERSION, .req_data = (uintptr_t)&x->req, .resp_data = (uintptr_t)x->response};
	memset(x->response, 0, sizeof x->response);
	x->req.certs_address = (uintptr_t)x->certs.data;
	x->req.certs_len = (uint32_t)x->certs.len;
	int r = x->sys->ioctl(x->sys->arg, x->fd, with_certs ? GET_EXT_REPORT : GET_REPORT, &q) < 0 ? -errno : 0;
	x->fw_error = q.fw_error;
	x->vmm_error = q.vmm_error;
	return r;
}

/* Until the hypervisor is not busy any more. The driver has waited a minute each time before it says so. */
static int call_patiently(exchange *x, bool with_certs)
{
	int r = 0;
	for (int i = 0; i < TRIES; i++) {
		if (i > 0)
			x->sys->pause(x->sys->arg, PAUSE_MS);
		r = call(x, with_certs);
		bool busy = r == -EAGAIN || r == -EBUSY || r == -EINTR || (r < 0 && x->vmm_error == VMM_BUSY);
		if (!busy || r == -ETIMEDOUT)
			return r;
	}
	return -ETIMEDOUT;
}

static int failed(const exchange *x, int error, cof_err *err)
{
	if (error == -ETIMEDOUT)
		return cof_err_set(err, COF_E_UNAVAILABLE, "sev-guest-throttled",
				   "the host lets no request to the firmware pass");
	if (error == -ENOTTY)
		return cof_err_set(err, COF_E_IO, "sev-guest-wiped", "the driver has no key to talk to the firmware");
	errno = -error;
	return cof_err_sys(err, "sev-guest-failed", "firmware 0x%x, hypervisor 0x%x", x->fw_error, x->vmm_error);
}

static int make_room(exchange *x, size_t len, cof_err *err)
{
	int r = x->certs.len < len ? cof_buf_reserve(&x->certs, len - x->certs.len, err) : 0;
	if (r < 0)
		return r;
	memset(x->certs.data, 0, len);
	x->certs.len = len;
	return 0;
}

/* What the host says that it needs, when that is possible at all. */
static size_t wanted(const exchange *x)
{
	size_t len = x->req.certs_len;
	return len > x->certs.len && len <= COF_SEVGUEST_CERTS_MAX && len % PAGE == 0 ? len : 0;
}

/*
 * With certificates if that goes: at first with as much room as the driver carries, then once with what the host asks
 * for. The driver has made a plain request of each that was too small, so that no message counter is used twice; its
 * keys are whole.
 */
static int ask(exchange *x, bool *ret_certs, cof_err *err)
{
	int r = 0;
	size_t room = CERTS_FIRST;
	for (int i = 0; i < 2 && room > 0; i++) {
		r = make_room(x, room, err);
		if (r < 0)
			return r;
		r = call_patiently(x, true);
		if (r == 0) {
			*ret_certs = true;
			return 0;
		}
		room = x->vmm_error == VMM_TOO_SMALL ? wanted(x) : 0;
	}
	/* EINVAL: more room than this driver carries. */
	if (x->vmm_error == VMM_TOO_SMALL || r == -EINVAL)
		r = call_patiently(x, false);
	*ret_certs = false;
	return r < 0 ? failed(x, r, err) : 0;
}

int cof_sevguest_get(const cof_sys *sys, const char *device, const uint8_t data[COF_SEVGUEST_DATA_LEN],
		     cof_buf *ret_report, cof_buf *ret_certs, cof_err *err)
{
	COF_AUTO(exchange) x = {.sys = sys, .fd = sys->open(sys->arg, device, O_RDWR)};
	cof_span report;
	bool has_certs = false;
	if (x.fd < 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "sev-guest-absent", "%s cannot be opened", device);
	memcpy(x.req.data.user_data, data, COF_SEVGUEST_DATA_LEN);
	int r = ask(&x, &has_certs, err);
	if (r == 0)
		r = cof_sevguest_response_parse(cof_span_of(x.response, sizeof x.response), &report, err);
	if (r == 0)
		r = cof_buf_add(ret_report, report.data, report.len, err);
	if (r == 0 && has_certs)
		r = cof_buf_add(ret_certs, x.certs.data, x.certs.len, err);
	return r;
}
