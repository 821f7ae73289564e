/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's answers: tokens, errors, refusals. */
#include "common/kbs_proto.h"

enum { TOKEN_MAX = 128 << 10, ERROR_MAX = 64 << 10, PCR_MAX = 23 };

/* --- token --- */

int cof_kbsp_token_make(const char *jwt, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = json_pack("{s:s}", "token", jwt);
	return doc == NULL ? cof_err_oom(err) : cof_json_dump(doc, ret, err);
}

/* It goes into a header of our next request, so nothing but its alphabet may be in it. */
static bool compact_jws(const char *s)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t a = strspn(s, alphabet);
	if (a == 0 || s[a] != '.')
		return false;
	size_t b = strspn(s + a + 1, alphabet);
	if (b == 0 || s[a + 1 + b] != '.')
		return false;
	const char *last = s + a + 1 + b + 1;
	size_t c = strspn(last, alphabet);
	return c > 0 && last[c] == '\0';
}

int cof_kbsp_token_parse(cof_span body, char **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	const char *token = NULL;
	if (body.len > TOKEN_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "kbs-too-large", "a token of %zu bytes", body.len);
	int r = cof_json_parse(body, &doc, err);
	if (r == 0)
		r = cof_json_str(doc, "token", &token, err);
	if (r < 0)
		return r;
	if (!compact_jws(token))
		return cof_err_set(err, COF_E_MALFORMED, "kbs-token", "what the broker calls a token is none");
	char *copy = strdup(token);
	if (copy == NULL)
		return cof_err_oom(err);
	*ret = copy;
	return 0;
}

/* --- errors --- */

static int put_text(json_t *obj, const char *key, const char *value, cof_err *err)
{
	return value[0] == '\0' ? 0 : cof_json_set_str(obj, key, value, err);
}

int cof_kbsp_error_make(const cof_kbsp_refusal *why, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) type = {0};
	COF_AUTO_PTR(json_t) doc = json_object();
	int r = doc == NULL ? cof_err_oom(err) : cof_buf_printf(&type, err, COF_KBSP_ERROR_TYPE "%s", why->variant);
	if (r == 0)
		r = cof_json_set_str(doc, "type", cof_buf_str(&type), err);
	if (r == 0)
		r = cof_json_set_str(doc, "detail", why->detail, err);
	if (r == 0)
		r = put_text(doc, "reason", why->reason, err);
	if (r == 0 && why->pcr >= 0)
		r = cof_json_set_new(doc, "pcr", json_integer(why->pcr), err);
	if (r == 0)
		r = put_text(doc, "event", why->event, err);
	if (r == 0)
		r = put_text(doc, "expected", why->expected, err);
	if (r == 0)
		r = put_text(doc, "found", why->found, err);
	return r < 0 ? r : cof_json_dump(doc, ret, err);
}

/* Bytes that a terminal or a log may not like become '?'; a value that is absent or no string is "". */
static void take_text(const json_t *obj, const char *key, char *out, size_t size)
{
	const char *s = json_string_value(json_object_get(obj, key));
	size_t n = 0;
	for (; s != NULL && s[n] != '\0' && n + 1 < size; n++)
		out[n] = (char)(s[n] >= 0x20 && s[n] < 0x7f ? s[n] : '?');
	out[n] = '\0';
}

/* A word for programs: anything else is as good as none. */
static void take_word(const json_t *obj, const char *key, char *out, size_t size)
{
	const char *s = json_string_value(json_object_get(obj, key));
	out[0] = '\0';
	if (s == NULL || strlen(s) >= size || s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
		return;
	memcpy(out, s, strlen(s) + 1);
}

static int take_pcr(const json_t *obj)
{
	const json_t *v = json_object_get(obj, "pcr");
	json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;
	return n >= 0 && n <= PCR_MAX ? (int)n : -1;
}

static void take_refusal(const json_t *v, cof_kbsp_refusal *ret)
{
	take_word(v, "reason", ret->reason, sizeof ret->reason);
	take_text(v, "event", ret->event, sizeof ret->event);
	take_text(v, "expected", ret->expected, sizeof ret->expected);
	take_text(v, "found", ret->found, sizeof ret->found);
	ret->pcr = take_pcr(v);
}

static void take_variant(const json_t *v, cof_kbsp_refusal *ret)
{
	char type[160];
	take_text(v, "type", type, sizeof type);
	const char *slash = strrchr(type, '/');
	const char *name = slash == NULL ? type : slash + 1;
	size_t n = strnlen(name, sizeof ret->variant - 1);
	memcpy(ret->variant, name, n);
	ret->variant[n] = '\0';
}

int cof_kbsp_error_parse(cof_span body, cof_kbsp_refusal *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	if (body.len > ERROR_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "kbs-too-large", "an error of %zu bytes", body.len);
	int r = cof_json_parse(body, &doc, err);
	if (r < 0)
		return r;
	if (!json_is_object(doc) || !json_is_string(json_object_get(doc, "type")))
		return cof_err_set(err, COF_E_MALFORMED, "kbs-error", "no error of a key broker");
	cof_kbsp_refusal why = {0};
	take_refusal(doc, &why);
	take_variant(doc, &why);
	take_text(doc, "detail", why.detail, sizeof why.detail);
	*ret = why;
	return 0;
}

/* --- the refusal alone --- */

static int put_or_null(json_t *obj, const char *key, const char *value, cof_err *err)
{
	return cof_json_set_str(obj, key, value[0] == '\0' ? NULL : value, err);
}

int cof_kbsp_refusal_json(const cof_kbsp_refusal *why, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = json_object();
	int r = doc == NULL ? cof_err_oom(err) : put_or_null(doc, "reason", why->reason, err);
	if (r == 0)
		r = cof_json_set_new(doc, "pcr", why->pcr < 0 ? json_null() : json_integer(why->pcr), err);
	if (r == 0)
		r = put_or_null(doc, "event", why->event, err);
	if (r == 0)
		r = put_or_null(doc, "expected", why->expected, err);
	if (r == 0)
		r = put_or_null(doc, "found", why->found, err);
	if (r < 0)
		return r;
	*ret = cof_steal(&doc);
	return 0;
}

int cof_kbsp_refusal_from_json(const json_t *v, cof_kbsp_refusal *ret, cof_err *err)
{
	if (!json_is_object(v))
		return cof_err_set(err, COF_E_MALFORMED, "json-type", "a refusal that is no object");
	cof_kbsp_refusal why = {0};
	take_refusal(v, &why);
	*ret = why;
	return 0;
}
