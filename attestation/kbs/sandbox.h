/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process of coffer-kbs may still do once it begins to face strangers. The verifier gets a list of the few
 * calls that computing needs; the front keeps its sockets and loses exec, fork, ptrace, new files and everything
 * that only an attacker would want. Both lose new privileges. A refused call gives EPERM.
 */
#pragma once

#include "common/err.h"

/* No core, bounded memory, processor time and descriptors, no new privileges, and the verifier's list. */
COF_WUR int cof_sandbox_verifier(cof_err *err);
COF_WUR int cof_sandbox_front(cof_err *err);
