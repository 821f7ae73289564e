/* SPDX-License-Identifier: Apache-2.0 */
/* The pull's state, shared by its two halves: pull.c (image, fetcher, attestation) and pull_layer.c (one layer). */
#pragma once

#include "agent/pull.h"
#include "common/clock.h"

struct cof_pull {
	cof_pull_opts opts;
	cof_helper *fetcher;
	cof_helper *unpacker; /* of the layer under way; NULL between layers */
	struct event *silence;
	struct event *end; /* the result is told outside of every other call back */
	char *folder, *reference, *digest;
	int folder_fd;
	cof_role_manifest manifest;
	size_t current; /* the layer under way */
	size_t lowest;
	bool have_manifest, attested, fetched, unpacked;
	bool key_pending; /* the keeper was asked for this layer's key and has not answered */
	bool ended, kept;
	cof_err why;	 /* cls COF_OK: success */
	cof_err keyless; /* the unpacker got no key: the keeper's own reason is the better one */
	cof_err cut;	 /* the unpacker got too few bytes: the fetcher's own reason is the better one */
	cof_err stalled; /* the fetcher's pipe broke: the unpacker's own reason is the better one */
	uint64_t pulled_before, total;
	int64_t started_ms, attest_ms, decrypt_ms, unpack_ms;
};

/* Ends the pull, from any call back; the first reason counts. */
void cof_pull_fail(cof_pull *p, const cof_err *why);
void cof_pull_fail_text(cof_pull *p, cof_class cls, const char *reason, const char *text);
/* Puts off the silence timer. */
void cof_pull_progressed(cof_pull *p);
/* Ends the pull well when nothing is missing. */
void cof_pull_maybe_done(cof_pull *p);
/* Begins layer p->current. */
void cof_pull_next_layer(cof_pull *p);
/* Fetcher, unpacker or keeper has finished its part of the layer under way. */
void cof_pull_layer_step(cof_pull *p);
