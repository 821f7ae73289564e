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
	if (!fits(r) || !fits(s))
		return 0;
	size_t n = put_integer(r, out + 2);
	n += put_integer(s, out + 2 + n);
	out[0] = COF_DER_SEQUENCE;
	out[1] = (uint8_t)n;
	return n + 2;
}
