/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tpm/build.h"

#include <stdio.h>

#include "common/hex.h"
#include "common/secret.h"
#include "common/wr.h"

enum { ATTR_ACTIVE = 0x1, ATTR_HIDDEN = 0x8, ATTR_APP = 0x100, TABLE_OPTIONS_MAX = 2 };

typedef struct table_option {
	uint32_t attributes;
	const char *description;
	uint8_t file[16]; /* GUID of the application in DXEFV */
} table_option;

typedef struct table_build {
	const char *code_sha256;
	const char *version;
	uint32_t timer_word;
	bool measures_smbios;
	bool initrd_first;
	table_option options[TABLE_OPTIONS_MAX];
} table_build;

#define GUID_UI_APP                                                                                                    \
	{                                                                                                              \
		0x21, 0xaa, 0x2c, 0x46, 0x14, 0x76, 0x03, 0x45, 0x83, 0x6e, 0x8a, 0xb6, 0xf4, 0x66, 0x23, 0x31         \
	}
#define GUID_BOOT_MENU                                                                                                 \
	{                                                                                                              \
		0xdc, 0x5b, 0xc2, 0xee, 0xf2, 0x67, 0x95, 0x4d, 0xb1, 0xd5, 0xf8, 0x1b, 0x20, 0x39, 0xd1, 0x1d         \
	}

/* Debian's builds, 4 MiB without secure boot: they keep a SecureBoot variable out, and read etc/boot/kernel. */
static const table_build builds[] = {
	{
		.code_sha256 = "624e06de18b4fa535e90db7160d00d3d07d206422b89999bf1e27d920264e4e0",
		.version = "2025.02-8+deb13u1",
		.timer_word = 0x6e50,
		.options = {{ATTR_ACTIVE | ATTR_HIDDEN | ATTR_APP, "UiApp", GUID_UI_APP}},
	},
	{
		.code_sha256 = "7e34e3b83224968bb0714c0ebc88f75c5c37b4cc892c902e511ccc7a7c107f94",
		.version = "2026.08+ds-2",
		.measures_smbios = true,
		.initrd_first = true,
		.options = {{ATTR_ACTIVE | ATTR_HIDDEN | ATTR_APP, "BootManagerMenuApp", GUID_BOOT_MENU},
			    {ATTR_ACTIVE | ATTR_APP, "EFI Firmware Setup", GUID_UI_APP}},
	},
};

/* DXEFV's name, as a device path writes it. */
static const uint8_t guid_dxefv[16] = {0xc9, 0xbd, 0xb8, 0x7c, 0xeb, 0xf8, 0x34, 0x4f,
				       0xaa, 0xea, 0x3e, 0xe4, 0xaf, 0x65, 0x16, 0xa1};

static void put_node(cof_wr *w, uint8_t type, uint8_t subtype, cof_span body)
{
	cof_wr_u8(w, type);
	cof_wr_u8(w, subtype);
	cof_wr_u16le(w, (uint16_t)(4 + body.len));
	cof_wr_bytes(w, body);
}

/* spec: UEFI 2.10, 3.1.3 EFI_LOAD_OPTION; PI device path nodes 4/7 (volume) and 4/6 (file) */
static int make_option(const table_option *in, size_t number, cof_boot_option *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = cof_buf_capped(COF_BOOT_OPTION_MAX);
	cof_wr w = cof_wr_to(&b);
	cof_wr_u32le(&w, in->attributes);
	cof_wr_u16le(&w, 20 + 20 + 4);
	for (const char *c = in->description; *c != '\0'; c++)
		cof_wr_u16le(&w, (uint8_t)*c);
	cof_wr_u16le(&w, 0);
	put_node(&w, 4, 7, cof_span_of(guid_dxefv, sizeof guid_dxefv));
	put_node(&w, 4, 6, cof_span_of(in->file, sizeof in->file));
	put_node(&w, 0x7f, 0xff, (cof_span){0});
	int rc = cof_wr_done(&w, err);
	if (rc < 0)
		return rc;
	*ret = (cof_boot_option){.number = (uint16_t)number, .len = (uint16_t)b.len};
	memcpy(ret->data, b.data, b.len);
	return 0;
}

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
	for (size_t i = 0; i < TABLE_OPTIONS_MAX && t->options[i].description != NULL; i++) {
		int rc = make_option(&t->options[i], i, &b.options[b.n_options++], err);
		if (rc < 0)
			return rc;
	}
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
