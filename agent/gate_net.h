/* SPDX-License-Identifier: Apache-2.0 */
/* From the protocol's network messages to checked values: the gate and the handler use this same reading. */
#pragma once

#include "agent/net.h"
#include "agent/proto.h"

COF_WUR int cof_net_link_of(const Types__Interface *m, cof_net_link *ret, cof_err *err);
COF_WUR int cof_net_route_of(const Types__Route *m, cof_net_route *ret, cof_err *err);
