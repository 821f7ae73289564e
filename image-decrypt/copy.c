/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/copy.h"

#include <pthread.h>

#include "image-decrypt/copy_plan.h"

enum { JOBS_MAX = 16, TELL_EVERY = 256 << 10 };

typedef struct copying {
	const cof_image_name *from, *to;
	const cof_depot_opts *depot;
	const cof_copy_opts *opts;
	cof_depot *a, *b; /* of the first lane; of all where they are no registries */
	cof_copy_plan *plan;
	pthread_mutex_t lock; /* for all below, and the plan's blobs */
	size_t next;
	int failed; /* of the first that failed, with err */
	cof_err err;
} copying;

static void copying_release(copying *c)
{
	if (c->a != NULL)
		cof_depot_free(c->a);
	if (c->b != NULL)
		cof_depot_free(c->b);
	if (c->plan != NULL)
		cof_copy_plan_free(c->plan);
	(void)pthread_mutex_destroy(&c->lock);
}
COF_DEFINE_AUTO(copying, copying_release)

/* --- one blob --- */

typedef struct carrying {
	copying *c;
	cof_copy_blob *blob;
	cof_blob_new *to;
	uint64_t done, told;
} carrying;

/* False: another lane has failed, and all is in vain. */
static bool note(copying *c, cof_copy_blob *b, cof_copy_state state, uint64_t done)
{
	(void)pthread_mutex_lock(&c->lock);
	b->state = state;
	b->done = done;
	if (c->opts->progress != NULL)
		c->opts->progress(c->opts->progress_arg, c->plan->blobs, c->plan->n_blobs, b);
	bool go_on = c->failed == 0;
	(void)pthread_mutex_unlock(&c->lock);
	return go_on;
}

static int on_chunk(void *arg, cof_span chunk, cof_err *err)
{
	carrying *w = arg;
	int r = cof_blob_add(w->to, chunk, err);
	w->done += chunk.len;
	if (r < 0 || w->done - w->told < TELL_EVERY)
		return r;
	w->told = w->done;
	return note(w->c, w->blob, COF_COPY_RUNS, w->done)
		       ? 0
		       : cof_err_set(err, COF_E_UNAVAILABLE, "cancelled", "another blob failed");
}

/* A blob that its descriptor holds need not be anywhere else. */
static int stream(const cof_image_source *src, carrying *w, cof_err *err)
{
	COF_AUTO(cof_buf) data = {0};
	const cof_desc *d = &w->blob->desc;
	return cof_desc_inline(d, &data) ? on_chunk(w, cof_buf_span(&data), err)
					 : cof_image_stream(src, d, on_chunk, w, err);
}

static int carry(copying *c, cof_depot *from, cof_depot *to, cof_copy_blob *b, cof_err *err)
{
	COF_AUTO_PTR(cof_blob_new) new = NULL;
	const cof_image_source src = cof_depot_source(from);
	bool there = false;
	int r = cof_depot_has(to, &b->desc, &there, err);
	if (r == 0 && there)
		(void)note(c, b, COF_COPY_THERE, b->desc.size);
	if (r < 0 || there)
		return r;
	r = cof_blob_begin(to, &new, err);
	carrying w = {.c = c, .blob = b, .to = new};
	if (r == 0)
		r = stream(&src, &w, err);
	if (r == 0)
		r = cof_blob_end(new, &b->desc.digest, err);
	if (r == 0)
		(void)note(c, b, COF_COPY_DONE, b->desc.size);
	return r;
}

/* --- lanes --- */

static cof_copy_blob *take(copying *c)
{
	(void)pthread_mutex_lock(&c->lock);
	cof_copy_blob *b = c->failed == 0 && c->next < c->plan->n_blobs ? &c->plan->blobs[c->next++] : NULL;
	if (b != NULL)
		b->state = COF_COPY_RUNS;
	(void)pthread_mutex_unlock(&c->lock);
	return b;
}

static void fail(copying *c, int r, const cof_err *err)
{
	(void)pthread_mutex_lock(&c->lock);
	if (c->failed == 0) {
		c->failed = r;
		c->err = *err;
	}
	(void)pthread_mutex_unlock(&c->lock);
}

static void run_lane(copying *c, cof_depot *from, cof_depot *to)
{
	cof_err err = {0};
	for (cof_copy_blob *b; (b = take(c)) != NULL;) {
		int r = carry(c, from, to, b, &err);
		if (r < 0)
			fail(c, r, &err);
	}
}

/* A connection serves one at a time: each lane opens registries for itself. Files and folders serve all. */
static int lane_open(const copying *c, const cof_image_name *n, bool write, cof_depot **ret, cof_err *err)
{
	return n->kind != COF_DEPOT_REGISTRY ? 0 : cof_depot_open(ret, n, write, c->depot, err);
}

static void *lane_main(void *arg)
{
	copying *c = arg;
	COF_AUTO_PTR(cof_depot) from = NULL;
	COF_AUTO_PTR(cof_depot) to = NULL;
	cof_err err = {0};
	int r = lane_open(c, c->from, false, &from, &err);
	if (r == 0)
		r = lane_open(c, c->to, true, &to, &err);
	if (r < 0)
		fail(c, r, &err);
	else
		run_lane(c, from != NULL ? from : c->a, to != NULL ? to : c->b);
	return NULL;
}

/* Only waiting for a network is worth more than one; and an archive is written in one go. */
static size_t lanes(const copying *c)
{
	bool remote = c->from->kind == COF_DEPOT_REGISTRY || c->to->kind == COF_DEPOT_REGISTRY;
	size_t n = c->opts->jobs != 0 ? c->opts->jobs : COF_COPY_JOBS;
	if (!remote || c->to->kind == COF_DEPOT_OCI_ARCHIVE)
		return 1;
	n = n > JOBS_MAX ? JOBS_MAX : n;
	return n > c->plan->n_blobs ? c->plan->n_blobs : n;
}

static int carry_blobs(copying *c, cof_err *err)
{
	pthread_t threads[JOBS_MAX];
	size_t n = 0, want = lanes(c);
	while (n + 1 < want && pthread_create(&threads[n], NULL, lane_main, c) == 0)
		n++;
	run_lane(c, c->a, c->b);
	while (n > 0)
		(void)pthread_join(threads[--n], NULL);
	if (c->failed < 0 && err != NULL)
		*err = c->err;
	return c->failed;
}

/* --- documents --- */

static int put_doc(copying *c, size_t i, cof_err *err)
{
	const cof_copy_doc *d = &c->plan->docs[i];
	const char *tag = i + 1 == c->plan->n_docs ? cof_depot_tag(c->b) : NULL;
	cof_digest put;
	if (d->digest.alg != COF_SHA256)
		return cof_err_set(err, COF_E_USAGE, "digest-algorithm", "a manifest that is named by its %s",
				   cof_hash_name(d->digest.alg));
	return cof_depot_put_manifest(c->b, d->doc.media_type, cof_buf_span(&d->doc.body), tag, &put, err);
}

static int check_name(const copying *c, cof_err *err)
{
	const cof_digest *d = &c->plan->docs[c->plan->n_docs - 1].digest;
	if (!c->to->has_digest || cof_digest_equal(&c->to->digest, d))
		return 0;
	return cof_err_set(err, COF_E_USAGE, "image-digest-mismatch", "what is carried is not what it shall be called");
}

static int open_all(copying *c, cof_err *err)
{
	int r = cof_depot_open(&c->a, c->from, false, c->depot, err);
	if (r < 0)
		return r;
	const cof_image_source src = cof_depot_source(c->a);
	r = cof_copy_plan_make(&c->plan, &src, cof_depot_wanted(c->a), c->opts, err);
	if (r == 0)
		r = check_name(c, err);
	return r < 0 ? r : cof_depot_open(&c->b, c->to, true, c->depot, err);
}

static void sum_up(const copying *c, cof_copy_result *ret)
{
	*ret = (cof_copy_result){.digest = c->plan->docs[c->plan->n_docs - 1].digest,
				 .manifests = c->plan->n_docs,
				 .blobs = c->plan->n_blobs};
	for (size_t i = 0; i < c->plan->n_blobs; i++) {
		const cof_copy_blob *b = &c->plan->blobs[i];
		*(b->state == COF_COPY_THERE ? &ret->there : &ret->carried) += b->desc.size;
	}
}

int cof_copy_image(const cof_image_name *from, const cof_image_name *to, const cof_depot_opts *depot,
		   const cof_copy_opts *opts, cof_copy_result *ret, cof_err *err)
{
	COF_AUTO(copying) c = {.from = from, .to = to, .depot = depot, .opts = opts};
	(void)pthread_mutex_init(&c.lock, NULL);
	int r = open_all(&c, err);
	if (r == 0)
		r = carry_blobs(&c, err);
	for (size_t i = 0; r == 0 && i < c.plan->n_docs; i++)
		r = put_doc(&c, i, err);
	if (r == 0)
		r = cof_depot_close(c.b, err);
	if (r == 0)
		sum_up(&c, ret);
	return r;
}
