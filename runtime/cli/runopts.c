/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/runopts.h"

#include <getopt.h>
#include <string.h>

#include "common/digest.h"
#include "common/scratch.h"
#include "runtime/cli/measure_options.h"

#define GUEST_LOOPBACK "10.0.2.2"

static const char help[] =
	"Usage: coffer run --initdata FILE [options] NAME@sha256:DIGEST\n\n"
	"Starts a measured virtual machine, lets it attest to the key broker that initdata names, and runs the image\n"
	"in it. stdout is the workload's; the exit code is the workload's, or 125 for every other end.\n\n"
	"  --initdata FILE       the owner's initdata document (required)\n"
	"  --guest MANIFEST      guest image manifest (default: beside this program, or $COFFER_GUEST)\n"
	"  --tee auto|tpm        what protects the machine (default: auto)\n"
	"  --transport auto|serial|vsock  how the host speaks to the guest (default: auto, vsock where the host has "
	"it)\n"
	"  --profile NAME        machine profile of the manifest (default: default)\n"
	"  --scratch SIZE        a disk for the image and its files, encrypted by the guest, as 8G or 500M; the "
	"machine is\n"
	"                        that of the profile NAME-scratch\n"
	"  --scratch-integrity   the guest authenticates what is on it, even where the owner's policy does without\n"
	"  --scratch-dir DIR     where its file goes, nameless and sparse (default: $TMPDIR, or /tmp)\n"
	"  --resolve NAME:PORT:ADDR  address of a name, for the guest too; may be repeated\n"
	"  --tpm-ca DIR          keep the software TPM's CA here instead of making one for this run\n"
	"  --report FILE         write the run report (JSON) here\n"
	"  --progress auto|plain show progress on a terminal alone (default: auto), or as plain lines on a pipe too\n"
	"  --json                print the run report as the only thing on stderr; the workload's stderr is dropped\n"
	"  --stdin               feed our stdin to the workload\n"
	"  --console FILE        keep the end of the guest's console here\n"
	"  --timeout S           give up after so many seconds\n";

enum {
	OPT_GUEST = 256,
	OPT_TEE,
	OPT_TRANSPORT,
	OPT_PROFILE,
	OPT_INITDATA,
	OPT_CA,
	OPT_REPORT,
	OPT_CONSOLE,
	OPT_SCRATCH_DIR,
	OPT_RESOLVE,
	OPT_PROGRESS,
	OPT_JSON,
	OPT_STDIN,
	OPT_TIMEOUT,
	OPT_SCRATCH,
	OPT_SCRATCH_INTEGRITY
};

static const struct option options[] = {
	{"guest", required_argument, NULL, OPT_GUEST},
	{"tee", required_argument, NULL, OPT_TEE},
	{"transport", required_argument, NULL, OPT_TRANSPORT},
	{"profile", required_argument, NULL, OPT_PROFILE},
	{"initdata", required_argument, NULL, OPT_INITDATA},
	{"tpm-ca", required_argument, NULL, OPT_CA},
	{"report", required_argument, NULL, OPT_REPORT},
	{"console", required_argument, NULL, OPT_CONSOLE},
	{"scratch", required_argument, NULL, OPT_SCRATCH},
	{"scratch-integrity", no_argument, NULL, OPT_SCRATCH_INTEGRITY},
	{"scratch-dir", required_argument, NULL, OPT_SCRATCH_DIR},
	{"resolve", required_argument, NULL, OPT_RESOLVE},
	{"progress", required_argument, NULL, OPT_PROGRESS},
	{"json", no_argument, NULL, OPT_JSON},
	{"stdin", no_argument, NULL, OPT_STDIN},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

void cof_runopts_release(cof_runopts *o)
{
	for (size_t i = 0; i < o->n_hosts; i++)
		free(o->hosts[i]);
	*o = (cof_runopts){0};
}

static int usage(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_USAGE, "usage", "%s (see coffer run --help)", what);
}

/* The host's loopback is another machine for the guest: QEMU's user-mode network shows it under its own address. */
static int add_host(cof_runopts *o, const char *text, cof_err *err)
{
	cof_resolve res = {0};
	COF_AUTO(cof_buf) line = {0};
	int r = cof_cli_resolve(text, &res, err);
	if (r < 0)
		return r;
	if (o->n_hosts >= COF_RUN_HOSTS_MAX)
		return usage(err, "too many --resolve");
	bool loopback = strncmp(res.addr, "127.", 4) == 0 || strcmp(res.addr, "::1") == 0;
	r = cof_buf_printf(&line, err, "%s %s", loopback ? GUEST_LOOPBACK : res.addr, res.name);
	if (r < 0)
		return r;
	for (size_t i = 0; i < o->n_hosts; i++)
		if (strcmp(o->hosts[i], cof_buf_str(&line)) == 0)
			return 0; /* one name with several ports */
	o->hosts[o->n_hosts] = strdup(cof_buf_str(&line));
	if (o->hosts[o->n_hosts] == NULL)
		return cof_err_oom(err);
	o->n_hosts++;
	return 0;
}

static int take_timeout(cof_runopts *o, const char *text, cof_err *err)
{
	char *end = NULL;
	o->timeout_s = strtol(text, &end, 10);
	if (*text == 0 || *end != 0 || o->timeout_s < 1 || o->timeout_s > 1000000)
		return usage(err, "--timeout wants seconds");
	return 0;
}

static int take_progress(cof_runopts *o, const char *text, cof_err *err)
{
	o->plain = strcmp(text, "plain") == 0;
	return o->plain || strcmp(text, "auto") == 0 ? 0 : usage(err, "--progress is auto or plain");
}

static int take_scratch(cof_runopts *o, const char *text, cof_err *err)
{
	if (!cof_parse_size(text, &o->scratch_bytes) || o->scratch_bytes > COF_SCRATCH_MAX)
		return usage(err, "--scratch wants a size, as 8G or 500M");
	if (o->scratch_bytes < COF_SCRATCH_MIN)
		return cof_err_set(err, COF_E_USAGE, "scratch-too-small", "a scratch disk has at least %llu MiB",
				   COF_SCRATCH_MIN >> 20);
	return 0;
}

static int take(cof_runopts *o, int opt, cof_err *err)
{
	const char **const texts[] = {&o->guest,  &o->tee,    &o->transport, &o->profile,    &o->initdata,
				      &o->tpm_ca, &o->report, &o->console,   &o->scratch_dir};
	if (opt >= OPT_GUEST && opt <= OPT_SCRATCH_DIR) {
		*texts[opt - OPT_GUEST] = optarg;
		return 0;
	}
	switch (opt) {
	case OPT_RESOLVE:
		return add_host(o, optarg, err);
	case OPT_PROGRESS:
		return take_progress(o, optarg, err);
	case OPT_TIMEOUT:
		return take_timeout(o, optarg, err);
	case OPT_SCRATCH:
		return take_scratch(o, optarg, err);
	case OPT_SCRATCH_INTEGRITY:
		o->scratch_integrity = true;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_STDIN:
		o->use_stdin = true;
		return 0;
	case 'h':
		o->help = true;
		(void)fputs(help, stdout);
		return 0;
	default:
		return usage(err, "an option that is none, or without its value");
	}
}

/* An image that is not pinned could be another one tomorrow; no owner's policy would take it. */
static int check_image(const char *image, cof_err *err)
{
	cof_digest d;
	const char *at = strrchr(image, '@');
	if (at == NULL || at == image || cof_digest_parse(at + 1, &d, NULL) < 0)
		return cof_err_set(err, COF_E_USAGE, "image-not-pinned", "%.200s is not NAME@sha256:DIGEST", image);
	for (const char *c = image; *c != 0; c++)
		if (*c <= 0x20 || *c > 0x7e)
			return cof_err_set(err, COF_E_USAGE, "image-not-pinned", "characters that no reference has");
	return 0;
}

int cof_runopts_parse(int argc, char **argv, cof_runopts *ret, cof_err *err)
{
	COF_AUTO(cof_runopts) o = {.tee = "auto", .transport = "auto", .profile = "default"};
	int opt = 0;
	int r = 0;
	optind = 0;
	opterr = 0;
	while (r == 0 && !o.help && (opt = getopt_long(argc, argv, "+h", options, NULL)) != -1)
		r = take(&o, opt, err);
	if (r == 0 && !o.help && optind != argc - 1)
		r = usage(err, "one image is wanted");
	if (r == 0 && !o.help && o.scratch_bytes == 0 && (o.scratch_integrity || o.scratch_dir != NULL))
		r = usage(err, "--scratch-integrity and --scratch-dir belong to --scratch");
	if (r == 0 && !o.help && o.initdata == NULL)
		r = usage(err, "--initdata is required: a guest without its owner's word gets no keys");
	if (r == 0 && !o.help) {
		o.image = argv[optind];
		r = check_image(o.image, err);
	}
	if (r < 0)
		return r;
	*ret = o;
	o = (cof_runopts){0};
	return 0;
}
