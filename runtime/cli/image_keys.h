/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that the verbs of `coffer image` are given: to open layers, and to wrap them for. */
#pragma once

#include <getopt.h>

#include "image-decrypt/enckeys.h"

enum { COF_OPT_KEY = 3000, COF_OPT_KEK, COF_OPT_CTR };

/* Rows of a verb's own table for getopt_long. */
#define COF_CLI_KEY_ROWS                                                                                               \
	{"key", required_argument, NULL, COF_OPT_KEY}, {"kek", required_argument, NULL, COF_OPT_KEK},                  \
	{                                                                                                              \
		"allow-unauthenticated-wrap", no_argument, NULL, COF_OPT_CTR                                           \
	}

/* For help texts. */
#define COF_CLI_KEY_HELP                                                                                               \
	"  --key FILE[:PASSWORD]         a private key (PEM, DER, JWK), or 32 bytes that open any broker's packet;\n"  \
	"                                PASSWORD: pass=TEXT, file=PATH, fd=N; may be repeated\n"                      \
	"  --kek DIR                     key-encryption keys, in files named after the key id's path, / as _\n"        \
	"  --allow-unauthenticated-wrap  take packets of old tools (A256CTR), which anybody on the way could change\n"

typedef struct cof_cli_keys {
	const char *at[COF_ENC_KEYS_MAX]; /* --key, in order */
	size_t n;
	const char *kek;
	bool allow_ctr;
} cof_cli_keys;

/* True when opt is of the rows above; *ret_exit is 0, or an exit code after a message. */
bool cof_cli_keys_option(cof_cli_keys *k, int opt, const char *arg, int *ret_exit);
/* Reads them all. */
COF_WUR int cof_cli_keys_load(const cof_cli_keys *k, cof_enc_keys **ret, cof_err *err);
