/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tpm/build.h"

#include <stdio.h>

#include "common/hex.h"
#include "common/secret.h"

typedef struct table_build {
	const char *code_sha256;
	const char *version;
	uint32_t timer_word;
	bool measures_smbios;
	bool initrd_first;
	bool two_boot_options;
} table_build;

/* Debian's builds, 4 MiB without secure boot: they keep a SecureBoot variable out, and read etc/boot/kernel. */
static const table_build builds[] = {
	{
		.code_sha256 = "624e06de18b4fa535e90db7160d00d3d07d206422b89999bf1e27d920264e4e0",
		.version = "2025.02-8+deb13u1",
		.timer_word = 0x6e50,
	},
	{
		.code_sha256 = "7e34e3b83224968bb0714c0ebc88f75c5c37b4cc892c902e511ccc7a7c107f94",
		.version = "2026.08+ds-2",
		.measures_smbios = true,
		.initrd_first = true,
		.two_boot_options = true,
	},
};

static int expand(const table_build *t, const uint8_t code_sha256[COF_SHA256_LEN], cof_firmware_build *ret,
		  cof_err *err)
{
	cof_firmware_build b = {
		.timer_word = t->timer_word,
		.secure_boot = -1,
		.measures_acpi = true,
		.measures_smbios = t->measures_smbios,
		.initrd_first = t->initrd_first,
		.takes_plain_kernel = true,
	};
	memcpy(b.code_sha256, code_sha256, COF_SHA256_LEN);
	(void)snprintf(b.version, sizeof b.version, "%s", t->version);
	int rc = cof_boot_options_builtin(t->two_boot_options, b.options, &b.n_options, err);
	if (rc < 0)
		return rc;
	*ret = b;
	return 0;
}

int cof_firmware_build_find(const uint8_t code_sha256[COF_SHA256_LEN], cof_firmware_build *ret, cof_err *err)
{
	char hex[2 * COF_SHA256_LEN + 1];
	cof_hex(cof_span_of(code_sha256, COF_SHA256_LEN), hex);
	for (size_t i = 0; i < COF_COUNT(builds); i++) {
		if (strcmp(builds[i].code_sha256, hex) == 0)
			return expand(&builds[i], code_sha256, ret, err);
	}
	return cof_err_set(err, COF_E_POLICY, "firmware-unknown",
			   "firmware build %s is not known; `coffer measure calibrate` can learn it", hex);
}
