/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests put together from hex, so that one thing at a time is wrong. */
#pragma once

#include "tests/unit/refvalue/cbor_hex.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "attestation/refvalue/cborwr.h"
#include "attestation/refvalue/corim.h"
#include "tests/unit/refvalue/make_rim.h"

#define H8(b) b b b b b b b b
#define H32(b) H8(b) H8(b) H8(b) H8(b)
#define H48(b) H32(b) H8(b) H8(b)

static EVP_PKEY *author, *stranger;

static inline int make_keys(void **state)
{
	(void)state;
	author = EVP_EC_gen("P-384");
	stranger = EVP_EC_gen("P-384");
	return author == NULL || stranger == NULL;
}

static inline int drop_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(author);
	EVP_PKEY_free(stranger);
	return 0;
}

static inline int read_all(cof_span bytes, cof_corim *ret, cof_err *err)
{
	EVP_PKEY *const keys[] = {author};
	return cof_corim_read(
		&(cof_corim_in){.bytes = bytes, .keys = keys, .n_keys = 1, .allow_unsigned = true, .now = RIM_NOW}, ret,
		err);
}

/* A manifest around a CoMID, both in hex. */
typedef struct manifest {
	const char *head;    /* NULL: tag 501 and a map of three */
	const char *id;	     /* NULL: 0: "g" */
	const char *tag;     /* NULL: 506 */
	const char *comid;   /* NULL: made of the parts below */
	const char *profile; /* NULL: AMD's */
	const char *more;    /* further pairs */
	/* of the CoMID */
	const char *identity;	  /* NULL: {0:"a"} */
	const char *environment;  /* NULL: AMD's class */
	const char *measurements; /* NULL: one launch measurement */
	const char *triples;	  /* NULL: made of the two above */
	const char *comid_head;	  /* NULL: a map of two */
	const char *comid_more;
} manifest;

#define AMD_CLASS "a100a100d86f492b060104019c780301"
#define AMD_PROFILE "d82078227461673a616d642e636f6d2c323032353a736e702d636f72696d2d70726f66696c65"
#define LAUNCH "a20019028101a1028182075830" H48("11")

static inline const char *given(const char *a, const char *b)
{
	return a != NULL ? a : b;
}

static inline void make_comid(const manifest *m, cof_buf *ret)
{
	if (m->comid != NULL) {
		hex_bytes(m->comid, ret);
		return;
	}
	hex_bytes(given(m->comid_head, "a2"), ret);
	hex_bytes("01", ret);
	hex_bytes(given(m->identity, "a1006161"), ret);
	hex_bytes("04", ret);
	if (m->triples != NULL) {
		hex_bytes(m->triples, ret);
	} else {
		hex_bytes("a1008182", ret);
		hex_bytes(given(m->environment, AMD_CLASS), ret);
		hex_bytes(given(m->measurements, "81" LAUNCH), ret);
	}
	hex_bytes(given(m->comid_more, ""), ret);
}

static inline void make_manifest(const manifest *m, cof_buf *ret)
{
	COF_AUTO(cof_buf) comid = {0};
	make_comid(m, &comid);
	hex_bytes(given(m->head, "d901f5a3"), ret);
	hex_bytes(given(m->id, "006167"), ret);
	hex_bytes("0181", ret);
	hex_bytes(given(m->tag, "d901fa"), ret);
	cof_wr w = cof_wr_to(ret);
	cof_cbor_put_bytes(&w, cof_buf_span(&comid));
	assert_ok(cof_wr_done(&w, &err));
	hex_bytes("03", ret);
	hex_bytes(given(m->profile, AMD_PROFILE), ret);
	hex_bytes(given(m->more, ""), ret);
}

static inline int read_manifest(const manifest *m, cof_corim *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	make_manifest(m, &b);
	return read_all(cof_buf_span(&b), ret, err);
}

static inline void bad_at(int line, const manifest *m, const char *reason)
{
	COF_AUTO(cof_corim) c = {0};
	cof_err err = {0};
	if (read_manifest(m, &c, &err) >= 0)
		fail_msg("line %d: accepted", line);
	if (!cof_err_is(&err, reason))
		fail_msg("line %d: %s (%s), not %s", line, err.reason, err.text, reason);
	assert_int_equal(c.rim.n, 0);
}

static inline void good_at(int line, const manifest *m, cof_corim *ret)
{
	cof_err err = {0};
	if (read_manifest(m, ret, &err) < 0)
		fail_msg("line %d: %s", line, err.text);
}

#define BAD(reason, ...) bad_at(__LINE__, &(manifest){__VA_ARGS__}, reason)
#define GOOD(...)                                                                                                      \
	do {                                                                                                           \
		COF_AUTO(cof_corim) read_ = {0};                                                                       \
		good_at(__LINE__, &(manifest){__VA_ARGS__}, &read_);                                                   \
	} while (0)
