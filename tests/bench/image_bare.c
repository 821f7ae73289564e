/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_bare KEY DIR < BLOB: digest, HMAC, CTR | inflate | diff_id, untar in three threads, and nothing is checked: the
 * speed that safety is measured against. KEY as for image_stages.
 */
#include <pthread.h>

#include "tests/bench/image_stage.h"
#include "tests/bench/image_untar.h"

enum { SLOTS = 16 };

typedef struct pipe_of {
	pthread_mutex_t lock;
	pthread_cond_t change;
	uint8_t *slot[SLOTS];
	size_t len[SLOTS];
	uint64_t put, got;
	bool closed;
} pipe_of;

typedef struct bare {
	cipher c;
	unpacker u;
	untar files;
	EVP_MD_CTX *diff_id;
	pipe_of plain, tar;
} bare;

static void pipe_init(pipe_of *p)
{
	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_cond_init(&p->change, NULL);
	for (size_t i = 0; i < SLOTS; i++)
		need_true((p->slot[i] = malloc(STEP)) != NULL, "memory");
}

static uint8_t *pipe_room(pipe_of *p)
{
	(void)pthread_mutex_lock(&p->lock);
	while (p->put - p->got == SLOTS)
		(void)pthread_cond_wait(&p->change, &p->lock);
	(void)pthread_mutex_unlock(&p->lock);
	return p->slot[p->put % SLOTS];
}

static void pipe_put(pipe_of *p, size_t n, bool last)
{
	(void)pthread_mutex_lock(&p->lock);
	p->len[p->put % SLOTS] = n;
	p->put += n > 0;
	p->closed = last;
	(void)pthread_cond_broadcast(&p->change);
	(void)pthread_mutex_unlock(&p->lock);
}

/* NULL at the end; the one got before is given back. */
static uint8_t *pipe_next(pipe_of *p, bool got, size_t *ret_n)
{
	(void)pthread_mutex_lock(&p->lock);
	p->got += got;
	(void)pthread_cond_broadcast(&p->change);
	while (p->put == p->got && !p->closed)
		(void)pthread_cond_wait(&p->change, &p->lock);
	uint8_t *block = p->put > p->got ? p->slot[p->got % SLOTS] : NULL;
	*ret_n = p->len[p->got % SLOTS];
	(void)pthread_mutex_unlock(&p->lock);
	return block;
}

static uint8_t *tar_room(void *arg)
{
	return pipe_room(&((bare *)arg)->tar);
}

static void tar_put(void *arg, size_t n)
{
	pipe_put(&((bare *)arg)->tar, n, false);
}

static void *inflate_thread(void *arg)
{
	bare *b = arg;
	size_t n = 0;
	bool got = false, gzip = false;
	for (uint8_t *p; (p = pipe_next(&b->plain, got, &n)) != NULL; got = true) {
		gzip = got ? gzip : p[0] == 0x1f;
		unpacker_add(&b->u, gzip, p, n);
	}
	pipe_put(&b->tar, 0, true);
	return NULL;
}

static void *untar_thread(void *arg)
{
	bare *b = arg;
	size_t n = 0;
	bool got = false;
	for (const uint8_t *p; (p = pipe_next(&b->tar, got, &n)) != NULL; got = true) {
		hash(b->diff_id, p, n);
		untar_add(&b->files, p, n);
	}
	return NULL;
}

static size_t read_block(uint8_t *to)
{
	size_t have = 0;
	for (ssize_t n = 1; n > 0 && have<STEP; have += n> 0 ? (size_t)n : 0)
		n = read(STDIN_FILENO, to + have, STEP - have);
	return have;
}

int main(int argc, char **argv)
{
	static bare b = {.files.fd = -1, .u = {.room = tar_room, .take = tar_put, .arg = &b}};
	COF_AUTO(cof_buf) key = {0};
	cof_err why = {0};
	pthread_t threads[2];
	need_true(argc == 3, "usage: image_bare KEY DIR < BLOB");
	need(cof_file_read(argv[1], KEY_LEN + NONCE_LEN, &key, &why), &why);
	need_true(chdir(argv[2]) == 0, argv[2]);
	cipher_init(&b.c, &key);
	unpacker_init(&b.u);
	b.diff_id = sha256();
	pipe_init(&b.plain);
	pipe_init(&b.tar);
	need_true(pthread_create(&threads[0], NULL, inflate_thread, &b) == 0, "a thread");
	need_true(pthread_create(&threads[1], NULL, untar_thread, &b) == 0, "a thread");
	for (size_t n = 1; n > 0;) {
		uint8_t *p = pipe_room(&b.plain);
		n = read_block(p);
		hash(b.c.digest, p, n);
		cipher_mac(&b.c, p, n);
		cipher_ctr(&b.c, p, p, n);
		pipe_put(&b.plain, n, n == 0);
	}
	for (size_t i = 0; i < 2; i++)
		(void)pthread_join(threads[i], NULL);
	return 0;
}
