/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile fetcher or unpacker may answer. */
#include "agent/roles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_role_manifest) m = {0};
	cof_unpack_report r;
	static const uint32_t types[] = {COF_ROLE_PROGRESS, COF_ROLE_DONE, COF_ROLE_LAYER_ERR};
	COF_AUTO(cof_msg) news = {0};
	cof_role_news n;
	(void)!cof_role_manifest_parse(cof_span_of(data, len), &m, NULL);
	(void)!cof_role_report_parse(cof_span_of(data, len), &r, NULL);
	if (cof_buf_add(&news.body, data, len, NULL) < 0)
		return 0;
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		news.type = types[i];
		(void)!cof_role_news_parse(&news, &n, NULL);
	}
	return 0;
}
