/* SPDX-License-Identifier: Apache-2.0 */
/* Platforms of an index: their text, and which of several a machine should take. */
#include <cpuid.h>

#include "image-decrypt/manifest.h"

static bool word_ok(const char *s, size_t n)
{
	if (n == 0 || n > COF_PLATFORM_WORD_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool plain = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9');
		if (!plain && strchr("._-", s[i]) == NULL)
			return false;
	}
	return true;
}

int cof_platform_parse(const char *in, cof_platform *ret, cof_err *err)
{
	cof_platform p = COF_PLATFORM_ANY;
	char *const words[] = {p.os, p.architecture, p.variant};
	const char *at = in;
	size_t i = 0;
	for (; i < COF_COUNT(words); i++) {
		size_t n = strcspn(at, "/");
		if (!word_ok(at, n))
			break;
		memcpy(words[i], at, n);
		at += n;
		if (*at != '/' || i + 1 == COF_COUNT(words))
			break;
		at++;
	}
	if (*at != '\0' || p.architecture[0] == '\0' || at[-1] == '/')
		return cof_err_set(err, COF_E_USAGE, "platform-malformed", "'%.100s' is not OS/ARCHITECTURE[/VARIANT]",
				   in);
	*ret = p;
	return 0;
}

/* spec: x86-64 psABI, table "Micro-Architecture Levels". The builtins know what the system has switched on; the few
 * that compilers do not all know are bits of CPUID. */
static unsigned cpu_level(void)
{
	unsigned a, b, c = 0, d, more = 0;
	if (__get_cpuid(1, &a, &b, &c, &d) == 0 || __get_cpuid(0x80000001, &a, &b, &more, &d) == 0)
		return 1;
	bool v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("ssse3") &&
		  __builtin_cpu_supports("popcnt") && (c & bit_CMPXCHG16B) != 0 && (more & bit_LAHF_LM) != 0;
	bool v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
		  __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma") && (c & bit_F16C) != 0 &&
		  (c & bit_MOVBE) != 0 && (more & bit_LZCNT) != 0;
	bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
		  __builtin_cpu_supports("avx512vl");
	return v4 ? 4 : v3 ? 3 : v2 ? 2 : 1;
}

/* "v3" is 3; 0: not of this form. */
static unsigned level_of(const char *variant)
{
	bool plain = variant[0] == 'v' && variant[1] >= '1' && variant[1] <= '9' && variant[2] == '\0';
	return plain ? (unsigned)(variant[1] - '0') : 0;
}

/* Without a variant: what an entry means, and what a machine takes. */
static const struct {
	const char *architecture;
	unsigned means, takes; /* takes 0: ask the CPU */
} levels[] = {{"amd64", 1, 0}, {"arm64", 8, 8}, {"arm", 7, 7}};

static void defaults_of(const char *architecture, unsigned *means, unsigned *takes)
{
	*means = *takes = 0;
	for (size_t i = 0; i < COF_COUNT(levels); i++) {
		if (strcmp(levels[i].architecture, architecture) != 0)
			continue;
		*means = levels[i].means;
		*takes = levels[i].takes != 0 ? levels[i].takes : cpu_level();
	}
}

unsigned cof_platform_suits(const cof_platform *has, const cof_platform *want)
{
	unsigned means, takes;
	if (strcmp(has->os, want->os) != 0 || strcmp(has->architecture, want->architecture) != 0 ||
	    strcmp(has->os, "unknown") == 0)
		return 0;
	defaults_of(has->architecture, &means, &takes);
	if (want->variant[0] != '\0') {
		takes = level_of(want->variant);
		if (strcmp(has->variant, want->variant) == 0) /* whatever it is called */
			return 1 + takes;
	}
	unsigned level = has->variant[0] == '\0' ? means : level_of(has->variant);
	if (has->variant[0] != '\0' && level == 0)
		return 0;
	return level == 0 || level <= takes ? 1 + level : 0;
}
