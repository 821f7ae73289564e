/* SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include "common/http.h"

void cof_http_resp_release(cof_http_resp *r)
{
	cof_buf_release(&r->body);
	cof_buf_release(&r->headers);
	free(r->moved);
	*r = (cof_http_resp){0};
}

/* The value in the first line from *at on that has this name; *at goes behind it. */
static cof_span next_value(const char **at, const char *name)
{
	size_t n = strlen(name);
	for (const char *line = *at; *line != '\0'; line = *at) {
		size_t whole = strcspn(line, "\n");
		*at = line + whole + (line[whole] == '\n');
		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		const char *value = line + n + 1;
		value += strspn(value, " \t");
		size_t len = strcspn(value, "\r\n");
		while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
			len--;
		return cof_span_of(value, len);
	}
	return (cof_span){0};
}

char *cof_http_header(const cof_http_resp *r, const char *name)
{
	const char *at = cof_buf_str(&r->headers);
	cof_span value = next_value(&at, name);
	return value.data == NULL ? NULL : strndup((const char *)value.data, value.len);
}

char *cof_http_header_all(const cof_http_resp *r, const char *name)
{
	const char *at = cof_buf_str(&r->headers);
	COF_AUTO(cof_buf) all = {0};
	bool any = false;
	for (cof_span v; (v = next_value(&at, name)).data != NULL; any = true)
		if ((any && cof_buf_add_str(&all, ", ", NULL) < 0) || cof_buf_add(&all, v.data, v.len, NULL) < 0)
			return NULL;
	return any ? strdup(cof_buf_str(&all)) : NULL;
}
