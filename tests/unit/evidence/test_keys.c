/* SPDX-License-Identifier: Apache-2.0 */
/* EK, certificate, AK and activation over a wire that changes what the TPM says. */
#include "tests/unit/evidence/odd_tpm.h"

#include <openssl/x509.h>

#include "attestation/verify/credential.h"
#include "attestation/verify/makecredential.h"

enum { NOW = 1800000000 };

static const uint8_t credential[32] = {0xc4, 5, 6};

/* Where bytes are in an answer; 0: nowhere. */
static size_t find(const uint8_t *resp, size_t len, const uint8_t *what, size_t n)
{
	for (size_t i = ODD_HEAD; i + n <= len; i++)
		if (memcmp(resp + i, what, n) == 0)
			return i;
	return 0;
}

static int load(odd_tpm *o, cof_err *err)
{
	return cof_tpm_load_keys(&o->t, err);
}

static void bind(const tpmbox *b, const cof_tpm *t, cof_buf *blob, cof_buf *secret)
{
	const cof_tpm_bind_in in = {.ek_cert = cof_buf_span(&t->ek_cert),
				    .ek_public = cof_buf_span(&t->ek_public),
				    .ak_public = cof_buf_span(&t->ak_public),
				    .credential = cof_span_of(credential, 32),
				    .ek_roots = cof_buf_span(&b->ca_pem),
				    .now = NOW};
	blob->len = secret->len = 0;
	assert_ok(cof_tpm_bind(&in, blob, secret, &err));
}

/* ---- keys ---- */

static void flip_at(odd_tpm *o, uint8_t *resp, size_t *len)
{
	static const uint8_t rsa2048[] = {0x08, 0x00, 0, 0, 0, 0, 0x01, 0x00};
	size_t at = find(resp, *len, rsa2048, sizeof rsa2048);
	assert_true(at > 0);
	resp[at + o->arg] ^= 0x80;
}

/* The AK that the wire names must be the one that the TPM made: size, exponent, and each end of the modulus. */
static void t061_an_ak_that_the_wire_changed(void **state)
{
	static const size_t places[] = {0, 2, 6, 8, 8 + 255};
	for (size_t i = 0; i < COF_COUNT(places); i++) {
		odd_tpm o;
		odd_open(&o, *state);
		o.target = TPM2_CC_CreatePrimary;
		o.answer = flip_at;
		o.arg = places[i];
		assert_fails(load(&o, &err), "tpm-failed");
		assert_true(o.commands > 0);
		odd_close(&o);
	}
}

static void refuse(odd_tpm *o, uint8_t *resp, size_t *len)
{
	odd_says(resp, len, (uint32_t)o->arg);
}

static void a_tpm_that_makes_no_keys(void **state)
{
	static const uint32_t codes[] = {TPM2_RC_AUTH_FAIL, TPM2_RC_OBJECT_MEMORY, TPM2_RC_LOCKOUT, 0x0101};
	for (size_t i = 0; i < COF_COUNT(codes); i++) {
		odd_tpm o;
		odd_open(&o, *state);
		o.target = TPM2_CC_CreatePrimary;
		o.answer = refuse;
		o.arg = codes[i];
		assert_fails(load(&o, &err), "tpm-failed");
		odd_close(&o);
	}
}

static void hide_keys(odd_tpm *o, uint8_t *resp, size_t *len)
{
	(void)o;
	odd_says(resp, len, TPM2_RC_HANDLE);
}

/* Without the manufacturer's copy the same EK comes out of the seed. */
static void an_ek_that_is_hidden_is_made_again_and_is_the_same(void **state)
{
	odd_tpm o;
	COF_AUTO(cof_buf) ek = {0};
	odd_open(&o, *state);
	assert_ok(load(&o, &err));
	assert_ok(cof_buf_add(&ek, o.t.ek_public.data, o.t.ek_public.len, &err));
	odd_close(&o);
	odd_open(&o, *state);
	o.target = TPM2_CC_ReadPublic;
	o.answer = hide_keys;
	assert_ok(load(&o, &err));
	assert_true(o.commands > 0);
	assert_span_equal(cof_buf_span(&o.t.ek_public), ek.data, ek.len);
	assert_true(o.t.ek_cert.len > 0);
	odd_close(&o);
}

/* ---- the certificate ---- */

static void empty_read(odd_tpm *o, uint8_t *resp, size_t *len)
{
	/* one password session, a TPM2B of no bytes */
	static const uint8_t none[] = {0x80, 0x02, 0, 0, 0, 21, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0};
	(void)o;
	memcpy(resp, none, sizeof none);
	*len = sizeof none;
}

static void t043_a_certificate_that_never_comes(void **state)
{
	odd_tpm o;
	odd_open(&o, *state);
	o.target = TPM2_CC_NV_Read;
	o.answer = empty_read;
	assert_fails(load(&o, &err), "tpm-failed");
	assert_int_equal(o.commands, 1); /* no bytes are not asked for again and again */
	odd_close(&o);
}

static void patch_first(odd_tpm *o, uint8_t *resp, size_t *len)
{
	(void)len;
	if (o->commands == 1) /* data begins behind head, parameter size and TPM2B size */
		resp[ODD_HEAD + 4 + 2 + (o->arg >> 8)] = (uint8_t)o->arg;
}

static void t061_an_area_that_is_no_certificate(void **state)
{
	static const size_t patches[] = {
		0 << 8 | 0x31, /* no SEQUENCE */
		0 << 8 | 0xff, /* an unwritten area */
		1 << 8 | 0x80, /* a length without an end */
		1 << 8 | 0x84, /* four bytes of length */
		2 << 8 | 0xff, /* longer than the area */
	};
	for (size_t i = 0; i < COF_COUNT(patches); i++) {
		odd_tpm o;
		odd_open(&o, *state);
		o.target = TPM2_CC_NV_Read;
		o.answer = patch_first;
		o.arg = patches[i];
		assert_ok(load(&o, &err));
		assert_int_equal(o.t.ek_cert.len, 0); /* then the owner enrols the EK by name */
		odd_close(&o);
	}
}

static void the_certificate_is_of_the_ek(void **state)
{
	odd_tpm o;
	odd_open(&o, *state);
	assert_ok(load(&o, &err));
	const uint8_t *der = o.t.ek_cert.data;
	X509 *x = d2i_X509(NULL, &der, (long)o.t.ek_cert.len);
	assert_non_null(x);
	assert_ptr_equal(der, o.t.ek_cert.data + o.t.ek_cert.len); /* nothing behind it */
	X509_free(x);
	const uint8_t *spki = o.t.ak_spki.data;
	EVP_PKEY *ak = d2i_PUBKEY(NULL, &spki, (long)o.t.ak_spki.len);
	assert_non_null(ak);
	assert_ptr_equal(spki, o.t.ak_spki.data + o.t.ak_spki.len);
	assert_int_equal(EVP_PKEY_get_bits(ak), 2048);
	EVP_PKEY_free(ak);
	odd_close(&o);
}

/* ---- activation ---- */

typedef struct opened {
	odd_tpm o;
	cof_buf blob, secret;
} opened;

static void ready(opened *a, void **state)
{
	a->blob = a->secret = (cof_buf){0};
	odd_open(&a->o, *state);
	assert_ok(load(&a->o, &err));
	bind(*state, &a->o.t, &a->blob, &a->secret);
	a->o.target = TPM2_CC_ActivateCredential;
}

static int activate(opened *a, cof_err *err)
{
	return cof_tpm_activate(&a->o.t, cof_buf_span(&a->blob), cof_buf_span(&a->secret), err);
}

static void done(opened *a)
{
	odd_close(&a->o);
	cof_buf_release(&a->blob);
	cof_buf_release(&a->secret);
}

static void what_the_tpm_says_to_a_credential(void **state)
{
	static const struct {
		uint32_t rc;
		const char *reason;
	} cases[] = {
		{TPM2_RC_LOCKOUT, "tpm-lockout"},
		{TPM2_RC_INTEGRITY | TPM2_RC_P | TPM2_RC_1, "activation-refused"},
		{TPM2_RC_VALUE | TPM2_RC_P | TPM2_RC_2, "activation-refused"},
		{TPM2_RC_POLICY_FAIL | TPM2_RC_S | TPM2_RC_2, "activation-refused"},
	};
	opened a;
	ready(&a, state);
	a.o.answer = refuse;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		a.o.arg = cases[i].rc;
		assert_fails(activate(&a, &err), cases[i].reason);
		assert_int_equal(a.o.t.credential.len, 0);
	}
	a.o.answer = NULL;
	assert_ok(activate(&a, &err)); /* no session was left behind */
	assert_int_equal(a.o.t.credential.len, 32);
	assert_memory_equal(a.o.t.credential.data, credential, 32);
	done(&a);
}

static void t062_refused_credentials_use_nothing_up(void **state)
{
	opened a;
	ready(&a, state);
	a.blob.data[a.blob.len - 1] ^= 1;
	for (int i = 0; i < 40; i++)
		assert_fails(activate(&a, &err), "activation-refused");
	a.blob.data[a.blob.len - 1] ^= 1;
	assert_ok(activate(&a, &err));
	done(&a);
}

/* Made for this very AK, by somebody who is no broker of ours. */
static void wrap(opened *a, size_t len)
{
	static const uint8_t seed[32] = {7};
	const uint8_t other[32] = {0};
	cof_tpm_public ek, ak;
	assert_ok(cof_tpm_public_parse(cof_buf_span(&a->o.t.ek_public), &ek, &err));
	assert_ok(cof_tpm_public_parse(cof_buf_span(&a->o.t.ak_public), &ak, &err));
	a->blob.len = a->secret.len = 0;
	assert_ok(cof_credential_wrap(&ek, cof_span_of(seed, 32), cof_tpm_public_name(&ak), cof_span_of(other, len),
				      &a->blob, &err));
	assert_ok(cof_credential_seal_seed(&ek, cof_span_of(seed, 32), &a->secret, &err));
}

static void t061_a_credential_of_another_length(void **state)
{
	static const size_t lengths[] = {1, 16, 31};
	opened a;
	ready(&a, state);
	assert_ok(activate(&a, &err));
	for (size_t i = 0; i < COF_COUNT(lengths); i++) {
		wrap(&a, lengths[i]);
		assert_fails(activate(&a, &err), "credential-malformed");
	}
	assert_memory_equal(a.o.t.credential.data, credential, 32); /* the good one stays */
	done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t061_an_ak_that_the_wire_changed),
		cmocka_unit_test(a_tpm_that_makes_no_keys),
		cmocka_unit_test(an_ek_that_is_hidden_is_made_again_and_is_the_same),
		cmocka_unit_test(t043_a_certificate_that_never_comes),
		cmocka_unit_test(t061_an_area_that_is_no_certificate),
		cmocka_unit_test(what_the_tpm_says_to_a_credential),
		cmocka_unit_test(t062_refused_credentials_use_nothing_up),
		cmocka_unit_test(t061_a_credential_of_another_length),
		cmocka_unit_test(the_certificate_is_of_the_ek),
	};
	return cmocka_run_group_tests(tests, odd_make_box, odd_drop_box);
}
