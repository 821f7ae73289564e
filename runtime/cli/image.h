/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of `coffer image` share: their options, the layouts they name, how a result is told. */
#pragma once

#include "image-decrypt/layout.h"
#include "runtime/cli/image_depot.h"

typedef struct cof_cli_image {
	cof_cli_depot depot;
	bool all, json, help;
} cof_cli_image;

/* 0: go on with *ret, arguments at optind; else *ret_exit is the exit code. usage may have lines of help below. */
int cof_cli_image_parse(int argc, char **argv, const char *usage, int n_args, cof_cli_image *ret, int *ret_exit);
/* Prints the digest when rc is 0, else the error; gives the exit code. */
int cof_cli_image_digest(const cof_cli_image *s, int rc, const cof_err *err, const cof_digest *d);
/* The verbs, each in a file of its own. */
int cof_cmd_image_encrypt(int argc, char **argv);
int cof_cmd_image_pull(int argc, char **argv);
int cof_cmd_image_decrypt(int argc, char **argv);
int cof_cmd_image_push(int argc, char **argv);
int cof_cmd_image_sign(int argc, char **argv);
int cof_cmd_image_verify(int argc, char **argv);
int cof_cmd_image_unpack(int argc, char **argv);
int cof_cmd_image_unpack_layer(int argc, char **argv);
int cof_cmd_image_digest(int argc, char **argv);
int cof_cmd_image_inspect(int argc, char **argv);
