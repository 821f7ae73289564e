/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_config) c = {0};
	if (cof_config_parse(cof_span_of(data, len), &c, NULL) < 0)
		return 0;
	if (c.os == NULL || c.architecture == NULL || c.run.cwd == NULL || c.run.user == NULL ||
	    c.n_diff_ids > COF_LAYERS_MAX || (c.run.cwd[0] != '\0' && c.run.cwd[0] != '/'))
		abort();
	return 0;
}
