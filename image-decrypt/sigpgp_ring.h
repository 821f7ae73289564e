/* SPDX-License-Identifier: Apache-2.0 */
/* A keyring as it was read: what each key may do, as far as the keys themselves say so. */
#pragma once

#include "image-decrypt/sigpgp.h"
#include "image-decrypt/sigpgp_packet.h"

typedef struct cof_pgp_entry {
	cof_pgp_key key;
	size_t primary; /* its own place for a primary key */
	bool bound;	/* a signature of the primary key says that it belongs, and for what */
	bool revoked;
	bool may_sign;
	uint32_t bound_at; /* when the binding that counts, the newest, was made */
	int64_t until;	   /* first second at which it is expired; 0: never */
} cof_pgp_entry;

struct cof_pgp_ring {
	cof_pgp_entry *entries;
	size_t n;
	cof_buf *inputs; /* what the entries' bodies point into */
	size_t n_inputs;
	size_t bytes;
};
