/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guest says about its own progress (coffer.v1.Guest/Watch), cut down to what a host may show: known members,
 * bounded texts made printable, numbers in range. Nothing of it is ever used as a path or a command.
 */
#pragma once

#include "common/json.h"

enum { COF_STATE_JSON_MAX = 64 << 10, COF_STATE_TEXT_MAX = 256, COF_STATE_LAYERS_MAX = 127 };

typedef struct cof_amount {
	uint64_t done, total; /* bytes; neither order nor size can be relied upon */
} cof_amount;

typedef struct cof_state {
	char phase[16];	   /* "boot", "attest", "pull", ... */
	json_t *phases_ms; /* object: known phase to milliseconds */
	uint64_t pulled, total;
	cof_amount layers[COF_STATE_LAYERS_MAX]; /* of the image; none before it is known */
	size_t n_layers;
	char verdict[32]; /* "" when there is none yet, as all texts */
	char image_digest[160];
	json_t *pcrs; /* object: "0".."23" to hex; or NULL */
	char reason[48];
	char message[COF_STATE_TEXT_MAX];
	json_t *refusal; /* {pcr, event, expected, found}, or NULL */
} cof_state;

void cof_state_release(cof_state *s);
COF_DEFINE_AUTO(cof_state, cof_state_release)

/* Reason "guest-state-malformed". Members that are not known are left out. */
COF_WUR int cof_state_parse(cof_span json, cof_state *ret, cof_err *err);
