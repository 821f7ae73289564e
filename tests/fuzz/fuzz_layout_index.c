/* SPDX-License-Identifier: Apache-2.0 */
/* index.json of a layout as a document: looked up, changed, written and read again. */
#include "image-decrypt/layout_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const tags[] = {"", "latest", "v1"};
	const cof_digest d = {.alg = COF_SHA256};
	COF_AUTO_PTR(json_t) index = NULL;
	COF_AUTO_PTR(json_t) again = NULL;
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_desc) found = {0};
	(void)!cof_layout_version_check(cof_span_of(data, len), NULL);
	if (cof_layout_index_parse(cof_span_of(data, len), &index, NULL) < 0)
		return 0;
	for (size_t i = 0; i < COF_COUNT(tags); i++) {
		COF_AUTO(cof_desc) one = {0};
		(void)!cof_layout_index_find(index, tags[i], &one, NULL);
	}
	if (cof_layout_index_set(index, "v1", "x/y", &d, 7, NULL) < 0)
		return 0;
	if (cof_json_dump(index, &text, NULL) < 0)
		abort();
	if (cof_layout_index_parse(cof_buf_span(&text), &again, NULL) < 0)
		return 0; /* one entry too many, or deeper than may be */
	if (cof_layout_index_find(again, "v1", &found, NULL) < 0 || !cof_digest_equal(&found.digest, &d))
		abort();
	return 0;
}
