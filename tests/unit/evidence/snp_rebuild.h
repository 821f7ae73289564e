/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SNP report put together again from the evidence's JSON, as a verifier on the other side of the protocol does:
 * from the protocol's names and the firmware's offsets, without anything of the attester's.
 */
#pragma once

#include "tests/unit/test.h"

#include "common/json.h"
#include "common/wr.h"

static inline uint64_t rebuild_int(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	assert_non_null(v);
	return json_is_null(v) ? 0 : (uint64_t)json_integer_value(v);
}

static inline void rebuild_bytes(const json_t *o, const char *key, uint8_t *to, size_t n)
{
	const json_t *list = json_object_get(o, key);
	assert_int_equal(json_array_size(list), n);
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)json_integer_value(json_array_get(list, i));
}

static inline void rebuild_tcb(const json_t *o, const char *key, uint8_t *to)
{
	const json_t *t = json_object_get(o, key);
	assert_true(json_is_object(t) && json_object_size(t) == 5);
	bool fmc = !json_is_null(json_object_get(t, "fmc"));
	to[0] = (uint8_t)rebuild_int(t, fmc ? "fmc" : "bootloader");
	to[1] = (uint8_t)rebuild_int(t, fmc ? "bootloader" : "tee");
	to[fmc ? 2 : 1] = (uint8_t)rebuild_int(t, "tee");
	to[fmc ? 3 : 6] = (uint8_t)rebuild_int(t, "snp");
	to[7] = (uint8_t)rebuild_int(t, "microcode");
}

static inline void rebuild_version(const json_t *o, const char *key, uint8_t *to)
{
	const json_t *v = json_object_get(o, key);
	to[0] = (uint8_t)rebuild_int(v, "build");
	to[1] = (uint8_t)rebuild_int(v, "minor");
	to[2] = (uint8_t)rebuild_int(v, "major");
}

typedef struct rebuild_place {
	const char *key;
	size_t at, len;
} rebuild_place;

static inline void rebuild_report(const json_t *o, uint8_t ret[1184])
{
	static const rebuild_place ints[] = {{"version", 0, 4},
					     {"guest_svn", 4, 4},
					     {"policy", 8, 8},
					     {"vmpl", 0x30, 4},
					     {"sig_algo", 0x34, 4},
					     {"plat_info", 0x40, 8},
					     {"key_info", 0x48, 4},
					     {"cpuid_fam_id", 0x188, 1},
					     {"cpuid_mod_id", 0x189, 1},
					     {"cpuid_step", 0x18a, 1},
					     {"launch_mit_vector", 0x1f8, 8},
					     {"current_mit_vector", 0x200, 8}};
	static const rebuild_place bytes[] = {{"family_id", 0x10, 16},	   {"image_id", 0x20, 16},
					      {"report_data", 0x50, 64},   {"measurement", 0x90, 48},
					      {"host_data", 0xc0, 32},	   {"id_key_digest", 0xe0, 48},
					      {"report_id", 0x140, 32},	   {"author_key_digest", 0x110, 48},
					      {"report_id_ma", 0x160, 32}, {"chip_id", 0x1a0, 64}};
	static const rebuild_place tcbs[] = {{"current_tcb", 0x38, 8},
					     {"reported_tcb", 0x180, 8},
					     {"committed_tcb", 0x1e0, 8},
					     {"launch_tcb", 0x1f0, 8}};
	memset(ret, 0, 1184);
	assert_int_equal(json_object_size(o), 29);
	for (size_t i = 0; i < COF_COUNT(ints); i++)
		cof_put_le(ret + ints[i].at, ints[i].len, rebuild_int(o, ints[i].key));
	for (size_t i = 0; i < COF_COUNT(bytes); i++)
		rebuild_bytes(o, bytes[i].key, ret + bytes[i].at, bytes[i].len);
	for (size_t i = 0; i < COF_COUNT(tcbs); i++)
		rebuild_tcb(o, tcbs[i].key, ret + tcbs[i].at);
	rebuild_version(o, "current", ret + 0x1e8);
	rebuild_version(o, "committed", ret + 0x1ec);
	rebuild_bytes(json_object_get(o, "signature"), "r", ret + 0x2a0, 72);
	rebuild_bytes(json_object_get(o, "signature"), "s", ret + 0x2e8, 72);
}
