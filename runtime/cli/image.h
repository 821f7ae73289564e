/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of `coffer image` share: their options, the layouts they name, how a result is told. */
#pragma once

#include "image-decrypt/depot.h"
#include "image-decrypt/layout.h"
#include "runtime/cli/cli.h"

enum { COF_CLI_MIRRORS_MAX = 8 };

/* --ca, --resolve, --auth-file, --proxy, --mirror and --platform mean the same for all of them. */
#define COF_CLI_IMAGE_OPTIONS "[--ca FILE] [--resolve NAME:PORT:ADDR] [--auth-file FILE] [--proxy URL] [--mirror HOST]"

typedef struct cof_cli_image {
	const char *key, *kid, *ca, *auth, *proxy;
	const char *mirrors[COF_CLI_MIRRORS_MAX + 1]; /* NULL-ended */
	size_t n_mirrors;
	cof_cli_resolves resolve;
	bool json, help, allow_ctr;
} cof_cli_image;

/* 0: go on with *ret, arguments at optind; else *ret_exit is the exit code. */
int cof_cli_image_parse(int argc, char **argv, const char *usage, int n_args, cof_cli_image *ret, int *ret_exit);
/*
 * Opens what an image's name means (image-decrypt/depot.h), with the options that registries need. bare is what a name
 * without a word is.
 */
COF_WUR int cof_cli_image_open(const cof_cli_image *s, const char *name, cof_depot_kind bare, bool write,
			       cof_depot **ret, cof_err *err);
/* LAYOUT[:TAG]: a colon after the last slash begins the tag. *ret_tag borrows from arg. */
COF_WUR int cof_cli_image_layout(const char *arg, bool create, cof_layout **ret, const char **ret_tag, cof_err *err);
/* Prints the digest when rc is 0, else the error; gives the exit code. */
int cof_cli_image_digest(const cof_cli_image *s, int rc, const cof_err *err, const cof_digest *d);
/* One line on stderr, drawn over itself; arg is what is done ("encrypted"). */
void cof_cli_image_progress(void *arg, uint64_t done, uint64_t total);

/* The verbs, each in a file of its own. */
int cof_cmd_image_encrypt(int argc, char **argv);
int cof_cmd_image_push(int argc, char **argv);
int cof_cmd_image_unpack(int argc, char **argv);
int cof_cmd_image_unpack_layer(int argc, char **argv);
int cof_cmd_image_digest(int argc, char **argv);
int cof_cmd_image_inspect(int argc, char **argv);
