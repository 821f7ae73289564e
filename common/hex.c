/* SPDX-License-Identifier: Apache-2.0 */
#include "common/hex.h"

#include <limits.h>
#include <openssl/evp.h>

void cof_hex(cof_span in, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < in.len; i++) {
		out[2 * i] = digits[in.data[i] >> 4];
		out[2 * i + 1] = digits[in.data[i] & 15];
	}
	out[2 * in.len] = '\0';
}

char *cof_hex_dup(cof_span in)
{
	char *s = malloc(2 * in.len + 1);
	if (s != NULL)
		cof_hex(in, s);
	return s;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool decode_hex(const char *in, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int hi = nibble(in[2 * i]), lo = nibble(in[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return false;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

int cof_unhex_span(cof_span in, void *out, size_t len, cof_err *err)
{
	if (in.len == 2 * len && decode_hex((const char *)in.data, out, len))
		return 0;
	return cof_err_set(err, COF_E_MALFORMED, "bad-hex", "not %zu bytes of hex", len);
}

int cof_unhex(const char *in, void *out, size_t len, cof_err *err)
{
	return cof_unhex_span(cof_span_of(in, strnlen(in, 2 * len + 1)), out, len, err);
}

char *cof_b64_dup(cof_span in)
{
	if (in.len > INT_MAX / 2)
		return NULL;
	char *s = malloc((in.len + 2) / 3 * 4 + 1);
	if (s != NULL)
		(void)EVP_EncodeBlock((unsigned char *)s, in.data, (int)in.len);
	return s;
}

char *cof_b64url_dup(cof_span in)
{
	char *s = cof_b64_dup(in);
	if (s == NULL)
		return NULL;
	for (char *p = s; *p != '\0'; p++) {
		if (*p == '+')
			*p = '-';
		else if (*p == '/')
			*p = '_';
		else if (*p == '=')
			*p = '\0';
		if (*p == '\0')
			break;
	}
	return s;
}

/* The value of a digit in the alphabet whose last two digits are given; -1 for anything else. */
static int b64_value(uint8_t c, const char last[2])
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (uint8_t)last[0])
		return 62;
	return c == (uint8_t)last[1] ? 63 : -1;
}

static int bad_b64(cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "bad-base64", "not canonical base64");
}

/* in holds digits only; trailing bits that carry nothing must be zero, so that one value has one spelling. */
static int decode_b64(cof_span in, const char last[2], cof_buf *ret, cof_err *err)
{
	if (in.len % 4 == 1)
		return bad_b64(err);
	int r = cof_buf_reserve(ret, in.len / 4 * 3 + 2, err);
	if (r < 0)
		return r;
	uint32_t bits = 0;
	unsigned n = 0;
	for (size_t i = 0; i < in.len; i++) {
		int v = b64_value(in.data[i], last);
		if (v < 0)
			return bad_b64(err);
		bits = bits << 6 | (uint32_t)v;
		n += 6;
		if (n >= 8) {
			n -= 8;
			ret->data[ret->len++] = (uint8_t)(bits >> n);
			bits &= (1u << n) - 1;
		}
	}
	ret->data[ret->len] = 0;
	return bits == 0 ? 0 : bad_b64(err);
}

int cof_unb64(cof_span in, cof_buf *ret, cof_err *err)
{
	if (in.len % 4 != 0)
		return bad_b64(err);
	for (int pad = 0; pad < 2 && in.len > 0 && in.data[in.len - 1] == '='; pad++)
		in.len--;
	return decode_b64(in, "+/", ret, err);
}

int cof_unb64url(cof_span in, cof_buf *ret, cof_err *err)
{
	return decode_b64(in, "-_", ret, err);
}
