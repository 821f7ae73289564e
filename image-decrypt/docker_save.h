/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.json of an archive as `docker save` writes it: a list of images, each with the names of its files in the
 * archive. Hostile: names are looked up in the archive and nowhere else.
 *
 *	[{"Config": FILE, "RepoTags": ["NAME:TAG"] or null, "Layers": [FILE, …]}, …]
 *
 * source: moby image spec v1.2 "Combined Image JSON + Filesystem Changeset Format"
 */
#pragma once

#include "image-decrypt/manifest.h"

enum { COF_DOCKER_SAVE_MAX = 4 << 20, COF_DOCKER_SAVE_IMAGES_MAX = 1024 };

typedef struct cof_docker_save {
	json_t *doc; /* owner of all texts */
	const json_t *image;
	const char *config;
	const char *layers[COF_LAYERS_MAX]; /* bottom first */
	size_t n_layers;
} cof_docker_save;

void cof_docker_save_release(cof_docker_save *s);
COF_DEFINE_AUTO(cof_docker_save, cof_docker_save_release)

/*
 * The image that wanted names: "NAME[:TAG]" as docker shortens it, "@N" (the first is 0), or "": the only one. Reasons
 * "archive-malformed", "tag-missing". ret must be zeroed.
 */
COF_WUR int cof_docker_save_parse(cof_span in, const char *wanted, cof_docker_save *ret, cof_err *err);
