/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy gate: pure rules over decoded requests. Each takes the very message that its handler will use and says
 * yes (0) or which rule refused which field ("policy-denied: …"). A host's word that we replace by our own is let
 * through; a host's word that would have an effect, or seems meant to have one, must be in the policy.
 */
#pragma once

#include "agent/policy.h"
#include "agent/proto.h"

/* Where a container's files must be: /run/kata-containers/<id>/rootfs. */
#define COF_GATE_BUNDLES "/run/kata-containers"

enum { COF_ID_MAX = 128 };

typedef struct cof_gate_in {
	const cof_policy *policy;
	const ProtobufCMessage *message;
} cof_gate_in;

/* A rule. err gets class policy or malformed. */
typedef int (*cof_gate_rule)(const cof_gate_in *in, cof_err *err);

COF_WUR int cof_gate_always(const cof_gate_in *in, cof_err *err); /* says nothing and changes nothing */
COF_WUR int cof_gate_never(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_create_sandbox(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_create_container(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_start_container(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_remove_container(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_stats(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_exec(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_signal(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_wait(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_read_stdout(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_read_stderr(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_write_stdin(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_close_stdin(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_resize(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_interface(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_routes(const cof_gate_in *in, cof_err *err);
COF_WUR int cof_gate_hosts(const cof_gate_in *in, cof_err *err);

/* The parts of create_container, each alone testable. */
COF_WUR int cof_gate_id(const char *id, const char *field, cof_err *err);
COF_WUR int cof_gate_storage(const Grpc__CreateContainerRequest *m, cof_err *err);
COF_WUR int cof_gate_spec(const Grpc__Spec *spec, const char *reference, const cof_policy_container *allowed,
			  cof_err *err);
COF_WUR int cof_gate_process(const Grpc__Process *p, const cof_policy_container *allowed, cof_err *err);
COF_WUR int cof_gate_linux(const Grpc__Linux *l, cof_err *err);

/* "policy-denied: field: why". */
COF_WUR COF_PRINTF(3, 4) int cof_gate_deny(cof_err *err, const char *field, const char *fmt, ...);
