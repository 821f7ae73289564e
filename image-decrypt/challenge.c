/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/challenge.h"

#include <strings.h>

#include "common/http_url.h"
#include "common/rd.h"

enum { WORD_MAX_LEN = 64 };

#define BLANKS " \t"

static int malformed(cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "challenge-malformed", "the registry's WWW-Authenticate");
}

/* spec: RFC 9110 5.6.2 */
static bool token_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
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

/* Behind "NAME=". */
static void read_value(cof_rd *r, const char *name, cof_challenge *c)
{
	char value[COF_CHALLENGE_VALUE_MAX];
	uint8_t next = 0;
	skip_any(r, BLANKS);
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

/* spec: RFC 9110 11.2, token68: what some schemes have in parameters' place. Passed over where one stands. */
static void skip_token68(cof_rd *r)
{
	cof_rd ahead = *r;
	uint8_t c = 0;
	skip_any(&ahead, BLANKS);
	while (peek(&ahead, &c) && (token_char(c) || c == '/'))
		cof_rd_skip(&ahead, 1);
	skip_any(&ahead, "=");
	skip_any(&ahead, BLANKS);
	if (ahead.left == 0 || (peek(&ahead, &c) && c == ','))
		*r = ahead;
}

typedef struct reader {
	cof_rd r;
	cof_challenge now; /* under way */
	bool any, ours;	   /* a challenge has begun, in a scheme of ours */
	bool joined;	   /* no comma since the last parameter: nothing may follow */
	cof_challenge best;
	bool found;
} reader;

static void end_challenge(reader *in)
{
	if (in->ours && (!in->found || (in->best.scheme == COF_AUTH_BASIC && in->now.scheme == COF_AUTH_BEARER))) {
		in->best = in->now;
		in->found = true;
	}
}

static void begin_challenge(reader *in, const char *scheme)
{
	uint8_t c = 0;
	end_challenge(in);
	bool bearer = strcasecmp(scheme, "bearer") == 0;
	in->now = (cof_challenge){.scheme = bearer ? COF_AUTH_BEARER : COF_AUTH_BASIC};
	in->any = true;
	in->ours = bearer || strcasecmp(scheme, "basic") == 0;
	if (peek(&in->r, &c) && strchr(BLANKS ",", c) == NULL)
		cof_rd_fail(&in->r);
	skip_token68(&in->r);
	in->joined = false;
}

/* A word before "=" is a parameter's name, any other is a scheme. */
static void read_next(reader *in)
{
	char word[WORD_MAX_LEN];
	uint8_t next = 0;
	read_word(&in->r, word, sizeof word);
	cof_rd ahead = in->r;
	skip_any(&ahead, BLANKS);
	if (!peek(&ahead, &next) || next != '=') {
		begin_challenge(in, word);
		return;
	}
	if (!in->any)
		cof_rd_fail(&ahead);
	cof_rd_skip(&ahead, 1);
	in->r = ahead;
	read_value(&in->r, word, &in->now);
	in->joined = true;
}

static void skip_commas(reader *in)
{
	uint8_t c = 0;
	skip_any(&in->r, BLANKS);
	if (peek(&in->r, &c) && c == ',')
		in->joined = false;
	else if (in->joined && in->r.left > 0)
		cof_rd_fail(&in->r);
	skip_any(&in->r, BLANKS ",");
}

static bool realm_ok(const cof_challenge *c)
{
	cof_origin o;
	return strncmp(c->realm, "https://", 8) == 0 && strchr(c->realm, '#') == NULL &&
	       cof_origin_of(c->realm, &o, NULL) == 0;
}

int cof_challenge_parse(const char *header, cof_challenge *ret, cof_err *err)
{
	reader in = {.r = cof_rd_of(cof_span_str(header))};
	if (in.r.left > COF_CHALLENGE_MAX)
		return malformed(err);
	skip_commas(&in);
	while (cof_rd_ok(&in.r) && in.r.left > 0) {
		read_next(&in);
		skip_commas(&in);
	}
	end_challenge(&in);
	if (!cof_rd_end(&in.r) || !in.any)
		return malformed(err);
	if (!in.found)
		return cof_err_set(err, COF_E_POLICY, "challenge-unsupported",
				   "the registry asks for a login in no way that we speak (Basic, Bearer)");
	if (in.best.scheme == COF_AUTH_BEARER && !realm_ok(&in.best))
		return cof_err_set(err, COF_E_POLICY, "challenge-realm", "the registry's token server is not https");
	*ret = in.best;
	return 0;
}
