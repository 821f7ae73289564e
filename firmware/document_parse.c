/* SPDX-License-Identifier: Apache-2.0 */
#include "common/hex.h"
#include "firmware/document.h"
#include "firmware/sev/hashes.h"

#define FORMAT "coffer-launch/1"
#define U32_MAX ((json_int_t)UINT32_MAX)

static int refuse(cof_err *err, const char *why)
{
	return cof_err_set(err, COF_E_MALFORMED, "launch-document-malformed", "launch document: %s", why);
}

/* Inside of parse, whose caller says what it is that is malformed. */
static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "launch-document-malformed", "%s", what);
}

static int get_hex(const json_t *o, const char *key, uint8_t *ret, size_t len, cof_err *err)
{
	const char *text = NULL;
	int rc = cof_json_str(o, key, &text, err);
	return rc < 0 ? rc : cof_unhex(text, ret, len, err);
}

/* Leaves *has false when the member is absent. */
static int opt_hex(const json_t *o, const char *key, uint8_t *ret, size_t len, bool *has, cof_err *err)
{
	*has = json_object_get(o, key) != NULL;
	return *has ? get_hex(o, key, ret, len, err) : 0;
}

static int get_u32(const json_t *o, const char *key, uint32_t *ret, cof_err *err)
{
	json_int_t v = 0;
	int rc = cof_json_int(o, key, 0, U32_MAX, &v, err);
	if (rc == 0)
		*ret = (uint32_t)v;
	return rc;
}

static int get_u64(const json_t *o, const char *key, uint64_t *ret, cof_err *err)
{
	json_int_t v = 0;
	int rc = cof_json_int(o, key, 0, INT64_MAX, &v, err);
	if (rc == 0)
		*ret = (uint64_t)v;
	return rc;
}

/* --- firmware --- */

static int sev_section(const json_t *o, cof_sev_section *ret, cof_err *err)
{
	static const char *const known[] = {"type", "gpa", "size", NULL};
	int rc = cof_json_only(o, known, err);
	if (rc == 0)
		rc = get_u32(o, "type", &ret->type, err);
	if (rc == 0)
		rc = get_u32(o, "gpa", &ret->gpa, err);
	return rc < 0 ? rc : get_u32(o, "size", &ret->size, err);
}

static int sev_sections(const json_t *o, cof_sev_metadata *m, cof_err *err)
{
	json_t *list = NULL;
	int rc = cof_json_arr(o, "sections", &list, err);
	if (rc == 0 && json_array_size(list) > COF_SEV_SECTIONS_MAX)
		rc = malformed(err, "too many SEV sections");
	for (; rc == 0 && m->n < json_array_size(list); m->n++)
		rc = sev_section(json_array_get(list, m->n), &m->sections[m->n], err);
	return rc;
}

static int parse_sev(const json_t *fw, cof_launch_document *d, cof_err *err)
{
	static const char *const known[] = {"ovmf_hash",       "reset_eip", "hash_table_gpa",
					    "hash_table_size", "sections",  NULL};
	json_t *o = NULL;
	if (json_object_get(fw, "sev") == NULL)
		return 0;
	cof_sev_metadata *m = &d->sev.meta;
	int rc = cof_json_obj(fw, "sev", &o, err);
	if (rc == 0)
		rc = cof_json_only(o, known, err);
	if (rc == 0)
		rc = get_hex(o, "ovmf_hash", d->sev.ovmf_hash, COF_SHA384_LEN, err);
	if (rc == 0)
		rc = get_u32(o, "reset_eip", &m->reset_eip, err);
	if (rc == 0)
		rc = get_u32(o, "hash_table_gpa", &m->hash_table_gpa, err);
	if (rc == 0)
		rc = get_u32(o, "hash_table_size", &m->hash_table_size, err);
	if (rc == 0)
		rc = sev_sections(o, m, err);
	m->image_size = d->firmware_size;
	d->sev.given = rc == 0;
	return rc < 0 ? rc : cof_sev_metadata_check(m, err);
}

static int tdx_section(const json_t *o, cof_tdvf_section *ret, cof_err *err)
{
	static const char *const known[] = {"type",	   "data_offset", "raw_size", "memory_address",
					    "memory_size", "attributes",  NULL};
	int rc = cof_json_only(o, known, err);
	if (rc == 0)
		rc = get_u32(o, "type", &ret->type, err);
	if (rc == 0)
		rc = get_u32(o, "data_offset", &ret->data_offset, err);
	if (rc == 0)
		rc = get_u32(o, "raw_size", &ret->raw_size, err);
	if (rc == 0)
		rc = get_u64(o, "memory_address", &ret->memory_address, err);
	if (rc == 0)
		rc = get_u64(o, "memory_size", &ret->memory_size, err);
	return rc < 0 ? rc : get_u32(o, "attributes", &ret->attributes, err);
}

static int tdx_sections(const json_t *o, cof_tdvf *t, cof_err *err)
{
	json_t *list = NULL;
	int rc = cof_json_arr(o, "sections", &list, err);
	if (rc == 0 && json_array_size(list) > COF_TDVF_SECTIONS_MAX)
		rc = malformed(err, "too many TDX sections");
	for (; rc == 0 && t->n < json_array_size(list); t->n++)
		rc = tdx_section(json_array_get(list, t->n), &t->sections[t->n], err);
	return rc;
}

static int parse_tdx(const json_t *fw, cof_launch_document *d, cof_err *err)
{
	static const char *const known[] = {"mrtd_page", "mrtd_section", "cfv_sha384", "vars_empty", "sections", NULL};
	json_t *o = NULL;
	if (json_object_get(fw, "tdx") == NULL)
		return 0;
	cof_launch_tdx *t = &d->tdx;
	int rc = cof_json_obj(fw, "tdx", &o, err);
	if (rc == 0)
		rc = cof_json_only(o, known, err);
	if (rc == 0)
		rc = get_hex(o, "mrtd_page", t->mrtd[COF_MRTD_PAGE], COF_SHA384_LEN, err);
	if (rc == 0)
		rc = get_hex(o, "mrtd_section", t->mrtd[COF_MRTD_SECTION], COF_SHA384_LEN, err);
	if (rc == 0)
		rc = get_hex(o, "cfv_sha384", t->cfv, COF_SHA384_LEN, err);
	if (rc == 0)
		rc = cof_json_bool(o, "vars_empty", &t->vars_empty, err);
	if (rc == 0)
		rc = tdx_sections(o, &t->tdvf, err);
	t->given = rc == 0;
	return rc < 0 ? rc : cof_tdvf_check(&t->tdvf, d->firmware_size, true, err);
}

static int parse_firmware(const json_t *doc, cof_launch_document *d, cof_err *err)
{
	static const char *const known[] = {"sha256", "size", "release", "sev", "tdx", NULL};
	json_t *fw = NULL;
	uint32_t release = 0;
	int rc = cof_json_obj(doc, "firmware", &fw, err);
	if (rc == 0)
		rc = cof_json_only(fw, known, err);
	if (rc == 0)
		rc = get_hex(fw, "sha256", d->firmware_sha256, COF_SHA256_LEN, err);
	if (rc == 0)
		rc = get_u64(fw, "size", &d->firmware_size, err);
	if (rc == 0 && d->firmware_size > COF_FIRMWARE_MAX)
		rc = malformed(err, "size of the firmware");
	if (rc == 0 && json_object_get(fw, "release") != NULL)
		rc = get_u32(fw, "release", &release, err);
	d->release = release;
	if (rc == 0)
		rc = parse_sev(fw, d, err);
	return rc < 0 ? rc : parse_tdx(fw, d, err);
}

/* --- files and command line --- */

static int parse_file(const json_t *o, cof_launch_file *f, cof_err *err)
{
	f->given = true;
	int rc = get_hex(o, "sha256", f->sha256, COF_SHA256_LEN, err);
	if (rc == 0)
		rc = opt_hex(o, "sha384", f->sha384, COF_SHA384_LEN, &f->has_sha384, err);
	return rc == 0 && json_object_get(o, "size") != NULL ? get_u64(o, "size", &f->size, err) : rc;
}

static int parse_kernel(const json_t *doc, cof_launch_document *d, cof_err *err)
{
	static const char *const known[] = {"sha256", "sha384", "size", "authenticode_sha384", NULL};
	json_t *o = NULL;
	if (json_object_get(doc, "kernel") == NULL)
		return 0;
	int rc = cof_json_obj(doc, "kernel", &o, err);
	if (rc == 0)
		rc = cof_json_only(o, known, err);
	if (rc == 0)
		rc = opt_hex(o, "authenticode_sha384", d->authenticode, COF_SHA384_LEN, &d->has_authenticode, err);
	return rc < 0 ? rc : parse_file(o, &d->kernel, err);
}

static int parse_initrd(const json_t *doc, cof_launch_document *d, cof_err *err)
{
	static const char *const known[] = {"sha256", "sha384", "size", NULL};
	json_t *o = NULL;
	if (json_object_get(doc, "initrd") == NULL)
		return 0;
	int rc = cof_json_obj(doc, "initrd", &o, err);
	if (rc == 0)
		rc = cof_json_only(o, known, err);
	return rc < 0 ? rc : parse_file(o, &d->initrd, err);
}

static int take_cmdline(const char *text, cof_launch_document *d, cof_err *err)
{
	if (strlen(text) > COF_LAUNCH_CMDLINE_MAX)
		return malformed(err, "command line is too long");
	d->cmdline = strdup(text);
	return d->cmdline == NULL ? cof_err_oom(err) : cof_sev_cmdline_hash(text, d->cmdline_sha256, err);
}

static int parse_cmdline(const json_t *doc, cof_launch_document *d, cof_err *err)
{
	static const char *const known[] = {"text", "sha256", NULL};
	json_t *o = NULL;
	const char *text = NULL;
	if (json_object_get(doc, "cmdline") == NULL)
		return 0;
	int rc = cof_json_obj(doc, "cmdline", &o, err);
	if (rc == 0)
		rc = cof_json_only(o, known, err);
	if (rc == 0)
		rc = cof_json_opt_str(o, "text", &text, err);
	if (rc < 0)
		return rc;
	if ((text == NULL) == (json_object_get(o, "sha256") == NULL))
		return malformed(err, "cmdline has either text or sha256");
	d->has_cmdline_sha256 = true;
	return text != NULL ? take_cmdline(text, d, err) : get_hex(o, "sha256", d->cmdline_sha256, COF_SHA256_LEN, err);
}

static int parse(const json_t *doc, cof_launch_document *d, cof_err *err)
{
	static const char *const known[] = {"format", "firmware", "kernel", "initrd", "cmdline", NULL};
	const char *format = NULL;
	int rc = cof_json_only(doc, known, err);
	if (rc == 0)
		rc = cof_json_str(doc, "format", &format, err);
	if (rc == 0 && strcmp(format, FORMAT) != 0)
		rc = malformed(err, "format is not " FORMAT);
	if (rc == 0)
		rc = parse_firmware(doc, d, err);
	if (rc == 0)
		rc = parse_kernel(doc, d, err);
	if (rc == 0)
		rc = parse_initrd(doc, d, err);
	if (rc == 0)
		rc = parse_cmdline(doc, d, err);
	/* QEMU takes neither: who names them expects that they are measured. */
	if (rc == 0 && !d->kernel.given && (d->initrd.given || d->has_cmdline_sha256))
		rc = malformed(err, "initrd or command line without a kernel");
	return rc;
}

int cof_launch_document_parse(cof_span json, cof_launch_document *ret, cof_err *err)
{
	COF_AUTO(cof_launch_document) d = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	cof_err why = {0};
	int rc = json.len > COF_LAUNCH_DOCUMENT_MAX ? malformed(&why, "too large") : cof_json_parse(json, &doc, &why);
	if (rc == 0)
		rc = parse(doc, &d, &why);
	if (rc < 0)
		return why.cls == COF_E_INTERNAL ? cof_err_oom(err) : refuse(err, why.text);
	*ret = d;
	d = (cof_launch_document){0};
	return 0;
}
