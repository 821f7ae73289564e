/* SPDX-License-Identifier: Apache-2.0 */
/* coffer measure eventlog: what a log says, and whether it is what was expected. */
#include <getopt.h>

#include "attestation/refvalue/refvalue.h"
#include "common/file.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/logreport.h"
#include "runtime/cli/measure.h"

typedef struct options {
	const char *file;
	const char *pcrs;
	const char *reference;
	const char *bank;
	bool json;
	bool help;
} options;

static const char usage[] =
	"Usage: coffer measure eventlog FILE [options]\n"
	"\n"
	"Shows the events of a TPM's or TDX guest's event log and the registers that it replays to. A log says nothing "
	"by\n"
	"itself: compare it with registers that were signed, and with what the boot should have measured.\n"
	"\n"
	"  --pcrs FILE          registers as read (what tpm2_pcrread prints, or JSON): the log must replay to them\n"
	"  --reference FILE     reference values: the log must hold exactly their events\n"
	"  --bank NAME          sha1, sha256, sha384, sha512 or sm3_256 (the reference's, else sha256)\n"
	"  --json               print it as JSON\n"
	"\n"
	"On Linux: /sys/kernel/security/tpm0/binary_bios_measurements, or /sys/firmware/acpi/tables/data/CCEL.\n";

static int parse_options(int argc, char **argv, options *ret)
{
	static const struct option longs[] = {
		{"pcrs", required_argument, NULL, 'p'}, {"reference", required_argument, NULL, 'r'},
		{"bank", required_argument, NULL, 'b'}, {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},	{NULL, 0, NULL, 0},
	};
	options o = {0};
	for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
		const struct {
			int c;
			const char **to;
		} texts[] = {{'p', &o.pcrs}, {'r', &o.reference}, {'b', &o.bank}};
		o.json |= c == 'j';
		o.help |= c == 'h';
		for (size_t i = 0; i < COF_COUNT(texts); i++) {
			if (texts[i].c == c)
				*texts[i].to = optarg;
		}
		if (c == '?')
			return cof_cli_usage("see coffer measure eventlog --help");
	}
	if (!o.help && optind + 1 != argc)
		return cof_cli_usage("one event log is needed");
	o.file = o.help ? NULL : argv[optind];
	*ret = o;
	return COF_EXIT_YES;
}

/* What the files of the options hold. */
typedef struct inputs {
	cof_buf log;
	cof_refvalue reference;
	cof_reg_values read;
	cof_hash bank;
	cof_eventlog_report_in in; /* borrows from the rest */
} inputs;

static void inputs_release(inputs *i)
{
	cof_buf_release(&i->log);
	cof_refvalue_release(&i->reference);
}
COF_DEFINE_AUTO(inputs, inputs_release)

static int load_reference(const char *path, inputs *i, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int rc = cof_file_read(path, COF_REFVALUE_FILE_MAX, &text, err);
	if (rc == 0)
		rc = cof_refvalue_read(cof_buf_span(&text), &i->reference, err);
	if (rc < 0)
		return rc;
	i->in.want = i->reference.events;
	i->in.n = i->reference.n;
	i->in.want_kind = COF_LOG_TPM;
	i->in.want_bank = COF_SHA256;
	for (uint32_t pcr = 0; pcr < COF_PCRS; pcr++)
		i->in.judged |= (cof_reg_set)i->reference.has[pcr] << pcr;
	return 0;
}

static int load_values(const char *path, inputs *i, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int rc = cof_file_read(path, COF_REG_VALUES_FILE_MAX, &text, err);
	if (rc == 0)
		rc = cof_reg_values_parse(cof_buf_span(&text), &i->read, err);
	if (rc == 0)
		i->in.read = &i->read;
	return rc;
}

static int load(const options *o, inputs *i, cof_err *err)
{
	int rc = o->bank == NULL ? 0 : cof_hash_by_bank(o->bank, &i->bank, err);
	if (rc == 0)
		rc = cof_cli_read(o->file, COF_EVENTLOG_MAX, &i->log, err);
	if (rc == 0 && o->reference != NULL)
		rc = load_reference(o->reference, i, err);
	if (rc == 0 && o->pcrs != NULL)
		rc = load_values(o->pcrs, i, err);
	i->in.log = cof_buf_span(&i->log);
	i->in.bank = o->bank != NULL ? &i->bank : NULL;
	i->in.json = o->json;
	return rc;
}

int cof_cmd_measure_eventlog(int argc, char **argv)
{
	COF_AUTO(inputs) i = {0};
	options o = {0};
	cof_err err = {0};
	int code = parse_options(argc, argv, &o);
	if (code != COF_EXIT_YES)
		return code;
	if (o.help)
		return fputs(usage, stdout) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	return load(&o, &i, &err) < 0 ? cof_cli_fail(&err, o.json) : cof_eventlog_report(&i.in);
}
