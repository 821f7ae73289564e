/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens the key packets of encrypted layers: each names the broker's resource that holds its key-encryption key, which
 * is fetched once for all layers that name it. Packets are the registry's bytes: hostile.
 */
#pragma once

#include "common/kbs_proto.h"
#include "image-decrypt/enc_provider.h"

enum { COF_KEEPER_KEKS = 8 };

typedef struct cof_keeper_keys {
	struct {
		cof_kbsp_path path;
		cof_secret kek;
	} at[COF_KEEPER_KEKS];
	size_t n, next; /* a full table forgets the oldest */
} cof_keeper_keys;

void cof_keeper_keys_release(cof_keeper_keys *k);

typedef struct cof_keeper_ask {
	int timeout_ms;
	cof_kbsp_refusal refusal; /* what the broker said when it refused */
} cof_keeper_ask;

typedef int (*cof_keeper_get)(void *arg, const cof_kbsp_path *path, cof_keeper_ask *ask, cof_secret *ret, cof_err *err);

/* annotation is the provider annotation's text. Packets are tried in order until one opens; the error is the last
 * one's. Reasons as in image-decrypt/ocicrypt.h, common/kbs_proto.h, and what get sets. */
COF_WUR int cof_keeper_keys_open(cof_keeper_keys *k, const char *annotation, cof_keeper_ask *ask, cof_keeper_get get,
				 void *arg, cof_layer_key *ret, cof_err *err);
