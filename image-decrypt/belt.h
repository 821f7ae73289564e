/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stages of a pipeline, and the bounded belts of blocks between them.
 *
 * A belt has one writer, who fills blocks where they lie, and readers, each of whom sees every block in order. A reader
 * is a function, not a thread: a crew of threads shares the work of all readers block by block, each reader being
 * called by one thread at a time. So no more threads run than there are CPUs for, none of them idles while a block
 * waits, and whoever must wait (for room in a belt, say) does the work that makes it end. A crew without threads is
 * driven by its callers alone. What comes out is the same either way, failures included.
 *
 * The first reader that fails stops its belt: its writer and its other readers find out at their next block.
 */
#pragma once

#include "common/buf.h"

enum { COF_CREW_MAX = 3, COF_CREW_BELTS_MAX = 2, COF_BELT_READERS_MAX = 2 };

typedef struct cof_crew cof_crew;
/* After its belts. */
void cof_crew_free(cof_crew *c);
COF_DEFINE_AUTO_PTR(cof_crew, cof_crew_free)
/* At most COF_CREW_MAX threads, beside those that call in. Reason "thread-failed" (io). */
COF_WUR int cof_crew_new(cof_crew **ret, size_t threads, cof_err *err);
/* Does one block of somebody's work, for callers that wait for something else. False when there is none to do. */
bool cof_crew_help(cof_crew *c);
/* CPU time that the crew's threads took so far. */
uint64_t cof_crew_ns(const cof_crew *c);
/* CPU time that the calling thread took. */
uint64_t cof_thread_ns(void);

typedef struct cof_belt_reader {
	cof_sink take;
	/* Called once, after its last block; whole is false when not every block was taken. May be NULL. */
	int (*end)(void *arg, bool whole, cof_err *err);
	void *arg;
} cof_belt_reader;

typedef struct cof_belt_opts {
	size_t blocks, block_len;
	cof_belt_reader readers[COF_BELT_READERS_MAX];
	size_t n_readers;
} cof_belt_opts;

typedef struct cof_belt cof_belt;
/* Stops it, waits for its readers, wipes the blocks. Whoever writes into it has ended before. */
void cof_belt_free(cof_belt *r);
COF_DEFINE_AUTO_PTR(cof_belt, cof_belt_free)
/* Belts are made in the order of the stages from the last to the first; the crew prefers those made later. */
COF_WUR int cof_belt_new(cof_belt **ret, cof_crew *crew, const cof_belt_opts *opts, cof_err *err);

/* The writer: where the next block goes, of block_len bytes; then how much of it was filled. Reason "cancelled": the
 * belt was stopped, and cof_belt_join knows why. */
COF_WUR int cof_belt_room(cof_belt *r, uint8_t **ret, cof_err *err);
COF_WUR int cof_belt_put(cof_belt *r, size_t len, cof_err *err);
size_t cof_belt_block_len(const cof_belt *r);
/* No more will come: readers end when they have taken what there is. */
void cof_belt_close(cof_belt *r);

/* Readers end at once, blocks that they did not take are lost. From any thread. */
void cof_belt_stop(cof_belt *r);
/* Waits until the readers have ended, once the belt was closed or stopped. The failure of the first in the list that
 * failed; may be asked again. */
COF_WUR int cof_belt_join(cof_belt *r, cof_err *err);
