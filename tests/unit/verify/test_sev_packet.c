/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/soft_sev.h"

static uint8_t tek[16] = "transport key 1", tik[16] = "transport key 2", iv[16] = "a random number";
static cof_sev_launched *launched;
static uint8_t measure[COF_SEV_MEASURE_LEN];

static int make(size_t len, uint8_t header[COF_SEV_HEADER_LEN], cof_buf *ret, cof_err *err)
{
	static uint8_t plain[COF_SEV_SECRET_MAX + 16] = "a secret that is no secret";
	const cof_sev_packet_in in = {cof_span_of(tek, 16), cof_span_of(tik, 16), iv, cof_span_of(plain, len)};
	return cof_sev_packet_make(launched, &in, header, ret, err);
}

static cof_sev_packet packet_of(const uint8_t header[COF_SEV_HEADER_LEN], const cof_buf *b)
{
	return (cof_sev_packet){cof_span_of(tek, 16), cof_span_of(tik, 16), cof_span_of(measure, sizeof measure),
				cof_span_of(header, COF_SEV_HEADER_LEN), cof_buf_span(b)};
}

static int open_it(const cof_sev_packet *p, cof_err *err)
{
	COF_AUTO(cof_secret) plain = {0};
	return cof_sev_packet_open(p, &plain, err);
}

static void sizes(void **state)
{
	(void)state;
	static const size_t bad[] = {0, 1, 15, 17, COF_SEV_SECRET_MAX - 1, COF_SEV_SECRET_MAX + 16};
	static const size_t good[] = {16, 32, COF_SEV_SECRET_MAX};
	uint8_t header[COF_SEV_HEADER_LEN];
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) b = {0};
		assert_fails(make(bad[i], header, &b, &err), "sev-secret-size");
		assert_int_equal(b.len, 0);
	}
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		COF_AUTO(cof_buf) b = {0};
		assert_ok(make(good[i], header, &b, &err));
		assert_int_equal(b.len, good[i]);
		cof_sev_packet p = packet_of(header, &b);
		assert_ok(open_it(&p, &err));
	}
	COF_AUTO(cof_buf) b = {0};
	const cof_sev_packet_in short_key = {cof_span_of(tek, 15), cof_span_of(tik, 16), iv, cof_span_of(measure, 16)};
	assert_fails(cof_sev_packet_make(launched, &short_key, header, &b, &err), "sev-key-size");
}

/* Every byte of header and ciphertext, the key, and the launch: a packet is for one launch alone. */
static void t004_one_packet_one_launch(void **state)
{
	(void)state;
	uint8_t header[COF_SEV_HEADER_LEN];
	COF_AUTO(cof_buf) b = {0};
	assert_ok(make(48, header, &b, &err));
	cof_sev_packet p = packet_of(header, &b);
	assert_ok(open_it(&p, &err));
	for (size_t i = 0; i < sizeof header; i++) {
		header[i] ^= 1;
		assert_fails(open_it(&p, &err), i < 4 ? "sev-packet-malformed" : "sev-packet-mac");
		header[i] ^= 1;
	}
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 1;
		assert_fails(open_it(&p, &err), "sev-packet-mac");
		b.data[i] ^= 1;
	}
	for (size_t i = 0; i < sizeof measure; i++) {
		measure[i] ^= 1;
		assert_fails(open_it(&p, &err), "sev-packet-mac");
		measure[i] ^= 1;
	}
	tik[0] ^= 1;
	assert_fails(open_it(&p, &err), "sev-packet-mac");
	tik[0] ^= 1;
	assert_ok(open_it(&p, &err));
}

static void cut(void **state)
{
	(void)state;
	uint8_t header[COF_SEV_HEADER_LEN + 1] = {0};
	COF_AUTO(cof_buf) b = {0};
	assert_ok(make(48, header, &b, &err));
	cof_sev_packet p = packet_of(header, &b);
	for (size_t len = 0; len <= sizeof header; len++) {
		p.header.len = len;
		if (len != COF_SEV_HEADER_LEN)
			assert_fails(open_it(&p, &err), "sev-packet-malformed");
	}
	p.header.len = COF_SEV_HEADER_LEN;
	for (size_t len = 0; len < 48; len++) {
		p.ciphertext.len = len;
		assert_fails(open_it(&p, &err), len > 0 && len % 16 == 0 ? "sev-packet-mac" : "sev-packet-malformed");
	}
	p.ciphertext.len = 48;
	p.measure.len = 31;
	assert_fails(open_it(&p, &err), "sev-packet-malformed");
	p.measure.len = 32;
	p.tek.len = 17;
	assert_fails(open_it(&p, &err), "sev-key-size");
}

static int setup(void **state)
{
	(void)state;
	static cof_checks checks;
	soft_firmware f = {.policy = 1};
	uint8_t measurement[COF_SEV_MEASUREMENT_LEN];
	cof_sev_launch_in in = {.tik = cof_span_of(tik, 16), .policy = 1, .api_minor = 24, .build = 20};
	memcpy(f.tik, tik, 16);
	soft_launch_measure(&f, in.digest, measurement);
	memcpy(measure, f.measure, sizeof measure);
	in.measurement = cof_span_of(measurement, sizeof measurement);
	return cof_sev_launch_verify(&in, &checks, &launched, NULL);
}

static int teardown(void **state)
{
	(void)state;
	cof_sev_launched_free(launched);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sizes), cmocka_unit_test(t004_one_packet_one_launch),
					   cmocka_unit_test(cut)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
