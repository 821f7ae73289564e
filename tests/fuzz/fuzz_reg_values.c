/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/regvalues.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_reg_values v;
	cof_err err;
	if (cof_reg_values_parse((cof_span){data, len}, &v, &err) < 0)
		return 0;
	for (size_t bank = 0; bank < COF_REG_BANKS; bank++) {
		for (uint32_t reg = 0; reg < 32; reg++) {
			if ((v.has[bank] >> reg & 1) != 0 &&
			    (reg >= COF_REGS_MAX || v.at[bank][reg].alg != (cof_hash)bank))
				abort();
		}
	}
	return 0;
}
