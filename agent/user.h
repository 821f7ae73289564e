/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a container runs as: an image config's "user[:group]" resolved with the passwd and group files of its own
 * rootfs, opened inside that root, regular and bounded, never through NSS.
 */
#pragma once

#include <stdint.h>

#include "common/buf.h"

enum { COF_USER_GROUPS_MAX = 64, COF_USER_FILE_MAX = 1 << 20, COF_USER_HOME_MAX = 256 };

typedef struct cof_user {
	uint32_t uid, gid;
	uint32_t groups[COF_USER_GROUPS_MAX];
	size_t n_groups;
	char home[COF_USER_HOME_MAX];
} cof_user;

/* Reason "image-user-unknown". spec "" means root. rootfd is the rootfs directory. */
COF_WUR int cof_user_resolve(int rootfd, const char *spec, cof_user *ret, cof_err *err);
/* The same on the texts of the two files: the pure part. */
COF_WUR int cof_user_find(cof_span passwd, cof_span group, const char *spec, cof_user *ret, cof_err *err);
