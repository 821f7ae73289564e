/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of one scheme, and what becomes of them when they are changed. */
#pragma once

#include "image-decrypt/enc_int.h"
#include "tests/unit/image/keyfiles.h"

/* Private options as peers write them; the key is not one that anybody has. */
#define OPTIONS                                                                                                        \
	"{\"symkey\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\",\"digest\":\"sha256:"                            \
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\"cipheroptions\":{\"nonce\":"             \
	"\"AAECAwQFBgcICQoLDA0ODw==\"}}"

typedef int (*packet_open)(cof_span packet, const cof_enc_keys *keys, bool allow_ctr, cof_secret *ret, cof_err *err);

/* A set with these private keys: names of key_of, NULL-ended. */
static inline cof_enc_keys *packet_keys(const char *const *types)
{
	cof_enc_keys *k = NULL;
	assert_ok(cof_enc_keys_new(&k, &err));
	for (; *types != NULL; types++) {
		char path[] = "/tmp/cof-key-XXXXXX";
		int fd = mkostemp(path, O_CLOEXEC);
		assert_true(fd >= 0);
		(void)close(fd);
		write_private(path, key_of(*types), NULL, NULL);
		assert_ok(cof_enc_keys_add(k, path, &err));
		(void)unlink(path);
	}
	return k;
}
#define PACKET_KEYS(...) packet_keys((const char *const[]){__VA_ARGS__, NULL})

static inline void packet_opens(packet_open open, cof_span packet, const cof_enc_keys *keys)
{
	COF_AUTO(cof_secret) got = {0};
	assert_ok(open(packet, keys, false, &got, &err));
	assert_span_equal(cof_secret_span(&got), OPTIONS, strlen(OPTIONS));
}

static inline void packet_refused(packet_open open, cof_span packet, const cof_enc_keys *keys, const char *reason)
{
	COF_AUTO(cof_secret) got = {0};
	assert_fails(open(packet, keys, false, &got, &err), reason);
	assert_null(got.data);
}

/* Whatever is done to it, it does not open to other options. One packet is read as often as it has bits. */
static inline void packet_flips(packet_open open, cof_span packet, const cof_enc_keys *keys, size_t step)
{
	COF_AUTO(cof_buf) copy = {0};
	assert_ok(cof_buf_add(&copy, packet.data, packet.len, &err));
	for (size_t bit = 0; bit < packet.len * 8; bit += step * unit_stride()) {
		COF_AUTO(cof_secret) got = {0};
		copy.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (open(cof_buf_span(&copy), keys, false, &got, NULL) == 0)
			assert_span_equal(cof_secret_span(&got), OPTIONS, strlen(OPTIONS));
		else
			assert_null(got.data);
		copy.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static inline void packet_cuts(packet_open open, cof_span packet, const cof_enc_keys *keys)
{
	for (size_t n = 0; n < packet.len; n += unit_stride()) {
		COF_AUTO(cof_secret) got = {0};
		COF_AUTO_FREE uint8_t *exact = malloc(n == 0 ? 1 : n);
		assert_non_null(exact);
		memcpy(exact, packet.data, n);
		assert_true(open(cof_span_of(exact, n), keys, false, &got, NULL) < 0);
		assert_null(got.data);
	}
}
