/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes that OVMF hashes for the boot events that are the same for a TPM and for TDX: variables, boot options,
 * separators and actions. Which register they go to, and by which algorithm, is the caller's.
 *
 * spec: TCG PC Client Platform Firmware Profile 1.05, 10; UEFI 2.10, 3.1.3 (load options)
 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"

/* In the order in which they are measured. */
typedef enum cof_secure_variable {
	COF_VAR_SECURE_BOOT,
	COF_VAR_PK,
	COF_VAR_KEK,
	COF_VAR_DB,
	COF_VAR_DBX,
	COF_SECURE_VARIABLES,
} cof_secure_variable;

/* The event of a variable with this data; without data it is that of an absent one. ret must be empty. */
COF_WUR int cof_secure_variable_event(cof_secure_variable v, cof_span data, cof_buf *ret, cof_err *err);
/* "secure-boot" */
const char *cof_secure_variable_name(cof_secure_variable v);

typedef enum cof_boot_action {
	COF_ACTION_CALLING,   /* the boot manager starts the kernel */
	COF_ACTION_RETURNING, /* it came back: a failed attempt */
	COF_ACTION_EXIT,
	COF_ACTION_EXIT_DONE,
	COF_BOOT_ACTIONS,
} cof_boot_action;

/* The text without NUL, and a word for people ("boot-attempt"). */
cof_span cof_boot_action_text(cof_boot_action a);
const char *cof_boot_action_name(cof_boot_action a);

/* Four zero bytes. */
cof_span cof_boot_separator(void);

/* The firmware's version as the CRTM version event has it: UTF-16LE with NUL. ret must be empty. */
COF_WUR int cof_crtm_version_event(const char *version, cof_buf *ret, cof_err *err);

enum { COF_BOOT_OPTION_MAX = 512, COF_BOOT_OPTIONS_BUILTIN = 2 };

/* The data of one Boot#### variable. */
typedef struct cof_boot_option {
	uint16_t number;
	uint16_t len;
	uint8_t data[COF_BOOT_OPTION_MAX];
} cof_boot_option;

/* The entries that OVMF makes for itself, in BootOrder's order: one up to 202502, two since 202505. */
COF_WUR int cof_boot_options_builtin(bool two, cof_boot_option ret[COF_BOOT_OPTIONS_BUILTIN], size_t *ret_n,
				     cof_err *err);
/* BootOrder's data. ret must be empty. */
COF_WUR int cof_boot_order_event(const cof_boot_option *options, size_t n, cof_buf *ret, cof_err *err);
