/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is measured after boot: a register that is extended, and a log that says with what. The two are kept in step
 * across any crash.
 *
 * An extend cannot be taken back, and a register does not tell what it was extended with: were the register first, a
 * crash before the log is written would leave a machine whose log never again replays to what it quotes. So the log is
 * written first, in an entry that also holds the value that the register had before. Whoever finds such an entry last
 * in the log can tell from the register alone how far it went: it still has that value (the extend is made now), it has
 * the value behind the extend (all is well), or somebody else was there (and the log is no longer whole: no evidence is
 * given with it). Half an entry was followed by nothing, and is cut off.
 *
 * The file is the guest's own, in its memory. One process at a time.
 */
#pragma once

#include "attestation/evidence/cclog.h"

enum { COF_RUNTIMELOG_MAX = 256 << 10 };

/* The registers of a TEE, by its own numbers. */
typedef struct cof_registers {
	cof_hash bank;
	COF_WUR int (*read)(void *arg, uint32_t reg, uint8_t *ret, cof_err *err);
	COF_WUR int (*extend)(void *arg, uint32_t reg, const uint8_t *digest, cof_err *err);
	void *arg;
} cof_registers;

typedef struct cof_runtimelog {
	const char *path; /* borrowed; need not exist */
	cof_registers registers;
	uint32_t first_index; /* how the event log numbers register 0 */
} cof_runtimelog;

/*
 * Measures e into reg: logged, then extended, and read back. Reasons: those of cof_cclog_record and of the registers;
 * "runtime-log-broken" (crypto): log and register do not fit together; "runtime-log-full" (unavailable);
 * "runtime-extend-lost" (crypto): the register does not hold what it must.
 */
COF_WUR int cof_runtimelog_extend(const cof_runtimelog *l, uint32_t reg, const cof_runtime_event *e, cof_err *err);

/* Brings log and registers into step, and appends the records, to go behind the firmware's. Reasons as above. */
COF_WUR int cof_runtimelog_records(const cof_runtimelog *l, cof_buf *ret, cof_err *err);
