/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/sigpgp.h"

#include "tests/unit/image/pgpmake.h"
#include "tests/unit/image/vec.h"

#define FLAGS_SIGN ((pgp_sig_opts){.flags = 0x03})
#define TEXT "what is signed"

static int verify_at(cof_span ring, cof_span message, int64_t now, cof_buf *ret, cof_err *why)
{
	COF_AUTO_PTR(cof_pgp_ring) r = NULL;
	char fingerprint[COF_PGP_FINGERPRINT_STR];
	assert_ok(cof_pgp_ring_new(&r, &err));
	int rc = cof_pgp_ring_add(r, ring, why);
	return rc < 0 ? rc : cof_pgp_verify(r, message, now, ret, fingerprint, why);
}

static int verify(const cof_buf *ring, const cof_buf *message, cof_err *why)
{
	COF_AUTO(cof_buf) text = {0};
	int r = verify_at(cof_buf_span(ring), cof_buf_span(message), SIGRIG_NOW, &text, why);
	if (r == 0)
		assert_string_equal(cof_buf_str(&text), TEXT);
	else
		assert_int_equal(text.len, 0);
	return r;
}

static void every_algorithm(void **state)
{
	(void)state;
	const char *const types[] = {"RSA2048", "RSA3072", "P-256", "P-384", "P-521", "ED25519"};
	const uint8_t hashes[] = {PGP_SHA256, PGP_SHA384, PGP_SHA512};
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		COF_AUTO(pgp_key) k = pgp_key_make(types[i], PGP_T0);
		COF_AUTO(cof_buf) ring = {0};
		pgp_cert(&ring, &k, FLAGS_SIGN);
		for (size_t h = 0; h < COF_COUNT(hashes); h++) {
			COF_AUTO(cof_buf) message = {0};
			pgp_sig_opts o = PGP_MESSAGE;
			o.hash = hashes[h];
			o.by_id = h == 0;
			pgp_message(&message, &k, o, TEXT);
			assert_ok(verify(&ring, &message, &err));
		}
	}
}

static void t039_weak_or_other_signatures(void **state)
{
	(void)state;
	COF_AUTO(pgp_key) k = pgp_key_make("P-256", PGP_T0);
	COF_AUTO(pgp_key) other = pgp_key_make("P-256", PGP_T0);
	COF_AUTO(cof_buf) ring = {0};
	pgp_cert(&ring, &k, FLAGS_SIGN);
	struct {
		pgp_sig_opts o;
		const char *reason;
	} cases[] = {
		{PGP_MESSAGE, "signature-invalid"}, /* by the other key */
		{PGP_MESSAGE, "signature-invalid"},   {PGP_MESSAGE, "signature-malformed"},
		{PGP_MESSAGE, "signature-malformed"}, {PGP_MESSAGE, "signature-malformed"},
		{PGP_MESSAGE, "signature-malformed"}, {PGP_MESSAGE, "signature-malformed"},
		{PGP_MESSAGE, "signature-invalid"},
	};
	cases[1].o.hash = PGP_SHA1;
	cases[2].o.type = 0x01;
	cases[3].o.version = 3;
	cases[4].o.unknown = 0x80 | 100;
	cases[5].o.created_twice = true;
	cases[6].o.no_created = true;
	cases[7].o.by_nobody = true;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) message = {0};
		pgp_message(&message, i == 0 ? &other : &k, cases[i].o, TEXT);
		assert_fails(verify(&ring, &message, &err), cases[i].reason);
	}
	COF_AUTO(cof_buf) message = {0};
	pgp_sig_opts o = PGP_MESSAGE;
	o.unknown = 100; /* not critical */
	pgp_message(&message, &k, o, TEXT);
	assert_ok(verify(&ring, &message, &err));
}

static void t039_time_ends_signatures_and_keys(void **state)
{
	(void)state;
	COF_AUTO(pgp_key) k = pgp_key_make("P-256", PGP_T0);
	const struct {
		uint32_t sig_created, sig_lifetime, key_lifetime, cert_lifetime;
		int64_t now;
		const char *reason;
	} cases[] = {
		{PGP_T0, 100, 0, 0, PGP_T0 + 99, NULL},
		{PGP_T0, 100, 0, 0, PGP_T0 + 100, "signature-expired"},
		{PGP_T0, 0, 100, 0, PGP_T0 + 99, NULL},
		{PGP_T0, 0, 100, 0, PGP_T0 + 100, "signature-expired"},
		{PGP_T0, 0, 0, 100, PGP_T0 + 99, NULL},
		{PGP_T0, 0, 0, 100, PGP_T0 + 100, "signature-expired"},
		{PGP_T0 - 1, 0, 0, 0, PGP_T0, "signature-expired"},
		{PGP_T0, UINT32_MAX, UINT32_MAX, UINT32_MAX, PGP_T0 + 1000, NULL},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) ring = {0};
		COF_AUTO(cof_buf) message = {0};
		COF_AUTO(cof_buf) text = {0};
		pgp_sig_opts cert = FLAGS_SIGN, o = PGP_MESSAGE;
		cert.key_lifetime = cases[i].key_lifetime;
		cert.lifetime = cases[i].cert_lifetime;
		o.created = cases[i].sig_created;
		o.lifetime = cases[i].sig_lifetime;
		pgp_cert(&ring, &k, cert);
		pgp_message(&message, &k, o, TEXT);
		if (cases[i].reason == NULL)
			assert_ok(verify_at(cof_buf_span(&ring), cof_buf_span(&message), cases[i].now, &text, &err));
		else
			assert_fails(verify_at(cof_buf_span(&ring), cof_buf_span(&message), cases[i].now, &text, &err),
				     cases[i].reason);
	}
}

/* The newest certification counts, so that an owner can shorten a key's life or take its purpose away. */
static void t039_the_newest_binding_counts(void **state)
{
	(void)state;
	COF_AUTO(pgp_key) k = pgp_key_make("P-256", PGP_T0);
	COF_AUTO(cof_buf) message = {0};
	COF_AUTO(cof_buf) over = {0};
	pgp_message(&message, &k, PGP_MESSAGE, TEXT);
	pgp_over(&over, &k, NULL, PGP_USER);
	for (int newer_first = 0; newer_first < 2; newer_first++) {
		COF_AUTO(cof_buf) ring = {0};
		pgp_sig_opts first = FLAGS_SIGN, second = FLAGS_SIGN;
		second.type = 0x13;
		second.hash = PGP_SHA256;
		first.created = PGP_T0 + (newer_first ? 5 : 1);
		second.created = PGP_T0 + (newer_first ? 1 : 5);
		*(newer_first ? &first.flags : &second.flags) = 0x01;
		pgp_cert(&ring, &k, first);
		pgp_sig_packet(&ring, &k, &second, cof_buf_span(&over));
		assert_fails(verify(&ring, &message, &err), "signature-key");
	}
}

/* Of several user ids, too. */
static void t039_the_newest_of_all_user_ids(void **state)
{
	(void)state;
	COF_AUTO(pgp_key) k = pgp_key_make("P-256", PGP_T0);
	COF_AUTO(cof_buf) message = {0};
	COF_AUTO(cof_buf) over = {0};
	COF_AUTO(cof_buf) ring = {0};
	pgp_sig_opts newest = {.created = PGP_T0 + 9, .flags = 0x01};
	pgp_sig_opts older = {.type = 0x13, .hash = PGP_SHA256, .created = PGP_T0 + 1, .flags = 0x03};
	pgp_message(&message, &k, PGP_MESSAGE, TEXT);
	pgp_cert(&ring, &k, newest);
	pgp_packet(&ring, 13, cof_span_str("another"));
	pgp_over(&over, &k, NULL, "another");
	pgp_sig_packet(&ring, &k, &older, cof_buf_span(&over));
	assert_fails(verify(&ring, &message, &err), "signature-key");
}

static void t039_keys_not_for_signing(void **state)
{
	(void)state;
	COF_AUTO(pgp_key) k = pgp_key_make("P-256", PGP_T0);
	COF_AUTO(pgp_key) other = pgp_key_make("P-256", PGP_T0);
	COF_AUTO(cof_buf) message = {0};
	COF_AUTO(cof_buf) over = {0};
	pgp_message(&message, &k, PGP_MESSAGE, TEXT);
	const struct {
		pgp_sig_opts cert;
		const char *reason;
	} cases[] = {
		{{.flags = 0x02}, NULL},
		{{.flags = PGP_NO_FLAGS}, NULL},
		{{.flags = 0x01}, "signature-key"},
		{{.flags = 0x0c}, "signature-key"},
		{{.flags = 0}, "signature-key"},
		{{.flags = 0x03, .hash = PGP_SHA1}, "signature-key"},
		{{.flags = 0x03, .unknown = 0x80 | 100}, "signature-key"},
		{{.flags = 0x03, .type = 0x20}, "signature-key"},
		{{.flags = 0x03, .by_nobody = true}, "signature-key"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) ring = {0};
		pgp_cert(&ring, &k, cases[i].cert);
		if (cases[i].reason == NULL)
			assert_ok(verify(&ring, &message, &err));
		else
			assert_fails(verify(&ring, &message, &err), cases[i].reason);
	}
	/* Certified by a stranger alone, and not at all. */
	COF_AUTO(cof_buf) ring = {0};
	pgp_packet(&ring, 6, cof_buf_span(&k.body));
	assert_fails(verify(&ring, &message, &err), "signature-key");
	pgp_packet(&ring, 13, cof_span_str(PGP_USER));
	pgp_over(&over, &k, NULL, PGP_USER);
	pgp_sig_opts by_other = {.type = 0x13, .hash = PGP_SHA256, .created = PGP_T0, .flags = 3};
	pgp_sig_packet(&ring, &other, &by_other, cof_buf_span(&over));
	assert_fails(verify(&ring, &message, &err), "signature-key");
}

static void t039_revoked_is_revoked(void **state)
{
	(void)state;
	COF_AUTO(pgp_key) k = pgp_key_make("P-256", PGP_T0);
	COF_AUTO(pgp_key) other = pgp_key_make("P-256", PGP_T0);
	COF_AUTO(cof_buf) message = {0};
	COF_AUTO(cof_buf) over = {0};
	pgp_sig_opts revocation = {.type = 0x20, .hash = PGP_SHA256, .created = PGP_T0 + 50, .flags = PGP_NO_FLAGS};
	pgp_message(&message, &k, PGP_MESSAGE, TEXT);
	pgp_over(&over, &k, NULL, NULL);
	for (int by_other = 0; by_other < 2; by_other++) {
		COF_AUTO(cof_buf) ring = {0};
		pgp_packet(&ring, 6, cof_buf_span(&k.body));
		pgp_sig_packet(&ring, by_other ? &other : &k, &revocation, cof_buf_span(&over));
		pgp_cert(&ring, &k, FLAGS_SIGN); /* the same key again, as another keyring may hold it */
		assert_fails(verify(&ring, &message, &err), "signature-revoked");
	}
	COF_AUTO(cof_buf) ring = {0};
	revocation.type = 0x30;
	pgp_cert(&ring, &k, FLAGS_SIGN);
	pgp_over(&over, &k, NULL, PGP_USER);
	pgp_sig_packet(&ring, &k, &revocation, cof_buf_span(&over));
	assert_fails(verify(&ring, &message, &err), "signature-key"); /* its only user id is gone */
}

static void direct_key_signatures_bind(void **state)
{
	(void)state;
	COF_AUTO(pgp_key) k = pgp_key_make("ED25519", PGP_T0);
	COF_AUTO(cof_buf) message = {0};
	COF_AUTO(cof_buf) over = {0};
	COF_AUTO(cof_buf) ring = {0};
	pgp_sig_opts direct = {.type = 0x1f, .hash = PGP_SHA256, .created = PGP_T0, .flags = 3};
	pgp_message(&message, &k, PGP_MESSAGE, TEXT);
	pgp_over(&over, &k, NULL, NULL);
	pgp_packet(&ring, 6, cof_buf_span(&k.body));
	pgp_sig_packet(&ring, &k, &direct, cof_buf_span(&over));
	assert_ok(verify(&ring, &message, &err));
}

typedef struct subkey_case {
	pgp_sig_opts binding, back;
	bool no_back, back_by_primary, bound_by_sub, revoked;
	const char *reason;
} subkey_case;

static void make_subkey_ring(const pgp_key *primary, const pgp_key *sub, const subkey_case *c, cof_buf *ring)
{
	COF_AUTO(cof_buf) over = {0};
	COF_AUTO(cof_buf) back = {0};
	pgp_sig_opts binding = c->binding, back_opts = c->back;
	binding.type = 0x18;
	back_opts.type = back_opts.type != 0 ? back_opts.type : 0x19;
	binding.hash = back_opts.hash = PGP_SHA256;
	binding.created = back_opts.created = PGP_T0;
	back_opts.flags = PGP_NO_FLAGS;
	pgp_cert(ring, primary, (pgp_sig_opts){.flags = 0x01});
	pgp_packet(ring, 14, cof_buf_span(&sub->body));
	pgp_over(&over, primary, sub, NULL);
	pgp_sig_make(c->back_by_primary ? primary : sub, &back_opts, cof_buf_span(&over), &back);
	if (!c->no_back)
		binding.embedded = cof_buf_span(&back);
	pgp_sig_packet(ring, c->bound_by_sub ? sub : primary, &binding, cof_buf_span(&over));
	if (c->revoked) {
		pgp_sig_opts o = {.type = 0x28, .hash = PGP_SHA256, .created = PGP_T0 + 9, .flags = PGP_NO_FLAGS};
		pgp_sig_packet(ring, primary, &o, cof_buf_span(&over));
	}
}

static void t039_subkeys(void **state)
{
	(void)state;
	COF_AUTO(pgp_key) primary = pgp_key_make("P-256", PGP_T0);
	COF_AUTO(pgp_key) sub = pgp_key_make("ED25519", PGP_T0);
	COF_AUTO(cof_buf) message = {0};
	pgp_message(&message, &sub, PGP_MESSAGE, TEXT);
	const subkey_case cases[] = {
		{.binding.flags = 0x02},
		{.binding = {.flags = 0x02, .embedded_outside = true}},
		{.binding.flags = PGP_NO_FLAGS, .reason = "signature-key"},
		{.binding.flags = 0x0c, .reason = "signature-key"},
		{.binding.flags = 0x02, .no_back = true, .reason = "signature-key"},
		{.binding.flags = 0x02, .back_by_primary = true, .reason = "signature-key"},
		{.binding.flags = 0x02, .back.type = 0x18, .reason = "signature-key"},
		{.binding.flags = 0x02, .bound_by_sub = true, .reason = "signature-key"},
		{.binding.flags = 0x02, .revoked = true, .reason = "signature-revoked"},
		{.binding = {.flags = 0x02, .key_lifetime = 10}, .reason = "signature-expired"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) ring = {0};
		make_subkey_ring(&primary, &sub, &cases[i], &ring);
		if (cases[i].reason == NULL)
			assert_ok(verify(&ring, &message, &err));
		else
			assert_fails(verify(&ring, &message, &err), cases[i].reason);
	}
	/* A primary key that is not for signing itself does not sign, though its subkey may. */
	COF_AUTO(cof_buf) ring = {0};
	COF_AUTO(cof_buf) by_primary = {0};
	make_subkey_ring(&primary, &sub, &cases[0], &ring);
	pgp_message(&by_primary, &primary, PGP_MESSAGE, TEXT);
	assert_fails(verify(&ring, &by_primary, &err), "signature-key");
}

static void t039_keyrings(void **state)
{
	(void)state;
	COF_AUTO(pgp_key) k = pgp_key_make("P-256", PGP_T0);
	COF_AUTO(pgp_key) weak = pgp_key_make("RSA1024", PGP_T0);
	COF_AUTO(cof_buf) good = {0};
	COF_AUTO(cof_buf) ring = {0};
	COF_AUTO(cof_buf) message = {0};
	pgp_cert(&good, &k, FLAGS_SIGN);
	pgp_message(&message, &k, PGP_MESSAGE, TEXT);
	/* A key of another algorithm beside ours is passed over, with what belongs to it. */
	pgp_cert(&ring, &weak, FLAGS_SIGN);
	assert_fails(verify(&ring, &message, &err), "signature-key");
	assert_ok(cof_buf_add(&ring, good.data, good.len, &err));
	pgp_packet(&ring, 17, cof_span_str("a picture"));
	pgp_packet(&ring, 12, cof_span_str("t"));
	assert_ok(verify(&ring, &message, &err));
	for (size_t n = 0; n < good.len; n++) {
		cof_buf cut = {.data = good.data, .len = n};
		cof_err why = {0};
		if (verify(&cut, &message, &why) == 0)
			fail_msg("a ring cut at %zu", n);
	}
	const uint8_t tags[] = {5, 7, 1, 3, 9, 10, 18, 60};
	for (size_t i = 0; i < COF_COUNT(tags); i++) {
		ring.len = 0;
		assert_ok(cof_buf_add(&ring, good.data, good.len, &err));
		pgp_packet(&ring, tags[i], cof_buf_span(&k.body));
		assert_fails(verify(&ring, &message, &err), "signature-key");
	}
}

static void armour(cof_buf *to, const cof_buf *ring, const char *kind, const char *head, const char *sum)
{
	COF_AUTO_FREE char *text = cof_b64_dup(cof_buf_span(ring));
	to->len = 0;
	assert_ok(cof_buf_printf(to, &err, "-----BEGIN PGP %s-----\n%s\n", kind, head));
	for (const char *at = text; *at != '\0'; at += strlen(at) < 64 ? strlen(at) : 64)
		assert_ok(cof_buf_printf(to, &err, "%.64s\r\n", at));
	assert_ok(cof_buf_printf(to, &err, "%s-----END PGP %s-----\n", sum, kind));
}

static void rings_in_armour(void **state)
{
	(void)state;
	COF_AUTO(pgp_key) k = pgp_key_make("P-256", PGP_T0);
	COF_AUTO(cof_buf) ring = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_buf) message = {0};
	pgp_cert(&ring, &k, FLAGS_SIGN);
	pgp_message(&message, &k, PGP_MESSAGE, TEXT);
	armour(&text, &ring, "PUBLIC KEY BLOCK", "", "");
	assert_ok(verify(&text, &message, &err));
	armour(&text, &ring, "PUBLIC KEY BLOCK", "Comment: x\n", "");
	assert_ok(verify(&text, &message, &err));
	armour(&text, &ring, "PUBLIC KEY BLOCK", "", "=AAAA\n");
	assert_fails(verify(&text, &message, &err), "signature-key");
	armour(&text, &ring, "PRIVATE KEY BLOCK", "", "");
	assert_fails(verify(&text, &message, &err), "signature-key");
	armour(&text, &ring, "PUBLIC KEY BLOCK", "", "");
	assert_ok(cof_buf_add_str(&text, "more\n", &err));
	assert_fails(verify(&text, &message, &err), "signature-key");
	text.len -= strlen("-----\nmore\n");
	assert_fails(verify(&text, &message, &err), "signature-key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_algorithm),
		cmocka_unit_test(t039_weak_or_other_signatures),
		cmocka_unit_test(t039_time_ends_signatures_and_keys),
		cmocka_unit_test(t039_the_newest_binding_counts),
		cmocka_unit_test(t039_the_newest_of_all_user_ids),
		cmocka_unit_test(t039_keys_not_for_signing),
		cmocka_unit_test(t039_revoked_is_revoked),
		cmocka_unit_test(direct_key_signatures_bind),
		cmocka_unit_test(t039_subkeys),
		cmocka_unit_test(t039_keyrings),
		cmocka_unit_test(rings_in_armour),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
