/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/measure_output.h"

#include <stdio.h>

#include "runtime/cli/cli.h"
#include "runtime/cli/measure_corim.h"

static int write_json(const char *path, const json_t *v, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int rc = cof_json_dump_pretty(v, &text, err);
	return rc < 0 ? rc : cof_cli_write(path, cof_buf_span(&text), 0644, err);
}

/* With --document every TEE's inputs hold all of it, where they could be read. */
static int write_document(const cof_measure_opts *o, const cof_measure_result *good, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	if (o->document == NULL)
		return 0;
	int rc = cof_launch_document_json(&good->inputs.doc, &doc, err);
	return rc < 0 ? rc : write_json(o->document, doc, err);
}

/* The one TEE whose reference values are a document of their own. */
static int write_references(const cof_measure_opts *o, const cof_measure_result *results, size_t n, cof_err *err)
{
	if (o->output == NULL)
		return 0;
	for (size_t i = 0; i < n; i++) {
		COF_AUTO_PTR(json_t) doc = NULL;
		const cof_measure_result *r = &results[i];
		if (r->why.cls != COF_OK || r->tee->json == NULL)
			continue;
		int rc = cof_measure_result_json(r, &doc, err);
		return rc < 0 ? rc : write_json(o->output, doc, err);
	}
	return cof_err_set(err, COF_E_USAGE, "usage", "--output is for reference values of tpm; see --corim");
}

static int write_rim(const cof_measure_opts *o, const cof_measure_result *results, size_t n, cof_err *err)
{
	COF_AUTO(cof_rim) rim = {0};
	COF_AUTO(cof_buf) name = {0};
	int rc = 0;
	if (o->corim == NULL && o->rvps == NULL)
		return 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (results[i].why.cls != COF_OK)
			continue;
		cof_buf_release(&name);
		rc = cof_measure_result_name(&results[i], &name, err);
		if (rc == 0)
			rc = cof_measure_rim_add(&rim, &results[i], cof_buf_str(&name), err);
	}
	return rc < 0 ? rc : cof_measure_rim_write(o, &rim, cof_buf_str(&name), err);
}

static int print_results_json(const cof_measure_result *results, size_t n, cof_err *err)
{
	COF_AUTO_PTR(json_t) list = json_array();
	int rc = list == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		json_t *o = NULL;
		rc = cof_measure_result_json(&results[i], &o, err);
		if (rc == 0 && json_array_append_new(list, o) < 0)
			rc = cof_err_oom(err);
	}
	if (rc < 0)
		return rc;
	return cof_cli_print_json(n == 1 ? json_array_get(list, 0) : list) == COF_EXIT_YES
		       ? 0
		       : cof_err_set(err, COF_E_IO, "write-failed", "stdout");
}

/* What nobody could predict leaves no file behind. */
static int write_files(const cof_measure_opts *o, const cof_measure_result *results, size_t n, cof_err *err)
{
	size_t good = 0;
	while (good < n && results[good].why.cls != COF_OK)
		good++;
	if (good == n)
		return 0;
	int rc = write_document(o, &results[good], err);
	if (rc == 0)
		rc = write_references(o, results, n, err);
	return rc < 0 ? rc : write_rim(o, results, n, err);
}

int cof_measure_output(const cof_measure_opts *o, const cof_measure_result *results, size_t n)
{
	cof_err err = {0};
	bool printed = true;
	int rc = write_files(o, results, n, &err);
	if (rc == 0 && o->json)
		rc = print_results_json(results, n, &err);
	if (rc < 0)
		return cof_cli_fail(&err, o->json);
	for (size_t i = 0; !o->json && printed && i < n; i++)
		printed = cof_measure_result_print(&results[i]);
	return printed && fflush(stdout) == 0 ? COF_EXIT_YES : COF_EXIT_USAGE;
}
