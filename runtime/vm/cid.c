/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/cid.h"

#include <errno.h>
#include <linux/vhost.h>
#include <sys/ioctl.h>
#include <sys/random.h>

enum { TRIES = 64 };

/* 2^30 ids far from the reserved ones and from the small numbers that people give by hand. */
#define CID_LOWEST 0x40000000u
#define CID_MASK 0x3fffffffu

int cof_cid_choose(cof_cid_claim claim, void *arg, uint32_t *ret, cof_err *err)
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t random = 0;
		if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
			return cof_err_sys(err, "no-random", "for a vsock context id");
		uint32_t cid = CID_LOWEST | (random & CID_MASK);
		if (claim(arg, cid) == 0) {
			*ret = cid;
			return 0;
		}
		if (errno != EADDRINUSE)
			return cof_err_set(err, COF_E_UNAVAILABLE, "vsock-unavailable", "no vsock context id: errno %d",
					   errno);
	}
	return cof_err_set(err, COF_E_UNAVAILABLE, "vsock-unavailable", "%d vsock context ids were taken", TRIES);
}

/* spec: linux/vhost.h; the id stays this descriptor's, whichever process holds it, until it is closed. */
int cof_cid_claim_vhost(void *arg, uint32_t cid)
{
	const int *fd = arg;
	uint64_t id = cid;
	return ioctl(*fd, VHOST_VSOCK_SET_GUEST_CID, &id);
}
