/* SPDX-License-Identifier: Apache-2.0 */
/* coffer measure inspect: what a firmware image says about its launch, and what of it is measured. */
#include <stdio.h>

#include "common/file.h"
#include "common/hex.h"
#include "firmware/document.h"
#include "firmware/igvm.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/measure.h"
#include "runtime/cli/measure_options.h"

static const char usage[] =
	"Usage: coffer measure inspect FIRMWARE [--json]\n"
	"\n"
	"Shows the tables of an OVMF, TDVF, SVSM or IGVM file: which sections a launch has, which of them are\n"
	"measured, and whether the firmware can hold the hashes of kernel, initrd and command line.\n";

/* Appends a new object; NULL when memory ran out. */
static json_t *add(json_t *list)
{
	json_t *o = json_object();
	return json_array_append_new(list, o) < 0 ? NULL : o;
}

static void set_number(json_t *o, const char *key, uint64_t v)
{
	(void)json_object_set_new(o, key, json_integer((json_int_t)v));
}

static void set_text(json_t *o, const char *key, const char *v)
{
	(void)json_object_set_new(o, key, v == NULL ? json_null() : json_string(v));
}

static json_t *footer_json(const cof_footer *f)
{
	json_t *list = json_array();
	for (size_t i = 0; i < f->n; i++) {
		char guid[COF_GUID_STR_MAX];
		json_t *o = add(list);
		cof_guid_str(f->entries[i].guid, guid);
		set_text(o, "guid", guid);
		set_text(o, "name", cof_footer_name(f->entries[i].guid));
		COF_AUTO_FREE char *hex = cof_hex_dup(f->entries[i].data);
		set_text(o, "data", hex);
	}
	return list;
}

static const char *sev_measured(uint32_t type)
{
	static const struct {
		uint32_t type;
		const char *how;
	} how[] = {
		{COF_SEV_SEC_MEM, "as zeros"},	    {COF_SEV_SECRETS, "its place alone"},
		{COF_SEV_CPUID, "its place alone"}, {COF_SEV_SVSM_CAA, "as zeros"},
		{COF_SEV_KERNEL_HASHES, "content"},
	};
	for (size_t i = 0; i < COF_COUNT(how); i++) {
		if (how[i].type == type)
			return how[i].how;
	}
	return "refused";
}

static json_t *sev_json(const cof_sev_metadata *m)
{
	json_t *o = json_object(), *list = json_array();
	set_number(o, "load_gpa", ((uint64_t)1 << 32) - m->image_size);
	set_number(o, "reset_eip", m->reset_eip);
	set_number(o, "hash_table_gpa", m->hash_table_gpa);
	(void)json_object_set_new(o, "can_hold_kernel_hashes", json_boolean(m->hash_table_gpa != 0));
	for (size_t i = 0; i < m->n; i++) {
		json_t *s = add(list);
		set_text(s, "type", cof_sev_section_name(m->sections[i].type));
		set_number(s, "gpa", m->sections[i].gpa);
		set_number(s, "size", m->sections[i].size);
		set_text(s, "measured", sev_measured(m->sections[i].type));
	}
	(void)json_object_set_new(o, "sections", list);
	return o;
}

static json_t *tdx_json(const cof_tdvf *t)
{
	json_t *o = json_object(), *list = json_array();
	for (size_t i = 0; i < t->n; i++) {
		const cof_tdvf_section *x = &t->sections[i];
		json_t *s = add(list);
		set_text(s, "type", cof_tdvf_section_name(x->type));
		set_number(s, "data_offset", x->data_offset);
		set_number(s, "raw_size", x->raw_size);
		set_number(s, "memory_address", x->memory_address);
		set_number(s, "memory_size", x->memory_size);
		set_text(s, "measured",
			 (x->attributes & COF_TDVF_EXTEND) != 0 ? "content, into MRTD"
			 : (x->attributes & COF_TDVF_AUG) != 0	? "no"
			 : x->type == COF_TDVF_CFV		? "its place into MRTD, content into RTMR0"
			 : x->type == COF_TDVF_TD_HOB		? "its place into MRTD, content into RTMR0"
								: "its place into MRTD");
	}
	(void)json_object_set_new(o, "sections", list);
	return o;
}

static json_t *igvm_json(const cof_igvm_stats *s)
{
	json_t *o = json_object(), *list = json_array();
	set_number(o, "headers", s->n_headers);
	set_number(o, "pages", s->n_pages);
	set_number(o, "unmeasured_pages", s->n_unmeasured);
	set_number(o, "contexts", s->n_contexts);
	(void)json_object_set_new(o, "id_block", json_boolean(s->has_idblock));
	for (size_t i = 0; i < s->n_platforms && i < COF_COUNT(s->platforms); i++) {
		json_t *p = add(list);
		set_number(p, "platform", s->platforms[i].platform);
		set_number(p, "compatibility_mask", s->platforms[i].mask);
	}
	(void)json_object_set_new(o, "platforms", list);
	return o;
}

static int inspect_igvm(cof_span image, json_t *doc, cof_err *err)
{
	cof_igvm_stats stats;
	int rc = cof_igvm_parse(image, &stats, err);
	if (rc < 0)
		return rc;
	set_text(doc, "kind", "igvm");
	return cof_json_set_new(doc, "igvm", igvm_json(&stats), err);
}

static int inspect_flash(cof_span image, json_t *doc, cof_err *err)
{
	cof_footer footer;
	COF_AUTO(cof_launch_document) d = {0};
	int rc = cof_footer_parse(image, &footer, err);
	if (rc == 0)
		rc = cof_launch_firmware(image, COF_PART_DIGEST, &d, err);
	if (rc < 0)
		return rc;
	COF_AUTO_FREE char *sha = cof_hex_dup(cof_span_of(d.firmware_sha256, COF_SHA256_LEN));
	set_text(doc, "kind", d.sev.meta.is_svsm ? "svsm" : "flash");
	set_text(doc, "sha256", sha);
	set_number(doc, "size", d.firmware_size);
	if (d.release > 0)
		set_number(doc, "release", d.release);
	rc = cof_json_set_new(doc, "table", footer_json(&footer), err);
	if (rc == 0 && d.sev.given)
		rc = cof_json_set_new(doc, "sev", sev_json(&d.sev.meta), err);
	if (rc == 0 && d.tdx.given)
		rc = cof_json_set_new(doc, "tdx", tdx_json(&d.tdx.tdvf), err);
	if (rc == 0 && d.sev.why.cls != COF_OK)
		set_text(doc, "sev_problem", d.sev.why.text);
	if (rc == 0 && d.tdx.why.cls == COF_E_MALFORMED)
		set_text(doc, "tdx_problem", d.tdx.why.text);
	return rc;
}

/* --- for people --- */

static void print_sections(const char *title, const json_t *o, const char *at, const char *size)
{
	size_t i;
	json_t *s;
	(void)printf("%s\n", title);
	json_array_foreach (json_object_get(o, "sections"), i, s)
		(void)printf("  %-14s 0x%09llx  %10lld bytes  measured: %s\n",
			     json_string_value(json_object_get(s, "type")),
			     (unsigned long long)json_integer_value(json_object_get(s, at)),
			     (long long)json_integer_value(json_object_get(s, size)),
			     json_string_value(json_object_get(s, "measured")));
}

static void print_sev(const json_t *sev)
{
	if (sev == NULL) {
		(void)printf("SEV: no metadata; plain SEV alone can launch it, without kernel hashes\n");
		return;
	}
	print_sections("SEV sections, in measured order", sev, "gpa", "size");
	(void)printf("  kernel hashes: %s\n",
		     json_is_true(json_object_get(sev, "can_hold_kernel_hashes"))
			     ? "yes"
			     : "no place for them: kernel, initrd and command line would not be "
			       "measured");
}

static int print_text(const json_t *doc)
{
	size_t i;
	json_t *e;
	(void)printf("%s, %lld bytes, sha256 %s\n", json_string_value(json_object_get(doc, "kind")),
		     (long long)json_integer_value(json_object_get(doc, "size")),
		     json_string_value(json_object_get(doc, "sha256")));
	(void)printf("table at the end of the image\n");
	json_array_foreach (json_object_get(doc, "table"), i, e) {
		const char *name = json_string_value(json_object_get(e, "name"));
		(void)printf("  %s  %-14s %s\n", json_string_value(json_object_get(e, "guid")),
			     name == NULL ? "unknown" : name, json_string_value(json_object_get(e, "data")));
	}
	if (json_object_get(doc, "sev_problem") != NULL)
		(void)printf("SEV: %s\n", json_string_value(json_object_get(doc, "sev_problem")));
	else
		print_sev(json_object_get(doc, "sev"));
	if (json_object_get(doc, "tdx_problem") != NULL)
		(void)printf("TDX: %s\n", json_string_value(json_object_get(doc, "tdx_problem")));
	else if (json_object_get(doc, "tdx") != NULL)
		print_sections("TDX sections, in measured order", json_object_get(doc, "tdx"), "memory_address",
			       "memory_size");
	else
		(void)printf("TDX: no metadata\n");
	return fflush(stdout) == 0 ? COF_EXIT_YES : COF_EXIT_USAGE;
}

static int inspect(const cof_measure_opts *o)
{
	COF_AUTO(cof_buf) image = {0};
	COF_AUTO_PTR(json_t) doc = json_object();
	cof_err err = {0};
	int rc = cof_file_read(o->file, COF_IGVM_MAX, &image, &err);
	cof_span s = cof_buf_span(&image);
	bool igvm = cof_igvm_looks_like(s);
	if (rc == 0)
		rc = igvm ? inspect_igvm(s, doc, &err) : inspect_flash(s, doc, &err);
	if (rc < 0)
		return cof_cli_fail(&err, o->json);
	return o->json || igvm ? cof_cli_print_json(doc) : print_text(doc);
}

int cof_cmd_measure_inspect(int argc, char **argv)
{
	cof_measure_opts o = {0};
	int code = cof_measure_options(argc, argv, true, &o);
	if (code != COF_EXIT_YES)
		return code;
	if (o.help)
		return fputs(usage, stdout) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	return inspect(&o);
}
