/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What verifying evidence costs beyond the signatures that nobody can leave out: the same bytes, with keys and
 * signatures parsed before the clock runs. Cold is everything from the files' bytes; warm has a cache that has seen the
 * same chain and collateral. Prints verifications per second and ratios (medians of interleaved pairs, CPU time); never
 * fails on a time. Takes its evidence from the vectors; prints that there are none where there are none.
 */
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>

#include "attestation/verify/cache.h"
#include "attestation/verify/kind.h"
#include "attestation/verify/public.h"
#include "attestation/verify/snp_report.h"
#include "attestation/verify/tdx_cert.h"
#include "attestation/verify/tdx_quote.h"
#include "attestation/verify/tdx_signed.h"
#include "common/file.h"
#include "common/json.h"
#include "common/ossl.h"
#include "common/rd.h"
#include "tests/bench/timing.h"

enum { PAIRS = 101, RUNS = 4, FILES_MAX = 8, SIGNATURES_MAX = 12, DER_MAX = 160, SALT_LEN = 48 };

/* One signature that a case needs, ready to be checked. */
typedef struct signature {
	EVP_PKEY *key;
	const char *hash;
	bool pss;
	cof_buf message, sig;
} signature;

typedef struct bench {
	const char *label, *kind, *policy;
	int64_t now;
	bool warm;
	struct {
		const char *role, *path;
	} named[FILES_MAX];
	void (*list)(struct bench *);
	/* made */
	cof_buf bytes[FILES_MAX];
	cof_role_file files[FILES_MAX];
	size_t n;
	json_t *words;
	cof_verify_cache *cache;
	signature sigs[SIGNATURES_MAX];
	size_t n_sigs;
} bench;

static cof_verdict verdict;

static void need(int rc, const cof_err *err)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "bench: %s: %s\n", err->reason, err->text);
	exit(1);
}

static void need_true(bool ok, const char *what)
{
	cof_err err = {0};
	need(ok ? 0 : cof_err_set(&err, COF_E_INTERNAL, "bench", "%s", what), &err);
}

/* --- signatures --------------------------------------------------------------------------------------------- */

static cof_span file(const bench *b, const char *role)
{
	for (size_t i = 0; i < b->n; i++) {
		if (strcmp(b->files[i].role, role) == 0)
			return b->files[i].bytes;
	}
	need_true(false, role);
	return (cof_span){0};
}

static void add(bench *b, EVP_PKEY *key, const char *hash, cof_span message, cof_span sig)
{
	cof_err err = {0};
	need_true(key != NULL && b->n_sigs < SIGNATURES_MAX && EVP_PKEY_up_ref(key) == 1, "key");
	signature *s = &b->sigs[b->n_sigs++];
	*s = (signature){.key = key, .hash = hash, .pss = EVP_PKEY_is_a(key, "RSA") && strcmp(hash, "SHA384") == 0};
	need(cof_buf_add(&s->message, message.data, message.len, &err), &err);
	need(cof_buf_add(&s->sig, sig.data, sig.len, &err), &err);
}

static void add_signed(bench *b, EVP_PKEY *key, const char *hash, const cof_x509_signed *s)
{
	add(b, key, hash, s->bytes, s->signature);
}

/* R and S, big-endian, one behind the other. */
static void add_raw(bench *b, EVP_PKEY *key, const char *hash, cof_span message, cof_span rs)
{
	uint8_t der[DER_MAX], *at = der;
	cof_rd rd = cof_rd_of(rs);
	int n = (int)rs.len / 2;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(cof_rd_bytes(&rd, (size_t)n).data, n, NULL);
	BIGNUM *s = BN_bin2bn(cof_rd_bytes(&rd, (size_t)n).data, n, NULL);
	need_true(ECDSA_SIG_set0(sig, r, s) == 1 && i2d_ECDSA_SIG(sig, NULL) <= DER_MAX, "DER");
	add(b, key, hash, message, cof_span_of(der, (size_t)i2d_ECDSA_SIG(sig, &at)));
	ECDSA_SIG_free(sig);
}

static cof_x509 *read_cert(cof_span der)
{
	cof_x509 *c = NULL;
	cof_err err = {0};
	need(cof_x509_read(der, &c, &err), &err);
	return c;
}

/* Root by itself, intermediate, VEK, report; with a cached chain the report alone. */
static void list_snp(bench *b)
{
	COF_AUTO_PTR(cof_x509) root = read_cert(file(b, "root"));
	COF_AUTO_PTR(cof_x509) middle = read_cert(file(b, "intermediate"));
	COF_AUTO_PTR(cof_x509) vek = read_cert(file(b, "vek"));
	cof_snp_report r;
	cof_err err = {0};
	uint8_t rs[2 * COF_SNP_SCALAR_LEN];
	need(cof_snp_report_parse(file(b, "report"), &r, &err), &err);
	memcpy(rs, r.r, sizeof r.r);
	memcpy(rs + sizeof r.r, r.s, sizeof r.s);
	add_raw(b, cof_x509_key(vek, COF_X509_P384), "SHA384", cof_span_of(file(b, "report").data, COF_SNP_SIGNED_LEN),
		cof_span_of(rs, sizeof rs));
	if (b->warm)
		return;
	add_signed(b, cof_x509_key(root, COF_X509_RSA4096), "SHA384", &root->sig);
	add_signed(b, cof_x509_key(root, COF_X509_RSA4096), "SHA384", &middle->sig);
	add_signed(b, cof_x509_key(middle, COF_X509_RSA4096), "SHA384", &vek->sig);
}

static void add_json(bench *b, EVP_PKEY *key, const char *role, const char *member)
{
	cof_tdx_signed s;
	cof_err err = {0};
	need(cof_tdx_signed_parse(file(b, role), member, &s, &err), &err);
	add_raw(b, key, "SHA256", s.text, cof_span_of(s.signature, sizeof s.signature));
}

static void add_list(bench *b, EVP_PKEY *key, const char *role)
{
	COF_AUTO_PTR(cof_x509_crl) crl = NULL;
	cof_err err = {0};
	need(cof_x509_crl_read(file(b, role), &crl, &err), &err);
	add_signed(b, key, "SHA256", &crl->sig);
}

/* Of chain and collateral: PCK, its CA, the root by itself, the signer of the JSON, two texts, two lists. */
static void list_collateral(bench *b, const cof_tdx_chain *pck)
{
	COF_AUTO(cof_tdx_chain) signer = {0};
	cof_err err = {0};
	need(cof_tdx_chain_read(file(b, "tcb_signing_chain"), 2, &signer, &err), &err);
	EVP_PKEY *ca = cof_x509_key(pck->cert[1], COF_X509_P256), *root = cof_x509_key(pck->cert[2], COF_X509_P256);
	EVP_PKEY *by = cof_x509_key(signer.cert[0], COF_X509_P256);
	add_signed(b, ca, "SHA256", &pck->cert[0]->sig);
	add_signed(b, root, "SHA256", &pck->cert[1]->sig);
	add_signed(b, root, "SHA256", &pck->cert[2]->sig);
	add_signed(b, root, "SHA256", &signer.cert[0]->sig);
	add_json(b, by, "tcb_info", "tcbInfo");
	add_json(b, by, "qe_identity", "enclaveIdentity");
	add_list(b, ca, "pck_crl");
	add_list(b, root, "root_crl");
}

/* The QE's report by the PCK and the quote by the attestation key; cold the rest, too. */
static void list_tdx(bench *b)
{
	COF_AUTO(cof_tdx_chain) pck = {0};
	cof_tdx_quote q;
	cof_err err = {0};
	need(cof_tdx_quote_parse(file(b, "quote"), &q, &err), &err);
	need(cof_tdx_chain_read(q.pck_chain, 3, &pck, &err), &err);
	COF_AUTO_PTR(cof_ossl_key) key = cof_p256_key(q.attestation_key, NULL);
	add_raw(b, cof_x509_key(pck.cert[0], COF_X509_P256), "SHA256", q.qe.bytes, q.qe_signature);
	add_raw(b, key, "SHA256", q.signed_bytes, q.signature);
	if (!b->warm)
		list_collateral(b, &pck);
}

static X509 *open_cert(const bench *b, const char *role)
{
	cof_span der = file(b, role);
	const uint8_t *at = der.data;
	X509 *c = d2i_X509(NULL, &at, (long)der.len);
	need_true(c != NULL, role);
	return c;
}

static void add_cert(bench *b, const char *by, const char *role)
{
	const ASN1_BIT_STRING *sig = NULL;
	uint8_t *tbs = NULL;
	X509 *c = open_cert(b, role), *issuer = open_cert(b, by);
	int n = i2d_re_X509_tbs(c, &tbs);
	X509_get0_signature(&sig, NULL, c);
	need_true(n > 0 && X509_get_signature_nid(c) == NID_sha256WithRSAEncryption, "certificate");
	add(b, X509_get0_pubkey(issuer), "SHA256", cof_span_of(tbs, (size_t)n),
	    cof_span_of(ASN1_STRING_get0_data(sig), (size_t)ASN1_STRING_length(sig)));
	OPENSSL_free(tbs);
	X509_free(c);
	X509_free(issuer);
}

/* The quote by the AK. spec: TPM 2.0 Library part 2, 11.3.4: scheme, hash, then the numbers, each with its length */
static void list_tpm(bench *b)
{
	cof_tpm_public ak;
	EVP_PKEY *key = NULL;
	cof_err err = {0};
	cof_rd r = cof_rd_of(file(b, "signature"));
	need(cof_tpm_public_parse(file(b, "ak_public"), &ak, &err), &err);
	need(cof_tpm_public_key(&ak, &key, &err), &err);
	cof_rd_skip(&r, 4);
	cof_span first = cof_rd_span_u16be(&r);
	if (ak.type == COF_TPM_ALG_RSA) {
		add(b, key, "SHA256", file(b, "quote"), first);
	} else {
		uint8_t rs[64];
		cof_span second = cof_rd_span_u16be(&r);
		need_true(first.len == 32 && second.len == 32, "signature");
		memcpy(rs, first.data, 32);
		memcpy(rs + 32, second.data, 32);
		add_raw(b, key, "SHA256", file(b, "quote"), cof_span_of(rs, sizeof rs));
	}
	EVP_PKEY_free(key);
}

/* The same with an EK: its certificate and its issuer's, unless they are cached. */
static void list_ek(bench *b)
{
	list_tpm(b);
	if (b->warm)
		return;
	add_cert(b, "ek_intermediate", "ek_cert");
	add_cert(b, "ek_root", "ek_intermediate");
}

/* --- what is timed ------------------------------------------------------------------------------------------ */

static void ours(bench *b)
{
	cof_err err = {0};
	const cof_kind *kind = NULL;
	const cof_verify_in in = {
		.files = b->files, .n_files = b->n, .policy = b->words, .now = b->now, .cache = b->cache};
	need(cof_kind_find(b->kind, &kind, &err), &err);
	need(cof_verify(kind, &in, &verdict, &err), &err);
	need_true(verdict.accepted, verdict.checks.list[verdict.checks.first].name);
	cof_verdict_release(&verdict);
}

static bool holds(EVP_MD_CTX *ctx, const signature *s)
{
	EVP_PKEY_CTX *pss = NULL;
	if (EVP_DigestVerifyInit_ex(ctx, &pss, s->hash, NULL, NULL, s->key, NULL) != 1)
		return false;
	if (s->pss && (EVP_PKEY_CTX_set_rsa_padding(pss, RSA_PKCS1_PSS_PADDING) <= 0 ||
		       EVP_PKEY_CTX_set_rsa_mgf1_md_name(pss, "SHA384", NULL) <= 0 ||
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(pss, SALT_LEN) <= 0))
		return false;
	return EVP_DigestVerify(ctx, s->sig.data, s->sig.len, s->message.data, s->message.len) == 1;
}

static void signatures(bench *b)
{
	for (size_t i = 0; i < b->n_sigs; i++) {
		EVP_MD_CTX *ctx = EVP_MD_CTX_new();
		need_true(holds(ctx, &b->sigs[i]), "signature");
		EVP_MD_CTX_free(ctx);
	}
}

static double seconds_of(void (*run)(bench *), bench *b)
{
	double from = cpu_seconds();
	for (int i = 0; i < RUNS; i++)
		run(b);
	return (cpu_seconds() - from) / RUNS;
}

/* --- one case ----------------------------------------------------------------------------------------------- */

static void prepare(bench *b, const char *dir)
{
	cof_err err = {0};
	for (; b->n < FILES_MAX && b->named[b->n].role != NULL; b->n++) {
		COF_AUTO_FREE char *path = NULL;
		need(cof_path(&path, &err, "%s/evidence/%s", dir, b->named[b->n].path), &err);
		need(cof_file_read(path, 1 << 20, &b->bytes[b->n], &err), &err);
		b->files[b->n] = (cof_role_file){b->named[b->n].role, cof_buf_span(&b->bytes[b->n])};
	}
	if (b->policy != NULL)
		need(cof_json_parse(cof_span_str(b->policy), &b->words, &err), &err);
	if (b->warm)
		need(cof_verify_cache_new(0, &b->cache, &err), &err);
	b->list(b);
}

static void drop(bench *b)
{
	for (size_t i = 0; i < b->n; i++)
		cof_buf_release(&b->bytes[i]);
	for (size_t i = 0; i < b->n_sigs; i++) {
		EVP_PKEY_free(b->sigs[i].key);
		cof_buf_release(&b->sigs[i].message);
		cof_buf_release(&b->sigs[i].sig);
	}
	json_decref(b->words);
	cof_verify_cache_free(b->cache);
}

static void run(bench *b, const char *dir)
{
	double whole[PAIRS], bare[PAIRS], ratio[PAIRS];
	const cof_kind *kind = NULL;
	if (cof_kind_find(b->kind, &kind, NULL) < 0)
		return;
	prepare(b, dir);
	ours(b); /* once without counting: algorithms are fetched, a cache is filled */
	signatures(b);
	for (size_t i = 0; i < PAIRS; i++) {
		whole[i] = seconds_of(ours, b);
		bare[i] = seconds_of(signatures, b);
		ratio[i] = whole[i] / bare[i];
	}
	printf("  %-23s %7.0f/s %8.3f ms   %2zu signatures alone %8.3f ms   ratio %.3f\n", b->label,
	       1 / median(whole, PAIRS), median(whole, PAIRS) * 1e3, b->n_sigs, median(bare, PAIRS) * 1e3,
	       median(ratio, PAIRS));
	drop(b);
}

#define SNP                                                                                                            \
	.kind = "snp-report", .now = 1775437473, .list = list_snp,                                                     \
	.named = {{"report", "snp/milan-v3-ms/report.bin"},                                                            \
		  {"vek", "snp/milan-v3-ms/vek.der"},                                                                  \
		  {"intermediate", "roots/amd/milan/ask.der"},                                                         \
		  {"root", "roots/amd/milan/ark.der"}}
#define TDX                                                                                                            \
	.kind = "tdx-quote", .now = 1771977600, .list = list_tdx,                                                      \
	.named = {{"quote", "tdx/quotes/v5-google.bin"},                                                               \
		  {"root", "roots/intel/sgx-root-ca.der"},                                                             \
		  {"tcb_info", "tdx/collateral/tcbinfo-90c06f000000-0316ba50.json"},                                   \
		  {"qe_identity", "tdx/collateral/qeidentity-34a28199.json"},                                          \
		  {"pck_crl", "tdx/collateral/pckcrl-de5b87f1.der"},                                                   \
		  {"root_crl", "tdx/collateral/rootcrl-ad6f3f4e.der"},                                                 \
		  {"tcb_signing_chain", "tdx/collateral/tcb-signing-chain-new.pem"}}
#define NONCE_ECC "9d9dec27ed23517351cc33d94182d74510e4cb9496207decf110a1c0010912ca"
#define NONCE_RSA "fb639e50ec0291cf529ebae97f0cdbe4c15a3825612e3e804549a63dca351ac5"
#define TPM(alg, number)                                                                                               \
	.kind = "tpm-quote", .now = 1798761600, .list = list_tpm,                                                      \
	.policy = "{\"trust_ak\":true,\"nonce\":\"" number "\"}",                                                      \
	.named = {{"quote", "tpm/swtpm-" alg "/quote.attest"},                                                         \
		  {"signature", "tpm/swtpm-" alg "/quote.tpmt_signature"},                                             \
		  {"pcrs", "tpm/swtpm-" alg "/quote.pcrs.json"},                                                       \
		  {"ak_public", "tpm/swtpm-" alg "/ak.tpm2b_public"}}

#define TPM_EK                                                                                                         \
	.kind = "tpm-quote", .now = 1798761600, .list = list_ek, .policy = "{\"nonce\":\"" NONCE_RSA "\"}",            \
	.named = {{"quote", "tpm/swtpm-rsa/quote.attest"},   {"signature", "tpm/swtpm-rsa/quote.tpmt_signature"},      \
		  {"pcrs", "tpm/swtpm-rsa/quote.pcrs.json"}, {"ak_public", "tpm/swtpm-rsa/ak.tpm2b_public"},           \
		  {"ek_cert", "tpm/swtpm-rsa/ek.der"},	     {"ek_intermediate", "tpm/swtpm-rsa/ek-ca.der"},           \
		  {"ek_root", "tpm/swtpm-rsa/ek-root.der"},  {"ek_public", "tpm/swtpm-rsa/ek.tpm2b_public"}}

int main(void)
{
	static bench list[] = {
		{.label = "SNP, cold", SNP},
		{.label = "SNP, chain cached", .warm = true, SNP},
		{.label = "TDX, cold", TDX},
		{.label = "TDX, all cached", .warm = true, TDX},
		{.label = "TPM P-256, cold", TPM("ecc", NONCE_ECC)},
		{.label = "TPM P-256, AK cached", .warm = true, TPM("ecc", NONCE_ECC)},
		{.label = "TPM RSA-2048, cold", TPM("rsa", NONCE_RSA)},
		{.label = "TPM RSA-2048, AK cached", .warm = true, TPM("rsa", NONCE_RSA)},
		{.label = "TPM with EK, cold", TPM_EK},
		{.label = "TPM with EK, all cached", .warm = true, TPM_EK},
	};
	const char *dir = getenv("COFFER_VECTORS");
	dir = dir != NULL ? dir : "../shared/vectors";
	if (access(dir, R_OK) != 0) {
		printf("bench verify: no vectors at %s\n", dir);
		return 0;
	}
	printf("bench verify: %s; medians of %d pairs, CPU time\n", OpenSSL_version(OPENSSL_VERSION), PAIRS);
	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
		run(&list[i], dir);
	return 0;
}
