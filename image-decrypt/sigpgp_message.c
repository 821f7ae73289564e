/* SPDX-License-Identifier: Apache-2.0 */
/* Signed messages. spec: RFC 4880 11.3 (grammar), 5.4, 5.6, 5.9 */
#include <isa-l/igzip_lib.h>

#include "common/hex.h"
#include "common/secret.h"
#include "image-decrypt/sigpgp_ring.h"

enum { OUT_LEN = 8 << 10, COMPRESSED_NOT = 0, COMPRESSED_ZIP = 1, COMPRESSED_ZLIB = 2 };

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "signature-malformed", "OpenPGP message: %s", what);
}

/* --- compression --- */

static int inflate_into(struct inflate_state *s, cof_buf *ret, cof_err *err)
{
	uint8_t out[OUT_LEN];
	do {
		s->next_out = out;
		s->avail_out = sizeof out;
		if (isal_inflate(s) != ISAL_DECOMP_OK)
			return malformed(err, "the compressed data is damaged");
		if (cof_buf_add(ret, out, sizeof out - s->avail_out, err) < 0)
			return malformed(err, "it unpacks to more than 256 KiB");
	} while (s->block_state != ISAL_BLOCK_FINISH && s->avail_out == 0);
	if (s->block_state != ISAL_BLOCK_FINISH)
		return malformed(err, "the compressed data is cut off");
	/* Whole bytes that the decoder took into its window of bits and did not need are leftovers too. */
	return s->avail_in == 0 && s->read_in_length < 8 ? 0 : malformed(err, "bytes behind the compressed data");
}

static int unpack(cof_span body, cof_buf *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(body);
	uint8_t algorithm = cof_rd_u8(&r);
	cof_span in = cof_rd_rest(&r);
	*ret = cof_buf_capped(COF_PGP_MESSAGE_MAX);
	if (algorithm == COMPRESSED_NOT && cof_rd_ok(&r))
		return cof_buf_add(ret, in.data, in.len, err);
	if (algorithm != COMPRESSED_ZIP && algorithm != COMPRESSED_ZLIB)
		return malformed(err, "a compression other than ZIP and ZLIB");
	COF_AUTO_FREE struct inflate_state *s = malloc(sizeof *s);
	if (s == NULL)
		return cof_err_oom(err);
	isal_inflate_init(s);
	s->crc_flag = algorithm == COMPRESSED_ZIP ? ISAL_DEFLATE : ISAL_ZLIB;
	s->next_in = (uint8_t *)(uintptr_t)in.data;
	s->avail_in = (uint32_t)in.len;
	return inflate_into(s, ret, err);
}

/* --- grammar --- */

typedef struct message {
	cof_buf unpacked;
	cof_pgp_packet literal_packet, signature_packet, head_packet;
	cof_span text;
	cof_pgp_sig sig;
} message;

static void message_release(message *m)
{
	cof_buf_release(&m->unpacked);
	cof_pgp_packet_release(&m->literal_packet);
	cof_pgp_packet_release(&m->signature_packet);
	cof_pgp_packet_release(&m->head_packet);
	*m = (message){0};
}
COF_DEFINE_AUTO(message, message_release)

/* Binary literal data; its name and date are not signed, and nobody reads them. */
static bool take_literal(message *m)
{
	cof_rd r = cof_rd_of(m->literal_packet.body);
	uint8_t format = cof_rd_u8(&r);
	cof_rd_skip(&r, cof_rd_u8(&r));
	cof_rd_skip(&r, 4);
	m->text = cof_rd_rest(&r);
	return cof_rd_ok(&r) && m->literal_packet.tag == COF_PGP_TAG_LITERAL && format == 'b';
}

/* The header of a one-pass signature must say what the signature says: readers that believe it agree with us then. */
static bool one_pass_agrees(cof_span body, const cof_pgp_sig *s)
{
	cof_rd r = cof_rd_of(body);
	bool same = cof_rd_u8(&r) == 3 && cof_rd_u8(&r) == s->type && cof_rd_u8(&r) == s->hash &&
		    cof_rd_u8(&r) == s->algorithm;
	cof_span id = cof_rd_bytes(&r, COF_PGP_KEY_ID_LEN);
	bool last = cof_rd_u8(&r) == 1;
	return same && last && cof_rd_end(&r) && (s->key_id.len == 0 || cof_ct_equal(id, s->key_id));
}

/* One-pass header, data, signature; or, as it was before, signature and data. Exactly one signature. */
static int read_signed(cof_rd *r, message *m, cof_err *err)
{
	if (!cof_pgp_packet_next(r, &m->head_packet))
		return malformed(err, "no packet at its start");
	bool one_pass = m->head_packet.tag == COF_PGP_TAG_ONE_PASS;
	if (!one_pass && m->head_packet.tag != COF_PGP_TAG_SIGNATURE)
		return malformed(err, "not a signed message");
	if (!cof_pgp_packet_next(r, &m->literal_packet) || !take_literal(m))
		return malformed(err, "no binary data behind the header");
	if (one_pass &&
	    (!cof_pgp_packet_next(r, &m->signature_packet) || m->signature_packet.tag != COF_PGP_TAG_SIGNATURE))
		return malformed(err, "not exactly one signature");
	cof_span sig = one_pass ? m->signature_packet.body : m->head_packet.body;
	if (!cof_rd_end(r))
		return malformed(err, "bytes behind the signed message");
	if (!cof_pgp_sig_read(sig, &m->sig) || m->sig.type != COF_PGP_SIG_BINARY ||
	    (one_pass && !one_pass_agrees(m->head_packet.body, &m->sig)))
		return malformed(err, "no version 4 signature of binary data");
	return 0;
}

static int read_message(cof_span in, message *m, cof_err *err)
{
	cof_rd r = cof_rd_of(in);
	COF_AUTO(cof_pgp_packet) outer = {0};
	cof_rd whole = r;
	if (in.len > COF_PGP_MESSAGE_MAX)
		return malformed(err, "larger than 256 KiB");
	if (!cof_pgp_packet_next(&r, &outer))
		return malformed(err, "not binary OpenPGP");
	if (outer.tag != COF_PGP_TAG_COMPRESSED)
		return read_signed(&whole, m, err);
	if (!cof_rd_end(&r))
		return malformed(err, "bytes behind the compressed packet");
	int rc = unpack(outer.body, &m->unpacked, err);
	r = cof_rd_of(cof_buf_span(&m->unpacked));
	return rc < 0 ? rc : read_signed(&r, m, err);
}

/* --- the judgement --- */

static bool expired(int64_t until, int64_t now)
{
	return until != 0 && now >= until;
}

static cof_span fingerprint_of(const cof_pgp_entry *e)
{
	return cof_span_of(e->key.fingerprint, COF_PGP_FINGERPRINT_LEN);
}

/* The same key may lie in several rings; revoked in one is revoked. */
static bool revoked(const cof_pgp_ring *r, const cof_pgp_entry *e)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->entries[i].revoked && cof_ct_equal(fingerprint_of(&r->entries[i]), fingerprint_of(e)))
			return true;
	return false;
}

static int check_key(const cof_pgp_ring *r, const cof_pgp_entry *e, const cof_pgp_sig *s, int64_t now, cof_err *err)
{
	const cof_pgp_entry *primary = &r->entries[e->primary];
	if (revoked(r, primary) || revoked(r, e))
		return cof_err_set(err, COF_E_POLICY, "signature-revoked", "the key that signed was revoked");
	if (!primary->bound || !e->bound)
		return cof_err_set(err, COF_E_POLICY, "signature-key",
				   "nothing that we trust binds the key that signed (SHA-1 is not trusted)");
	if (!e->may_sign)
		return cof_err_set(err, COF_E_POLICY, "signature-key", "the key that signed is not one for signing");
	if (expired(primary->until, now) || expired(e->until, now))
		return cof_err_set(err, COF_E_POLICY, "signature-expired", "the key that signed has expired");
	if (s->created < e->key.created)
		return cof_err_set(err, COF_E_POLICY, "signature-expired", "the signature is older than its key");
	if (s->lifetime != 0 && expired((int64_t)s->created + s->lifetime, now))
		return cof_err_set(err, COF_E_POLICY, "signature-expired", "the signature has expired");
	return 0;
}

/* A key may lie in several rings, renewed in one of them: any of its entries that holds is enough. */
static int judge(const cof_pgp_ring *r, const message *m, int64_t now, const cof_pgp_entry **ret, cof_err *err)
{
	int rc = cof_err_set(err, COF_E_CRYPTO, "signature-invalid",
			     "the OpenPGP signature is by none of the keys, or damaged");
	for (size_t i = 0; rc < 0 && i < r->n; i++) {
		const cof_pgp_entry *e = &r->entries[i];
		if (cof_pgp_sig_names(&m->sig, &e->key) && cof_pgp_sig_verify(&m->sig, &e->key, &m->text, 1)) {
			rc = check_key(r, e, &m->sig, now, err);
			*ret = e;
		}
	}
	return rc;
}

int cof_pgp_verify(const cof_pgp_ring *r, cof_span in, int64_t now, cof_buf *ret_payload,
		   char fingerprint[COF_PGP_FINGERPRINT_STR], cof_err *err)
{
	COF_AUTO(message) m = {0};
	const cof_pgp_entry *e = NULL;
	int rc = read_message(in, &m, err);
	if (rc == 0)
		rc = judge(r, &m, now, &e, err);
	if (rc == 0)
		rc = cof_buf_add(ret_payload, m.text.data, m.text.len, err);
	if (rc == 0)
		cof_hex(fingerprint_of(&r->entries[e->primary]), fingerprint);
	return rc;
}
