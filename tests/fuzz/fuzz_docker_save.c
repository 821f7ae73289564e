/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.json of docker's archives: the first line is the image that is asked for. */
#include "image-decrypt/docker_save.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_docker_save) s = {0};
	size_t n = 0;
	while (n < len && data[n] != '\n')
		n++;
	COF_AUTO_FREE char *wanted = cof_span_dup_str(cof_span_of(data, n));
	if (n == len || wanted == NULL)
		return 0;
	if (cof_docker_save_parse(cof_span_of(data + n + 1, len - n - 1), wanted, &s, NULL) < 0)
		return 0;
	if (s.config == NULL || s.n_layers == 0 || s.n_layers > COF_LAYERS_MAX)
		abort();
	for (size_t i = 0; i < s.n_layers; i++)
		if (s.layers[i] == NULL)
			abort();
	return 0;
}
