/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The context id by which a machine's vsock is addressed on this host. The kernel gives each to one holder at a time,
 * so an id is chosen by claiming it: nobody can take it between the choice and the start of the machine.
 */
#pragma once

#include <stdint.h>

#include "common/err.h"

/* 0, or -1 and errno: EADDRINUSE when somebody has the id. */
typedef int (*cof_cid_claim)(void *arg, uint32_t cid);

/* A claimed id. Reason "vsock-unavailable" when claims fail otherwise, or again and again. */
COF_WUR int cof_cid_choose(cof_cid_claim claim, void *arg, uint32_t *ret, cof_err *err);
/* Claims for the open /dev/vhost-vsock at arg (const int *). */
int cof_cid_claim_vhost(void *arg, uint32_t cid);
