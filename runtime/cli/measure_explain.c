/* SPDX-License-Identifier: Apache-2.0 */
/* coffer measure explain: which setting makes a prediction equal to what a machine reported. */
#include <stdio.h>

#include "firmware/explain.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/measure.h"
#include "runtime/cli/measure_inputs.h"

static const char usage[] =
	"Usage: coffer measure explain --tee NAME --wanted HEX [--wanted HEX …] [options]\n"
	"\n"
	"Searches the settings that hosts and people get wrong (SEV features, number and model of CPUs, the VMM's\n"
	"register values, order of pages, FPU state, kernel hashes on or off, patched kernel, firmware release, "
	"memory)\n"
	"for those that give the reported digest, and says which differ from the options.\n"
	"\n"
	"  --wanted HEX           a reported digest: an SNP measurement, MRTD or RTMR, a PCR; may be repeated\n"
	"  --json                 the answer as JSON\n";

static json_t *changes_json(const cof_explanation *x)
{
	json_t *o = json_object();
	for (size_t i = 0; i < x->n; i++)
		(void)json_object_set_new(o, x->changes[i].setting, json_string(x->changes[i].value));
	return o;
}

static int answer_json(const char *tee, const char *wanted, const cof_explanation *x, json_t *list)
{
	json_t *o = json_pack("{s:s, s:s, s:b, s:I}", "tee", tee, "wanted", wanted, "found", x->found, "tried",
			      (json_int_t)x->tried);
	if (x->found) {
		(void)json_object_set_new(o, "register", json_string(x->reg));
		(void)json_object_set_new(o, "changes", changes_json(x));
	}
	return json_array_append_new(list, o) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
}

static void answer_text(const char *tee, const char *wanted, const cof_explanation *x)
{
	if (!x->found) {
		(void)printf("%s %.16s…: none of %zu machines gives it; firmware, kernel, initrd or command line "
			     "differ\n",
			     tee, wanted, x->tried);
		return;
	}
	(void)printf("%s %.16s…: %s", tee, wanted, x->reg);
	if (x->n == 0)
		(void)printf(" as predicted");
	for (size_t i = 0; i < x->n; i++)
		(void)printf("%s%s %s", i == 0 ? " with " : ", ", x->changes[i].setting, x->changes[i].value);
	(void)printf("\n");
}

/*
 * The first TEE that explains it; else how many machines were tried in vain. One that cannot be computed at all is no
 * answer while another one can.
 */
static int explain_any(const cof_tee_measure *const *tees, const cof_measure_inputs *i, cof_span wanted,
		       const cof_tee_measure **ret_tee, cof_explanation *ret, cof_err *err)
{
	cof_explanation all = {0};
	cof_err first = {0};
	for (; *tees != NULL; tees++) {
		cof_explanation x = {0};
		cof_err why = {0};
		if (cof_hash_len((*tees)->alg) != wanted.len)
			continue;
		if (cof_explain(*tees, &i->in, wanted, &x, &why) < 0) {
			first = first.cls == COF_OK ? why : first;
			continue;
		}
		*ret_tee = *tees;
		x.tried += all.tried;
		all = x;
		if (x.found)
			break;
	}
	if (*ret_tee == NULL && first.cls == COF_OK)
		return cof_err_set(err, COF_E_USAGE, "usage", "no digest of this TEE has %zu bytes", wanted.len);
	if (*ret_tee == NULL)
		return cof_err_set(err, first.cls, first.reason, "%s", first.text);
	*ret = all;
	return 0;
}

static int parse_wanted(const char *text, uint8_t ret[COF_SHA384_LEN], size_t *ret_len, cof_err *err)
{
	*ret_len = strlen(text) / 2;
	if (*ret_len != COF_SHA256_LEN && *ret_len != COF_SHA384_LEN)
		return cof_err_set(err, COF_E_USAGE, "usage", "--wanted is 64 or 96 hex digits");
	return cof_parse_hex("--wanted", text, ret, *ret_len, err);
}

static int explain(const cof_measure_opts *o, const cof_tee_measure *const *tees, const cof_measure_inputs *i)
{
	COF_AUTO_PTR(json_t) list = json_array();
	int code = COF_EXIT_YES;
	for (size_t k = 0; k < o->n_wanted; k++) {
		cof_err err = {0};
		cof_explanation x = {0};
		const cof_tee_measure *t = NULL;
		uint8_t wanted[COF_SHA384_LEN];
		size_t len = 0;
		int rc = parse_wanted(o->wanted[k], wanted, &len, &err);
		if (rc == 0)
			rc = explain_any(tees, i, cof_span_of(wanted, len), &t, &x, &err);
		if (rc < 0)
			return cof_cli_fail(&err, o->json);
		if (o->json)
			(void)!answer_json(t->name, o->wanted[k], &x, list);
		else
			answer_text(t->name, o->wanted[k], &x);
		if (!x.found)
			code = COF_EXIT_NO;
	}
	if (o->json && cof_cli_print_json(list) != COF_EXIT_YES)
		return COF_EXIT_USAGE;
	return code;
}

int cof_cmd_measure_explain(int argc, char **argv)
{
	COF_AUTO(cof_measure_inputs) in = {0};
	const cof_tee_measure *tees[COF_TEES_MAX + 1];
	cof_measure_opts o = {0};
	cof_err err = {0};
	int code = cof_measure_options(argc, argv, false, &o);
	if (code != COF_EXIT_YES)
		return code;
	if (o.help)
		return printf("%s\n%s", usage, cof_measure_options_help) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	if (o.n_wanted == 0)
		return cof_cli_usage("--wanted is missing (see coffer measure explain --help)");
	o.any = true;
	int rc = cof_measure_tees(o.tee != NULL ? o.tee : "all", tees, &err);
	if (rc == 0)
		rc = cof_measure_inputs_load(&o, tees, &in, &err);
	return rc < 0 ? cof_cli_fail(&err, o.json) : explain(&o, tees, &in);
}
