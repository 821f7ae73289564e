/* SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include "common/http.h"

void cof_http_resp_release(cof_http_resp *r)
{
	cof_buf_release(&r->body);
	cof_buf_release(&r->headers);
	*r = (cof_http_resp){0};
}

char *cof_http_header(const cof_http_resp *r, const char *name)
{
	size_t n = strlen(name);
	const char *line = cof_buf_str(&r->headers);
	for (; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		const char *value = line + n + 1;
		value += strspn(value, " \t");
		size_t len = strcspn(value, "\r\n");
		while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
			len--;
		return strndup(value, len);
	}
	return NULL;
}
