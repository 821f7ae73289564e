/* SPDX-License-Identifier: Apache-2.0 */
/* The pull's state, shared by its files: pull.c (begin and end, attestation), pull_ask.c (what is asked of the fetcher,
 * with the owner's settings), pull_image.c (what the fetcher says), pull_layer.c (layers under way) and pull_unpack.c
 * (what unpackers say, and the layers' names). */
#pragma once

#include "agent/pull.h"
#include "common/clock.h"

/* One layer. It is finished when all three are done with it: every byte came, every byte was right, and the keeper
 * gave its key. */
typedef struct cof_pull_layer {
	cof_pull *pull;
	cof_helper *unpacker;	 /* NULL: not begun, or over */
	int key_read, key_write; /* the key's pipe, made when it is first needed */
	bool fetched, unpacked, keyed, finished;
	bool lowers_told; /* its unpacker knows that the layers below are there */
	uint64_t pulled;
	cof_unpack_report report;
	cof_err keyless; /* the unpacker got no key: the keeper's own reason is the better one */
	cof_err cut;	 /* the unpacker got too few bytes: the fetcher's own reason is the better one */
	cof_err stalled; /* the fetcher's pipe broke: the unpacker's own reason is the better one */
} cof_pull_layer;

struct cof_pull {
	cof_pull_opts opts;
	cof_helper *fetcher;
	struct event *silence;
	struct event *end; /* the result is told outside of every other call back */
	char *folder, *reference, *digest;
	int folder_fd;
	cof_role_manifest manifest;
	cof_pull_layer *layers; /* of the manifest's; NULL: not there yet */
	size_t next;		/* the first that is not begun */
	size_t running;		/* begun and not finished */
	size_t key_at;		/* whose key is asked for, or is the next to be */
	size_t published;	/* so many have their names: a layer gets its own after all below it */
	size_t lowest;
	bool attested, key_pending;
	unsigned settings; /* records that the keeper writes for the fetcher, and has not said yes to */
	cof_err bare;	   /* the fetcher got no record: the keeper's own reason is the better one */
	bool ended, kept;
	cof_err why; /* cls COF_OK: success */
	uint64_t total;
	int64_t started_ms;
};

/* Ends the pull, from any call back; the first reason counts. */
void cof_pull_fail(cof_pull *p, const cof_err *why);
void cof_pull_fail_text(cof_pull *p, cof_class cls, const char *reason, const char *text);
/* Puts off the silence timer. */
void cof_pull_progressed(cof_pull *p);
/* Ends the pull well when nothing is missing. */
void cof_pull_maybe_done(cof_pull *p);

/* Asks the fetcher for the image, and the keeper for what the fetcher needs for that. */
COF_WUR int cof_pull_ask_image(cof_pull *p, cof_err *err);
/* Begins the layers, when the image is there and the keeper has said yes. */
void cof_pull_begin_layers(cof_pull *p);
/* The fetcher has something to say. */
void cof_pull_on_fetcher(void *arg);

COF_WUR int cof_pull_layers_new(cof_pull *p, cof_err *err);
void cof_pull_layers_free(cof_pull *p);
/* Asks for the next layer's key: one after the other, so that a long list cannot fill the keeper's line. */
void cof_pull_ask_keys(cof_pull *p);
/* Begins layers while there is room for one more under way. */
void cof_pull_fill(cof_pull *p);
/* Fetcher, unpacker or keeper has finished its part of this layer. */
void cof_pull_layer_step(cof_pull_layer *l);
size_t cof_pull_layer_index(const cof_pull_layer *l);
const cof_role_layer *cof_pull_layer_of(const cof_pull_layer *l);

/* An unpacker has something to say; arg is its layer. */
void cof_pull_on_unpacker(void *arg);
/* Gives finished layers their names, in order. */
void cof_pull_publish(cof_pull *p);
/* Tells the layer's unpacker, once, when all layers below it are there. */
void cof_pull_tell_lowers(cof_pull_layer *l);
