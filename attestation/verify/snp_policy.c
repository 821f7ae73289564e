/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_policy.h"

#include "common/hex.h"
#include "common/json.h"

enum { VMPL_MAX = 3, HEX64_DIGITS = 16 };

typedef struct word word;
typedef int take_fn(const word *w, const json_t *v, cof_snp_demands *d, cof_err *err);

struct word {
	const char *name;
	take_fn *take;
	size_t at; /* of the member */
	size_t len;
};

static int refuse(cof_err *err, const char *name, const char *why)
{
	return cof_err_set(err, COF_E_USAGE, "policy-word", "policy word '%.40s': %s", name, why);
}

static void *member(const word *w, cof_snp_demands *d)
{
	return (uint8_t *)d + w->at;
}

/* ---- values ---- */

static int read_flag(const word *w, const json_t *v, cof_snp_demands *d, cof_err *err)
{
	if (!json_is_boolean(v))
		return refuse(err, w->name, "is true or false");
	bool set = json_is_true(v);
	memcpy(member(w, d), &set, sizeof set);
	return 0;
}

static int read_vmpl(const word *w, const json_t *v, cof_snp_demands *d, cof_err *err)
{
	json_int_t n = json_integer_value(v);
	if (!json_is_integer(v) || n < 0 || n > VMPL_MAX)
		return refuse(err, w->name, "is a number from 0 to 3");
	d->vmpl = (uint32_t)n;
	return 0;
}

static int read_guest_svn(const word *w, const json_t *v, cof_snp_demands *d, cof_err *err)
{
	json_int_t n = json_integer_value(v);
	if (!json_is_integer(v) || n < 0 || n > UINT32_MAX)
		return refuse(err, w->name, "is a number of 32 bits");
	d->min_guest_svn = (uint32_t)n;
	d->has_guest_svn = true;
	return 0;
}

static int unhex(const word *w, const json_t *v, uint8_t *out, size_t len, cof_err *err)
{
	const char *text = json_string_value(v);
	if (text == NULL || json_string_length(v) != 2 * len || cof_unhex(text, out, len, NULL) < 0)
		return cof_err_set(err, COF_E_USAGE, "policy-word", "policy word '%s': is %zu bytes in hex", w->name,
				   len);
	return 0;
}

static int read_bytes(const word *w, const json_t *v, cof_snp_demands *d, cof_err *err)
{
	cof_snp_bytes b = {.set = true};
	int rc = unhex(w, v, b.bytes, w->len, err);
	if (rc == 0)
		memcpy(member(w, d), &b, sizeof b);
	return rc;
}

/* A digest that is shorter than the field is followed by zeros, which are compared too. */
static int read_report_data(const word *w, const json_t *v, cof_snp_demands *d, cof_err *err)
{
	size_t digits = json_string_length(v);
	if (digits == 0 || digits > 2 * w->len)
		return refuse(err, w->name, "is 1 to 64 bytes in hex");
	d->report_data = (cof_snp_bytes){.set = true};
	return unhex(w, v, d->report_data.bytes, digits / 2, err);
}

static int read_mit_vector(const word *w, const json_t *v, cof_snp_demands *d, cof_err *err)
{
	uint8_t be[HEX64_DIGITS / 2];
	int rc = unhex(w, v, be, sizeof be, err);
	if (rc < 0)
		return rc;
	d->has_mit = true;
	d->min_launch_mit_vector = 0;
	for (size_t i = 0; i < sizeof be; i++)
		d->min_launch_mit_vector = d->min_launch_mit_vector << 8 | be[i];
	return 0;
}

static int read_abi(const word *w, const json_t *v, cof_snp_demands *d, cof_err *err)
{
	static const char *const known[] = {"major", "minor", NULL};
	json_int_t major = 0, minor = 0;
	if (!json_is_object(v) || cof_json_only(v, known, NULL) < 0 ||
	    cof_json_int(v, "major", 0, UINT8_MAX, &major, NULL) < 0 ||
	    cof_json_int(v, "minor", 0, UINT8_MAX, &minor, NULL) < 0)
		return refuse(err, w->name, "is {\"major\": M, \"minor\": N}");
	d->has_abi = true;
	d->abi_major = (uint8_t)major;
	d->abi_minor = (uint8_t)minor;
	return 0;
}

/* ---- minimum TCBs ---- */

static bool read_part(const char *name, const json_t *v, cof_snp_tcb *t)
{
	json_int_t n = json_integer_value(v);
	if (!json_is_integer(v) || n < 0 || n > UINT8_MAX)
		return false;
	for (unsigned i = 0; i < COF_SNP_PARTS; i++) {
		if (strcmp(name, cof_snp_part_name(i)) != 0)
			continue;
		t->part[i] = (uint8_t)n;
		t->has |= (uint8_t)(1u << i);
		return true;
	}
	return false;
}

static bool read_parts(const json_t *o, cof_snp_tcb *ret)
{
	cof_snp_tcb t = {0};
	const char *key;
	json_t *v;
	json_object_foreach ((json_t *)(uintptr_t)o, key, v) {
		if (!read_part(key, v, &t))
			return false;
	}
	*ret = t;
	return t.has != 0;
}

static bool read_lines(const json_t *o, cof_snp_floor *f)
{
	const char *key;
	json_t *v;
	json_object_foreach ((json_t *)(uintptr_t)o, key, v) {
		cof_snp_line line = cof_snp_line_by_name(cof_span_str(key));
		if (line == COF_SNP_LINE_NONE || !json_is_object(v) || !read_parts(v, &f->of[line]))
			return false;
	}
	return json_object_size(o) > 0;
}

/* Parts for every product, or products with parts each. */
static int read_floor(const word *w, const json_t *v, cof_snp_demands *d, cof_err *err)
{
	cof_snp_floor f = {.set = true};
	cof_snp_tcb all;
	if (read_parts(v, &all)) {
		for (unsigned i = 0; i < COF_SNP_LINES; i++)
			f.of[i] = all;
	} else if (!json_is_object(v) || !read_lines(v, &f)) {
		return refuse(err, w->name,
			      "is an object of fmc, bootloader, tee, snp, microcode, by product or for all");
	}
	memcpy(member(w, d), &f, sizeof f);
	return 0;
}

/* ---- lists ---- */

static int set_list(const word *w, const json_t *v, cof_snp_demands *d, cof_err *err)
{
	if (!json_is_array(v) || json_array_size(v) > COF_SNP_LIST_MAX)
		return refuse(err, w->name, "is a list");
	memcpy(member(w, d), &v, sizeof v);
	return 0;
}

static int read_chips(const word *w, const json_t *v, cof_snp_demands *d, cof_err *err)
{
	uint8_t id[COF_SNP_CHIP_ID_LEN];
	int rc = set_list(w, v, d, err);
	for (size_t i = 0; rc == 0 && i < json_array_size(v); i++) {
		const json_t *item = json_array_get(v, i);
		bool is_short = json_string_length(item) == (size_t)2 * COF_SNP_CHIP_ID_SHORT_LEN;
		rc = unhex(w, item, id, is_short ? COF_SNP_CHIP_ID_SHORT_LEN : COF_SNP_CHIP_ID_LEN, err);
	}
	return rc;
}

static int read_products(const word *w, const json_t *v, cof_snp_demands *d, cof_err *err)
{
	int rc = set_list(w, v, d, err);
	for (size_t i = 0; rc == 0 && i < json_array_size(v); i++) {
		const char *name = json_string_value(json_array_get(v, i));
		if (name == NULL || cof_snp_line_by_name(cof_span_str(name)) == COF_SNP_LINE_NONE)
			rc = refuse(err, w->name, "is a list of Milan, Genoa, Turin, Venice");
	}
	return rc;
}

static int read_strings(const word *w, const json_t *v, cof_snp_demands *d, cof_err *err)
{
	int rc = set_list(w, v, d, err);
	for (size_t i = 0; rc == 0 && i < json_array_size(v); i++) {
		if (!json_is_string(json_array_get(v, i)))
			rc = refuse(err, w->name, "is a list of texts");
	}
	return rc;
}

/* ---- all of them ---- */

#define COF_WORD(name, read, len)                                                                                      \
	{                                                                                                              \
#name, read, offsetof(cof_snp_demands, name), len                                                      \
	}

static const word words[] = {
	COF_WORD(vmpl, read_vmpl, 0),
	COF_WORD(allow_debug, read_flag, 0),
	COF_WORD(allow_smt, read_flag, 0),
	COF_WORD(require_single_socket, read_flag, 0),
	COF_WORD(require_ciphertext_hiding, read_flag, 0),
	COF_WORD(require_alias_check, read_flag, 0),
	COF_WORD(require_committed_equals_current, read_flag, 0),
	COF_WORD(require_crl, read_flag, 0),
	COF_WORD(require_vendor_root, read_flag, 0),
	COF_WORD(report_data, read_report_data, COF_SNP_REPORT_DATA_LEN),
	COF_WORD(measurement, read_bytes, COF_SNP_MEASUREMENT_LEN),
	COF_WORD(host_data, read_bytes, COF_SNP_HOST_DATA_LEN),
	COF_WORD(id_key_digest, read_bytes, COF_SNP_KEY_DIGEST_LEN),
	COF_WORD(author_key_digest, read_bytes, COF_SNP_KEY_DIGEST_LEN),
	COF_WORD(family_id, read_bytes, 16),
	COF_WORD(image_id, read_bytes, 16),
	COF_WORD(min_guest_svn, read_guest_svn, 0),
	COF_WORD(min_tcb, read_floor, 0),
	COF_WORD(min_launch_tcb, read_floor, 0),
	COF_WORD(min_committed_tcb, read_floor, 0),
	COF_WORD(min_launch_mit_vector, read_mit_vector, 0),
	{"min_abi", read_abi, 0, 0},
	COF_WORD(products, read_products, 0),
	COF_WORD(csp_ids, read_strings, 0),
	COF_WORD(allow_chips, read_chips, 0),
	COF_WORD(deny_chips, read_chips, 0),
};

static int read_word(const char *name, const json_t *v, cof_snp_demands *d, cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(words); i++) {
		if (strcmp(words[i].name, name) == 0)
			return words[i].take(&words[i], v, d, err);
	}
	return refuse(err, name, "is none that this verifier knows");
}

int cof_snp_demands_read(const json_t *policy, cof_snp_demands *ret, cof_err *err)
{
	cof_snp_demands d = {.allow_smt = true};
	const char *key;
	json_t *v;
	if (policy != NULL && !json_is_object(policy))
		return cof_err_set(err, COF_E_USAGE, "policy-word", "a policy is a JSON object");
	json_object_foreach ((json_t *)(uintptr_t)policy, key, v) {
		int rc = read_word(key, v, &d, err);
		if (rc < 0)
			return rc;
	}
	*ret = d;
	return 0;
}
