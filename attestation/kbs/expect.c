/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/holder_int.h"
#include "common/hex.h"

void cof_holder_expect_release(cof_holder_expect *e)
{
	cof_buf_release(&e->roots);
	cof_buf_release(&e->references);
	cof_buf_release(&e->digests);
}

static int add_root(void *arg, const char *name, cof_span value, cof_err *err)
{
	(void)name;
	int rc = cof_buf_add(arg, value.data, value.len, err);
	return rc < 0 ? rc : cof_buf_add_str(arg, "\n", err);
}

typedef struct references {
	const json_t *expired;
	cof_buf *out;
} references;

/* One that has expired is as if it were not there: no boot may match it. */
static int add_reference(void *arg, const char *name, cof_span value, cof_err *err)
{
	const references *to = arg;
	if (json_object_get(to->expired, name) != NULL)
		return 0;
	int rc = cof_buf_add_str(to->out, to->out->len > 1 ? "," : "", err);
	return rc < 0 ? rc : cof_buf_add(to->out, value.data, value.len, err);
}

static int load_references(cof_holder *h, cof_buf *out, cof_err *err)
{
	COF_AUTO_PTR(json_t) expired = NULL;
	int rc = cof_holder_expired_references(h, &expired, err);
	if (rc == 0)
		rc = cof_buf_add_str(out, "[", err);
	references to = {expired, out};
	if (rc == 0)
		rc = cof_store_each(h->store, COF_KIND_REFERENCE, add_reference, &to, err);
	return rc < 0 ? rc : cof_buf_add_str(out, "]", err);
}

static int add_digest(void *arg, const char *name, cof_span value, cof_err *err)
{
	uint8_t d[COF_SHA256_LEN];
	(void)value;
	int rc = cof_unhex(name, d, sizeof d, err);
	return rc < 0 ? rc : cof_buf_add(arg, d, sizeof d, err);
}

int cof_holder_expect_load(cof_holder *h, cof_holder_expect *ret, cof_err *err)
{
	COF_AUTO(cof_holder_expect) e = {0};
	int rc = cof_store_each(h->store, COF_KIND_EK_ROOT, add_root, &e.roots, err);
	if (rc == 0)
		rc = load_references(h, &e.references, err);
	if (rc == 0)
		rc = cof_store_each(h->store, COF_KIND_INITDATA, add_digest, &e.digests, err);
	if (rc < 0)
		return rc;
	*ret = e;
	e = (cof_holder_expect){0};
	return 0;
}

/* ---- room ---- */

typedef struct room {
	const char *kind;
	size_t n_max;
	size_t bytes_max;
} room;

static const room rooms[] = {
	{COF_KIND_REFERENCE, COF_HOLDER_REFERENCES_MAX, COF_KB_REFERENCES_MAX},
	{COF_KIND_TEE_REFERENCE, COF_HOLDER_TEE_REFERENCES_MAX, SIZE_MAX}, /* no verifier gets them */
	{COF_KIND_INITDATA, COF_HOLDER_INITDATA_MAX, SIZE_MAX},
	{COF_KIND_EK_ROOT, COF_HOLDER_EK_ROOTS_MAX, COF_KB_EK_ROOTS_MAX},
};

typedef struct taken {
	size_t n;
	size_t bytes;
} taken;

static int add_taken(void *arg, const char *name, cof_span value, cof_err *err)
{
	taken *t = arg;
	(void)name;
	(void)err;
	t->n++;
	t->bytes += value.len + 1; /* and what separates it from the next */
	return 0;
}

static int judge_room(const room *r, const taken *t, cof_err *err)
{
	if (t->n > r->n_max)
		return cof_err_set(err, COF_E_POLICY, "store-full", "there are %zu of kind %s: delete some first",
				   r->n_max, r->kind);
	if (t->bytes > r->bytes_max)
		return cof_err_set(err, COF_E_POLICY, "store-full",
				   "all of kind %s would have %zu bytes, of which %zu can be used: delete some first",
				   r->kind, t->bytes, r->bytes_max);
	return 0;
}

int cof_holder_check_room(cof_holder *h, const char *kind, cof_err *err)
{
	taken t = {0, 1}; /* the list's brackets */
	int rc = cof_store_each(h->store, kind, add_taken, &t, err);
	for (size_t i = 0; rc == 0 && i < COF_COUNT(rooms); i++) {
		if (strcmp(rooms[i].kind, kind) == 0)
			rc = judge_room(&rooms[i], &t, err);
	}
	return rc;
}
