/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's messages. The compiler's old macro `linux` would eat a field of that name. */
#pragma once

#undef linux

#include "agent.pb-c.h"
#include "coffer.pb-c.h"
#include "common/pb.h"
#include "health.pb-c.h"
