/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/token/jwk.h"

#include "attestation/token/jws.h"

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "jwk-malformed", "key: %s", what);
}

/* spec: RFC 7517, 4.2 and 4.3 */
static int check_use(const json_t *jwk, cof_err *err)
{
	const json_t *use = json_object_get(jwk, "use"), *ops = json_object_get(jwk, "key_ops");
	const json_t *op = json_array_get(ops, 0);
	if (use != NULL && (!json_is_string(use) || strcmp(json_string_value(use), "sig") != 0))
		return malformed(err, "it is not for signatures");
	if (ops != NULL &&
	    (json_array_size(ops) != 1 || !json_is_string(op) || strcmp(json_string_value(op), "verify") != 0))
		return malformed(err, "it is not for verifying");
	return 0;
}

int cof_jwk_parse(cof_span text, EVP_PKEY **ret, cof_err *err)
{
	static const char *const known[] = {"kty", "crv", "x", "y", "alg", "kid", "use", "key_ops", NULL};
	COF_AUTO_PTR(json_t) jwk = NULL;
	if (text.len > COF_JWK_MAX)
		return malformed(err, "too large");
	if (cof_json_parse(text, &jwk, NULL) < 0 || !json_is_object(jwk))
		return malformed(err, "not one JSON object");
	if (json_object_get(jwk, "d") != NULL)
		return malformed(err, "it holds the private half");
	if (cof_json_only(jwk, known, NULL) < 0)
		return malformed(err, "a member that is not known");
	int rc = check_use(jwk, err);
	return rc < 0 ? rc : cof_jwk_read(jwk, ret, err);
}
