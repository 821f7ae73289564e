/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's look into an image: all layers of a layout's image as one tree. It grows in a folder beside the target
 * and gets its name by one rename when every check held, so a target is whole or not there.
 */
#pragma once

#include "image-decrypt/layout.h"

typedef struct cof_flat_opts {
	cof_span kek;	/* 32 bytes; empty: the image is not encrypted */
	bool allow_ctr; /* keys whose wrap is not authenticated, as old tools write them */
	/* Stored bytes done and in all; may be NULL. */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *progress_arg;
} cof_flat_opts;

/* ret is the manifest's digest. Reasons "target-exists" (usage), "layer-key-refused" (policy: encrypted, and no key was
 * given or none of its packets is for this key), and those of layer.h. Everything belongs to the caller unless root. */
COF_WUR int cof_flat_unpack(cof_layout *from, const char *tag, const char *target, const cof_flat_opts *opts,
			    cof_digest *ret, cof_err *err);
