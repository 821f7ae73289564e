/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/policy.h"

#include <inttypes.h>
#include <string.h>

typedef struct policy_bit {
	unsigned bit;
	const char *set;   /* NULL: nothing to say */
	const char *clear; /* likewise */
} policy_bit;

enum { SNP_MUST_BE_ONE = 17 };

#define BIT(n) (1ull << (n))
#define SNP_ABI 0xffffull
#define SEV_API 0xffff0000ull

static const policy_bit snp_bits[] = {
	{16, "smt", "no smt"},		 {SNP_MUST_BE_ONE, NULL, "bit 17 clear"},
	{18, "migration agent", NULL},	 {19, "debug", "no debug"},
	{20, "single socket", NULL},	 {21, "cxl", NULL},
	{22, "aes-256-xts", NULL},	 {23, "no rapl", NULL},
	{24, "ciphertext hiding", NULL}, {25, "no page swap", NULL},
};

static const policy_bit sev_bits[] = {
	{0, "no debug", "debug"}, {1, "no key sharing", "key sharing"}, {2, "es", NULL},
	{3, "no send", "send"},	  {4, "only to its domain", NULL},	{5, "only to sev", NULL},
};

static uint64_t known(const policy_bit *bits, size_t n)
{
	uint64_t all = 0;
	for (size_t i = 0; i < n; i++)
		all |= BIT(bits[i].bit);
	return all;
}

static int add_bits(cof_buf *b, uint64_t policy, const policy_bit *bits, size_t n, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const char *text = (policy & BIT(bits[i].bit)) != 0 ? bits[i].set : bits[i].clear;
		if (text != NULL)
			rc = cof_buf_printf(b, err, ", %s", text);
	}
	return rc;
}

static int add_unknown(cof_buf *b, uint64_t bits, cof_err *err)
{
	return bits == 0 ? 0 : cof_buf_printf(b, err, ", unknown bits 0x%" PRIx64, bits);
}

int cof_snp_policy_check(uint64_t policy, cof_err *err)
{
	uint64_t unknown = policy & ~(known(snp_bits, COF_COUNT(snp_bits)) | SNP_ABI);
	if (unknown != 0)
		return cof_err_set(err, COF_E_USAGE, "policy-malformed", "SNP policy has unknown bits 0x%" PRIx64,
				   unknown);
	if ((policy & BIT(SNP_MUST_BE_ONE)) == 0)
		return cof_err_set(err, COF_E_USAGE, "policy-malformed", "SNP policy has bit 17 clear");
	return 0;
}

int cof_snp_policy_text(uint64_t policy, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	int rc = cof_buf_printf(&b, err, "abi >= %u.%u", (unsigned)(policy >> 8 & 0xff), (unsigned)(policy & 0xff));
	if (rc == 0)
		rc = add_bits(&b, policy, snp_bits, COF_COUNT(snp_bits), err);
	if (rc == 0)
		rc = add_unknown(&b, policy & ~(known(snp_bits, COF_COUNT(snp_bits)) | SNP_ABI), err);
	return rc < 0 ? rc : cof_buf_add(ret, b.data, b.len, err);
}

int cof_sev_policy_text(uint32_t policy, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	int rc = cof_buf_printf(&b, err, "api >= %u.%u", (unsigned)(policy >> 16 & 0xff), (unsigned)(policy >> 24));
	if (rc == 0)
		rc = add_bits(&b, policy, sev_bits, COF_COUNT(sev_bits), err);
	if (rc == 0)
		rc = add_unknown(&b, policy & ~(known(sev_bits, COF_COUNT(sev_bits)) | SEV_API), err);
	return rc < 0 ? rc : cof_buf_add(ret, b.data, b.len, err);
}

/* ---- words ---- */

enum { API_MAJOR_AT = 16, API_MINOR_AT = 24 };

static int bad_word(cof_err *err, const char *word)
{
	return cof_err_set(
		err, COF_E_USAGE, "policy-malformed",
		"SEV policy '%.40s': words are nodbg, noks, es, nosend, domain, sev, api=MAJOR.MINOR, each once", word);
}

/* A number of one byte, and what stands behind it. */
static bool read_byte(const char *text, char end, uint8_t *ret, const char **rest)
{
	unsigned v = 0, digits = 0;
	for (; *text >= '0' && *text <= '9' && digits < 3; text++, digits++)
		v = v * 10 + (unsigned)(*text - '0');
	*ret = (uint8_t)v;
	*rest = text + 1;
	return digits > 0 && v <= UINT8_MAX && *text == end;
}

static uint32_t bit_of(const char *word, size_t len)
{
	static const char *const words[] = {"nodbg", "noks", "es", "nosend", "domain", "sev"};
	for (size_t i = 0; i < COF_COUNT(words); i++) {
		if (strlen(words[i]) == len && strncmp(words[i], word, len) == 0)
			return 1u << i;
	}
	return 0;
}

bool cof_sev_api_read(const char *text, uint8_t *ret_major, uint8_t *ret_minor)
{
	const char *rest = NULL;
	return read_byte(text, '.', ret_major, &rest) && read_byte(rest, '\0', ret_minor, &rest);
}

static int take_word(const char *word, size_t len, uint32_t *policy, bool *has_api, cof_err *err)
{
	char text[sizeof "255.255"] = "";
	uint8_t major = 0, minor = 0;
	uint32_t bit = bit_of(word, len);
	if (bit != 0 && (*policy & bit) == 0) {
		*policy |= bit;
		return 0;
	}
	if (bit != 0 || *has_api || len < 4 || len >= 4 + sizeof text || strncmp(word, "api=", 4) != 0)
		return bad_word(err, word);
	memcpy(text, word + 4, len - 4);
	if (!cof_sev_api_read(text, &major, &minor))
		return bad_word(err, word);
	*has_api = true;
	*policy |= (uint32_t)major << API_MAJOR_AT | (uint32_t)minor << API_MINOR_AT;
	return 0;
}

int cof_sev_policy_read(const char *words, uint32_t *ret, cof_err *err)
{
	uint32_t policy = 0;
	bool has_api = false;
	for (const char *at = words; *words != '\0'; at++) {
		size_t len = strcspn(at, ",");
		int rc = take_word(at, len, &policy, &has_api, err);
		if (rc < 0)
			return rc;
		at += len;
		if (*at == '\0')
			break;
	}
	*ret = policy;
	return 0;
}
