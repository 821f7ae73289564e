/* SPDX-License-Identifier: Apache-2.0 */
/* No document is both index and manifest, and what is accepted keeps the limits. */
#include "image-decrypt/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_image_manifest) m = {0};
	COF_AUTO(cof_desc) d = {0};
	cof_span in = {data, len};
	cof_media_kind kind;
	bool index = cof_index_select(in, COF_PLATFORM_DEFAULT, &d, NULL) == 0;
	bool manifest = cof_image_manifest_parse(in, &m, NULL) == 0;
	if (manifest && (index || cof_image_manifest_kind(in, NULL, &kind, NULL) < 0 || kind != COF_MEDIA_MANIFEST))
		abort();
	if (manifest && (m.n_layers == 0 || m.n_layers > COF_LAYERS_MAX))
		abort();
	for (size_t i = 0; i < m.n_layers; i++)
		if (m.layers[i].media == NULL || m.layers[i].media->kind != COF_MEDIA_LAYER ||
		    m.layers[i].size > INT64_MAX)
			abort();
	return 0;
}
