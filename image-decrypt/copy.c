/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/copy.h"

#include <pthread.h>

#include "image-decrypt/copy_plan.h"

enum { JOBS_MAX = 16, TELL_EVERY = 256 << 10 };

typedef struct copying {
	const cof_image_name *from, *to;
	const cof_depot_opts *depot;
	const cof_copy_opts *opts;
	cof_depot *a, *b;
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

/* What one thread works on. */
typedef struct lane {
	copying *c;
	cof_depot *from, *to;
	cof_copy_blob *blob;
	cof_blob_new *file; /* where it is written; NULL: it is only read */
	bool twice;	    /* it is read to a file first, and then sent: each counts for half */
	uint64_t done, told;
} lane;

/* False: another lane has failed, and all is in vain. */
static bool note(const lane *l, cof_copy_state state, uint64_t done)
{
	copying *c = l->c;
	(void)pthread_mutex_lock(&c->lock);
	l->blob->state = state;
	l->blob->done = done;
	if (c->opts->progress != NULL)
		c->opts->progress(c->opts->progress_arg, c->plan->blobs, c->plan->n_blobs, l->blob);
	bool go_on = c->failed == 0;
	(void)pthread_mutex_unlock(&c->lock);
	return go_on;
}

static bool moved(lane *l, uint64_t bytes)
{
	uint64_t size = l->blob->desc.size;
	l->done += bytes;
	if (l->done - l->told < TELL_EVERY)
		return true;
	l->told = l->done;
	uint64_t part = l->twice ? l->done / 2 : l->done;
	return note(l, COF_COPY_RUNS, part < size ? part : size); /* what is sent again counts again */
}

static void on_sent(void *arg, uint64_t bytes)
{
	(void)moved(arg, bytes);
}

static int on_chunk(void *arg, cof_span chunk, cof_err *err)
{
	lane *l = arg;
	int r = l->file != NULL ? cof_blob_add(l->file, chunk, err) : 0;
	if (r < 0 || moved(l, l->file != NULL ? chunk.len : 0))
		return r;
	return cof_err_set(err, COF_E_UNAVAILABLE, "cancelled", "another blob failed");
}

/* A blob that its descriptor holds need not be anywhere else. */
static int read_blob(lane *l, cof_err *err)
{
	COF_AUTO(cof_buf) data = {0};
	const cof_image_source src = cof_depot_source(l->from);
	const cof_desc *d = &l->blob->desc;
	return cof_desc_inline(d, &data) ? on_chunk(l, cof_buf_span(&data), err)
					 : cof_image_stream(&src, d, on_chunk, l, err);
}

/* It is hashed before it is sent: whoever gets it should not have to find out. */
static int send_file(lane *l, cof_err *err)
{
	int r = read_blob(l, err);
	return r < 0 ? r : cof_depot_send(l->from, l->to, &l->blob->desc, err);
}

static int write_file(lane *l, cof_err *err)
{
	COF_AUTO_PTR(cof_blob_new) new = NULL;
	int r = cof_blob_begin(l->to, &new, err);
	l->file = new;
	if (r == 0)
		r = read_blob(l, err);
	if (r == 0)
		r = cof_blob_end(new, &l->blob->desc.digest, err);
	l->file = NULL;
	return r;
}

static int carry(lane *l, cof_copy_blob *b, cof_err *err)
{
	bool there = false, direct = cof_depot_direct(l->from, l->to) && b->desc.data == NULL;
	l->blob = b;
	l->twice = !direct && l->c->to->kind == COF_DEPOT_REGISTRY;
	l->done = l->told = 0;
	int r = cof_depot_has(l->to, &b->desc, &there, err);
	if (r == 0 && !there)
		r = direct ? send_file(l, err) : write_file(l, err);
	if (r == 0)
		(void)note(l, there ? COF_COPY_THERE : COF_COPY_DONE, b->desc.size);
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

/* A lane has a target of its own where that is a registry, to know what of its own blob was sent. */
static int lane_open(lane *l, cof_depot **ret, cof_err *err)
{
	copying *c = l->c;
	cof_depot_opts opts = c->depot != NULL ? *c->depot : (cof_depot_opts){0};
	opts.sent = on_sent;
	opts.sent_arg = l;
	l->from = c->a;
	l->to = c->b;
	if (c->to->kind != COF_DEPOT_REGISTRY)
		return 0;
	int r = cof_depot_open(ret, c->to, true, &opts, err);
	l->to = *ret;
	return r;
}

static void run_lane(copying *c)
{
	COF_AUTO_PTR(cof_depot) to = NULL;
	cof_err err = {0};
	lane l = {.c = c};
	int r = lane_open(&l, &to, &err);
	for (cof_copy_blob *b; r == 0 && (b = take(c)) != NULL;)
		r = carry(&l, b, &err);
	if (r < 0)
		fail(c, r, &err);
}

static void *lane_main(void *arg)
{
	run_lane(arg);
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
	run_lane(c);
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
