/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the registry client share: the object, its places, one authorised request, what may be asked again.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "common/http_url.h"
#include "image-decrypt/challenge.h"
#include "image-decrypt/registry.h"

enum { COF_IDLE_CLIENTS_MAX = COF_STREAMS_MAX + 1 };

/* A server that has the repository: a mirror, or the registry itself. */
typedef struct cof_place {
	char *base;	   /* "https://HOST[/PREFIX]/v2/REPO" */
	const char *query; /* "", or "?ns=…" (owned by the registry) */
	cof_origin origin;
	cof_login login;
	atomic_bool down; /* a mirror that failed: not asked again */
	/* under the registry's lock: */
	cof_secret authorization; /* the header line of the moment, with its NUL; empty: none */
	cof_challenge challenge;  /* what it answers */
	int64_t expires_ms;	  /* of cof_boot_ms; 0: never */
	unsigned generation;	  /* counts the lines that there were */
} cof_place;

struct cof_registry {
	cof_ref ref;
	char *query; /* of mirrors: "?ns=HOST" */
	cof_place *places;
	size_t n_places; /* the last one is the registry itself */
	char scope[COF_REF_REPO_MAX + 32];
	cof_origin *partners;
	size_t n_partners;
	unsigned retries, backoff_ms, streams;
	bool adapt; /* several streams only where one is slow */
	void (*sent)(void *arg, uint64_t bytes);
	void *sent_arg;
	pthread_mutex_t lock;	   /* the idle clients */
	pthread_mutex_t auth_lock; /* the places' authorizations; held while a token is fetched */
	cof_http *first;	   /* what the others are made after; makes no calls itself */
	cof_http *idle[COF_IDLE_CLIENTS_MAX];
	size_t n_idle;
};

/* The registry itself. */
static inline cof_place *cof_registry_home(cof_registry *r)
{
	return &r->places[r->n_places - 1];
}

/* --- registry_do.c --- */

/* An HTTP client for one call, without credentials of its own. */
COF_WUR int cof_registry_call(cof_registry *r, const cof_http_req *req, cof_http_resp *ret, cof_err *err);
/* A request with what the place wants for it; a 401 is answered once. With a source, that answer is only prepared for
 * the next call: *ret is the 401. */
COF_WUR int cof_registry_do(cof_registry *r, cof_place *p, const cof_http_req *req, const char *const *headers,
			    cof_http_resp *ret, cof_err *err);
/* The error for a status that is not the wanted one. */
COF_WUR int cof_registry_status(const cof_http_resp *resp, const char *what, cof_err *err);
/* After a failure: true when it may pass, and a pause was made; then ask again. rc is the request's; *attempt counts.
 */
bool cof_registry_again(const cof_registry *r, unsigned *attempt, const cof_http_resp *resp, int rc);
/* A document, retried, of at most max bytes: whatever status came at last. */
COF_WUR int cof_registry_get(cof_registry *r, cof_place *p, const char *url, const char *const *headers, size_t max,
			     cof_http_resp *ret, cof_err *err);

/* --- registry_auth.c --- */

/* The line to send, as a copy with its NUL (empty: none), renewed when its time is over; *ret_generation names it. */
COF_WUR int cof_place_authorization(cof_registry *r, cof_place *p, cof_secret *ret, unsigned *ret_generation,
				    cof_err *err);
/* Answers a 401 that the line of that generation got; another thread's newer line will do. */
COF_WUR int cof_place_authorize(cof_registry *r, cof_place *p, unsigned generation, const cof_http_resp *resp,
				cof_err *err);

/* --- registry_stream.c, registry_windows.c --- */

enum { COF_WINDOW = 2 << 20 };

/* How fast one answer comes: the time that the sink took is not the place's. */
typedef struct cof_pace {
	int64_t began_ms, first_ms, half_ms; /* when asked; until the first byte, until half of the sample */
	int64_t sink_ms;
	uint64_t got;
	bool judged;
} cof_pace;

/* A blob on its way to sink, from one place. */
typedef struct cof_download {
	cof_registry *r;
	cof_place *place;
	const cof_desc *d;
	char *url;
	char *direct; /* where the place's redirect led: further ranges may be asked there; NULL: no redirect */
	char *etag;   /* strong, of the first answer; NULL: none */
	cof_sink sink;
	void *arg;
	uint64_t have; /* bytes that sink has */
	uint64_t skip; /* of this answer: a registry that ignores Range starts at zero */
	uint64_t most; /* bytes that this answer may still bring */
	bool windows;  /* from now on: several ranges at once */
	bool split;    /* this answer was given up for them */
	bool ranges;   /* the place says that it keeps ranges */
	bool whole;    /* it does not, or not always */
	cof_pace pace;
	bool wrong;  /* a check said no: this place is not asked again */
	bool broken; /* sink said no: nobody is */
} cof_download;

/* cof_image_source's; arg is the cof_registry. */
COF_WUR int cof_registry_stream(void *arg, const cof_desc *d, cof_sink sink, void *sink_arg, cof_err *err);
/* Hands on the bytes that are next. */
COF_WUR int cof_download_take(cof_download *w, cof_span chunk, cof_err *err);
/* The headers for bytes [from, to] (to UINT64_MAX: all that follow); range and etag hold COF_RANGE_LINE_MAX. */
enum { COF_RANGE_LINE_MAX = 320 };
void cof_download_ask(const cof_download *w, uint64_t from, uint64_t to, char *range, char *etag);
/* Whether the answer to a request for the bytes from "from" on goes on there; *ret_whole: it starts at zero. Reasons
 * "registry-range", "registry-changed", "layer-size-mismatch". */
COF_WUR int cof_download_head(const cof_download *w, const cof_http_resp *head, uint64_t from, bool *ret_whole,
			      cof_err *err);
/* Enough came to be patient again. */
bool cof_download_moved(const cof_download *w, uint64_t bytes);
/* All that is missing, in several ranges at once. 0 with bytes still missing: the place does not keep ranges after all
 * (w->whole). */
COF_WUR int cof_download_windows(cof_download *w, cof_err *err);

/* --- registry_referrers.c --- */

COF_WUR int cof_registry_referrers(void *arg, const cof_digest *subject, cof_fetched *ret, cof_err *err);

/* --- registry.c --- */

/* A manifest or index by tag or digest; *ret_found is false for a 404. */
COF_WUR int cof_registry_manifest(cof_registry *r, const char *wanted, cof_fetched *ret, bool *ret_found, cof_err *err);
