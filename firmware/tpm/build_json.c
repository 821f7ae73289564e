/* SPDX-License-Identifier: Apache-2.0 */
/* The calibration file: one firmware build as JSON, strict in both directions. */
#include <stdio.h>

#include "common/hex.h"
#include "common/json.h"
#include "firmware/tpm/build.h"

static const char format[] = "coffer-firmware-calibration/1";
static const char *const members[] = {
	"format",	   "code_sha256",  "version",	   "timer_word",   "secure_boot", "measures_acpi",
	"measures_smbios", "initrd_first", "plain_kernel", "boot_options", NULL};
static const char *const option_members[] = {"number", "data", NULL};

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "calibration-malformed", "calibration: %s", what);
}

static int parse_option(const json_t *in, cof_boot_option *ret, cof_err *err)
{
	const char *hex = NULL;
	json_int_t number = 0;
	if (cof_json_only(in, option_members, err) < 0 || cof_json_int(in, "number", 0, 0xffff, &number, err) < 0 ||
	    cof_json_str(in, "data", &hex, err) < 0)
		return malformed(err, "boot option");
	size_t digits = strlen(hex);
	if (digits % 2 != 0 || digits == 0 || digits / 2 > COF_BOOT_OPTION_MAX)
		return malformed(err, "length of a boot option");
	cof_boot_option o = {.number = (uint16_t)number, .len = (uint16_t)(digits / 2)};
	if (cof_unhex(hex, o.data, o.len, err) < 0)
		return malformed(err, "hex of a boot option");
	*ret = o;
	return 0;
}

static int parse_options(const json_t *in, cof_firmware_build *b, cof_err *err)
{
	json_t *list = NULL;
	if (cof_json_arr(in, "boot_options", &list, err) < 0 || json_array_size(list) > COF_BUILD_OPTIONS_MAX)
		return malformed(err, "boot options");
	for (size_t i = 0; i < json_array_size(list); i++) {
		int rc = parse_option(json_array_get(list, i), &b->options[b->n_options++], err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int parse_text(const json_t *in, cof_firmware_build *b, cof_err *err)
{
	const char *name = NULL, *sha = NULL, *version = NULL;
	if (cof_json_str(in, "format", &name, err) < 0 || strcmp(name, format) != 0)
		return malformed(err, "format");
	if (cof_json_str(in, "code_sha256", &sha, err) < 0 ||
	    cof_unhex(sha, b->code_sha256, sizeof b->code_sha256, err) < 0)
		return malformed(err, "code_sha256");
	if (cof_json_str(in, "version", &version, err) < 0 || strlen(version) >= sizeof b->version)
		return malformed(err, "version");
	for (const char *c = version; *c != '\0'; c++) {
		if (*c < 0x20 || *c > 0x7e)
			return malformed(err, "version");
	}
	(void)snprintf(b->version, sizeof b->version, "%s", version);
	return 0;
}

static int parse_values(const json_t *in, cof_firmware_build *b, cof_err *err)
{
	json_int_t word = 0, secure_boot = 0;
	if (cof_json_int(in, "timer_word", 0, UINT32_MAX, &word, err) < 0 ||
	    cof_json_int(in, "secure_boot", -1, 1, &secure_boot, err) < 0 ||
	    cof_json_bool(in, "measures_acpi", &b->measures_acpi, err) < 0 ||
	    cof_json_bool(in, "measures_smbios", &b->measures_smbios, err) < 0 ||
	    cof_json_bool(in, "initrd_first", &b->initrd_first, err) < 0 ||
	    cof_json_bool(in, "plain_kernel", &b->takes_plain_kernel, err) < 0)
		return malformed(err, "a value is missing or of the wrong type");
	b->timer_word = (uint32_t)word;
	b->secure_boot = (int)secure_boot;
	return 0;
}

int cof_firmware_build_parse(const json_t *in, cof_firmware_build *ret, cof_err *err)
{
	cof_firmware_build b = {0};
	if (!json_is_object(in) || cof_json_only(in, members, err) < 0)
		return malformed(err, "an unknown member");
	int rc = parse_text(in, &b, err);
	if (rc == 0)
		rc = parse_values(in, &b, err);
	if (rc == 0)
		rc = parse_options(in, &b, err);
	if (rc == 0)
		*ret = b;
	return rc;
}

static int options_json(const cof_firmware_build *b, json_t *to, cof_err *err)
{
	json_t *list = json_array();
	int rc = cof_json_set_new(to, "boot_options", list, err);
	for (size_t i = 0; rc == 0 && i < b->n_options; i++) {
		char hex[2 * COF_BOOT_OPTION_MAX + 1];
		cof_hex(cof_span_of(b->options[i].data, b->options[i].len), hex);
		json_t *o = json_pack("{s:i, s:s}", "number", (int)b->options[i].number, "data", hex);
		if (o == NULL || json_array_append_new(list, o) < 0)
			rc = cof_err_oom(err);
	}
	return rc;
}

int cof_firmware_build_json(const cof_firmware_build *b, json_t **ret, cof_err *err)
{
	char sha[2 * COF_SHA256_LEN + 1];
	cof_hex(cof_span_of(b->code_sha256, sizeof b->code_sha256), sha);
	COF_AUTO_PTR(json_t)
	j = json_pack("{s:s, s:s, s:s, s:I, s:i, s:b, s:b, s:b, s:b}", "format", format, "code_sha256", sha, "version",
		      b->version, "timer_word", (json_int_t)b->timer_word, "secure_boot", b->secure_boot,
		      "measures_acpi", b->measures_acpi, "measures_smbios", b->measures_smbios, "initrd_first",
		      b->initrd_first, "plain_kernel", b->takes_plain_kernel);
	if (j == NULL)
		return cof_err_oom(err);
	int rc = options_json(b, j, err);
	if (rc == 0)
		*ret = cof_steal(&j);
	return rc;
}
