/* SPDX-License-Identifier: Apache-2.0 */
/* Images by name for verbs that read or write them: the options that all of these share, and the opening. */
#pragma once

#include <getopt.h>

#include "image-decrypt/depot.h"
#include "runtime/cli/cli.h"

enum { COF_CLI_MIRRORS_MAX = 8, COF_CLI_HOSTS_MAX = 16 };
enum {
	COF_OPT_CA = 2000,
	COF_OPT_RESOLVE,
	COF_OPT_AUTH,
	COF_OPT_PROXY,
	COF_OPT_MIRROR,
	COF_OPT_PLATFORM,
	COF_OPT_NO_PROXY,
	COF_OPT_PARTNER
};

/* Rows of a verb's own table for getopt_long. */
#define COF_CLI_DEPOT_ROWS                                                                                             \
	{"ca", required_argument, NULL, COF_OPT_CA}, {"resolve", required_argument, NULL, COF_OPT_RESOLVE},            \
		{"auth-file", required_argument, NULL, COF_OPT_AUTH},                                                  \
		{"proxy", required_argument, NULL, COF_OPT_PROXY},                                                     \
		{"no-proxy", required_argument, NULL, COF_OPT_NO_PROXY},                                               \
		{"partner", required_argument, NULL, COF_OPT_PARTNER},                                                 \
		{"mirror", required_argument, NULL, COF_OPT_MIRROR},                                                   \
	{                                                                                                              \
		"platform", required_argument, NULL, COF_OPT_PLATFORM                                                  \
	}

/* For help texts. */
#define COF_CLI_DEPOT_HELP                                                                                             \
	"Images: oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME], docker://HOST/NAME[:TAG],\n"       \
	"each also with @DIGEST.\n"                                                                                    \
	"  --platform OS/ARCH[/VARIANT]  which image of several; this machine's otherwise\n"                           \
	"  --ca FILE                     roots for registries; the system's otherwise\n"                               \
	"  --auth-file FILE              logins, as docker's config.json\n"                                            \
	"  --mirror HOST[:PORT][/PREFIX] a registry to ask first; may be repeated\n"                                   \
	"  --proxy URL                   HTTP proxy for registries\n"                                                  \
	"  --no-proxy HOST               a host, domain or NETWORK/BITS that is reached without it; may be repeated\n" \
	"  --partner HOST[:PORT]         a server of the registry's, such as its token server, that may get the "      \
	"login\n"                                                                                                      \
	"                                and lie on this machine; may be repeated\n"                                   \
	"  --resolve NAME:PORT:ADDR      an address for a registry's name; may be repeated\n"

typedef struct cof_cli_depot {
	const char *ca, *auth, *proxy;
	const char *mirrors[COF_CLI_MIRRORS_MAX + 1]; /* NULL-ended */
	size_t n_mirrors;
	const char *no_proxy[COF_CLI_HOSTS_MAX + 1], *partners[COF_CLI_HOSTS_MAX + 1]; /* NULL-ended */
	cof_cli_resolves resolve;
	cof_platform platform; /* COF_PLATFORM_ANY: none was asked for */
} cof_cli_depot;

/* True when opt is of the rows above; *ret_exit is 0, or an exit code after a message. */
bool cof_cli_depot_option(cof_cli_depot *d, int opt, const char *arg, bool json, int *ret_exit);

/* The options as depot.h takes them, with the files that they name. */
typedef struct cof_cli_depot_opts {
	cof_buf ca, auth;
	cof_depot_opts opts;
} cof_cli_depot_opts;

void cof_cli_depot_opts_release(cof_cli_depot_opts *o);
COF_DEFINE_AUTO(cof_cli_depot_opts, cof_cli_depot_opts_release)

/* d outlives ret, which must be zeroed. */
COF_WUR int cof_cli_depot_opts_load(const cof_cli_depot *d, cof_cli_depot_opts *ret, cof_err *err);
/* Opens what a name means (image-decrypt/depot.h); bare is what a name without a word is. */
COF_WUR int cof_cli_depot_open(const cof_cli_depot *d, const char *name, cof_depot_kind bare, bool write,
			       cof_depot **ret, cof_err *err);
