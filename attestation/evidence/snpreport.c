/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/evidence/snpreport.h"

#include "attestation/evidence/ints.h"
#include "common/rd.h"
#include "common/secret.h"

enum { VERSION_MIN = 2, VERSION_CPUID = 3, VERSION_MIT = 5, VERSION_MAX = 5, AT_FAMILY = 0x188, FAMILY_FMC = 0x1a };

/* The report, and a copy in which all that was written is zero: what stays is lost. */
typedef struct source {
	cof_span report;
	uint8_t left[COF_SNPREPORT_LEN];
	uint32_t version;
	bool fmc; /* the layout of TCB versions since family 1A */
} source;

static cof_span take(source *s, size_t at, size_t len)
{
	cof_rd r = cof_rd_of(s->report);
	cof_rd_skip(&r, at);
	cof_span found = cof_rd_bytes(&r, len);
	memset(s->left + at, 0, found.len);
	return found;
}

static uint64_t number(cof_span le)
{
	uint64_t v = 0;
	for (size_t i = le.len; i > 0; i--)
		v = v << 8 | le.data[i - 1];
	return v;
}

static int lost(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "report-reserved", "report: %s cannot be written down", what);
}

/* --- the shapes of members --- */

typedef struct field {
	const char *name;
	size_t at, len;
	int (*make)(source *s, const struct field *f, json_t **ret, cof_err *err);
	uint32_t since; /* version; null before */
} field;

static int given(json_t *v, json_t **ret, cof_err *err)
{
	*ret = v;
	return v == NULL ? cof_err_oom(err) : 0;
}

static int make_number(source *s, const field *f, json_t **ret, cof_err *err)
{
	uint64_t v = number(take(s, f->at, f->len));
	if (v > INT64_MAX)
		return lost(err, f->name);
	return given(json_integer((json_int_t)v), ret, err);
}

static int make_bytes(source *s, const field *f, json_t **ret, cof_err *err)
{
	return cof_ints_json(take(s, f->at, f->len), ret, err);
}

static json_int_t byte_at(source *s, size_t at)
{
	return (json_int_t)number(take(s, at, 1));
}

static int make_tcb(source *s, const field *f, json_t **ret, cof_err *err)
{
	const size_t at = f->at;
	json_t *v;
	if (s->fmc)
		v = json_pack("{s:I, s:I, s:I, s:I, s:I}", "fmc", byte_at(s, at), "bootloader", byte_at(s, at + 1),
			      "tee", byte_at(s, at + 2), "snp", byte_at(s, at + 3), "microcode", byte_at(s, at + 7));
	else
		v = json_pack("{s:n, s:I, s:I, s:I, s:I}", "fmc", "bootloader", byte_at(s, at), "tee",
			      byte_at(s, at + 1), "snp", byte_at(s, at + 6), "microcode", byte_at(s, at + 7));
	return given(v, ret, err);
}

static int make_firmware(source *s, const field *f, json_t **ret, cof_err *err)
{
	return given(json_pack("{s:I, s:I, s:I}", "major", byte_at(s, f->at + 2), "minor", byte_at(s, f->at + 1),
			       "build", byte_at(s, f->at)),
		     ret, err);
}

static int make_signature(source *s, const field *f, json_t **ret, cof_err *err)
{
	const size_t half = f->len / 2;
	COF_AUTO_PTR(json_t) r = NULL;
	COF_AUTO_PTR(json_t) t = NULL;
	int rc = cof_ints_json(take(s, f->at, half), &r, err);
	if (rc == 0)
		rc = cof_ints_json(take(s, f->at + half, half), &t, err);
	return rc < 0 ? rc : given(json_pack("{s:O, s:O}", "r", r, "s", t), ret, err);
}

/* In the protocol's order. */
static const field fields[] = {
	{"version", 0x000, 4, make_number, 0},
	{"guest_svn", 0x004, 4, make_number, 0},
	{"policy", 0x008, 8, make_number, 0},
	{"family_id", 0x010, 16, make_bytes, 0},
	{"image_id", 0x020, 16, make_bytes, 0},
	{"vmpl", 0x030, 4, make_number, 0},
	{"sig_algo", 0x034, 4, make_number, 0},
	{"current_tcb", 0x038, 8, make_tcb, 0},
	{"plat_info", 0x040, 8, make_number, 0},
	{"key_info", 0x048, 4, make_number, 0},
	{"report_data", COF_SNPREPORT_AT_DATA, COF_SNPREPORT_DATA_LEN, make_bytes, 0},
	{"measurement", 0x090, 48, make_bytes, 0},
	{"host_data", COF_SNPREPORT_AT_HOST_DATA, COF_SNPREPORT_HOST_DATA_LEN, make_bytes, 0},
	{"id_key_digest", 0x0e0, 48, make_bytes, 0},
	{"author_key_digest", 0x110, 48, make_bytes, 0},
	{"report_id", 0x140, 32, make_bytes, 0},
	{"report_id_ma", 0x160, 32, make_bytes, 0},
	{"reported_tcb", 0x180, 8, make_tcb, 0},
	{"cpuid_fam_id", AT_FAMILY, 1, make_number, VERSION_CPUID},
	{"cpuid_mod_id", 0x189, 1, make_number, VERSION_CPUID},
	{"cpuid_step", 0x18a, 1, make_number, VERSION_CPUID},
	{"chip_id", 0x1a0, 64, make_bytes, 0},
	{"committed_tcb", 0x1e0, 8, make_tcb, 0},
	{"current", 0x1e8, 3, make_firmware, 0},
	{"committed", 0x1ec, 3, make_firmware, 0},
	{"launch_tcb", 0x1f0, 8, make_tcb, 0},
	{"launch_mit_vector", 0x1f8, 8, make_number, VERSION_MIT},
	{"current_mit_vector", 0x200, 8, make_number, VERSION_MIT},
	{"signature", 0x2a0, 144, make_signature, 0},
};

int cof_snpreport_check(cof_span report, const uint8_t data[COF_SNPREPORT_DATA_LEN], cof_err *err)
{
	cof_rd r = cof_rd_of(report);
	cof_rd_skip(&r, COF_SNPREPORT_AT_DATA);
	if (report.len != COF_SNPREPORT_LEN ||
	    !cof_ct_equal(cof_rd_bytes(&r, COF_SNPREPORT_DATA_LEN), cof_span_of(data, COF_SNPREPORT_DATA_LEN)))
		return cof_err_set(err, COF_E_MALFORMED, "report-data", "%zu bytes that are no report over our data",
				   report.len);
	return 0;
}

static int open_source(cof_span report, source *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(report);
	if (report.len != COF_SNPREPORT_LEN)
		return cof_err_set(err, COF_E_MALFORMED, "report-data", "a report of %zu bytes", report.len);
	*ret = (source){.report = report, .version = cof_rd_u32le(&r)};
	memcpy(ret->left, report.data, sizeof ret->left);
	if (ret->version < VERSION_MIN || ret->version > VERSION_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "report-version", "a report of version %u", ret->version);
	/* Version 2 does not tell, and was written for families before 1A. */
	ret->fmc = ret->version >= VERSION_CPUID && report.data[AT_FAMILY] >= FAMILY_FMC;
	return 0;
}

int cof_snpreport_parse(cof_span report, json_t **ret, cof_err *err)
{
	source s;
	COF_AUTO_PTR(json_t) o = json_object();
	int r = o == NULL ? cof_err_oom(err) : open_source(report, &s, err);
	for (size_t i = 0; r == 0 && i < COF_COUNT(fields); i++) {
		json_t *v = json_null();
		if (s.version >= fields[i].since)
			r = fields[i].make(&s, &fields[i], &v, err);
		if (r == 0)
			r = cof_json_set_new(o, fields[i].name, v, err);
	}
	if (r < 0)
		return r;
	cof_rd left = cof_rd_of(cof_span_of(s.left, sizeof s.left));
	if (!cof_rd_zeros(&left, sizeof s.left))
		return lost(err, "a reserved byte");
	*ret = cof_steal(&o);
	return 0;
}
