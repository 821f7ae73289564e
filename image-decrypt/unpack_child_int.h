/* SPDX-License-Identifier: Apache-2.0 */
/* What both sides of the channel between unpack_child.c (the parent) and unpack_inside.c (the child) share. */
#pragma once

#include "common/chan.h"
#include "image-decrypt/unpack_child.h"

enum {
	COF_UNPACK_TASK = 1, /* JSON; descriptors: blob pipe[, key pipe] */
	COF_UNPACK_DONE = 100,
	COF_UNPACK_ERR = 101, /* cof_chan_send_err */
};

/* Shuts the calling process in and answers tasks until the channel closes. */
__attribute__((noreturn)) void cof_unpack_inside(int chan, int life, const cof_unpack_opts *opts);
