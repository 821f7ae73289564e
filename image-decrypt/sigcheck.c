/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/sigcheck.h"

#include <stdio.h>

#include "common/hex.h"
#include "image-decrypt/sigbundle.h"
#include "image-decrypt/sigfetch.h"
#include "image-decrypt/sigpayload.h"
#include "image-decrypt/sigpgp.h"

const char *cof_sig_kind_name(cof_sig_kind kind)
{
	static const char *const names[] = {"none", "cosign", "bundle", "simple-signing"};
	return names[kind];
}

/* How far a signature came before it failed: of several, the one that came furthest says why the image is refused. */
typedef enum stage { STAGE_NONE, STAGE_READ, STAGE_KEY, STAGE_PAYLOAD, STAGE_DIGEST, STAGE_IDENTITY } stage;

typedef struct judge {
	const cof_sigcheck *in;
	const cof_sig_req *req;
	cof_sig_found found;
	bool fetched;
	stage best;
	cof_err why; /* of the best */
	cof_sig_report report;
} judge;

static void judge_release(judge *j)
{
	cof_sig_found_release(&j->found);
}
COF_DEFINE_AUTO(judge, judge_release)

/* Always false: this signature is not the one. */
static bool failed(judge *j, stage at, const cof_err *e)
{
	if (at > j->best) {
		j->best = at;
		j->why = *e;
	}
	return false;
}

/* --- what a good signature says --- */

static bool identity_holds(judge *j, const char *name)
{
	cof_err e = {0};
	if (cof_sig_identity_check(&j->req->identity, j->in->place.ref, name, &e) < 0)
		return failed(j, STAGE_IDENTITY, &e);
	(void)snprintf(j->report.identity, sizeof j->report.identity, "%s", name != NULL ? name : "");
	return true;
}

static bool other_image(judge *j)
{
	cof_err e = {0};
	(void)!cof_err_set(&e, COF_E_CRYPTO, "signature-digest", "the signature is good, but of another image");
	return failed(j, STAGE_DIGEST, &e);
}

static bool claim_holds(judge *j, const cof_digest *over, const char *name)
{
	if (!cof_digest_equal(over, j->in->asked) && !cof_digest_equal(over, j->in->chosen))
		return other_image(j);
	j->report.digest = *over;
	return identity_holds(j, name);
}

static bool payload_holds(judge *j, cof_span text, const char *type)
{
	COF_AUTO(cof_sigpayload) p = {0};
	cof_err e = {0};
	if (cof_sigpayload_parse(text, type, &p, &e) < 0)
		return failed(j, STAGE_PAYLOAD, &e);
	return claim_holds(j, &p.digest, p.identity);
}

static bool bundle_holds(judge *j, const cof_sigbundle *b)
{
	const char *name = NULL;
	if (cof_sigbundle_names(b, j->in->asked, &name))
		return claim_holds(j, j->in->asked, name);
	if (cof_sigbundle_names(b, j->in->chosen, &name))
		return claim_holds(j, j->in->chosen, name);
	return other_image(j);
}

/* --- sigstore --- */

typedef struct keys {
	EVP_PKEY *list[COF_SIGPOLICY_LIST_MAX];
	size_t n;
} keys;

static void keys_release(keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		EVP_PKEY_free(k->list[i]);
	k->n = 0;
}
COF_DEFINE_AUTO(keys, keys_release)

/* The bytes of a key: the policy's own, or read into held. */
static int key_bytes(const judge *j, const cof_sig_key_src *src, cof_buf *held, cof_span *ret, cof_err *err)
{
	*ret = cof_buf_span(&src->data);
	if (src->path == NULL)
		return 0;
	if (j->in->read_key == NULL)
		return cof_err_set(err, COF_E_POLICY, "signature-key", "nothing here reads the key '%.100s'",
				   src->path);
	*held = cof_buf_capped(COF_SIGPOLICY_KEY_MAX);
	int r = j->in->read_key(j->in->read_key_arg, src->path, held, err);
	*ret = cof_buf_span(held);
	return r;
}

static int load_keys(const judge *j, keys *ret, cof_err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < j->req->n_keys; i++) {
		COF_AUTO(cof_buf) held = {0};
		cof_span pem = {0};
		r = key_bytes(j, &j->req->keys[i], &held, &pem, err);
		if (r == 0)
			r = cof_sigkey_parse(pem, &ret->list[i], err);
		ret->n += r == 0;
	}
	return r;
}

static bool by_none(judge *j)
{
	cof_err e = {0};
	(void)!cof_err_set(&e, COF_E_CRYPTO, "signature-invalid", "the signature is by none of the keys, or damaged");
	return failed(j, STAGE_KEY, &e);
}

static bool accept_by(judge *j, cof_sig_kind kind, EVP_PKEY *key)
{
	j->report.kind = kind;
	return cof_sigkey_id(key, j->report.key, NULL) == 0;
}

/* Base64 as signers break it into lines. */
static bool decode(cof_span text, cof_buf *ret)
{
	COF_AUTO(cof_buf) joined = cof_buf_capped(COF_ANNOTATION_MAX);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] != '\n' && text.data[i] != '\r' && cof_buf_add(&joined, &text.data[i], 1, NULL) < 0)
			return false;
	return cof_unb64(cof_buf_span(&joined), ret, NULL) == 0;
}

static bool try_cosign(judge *j, const keys *k, cof_span payload, cof_span signature)
{
	COF_AUTO(cof_buf) sig = {0};
	if (!decode(signature, &sig))
		return by_none(j);
	for (size_t i = 0; i < k->n; i++)
		if (cof_sigkey_verify(k->list[i], payload, cof_buf_span(&sig)))
			return payload_holds(j, payload, COF_SIGPAYLOAD_COSIGN) &&
			       accept_by(j, COF_SIG_COSIGN, k->list[i]);
	return by_none(j);
}

static bool try_bundle(judge *j, const keys *k, cof_span text)
{
	COF_AUTO(cof_sigbundle) b = {0};
	cof_err e = {0};
	if (cof_sigbundle_parse(text, &b, &e) < 0)
		return failed(j, STAGE_READ, &e);
	for (size_t i = 0; i < k->n; i++)
		if (cof_sigbundle_verify(&b, k->list[i]))
			return bundle_holds(j, &b) && accept_by(j, COF_SIG_BUNDLE, k->list[i]);
	return by_none(j);
}

static bool try_sigstore(judge *j, const keys *k, cof_sig_kind kind, cof_span body, cof_span signature)
{
	if (kind == COF_SIG_COSIGN)
		return try_cosign(j, k, body, signature);
	return kind == COF_SIG_BUNDLE && try_bundle(j, k, body);
}

/* Once for an image, and only when some requirement needs it. */
static int fetch(judge *j, cof_err *err)
{
	if (j->fetched || j->in->source == NULL)
		return 0;
	j->fetched = true;
	int r = cof_sig_fetch(j->in->source, j->in->asked, &j->found, err);
	if (r == 0 && !cof_digest_equal(j->in->asked, j->in->chosen))
		r = cof_sig_fetch(j->in->source, j->in->chosen, &j->found, err);
	j->report.seen += j->found.n;
	return r;
}

/* When nothing was there to judge, a registry that did not answer is the better reason. */
static int none_good(const judge *j, cof_err *err)
{
	const cof_err *missed = &j->found.missed;
	if (j->best != STAGE_NONE) {
		*err = j->why;
		return -(int)err->cls;
	}
	if (missed->cls == COF_E_UNAVAILABLE || missed->cls == COF_E_IO) {
		*err = *missed;
		return -(int)err->cls;
	}
	return cof_err_set(err, COF_E_POLICY, "signature-missing", "%s%s%s",
			   j->found.full ? "no usable signature among as many as are looked at"
					 : "the image has no signature of the kind that is asked for",
			   missed->cls != COF_OK ? "; on the way: " : "", missed->cls != COF_OK ? missed->text : "");
}

static int judge_sigstore(judge *j, cof_err *err)
{
	COF_AUTO(keys) k = {0};
	int r = load_keys(j, &k, err);
	if (r == 0)
		r = fetch(j, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < j->in->n_given; i++) {
		const cof_sig_given *g = &j->in->given[i];
		if (try_sigstore(j, &k, g->kind, g->body, g->signature))
			return 0;
	}
	for (size_t i = 0; i < j->found.n; i++) {
		const cof_sig_candidate *c = &j->found.list[i];
		if (try_sigstore(j, &k, c->kind, cof_buf_span(&c->body),
				 c->signature != NULL ? cof_span_str(c->signature) : (cof_span){0}))
			return 0;
	}
	return none_good(j, err);
}

/* --- simple signing --- */

static int load_ring(const judge *j, cof_pgp_ring **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_pgp_ring) ring = NULL;
	int r = cof_pgp_ring_new(&ring, err);
	for (size_t i = 0; r == 0 && i < j->req->n_keys; i++) {
		COF_AUTO(cof_buf) held = {0};
		cof_span bytes = {0};
		r = key_bytes(j, &j->req->keys[i], &held, &bytes, err);
		if (r == 0)
			r = cof_pgp_ring_add(ring, bytes, err);
	}
	if (r == 0)
		*ret = cof_steal(&ring);
	return r;
}

static bool try_simple(judge *j, const cof_pgp_ring *ring, cof_span message)
{
	COF_AUTO(cof_buf) payload = {0};
	char fingerprint[COF_PGP_FINGERPRINT_STR];
	cof_err e = {0};
	if (cof_pgp_verify(ring, message, j->in->now, &payload, fingerprint, &e) < 0)
		return failed(j, cof_err_is(&e, "signature-malformed") ? STAGE_READ : STAGE_KEY, &e);
	if (!payload_holds(j, cof_buf_span(&payload), COF_SIGPAYLOAD_ATOMIC))
		return false;
	j->report.kind = COF_SIG_SIMPLE;
	(void)snprintf(j->report.key, sizeof j->report.key, "%s", fingerprint);
	return true;
}

static int judge_simple(judge *j, cof_err *err)
{
	COF_AUTO_PTR(cof_pgp_ring) ring = NULL;
	int r = load_ring(j, &ring, err);
	for (size_t i = 0; r == 0 && i < j->in->n_given; i++)
		if (j->in->given[i].kind == COF_SIG_SIMPLE && try_simple(j, ring, j->in->given[i].body))
			return 0;
	return r < 0 ? r : none_good(j, err);
}

/* --- the policy --- */

static int judge_req(judge *j, const cof_sig_req *req, cof_err *err)
{
	j->req = req;
	j->best = STAGE_NONE;
	switch (req->type) {
	case COF_SIG_ACCEPT_ANYTHING:
		return 0;
	case COF_SIG_SIGNED_BY:
		return judge_simple(j, err);
	case COF_SIG_SIGSTORE_SIGNED:
		return judge_sigstore(j, err);
	case COF_SIG_UNSUPPORTED:
		return cof_err_set(err, COF_E_POLICY, "policy-unsupported",
				   "the policy wants what coffer does not judge: %s", req->unsupported);
	default:
		return cof_err_set(err, COF_E_POLICY, "policy-rejects", "the policy refuses every image there (%.100s)",
				   j->report.scope[0] != '\0' ? j->report.scope : "its default");
	}
}

int cof_sigcheck_run(const cof_sigcheck *in, cof_sig_report *ret, cof_err *err)
{
	COF_AUTO(judge) j = {.in = in};
	cof_err own = {0};
	err = err != NULL ? err : &own;
	if (in->policy == NULL)
		return cof_err_set(err, COF_E_POLICY, "policy-missing",
				   "there is no policy of signatures, and without one none is good");
	const cof_sig_reqs *reqs = cof_sigpolicy_find(in->policy, &in->place, j.report.scope);
	j.report.seen = in->n_given;
	for (size_t i = 0; i < reqs->n; i++) {
		int r = judge_req(&j, &reqs->list[i], err);
		if (r < 0)
			return r;
		j.report.requirements++;
	}
	if (ret != NULL)
		*ret = j.report;
	return 0;
}
