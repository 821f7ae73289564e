/* SPDX-License-Identifier: Apache-2.0 */
/* A token of a stranger under a key that signed nothing, and the same bytes as a claims set in each dialect. */
#include <openssl/evp.h>

#include "attestation/token/ear.h"
#include "attestation/token/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* spec: SEC 2: the base point of P-256; its private key is 1, so it is nobody's secret, only nobody signs with it */
static const char point[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\","
			    "\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}";

static void check_token(cof_span in)
{
	COF_AUTO_PTR(json_t) jwk = NULL;
	COF_AUTO_PTR(json_t) payload = NULL;
	EVP_PKEY *key = NULL;
	cof_err err = {0};
	if (cof_json_parse(cof_span_str(point), &jwk, &err) < 0 || cof_jwk_read(jwk, &key, &err) < 0)
		abort();
	if (cof_jws_verify(in, key, NULL, &payload, &err) == 0 || err.reason[0] == '\0')
		abort();
	EVP_PKEY_free(key);
}

static void check_claims(cof_span in)
{
	static const char *const profiles[] = {COF_EAR_PROFILE_COCO, COF_EAR_PROFILE_VERAISON, COF_EAR_PROFILE_IETF};
	COF_AUTO_PTR(json_t) claims = NULL;
	if (cof_json_parse(in, &claims, NULL) < 0)
		return;
	for (size_t i = 0; i < COF_COUNT(profiles); i++) {
		const cof_ear_want want = {.profile = profiles[i], .now = 1800000000};
		cof_status s = COF_STATUS_NONE;
		json_t *place = NULL;
		cof_err err = {0};
		if (cof_ear_check(claims, &want, &s, &err) < 0 && err.reason[0] == '\0')
			abort();
		(void)!cof_ear_tee_pubkey(claims, &place, &err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	check_token(cof_span_of(data, len));
	check_claims(cof_span_of(data, len));
	return 0;
}
