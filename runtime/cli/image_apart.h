/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree made by a process of its own. What the verb does with the world outside (files that it is told of, registries,
 * manifests, signatures, keys) happens there, where nothing can be written but the tree by yet another process
 * (image-decrypt/unpack_child.h); the caller only makes the folder, waits, and gives it its name.
 */
#pragma once

#include "common/json.h"

/*
 * Runs in that process. root and life are for cof_flat_new, which comes first; then cof_cli_apart_lock; then all else.
 * *ret is what is told of the tree.
 */
typedef int (*cof_cli_apart_work)(void *arg, int root, int life, json_t **ret, cof_err *err);

/* target is absent or an empty folder, and is there afterwards when the result is 0. Reasons: those of
 * image-decrypt/staging.h and of work, "unpacker-died" (internal). */
COF_WUR int cof_cli_image_apart(const char *target, cof_cli_apart_work work, void *arg, json_t **ret, cof_err *err);
/* No more programs, no more privilege than reading takes, no writing but where large things are kept for a while. */
COF_WUR int cof_cli_apart_lock(cof_err *err);
