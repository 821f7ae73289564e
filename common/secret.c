/* SPDX-License-Identifier: Apache-2.0 */
#include "common/secret.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void cof_wipe(void *p, size_t len)
{
	explicit_bzero(p, len);
}

bool cof_ct_equal(cof_span a, cof_span b)
{
	if (a.len != b.len)
		return false;
	return a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0;
}

static size_t whole_pages(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	return (len + page - 1) / page * page;
}

int cof_secret_new(cof_secret *ret, size_t len, cof_err *err)
{
	if (len > COF_SECRET_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "secret-too-large", "a secret of %zu bytes", len);
	size_t mapped = whole_pages(len == 0 ? 1 : len);
	void *p = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return cof_err_oom(err);
	(void)mlock(p, mapped); /* refused by a small RLIMIT_MEMLOCK; see the header */
	(void)madvise(p, mapped, MADV_DONTDUMP);
	(void)madvise(p, mapped, MADV_WIPEONFORK);
	*ret = (cof_secret){p, len, mapped};
	return 0;
}

int cof_secret_from(cof_secret *ret, cof_span bytes, cof_err *err)
{
	int r = cof_secret_new(ret, bytes.len, err);
	if (r == 0 && bytes.len > 0)
		memcpy(ret->data, bytes.data, bytes.len);
	return r;
}

void cof_secret_release(cof_secret *s)
{
	if (s->data != NULL) {
		cof_wipe(s->data, s->mapped);
		(void)munmap(s->data, s->mapped);
	}
	*s = (cof_secret){0};
}

cof_secret cof_secret_steal(cof_secret *s)
{
	cof_secret taken = *s;
	*s = (cof_secret){0};
	return taken;
}

/*
 * Memory of OpenSSL and jansson that may have held a key is wiped when it is freed. The length is not given to
 * free(), so each block keeps its own in front, in a header that leaves the alignment of malloc as it is.
 */
enum { WIPE_HEADER = 16 };

static void *wipe_malloc(size_t len)
{
	size_t total = 0;
	if (__builtin_add_overflow(len, (size_t)WIPE_HEADER, &total))
		return NULL;
	uint8_t *p = malloc(total);
	if (p == NULL)
		return NULL;
	memcpy(p, &total, sizeof total);
	return p + WIPE_HEADER;
}

static void wipe_free(void *v)
{
	if (v == NULL)
		return;
	uint8_t *p = (uint8_t *)v - WIPE_HEADER;
	size_t total = 0;
	memcpy(&total, p, sizeof total);
	cof_wipe(p, total);
	free(p);
}

static void *openssl_malloc(size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return wipe_malloc(len);
}

static void openssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	wipe_free(p);
}

static void *openssl_realloc(void *old, size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	void *p = wipe_malloc(len);
	if (old == NULL || p == NULL)
		return p;
	size_t total = 0;
	memcpy(&total, (uint8_t *)old - WIPE_HEADER, sizeof total);
	size_t had = total - WIPE_HEADER;
	memcpy(p, old, had < len ? had : len);
	wipe_free(old);
	return p;
}

void cof_secret_wipe_heap(void)
{
	json_set_alloc_funcs(wipe_malloc, wipe_free);
	(void)CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);
}

void cof_secret_process_init(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	cof_secret_wipe_heap();
}
