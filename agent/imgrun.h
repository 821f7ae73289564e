/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's first process, as the image means it within its own rootfs, where the owner's policy does not say
 * otherwise. The rootfs is the image author's to shape: nothing in it leads out of it, and no directory of the process
 * lies where the runtime puts file systems of the kernel's (a descriptor of the runtime's would be in reach there).
 *
 * spec: OCI image-spec conversion.md
 */
#pragma once

#include "agent/imgconf.h"
#include "agent/user.h"

typedef struct cof_imgrun {
	cof_words args, env;
	char *cwd; /* absolute, without "." and ".." */
	cof_user user;
} cof_imgrun;

void cof_imgrun_release(cof_imgrun *r);
COF_DEFINE_AUTO(cof_imgrun, cof_imgrun_release)

/*
 * Nothing is changed in the rootfs. policy may be NULL: the image alone decides. Environment: entries without a name or
 * without "=" fall away, of two with one name the later one counts, and PATH, HOME and HOSTNAME are added where they
 * are missing. Reasons: "image-config-malformed" (also: nothing to run), "image-user-unknown", "image-workdir"
 * (malformed). ret must be zeroed.
 */
COF_WUR int cof_imgrun_resolve(const cof_imgconf *c, const cof_policy_container *policy, const char *hostname,
			       int rootfd, cof_imgrun *ret, cof_err *err);
/* Makes the working directory and the volumes that the rootfs lacks, for root and with mode 0755: what an image keeps
 * there stays. Reason "image-workdir". */
COF_WUR int cof_imgrun_folders(const cof_imgrun *r, const cof_imgconf *c, int rootfd, cof_err *err);
