/* SPDX-License-Identifier: Apache-2.0 */
/* A key's file: PEM, DER or JWK, private or public, or a certificate. */
#include "image-decrypt/enckeyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_span file = {data, len};
	EVP_PKEY *private = NULL, *public = NULL;
	X509 *cert = NULL;
	COF_AUTO_FREE char *alg = NULL;
	COF_AUTO_FREE char *kid = NULL;
	/* Without a password: how long one takes is in the file, which is its owner's. */
	if (cof_enc_keyfile_private(file, NULL, &private, NULL) == 0 && cof_enc_key_kind(private) == NULL)
		abort();
	if (cof_enc_keyfile_public(file, &public, &alg, &kid, NULL) == 0 && cof_enc_key_kind(public) == NULL)
		abort();
	(void)!cof_enc_keyfile_cert(file, &cert, NULL);
	EVP_PKEY_free(private);
	EVP_PKEY_free(public);
	X509_free(cert);
	return 0;
}
