/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/register.h"

#include <stdio.h>

uint32_t cof_reg_count(cof_log_kind kind)
{
	return kind == COF_LOG_CCEL ? COF_CC_REGS : COF_PCRS;
}

bool cof_reg_is_extended(cof_log_kind kind, uint32_t reg)
{
	return reg < cof_reg_count(kind) && (kind != COF_LOG_CCEL || reg > 0);
}

bool cof_reg_in(cof_reg_set set, uint32_t reg)
{
	return reg < COF_REGS_MAX && (set >> reg & 1) != 0;
}

void cof_reg_name(cof_log_kind kind, uint32_t reg, char out[COF_REG_NAME_MAX])
{
	if (kind == COF_LOG_TPM)
		(void)snprintf(out, COF_REG_NAME_MAX, "PCR %u", reg % COF_PCRS);
	else if (reg == 0)
		(void)snprintf(out, COF_REG_NAME_MAX, "MRTD");
	else
		(void)snprintf(out, COF_REG_NAME_MAX, "RTMR%u", (reg - 1) % COF_CC_REGS);
}

void cof_reg_start(cof_log_kind kind, cof_hash bank, uint32_t reg, uint8_t locality, cof_digest *ret)
{
	cof_digest d = {.alg = bank};
	/* spec: TCG PC Client PTP 4.6: 17-22 are reset to ones until a dynamic launch */
	bool ones = kind == COF_LOG_TPM && reg >= 17 && reg <= 22;
	memset(d.bytes, ones ? 0xff : 0, cof_hash_len(bank));
	if (kind == COF_LOG_TPM && reg == 0)
		d.bytes[cof_hash_len(bank) - 1] = locality;
	*ret = d;
}

int cof_reg_extend(cof_digest *reg, const cof_digest *digest, cof_err *err)
{
	uint8_t both[2 * COF_DIGEST_MAX];
	size_t n = cof_hash_len(reg->alg);
	if (reg->alg != digest->alg)
		return cof_err_set(err, COF_E_INTERNAL, "digest-bank", "a %s digest cannot extend a %s register",
				   cof_hash_name(digest->alg), cof_hash_name(reg->alg));
	memcpy(both, reg->bytes, n);
	memcpy(both + n, digest->bytes, n);
	return cof_digest_of(reg->alg, cof_span_of(both, 2 * n), reg, err);
}
