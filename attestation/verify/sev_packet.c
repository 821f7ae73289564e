/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/sev_packet.h"

#include "common/rd.h"
#include "common/wr.h"

enum { CONTEXT = 0x01, NO_FLAGS = 0, MAC_LEN = COF_SHA256_LEN };

static bool size_is_right(size_t n)
{
	return n > 0 && n <= COF_SEV_SECRET_MAX && n % COF_SEV_SECRET_UNIT == 0;
}

static int check_keys(cof_span tek, cof_span tik, cof_err *err)
{
	if (tek.len == COF_SEV_TK_LEN && tik.len == COF_SEV_TK_LEN)
		return 0;
	return cof_err_set(err, COF_E_USAGE, "sev-key-size", "transport keys have 16 bytes each");
}

/* Both lengths are the same: nothing is compressed. */
static int packet_mac(cof_span tik, const uint8_t iv[COF_SEV_IV_LEN], cof_span ciphertext, cof_span measure,
		      uint8_t ret[MAC_LEN], cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_u8(&w, CONTEXT);
	cof_wr_u32le(&w, NO_FLAGS);
	cof_wr_bytes(&w, cof_span_of(iv, COF_SEV_IV_LEN));
	cof_wr_u32le(&w, (uint32_t)ciphertext.len);
	cof_wr_u32le(&w, (uint32_t)ciphertext.len);
	cof_wr_bytes(&w, ciphertext);
	cof_wr_bytes(&w, measure);
	int rc = cof_wr_done(&w, err);
	return rc < 0 ? rc : cof_hmac_sha256(tik, cof_buf_span(&b), ret, err);
}

static void put_header(const uint8_t iv[COF_SEV_IV_LEN], const uint8_t mac[MAC_LEN], uint8_t ret[COF_SEV_HEADER_LEN])
{
	cof_put_le(ret, sizeof(uint32_t), NO_FLAGS);
	memcpy(ret + sizeof(uint32_t), iv, COF_SEV_IV_LEN);
	memcpy(ret + sizeof(uint32_t) + COF_SEV_IV_LEN, mac, MAC_LEN);
}

int cof_sev_packet_make(const cof_sev_launched *launch, const cof_sev_packet_in *in,
			uint8_t ret_header[COF_SEV_HEADER_LEN], cof_buf *ret, cof_err *err)
{
	uint8_t mac[MAC_LEN];
	int rc = check_keys(in->tek, in->tik, err);
	if (rc == 0 && !size_is_right(in->plain.len))
		rc = cof_err_set(err, COF_E_USAGE, "sev-secret-size",
				 "a secret has whole units of 16 bytes, at most %d, not %zu", COF_SEV_SECRET_MAX,
				 in->plain.len);
	if (rc == 0)
		rc = cof_buf_reserve(ret, in->plain.len, err);
	if (rc == 0)
		rc = cof_sev_cipher(in->tek, in->iv, in->plain, ret->data + ret->len, err);
	if (rc < 0)
		return rc;
	rc = packet_mac(in->tik, in->iv, cof_span_of(ret->data + ret->len, in->plain.len),
			cof_sev_launched_measure(launch), mac, err);
	if (rc < 0)
		return rc;
	put_header(in->iv, mac, ret_header);
	ret->len += in->plain.len;
	ret->data[ret->len] = 0;
	return 0;
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "sev-packet-malformed", "the packet's %s", what);
}

int cof_sev_packet_open(const cof_sev_packet *in, cof_secret *ret, cof_err *err)
{
	uint8_t expected[MAC_LEN];
	COF_AUTO(cof_secret) plain = {0};
	cof_rd r = cof_rd_of(in->header);
	uint32_t flags = cof_rd_u32le(&r);
	cof_span iv = cof_rd_bytes(&r, COF_SEV_IV_LEN), mac = cof_rd_bytes(&r, MAC_LEN);
	if (!cof_rd_end(&r) || flags != NO_FLAGS)
		return malformed(err, "header");
	if (!size_is_right(in->ciphertext.len) || in->measure.len != COF_SEV_MEASURE_LEN)
		return malformed(err, "size");
	int rc = check_keys(in->tek, in->tik, err);
	if (rc == 0)
		rc = packet_mac(in->tik, iv.data, in->ciphertext, in->measure, expected, err);
	if (rc == 0 && !cof_ct_equal(mac, cof_span_of(expected, sizeof expected)))
		rc = cof_err_set(err, COF_E_CRYPTO, "sev-packet-mac", "the packet is not of this session and launch");
	if (rc == 0)
		rc = cof_secret_new(&plain, in->ciphertext.len, err);
	if (rc == 0)
		rc = cof_sev_cipher(in->tek, iv.data, in->ciphertext, plain.data, err);
	if (rc == 0)
		*ret = cof_secret_steal(&plain);
	return rc;
}
