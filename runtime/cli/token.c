/* SPDX-License-Identifier: Apache-2.0 */
/* coffer token: what relying parties need for the results of coffer verify. */
#include <getopt.h>

#include "attestation/token/jwks.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/signkey.h"

static const char help[] = "Usage: coffer token jwks --key FILE|URI [--pin-file FILE] [--out FILE]\n\n"
			   "The public half of the key that signs results, as a JWK set for whoever verifies them.\n\n"
			   "  --key FILE|URI   the key, PEM or pkcs11:...; the public half alone is enough\n"
			   "  --pin-file FILE  its PIN or passphrase; without it the terminal is asked\n"
			   "  --out FILE       where to (default: standard output)\n";

typedef struct jwks_options {
	const char *key, *pin_file, *out;
} jwks_options;

/* 0, or an exit code after a message; -1: help was printed. */
static int read_options(int argc, char **argv, jwks_options *o)
{
	enum { OPT_KEY = 1000, OPT_PIN, OPT_OUT, OPT_HELP };
	static const struct option options[] = {{"key", required_argument, NULL, OPT_KEY},
						{"pin-file", required_argument, NULL, OPT_PIN},
						{"out", required_argument, NULL, OPT_OUT},
						{"help", no_argument, NULL, OPT_HELP},
						{0}};
	int opt;
	optind = 1;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		if (opt == OPT_HELP || opt == 'h')
			return fputs(help, stdout) < 0 ? COF_EXIT_USAGE : -1;
		if (opt != OPT_KEY && opt != OPT_PIN && opt != OPT_OUT)
			return cof_cli_usage("coffer token jwks: an option that is not known (see --help)");
		const char **at = opt == OPT_KEY ? &o->key : opt == OPT_PIN ? &o->pin_file : &o->out;
		*at = optarg;
	}
	return o->key != NULL && optind == argc ? 0 : cof_cli_usage("coffer token jwks needs --key, and no more words");
}

static int jwks(int argc, char **argv)
{
	jwks_options o = {0};
	COF_AUTO(cof_signkey) key = {0};
	COF_AUTO(cof_buf) text = {0};
	cof_err err = {0};
	int code = read_options(argc, argv, &o);
	if (code != 0)
		return code < 0 ? COF_EXIT_YES : code;
	const cof_signkey_in in = {.name = o.key, .pin_file = o.pin_file, .public_half = true};
	int rc = cof_signkey_load(&in, &key, &err);
	if (rc == 0)
		rc = cof_jwks_write(key.key, &text, &err);
	if (rc == 0)
		rc = cof_cli_write(o.out, cof_buf_span(&text), 0644, &err);
	return rc < 0 ? cof_cli_fail(&err, false) : COF_EXIT_YES;
}

const cof_verb cof_verbs_token[] = {
	{"jwks", "publish the key that signs results", jwks},
	{NULL, NULL, NULL},
};
