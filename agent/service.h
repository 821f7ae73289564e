/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers. Each gets a request that the gate let through, and answers it once. */
#pragma once

#include "agent/agent.h"
#include "agent/proto.h"

#define COF_SERVE(name) void cof_serve_##name(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)

COF_SERVE(check);
COF_SERVE(version);
COF_SERVE(watch);
COF_SERVE(set_hosts);
COF_SERVE(create_sandbox);
COF_SERVE(destroy_sandbox);
COF_SERVE(guest_details);
COF_SERVE(update_interface);
COF_SERVE(update_routes);
COF_SERVE(create_container);
COF_SERVE(start_container);
COF_SERVE(remove_container);
COF_SERVE(stats);
COF_SERVE(exec);
COF_SERVE(signal);
COF_SERVE(wait);
COF_SERVE(write_stdin);
COF_SERVE(read_stdout);
COF_SERVE(read_stderr);
COF_SERVE(close_stdin);
COF_SERVE(resize);

/*
 * A connection of the host ended: what it waited for is void, so that no byte is read for nobody; other connections'
 * waits go on. control: it could end the guest, and a guest that is ending need not wait for it any longer.
 */
void cof_serve_closed(cof_agent *a, bool control);
