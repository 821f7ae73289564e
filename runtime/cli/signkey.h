/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's signing keys: PEM files, and keys of tokens by their PKCS#11 URI.
 *
 * A URI goes to OpenSSL's providers where one of them knows the scheme, else to its pkcs11 engine. A PIN never comes
 * with the command line, which everybody on the machine can read: it is in a file (pin-source of the URI, or pin_file),
 * or asked for on the terminal.
 *
 * spec: RFC 7512
 */
#pragma once

#include <openssl/evp.h>

#include "common/buf.h"

typedef struct cof_signkey {
	EVP_PKEY *key;
	struct cof_signkey_home
		*home; /* what it needs as long as it signs: the engine, and the PIN for tokens that ask again */
} cof_signkey;

void cof_signkey_release(cof_signkey *k);
COF_DEFINE_AUTO(cof_signkey, cof_signkey_release)

typedef struct cof_signkey_in {
	const char *name; /* a file, or "pkcs11:…" */
	/* PIN or passphrase of a key whose URI names no pin-source; NULL: the terminal is asked */
	const char *pin_file;
	bool public_half; /* that one is enough */
} cof_signkey_in;

/*
 * Reasons (usage): "key-unreadable" (no such key, several, or the passphrase is wrong), "key-uri", "key-pin-exposed",
 * "key-pin-needed"; (unavailable): "pkcs11-absent"; (io): "token-key" (the token has no such key, or does not take the
 * PIN).
 */
COF_WUR int cof_signkey_load(const cof_signkey_in *in, cof_signkey *ret, cof_err *err);
