/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever parses prints to text that parses to the same, and holds nothing that a URL could read otherwise. */
#include "image-decrypt/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_FREE char *text = cof_span_dup_str(cof_span_of(data, len));
	char once[COF_REF_STR_MAX], twice[COF_REF_STR_MAX];
	cof_ref r, again;
	if (text == NULL || cof_ref_parse_docker(text, &r, NULL) < 0)
		return 0;
	cof_ref_str(&r, once);
	if (strpbrk(r.host, "/@?#\\ ") != NULL || strpbrk(r.repo, ":@?#\\% ") != NULL || strstr(r.repo, "..") != NULL)
		abort();
	if (cof_ref_parse(once, &again, NULL) < 0)
		abort();
	cof_ref_str(&again, twice);
	if (strcmp(once, twice) != 0)
		abort();
	return 0;
}
