/* SPDX-License-Identifier: Apache-2.0 */
/* coffer measure record: writes into a guest image's manifest what it measures on every TEE and machine profile. */
#include <stdio.h>

#include "common/file.h"
#include "common/hex.h"
#include "firmware/sev/cpu.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/measure.h"
#include "runtime/cli/measure_corim.h"
#include "runtime/cli/measure_result.h"

enum { VCPUS = 64 };

static const char usage[] =
	"Usage: coffer measure record [--guest FILE] [--corim FILE --corim-key KEY [--pin-file FILE]] [--json]\n"
	"\n"
	"Predicts what the guest image measures on sev, seves, snp (1 to 64 vCPUs of each CPU model), tdx and tpm "
	"(each\n"
	"machine profile), and writes that into its manifest; with --corim also as signed reference values, one file\n"
	"for each TEE (FILE with the TEE's name before its ending). When one of them cannot be predicted, nothing is "
	"written.\n";

/* One run: the manifest's JSON, and what was found for each TEE. */
typedef struct record {
	const cof_measure_opts *o;
	json_t *manifest;
	json_t *found;
	cof_rim rim;
} record;

static int add_hex(json_t *list, const cof_digest *d, cof_err *err)
{
	COF_AUTO_FREE char *hex = cof_hex_dup(cof_digest_span(d));
	return hex == NULL || json_array_append_new(list, json_string(hex)) < 0 ? cof_err_oom(err) : 0;
}

/* CPU models of the machines with a scratch disk, which boot another initrd, stand beside those of the others. */
static const char *initrd_prefix(const cof_measure_result *m)
{
	return m->inputs.profile->scratch ? "scratch/" : "";
}

static int record_counts(record *r, const cof_measure_result *m, const cof_cpu_type *cpu, json_t *o, cof_err *err)
{
	char key[64];
	cof_digest counts[VCPUS];
	cof_measure_in in = m->inputs.in;
	json_t *list = json_array();
	in.vcpu_sig = cof_cpu_signature(cpu->family, cpu->model, cpu->stepping);
	(void)snprintf(key, sizeof key, "%s%s", initrd_prefix(m), cpu->name);
	int rc = cof_json_set_new(o, key, list, err);
	if (rc == 0)
		rc = m->tee->upto(&in, VCPUS, counts, err);
	for (unsigned i = 0; rc == 0 && i < VCPUS; i++) {
		char name[COF_RIM_NAME_MAX + 1];
		(void)snprintf(name, sizeof name, "%s/%s/vcpus-%u", m->inputs.manifest.version, key, i + 1);
		rc = add_hex(list, &counts[i], err);
		if (rc == 0)
			rc = cof_measure_rim_add_count(&r->rim, m, name, &counts[i], err);
	}
	return rc;
}

static int record_registers(const cof_measurement *m, json_t *o, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < m->n; i++) {
		if (m->registers[i].known)
			rc = cof_json_set_hex(o, m->registers[i].name, cof_digest_span(&m->registers[i].value), err);
	}
	return rc;
}

static int record_cpus(record *r, const cof_measure_result *m, json_t *o, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && cof_cpu_types[i].name != NULL; i++) {
		if (cof_cpu_is_first(&cof_cpu_types[i]))
			rc = record_counts(r, m, &cof_cpu_types[i], o, err);
	}
	return rc;
}

static int record_one(record *r, const cof_measure_result *m, const char *profile, json_t *o, cof_err *err)
{
	char name[COF_RIM_NAME_MAX + 1];
	if (m->tee->upto != NULL)
		return record_cpus(r, m, o, err);
	json_t *registers = json_object();
	(void)snprintf(name, sizeof name, "%s/%s", m->inputs.manifest.version, profile);
	int rc = cof_json_set_new(o, profile, registers, err);
	if (rc == 0)
		rc = record_registers(&m->m, registers, err);
	return rc < 0 ? rc : cof_measure_rim_add(&r->rim, m, name, err);
}

static int record_profile(record *r, const cof_tee_measure *t, const char *profile, json_t *o, cof_err *err)
{
	COF_AUTO_FREE cof_measure_result *m = calloc(1, sizeof *m);
	cof_measure_opts one = *r->o;
	int rc = 0;
	if (m == NULL)
		return cof_err_oom(err);
	one.profile = profile;
	one.any = true;
	cof_measure_result_make(&one, t, m);
	if (m->why.cls != COF_OK)
		rc = cof_err_set(err, m->why.cls, m->why.reason, "%s: %s", t->name, m->why.text);
	else
		rc = record_one(r, m, profile, o, err);
	cof_measure_result_release(m);
	return rc;
}

/* What depends on the number of CPUs does not depend on the profile but for its initrd, and the other way round. */
static int record_tee(record *r, const cof_tee_measure *t, cof_err *err)
{
	json_t *profiles = json_object_get(r->manifest, "machine_profiles"), *value;
	json_t *o = json_object();
	const char *profile;
	bool seen[2] = {false, false};
	int rc = cof_json_set_new(r->found, t->name, o, err);
	json_object_foreach (profiles, profile, value) {
		bool *has = &seen[json_is_true(json_object_get(value, "scratch"))];
		if (rc == 0 && (t->upto == NULL || !*has))
			rc = record_profile(r, t, profile, o, err);
		*has = true;
	}
	return rc;
}

static int record_all(record *r, cof_err *err)
{
	int rc = 0;
	for (const cof_tee_measure *t = cof_tee_measures; rc == 0 && t->name != NULL; t++)
		rc = record_tee(r, t, err);
	return rc;
}

static int write_manifest(const record *r, const char *path, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int rc = cof_json_set_new(r->manifest, "measurements", json_incref(r->found), err);
	if (rc == 0)
		rc = cof_json_dump_pretty(r->manifest, &text, err);
	return rc < 0 ? rc : cof_file_write(path, cof_buf_span(&text), 0644, err);
}

static int run(const cof_measure_opts *o)
{
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO_PTR(json_t) manifest = NULL;
	COF_AUTO_PTR(json_t) found = json_object();
	cof_err err = {0};
	record r = {.o = o, .found = found};
	int rc = cof_cli_guest(o->guest, &path, &err);
	if (rc == 0)
		rc = cof_json_read_file(path, COF_MANIFEST_MAX, &manifest, &err);
	r.manifest = manifest;
	if (rc == 0)
		rc = record_all(&r, &err);
	/* First what can fail for a key: then the manifest is as it was. */
	if (rc == 0)
		rc = cof_measure_rim_write(o, &r.rim, "guest", &err);
	if (rc == 0)
		rc = write_manifest(&r, path, &err);
	cof_rim_release(&r.rim);
	if (rc < 0)
		return cof_cli_fail(&err, o->json);
	return o->json ? cof_cli_print_json(found) : COF_EXIT_YES;
}

int cof_cmd_measure_record(int argc, char **argv)
{
	cof_measure_opts o = {0};
	int code = cof_measure_options(argc, argv, false, &o);
	if (code != COF_EXIT_YES)
		return code;
	if (o.help)
		return fputs(usage, stdout) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	return run(&o);
}
