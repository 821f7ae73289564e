/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of signed messages: exactly one signature over all that is read, in every frame that is legal. */
#include <isa-l/igzip_lib.h>

#include "image-decrypt/sigpgp_packet.h"
#include "tests/unit/image/pgpmake.h"

#define TEXT "what is signed, again and again and again"

typedef struct rig {
	pgp_key key;
	cof_pgp_ring *ring;
	cof_buf plain;		    /* one-pass header, data, signature */
	cof_buf head, literal, sig; /* its packets */
} rig;

static int up(void **state)
{
	static rig r;
	COF_AUTO(cof_buf) cert = {0};
	pgp_sig_opts o = PGP_MESSAGE;
	r = (rig){.key = pgp_key_make("P-256", PGP_T0)};
	pgp_cert(&cert, &r.key, (pgp_sig_opts){.flags = 3});
	assert_ok(cof_pgp_ring_new(&r.ring, &err));
	assert_ok(cof_pgp_ring_add(r.ring, cof_buf_span(&cert), &err));
	pgp_one_pass(&r.head, &r.key, &o);
	pgp_literal(&r.literal, 'b', TEXT);
	pgp_sig_packet(&r.sig, &r.key, &o, cof_span_str(TEXT));
	const cof_buf *parts[] = {&r.head, &r.literal, &r.sig};
	for (size_t i = 0; i < 3; i++)
		assert_ok(cof_buf_add(&r.plain, parts[i]->data, parts[i]->len, &err));
	*state = &r;
	return 0;
}

static int down(void **state)
{
	rig *r = *state;
	pgp_key_release(&r->key);
	cof_pgp_ring_free(r->ring);
	cof_buf_release(&r->plain);
	cof_buf_release(&r->head);
	cof_buf_release(&r->literal);
	cof_buf_release(&r->sig);
	return 0;
}

static int verify(const rig *r, const cof_buf *message, cof_err *why)
{
	COF_AUTO(cof_buf) text = {0};
	char fingerprint[COF_PGP_FINGERPRINT_STR];
	int rc = cof_pgp_verify(r->ring, cof_buf_span(message), SIGRIG_NOW, &text, fingerprint, why);
	if (rc == 0)
		assert_string_equal(cof_buf_str(&text), TEXT);
	return rc;
}

static cof_buf joined(const cof_buf *const *parts, size_t n)
{
	cof_buf b = {0};
	for (size_t i = 0; i < n; i++)
		assert_ok(cof_buf_add(&b, parts[i]->data, parts[i]->len, &err));
	return b;
}

static void t039_one_signature_over_all_of_it(void **state)
{
	const rig *r = *state;
	COF_AUTO(cof_buf) marker = {0};
	COF_AUTO(cof_buf) text_mode = {0};
	COF_AUTO(cof_buf) other = {0};
	pgp_packet(&marker, 10, cof_span_str("PGP"));
	pgp_literal(&text_mode, 't', TEXT);
	pgp_literal(&other, 'b', "another text");
	const struct {
		const cof_buf *parts[5];
		size_t n;
		const char *reason;
	} cases[] = {
		{{&r->head, &r->literal, &r->sig}, 3, NULL},
		{{&r->sig, &r->literal}, 2, NULL},
		{{&r->literal}, 1, "signature-malformed"},
		{{&r->sig}, 1, "signature-malformed"},
		{{&r->literal, &r->sig}, 2, "signature-malformed"},
		{{&r->head, &r->literal}, 2, "signature-malformed"},
		{{&r->head, &r->sig, &r->literal}, 3, "signature-malformed"},
		{{&r->head, &r->head, &r->literal, &r->sig, &r->sig}, 5, "signature-malformed"},
		{{&r->head, &r->literal, &r->sig, &r->sig}, 4, "signature-malformed"},
		{{&r->head, &r->literal, &r->literal, &r->sig}, 4, "signature-malformed"},
		{{&r->sig, &r->literal, &other}, 3, "signature-malformed"},
		{{&r->sig, &r->sig, &r->literal}, 3, "signature-malformed"},
		{{&marker, &r->head, &r->literal, &r->sig}, 4, "signature-malformed"},
		{{&r->head, &text_mode, &r->sig}, 3, "signature-malformed"},
		{{&r->head, &other, &r->sig}, 3, "signature-invalid"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) m = joined(cases[i].parts, cases[i].n);
		if (cases[i].reason == NULL)
			assert_ok(verify(r, &m, &err));
		else
			assert_fails(verify(r, &m, &err), cases[i].reason);
	}
}

/* Whatever one bit makes of a message: it is refused, or says the same. A cut one is refused. */
static void t039_every_bit_and_length(void **state)
{
	rig *r = *state;
	size_t refused = 0;
	for (size_t bit = 0; bit < r->plain.len * 8; bit += unit_stride()) {
		r->plain.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		refused += verify(r, &r->plain, NULL) < 0;
		r->plain.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
	}
	/* What is not signed: name and date of the data, and the hint of the header. */
	assert_true(refused * unit_stride() >= r->plain.len * 8 - (1 + 4 + 8) * 8 - unit_stride());
	for (size_t n = 0; n < r->plain.len; n++) {
		cof_buf cut = {.data = r->plain.data, .len = n};
		assert_fails(verify(r, &cut, &err), "signature-malformed");
	}
	COF_AUTO(cof_buf) longer = {0};
	assert_ok(cof_buf_add(&longer, r->plain.data, r->plain.len, &err));
	assert_ok(cof_buf_add(&longer, "", 1, &err));
	assert_fails(verify(r, &longer, &err), "signature-malformed");
}

static void deflate(cof_span in, uint16_t format, cof_buf *ret)
{
	COF_AUTO_FREE struct isal_zstream *z = malloc(sizeof *z);
	size_t room = in.len + 4096;
	assert_non_null(z);
	assert_ok(cof_buf_reserve(ret, room, &err));
	isal_deflate_stateless_init(z);
	z->gzip_flag = format;
	z->flush = NO_FLUSH;
	z->end_of_stream = 1;
	z->next_in = (uint8_t *)(uintptr_t)in.data;
	z->avail_in = (uint32_t)in.len;
	z->next_out = ret->data + ret->len;
	z->avail_out = (uint32_t)room;
	assert_int_equal(isal_deflate_stateless(z), COMP_OK);
	ret->len += room - z->avail_out;
}

/* length: 'o' old of two octets, 'i' indeterminate, 'p' partial parts */
static void compressed(cof_buf *to, uint8_t algorithm, cof_span in, char length, const char *behind)
{
	COF_AUTO(cof_buf) body = {0};
	assert_ok(cof_buf_add(&body, &algorithm, 1, &err));
	if (algorithm == 1 || algorithm == 2)
		deflate(in, algorithm == 1 ? IGZIP_DEFLATE : IGZIP_ZLIB, &body);
	else
		assert_ok(cof_buf_add(&body, in.data, in.len, &err));
	assert_ok(cof_buf_add_str(&body, behind, &err));
	cof_wr w = cof_wr_to(to);
	if (length == 'o')
		pgp_packet(to, 8, cof_buf_span(&body));
	if (length == 'i') {
		cof_wr_u8(&w, 0xa3);
		cof_wr_bytes(&w, cof_buf_span(&body));
	}
	if (length == 'p') {
		cof_wr_u8(&w, 0xc0 | 8);
		size_t at = 0;
		for (; body.len - at > 64; at += 64) {
			cof_wr_u8(&w, 224 + 6);
			cof_wr_bytes(&w, cof_span_of(body.data + at, 64));
		}
		cof_wr_u8(&w, (uint8_t)(body.len - at));
		cof_wr_bytes(&w, cof_span_of(body.data + at, body.len - at));
	}
	assert_ok(cof_wr_done(&w, &err));
}

static void compressed_messages(void **state)
{
	const rig *r = *state;
	for (const char *length = "oip"; *length != '\0'; length++)
		for (uint8_t algorithm = 0; algorithm <= 2; algorithm++) {
			COF_AUTO(cof_buf) m = {0};
			compressed(&m, algorithm, cof_buf_span(&r->plain), *length, "");
			assert_ok(verify(r, &m, &err));
		}
}

static void t039_nothing_hides_in_compression(void **state)
{
	const rig *r = *state;
	static const char *const behind[] = {"x", "xx", "xxxxxxx", "xxxxxxxx", "xxxxxxxxx", "xxxxxxxxxxxxxxxxxxxxxxxx"};
	for (uint8_t algorithm = 0; algorithm <= 2; algorithm++)
		for (size_t i = 0; i < COF_COUNT(behind); i++) {
			COF_AUTO(cof_buf) m = {0};
			compressed(&m, algorithm, cof_buf_span(&r->plain), 'i', behind[i]);
			assert_fails(verify(r, &m, &err), "signature-malformed");
		}
	const uint8_t unknown[] = {3, 4, 110};
	for (size_t i = 0; i < COF_COUNT(unknown); i++) {
		COF_AUTO(cof_buf) m = {0};
		compressed(&m, unknown[i], cof_buf_span(&r->plain), 'o', "");
		assert_fails(verify(r, &m, &err), "signature-malformed");
	}
	COF_AUTO(cof_buf) once = {0};
	COF_AUTO(cof_buf) twice = {0};
	compressed(&once, 1, cof_buf_span(&r->plain), 'o', "");
	compressed(&twice, 1, cof_buf_span(&once), 'o', "");
	assert_fails(verify(r, &twice, &err), "signature-malformed");
	for (size_t n = 0; n < once.len; n++) {
		cof_buf cut = {.data = once.data, .len = n};
		assert_fails(verify(r, &cut, &err), "signature-malformed");
	}
	/* A compressed packet with more behind it. */
	assert_ok(cof_buf_add(&once, r->plain.data, r->plain.len, &err));
	assert_fails(verify(r, &once, &err), "signature-malformed");
}

static void t039_bombs(void **state)
{
	const rig *r = *state;
	COF_AUTO(cof_buf) zeros = {0};
	COF_AUTO(cof_buf) m = {0};
	COF_AUTO(cof_buf) parts = {0};
	assert_ok(cof_buf_reserve(&zeros, 64 << 20, &err));
	memset(zeros.data, 0, 64 << 20);
	zeros.len = 64 << 20;
	compressed(&m, 1, cof_buf_span(&zeros), 'i', "");
	assert_in_range(m.len, 1, COF_PGP_MESSAGE_MAX);
	assert_fails(verify(r, &m, &err), "signature-malformed");
	m.len = 0;
	zeros.len = COF_PGP_MESSAGE_MAX;
	compressed(&m, 0, cof_buf_span(&zeros), 'i', "");
	assert_fails(verify(r, &m, &err), "signature-malformed");
	/* Parts that never end. */
	cof_wr w = cof_wr_to(&parts);
	cof_wr_u8(&w, 0xc0 | 8);
	for (int i = 0; i < 1000; i++)
		cof_wr_u8(&w, 224);
	assert_fails(verify(r, &parts, &err), "signature-malformed");
}

static void frames(void **state)
{
	(void)state;
	const struct {
		const char *bytes;
		size_t len;
		int tag; /* -1: no packet */
		size_t body;
	} cases[] = {
		{"", 0, -1, 0},
		{"\x00", 1, -1, 0},
		{"\x7f\x00", 2, -1, 0},
		{"\xb4\x01x", 3, 13, 1},
		{"\xb5\x00\x01x", 4, 13, 1},
		{"\xb6\x00\x00\x00\x01x", 6, 13, 1},
		{"\xb7x", 2, -1, 0}, /* no length is for data alone */
		{"\xafx", 2, 11, 1},
		{"\xcd\x01x", 3, 13, 1},
		{"\xcd\xff\x00\x00\x00\x01x", 7, 13, 1},
		{"\xcd\xff\xff\xff\xff\xffx", 7, -1, 0},
		{"\xcd\x02x", 3, -1, 0},
		{"\xcd\xe0x\x00", 4, -1, 0}, /* parts are for data alone */
		{"\xcb\xe0x\x00", 4, 11, 1},
		{"\xcb\xe0x\xe0y\x01z", 7, 11, 3},
		{"\xcb\xe0x\xe0y", 5, -1, 0},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_pgp_packet) p = {0};
		cof_rd at = cof_rd_of(cof_span_of(cases[i].bytes, cases[i].len));
		bool ok = cof_pgp_packet_next(&at, &p);
		assert_int_equal(ok, cases[i].tag >= 0);
		if (ok) {
			assert_int_equal(p.tag, cases[i].tag);
			assert_int_equal(p.body.len, cases[i].body);
			assert_true(cof_rd_end(&at));
		}
	}
	COF_AUTO(cof_buf) two_octets = {0};
	COF_AUTO(cof_pgp_packet) p = {0};
	assert_ok(cof_buf_add(&two_octets, "\xcd\xc0\x00", 3, &err));
	assert_ok(cof_buf_reserve(&two_octets, 192, &err));
	memset(two_octets.data + 3, 'x', 192);
	two_octets.len += 192;
	cof_rd at = cof_rd_of(cof_buf_span(&two_octets));
	assert_true(cof_pgp_packet_next(&at, &p));
	assert_int_equal(p.body.len, 192);
}

static void numbers(void **state)
{
	(void)state;
	const struct {
		const char *bytes;
		size_t len, want;
		bool ok;
	} cases[] = {
		{"\x00\x00", 2, 0, true},	  {"\x00\x01\x01", 3, 1, true},		 {"\x00\x08\x80", 3, 1, true},
		{"\x00\x09\x01\x00", 4, 2, true}, {"\x00\x01\x02", 3, 0, false},	 {"\x00\x08\x7f", 3, 0, false},
		{"\x00\x09\x01", 3, 0, false},	  {"\x00\x11\x01\x00\x00", 5, 0, false}, {"\x00", 1, 0, false},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		cof_rd at = cof_rd_of(cof_span_of(cases[i].bytes, cases[i].len));
		cof_span n = cof_pgp_mpi(&at, 2);
		assert_int_equal(cof_rd_end(&at), cases[i].ok);
		assert_int_equal(n.len, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t039_one_signature_over_all_of_it),
		cmocka_unit_test(t039_every_bit_and_length),
		cmocka_unit_test(compressed_messages),
		cmocka_unit_test(t039_nothing_hides_in_compression),
		cmocka_unit_test(t039_bombs),
		cmocka_unit_test(frames),
		cmocka_unit_test(numbers),
	};
	return cmocka_run_group_tests(tests, up, down);
}
