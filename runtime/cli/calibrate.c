/* SPDX-License-Identifier: Apache-2.0 */
/* coffer measure calibrate: learns a firmware build that coffer does not know, from one boot on this machine. */
#include <getopt.h>

#include "common/file.h"
#include "firmware/tpm/learn.h"
#include "runtime/cli/calibrate_boot.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/measure.h"
#include "runtime/cli/measure_guest.h"
#include "runtime/vm/probe.h"

typedef struct options {
	const char *firmware;
	const char *vars;
	const char *guest;
	const char *profile;
	const char *output;
	bool json;
	bool help;
} options;

static const char usage[] =
	"Usage: coffer measure calibrate --firmware FILE [options]\n"
	"\n"
	"Boots a firmware build once, here, with the guest image's kernel and a software TPM, and writes down what\n"
	"cannot be computed from its bytes. Do this on a machine that you trust: what it shows is what will be "
	"accepted.\n"
	"\n"
	"  --firmware FILE      the firmware's code image\n"
	"  --vars FILE          its empty variable store (the manifest's)\n"
	"  --guest FILE         guest image manifest (default: beside this program, or $COFFER_GUEST)\n"
	"  --profile NAME       machine profile of the manifest (default)\n"
	"  --output FILE        write the calibration (JSON) there\n"
	"  --json               print it on stdout, even with --output\n"
	"\n"
	"`coffer measure --calibration FILE` reads it.\n";

static int parse_options(int argc, char **argv, options *ret)
{
	static const struct option longs[] = {
		{"firmware", required_argument, NULL, 'f'}, {"vars", required_argument, NULL, 'v'},
		{"guest", required_argument, NULL, 'g'},    {"profile", required_argument, NULL, 'p'},
		{"output", required_argument, NULL, 'o'},   {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},	    {NULL, 0, NULL, 0},
	};
	options o = {.profile = "default"};
	for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
		const struct {
			int c;
			const char **to;
		} texts[] = {{'f', &o.firmware}, {'v', &o.vars}, {'g', &o.guest}, {'p', &o.profile}, {'o', &o.output}};
		o.json |= c == 'j';
		o.help |= c == 'h';
		for (size_t i = 0; i < COF_COUNT(texts); i++) {
			if (texts[i].c == c)
				*texts[i].to = optarg;
		}
		if (c == '?')
			return cof_cli_usage("see coffer measure calibrate --help");
	}
	if (optind != argc)
		return cof_cli_usage("unexpected argument %s", argv[optind]);
	if (!o.help && o.firmware == NULL)
		return cof_cli_usage("--firmware is needed");
	*ret = o;
	return COF_EXIT_YES;
}

/* Puts another file into the manifest. */
static int replace(cof_guest_file *f, const char *path, cof_err *err)
{
	COF_AUTO(cof_buf) content = {0};
	uint8_t sha[COF_SHA256_LEN];
	int rc = cof_file_read(path, COF_MANIFEST_FILE_MAX, &content, err);
	if (rc == 0)
		rc = cof_sha256(cof_buf_span(&content), sha, err);
	if (rc < 0)
		return rc;
	char *copy = strdup(path);
	if (copy == NULL)
		return cof_err_oom(err);
	free(f->path);
	f->path = copy;
	memcpy(f->sha256, sha, sizeof sha);
	return 0;
}

static int replace_initrd(cof_manifest *m, const char *dir, cof_err *err)
{
	COF_AUTO(cof_buf) initrd = {0};
	COF_AUTO_FREE char *path = NULL;
	int rc = cof_calibration_initrd(&initrd, err);
	if (rc == 0)
		rc = cof_path(&path, err, "%s/initrd", dir);
	if (rc == 0)
		rc = cof_file_write(path, cof_buf_span(&initrd), 0600, err);
	if (rc == 0)
		rc = replace(&m->initrd, path, err);
	return rc < 0 || m->scratch_initrd.path == NULL ? rc : replace(&m->scratch_initrd, path, err);
}

/* The guest to boot: the manifest's kernel and machine, our firmware, an initrd that only reads the log. */
static int make_guest(const options *o, const char *dir, cof_manifest *m, cof_err *err)
{
	COF_AUTO_FREE char *guest = NULL;
	int rc = cof_cli_guest(o->guest, &guest, err);
	if (rc == 0)
		rc = cof_manifest_load(guest, m, err);
	if (rc == 0)
		rc = replace(&m->firmware, o->firmware, err);
	if (rc == 0 && o->vars != NULL)
		rc = replace(&m->vars, o->vars, err);
	if (rc == 0)
		rc = replace_initrd(m, dir, err);
	if (rc < 0)
		return rc;
	free(m->cmdline);
	m->cmdline = strdup("console=ttyS0 quiet loglevel=0 cryptomgr.notests");
	return m->cmdline == NULL ? cof_err_oom(err) : 0;
}

static int learn(const cof_manifest *m, const cof_profile *p, const char *dir, cof_firmware_build *ret, cof_err *err)
{
	COF_AUTO(cof_qemu) qemu = {0};
	COF_AUTO(cof_guest_inputs) g = {0};
	COF_AUTO(cof_buf) bytes = {0};
	COF_AUTO(cof_eventlog) log = {0};
	int rc = cof_probe_qemu(&qemu, err);
	if (rc == 0)
		rc = cof_guest_inputs_load(m, p, qemu.path, &g, err);
	if (rc == 0)
		rc = cof_calibration_boot(m, p, qemu.path, dir, &bytes, err);
	if (rc == 0)
		rc = cof_eventlog_parse(cof_buf_span(&bytes), COF_SHA256, &log, err);
	return rc < 0 ? rc : cof_firmware_learn(&g.launch, &log, ret, err);
}

static int calibrate(const options *o, cof_firmware_build *ret, cof_err *err)
{
	COF_AUTO(cof_tmp_dir) dir = {0};
	COF_AUTO(cof_manifest) m = {0};
	const cof_profile *profile = NULL;
	int rc = cof_tmp_dir_make(&dir, err);
	if (rc == 0)
		rc = make_guest(o, dir.path, &m, err);
	if (rc == 0)
		rc = cof_manifest_profile(&m, o->profile, &profile, err);
	return rc < 0 ? rc : learn(&m, profile, dir.path, ret, err);
}

static int print_build(const options *o, const cof_firmware_build *b)
{
	COF_AUTO_PTR(json_t) j = NULL;
	COF_AUTO(cof_buf) text = {0};
	cof_err err = {0};
	int rc = cof_firmware_build_json(b, &j, &err);
	if (rc == 0)
		rc = cof_json_dump_pretty(j, &text, &err);
	if (rc == 0 && o->output != NULL)
		rc = cof_cli_write(o->output, cof_buf_span(&text), 0644, &err);
	if (rc < 0)
		return cof_cli_fail(&err, o->json);
	return o->json || o->output == NULL ? cof_cli_print_json(j) : COF_EXIT_YES;
}

int cof_cmd_calibrate(int argc, char **argv)
{
	options o = {0};
	cof_firmware_build b;
	cof_err err = {0};
	int code = parse_options(argc, argv, &o);
	if (code != COF_EXIT_YES)
		return code;
	if (o.help)
		return fputs(usage, stdout) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	return calibrate(&o, &b, &err) < 0 ? cof_cli_fail(&err, o.json) : print_build(&o, &b);
}
