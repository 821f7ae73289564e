/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What init, fetcher, unpacker and the scratch disk's process say to each other over their channels (common/chan.h);
 * the keeper's words are in keeper.h. The helpers read the host's and the registry's bytes, so init believes none of
 * what they answer: the documents are parsed strictly and with limits here, once, for both sides.
 */
#pragma once

#include "common/chan.h"
#include "common/json.h"

enum cof_role_type {
	/*
	 * init -> fetcher, once. JSON {"reference", "ca", "proxy"|null, "no_proxy": [], "token_servers": [],
	 * "mirrors": ["https://HOST"], "resolve": ["NAME:PORT:ADDR"], "logins": bool, "signers": bool}; a descriptor
	 * for each that is true: the read end of a pipe with the keeper's record (keeper.h). Reply MANIFEST, when the
	 * signatures are what the policy wants.
	 */
	COF_FETCHER_PULL = 1,
	/*
	 * init -> fetcher. u32le index of the layer, and the write end of a pipe; at most COF_FETCHES_MAX are under way
	 * at once. Replies are cof_role_news: PROGRESS…, then DONE or LAYER_ERR.
	 */
	COF_FETCHER_FETCH = 2,
	/* init -> unpacker, once: the layer as JSON; descriptors: blob pipe, layers folder[, key pipe]. */
	COF_UNPACKER_JOB = 10,
	/* init -> unpacker, once: the layers below this one have their names. Empty. */
	COF_UNPACKER_LOWERS = 11,
	/* init -> scratch, once: JSON {"disk", "integrity", "folder"}. Reply DONE, empty: it is mounted there. */
	COF_SCRATCH_JOB = 20,

	COF_ROLE_MANIFEST = 100,
	COF_ROLE_PROGRESS = 101,
	COF_ROLE_DONE = 102, /* unpacker: JSON of cof_unpack_report */
	COF_ROLE_ERR = 103,  /* cof_chan_send_err */
	COF_ROLE_LAYER_ERR = 104,
};

enum { COF_FETCHES_MAX = 8 };

typedef struct cof_role_layer {
	char *media_type;
	char *digest;
	uint64_t size;
	char *diff_id;
	char *pubopts; /* NULL: not encrypted */
	char *packet;  /* the key provider's packet; NULL: none */
} cof_role_layer;

typedef struct cof_role_manifest {
	char *asked;  /* digest of the document that the reference names */
	char *digest; /* of the manifest */
	cof_buf config;
	cof_role_layer *layers;
	size_t n_layers;
} cof_role_manifest;

void cof_role_manifest_release(cof_role_manifest *m);
COF_DEFINE_AUTO(cof_role_manifest, cof_role_manifest_release)

/* Reason "peer-malformed". ret must be zeroed. */
COF_WUR int cof_role_manifest_parse(cof_span in, cof_role_manifest *ret, cof_err *err);

/* One layer's work: its index names its folder ("7"), and the finished ones below it ("0" to "6"). wide: it may take
 * all CPUs and the memory for that; others have one of each. */
COF_WUR int cof_role_task_send(int chan, const cof_role_layer *l, size_t index, bool wide, const int *fds, size_t n_fds,
			       cof_err *err);
/* A layer that is most of its image: more than half of all stored bytes. There is one at most. */
bool cof_role_wide(uint64_t size, uint64_t total);

typedef struct cof_unpack_report {
	uint64_t decrypt_ms, unpack_ms;
	bool root_opaque;
} cof_unpack_report;

COF_WUR int cof_role_report_parse(cof_span in, cof_unpack_report *ret, cof_err *err);

/* What the fetcher says of one layer; on the wire u32le layer, then what the message's type has. */
typedef struct cof_role_news {
	uint32_t layer;
	uint64_t bytes; /* PROGRESS, u64le: so far */
	cof_err why;	/* LAYER_ERR, as cof_chan_add_err has it */
} cof_role_news;

COF_WUR int cof_role_news_send(int chan, uint32_t type, const cof_role_news *n, cof_err *err);
COF_WUR int cof_role_news_parse(const cof_msg *m, cof_role_news *ret, cof_err *err);

/* The processes; chan_fd is taken; they return exit codes, or end the process themselves. */
int cof_fetcher_main(int chan_fd);
int cof_unpacker_main(int chan_fd);
int cof_scratch_main(int chan_fd);
