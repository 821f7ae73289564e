/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event logs of TPMs (crypto-agile, and the old format with SHA-1 alone) and of TDX guests (CCEL): parse one bank,
 * replay it into registers, and tell facts from labels.
 * The log is hostile: it comes from the host or the guest. Nothing in it is believed before its replay equals signed
 * registers, and an event's data only where the digest is the hash of that data (cof_event_check_data).
 *
 * spec: TCG PC Client Platform Firmware Profile 1.05, 10 (event logging); UEFI 2.10, 38.4 (CCEL)
 */
#pragma once

#include <stdbool.h>

#include "firmware/register.h"

enum {
	COF_EVENTLOG_MAX = 4 << 20, /* bytes */
	COF_EVENTS_MAX = 4096,
	COF_EVENT_DATA_MAX = 1 << 20,
	COF_EVENT_ALGS_MAX = 8,
	COF_EVENT_NAME_MAX = 32,
};

enum cof_event_type {
	COF_EV_POST_CODE = 0x1,
	COF_EV_NO_ACTION = 0x3,
	COF_EV_SEPARATOR = 0x4,
	COF_EV_ACTION = 0x5,
	COF_EV_EVENT_TAG = 0x6,
	COF_EV_S_CRTM_CONTENTS = 0x7,
	COF_EV_S_CRTM_VERSION = 0x8,
	COF_EV_PLATFORM_CONFIG_FLAGS = 0xa,
	COF_EV_IPL = 0xd,
	COF_EV_EFI_VARIABLE_DRIVER_CONFIG = 0x80000001,
	COF_EV_EFI_VARIABLE_BOOT = 0x80000002,
	COF_EV_EFI_BOOT_SERVICES_APPLICATION = 0x80000003,
	COF_EV_EFI_BOOT_SERVICES_DRIVER = 0x80000004,
	COF_EV_EFI_RUNTIME_SERVICES_DRIVER = 0x80000005,
	COF_EV_EFI_GPT_EVENT = 0x80000006,
	COF_EV_EFI_ACTION = 0x80000007,
	COF_EV_EFI_PLATFORM_FIRMWARE_BLOB = 0x80000008,
	COF_EV_EFI_HANDOFF_TABLES = 0x80000009,
	COF_EV_EFI_PLATFORM_FIRMWARE_BLOB2 = 0x8000000a,
	COF_EV_EFI_HANDOFF_TABLES2 = 0x8000000b,
	COF_EV_EFI_VARIABLE_BOOT2 = 0x8000000c,
	COF_EV_EFI_HCRTM_EVENT = 0x80000010,
	COF_EV_EFI_VARIABLE_AUTHORITY = 0x800000e0,
};

typedef struct cof_log_event {
	uint32_t reg; /* as the log numbers them */
	uint32_t type;
	cof_digest digest; /* of the log's bank */
	cof_span data;	   /* borrowed from the log's bytes */
} cof_log_event;

typedef struct cof_eventlog {
	cof_log_kind kind;
	cof_hash bank;
	cof_log_event *events; /* extended events only, in order; EV_NO_ACTION is checked and left out */
	size_t n;
	size_t size;	  /* bytes of the log, without the padding behind it */
	uint8_t locality; /* StartupLocality: the last byte of PCR 0's start value */
} cof_eventlog;

void cof_eventlog_release(cof_eventlog *log);
COF_DEFINE_AUTO(cof_eventlog, cof_eventlog_release)

typedef struct cof_log_banks {
	cof_log_kind kind;
	bool agile; /* false: the old format */
	cof_hash bank[COF_EVENT_ALGS_MAX];
	size_t n;
} cof_log_banks;

/* What a log's head announces, less the algorithms that we do not know. Reasons as for cof_eventlog_parse. */
COF_WUR int cof_eventlog_banks(cof_span in, cof_log_banks *ret, cof_err *err);

/*
 * Parses one bank of a whole log; spans borrow from in. Which kind it is, the log says: a caller that trusts one kind
 * alone checks ret->kind. Trailing padding of only 0x00 or only 0xff is accepted. Reasons: "eventlog-malformed",
 * "eventlog-too-large", "eventlog-bank-missing" (also when a single event has no digest of this bank).
 */
COF_WUR int cof_eventlog_parse(cof_span in, cof_hash bank, cof_eventlog *ret, cof_err *err);

/* The registers after the last event, of the log's bank. Of a CCEL log only RTMRs (1 to 4) mean something. */
COF_WUR int cof_eventlog_replay(const cof_eventlog *log, cof_digest ret[COF_REGS_MAX], cof_err *err);

typedef enum cof_event_data {
	COF_DATA_LABEL, /* the digest is of something else: the data proves nothing */
	COF_DATA_FACT,	/* the digest is the hash of the data by the type's rule */
	COF_DATA_LIE,	/* the type says it should be, and it is not */
} cof_event_data;

/* Re-hashes the data by the type's rule. */
COF_WUR int cof_event_check_data(const cof_log_event *e, cof_event_data *ret, cof_err *err);
/* cof_event_check_data for every event; reason "eventlog-data-mismatch" names the first lie. */
COF_WUR int cof_eventlog_check_data(const cof_eventlog *log, cof_err *err);

/* A variable in an event's data; the name is UTF-16LE without NUL. */
typedef struct cof_efi_variable {
	cof_span name;
	cof_span data;
} cof_efi_variable;

/* False when the data is not exactly one variable. Borrows from data. */
bool cof_event_variable(cof_span data, cof_efi_variable *ret);

/* "EV_SEPARATOR"; NULL for a type we have no name for. */
const char *cof_event_type_name(uint32_t type);
/* The reverse; false when unknown. */
bool cof_event_type_by_name(const char *name, uint32_t *ret);

/* A short word for people ("kernel", "cmdline", "separator"); made from type, register and unauthenticated labels. */
void cof_event_name(const cof_log_event *e, char out[COF_EVENT_NAME_MAX]);
