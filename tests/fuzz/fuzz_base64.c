/* SPDX-License-Identifier: Apache-2.0 */
/* Strict base64: whatever decodes encodes back to the same text. */
#include "common/hex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void same_text(const char *text, const uint8_t *data, size_t len)
{
	if (text == NULL || strlen(text) != len || (len > 0 && memcmp(text, data, len) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_buf) std = {0};
	COF_AUTO(cof_buf) url = {0};
	if (cof_unb64(cof_span_of(data, len), &std, NULL) == 0) {
		COF_AUTO_FREE char *text = cof_b64_dup(cof_buf_span(&std));
		same_text(text, data, len);
	}
	if (cof_unb64url(cof_span_of(data, len), &url, NULL) == 0) {
		COF_AUTO_FREE char *text = cof_b64url_dup(cof_buf_span(&url));
		same_text(text, data, len);
	}
	return 0;
}
