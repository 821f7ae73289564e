/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the owner's a pull needs beside layer keys: logins for the registry, and the policy for signatures with its
 * keys. The keeper fetches nothing but what cdh.toml names, and what the policy that it names names for this image.
 */
#pragma once

#include "agent/cdh.h"
#include "agent/keeper_keys.h"
#include "image-decrypt/reference.h"

typedef struct cof_keeper_image {
	const cof_cdh *cdh;
	const cof_ref *ref;
	cof_keeper_ask *ask;
	cof_keeper_get get; /* of the broker */
	void *arg;
} cof_keeper_image;

/* An auth file (image-decrypt/authfile.h) with no login but those for this image, at its registry and at the mirrors of
 * that. Reasons "auth-malformed",
 * "settings-unnamed" (usage): cdh.toml names none, and those of get. */
COF_WUR int cof_keeper_logins(const cof_keeper_image *in, cof_secret *ret, cof_err *err);
/* A record of agent/signers.h, at most COF_KEEPER_RECORD_MAX bytes: reason "policy-too-large". Others:
 * "policy-malformed", "settings-unnamed", and those of get. */
COF_WUR int cof_keeper_signers(const cof_keeper_image *in, cof_secret *ret, cof_err *err);
