/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts table, one line for each line of the input; and what is made of a good one. */
#include "agent/hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const ports[] = {"443", NULL};
	COF_AUTO_FREE char *text = cof_span_dup_str(cof_span_of(data, len));
	COF_AUTO(cof_hosts) h = {0};
	COF_AUTO(cof_buf) file = {0};
	char *lines[128], *state = NULL, **words = NULL;
	size_t n = 0;
	if (text == NULL)
		return 0;
	for (char *l = strtok_r(text, "\n", &state); l != NULL && n < COF_COUNT(lines);
	     l = strtok_r(NULL, "\n", &state))
		lines[n++] = l;
	if (cof_hosts_parse(lines, n, &h, NULL) < 0)
		return 0;
	(void)!cof_hosts_file(&h, "self", &file, NULL);
	if (cof_hosts_resolve(&h, ports, &words, NULL) == 0)
		cof_hosts_resolve_free(words);
	return 0;
}
