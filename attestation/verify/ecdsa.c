/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/ecdsa.h"

#include "common/der.h"

static bool fits(cof_span v)
{
	return v.len > 0 && v.len <= COF_ECDSA_NUMBER_MAX;
}

/* Without the zeros in front, but for the last byte: that one is the number 0. */
static cof_span shortest(cof_span v, uint8_t *ret_first)
{
	cof_rd r = cof_rd_of(v), look = r;
	*ret_first = cof_rd_u8(&look);
	while (*ret_first == 0 && look.left > 0) {
		r = look;
		*ret_first = cof_rd_u8(&look);
	}
	return cof_rd_rest(&r);
}

/* tag, length, a zero where the first bit is set, and the number */
static size_t integer_len(cof_span v)
{
	uint8_t first = 0;
	cof_span n = shortest(v, &first);
	return 2u + (first >> 7) + n.len;
}

static size_t put_integer(cof_span v, uint8_t *out)
{
	uint8_t first = 0;
	cof_span n = shortest(v, &first);
	size_t pad = first >> 7;
	out[0] = COF_DER_INTEGER;
	out[1] = (uint8_t)(n.len + pad);
	out[2] = 0;
	memcpy(out + 2 + pad, n.data, n.len);
	return 2 + pad + n.len;
}

size_t cof_ecdsa_der(cof_span r, cof_span s, uint8_t out[COF_ECDSA_DER_MAX])
{
	size_t at = 0;
	if (!fits(r) || !fits(s))
		return 0;
	size_t n = integer_len(r) + integer_len(s);
	out[at++] = COF_DER_SEQUENCE;
	if (n > 0x7f)
		out[at++] = 0x81; /* P-521 alone: the length has a byte of its own */
	out[at++] = (uint8_t)n;
	at += put_integer(r, out + at);
	return at + put_integer(s, out + at);
}

/* ---- range ---- */

/* source: NIST SP 800-186, 3.2.1 */
static const uint8_t p256[] = {
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};
static const uint8_t p384[] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
	0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
};
static const uint8_t p521[] = {
	0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfa,
	0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b, 0x7f, 0xcc, 0x01, 0x48, 0xf7, 0x09, 0xa5, 0xd0, 0x3b,
	0xb5, 0xc9, 0xb8, 0x89, 0x9c, 0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38, 0x64, 0x09,
};

cof_span cof_ecdsa_order(int bits)
{
	switch (bits) {
	case 256:
		return cof_span_of(p256, sizeof p256);
	case 384:
		return cof_span_of(p384, sizeof p384);
	case 521:
		return cof_span_of(p521, sizeof p521);
	default:
		return (cof_span){0};
	}
}

bool cof_ecdsa_in_range(cof_span v, cof_span order)
{
	uint8_t first = 0;
	size_t i = 0;
	if (v.len == 0 || v.len > order.len)
		return false;
	cof_span n = shortest(v, &first);
	if (first == 0 || n.len < order.len)
		return first != 0;
	while (i < n.len && n.data[i] == order.data[i])
		i++;
	return i < n.len && n.data[i] < order.data[i];
}
