/* SPDX-License-Identifier: Apache-2.0 */
/* AMD's service with a vendor of our own behind it. */
#pragma once

#include "tests/unit/endorsements/vendor.h"
#include "tests/unit/kbs/tmpdir.h"
#include "tests/unit/verify/soft_snp.h"

#include <openssl/pem.h>

#include "attestation/endorsements/fetch.h"

#define AMD_CHAIN "/vcek/v1/Milan/cert_chain"
#define AMD_CRL "/vcek/v1/Milan/crl"
/* What the report of soft_snp_good asks for. */
#define AMD_CHIP                                                                                                       \
	"0201030405060708020103040506070802010304050607080201030405060708"                                             \
	"0201030405060708020103040506070802010304050607080201030405060708"
#define AMD_VCEK "/vcek/v1/Milan/" AMD_CHIP "?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219"

/* Those that a good machine needs: RSA keys of this size are slow. */
static inline void amd_keys_make(soft_keys *k)
{
	*k = (soft_keys){.ark = EVP_RSA_gen(4096),
			 .ask = EVP_RSA_gen(4096),
			 .vek = EVP_EC_gen("P-384"),
			 .other = EVP_EC_gen("P-384")};
	assert_true(k->ark != NULL && k->ask != NULL && k->vek != NULL && k->other != NULL);
}

static inline void amd_put_pem(const cof_buf *der, cof_buf *ret)
{
	const uint8_t *at = der->data;
	X509 *c = d2i_X509(NULL, &at, (long)der->len);
	BIO *b = BIO_new(BIO_s_mem());
	char *text = NULL;
	assert_int_equal(PEM_write_bio_X509(b, c), 1);
	long n = BIO_get_mem_data(b, &text);
	assert_ok(cof_buf_add(ret, text, (size_t)n, &err));
	BIO_free(b);
	X509_free(c);
}

/* What was made, under the names that the report asks for. */
static inline void amd_say(vendor_peer *v, const soft_snp *s)
{
	COF_AUTO(cof_buf) pem = {0};
	amd_put_pem(&s->made[2], &pem);
	amd_put_pem(&s->made[3], &pem);
	vendor_say(v, AMD_CHAIN, cof_buf_span(&pem), NULL, NULL);
	vendor_say(v, AMD_VCEK, cof_buf_span(&s->made[1]), NULL, NULL);
	vendor_say(v, AMD_CRL, cof_buf_span(&s->made[4]), NULL, NULL);
}

static inline void amd_make(soft_snp *s, const soft_keys *k)
{
	*s = soft_snp_good(k);
	s->crl.given = true;
	s->crl.ext = "2.5.29.20";
	s->crl.value = "DER:020105";
	soft_make(s);
}
