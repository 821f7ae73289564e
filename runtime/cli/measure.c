/* SPDX-License-Identifier: Apache-2.0 */
/* coffer measure: what a machine will measure at launch, for every TEE, without starting it. */
#include "runtime/cli/measure.h"

#include <signal.h>
#include <stdio.h>

#include "runtime/cli/cli.h"
#include "runtime/cli/measure_output.h"

static const char usage[] = "Usage: coffer measure --tee NAME[,NAME…]|all [options]\n"
			    "       coffer measure VERB …\n"
			    "\n"
			    "Predicts what a machine measures at launch: sev, seves, snp, tdx, tpm.\n"
			    "\n"
			    "Verbs:\n"
			    "  explain        find the setting that makes a prediction equal to a reported digest\n"
			    "  eventlog       read, replay and compare an event log\n"
			    "  idblock        make and verify SNP's ID block\n"
			    "  inspect        what a firmware image says about its launch\n"
			    "  record         write a guest image's measurements into its manifest\n"
			    "  calibrate      learn a firmware build that coffer does not know (tpm)\n"
			    "\n";

static const char outputs[] =
	"What becomes of it:\n"
	"  --json                 one object; an array where several TEEs are asked for\n"
	"  --output FILE          tpm: reference values for `coffer kbs set-reference`\n"
	"  --corim FILE           reference values as CoRIM\n"
	"  --corim-version N      version of its entries: a key broker does not go back to a lower one\n"
	"  --corim-days N         how long they hold; without it until they are replaced\n"
	"  --corim-key KEY        signs it: the author's private key, a PEM file or a pkcs11: URI\n"
	"  --pin-file FILE        PIN or passphrase of the key; else the terminal is asked\n"
	"  --rvps FILE            reference values as RVPS takes them\n"
	"  --document FILE        the launch document: what a verifier needs instead of the files\n"
	"\n"
	"Without --firmware and --launch the guest image beside this program is measured (default: --tee tpm).\n"
	"COFFER_QEMU names another QEMU for the machine's ACPI tables.\n";

/* Several TEEs: the ones that cannot be say why, and the others count. One: its refusal is the answer. */
static int report(const cof_measure_opts *o, const cof_measure_result *results, size_t n)
{
	size_t good = 0;
	for (size_t i = 0; i < n; i++)
		good += results[i].why.cls == COF_OK;
	if (n == 1 && good == 0)
		return cof_cli_fail(&results[0].why, o->json);
	int code = cof_measure_output(o, results, n);
	return code == COF_EXIT_YES && good == 0 ? COF_EXIT_NO : code;
}

static int measure(const cof_measure_opts *o)
{
	const cof_tee_measure *tees[COF_TEES_MAX + 1];
	COF_AUTO_FREE cof_measure_result *results = calloc(COF_TEES_MAX, sizeof *results);
	cof_err err = {0};
	size_t n = 0;
	int rc = results == NULL ? cof_err_oom(&err) : cof_measure_tees(o->tee != NULL ? o->tee : "tpm", tees, &err);
	if (rc < 0)
		return cof_cli_fail(&err, o->json);
	for (; tees[n] != NULL; n++)
		cof_measure_result_make(o, tees[n], &results[n]);
	int code = report(o, results, n);
	while (n > 0)
		cof_measure_result_release(&results[--n]);
	return code;
}

static int cmd_predict(int argc, char **argv)
{
	cof_measure_opts o = {0};
	int code = cof_measure_options(argc, argv, false, &o);
	if (code != COF_EXIT_YES)
		return code;
	if (o.help)
		return printf("%s%s%s", usage, cof_measure_options_help, outputs) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	return measure(&o);
}

typedef struct measure_verb {
	const char *name;
	int (*run)(int argc, char **argv);
	bool starts_helpers;
} measure_verb;

static const measure_verb predict_verb = {"", cmd_predict, true};

static const measure_verb verbs[] = {
	{"calibrate", cof_cmd_calibrate, true},	     {"eventlog", cof_cmd_measure_eventlog, true},
	{"explain", cof_cmd_measure_explain, false}, {"idblock", cof_cmd_measure_idblock, false},
	{"inspect", cof_cmd_measure_inspect, false}, {"record", cof_cmd_measure_record, true},
};

/* A Ctrl-C counts when the helper processes and their folder are gone. */
static int run_with_helpers(const measure_verb *v, int argc, char **argv)
{
	sigset_t block, before;
	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGINT);
	(void)sigaddset(&block, SIGTERM);
	(void)sigaddset(&block, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &block, &before);
	int code = v->run(argc, argv);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return code;
}

int cof_cmd_measure(int argc, char **argv)
{
	const measure_verb *v = &predict_verb;
	for (size_t i = 0; argc > 1 && i < COF_COUNT(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name) == 0)
			v = &verbs[i];
	}
	int skip = v == &predict_verb ? 0 : 1;
	return v->starts_helpers ? run_with_helpers(v, argc - skip, argv + skip) : v->run(argc - skip, argv + skip);
}
