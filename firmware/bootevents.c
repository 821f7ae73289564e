/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/bootevents.h"

#include "common/wr.h"

enum { GUID_LEN = 16, NODE_HEADER = 4 };

typedef struct variable {
	const char *name;
	const char *word;
	uint8_t vendor[GUID_LEN];
} variable;

/* 8be4df61-93ca-11d2-aa0d-00e098032b8c and d719b2cb-3d3a-4596-a3bc-dad00e67656f */
#define GUID_GLOBAL                                                                                                    \
	{                                                                                                              \
		0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c         \
	}
#define GUID_SECURITY                                                                                                  \
	{                                                                                                              \
		0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45, 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f         \
	}

static const variable variables[] = {
	[COF_VAR_SECURE_BOOT] = {"SecureBoot", "secure-boot", GUID_GLOBAL},
	[COF_VAR_PK] = {"PK", "pk", GUID_GLOBAL},
	[COF_VAR_KEK] = {"KEK", "kek", GUID_GLOBAL},
	[COF_VAR_DB] = {"db", "db", GUID_SECURITY},
	[COF_VAR_DBX] = {"dbx", "dbx", GUID_SECURITY},
};

typedef struct action {
	const char *text;
	const char *word;
} action;

static const action actions[] = {
	[COF_ACTION_CALLING] = {"Calling EFI Application from Boot Option", "boot-attempt"},
	[COF_ACTION_RETURNING] = {"Returning from EFI Application from Boot Option", "boot-attempt-failed"},
	[COF_ACTION_EXIT] = {"Exit Boot Services Invocation", "exit-boot-services"},
	[COF_ACTION_EXIT_DONE] = {"Exit Boot Services Returned with Success", "exit-boot-services-done"},
};

static void put_utf16(cof_wr *w, const char *ascii)
{
	for (const char *c = ascii; *c != '\0'; c++)
		cof_wr_u16le(w, (uint8_t)*c);
}

/* Hands the finished bytes over. */
static int give(cof_wr *w, cof_buf *ret, cof_err *err)
{
	int rc = cof_wr_done(w, err);
	if (rc < 0)
		return rc;
	*ret = *w->to;
	*w->to = (cof_buf){0};
	return 0;
}

/* spec: TCG PC Client PFP 10.2.6: an absent variable is measured with no data */
int cof_secure_variable_event(cof_secure_variable v, cof_span data, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_bytes(&w, cof_span_of(variables[v].vendor, GUID_LEN));
	cof_wr_u64le(&w, strlen(variables[v].name));
	cof_wr_u64le(&w, data.len);
	put_utf16(&w, variables[v].name);
	cof_wr_bytes(&w, data);
	return give(&w, ret, err);
}

const char *cof_secure_variable_name(cof_secure_variable v)
{
	return variables[v].word;
}

cof_span cof_boot_action_text(cof_boot_action a)
{
	return cof_span_str(actions[a].text);
}

const char *cof_boot_action_name(cof_boot_action a)
{
	return actions[a].word;
}

cof_span cof_boot_separator(void)
{
	static const uint8_t zeros[4];
	return cof_span_of(zeros, sizeof zeros);
}

int cof_crtm_version_event(const char *version, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	put_utf16(&w, version);
	cof_wr_u16le(&w, 0);
	return give(&w, ret, err);
}

/* --- boot options --- */

enum { ATTR_ACTIVE = 0x1, ATTR_HIDDEN = 0x8, ATTR_APP = 0x100 };

typedef struct builtin {
	uint32_t attributes;
	const char *description;
	uint8_t file[GUID_LEN]; /* the application's name in DXEFV */
} builtin;

/* 462caa21-7614-4503-836e-8ab6f4662331 and eec25bdc-67f2-4d95-b1d5-f81b2039d11d */
#define GUID_UI_APP                                                                                                    \
	{                                                                                                              \
		0x21, 0xaa, 0x2c, 0x46, 0x14, 0x76, 0x03, 0x45, 0x83, 0x6e, 0x8a, 0xb6, 0xf4, 0x66, 0x23, 0x31         \
	}
#define GUID_BOOT_MENU                                                                                                 \
	{                                                                                                              \
		0xdc, 0x5b, 0xc2, 0xee, 0xf2, 0x67, 0x95, 0x4d, 0xb1, 0xd5, 0xf8, 0x1b, 0x20, 0x39, 0xd1, 0x1d         \
	}

static const builtin one_option[] = {{ATTR_ACTIVE | ATTR_HIDDEN | ATTR_APP, "UiApp", GUID_UI_APP}};
static const builtin two_options[] = {
	{ATTR_ACTIVE | ATTR_HIDDEN | ATTR_APP, "BootManagerMenuApp", GUID_BOOT_MENU},
	{ATTR_ACTIVE | ATTR_APP, "EFI Firmware Setup", GUID_UI_APP},
};

/* 7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1, DXEFV's name */
static const uint8_t guid_dxefv[GUID_LEN] = {0xc9, 0xbd, 0xb8, 0x7c, 0xeb, 0xf8, 0x34, 0x4f,
					     0xaa, 0xea, 0x3e, 0xe4, 0xaf, 0x65, 0x16, 0xa1};

static void put_node(cof_wr *w, uint8_t type, uint8_t subtype, cof_span body)
{
	cof_wr_u8(w, type);
	cof_wr_u8(w, subtype);
	cof_wr_u16le(w, (uint16_t)(NODE_HEADER + body.len));
	cof_wr_bytes(w, body);
}

/* spec: UEFI 2.10, 3.1.3 EFI_LOAD_OPTION; PI device path nodes 4/7 (volume) and 4/6 (file) */
static int make_option(const builtin *in, size_t number, cof_boot_option *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = cof_buf_capped(COF_BOOT_OPTION_MAX);
	cof_wr w = cof_wr_to(&b);
	cof_wr_u32le(&w, in->attributes);
	cof_wr_u16le(&w, 2 * (NODE_HEADER + GUID_LEN) + NODE_HEADER);
	put_utf16(&w, in->description);
	cof_wr_u16le(&w, 0);
	put_node(&w, 4, 7, cof_span_of(guid_dxefv, GUID_LEN));
	put_node(&w, 4, 6, cof_span_of(in->file, GUID_LEN));
	put_node(&w, 0x7f, 0xff, (cof_span){0});
	int rc = cof_wr_done(&w, err);
	if (rc < 0)
		return rc;
	*ret = (cof_boot_option){.number = (uint16_t)number, .len = (uint16_t)b.len};
	memcpy(ret->data, b.data, b.len);
	return 0;
}

int cof_boot_options_builtin(bool two, cof_boot_option ret[COF_BOOT_OPTIONS_BUILTIN], size_t *ret_n, cof_err *err)
{
	const builtin *table = two ? two_options : one_option;
	size_t n = two ? COF_COUNT(two_options) : COF_COUNT(one_option);
	for (size_t i = 0; i < n; i++) {
		int rc = make_option(&table[i], i, &ret[i], err);
		if (rc < 0)
			return rc;
	}
	*ret_n = n;
	return 0;
}

int cof_boot_order_event(const cof_boot_option *options, size_t n, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	for (size_t i = 0; i < n; i++)
		cof_wr_u16le(&w, options[i].number);
	return give(&w, ret, err);
}
