/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests/bench/image compares with:
 *
 *	image_stages BLOB KEY TAR           each stage of a layer alone, over bytes in memory; prints NAME SECONDS lines
 *	image_stages key IMAGE FILE OUT     the symmetric key of an image's first layer, opened with the owner's key
 *
 * KEY is key and nonce, 48 bytes; an empty file for a plain layer. Untar goes into the current folder.
 */
#include <sys/mman.h>

#include "image-decrypt/depot.h"
#include "image-decrypt/encopen.h"
#include "tests/bench/image_stage.h"
#include "tests/bench/image_untar.h"
#include "tests/bench/timing.h"

enum { TIMES = 3 };

/* --- each alone --------------------------------------------------------------------------------------------- */

typedef struct bench {
	cof_buf key, plain;
	cof_span blob, tar;
	bool gzip;
} bench;

static cof_span map(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		err(2, "%s", path);
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		err(2, "%s", path);
	(void)close(fd);
	return cof_span_of(p, (size_t)st.st_size);
}

static uint8_t *room(void *arg)
{
	static uint8_t out[STEP];
	(void)arg;
	return out;
}

static void discard(void *arg, size_t n)
{
	(void)arg;
	(void)n;
}

#define STEPS(at, n, span)                                                                                             \
	for (size_t at = 0, n; n = (span).len - at < STEP ? (span).len - at : STEP, at < (span).len; at += n)

static void pass_digest(bench *b, cof_span of)
{
	EVP_MD_CTX *c = sha256();
	(void)b;
	STEPS(at, n, of)
	hash(c, of.data + at, n);
	EVP_MD_CTX_free(c);
}

static void pass_blob_digest(bench *b)
{
	pass_digest(b, b->blob);
}

static void pass_tar_digest(bench *b)
{
	pass_digest(b, b->tar);
}

static void pass_hmac(bench *b)
{
	cipher c = {0};
	cipher_init(&c, &b->key);
	STEPS(at, n, b->blob)
	cipher_mac(&c, b->blob.data + at, n);
	cipher_release(&c);
}

static void pass_ctr(bench *b)
{
	cipher c = {0};
	static uint8_t out[STEP];
	cipher_init(&c, &b->key);
	STEPS(at, n, b->blob)
	cipher_ctr(&c, b->blob.data + at, out, n);
	cipher_release(&c);
}

static void pass_inflate(bench *b)
{
	unpacker u = {.room = room, .take = discard};
	cof_span in = cof_buf_span(&b->plain);
	unpacker_init(&u);
	STEPS(at, n, in)
	unpacker_add(&u, b->gzip, b->plain.data + at, n);
	unpacker_release(&u);
}

static void pass_untar(bench *b)
{
	untar u = {.fd = -1};
	STEPS(at, n, b->tar)
	untar_add(&u, b->tar.data + at, n);
}

static const struct {
	const char *name;
	void (*run)(bench *b);
	size_t times;
} passes[] = {
	{"sha256-blob", pass_blob_digest, TIMES},
	{"hmac", pass_hmac, TIMES},
	{"aes-ctr", pass_ctr, TIMES},
	{"inflate", pass_inflate, TIMES},
	{"sha256-tar", pass_tar_digest, TIMES},
	{"untar", pass_untar, 1},
};

static int run_passes(char **argv)
{
	bench b = {.blob = map(argv[0]), .tar = map(argv[2])};
	cof_err why = {0};
	cipher c = {0};
	need(cof_file_read(argv[1], KEY_LEN + NONCE_LEN, &b.key, &why), &why);
	need(cof_buf_add(&b.plain, b.blob.data, b.blob.len, &why), &why);
	cipher_init(&c, &b.key);
	STEPS(at, n, b.blob)
	cipher_ctr(&c, b.blob.data + at, b.plain.data + at, n);
	cipher_release(&c);
	b.gzip = b.plain.data[0] == 0x1f;
	for (size_t i = 0; i < COF_COUNT(passes); i++) {
		double took[TIMES];
		for (size_t k = 0; k < passes[i].times; k++) {
			double from = cpu_seconds();
			passes[i].run(&b);
			took[k] = cpu_seconds() - from;
		}
		printf("%s %.3f\n", passes[i].name, median(took, passes[i].times));
	}
	cof_buf_release(&b.plain);
	cof_buf_release(&b.key);
	return 0;
}

/* --- the key ------------------------------------------------------------------------------------------------ */

static int run_key(char **argv)
{
	COF_AUTO(cof_image_name) name = {0};
	COF_AUTO_PTR(cof_depot) depot = NULL;
	COF_AUTO_PTR(cof_enc_keys) keys = NULL;
	COF_AUTO(cof_image) image = {0};
	COF_AUTO(cof_layer_key) key = {0};
	cof_err why = {0};
	need(cof_image_name_parse(argv[0], COF_DEPOT_LAYOUT, &name, &why), &why);
	need(cof_depot_open(&depot, &name, false, NULL, &why), &why);
	cof_image_source source = cof_depot_source(depot);
	need(cof_image_load(&source, name.tag, COF_PLATFORM_DEFAULT, &image, &why), &why);
	need(cof_enc_keys_new(&keys, &why), &why);
	need(cof_enc_keys_add(keys, argv[1], &why), &why);
	need(cof_enc_open(&image.manifest.layers[0], keys, false, &key, &why), &why);
	int fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	need_true(fd >= 0 && cof_fd_write_all(fd, cof_secret_span(&key.key), NULL) == 0 &&
			  cof_fd_write_all(fd, cof_span_of(key.nonce, sizeof key.nonce), NULL) == 0,
		  argv[2]);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "key") == 0)
		return run_key(argv + 2);
	if (argc == 4)
		return run_passes(argv + 1);
	errx(2, "usage: %s BLOB KEY TAR | key IMAGE FILE OUT", argv[0]);
}
