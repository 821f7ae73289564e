/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a paravisor leaves in its TPM and what that TPM signs, around a hardware report that another maker signs: each
 * member can be set before the hardware report is over it.
 */
#pragma once

#include "tests/unit/test.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "attestation/verify/hcl.h"
#include "attestation/verify/kind.h"
#include "common/hex.h"
#include "common/json.h"
#include "common/wr.h"

#define HCL_USER_DATA                                                                                                  \
	"1111111111111111111111111111111111111111111111111111111111111111"                                             \
	"2222222222222222222222222222222222222222222222222222222222222222"

typedef struct hcl_soft {
	EVP_PKEY *ak, *signer; /* borrowed */
	uint32_t header_version, request_type, status, runtime_version, report_type, hash_type;
	uint8_t size_off, data_off, var_off; /* added to what the sizes should be */
	uint8_t reserved, padding;
	const char *claims; /* instead, with %s for the modulus; NULL: the usual ones */
	const char *exponent, *kid;
	bool twice;	       /* the AK is there two times */
	uint8_t binding_flip;  /* of the digest that the hardware report is over */
	uint8_t binding_tail;  /* behind it */
	uint8_t variable_flip; /* after the hardware report was made */
	/* the TPM's quote */
	uint32_t magic, mask;
	uint16_t type;
	uint8_t raw_flip, value_flip, nonce;
	/* made */
	uint8_t hardware[COF_HCL_HARDWARE_LEN];
	cof_buf variable, report, attest, raw, pcrs;
} hcl_soft;

static inline void hcl_release(hcl_soft *h)
{
	cof_buf_release(&h->variable);
	cof_buf_release(&h->report);
	cof_buf_release(&h->attest);
	cof_buf_release(&h->raw);
	cof_buf_release(&h->pcrs);
}
COF_DEFINE_AUTO(hcl_soft, hcl_release)

static inline hcl_soft hcl_good(EVP_PKEY *ak, uint32_t report_type)
{
	return (hcl_soft){.ak = ak,
			  .signer = ak,
			  .header_version = report_type == COF_HCL_SNP ? 1 : 2,
			  .request_type = 2,
			  .runtime_version = 1,
			  .report_type = report_type,
			  .hash_type = COF_HCL_SHA256,
			  .exponent = "AQAB",
			  .kid = "HCLAkPub",
			  .magic = 0xff544347,
			  .type = 0x8018,
			  .mask = 0xffffff,
			  .nonce = 7};
}

/* ---- the runtime data ---- */

static inline char *hcl_modulus(EVP_PKEY *key)
{
	uint8_t out[512];
	BIGNUM *n = NULL;
	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	int len = BN_bn2bin(n, out);
	BN_free(n);
	char *text = cof_b64url_dup(cof_span_of(out, (size_t)len));
	assert_non_null(text);
	return text;
}

static inline void hcl_put_key(const hcl_soft *h, cof_buf *ret)
{
	COF_AUTO_FREE char *n = hcl_modulus(h->ak);
	assert_ok(cof_buf_printf(ret, &err,
				 "{\"kid\":\"%s\",\"key_ops\":[\"sign\"],\"kty\":\"RSA\",\"e\":\"%s\",\"n\":\"%s\"}",
				 h->kid, h->exponent, n));
}

/* The bytes, and what a hardware report should be over. */
static inline void hcl_make_variable(hcl_soft *h, uint8_t data[64])
{
	h->variable.len = 0;
	memset(data, 0, 64);
	if (h->claims != NULL) {
		assert_ok(cof_buf_add_str(&h->variable, h->claims, &err));
	} else {
		assert_ok(cof_buf_add_str(&h->variable, "{\"keys\":[", &err));
		hcl_put_key(h, &h->variable);
		if (h->twice) {
			assert_ok(cof_buf_add_str(&h->variable, ",", &err));
			hcl_put_key(h, &h->variable);
		}
		assert_ok(cof_buf_add_str(&h->variable,
					  "],\"vm-configuration\":{\"secure-boot\":true,\"vmUniqueId\":\"AB-1\"},"
					  "\"user-data\":\"" HCL_USER_DATA "\"}",
					  &err));
	}
	assert_ok(cof_sha256(cof_buf_span(&h->variable), data, &err));
	data[5] ^= h->binding_flip;
	data[63] ^= h->binding_tail;
}

/* ---- the report ---- */

static inline void hcl_make_report(hcl_soft *h)
{
	cof_wr w = cof_wr_to(&h->report);
	uint32_t n = (uint32_t)h->variable.len;
	h->report.len = 0;
	h->variable.data[h->variable.len / 2] ^= h->variable_flip;
	cof_wr_bytes(&w, cof_span_str("HCLA"));
	cof_wr_u32le(&w, h->header_version);
	cof_wr_u32le(&w, COF_HCL_RUNTIME_AT + n + 20 + h->size_off);
	cof_wr_u32le(&w, h->request_type);
	cof_wr_u32le(&w, h->status);
	cof_wr_zeros(&w, 11);
	cof_wr_u8(&w, h->reserved);
	cof_wr_bytes(&w, cof_span_of(h->hardware, sizeof h->hardware));
	cof_wr_u32le(&w, n + 20 + h->data_off);
	cof_wr_u32le(&w, h->runtime_version);
	cof_wr_u32le(&w, h->report_type);
	cof_wr_u32le(&w, h->hash_type);
	cof_wr_u32le(&w, n + h->var_off);
	cof_wr_bytes(&w, cof_buf_span(&h->variable));
	cof_wr_zeros(&w, 99);
	cof_wr_u8(&w, h->padding);
	assert_ok(cof_wr_done(&w, &err));
}

/* ---- the TPM ---- */

static inline void hcl_make_attest(hcl_soft *h)
{
	static const uint8_t zeros[32];
	uint8_t digest[32];
	COF_AUTO(cof_buf) all = {0};
	cof_wr w = cof_wr_to(&h->attest);
	h->attest.len = 0;
	for (uint32_t i = 0; i < 24; i++) {
		if ((h->mask & (1u << i)) != 0)
			assert_ok(cof_buf_add(&all, zeros, 32, &err));
	}
	assert_ok(cof_sha256(cof_buf_span(&all), digest, &err));
	cof_wr_u32be(&w, h->magic);
	cof_wr_u16be(&w, h->type);
	cof_wr_span_u16be(&w, cof_span_of(zeros, 32));
	cof_wr_span_u16be(&w, cof_span_of(&h->nonce, 1));
	cof_wr_zeros(&w, 8 + 4 + 4 + 1 + 8);
	cof_wr_u32be(&w, 1);
	cof_wr_u16be(&w, 0xb);
	cof_wr_u8(&w, 3);
	for (unsigned i = 0; i < 3; i++)
		cof_wr_u8(&w, (uint8_t)(h->mask >> (8 * i)));
	cof_wr_span_u16be(&w, cof_span_of(digest, 32));
	assert_ok(cof_wr_done(&w, &err));
}

static inline void hcl_make_values(hcl_soft *h)
{
	h->pcrs.len = 0;
	assert_ok(cof_buf_add_str(&h->pcrs, "{\"sha256\":{", &err));
	for (uint32_t i = 0, n = 0; i < 24; i++) {
		if ((h->mask & (1u << i)) != 0)
			assert_ok(cof_buf_printf(&h->pcrs, &err, "%s\"%u\":\"%064x\"", n++ == 0 ? "" : ",", i,
						 (unsigned)(i == 3 ? h->value_flip : 0)));
	}
	assert_ok(cof_buf_add_str(&h->pcrs, "}}", &err));
}

static inline void hcl_make_quote(hcl_soft *h)
{
	uint8_t sig[512];
	size_t n = sizeof sig;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	hcl_make_attest(h);
	hcl_make_values(h);
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, h->signer), 1);
	assert_int_equal(EVP_DigestSign(ctx, sig, &n, h->attest.data, h->attest.len), 1);
	EVP_MD_CTX_free(ctx);
	sig[9] ^= h->raw_flip;
	h->raw.len = 0;
	assert_ok(cof_buf_add(&h->raw, sig, n, &err));
}

enum { HCL_FILES = 4 };

static inline void hcl_files(const hcl_soft *h, cof_role_file files[HCL_FILES])
{
	files[0] = (cof_role_file){"hcl_report", cof_buf_span(&h->report)};
	files[1] = (cof_role_file){"quote", cof_buf_span(&h->attest)};
	files[2] = (cof_role_file){"quote_signature_raw", cof_buf_span(&h->raw)};
	files[3] = (cof_role_file){"pcrs", cof_buf_span(&h->pcrs)};
}

static inline void hcl_judge(const cof_role_file *files, size_t n, const char *policy, int64_t now, cof_verdict *ret)
{
	const cof_kind *kind = NULL;
	COF_AUTO_PTR(json_t) words = NULL;
	assert_ok(cof_json_parse(cof_span_str(policy), &words, &err));
	const cof_verify_in in = {.files = files, .n_files = n, .policy = words, .now = now};
	assert_ok(cof_kind_find("azure-hcl", &kind, &err));
	assert_ok(cof_verify(kind, &in, ret, &err));
}

/* The first check that fails is this one; NULL: none does. */
static inline void hcl_assert(const cof_verdict *v, const char *label, const char *want)
{
	const char *got = v->checks.failed == 0 ? "none" : v->checks.list[v->checks.first].name;
	if (v->accepted != (want == NULL) || (want != NULL && strcmp(got, want) != 0))
		fail_msg("%s: refused by %s, not %s", label, got, want == NULL ? "none" : want);
}

typedef struct hcl_change {
	const char *label;
	size_t at, len;
	uint64_t value;
	const char *check;
} hcl_change;

#define HCL_SET(member, to) offsetof(hcl_soft, member), sizeof(((hcl_soft *)NULL)->member), (uint64_t)(to)
#define HCL_TEXT(member, to) offsetof(hcl_soft, member), sizeof(((hcl_soft *)NULL)->member), (uint64_t)(uintptr_t)(to)

static inline void hcl_set(hcl_soft *h, const hcl_change *c)
{
	memcpy((char *)h + c->at, &c->value, c->len);
}
