/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_signed.h"

#include "common/hex.h"
#include "common/rd.h"
#include "common/secret.h"

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "signed-json-malformed", "signed JSON: %s", what);
}

/* The next byte without taking it; 0 at the end, where JSON has none. */
static uint8_t peek(const cof_rd *r)
{
	cof_rd look = *r;
	return look.left > 0 ? cof_rd_u8(&look) : 0;
}

static void skip_space(cof_rd *r)
{
	for (uint8_t c = peek(r); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(r))
		cof_rd_skip(r, 1);
}

/* Takes exactly this byte and the white space before it; the cursor fails on another. */
static void expect(cof_rd *r, uint8_t c)
{
	skip_space(r);
	if (cof_rd_u8(r) != c)
		cof_rd_fail(r);
}

/* What stands between quotes, with escapes as they are: none of the names and numbers here needs one. */
static cof_span take_string(cof_rd *r)
{
	expect(r, '"');
	cof_rd look = *r;
	size_t n = 0;
	for (uint8_t c = cof_rd_u8(&look); cof_rd_ok(&look) && c != '"'; c = cof_rd_u8(&look)) {
		n++;
		if (c == '\\') {
			cof_rd_skip(&look, 1);
			n++;
		}
	}
	cof_span s = cof_rd_bytes(r, n);
	cof_rd_skip(r, 1);
	return s;
}

/* An object as text: brackets are counted outside of strings, the JSON parser judges the rest later. */
static cof_span take_object(cof_rd *r)
{
	skip_space(r);
	if (peek(r) != '{')
		cof_rd_fail(r);
	cof_rd look = *r;
	size_t depth = 0;
	do {
		if (peek(&look) == '"') {
			(void)take_string(&look);
			continue;
		}
		uint8_t c = cof_rd_u8(&look);
		depth = c == '{' ? depth + 1 : c == '}' ? depth - 1 : depth;
	} while (depth > 0 && cof_rd_ok(&look));
	if (!cof_rd_ok(&look))
		cof_rd_fail(r);
	return cof_rd_bytes(r, cof_rd_ok(r) ? r->left - look.left : 0);
}

static int take_signature(cof_rd *r, cof_tdx_signed *s, cof_err *err)
{
	cof_span hex = take_string(r);
	COF_AUTO_FREE char *text = cof_span_dup_str(hex);
	if (!cof_rd_ok(r) || text == NULL || cof_unhex(text, s->signature, sizeof s->signature, NULL) < 0)
		return malformed(err, "the signature is not 128 hex digits");
	return 0;
}

static int take_member(cof_rd *r, const char *member, cof_tdx_signed *s, bool *has_signature, cof_err *err)
{
	cof_span key = take_string(r);
	expect(r, ':');
	if (cof_rd_ok(r) && !*has_signature && cof_ct_equal(key, cof_span_str("signature"))) {
		*has_signature = true;
		return take_signature(r, s, err);
	}
	if (!cof_rd_ok(r) || s->text.len > 0 || !cof_ct_equal(key, cof_span_str(member)))
		return malformed(err, "a member that does not belong there");
	s->text = take_object(r);
	return cof_rd_ok(r) ? 0 : malformed(err, "the signed object has no end");
}

int cof_tdx_signed_parse(cof_span in, const char *member, cof_tdx_signed *ret, cof_err *err)
{
	cof_tdx_signed s = {0};
	bool has_signature = false;
	cof_rd r = cof_rd_of(in);
	if (in.len > COF_TDX_SIGNED_MAX)
		return malformed(err, "size");
	expect(&r, '{');
	int rc = take_member(&r, member, &s, &has_signature, err);
	if (rc == 0) {
		expect(&r, ',');
		rc = take_member(&r, member, &s, &has_signature, err);
	}
	if (rc < 0)
		return rc;
	expect(&r, '}');
	skip_space(&r);
	if (!cof_rd_end(&r))
		return malformed(err, "something behind its two members");
	*ret = s;
	return 0;
}
