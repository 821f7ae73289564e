/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens the key of an encrypted layer with whatever of the owner's keys fits: JWE, PKCS#7, PKCS#11 and CoCo's
 * attestation-agent packets. The annotations are hostile.
 *
 * spec: containers/ocicrypt (the Go library is the format's definition)
 */
#pragma once

#include "image-decrypt/enckeys.h"
#include "image-decrypt/layerkey.h"
#include "image-decrypt/manifest.h"

/*
 * Every packet of every scheme is tried, and all that open must hold the same key. allow_ctr takes packets whose wrap
 * is not authenticated (A256CTR), as old tools wrote them.
 *
 * Reasons: "layer-key-refused" (policy: keys is empty), "layer-key-unwrap" (crypto: no key fits),
 * "layer-packet-malformed", "layer-privopts-malformed" (malformed), "layer-wrap-unauthenticated" (policy),
 * "layer-scheme-unsupported" (policy: it is wrapped only for OpenPGP or for another provider),
 * "layer-packets-disagree" (crypto).
 */
COF_WUR int cof_enc_open(const cof_desc *d, const cof_enc_keys *keys, bool allow_ctr, cof_layer_key *ret, cof_err *err);
/* The same, and the private options as they were wrapped: to wrap them again for others. ret must be zeroed. */
COF_WUR int cof_enc_open_options(const cof_desc *d, const cof_enc_keys *keys, bool allow_ctr, cof_secret *ret,
				 cof_err *err);
