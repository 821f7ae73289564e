/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What verifying an SNP report costs beyond the signatures that nobody can leave out: the same report and certificates,
 * with keys and certificates parsed before the clock runs. Prints verifications per second and ratios (medians of
 * interleaved pairs, CPU time); never fails on a time. Takes its evidence from the vectors; prints that there are none
 * where there are none.
 */
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <stdio.h>

#include "attestation/verify/kind.h"
#include "attestation/verify/snp_report.h"
#include "common/file.h"
#include "common/ossl.h"
#include "tests/bench/timing.h"

enum { PAIRS = 101, ROLES = 4, NOW = 1775437473 };

static const char *const roles[ROLES] = {"report", "vek", "intermediate", "root"};

typedef struct bench {
	cof_buf files[ROLES];
	X509 *certs[ROLES]; /* none for the report */
	uint8_t *sig;
	size_t sig_len;
	cof_verdict verdict;
} bench;

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

/* --- inputs ------------------------------------------------------------------------------------------------- */

static void read_inputs(bench *b, const char *dir)
{
	static const char *const names[ROLES] = {"snp/milan-v3-ms/report.bin", "snp/milan-v3-ms/vek.der",
						 "roots/amd/milan/ask.der", "roots/amd/milan/ark.der"};
	cof_err err = {0};
	for (size_t i = 0; i < ROLES; i++) {
		COF_AUTO_FREE char *path = NULL;
		need(cof_path(&path, &err, "%s/evidence/%s", dir, names[i]), &err);
		need(cof_file_read(path, 1 << 20, &b->files[i], &err), &err);
		const uint8_t *at = b->files[i].data;
		if (i > 0)
			b->certs[i] = d2i_X509(NULL, &at, (long)b->files[i].len);
		need_true(i == 0 || b->certs[i] != NULL, names[i]);
	}
}

static void make_signature(bench *b)
{
	cof_snp_report r;
	cof_err err = {0};
	need(cof_snp_report_parse(cof_buf_span(&b->files[0]), &r, &err), &err);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	need_true(ECDSA_SIG_set0(sig, BN_bin2bn(r.r, sizeof r.r, NULL), BN_bin2bn(r.s, sizeof r.s, NULL)) == 1, "DER");
	int n = i2d_ECDSA_SIG(sig, &b->sig);
	need_true(n > 0, "DER");
	b->sig_len = (size_t)n;
	ECDSA_SIG_free(sig);
}

static void bench_release(bench *b)
{
	for (size_t i = 0; i < ROLES; i++) {
		cof_buf_release(&b->files[i]);
		X509_free(b->certs[i]);
	}
	OPENSSL_free(b->sig);
}

/* --- what is timed ------------------------------------------------------------------------------------------ */

/* From the files' bytes to checks and fields; nothing is kept from one to the next. */
static void cold(bench *b)
{
	cof_err err = {0};
	const cof_kind *kind = NULL;
	cof_role_file files[ROLES];
	for (size_t i = 0; i < ROLES; i++)
		files[i] = (cof_role_file){roles[i], cof_buf_span(&b->files[i])};
	const cof_verify_in in = {.files = files, .n_files = ROLES, .now = NOW};
	need(cof_kind_find("snp-report", &kind, &err), &err);
	need(cof_verify(kind, &in, &b->verdict, &err), &err);
	need_true(b->verdict.accepted, b->verdict.checks.list[b->verdict.checks.first].name);
	cof_verdict_release(&b->verdict);
}

static void signatures(bench *b)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	need_true(X509_verify(b->certs[3], X509_get0_pubkey(b->certs[3])) == 1, "root");
	need_true(X509_verify(b->certs[2], X509_get0_pubkey(b->certs[3])) == 1, "intermediate");
	need_true(X509_verify(b->certs[1], X509_get0_pubkey(b->certs[2])) == 1, "VEK");
	need_true(EVP_DigestVerifyInit(ctx, NULL, EVP_sha384(), NULL, X509_get0_pubkey(b->certs[1])) == 1, "key");
	need_true(EVP_DigestVerify(ctx, b->sig, b->sig_len, b->files[0].data, COF_SNP_SIGNED_LEN) == 1, "report");
	EVP_MD_CTX_free(ctx);
}

static double seconds_of(void (*run)(bench *), bench *b)
{
	double from = cpu_seconds();
	run(b);
	return cpu_seconds() - from;
}

int main(void)
{
	static bench b;
	double ours[PAIRS], bare[PAIRS], ratio[PAIRS];
	const char *dir = getenv("COFFER_VECTORS");
	dir = dir != NULL ? dir : "../shared/vectors";
	if (access(dir, R_OK) != 0) {
		printf("bench verify: no vectors at %s\n", dir);
		return 0;
	}
	read_inputs(&b, dir);
	make_signature(&b);
	cold(&b); /* once without counting: algorithms are fetched */
	signatures(&b);
	for (size_t i = 0; i < PAIRS; i++) {
		ours[i] = seconds_of(cold, &b);
		bare[i] = seconds_of(signatures, &b);
		ratio[i] = ours[i] / bare[i];
	}
	printf("bench verify: %s; medians of %d pairs, CPU time\n", OpenSSL_version(OPENSSL_VERSION), PAIRS);
	printf("  %-14s %7.0f/s %8.3f ms   signatures alone %8.3f ms   ratio %.3f\n", "SNP, cold",
	       1 / median(ours, PAIRS), median(ours, PAIRS) * 1e3, median(bare, PAIRS) * 1e3, median(ratio, PAIRS));
	bench_release(&b);
	return 0;
}
