/* SPDX-License-Identifier: Apache-2.0 */
/* coffer measure eventlog: what a log says, and whether it is what was expected. */
#include "attestation/refvalue/refvalue.h"
#include "common/file.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/logreport.h"
#include "runtime/cli/measure.h"
#include "runtime/cli/measure_result.h"

static const char usage[] =
	"Usage: coffer measure eventlog FILE [options]\n"
	"\n"
	"Shows the events of a TPM's or TDX guest's event log and the registers that it replays to. A log says nothing "
	"by\n"
	"itself: compare it with registers that were signed, and with what the boot should have measured.\n"
	"\n"
	"  --pcrs FILE          registers as read (what tpm2_pcrread prints, or JSON): the log must replay to them\n"
	"  --reference FILE     reference values: the log must hold exactly their events\n"
	"  --tee tpm|tdx        instead, what is predicted of the guest image or of the options of coffer measure\n"
	"                       (--guest, --profile, --firmware, --kernel, --initrd, --append, --memory …)\n"
	"  --bank NAME          sha1, sha256, sha384, sha512 or sm3_256 (the reference's, else sha256)\n"
	"  --json               print it as JSON\n"
	"\n"
	"On Linux: /sys/kernel/security/tpm0/binary_bios_measurements, or /sys/firmware/acpi/tables/data/CCEL.\n";

/* What the files of the options hold. */
typedef struct inputs {
	cof_buf log;
	cof_refvalue reference;
	cof_reg_values read;
	cof_measure_result *predicted; /* NULL: nothing was */
	cof_hash bank;
	cof_eventlog_report_in in; /* borrows from the rest */
} inputs;

static void inputs_release(inputs *i)
{
	cof_buf_release(&i->log);
	cof_refvalue_release(&i->reference);
	if (i->predicted != NULL)
		cof_measure_result_release(i->predicted);
	free(i->predicted);
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

static int predict(const cof_measure_opts *o, inputs *i, cof_err *err)
{
	const cof_tee_measure *tee = NULL;
	int rc = cof_tee_measure_find(o->tee, &tee, err);
	if (rc < 0)
		return rc;
	if (!tee->has_log)
		return cof_err_set(err, COF_E_USAGE, "usage", "%s has no event log", tee->name);
	i->predicted = calloc(1, sizeof *i->predicted);
	if (i->predicted == NULL)
		return cof_err_oom(err);
	cof_measure_result_make(o, tee, i->predicted);
	const cof_measurement *m = &i->predicted->m;
	if (i->predicted->why.cls != COF_OK) {
		*err = i->predicted->why;
		return -(int)err->cls;
	}
	if (m->judged == 0)
		return cof_err_set(err, COF_E_USAGE, "usage",
				   "no event can be predicted without --kernel, --memory and --ovmf-release");
	i->in.want = m->events;
	i->in.n = m->n_events;
	i->in.want_kind = tee->log_kind;
	i->in.want_bank = m->registers[0].value.alg;
	i->in.judged = m->judged;
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

static int load(const cof_measure_opts *o, inputs *i, cof_err *err)
{
	int rc = cof_cli_read(o->file, COF_EVENTLOG_MAX, &i->log, err);
	if (rc == 0 && o->reference != NULL && o->tee != NULL)
		return cof_err_set(err, COF_E_USAGE, "usage", "--reference or --tee");
	if (rc == 0 && o->reference != NULL)
		rc = load_reference(o->reference, i, err);
	if (rc == 0 && o->tee != NULL)
		rc = predict(o, i, err);
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
	cof_measure_opts o = {0};
	cof_err err = {0};
	int code = cof_measure_options(argc, argv, true, &o);
	if (code != COF_EXIT_YES)
		return code;
	if (o.help)
		return fputs(usage, stdout) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	if (o.bank != NULL && cof_hash_by_bank(o.bank, &i.bank, NULL) < 0)
		return cof_cli_usage("--bank %s: there is no such bank", o.bank);
	return load(&o, &i, &err) < 0 ? cof_cli_fail(&err, o.json) : cof_eventlog_report(&i.in);
}
