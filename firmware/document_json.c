/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/document.h"

#define FORMAT "coffer-launch/1"

/* --- writing --- */

static int set_int(json_t *o, const char *key, uint64_t v, cof_err *err)
{
	return cof_json_set_new(o, key, json_integer((json_int_t)v), err);
}

/* A list of objects of whole numbers, which is what both kinds of metadata are. */
typedef struct number {
	const char *key;
	uint64_t value;
} number;

static int add_numbers(json_t *list, const number *n, size_t count, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = json_object();
	int rc = o == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = set_int(o, n[i].key, n[i].value, err);
	if (rc == 0 && json_array_append(list, o) < 0)
		rc = cof_err_oom(err);
	return rc;
}

static int sev_json(const cof_launch_sev *s, json_t *fw, cof_err *err)
{
	if (!s->given)
		return 0;
	json_t *o = json_object(), *list = json_array();
	int rc = cof_json_set_new(fw, "sev", o, err);
	if (rc == 0)
		rc = cof_json_set_hex(o, "ovmf_hash", cof_span_of(s->ovmf_hash, sizeof s->ovmf_hash), err);
	if (rc == 0)
		rc = set_int(o, "reset_eip", s->meta.reset_eip, err);
	if (rc == 0)
		rc = set_int(o, "hash_table_gpa", s->meta.hash_table_gpa, err);
	if (rc == 0)
		rc = set_int(o, "hash_table_size", s->meta.hash_table_size, err);
	if (rc == 0)
		rc = cof_json_set_new(o, "sections", list, err);
	for (size_t i = 0; rc == 0 && i < s->meta.n; i++) {
		const cof_sev_section *x = &s->meta.sections[i];
		const number n[] = {{"type", x->type}, {"gpa", x->gpa}, {"size", x->size}};
		rc = add_numbers(list, n, COF_COUNT(n), err);
	}
	return rc;
}

static int tdx_sections(const cof_tdvf *t, json_t *list, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < t->n; i++) {
		const cof_tdvf_section *x = &t->sections[i];
		const number n[] = {{"type", x->type},
				    {"data_offset", x->data_offset},
				    {"raw_size", x->raw_size},
				    {"memory_address", x->memory_address},
				    {"memory_size", x->memory_size},
				    {"attributes", x->attributes}};
		rc = add_numbers(list, n, COF_COUNT(n), err);
	}
	return rc;
}

static int tdx_json(const cof_launch_tdx *t, json_t *fw, cof_err *err)
{
	if (!t->given)
		return 0;
	json_t *o = json_object(), *list = json_array();
	int rc = cof_json_set_new(fw, "tdx", o, err);
	if (rc == 0)
		rc = cof_json_set_hex(o, "mrtd_page", cof_span_of(t->mrtd[COF_MRTD_PAGE], COF_SHA384_LEN), err);
	if (rc == 0)
		rc = cof_json_set_hex(o, "mrtd_section", cof_span_of(t->mrtd[COF_MRTD_SECTION], COF_SHA384_LEN), err);
	if (rc == 0)
		rc = cof_json_set_hex(o, "cfv_sha384", cof_span_of(t->cfv, COF_SHA384_LEN), err);
	if (rc == 0)
		rc = cof_json_set_new(o, "vars_empty", json_boolean(t->vars_empty), err);
	if (rc == 0)
		rc = cof_json_set_new(o, "sections", list, err);
	return rc < 0 ? rc : tdx_sections(&t->tdvf, list, err);
}

static int file_json(const cof_launch_file *f, const char *key, json_t *doc, cof_err *err)
{
	if (!f->given)
		return 0;
	json_t *o = json_object();
	int rc = cof_json_set_new(doc, key, o, err);
	if (rc == 0)
		rc = cof_json_set_hex(o, "sha256", cof_span_of(f->sha256, COF_SHA256_LEN), err);
	if (rc == 0 && f->has_sha384)
		rc = cof_json_set_hex(o, "sha384", cof_span_of(f->sha384, COF_SHA384_LEN), err);
	return rc == 0 && f->size > 0 ? set_int(o, "size", f->size, err) : rc;
}

static int cmdline_json(const cof_launch_document *d, json_t *doc, cof_err *err)
{
	if (d->cmdline == NULL && !d->has_cmdline_sha256)
		return 0;
	json_t *o = json_object();
	int rc = cof_json_set_new(doc, "cmdline", o, err);
	if (rc == 0 && d->cmdline != NULL)
		return cof_json_set_str(o, "text", d->cmdline, err);
	return rc < 0 ? rc : cof_json_set_hex(o, "sha256", cof_span_of(d->cmdline_sha256, COF_SHA256_LEN), err);
}

static int firmware_json(const cof_launch_document *d, json_t *doc, cof_err *err)
{
	json_t *fw = json_object();
	int rc = cof_json_set_new(doc, "firmware", fw, err);
	if (rc == 0)
		rc = cof_json_set_hex(fw, "sha256", cof_span_of(d->firmware_sha256, COF_SHA256_LEN), err);
	if (rc == 0)
		rc = set_int(fw, "size", d->firmware_size, err);
	if (rc == 0 && d->release > 0)
		rc = set_int(fw, "release", d->release, err);
	if (rc == 0)
		rc = sev_json(&d->sev, fw, err);
	return rc < 0 ? rc : tdx_json(&d->tdx, fw, err);
}

int cof_launch_document_json(const cof_launch_document *d, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = json_object();
	int rc = doc == NULL ? cof_err_oom(err) : cof_json_set_str(doc, "format", FORMAT, err);
	if (rc == 0)
		rc = firmware_json(d, doc, err);
	if (rc == 0)
		rc = file_json(&d->kernel, "kernel", doc, err);
	if (rc == 0 && d->has_authenticode)
		rc = cof_json_set_hex(json_object_get(doc, "kernel"), "authenticode_sha384",
				      cof_span_of(d->authenticode, COF_SHA384_LEN), err);
	if (rc == 0)
		rc = file_json(&d->initrd, "initrd", doc, err);
	if (rc == 0)
		rc = cmdline_json(d, doc, err);
	if (rc < 0)
		return rc;
	*ret = cof_steal(&doc);
	return 0;
}
