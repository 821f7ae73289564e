/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds' own functions, for the table in kinds.c alone. */
#pragma once

#include "attestation/verify/kind.h"
