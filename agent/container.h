/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's container: created by a pull and crun, started, waited for, removed. Each step is only taken from the
 * state before it, and at most one is under way.
 */
#pragma once

#include "agent/agent.h"
#include "agent/process.h"
#include "agent/pull.h"
#include "agent/rootfs.h"
#include "agent/spec.h"

typedef enum cof_life {
	COF_LIFE_PULLING,
	COF_LIFE_CREATING,
	COF_LIFE_CREATED,
	COF_LIFE_STARTING,
	COF_LIFE_RUNNING,
	COF_LIFE_STOPPED,
	COF_LIFE_REMOVING,
} cof_life;

enum { COF_EXECS_MAX = 32 };

/* What the host asked for and the gate let through. */
typedef struct cof_container_ask {
	const char *id;
	const char *reference;
	const cof_policy_container *allowed;
	int64_t memory, pids;
} cof_container_ask;

struct cof_container {
	cof_agent *agent;
	char id[COF_ID_MAX + 1];
	cof_life life;
	cof_process *init;
	cof_process *execs[COF_EXECS_MAX];
	size_t n_execs;
	cof_pull *pull;
	char *bundle, *rootfs, *work, *layers, *log, *pid_file, *cgroup;
	char *reference;
	const cof_policy_container *allowed;
	cof_imgconf image;
	cof_imgrun run;
	int64_t memory, pids;
	cof_ttrpc_call *pending; /* of the step under way */
	bool known_to_crun;
	int64_t step_ms;
	const char *spawns[COF_EXECS_MAX]; /* ids of execs that crun works on */
	size_t spawning;
	size_t runs;  /* of crun, under way: c outlives them */
	bool deleted; /* crun has forgotten it: it goes when runs is 0 */
};

/* Begins; call is answered when crun has the container, or with the reason why not. */
void cof_container_create(cof_agent *a, const cof_container_ask *ask, cof_ttrpc_call *call);
void cof_container_start(cof_container *c, cof_ttrpc_call *call);
void cof_container_exec(cof_container *c, const char *id, char *const *argv, size_t n, cof_ttrpc_call *call);
/* call may be NULL: nobody asks, all is torn down. a->container is gone when it is done. */
void cof_container_remove(cof_container *c, cof_ttrpc_call *call);
/* Everything in it dies now. */
COF_WUR int cof_container_kill(cof_container *c, cof_err *err);

/* Reason "no-such-container" (also without any). */
COF_WUR int cof_container_find(cof_agent *a, const char *id, cof_container **ret, cof_err *err);
/* exec "" or the container's id is the first process. Reason "no-such-process". */
COF_WUR int cof_container_process(cof_container *c, const char *exec, cof_process **ret, cof_err *err);
COF_WUR int cof_container_must_be(const cof_container *c, cof_life life, cof_err *err);
/* What spec.h needs. */
cof_spec_in cof_container_spec(const cof_container *c);
/* Ends the create step with why, and the container with it. */
void cof_container_fail(cof_container *c, const cof_err *why);
/* A run of crun came back. False: the container is over, and may be gone. */
bool cof_container_back(cof_container *c);
void cof_container_free(cof_container *c);
