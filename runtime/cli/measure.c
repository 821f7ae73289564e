/* SPDX-License-Identifier: Apache-2.0 */
/* coffer measure: reference values of a guest image and machine profile, without booting it. */
#include <getopt.h>
#include <signal.h>

#include "common/hex.h"
#include "firmware/tpm/pcr_json.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/measure.h"
#include "runtime/vm/probe.h"

typedef struct options {
	const char *tee;
	const char *guest;
	const char *profile;
	const char *calibration;
	const char *output;
	bool json;
	bool help;
} options;

static const char usage[] =
	"Usage: coffer measure [options]\n"
	"       coffer measure calibrate --firmware FILE [options]\n"
	"\n"
	"Predicts what a guest image measures on a machine profile, without booting it.\n"
	"\n"
	"  --tee tpm            the kind of measurement (the only one so far)\n"
	"  --guest FILE         guest image manifest (default: beside this program, or $COFFER_GUEST)\n"
	"  --profile NAME       machine profile of the manifest (default)\n"
	"  --calibration FILE   a firmware build that coffer does not know by itself\n"
	"  --output FILE        write the reference values (JSON) there\n"
	"  --json               print them on stdout, even with --output\n"
	"\n"
	"COFFER_QEMU names another QEMU. `coffer kbs set-reference FILE` registers the result.\n";

static int parse_options(int argc, char **argv, options *ret)
{
	static const struct option longs[] = {
		{"tee", required_argument, NULL, 't'},	   {"guest", required_argument, NULL, 'g'},
		{"profile", required_argument, NULL, 'p'}, {"calibration", required_argument, NULL, 'c'},
		{"output", required_argument, NULL, 'o'},  {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},	   {NULL, 0, NULL, 0},
	};
	options o = {.tee = "tpm", .profile = "default"};
	for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
		const struct {
			int c;
			const char **to;
		} texts[] = {
			{'t', &o.tee}, {'g', &o.guest}, {'p', &o.profile}, {'c', &o.calibration}, {'o', &o.output}};
		o.json |= c == 'j';
		o.help |= c == 'h';
		for (size_t i = 0; i < COF_COUNT(texts); i++) {
			if (texts[i].c == c)
				*texts[i].to = optarg;
		}
		if (c == '?')
			return cof_cli_usage("see coffer measure --help");
	}
	if (optind != argc)
		return cof_cli_usage("unexpected argument %s", argv[optind]);
	if (strcmp(o.tee, "tpm") != 0)
		return cof_cli_usage("--tee %s: only tpm can be predicted", o.tee);
	*ret = o;
	return COF_EXIT_YES;
}

static int read_calibration(const char *path, cof_firmware_build *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) j = NULL;
	int rc = cof_json_read_file(path, COF_CALIBRATION_MAX, &j, err);
	return rc < 0 ? rc : cof_firmware_build_parse(j, ret, err);
}

static int predict(const options *o, const cof_manifest *m, cof_tpm_prediction *ret, cof_err *err)
{
	COF_AUTO(cof_guest_inputs) g = {0};
	COF_AUTO(cof_qemu) qemu = {0};
	cof_firmware_build build;
	const cof_profile *profile = NULL;
	int rc = cof_manifest_profile(m, o->profile, &profile, err);
	if (rc == 0 && o->calibration != NULL)
		rc = read_calibration(o->calibration, &build, err);
	if (rc == 0)
		rc = cof_probe_qemu(&qemu, err);
	if (rc == 0)
		rc = cof_guest_inputs_load(m, profile, qemu.path, &g, err);
	if (rc < 0)
		return rc;
	g.launch.extra = o->calibration != NULL ? &build : NULL;
	return cof_tpm_predict(&g.launch, ret, err);
}

static int print_pcrs(const cof_tpm_prediction *p)
{
	for (uint32_t i = 0; i < COF_PCRS; i++) {
		char hex[2 * COF_DIGEST_MAX + 1];
		cof_hex(cof_digest_span(&p->pcrs[i]), hex);
		if (cof_pcr_is_predicted(i) && printf("PCR %u  %s\n", i, hex) < 0)
			return COF_EXIT_USAGE;
	}
	return COF_EXIT_YES;
}

static int print_result(const options *o, const cof_tpm_prediction *p, const char *version)
{
	COF_AUTO_PTR(json_t) j = NULL;
	COF_AUTO(cof_buf) name = {0};
	COF_AUTO(cof_buf) text = {0};
	cof_err err = {0};
	int rc = cof_buf_printf(&name, &err, "%s/%s", version, o->profile);
	if (rc == 0)
		rc = cof_tpm_prediction_json(p, cof_buf_str(&name), &j, &err);
	if (rc == 0)
		rc = cof_json_dump_pretty(j, &text, &err);
	if (rc == 0 && o->output != NULL)
		rc = cof_cli_write(o->output, cof_buf_span(&text), 0644, &err);
	if (rc < 0)
		return cof_cli_fail(&err, o->json);
	return o->json ? cof_cli_print_json(j) : print_pcrs(p);
}

static int measure(const options *o)
{
	COF_AUTO(cof_manifest) m = {0};
	cof_tpm_prediction p;
	cof_err err = {0};
	COF_AUTO_FREE char *guest = NULL;
	int rc = cof_cli_guest(o->guest, &guest, &err);
	if (rc == 0)
		rc = cof_manifest_load(guest, &m, &err);
	if (rc == 0)
		rc = predict(o, &m, &p, &err);
	return rc < 0 ? cof_cli_fail(&err, o->json) : print_result(o, &p, m.version);
}

static int cmd_predict(int argc, char **argv)
{
	options o = {0};
	int code = parse_options(argc, argv, &o);
	if (code != COF_EXIT_YES)
		return code;
	if (o.help)
		return fputs(usage, stdout) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	return measure(&o);
}

int cof_cmd_measure(int argc, char **argv)
{
	sigset_t block, before;
	/* A Ctrl-C counts when the helper processes and their folder are gone. */
	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGINT);
	(void)sigaddset(&block, SIGTERM);
	(void)sigaddset(&block, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &block, &before);
	bool calibrate = argc > 1 && strcmp(argv[1], "calibrate") == 0;
	int code = calibrate ? cof_cmd_calibrate(argc - 1, argv + 1) : cmd_predict(argc, argv);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return code;
}
