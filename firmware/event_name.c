/* SPDX-License-Identifier: Apache-2.0 */
/* What an event's type says: its name, what its digest is of, and a word for people. */
#include <stdio.h>

#include "common/rd.h"
#include "common/secret.h"
#include "firmware/bootevents.h"
#include "firmware/eventlog.h"

typedef enum data_rule {
	RULE_LABEL, /* the digest is of something that is not in the log */
	RULE_WHOLE, /* the digest is of the data */
	RULE_BOOT,  /* of the variable's contents alone, or of the whole structure (both are in use) */
} data_rule;

typedef struct type_info {
	uint32_t type;
	data_rule rule;
	const char *name;
	const char *word;
} type_info;

static const type_info types[] = {
	{COF_EV_POST_CODE, RULE_LABEL, "EV_POST_CODE", "post-code"},
	{COF_EV_NO_ACTION, RULE_LABEL, "EV_NO_ACTION", "no-action"},
	{COF_EV_SEPARATOR, RULE_WHOLE, "EV_SEPARATOR", "separator"},
	{COF_EV_ACTION, RULE_WHOLE, "EV_ACTION", "action"},
	{COF_EV_EVENT_TAG, RULE_LABEL, "EV_EVENT_TAG", "event-tag"},
	{COF_EV_S_CRTM_CONTENTS, RULE_LABEL, "EV_S_CRTM_CONTENTS", "crtm-contents"},
	{COF_EV_S_CRTM_VERSION, RULE_WHOLE, "EV_S_CRTM_VERSION", "crtm-version"},
	{COF_EV_PLATFORM_CONFIG_FLAGS, RULE_LABEL, "EV_PLATFORM_CONFIG_FLAGS", "platform-config"},
	{COF_EV_IPL, RULE_LABEL, "EV_IPL", "boot-loader"},
	{COF_EV_EFI_VARIABLE_DRIVER_CONFIG, RULE_WHOLE, "EV_EFI_VARIABLE_DRIVER_CONFIG", "variable"},
	{COF_EV_EFI_VARIABLE_BOOT, RULE_BOOT, "EV_EFI_VARIABLE_BOOT", "boot-variable"},
	{COF_EV_EFI_BOOT_SERVICES_APPLICATION, RULE_LABEL, "EV_EFI_BOOT_SERVICES_APPLICATION", "kernel"},
	{COF_EV_EFI_BOOT_SERVICES_DRIVER, RULE_LABEL, "EV_EFI_BOOT_SERVICES_DRIVER", "option-rom"},
	{COF_EV_EFI_RUNTIME_SERVICES_DRIVER, RULE_LABEL, "EV_EFI_RUNTIME_SERVICES_DRIVER", "runtime-driver"},
	{COF_EV_EFI_GPT_EVENT, RULE_WHOLE, "EV_EFI_GPT_EVENT", "partition-table"},
	{COF_EV_EFI_ACTION, RULE_WHOLE, "EV_EFI_ACTION", "efi-action"},
	{COF_EV_EFI_PLATFORM_FIRMWARE_BLOB, RULE_LABEL, "EV_EFI_PLATFORM_FIRMWARE_BLOB", "firmware-volume"},
	{COF_EV_EFI_HANDOFF_TABLES, RULE_LABEL, "EV_EFI_HANDOFF_TABLES", "smbios"},
	{COF_EV_EFI_PLATFORM_FIRMWARE_BLOB2, RULE_LABEL, "EV_EFI_PLATFORM_FIRMWARE_BLOB2", "firmware-volume"},
	{COF_EV_EFI_HANDOFF_TABLES2, RULE_LABEL, "EV_EFI_HANDOFF_TABLES2", "handoff-tables"},
	{COF_EV_EFI_VARIABLE_BOOT2, RULE_WHOLE, "EV_EFI_VARIABLE_BOOT2", "boot-variable"},
	{COF_EV_EFI_HCRTM_EVENT, RULE_LABEL, "EV_EFI_HCRTM_EVENT", "h-crtm"},
	{COF_EV_EFI_VARIABLE_AUTHORITY, RULE_WHOLE, "EV_EFI_VARIABLE_AUTHORITY", "authority"},
};

static const type_info *find_type(uint32_t type)
{
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		if (types[i].type == type)
			return &types[i];
	}
	return NULL;
}

const char *cof_event_type_name(uint32_t type)
{
	const type_info *t = find_type(type);
	return t == NULL ? NULL : t->name;
}

bool cof_event_type_by_name(const char *name, uint32_t *ret)
{
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		if (strcmp(types[i].name, name) == 0) {
			*ret = types[i].type;
			return true;
		}
	}
	return false;
}

/* spec: TCG PC Client PFP 10.2.6 UEFI_VARIABLE_DATA */
bool cof_event_variable(cof_span in, cof_efi_variable *ret)
{
	cof_rd r = cof_rd_of(in);
	cof_rd_skip(&r, 16);
	uint64_t name_units = cof_rd_u64le(&r);
	uint64_t data_len = cof_rd_u64le(&r);
	if (!cof_rd_ok(&r) || name_units > in.len || data_len > in.len)
		return false;
	cof_efi_variable v = {cof_rd_bytes(&r, (size_t)name_units * 2), {0}};
	v.data = cof_rd_bytes(&r, (size_t)data_len);
	if (!cof_rd_end(&r))
		return false;
	*ret = v;
	return true;
}

static int hashes_to(cof_span data, const cof_digest *want, bool *ret, cof_err *err)
{
	cof_digest d;
	int rc = cof_digest_of(want->alg, data, &d, err);
	if (rc == 0)
		*ret = cof_digest_equal(&d, want);
	return rc;
}

int cof_event_check_data(const cof_log_event *e, cof_event_data *ret, cof_err *err)
{
	const type_info *t = find_type(e->type);
	bool fact = false;
	if (t == NULL || t->rule == RULE_LABEL) {
		*ret = COF_DATA_LABEL;
		return 0;
	}
	int rc = hashes_to(e->data, &e->digest, &fact, err);
	cof_efi_variable v = {0};
	if (rc == 0 && !fact && t->rule == RULE_BOOT && cof_event_variable(e->data, &v))
		rc = hashes_to(v.data, &e->digest, &fact, err);
	if (rc == 0)
		*ret = fact ? COF_DATA_FACT : COF_DATA_LIE;
	return rc;
}

int cof_eventlog_check_data(const cof_eventlog *log, cof_err *err)
{
	for (size_t i = 0; i < log->n; i++) {
		cof_event_data kind = COF_DATA_LIE;
		int rc = cof_event_check_data(&log->events[i], &kind, err);
		if (rc < 0)
			return rc;
		if (kind == COF_DATA_LIE) {
			char name[COF_EVENT_NAME_MAX], reg[COF_REG_NAME_MAX];
			cof_event_name(&log->events[i], name);
			cof_reg_name(log->kind, log->events[i].reg, reg);
			return cof_err_set(err, COF_E_CRYPTO, "eventlog-data-mismatch",
					   "event %zu (%s, %s): the data is not what was measured", i, reg, name);
		}
	}
	return 0;
}

/* "SecureBoot" -> "secure-boot", "PK" -> "pk", "BootOrder" -> "boot-order", "Boot0001" -> "boot-0001". */
static bool word_of_utf16(cof_span name, char out[COF_EVENT_NAME_MAX])
{
	size_t n = 0;
	bool was_lower = false;
	for (size_t i = 0; i + 1 < name.len; i += 2) {
		uint8_t c = name.data[i];
		bool upper = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9', lower = c >= 'a' && c <= 'z';
		if (name.data[i + 1] != 0 || !(upper || digit || lower) || n + 2 >= COF_EVENT_NAME_MAX)
			return false;
		if ((upper || digit) && was_lower)
			out[n++] = '-';
		out[n++] = (char)(upper ? c - 'A' + 'a' : c);
		was_lower = lower;
	}
	out[n] = '\0';
	return n > 0;
}

typedef struct tag_word {
	uint32_t tag;
	const char *word;
} tag_word;

/* source: Linux drivers/firmware/efi/libstub: the two tags its boot stub measures with */
static const tag_word tags[] = {{0x8f3b22ed, "cmdline"}, {0x8f3b22ec, "initrd"}};

/* source: OVMF: ACPI tables, and since 202505 other fw_cfg files with their name behind this text */
static const char *word_of_config(cof_span data)
{
	static const char fw_cfg[] = "QEMU FW CFG"; /* with its NUL */
	cof_rd r = cof_rd_of(data);
	if (cof_ct_equal(data, cof_span_str("ACPI DATA")))
		return "acpi-data";
	return cof_ct_equal(cof_rd_bytes(&r, sizeof fw_cfg), cof_span_of(fw_cfg, sizeof fw_cfg)) ? "fw-cfg" : NULL;
}

static const char *word_of_data(const cof_log_event *e)
{
	cof_rd r = cof_rd_of(e->data);
	uint32_t tag = cof_rd_u32le(&r);
	for (size_t i = 0; e->type == COF_EV_EVENT_TAG && i < COF_COUNT(tags); i++) {
		if (cof_rd_ok(&r) && tags[i].tag == tag)
			return tags[i].word;
	}
	for (cof_boot_action a = 0; e->type == COF_EV_EFI_ACTION && a < COF_BOOT_ACTIONS; a++) {
		if (cof_ct_equal(e->data, cof_boot_action_text(a)))
			return cof_boot_action_name(a);
	}
	return e->type == COF_EV_PLATFORM_CONFIG_FLAGS ? word_of_config(e->data) : NULL;
}

void cof_event_name(const cof_log_event *e, char out[COF_EVENT_NAME_MAX])
{
	const type_info *t = find_type(e->type);
	cof_efi_variable v = {0};
	bool is_variable = e->type == COF_EV_EFI_VARIABLE_DRIVER_CONFIG || e->type == COF_EV_EFI_VARIABLE_BOOT;
	if (is_variable && cof_event_variable(e->data, &v) && word_of_utf16(v.name, out))
		return;
	const char *word = word_of_data(e);
	if (word == NULL && t != NULL)
		word = t->word;
	if (word != NULL)
		(void)snprintf(out, COF_EVENT_NAME_MAX, "%s", word);
	else
		(void)snprintf(out, COF_EVENT_NAME_MAX, "event-0x%x", e->type);
}
