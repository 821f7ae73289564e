/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI runtime spec (config.json for crun) of a container, made by the agent from the verified image config and
 * the owner's policy. Nothing in it was copied from the host; the host's limits may only lower ours.
 */
#pragma once

#include "agent/imgrun.h"

typedef struct cof_spec_in {
	const char *id;
	const char *rootfs;	   /* absolute */
	const char *files;	   /* folder with hosts, hostname and resolv.conf, bound read-only; NULL: none */
	const char *hostname;	   /* "" for the id */
	const char *cgroup;	   /* path below the cgroup root */
	const cof_imgrun *run;	   /* its first process */
	const json_t *annotations; /* NULL: none */
	int64_t memory;		   /* bytes; 0: no limit */
	int64_t pids;		   /* 0: the default */
} cof_spec_in;

enum { COF_SPEC_PIDS_MAX = 4096 };

/* config.json of a new container. */
COF_WUR int cof_spec_build(const cof_spec_in *in, cof_buf *ret, cof_err *err);
/* The process document of `crun exec --process`: the container's own environment, user and limits. */
COF_WUR int cof_spec_exec(const cof_spec_in *in, char *const *argv, size_t n, cof_buf *ret, cof_err *err);
