/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to calls. An error's message is "reason: text": the host may know why its own request was refused. */
#pragma once

#include "agent/cgroup.h"
#include "agent/proto.h"
#include "common/ttrpc.h"

void cof_reply_err(cof_ttrpc_call *call, const cof_err *err);
/* m NULL: an empty message. */
void cof_reply(cof_ttrpc_call *call, const ProtobufCMessage *m);
void cof_reply_stats(cof_ttrpc_call *call, const cof_cgroup_stats *s);
