/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that unpacks on the owner's side. It is forked before its parent holds keys or credentials, and shuts
 * itself in before it sees a byte of an image: no network, a short list of system calls, nothing within reach but the
 * folder that it fills, no capability that making files does not take. A layer's stored bytes and its key come by
 * pipes, one layer after the other; an answer comes back for each. The answers are those of a process that hostile
 * bytes may have taken over: they are numbers, and the only thing that they can spoil is the folder.
 *
 * Reasons: "unpacker-died" (internal) when it ended without an answer, "lockdown-failed", "seccomp-failed" (io), and
 * those of layer.h and unpack_file.h.
 */
#pragma once

#include "common/digest.h"
#include "image-decrypt/layerkey.h"
#include "image-decrypt/unpack.h"

typedef struct cof_unpack_child cof_unpack_child;

/* opts.max_bytes is for all layers together. life: a descriptor that it keeps open as long as it lives. SIGPIPE is
 * ignored from now on: the other end of its pipes may go away. */
COF_WUR int cof_unpack_child_start(cof_unpack_child **ret, const cof_unpack_opts *opts, int life, cof_err *err);
/* Ends it, whatever it was doing. */
void cof_unpack_child_free(cof_unpack_child *c);
COF_DEFINE_AUTO_PTR(cof_unpack_child, cof_unpack_child_free)

typedef struct cof_unpack_task {
	const char *media_type;	 /* NULL: a file of which nothing is known (unpack_file.h); the rest is not looked at */
	const char *enc_pubopts; /* NULL: not encrypted */
	const cof_layer_key *key; /* NULL: not encrypted */
	cof_digest digest, diff_id;
	uint64_t size;
} cof_unpack_task;

typedef struct cof_unpack_answer {
	uint64_t stored_bytes, tar_bytes, entries;
	uint64_t decrypt_ms, unpack_ms; /* busy */
	cof_digest digest, diff_id;	/* as the task gave them; of a file: as found */
} cof_unpack_answer;

/* The stored bytes go into *ret_blob, which is then closed: both by the caller. A write that fails there with EPIPE
 * means that the answer is ready, and not a good one. */
COF_WUR int cof_unpack_child_begin(cof_unpack_child *c, const cof_unpack_task *task, int *ret_blob, cof_err *err);
/* Waits for the answer. After a failure there is nothing left to do but to free it. */
COF_WUR int cof_unpack_child_end(cof_unpack_child *c, cof_unpack_answer *ret, cof_err *err);
