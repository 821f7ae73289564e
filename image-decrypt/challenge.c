/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/challenge.h"

#include <strings.h>

#include "common/rd.h"

enum { NAME_MAX_LEN = 32 };

static int malformed(cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "challenge-malformed", "the registry's WWW-Authenticate");
}

static bool token_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool peek(const cof_rd *r, uint8_t *ret)
{
	if (r->failed || r->left == 0)
		return false;
	*ret = *r->at;
	return true;
}

static void skip_any(cof_rd *r, const char *set)
{
	uint8_t c = 0;
	while (peek(r, &c) && c != 0 && strchr(set, c) != NULL)
		cof_rd_skip(r, 1);
}

/* Copies what fits; a longer word fails the cursor. */
static void put(cof_rd *r, char *out, size_t size, size_t *n, uint8_t c)
{
	if (*n + 1 >= size || c < 0x20 || c >= 0x7f)
		cof_rd_fail(r);
	else
		out[(*n)++] = (char)c;
}

static void read_word(cof_rd *r, char *out, size_t size)
{
	size_t n = 0;
	uint8_t c = 0;
	while (peek(r, &c) && token_char(c))
		put(r, out, size, &n, cof_rd_u8(r));
	out[n] = '\0';
	if (n == 0)
		cof_rd_fail(r);
}

static void read_quoted(cof_rd *r, char *out, size_t size)
{
	size_t n = 0;
	cof_rd_skip(r, 1);
	for (;;) {
		uint8_t c = cof_rd_u8(r);
		if (!cof_rd_ok(r) || c == '"')
			break;
		put(r, out, size, &n, c == '\\' ? cof_rd_u8(r) : c);
	}
	out[n] = '\0';
}

static char *member(cof_challenge *c, const char *name)
{
	const struct {
		const char *name;
		char *to;
	} known[] = {{"realm", c->realm}, {"service", c->service}, {"scope", c->scope}};
	for (size_t i = 0; i < COF_COUNT(known); i++)
		if (strcasecmp(name, known[i].name) == 0)
			return known[i].to;
	return NULL;
}

static void read_parameter(cof_rd *r, cof_challenge *c)
{
	char name[NAME_MAX_LEN], value[COF_CHALLENGE_VALUE_MAX];
	uint8_t next = 0;
	read_word(r, name, sizeof name);
	if (cof_rd_u8(r) != '=')
		cof_rd_fail(r);
	if (peek(r, &next) && next == '"')
		read_quoted(r, value, sizeof value);
	else
		read_word(r, value, sizeof value);
	char *to = member(c, name);
	if (!cof_rd_ok(r) || to == NULL)
		return;
	if (to[0] != '\0')
		cof_rd_fail(r); /* said twice */
	else
		memcpy(to, value, strlen(value) + 1);
}

static bool read_scheme(cof_rd *r, cof_auth_scheme *ret)
{
	char word[NAME_MAX_LEN];
	read_word(r, word, sizeof word);
	*ret = strcasecmp(word, "bearer") == 0 ? COF_AUTH_BEARER : COF_AUTH_BASIC;
	return cof_rd_ok(r) && (*ret == COF_AUTH_BEARER || strcasecmp(word, "basic") == 0);
}

int cof_challenge_parse(const char *header, cof_challenge *ret, cof_err *err)
{
	cof_challenge c = {0};
	cof_rd r = cof_rd_of(cof_span_str(header));
	if (r.left > COF_CHALLENGE_MAX || !read_scheme(&r, &c.scheme))
		return malformed(err);
	skip_any(&r, " \t");
	while (cof_rd_ok(&r) && r.left > 0) {
		read_parameter(&r, &c);
		skip_any(&r, " \t,");
	}
	if (!cof_rd_end(&r))
		return malformed(err);
	if (c.scheme == COF_AUTH_BEARER && strncmp(c.realm, "https://", 8) != 0)
		return cof_err_set(err, COF_E_POLICY, "challenge-realm", "the registry's token server is not https");
	*ret = c;
	return 0;
}
