/* SPDX-License-Identifier: Apache-2.0 */
/* set-reference calls with a CoRIM: an author, what it signs, and the body that an admin sends. */
#pragma once

#include "tests/unit/test.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <time.h>

#include "attestation/kbs/admin_client.h"
#include "attestation/refvalue/corim.h"
#include "tests/unit/refvalue/make_rim.h"
#include "tests/unit/refvalue/pem.h"

static inline EVP_PKEY *corim_author(void)
{
	EVP_PKEY *k = EVP_EC_gen("P-384");
	assert_non_null(k);
	return k;
}

/* good_for: seconds from now; 0: for ever, negative: it was over before. */
static inline void corim_file(cof_rim *r, cof_rim_tee tee, EVP_PKEY *author, int good_for, cof_buf *ret)
{
	const cof_corim_signer by = {.key = author, .name = "guest image author"};
	assert_ok(cof_rim_set_id(r, cof_span_str("guest-0.1.0"), &err));
	r->not_after = good_for == 0 ? 0 : (int64_t)time(NULL) + good_for;
	assert_ok(cof_corim_sign(r, tee, &by, ret, &err));
}

static inline void corim_body(cof_rim *r, cof_rim_tee tee, EVP_PKEY *author, int good_for, cof_buf *ret)
{
	COF_AUTO(cof_buf) file = {0};
	COF_AUTO(cof_buf) pem = {0};
	corim_file(r, tee, author, good_for, &file);
	pem_public(author, &pem);
	assert_ok(cof_admin_body_corim(cof_buf_span(&file), cof_buf_span(&pem), ret, &err));
}
