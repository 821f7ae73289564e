/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures that lie in files of the owner's, as the judge takes them. */
#pragma once

#include "image-decrypt/sigcheck.h"

enum { COF_CLI_GIVEN_MAX = COF_SIG_MAX };

typedef struct cof_cli_given {
	cof_sig_given list[COF_CLI_GIVEN_MAX];
	cof_buf held[2 * COF_CLI_GIVEN_MAX]; /* what the list points into */
	size_t n, n_held;
} cof_cli_given;

void cof_cli_given_release(cof_cli_given *g);
COF_DEFINE_AUTO(cof_cli_given, cof_cli_given_release)

/*
 * A file that is an OpenPGP message, or cosign's base64 of a signature. The latter is over payload (a file; NULL: the
 * payload that signers make for the image and the name; usage error without a name).
 */
COF_WUR int cof_cli_given_signature(cof_cli_given *g, const char *file, const char *payload, const cof_digest *image,
				    const cof_ref *name, cof_err *err);
COF_WUR int cof_cli_given_bundle(cof_cli_given *g, const char *file, cof_err *err);
/*
 * Those of a lookaside folder: DIR/REPO@ALGORITHM=HEX/signature-N, N from 1 until there is none. None is no error.
 *
 * spec: containers-signature(5), containers-registries.d(5)
 */
COF_WUR int cof_cli_given_lookaside(cof_cli_given *g, const char *dir, const cof_digest *image, const cof_ref *name,
				    cof_err *err);
