/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest that is accepted holds entries that can be written again and then read as the same. */
#include <openssl/evp.h>

#include "attestation/refvalue/corim.h"
#include "tests/fuzz/nobody.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void same(const cof_rim_entry *a, const cof_rim_entry *b)
{
	COF_AUTO_PTR(json_t) x = NULL;
	COF_AUTO_PTR(json_t) y = NULL;
	if (cof_rim_entry_json(a, &x, NULL) < 0 || cof_rim_entry_json(b, &y, NULL) < 0 || !json_equal(x, y) ||
	    a->version != b->version)
		abort();
}

static void again(const cof_rim *rim)
{
	COF_AUTO(cof_buf) out = {0};
	COF_AUTO(cof_corim) c = {0};
	cof_err err = {0};
	cof_rim_tee tee = rim->entries[0].tee;
	if (cof_rim_check(rim, &err) < 0)
		abort();
	if (cof_corim_write(rim, tee, &out, &err) < 0) {
		if (!cof_err_is(&err, "rim-malformed")) /* the kind behind the longest id is too long */
			abort();
		return;
	}
	const cof_corim_in in = {.bytes = cof_buf_span(&out), .allow_unsigned = true, .now = rim->not_after};
	if (cof_corim_read(&in, &c, &err) < 0 || c.rim.n != cof_rim_count(rim, tee))
		abort();
	for (size_t i = 0, at = 0; i < rim->n; i++) {
		if (rim->entries[i].tee == tee)
			same(&rim->entries[i], &c.rim.entries[at++]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_corim) c = {0};
	EVP_PKEY *key = nobodys_key();
	EVP_PKEY *const keys[] = {key};
	cof_err err = {0};
	const cof_corim_in in = {
		.bytes = cof_span_of(data, len), .keys = keys, .n_keys = 1, .allow_unsigned = true, .now = 1800000000};
	if (cof_corim_read(&in, &c, &err) == 0)
		again(&c.rim);
	else if (err.reason[0] == '\0' || c.rim.n != 0)
		abort();
	EVP_PKEY_free(key);
	return 0;
}
