/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's root: an overlay of its layers with a writable folder on top, all of it guest memory, and the files
 * that say where it is in the network.
 */
#pragma once

#include "agent/hosts.h"
#include "agent/pull.h"

typedef struct cof_rootfs {
	const char *work;  /* folder for upper, work and files; made here */
	const char *mount; /* where the overlay goes; made here */
} cof_rootfs;

COF_WUR int cof_rootfs_mount(const cof_rootfs *r, const cof_pull_result *layers, cof_err *err);
/* Unmounts and removes both folders; what is not there is fine. */
void cof_rootfs_remove(const cof_rootfs *r);
/* hosts, hostname and resolv.conf into a folder "files" in work. */
COF_WUR int cof_rootfs_files(const cof_rootfs *r, const cof_hosts *hosts, const char *hostname, cof_span dns,
			     cof_err *err);
/* "userxattr,lowerdir=2:1:0,upperdir=…,workdir=…": names relative to the layers' folder, to stay within a page. */
COF_WUR int cof_rootfs_options(const cof_rootfs *r, size_t lowest, size_t n, cof_buf *ret, cof_err *err);
