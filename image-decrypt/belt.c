/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/belt.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "common/secret.h"

typedef struct reader {
	cof_belt *belt;
	cof_belt_reader how;
	bool busy, ended;
	uint64_t taken;
	int failed;
	cof_err why;
} reader;

/* Everything here that changes is under the crew's lock. */
struct cof_belt {
	cof_crew *crew;
	bool closed, stopped;
	size_t blocks, block_len;
	uint8_t *memory;
	size_t *lens;
	uint64_t put;
	reader readers[COF_BELT_READERS_MAX];
	size_t n_readers;
};

struct cof_crew {
	pthread_mutex_t lock;
	pthread_cond_t change;
	pthread_t threads[COF_CREW_MAX];
	size_t n_threads;
	bool quit;
	cof_belt *belts[COF_CREW_BELTS_MAX]; /* in the order of the stages */
};

static uint64_t ns_of(clockid_t clock)
{
	struct timespec t = {0};
	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t cof_thread_ns(void)
{
	return ns_of(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t cof_crew_ns(const cof_crew *c)
{
	uint64_t sum = 0;
	clockid_t clock;
	for (size_t i = 0; i < c->n_threads; i++)
		sum += pthread_getcpuclockid(c->threads[i], &clock) == 0 ? ns_of(clock) : 0;
	return sum;
}

static void lock(cof_crew *c)
{
	(void)pthread_mutex_lock(&c->lock);
}

static void unlock(cof_crew *c)
{
	(void)pthread_mutex_unlock(&c->lock);
}

static void wait_for_change(cof_crew *c)
{
	(void)pthread_cond_wait(&c->change, &c->lock);
}

static void tell_change(cof_crew *c)
{
	(void)pthread_cond_broadcast(&c->change);
}

/* --- work; all under the lock, which is left while a reader runs --- */

static uint8_t *block_of(const cof_belt *r, uint64_t n)
{
	return r->memory + (size_t)(n % r->blocks) * r->block_len;
}

static bool has_block(const reader *d)
{
	return !d->belt->stopped && d->taken < d->belt->put;
}

static bool has_work(const reader *d)
{
	return !d->busy && !d->ended && (has_block(d) || d->belt->stopped || d->belt->closed);
}

static reader *find_work(const cof_crew *c)
{
	for (size_t i = 0; i < COF_CREW_BELTS_MAX; i++) {
		cof_belt *r = c->belts[i];
		for (size_t k = 0; r != NULL && k < r->n_readers; k++)
			if (has_work(&r->readers[k]))
				return &r->readers[k];
	}
	return NULL;
}

static int take(reader *d, cof_err *why)
{
	cof_belt *r = d->belt;
	cof_span block = cof_span_of(block_of(r, d->taken), r->lens[d->taken % r->blocks]);
	unlock(r->crew);
	int rc = d->how.take(d->how.arg, block, why);
	lock(r->crew);
	d->taken++;
	return rc;
}

static int end(reader *d, cof_err *why)
{
	cof_belt *r = d->belt;
	bool whole = r->closed && d->failed == 0 && d->taken == r->put;
	unlock(r->crew);
	int rc = d->how.end == NULL ? 0 : d->how.end(d->how.arg, whole, why);
	lock(r->crew);
	d->ended = true;
	return rc;
}

static void run(reader *d)
{
	cof_err why = {0};
	d->busy = true;
	int rc = has_block(d) ? take(d, &why) : end(d, &why);
	d->busy = false;
	if (rc < 0 && d->failed == 0) {
		d->failed = rc;
		d->why = why;
		d->belt->stopped = true;
	}
	tell_change(d->belt->crew);
}

/* One block of somebody's work, or else a wait for something to happen. */
static void work_or_wait(cof_crew *c)
{
	reader *d = find_work(c);
	if (d != NULL)
		run(d);
	else
		wait_for_change(c);
}

/* --- the crew --- */

bool cof_crew_help(cof_crew *c)
{
	lock(c);
	reader *d = find_work(c);
	if (d != NULL)
		run(d);
	unlock(c);
	return d != NULL;
}

static void *work(void *arg)
{
	cof_crew *c = arg;
	lock(c);
	while (!c->quit)
		work_or_wait(c);
	unlock(c);
	return NULL;
}

void cof_crew_free(cof_crew *c)
{
	lock(c);
	c->quit = true;
	tell_change(c);
	unlock(c);
	for (size_t i = 0; i < c->n_threads; i++)
		(void)pthread_join(c->threads[i], NULL);
	(void)pthread_cond_destroy(&c->change);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Signals are for the thread that was there first. */
static int start(cof_crew *c, cof_err *err)
{
	sigset_t all, before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int no = pthread_create(&c->threads[c->n_threads], NULL, work, c);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	c->n_threads += no == 0;
	errno = no;
	return no == 0 ? 0 : cof_err_sys(err, "thread-failed", "a thread of the pipeline");
}

int cof_crew_new(cof_crew **ret, size_t threads, cof_err *err)
{
	COF_AUTO_PTR(cof_crew) c = calloc(1, sizeof *c);
	if (c == NULL)
		return cof_err_oom(err);
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->change, NULL);
	for (size_t i = 0; i < threads; i++) {
		int r = start(c, err);
		if (r < 0)
			return r;
	}
	*ret = cof_steal(&c);
	return 0;
}

/* --- the belt --- */

static bool all_ended(const cof_belt *r)
{
	bool ended = true;
	for (size_t i = 0; i < r->n_readers; i++)
		ended = ended && r->readers[i].ended;
	return ended;
}

static void sign_off(cof_belt *r)
{
	cof_crew *c = r->crew;
	lock(c);
	r->stopped = true;
	tell_change(c);
	while (!all_ended(r))
		work_or_wait(c);
	for (size_t i = 0; i < COF_CREW_BELTS_MAX; i++)
		if (c->belts[i] == r)
			c->belts[i] = NULL;
	unlock(c);
}

void cof_belt_free(cof_belt *r)
{
	sign_off(r);
	if (r->memory != NULL)
		cof_wipe(r->memory, r->blocks * r->block_len); /* plain text of an encrypted layer */
	free(r->memory);
	free(r->lens);
	free(r);
}

static void sign_on(cof_belt *r)
{
	cof_crew *c = r->crew;
	lock(c);
	memmove(c->belts + 1, c->belts, sizeof c->belts - sizeof c->belts[0]);
	c->belts[0] = r;
	unlock(c);
}

int cof_belt_new(cof_belt **ret, cof_crew *crew, const cof_belt_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_belt) r = calloc(1, sizeof *r);
	if (r == NULL)
		return cof_err_oom(err);
	r->crew = crew;
	r->blocks = opts->blocks;
	r->block_len = opts->block_len;
	r->memory = reallocarray(NULL, r->blocks, r->block_len);
	r->lens = calloc(r->blocks, sizeof *r->lens);
	if (r->memory == NULL || r->lens == NULL)
		return cof_err_oom(err);
	for (; r->n_readers < opts->n_readers; r->n_readers++)
		r->readers[r->n_readers] = (reader){.belt = r, .how = opts->readers[r->n_readers]};
	sign_on(r);
	*ret = cof_steal(&r);
	return 0;
}

static bool full(const cof_belt *r)
{
	for (size_t i = 0; i < r->n_readers; i++)
		if (r->put - r->readers[i].taken == r->blocks)
			return true;
	return false;
}

static int say_stopped(cof_err *err)
{
	return cof_err_set(err, COF_E_IO, "cancelled", "stopped on request");
}

int cof_belt_room(cof_belt *r, uint8_t **ret, cof_err *err)
{
	lock(r->crew);
	while (!r->stopped && full(r))
		work_or_wait(r->crew);
	bool stopped = r->stopped;
	*ret = stopped ? *ret : block_of(r, r->put);
	unlock(r->crew);
	return stopped ? say_stopped(err) : 0;
}

int cof_belt_put(cof_belt *r, size_t len, cof_err *err)
{
	lock(r->crew);
	bool stopped = r->stopped;
	r->lens[r->put % r->blocks] = len;
	r->put += !stopped;
	tell_change(r->crew);
	unlock(r->crew);
	return stopped ? say_stopped(err) : 0;
}

size_t cof_belt_block_len(const cof_belt *r)
{
	return r->block_len;
}

void cof_belt_close(cof_belt *r)
{
	lock(r->crew);
	r->closed = true;
	tell_change(r->crew);
	unlock(r->crew);
}

void cof_belt_stop(cof_belt *r)
{
	lock(r->crew);
	r->stopped = true;
	tell_change(r->crew);
	unlock(r->crew);
}

int cof_belt_join(cof_belt *r, cof_err *err)
{
	lock(r->crew);
	while (!all_ended(r))
		work_or_wait(r->crew);
	unlock(r->crew);
	for (size_t i = 0; i < r->n_readers; i++) {
		if (r->readers[i].failed == 0)
			continue;
		if (err != NULL)
			*err = r->readers[i].why;
		return r->readers[i].failed;
	}
	return 0;
}
