/* SPDX-License-Identifier: Apache-2.0 */
/* Names of resources, as paths and as URIs. */
#include <stdio.h>

#include "common/kbs_proto.h"

static int bad(const char *text, cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "resource-path", "'%.64s' does not name a resource", text);
}

/* spec: KBS protocol "resource" plugin: [a-zA-Z0-9_-]+[a-zA-Z0-9_.-]*: so neither empty, nor "." nor ".." */
static bool segment(const char **at, char end, char out[COF_KBSP_SEGMENT_MAX + 1])
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	static const char rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
	const char *s = *at;
	size_t n = strspn(s, rest);
	if (n == 0 || n > COF_KBSP_SEGMENT_MAX || strspn(s, first) == 0 || s[n] != end)
		return false;
	memcpy(out, s, n);
	out[n] = '\0';
	*at = s + n + (end == '\0' ? 0 : 1);
	return true;
}

int cof_kbsp_path_parse(const char *text, cof_kbsp_path *ret, cof_err *err)
{
	cof_kbsp_path p = {0};
	const char *at = text;
	if (!segment(&at, '/', p.repo) || !segment(&at, '/', p.type) || !segment(&at, '\0', p.tag))
		return bad(text, err);
	*ret = p;
	return 0;
}

int cof_kbsp_uri_parse(const char *uri, cof_kbsp_path *ret, cof_err *err)
{
	static const char *const starts[] = {"kbs:///", "kbs+resource:///", "/"};
	for (size_t i = 0; i < COF_COUNT(starts); i++)
		if (strncmp(uri, starts[i], strlen(starts[i])) == 0)
			return cof_kbsp_path_parse(uri + strlen(starts[i]), ret, err);
	return bad(uri, err);
}

void cof_kbsp_path_str(const cof_kbsp_path *p, char out[COF_KBSP_PATH_STR])
{
	(void)snprintf(out, COF_KBSP_PATH_STR, "%s/%s/%s", p->repo, p->type, p->tag);
}

bool cof_kbsp_path_equal(const cof_kbsp_path *a, const cof_kbsp_path *b)
{
	return strcmp(a->repo, b->repo) == 0 && strcmp(a->type, b->type) == 0 && strcmp(a->tag, b->tag) == 0;
}

bool cof_kbsp_pattern_ok(const char *pattern)
{
	const char *ends = "//";
	for (;; ends++) {
		char word[COF_KBSP_SEGMENT_MAX + 1];
		bool star = pattern[0] == '*' && pattern[1] == *ends;
		if (!star && !segment(&pattern, *ends, word))
			return false;
		if (*ends == '\0')
			return true;
		pattern += star ? 2 : 0;
	}
}

static bool segment_matches(const char **pattern, const char *name)
{
	const char *at = *pattern;
	size_t n = strcspn(at, "/");
	*pattern = at + n + (at[n] == '/' ? 1 : 0);
	if (n == 1 && at[0] == '*')
		return true;
	return strlen(name) == n && strncmp(at, name, n) == 0;
}

bool cof_kbsp_pattern_matches(const char *pattern, const cof_kbsp_path *p)
{
	return segment_matches(&pattern, p->repo) && segment_matches(&pattern, p->type) &&
	       segment_matches(&pattern, p->tag);
}
