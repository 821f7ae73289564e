/* SPDX-License-Identifier: Apache-2.0 */
/* A key that is nobody's secret: its private half is 1, so that a corpus can hold messages that verify. */
#pragma once

#include <openssl/evp.h>

#include "attestation/token/jws.h"

/* spec: SEC 2: the base point of P-256 */
static const char nobodys_point[] =
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\","
	"\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}";

static inline EVP_PKEY *nobodys_key(void)
{
	COF_AUTO_PTR(json_t) jwk = NULL;
	EVP_PKEY *key = NULL;
	if (cof_json_parse(cof_span_str(nobodys_point), &jwk, NULL) < 0 || cof_jwk_read(jwk, &key, NULL) < 0)
		abort();
	return key;
}
