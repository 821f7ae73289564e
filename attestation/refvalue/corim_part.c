/* SPDX-License-Identifier: Apache-2.0 */
/* What every profile is made of: digests, identifiers, raw values. */
#include "attestation/refvalue/corim_int.h"
#include "common/hex.h"
#include "common/rd.h"
#include "common/secret.h"

enum { OID_MAX = 127 };

static const struct {
	int64_t alg;
	const char *name;
	size_t len;
} algs[] = {{COF_CORIM_SHA256, "sha-256", COF_SHA256_LEN},
	    {COF_CORIM_SHA384, "sha-384", COF_SHA384_LEN},
	    {8, "sha-512", COF_SHA512_LEN}};

int cof_corim_malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "corim-malformed", "CoRIM: %s", what);
}

int cof_corim_unsupported(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_POLICY, "corim-unsupported", "CoRIM: %s: no place for it", what);
}

int cof_corim_only(const cof_cbor *map, const int64_t *keys, size_t n, const char *what, cof_err *err)
{
	size_t count = 0;
	if (!cof_cbor_map(map, &count))
		return cof_corim_malformed(err, what);
	if (!cof_cbor_only(map, keys, n))
		return cof_err_set(err, COF_E_POLICY, "corim-unsupported", "CoRIM: %s has a member without a place",
				   what);
	return 0;
}

bool cof_corim_oid_is(const cof_cbor *v, cof_span oid)
{
	cof_span got;
	if (!cof_cbor_bytes(cof_cbor_untag(v, COF_CORIM_TAG_OID), &got))
		return false;
	cof_rd r = cof_rd_of(got);
	if (got.len == oid.len + 2 && oid.len <= OID_MAX && (cof_rd_u8(&r) != 0x06 || cof_rd_u8(&r) != oid.len))
		return false;
	return cof_ct_equal(cof_rd_rest(&r), oid);
}

bool cof_corim_text_is(const cof_cbor *v, const char *want)
{
	cof_span got;
	return cof_cbor_text(v, &got) && cof_ct_equal(got, cof_span_str(want));
}

/* The row of a digest's algorithm; the number of rows when there is none. */
static size_t alg_row(const cof_cbor *v)
{
	int64_t n = 0;
	size_t i = 0;
	for (; i < COF_COUNT(algs); i++) {
		if ((cof_cbor_int(v, &n) && n == algs[i].alg) || cof_corim_text_is(v, algs[i].name))
			break;
	}
	return i;
}

int cof_corim_digest(const cof_cbor *v, int64_t alg, uint8_t *ret, cof_err *err)
{
	size_t n = 0, row = alg_row(cof_cbor_at(v, 0));
	cof_span bytes;
	if (!cof_cbor_array(v, &n) || n != 2 || !cof_cbor_bytes(cof_cbor_at(v, 1), &bytes))
		return cof_corim_malformed(err, "a digest");
	if (row == COF_COUNT(algs))
		return cof_corim_unsupported(err, "a digest's algorithm");
	if (bytes.len != algs[row].len)
		return cof_corim_malformed(err, "a digest's length is not its algorithm's");
	if (algs[row].alg != alg)
		return cof_corim_unsupported(err, "a digest of another algorithm");
	memcpy(ret, bytes.data, bytes.len);
	return 0;
}

/* Each algorithm once: of two digests by one, nobody could say which holds. */
static int check_digests(const cof_cbor *v, size_t n, int64_t alg, size_t *ret_at, cof_err *err)
{
	bool seen[COF_COUNT(algs)] = {false};
	*ret_at = n;
	for (size_t i = 0; i < n; i++) {
		uint8_t bytes[COF_DIGEST_MAX];
		size_t row = alg_row(cof_cbor_at(cof_cbor_at(v, i), 0));
		int rc = cof_corim_digest(cof_cbor_at(v, i), row < COF_COUNT(algs) ? algs[row].alg : alg, bytes, err);
		if (rc < 0)
			return rc;
		if (seen[row])
			return cof_corim_malformed(err, "two digests of one algorithm");
		seen[row] = true;
		if (algs[row].alg == alg)
			*ret_at = i;
	}
	return 0;
}

int cof_corim_digests(const cof_cbor *v, int64_t alg, uint8_t *ret, cof_err *err)
{
	size_t n = 0, at = 0;
	if (!cof_cbor_array(v, &n) || n == 0)
		return cof_corim_malformed(err, "a list of digests");
	int rc = check_digests(v, n, alg, &at, err);
	if (rc < 0)
		return rc;
	return at < n ? cof_corim_digest(cof_cbor_at(v, at), alg, ret, err)
		      : cof_corim_unsupported(err, "a digest of another algorithm");
}

/* spec: RFC 9562, 4 */
void cof_corim_uuid(cof_span bytes, char ret[37])
{
	static const size_t groups[] = {4, 2, 2, 2, 6};
	cof_rd r = cof_rd_of(bytes);
	for (size_t i = 0; i < COF_COUNT(groups); i++) {
		if (i > 0)
			*ret++ = '-';
		cof_hex(cof_rd_bytes(&r, groups[i]), ret);
		ret += 2 * groups[i];
	}
}

void cof_corim_put_oid(cof_wr *w, cof_span oid)
{
	cof_cbor_put_tag(w, COF_CORIM_TAG_OID);
	cof_cbor_put_bytes(w, oid);
}

void cof_corim_put_digest(cof_wr *w, int64_t alg, cof_span bytes)
{
	cof_cbor_put_array(w, 2);
	cof_cbor_put_int(w, alg);
	cof_cbor_put_bytes(w, bytes);
}

void cof_corim_put_digests(cof_wr *w, int64_t alg, cof_span bytes)
{
	cof_cbor_put_array(w, 1);
	cof_corim_put_digest(w, alg, bytes);
}

void cof_corim_put_class(cof_wr *w, const char *vendor, const char *model)
{
	cof_cbor_put_map(w, 1);
	cof_cbor_put_uint(w, 0);
	cof_cbor_put_map(w, 2);
	cof_cbor_put_uint(w, COF_CORIM_VENDOR);
	cof_cbor_put_text(w, vendor);
	cof_cbor_put_uint(w, COF_CORIM_MODEL);
	cof_cbor_put_text(w, model);
}
