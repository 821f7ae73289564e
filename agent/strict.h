/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decoded request must hold nothing that this agent does not know: a field that the gate cannot see must not reach
 * a handler, nor be dropped without a word.
 */
#pragma once

#include "agent/proto.h"

/* Reason "unknown-field", at any depth. */
COF_WUR int cof_strict_check(const ProtobufCMessage *m, cof_err *err);
