/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/policy.h"

#include <inttypes.h>

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
