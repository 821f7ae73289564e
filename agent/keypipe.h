/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer's key on its way from the keeper to the layer's unpacker, through a pipe that nobody else reads: 8 bytes of
 * magic, the AES and HMAC key (32), the initial counter block (16), end of file. Fixed size, no parser worth the name.
 */
#pragma once

#include "common/secret.h"

enum { COF_KEYPIPE_KEY_LEN = 32, COF_KEYPIPE_NONCE_LEN = 16, COF_KEYPIPE_LEN = 8 + 32 + 16 };
#define COF_KEYPIPE_MAGIC "COFLKEY1" /* the record of image-decrypt/layerkey.h, whose code reads it */

/* A record as a secret: key, then nonce (48 bytes). */
COF_WUR int cof_keypipe_write(int fd, cof_span key, cof_span nonce, cof_err *err);
/* Waits for the record and the end. Reason "key-absent" (unavailable) when the pipe ends before: the keeper refused,
 * and init knows why; "key-malformed" otherwise. *ret holds key, then nonce. */
COF_WUR int cof_keypipe_read(int fd, cof_secret *ret, cof_err *err);
