/* SPDX-License-Identifier: Apache-2.0 */
/* coffer endorsements: its options, and what its verbs and `coffer verify FILE` share. */
#pragma once

#include "attestation/endorsements/fetch.h"
#include "runtime/cli/cli.h"

typedef struct cof_endorsements_opts {
	const char *cache;
	const char *report, *product, *quote, *fmspc, *ca; /* what for */
	const char *kds, *pcs, *pccs, *tls_ca, *proxy;
	cof_cli_resolves resolves;
	const char *root; /* a vendor of one's own */
	const char *output, *sign_key, *pin_file, *key;
	const char *file; /* the argument */
	bool has_at, again, json, help;
	int64_t at;
} cof_endorsements_opts;

/* words: the options that this verb knows, NULL-ended; args: how many arguments it takes, 0 or 1. 0, or an exit code
 * after a message. */
int cof_endorsements_options(int argc, char **argv, const char *const *words, int args, cof_endorsements_opts *ret);
/* --at, or this machine's clock. */
int64_t cof_endorsements_now(const cof_endorsements_opts *o);

/* Where the cache is: asked for, else $XDG_CACHE_HOME or $HOME/.cache; root's: /var/cache. Reason "usage" without any.
 */
COF_WUR int cof_endorsements_cache(const char *asked, char **ret, cof_err *err);
/* --root's certificate as DER, from PEM too; nothing without it. Appends. Reason "usage" where it would go into the
 * default cache. */
COF_WUR int cof_endorsements_root(const cof_endorsements_opts *o, cof_buf *ret, cof_err *err);

/* One line, or one member of the JSON list, for each endorsement. */
typedef struct cof_endorsements_line {
	const cof_endorse_id *id; /* NULL: unknown */
	const char *state;
	const cof_endorsement *e; /* NULL: none */
	const cof_err *why;	  /* NULL, or no reason: nothing to say */
} cof_endorsements_line;

typedef struct cof_endorsements_report {
	bool json;
	json_t *list;
	cof_buf text;
} cof_endorsements_report;

void cof_endorsements_report_release(cof_endorsements_report *r);
COF_DEFINE_AUTO(cof_endorsements_report, cof_endorsements_report_release)

COF_WUR int cof_endorsements_report_add(cof_endorsements_report *r, const cof_endorsements_line *line, cof_err *err);
/* Prints it; gives the exit code: that of worst where it has a reason, which goes to stderr. */
int cof_endorsements_report_end(const cof_endorsements_report *r, const cof_err *worst);

int cof_cmd_endorsements_fetch(int argc, char **argv);
int cof_cmd_endorsements_show(int argc, char **argv);
/* NULL-name-ended. */
extern const cof_verb cof_verbs_bundle[];
