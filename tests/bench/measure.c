/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a launch digest costs beyond the hashing that nobody can leave out: the same bytes, firmware page by page and
 * kernel and initrd whole, through one OpenSSL context each. Prints CPU times and ratios (medians of interleaved
 * pairs); never fails on a time. An argument names a firmware image to use instead of the made one.
 */
#include <openssl/evp.h>
#include <stdio.h>

#include "common/file.h"
#include "common/wr.h"
#include "firmware/sev/sev.h"
#include "tests/bench/timing.h"

enum { PAIRS = 21, PAGE = 4096, FIRMWARE_LEN = 4 << 20, KERNEL_LEN = 14000000, INITRD_LEN = 1000000, CPUS = 64 };

typedef struct bench {
	cof_buf firmware, padded, kernel, initrd;
	EVP_MD *sha384, *sha256;
	EVP_MD_CTX *ctx;
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

/* Bytes of which no two pages are equal. */
static void make_bytes(cof_buf *b, size_t len)
{
	cof_err err = {0};
	uint64_t x = 0x9e3779b97f4a7c15u ^ len;
	need(cof_buf_reserve(b, len, &err), &err);
	for (b->len = 0; b->len < len; b->len++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		b->data[b->len] = (uint8_t)x;
	}
}

static const cof_sev_section sections[] = {
	{0x800000, 0x9000, COF_SEV_SEC_MEM},	   {0x80a000, 0x3000, COF_SEV_SEC_MEM},
	{0x80d000, 0x1000, COF_SEV_SECRETS},	   {0x80e000, 0x1000, COF_SEV_CPUID},
	{0x80f000, 0x1000, COF_SEV_SVSM_CAA},	   {0x811000, 0x1f000, COF_SEV_SEC_MEM},
	{0x810000, 0x1000, COF_SEV_KERNEL_HASHES},
};

static void put_record(cof_wr *w, const uint8_t guid[COF_GUID_LEN], uint16_t len)
{
	cof_wr_u16le(w, (uint16_t)(len + 18));
	cof_wr_bytes(w, cof_span_of(guid, COF_GUID_LEN));
}

/* What AmdSev builds of OVMF have at their end, from the SEV descriptor to the reset vector. */
static void put_tables(cof_buf *image)
{
	static const uint8_t footer[COF_GUID_LEN] = {0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
						     0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d};
	enum { DESCRIPTOR_LEN = 16 + 12 * COF_COUNT(sections), TABLE_LEN = 22 + 26 + 22 + 18, RESET_LEN = 0x20 };
	COF_AUTO(cof_buf) b = {0};
	cof_err err = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_bytes(&w, cof_span_str("ASEV"));
	cof_wr_u32le(&w, DESCRIPTOR_LEN);
	cof_wr_u32le(&w, 1);
	cof_wr_u32le(&w, COF_COUNT(sections));
	for (size_t i = 0; i < COF_COUNT(sections); i++) {
		cof_wr_u32le(&w, sections[i].gpa);
		cof_wr_u32le(&w, sections[i].size);
		cof_wr_u32le(&w, sections[i].type);
	}
	cof_wr_u32le(&w, DESCRIPTOR_LEN + TABLE_LEN + RESET_LEN);
	put_record(&w, cof_guid_sev_metadata, 4);
	cof_wr_u32le(&w, 0x810c00);
	cof_wr_u32le(&w, 0x400);
	put_record(&w, cof_guid_sev_hashes, 8);
	cof_wr_u32le(&w, 0x0080b004);
	put_record(&w, cof_guid_sev_es_reset, 4);
	put_record(&w, footer, TABLE_LEN - 18);
	cof_wr_zeros(&w, RESET_LEN);
	need(cof_wr_done(&w, &err), &err);
	memcpy(image->data + image->len - b.len, b.data, b.len);
}

static void make_inputs(bench *b, const char *path)
{
	cof_err err = {0};
	if (path != NULL) {
		need(cof_file_read(path, COF_FIRMWARE_MAX, &b->firmware, &err), &err);
	} else {
		make_bytes(&b->firmware, FIRMWARE_LEN);
		put_tables(&b->firmware);
	}
	make_bytes(&b->padded, FIRMWARE_LEN);
	memset(b->padded.data, 0xff, FIRMWARE_LEN / 2);
	put_tables(&b->padded);
	make_bytes(&b->kernel, KERNEL_LEN);
	make_bytes(&b->initrd, INITRD_LEN);
	b->sha384 = EVP_MD_fetch(NULL, "SHA384", NULL);
	b->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	b->ctx = EVP_MD_CTX_new();
	need_true(b->sha384 != NULL && b->sha256 != NULL && b->ctx != NULL, "OpenSSL");
}

static void bench_release(bench *b)
{
	cof_buf_release(&b->firmware);
	cof_buf_release(&b->padded);
	cof_buf_release(&b->kernel);
	cof_buf_release(&b->initrd);
	EVP_MD_free(b->sha384);
	EVP_MD_free(b->sha256);
	EVP_MD_CTX_free(b->ctx);
}
COF_DEFINE_AUTO(bench, bench_release)

/* --- what is timed --------------------------------------------------------------------------------------------- */

static void hash_raw(const bench *b, const EVP_MD *md, const uint8_t *data, size_t len)
{
	uint8_t out[EVP_MAX_MD_SIZE];
	need_true(EVP_DigestInit_ex2(b->ctx, md, NULL) == 1 && EVP_DigestUpdate(b->ctx, data, len) == 1 &&
			  EVP_DigestFinal_ex(b->ctx, out, NULL) == 1,
		  "hashing");
}

static void floor_pages_of(const bench *b, const cof_buf *image)
{
	/* Without an algorithm from the second page on: nothing is set up anew. */
	for (size_t at = 0; at < image->len; at += PAGE)
		hash_raw(b, at == 0 ? b->sha384 : NULL, image->data + at, PAGE);
}

static void floor_pages(const bench *b)
{
	floor_pages_of(b, &b->firmware);
}

static void floor_padded(const bench *b)
{
	floor_pages_of(b, &b->padded);
}

static void floor_all(const bench *b)
{
	floor_pages(b);
	hash_raw(b, b->sha256, b->kernel.data, b->kernel.len);
	hash_raw(b, b->sha256, b->initrd.data, b->initrd.len);
}

/* Everything from the files' bytes on: metadata, hashes of the blobs, and the digest. */
static void measure(const bench *b, unsigned cpus, bool each)
{
	uint8_t digests[CPUS][COF_SNP_DIGEST_LEN];
	cof_sev_metadata meta;
	cof_sev_hashes hashes;
	cof_err err = {0};
	cof_sev_launch in = {.firmware = cof_buf_span(&b->firmware), .meta = &meta, .guest_features = 1};
	need(cof_vmm_find("qemu", &in.vmm, &err), &err);
	need(cof_sev_metadata_parse(in.firmware, &meta, &err), &err);
	need(cof_sha256(cof_buf_span(&b->kernel), hashes.kernel, &err), &err);
	need(cof_sha256(cof_buf_span(&b->initrd), hashes.initrd, &err), &err);
	need(cof_sev_cmdline_hash("console=ttyS0 quiet", hashes.cmdline, &err), &err);
	in.hashes = meta.hash_table_gpa != 0 ? &hashes : NULL;
	if (each)
		need(cof_snp_measure_upto(&in, cpus, digests, &err), &err);
	else
		need(cof_snp_measure(&in, cpus, digests[0], &err), &err);
}

static void measure_1(const bench *b)
{
	measure(b, 1, false);
}

static void measure_64(const bench *b)
{
	measure(b, CPUS, false);
}

static void measure_upto_64(const bench *b)
{
	measure(b, CPUS, true);
}

static void chain_pages(const bench *b)
{
	uint8_t digest[COF_SNP_DIGEST_LEN];
	cof_err err = {0};
	need(cof_snp_ovmf_hash(cof_buf_span(&b->firmware), digest, &err), &err);
}

static void chain_padded(const bench *b)
{
	uint8_t digest[COF_SNP_DIGEST_LEN];
	cof_err err = {0};
	need(cof_snp_ovmf_hash(cof_buf_span(&b->padded), digest, &err), &err);
}

typedef struct pair {
	const char *name;
	void (*ours)(const bench *);
	const char *other_name;
	void (*other)(const bench *);
} pair;

static const pair pairs[] = {
	{"whole digest, 1 CPU", measure_1, "hashing alone", floor_all},
	{"chain of firmware pages", chain_pages, "pages alone", floor_pages},
	{"chain, half of it padding", chain_padded, "pages alone", floor_padded},
	{"whole digest, 64 CPUs", measure_64, "1 CPU", measure_1},
	{"digests of 1 to 64 CPUs", measure_upto_64, "64 CPUs", measure_64},
};

/* --- timing ------------------------------------------------------------------------------------------------- */

static double seconds_of(void (*run)(const bench *), const bench *b)
{
	double from = cpu_seconds();
	run(b);
	return cpu_seconds() - from;
}

static void run_pair(const bench *b, const pair *p)
{
	double ours[PAIRS], other[PAIRS], ratio[PAIRS];
	p->ours(b); /* once without counting: pages of memory are touched, algorithms fetched */
	p->other(b);
	for (size_t i = 0; i < PAIRS; i++) {
		ours[i] = seconds_of(p->ours, b);
		other[i] = seconds_of(p->other, b);
		ratio[i] = ours[i] / other[i];
	}
	printf("  %-26s %8.3f ms   %-14s %8.3f ms   ratio %.3f\n", p->name, median(ours, PAIRS) * 1e3, p->other_name,
	       median(other, PAIRS) * 1e3, median(ratio, PAIRS));
}

int main(int argc, char **argv)
{
	COF_AUTO(bench) b = {0};
	make_inputs(&b, argc > 1 ? argv[1] : NULL);
	printf("bench measure: SEV-SNP, firmware %zu bytes, kernel %d, initrd %d; medians of %d pairs, CPU time\n",
	       b.firmware.len, KERNEL_LEN, INITRD_LEN, PAIRS);
	for (size_t i = 0; i < COF_COUNT(pairs); i++)
		run_pair(&b, &pairs[i]);
	return 0;
}
