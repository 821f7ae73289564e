/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/token.h"

#include "common/json.h"

enum { LIFE_S = 60, LIFE_MAX_S = 24 * 3600 };

/* --- asking --- */

static bool url_safe(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       c == '.' || c == '~';
}

static int add_escaped(cof_buf *to, cof_span value, cof_err *err)
{
	static const char digits[] = "0123456789ABCDEF";
	int r = 0;
	for (size_t i = 0; r == 0 && i < value.len; i++) {
		uint8_t c = value.data[i];
		const char escaped[] = {'%', digits[c / 16], digits[c % 16]};
		r = url_safe(c) ? cof_buf_add(to, &c, 1, err) : cof_buf_add(to, escaped, sizeof escaped, err);
	}
	return r;
}

static int add_pair(cof_buf *to, char before, const char *name, cof_span value, cof_err *err)
{
	if (value.len == 0)
		return 0;
	int r = before == '\0' ? 0 : cof_buf_add(to, &before, 1, err);
	if (r == 0)
		r = cof_buf_add_str(to, name, err);
	if (r == 0)
		r = cof_buf_add(to, "=", 1, err);
	return r < 0 ? r : add_escaped(to, value, err);
}

int cof_token_url(const cof_challenge *c, const char *scope, cof_buf *ret, cof_err *err)
{
	char before = strchr(c->realm, '?') != NULL ? '&' : '?';
	int r = cof_buf_add_str(ret, c->realm, err);
	if (r == 0)
		r = add_pair(ret, before, "service", cof_span_str(c->service), err);
	if (c->service[0] != '\0')
		before = '&';
	return r < 0 ? r : add_pair(ret, before, "scope", cof_span_str(scope), err);
}

int cof_token_form(const cof_challenge *c, const char *scope, const cof_secret *identity, cof_secret *ret, cof_err *err)
{
	const struct {
		const char *name;
		cof_span value;
	} pairs[] = {
		{"grant_type", cof_span_str("refresh_token")}, {"client_id", cof_span_str("coffer")},
		{"service", cof_span_str(c->service)},	       {"scope", cof_span_str(scope)},
		{"refresh_token", cof_secret_span(identity)},
	};
	COF_AUTO(cof_buf) form = {0};
	/* Once at its full size: what grows leaves copies behind. */
	int r = cof_buf_reserve(&form, 3 * (strlen(c->service) + strlen(scope) + identity->len) + 256, err);
	for (size_t i = 0; r == 0 && i < COF_COUNT(pairs); i++)
		r = add_pair(&form, i == 0 ? '\0' : '&', pairs[i].name, pairs[i].value, err);
	if (r == 0)
		r = cof_secret_from(ret, cof_buf_span(&form), err);
	cof_buf_wipe(&form);
	return r;
}

/* --- the answer --- */

/* spec: RFC 6750 2.1: b64token */
static bool token_ok(const char *token)
{
	size_t n = strlen(token), i = 0;
	while (i < n && (url_safe((uint8_t)token[i]) || token[i] == '+' || token[i] == '/'))
		i++;
	bool some = i > 0;
	i += strspn(token + i, "=");
	return some && i == n && n <= COF_TOKEN_MAX;
}

/* A server that wants it back at once means the shortest life that clients know; nobody's is believed for longer than a
 * day. The last tenth is left, so that a token does not end on its way. */
static int take_life(const json_t *doc, int64_t *ret_ms, cof_err *err)
{
	const json_t *v = json_object_get(doc, "expires_in");
	if (v != NULL && !json_is_integer(v))
		return cof_err_set(err, COF_E_MALFORMED, "json-type", "\"expires_in\" is no integer");
	json_int_t s = v == NULL ? LIFE_S : json_integer_value(v);
	if (s < LIFE_S)
		s = LIFE_S;
	if (s > LIFE_MAX_S)
		s = LIFE_MAX_S;
	*ret_ms = (int64_t)s * 900;
	return 0;
}

int cof_token_parse(cof_span answer, cof_secret *ret, int64_t *ret_life_ms, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	const char *token = NULL;
	/* The parser's own words may quote the token. */
	if (answer.len > COF_TOKEN_ANSWER_MAX || cof_json_parse(answer, &doc, NULL) < 0)
		return cof_err_set(err, COF_E_MALFORMED, "json-malformed", "the token server's answer");
	int r = cof_json_opt_str(doc, "token", &token, err);
	if (r == 0 && (token == NULL || token[0] == '\0'))
		r = cof_json_str(doc, "access_token", &token, err);
	if (r == 0)
		r = take_life(doc, ret_life_ms, err);
	if (r < 0)
		return cof_err_wrap(err, "the token server's answer");
	if (!token_ok(token))
		return cof_err_set(err, COF_E_MALFORMED, "token-malformed", "the token server's token is none");
	return cof_secret_from(ret, cof_span_str(token), err);
}
