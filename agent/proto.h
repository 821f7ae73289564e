/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's messages, with the unpacking that limits them. */
#pragma once

#include "agent.pb-c.h"
#include "coffer.pb-c.h"
#include "common/pb.h"
#include "health.pb-c.h"
