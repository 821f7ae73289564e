/* SPDX-License-Identifier: Apache-2.0 */
/* Judging EK and AK before a credential is made. */
#include "tests/unit/verify/soft_tpm.h"

#include "attestation/verify/makecredential.h"

static soft_keys keys;

typedef struct ctx {
	cof_buf cert, ek, ak;
	cof_tpm_bind_in in;
} ctx;

static void ctx_release(ctx *c)
{
	cof_buf_release(&c->cert);
	cof_buf_release(&c->ek);
	cof_buf_release(&c->ak);
}
COF_DEFINE_AUTO(ctx, ctx_release)

static void begin(ctx *c)
{
	static const uint8_t credential[32] = {1};
	const soft_cert cert = soft_ek_cert(&keys);
	*c = (ctx){0};
	soft_der(&cert, &c->cert);
	soft_public(keys.ek, EK_BITS, 0, &c->ek);
	soft_public(keys.ak, AK_BITS, 0x14, &c->ak);
	c->in = (cof_tpm_bind_in){.ek_cert = cof_buf_span(&c->cert),
				  .ek_public = cof_buf_span(&c->ek),
				  .ak_public = cof_buf_span(&c->ak),
				  .credential = cof_span_of(credential, 32),
				  .ek_roots = cof_buf_span(&keys.root_pem),
				  .now = SOFT_NOW};
}

static int make(const ctx *c, cof_err *err)
{
	COF_AUTO(cof_buf) blob = {0};
	COF_AUTO(cof_buf) secret = {0};
	int r = cof_tpm_bind(&c->in, &blob, &secret, err);
	assert_int_equal(blob.len, r == 0 ? 70 : 0);
	assert_int_equal(secret.len, r == 0 ? 258 : 0);
	return r;
}

static void with_cert(ctx *c, const soft_cert *s)
{
	soft_der(s, &c->cert);
	c->in.ek_cert = cof_buf_span(&c->cert);
}

static void a_good_pair(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	assert_ok(make(&c, &err));
}

static void t022_ek_certificate_profile(void **state)
{
	(void)state;
	static const char *const exts[] = {
		/* a CA, another usage, another purpose, none, no TPM named, no model of it, nothing at all */
		"[x]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyEncipherment\n"
		"extendedKeyUsage=2.23.133.8.1\nsubjectAltName=" SOFT_EK_SAN,
		"[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
		"extendedKeyUsage=2.23.133.8.1\nsubjectAltName=" SOFT_EK_SAN,
		"[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyEncipherment\n"
		"extendedKeyUsage=serverAuth\nsubjectAltName=" SOFT_EK_SAN,
		"[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyEncipherment\n"
		"subjectAltName=" SOFT_EK_SAN,
		"[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyEncipherment\n"
		"extendedKeyUsage=2.23.133.8.1\nsubjectAltName=DNS:tpm.example\n",
		"[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyEncipherment\n"
		"extendedKeyUsage=2.23.133.8.1\nsubjectAltName=dirName:t\n[t]\n0.2.23.133.2.1=id:00001014\n",
		"[x]\nbasicConstraints=critical,CA:FALSE\n",
	};
	COF_AUTO(ctx) c;
	begin(&c);
	for (size_t i = 0; i < COF_COUNT(exts); i++) {
		soft_cert s = soft_ek_cert(&keys);
		s.ext = exts[i];
		with_cert(&c, &s);
		assert_fails(make(&c, &err), "ek-untrusted");
	}
}

static void t022_ek_certificate_chain(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	soft_cert s = soft_ek_cert(&keys);
	s.by = keys.other; /* the right issuer's name, another's key */
	with_cert(&c, &s);
	assert_fails(make(&c, &err), "ek-untrusted");
	s = soft_ek_cert(&keys);
	s.issuer = "somebody";
	with_cert(&c, &s);
	assert_fails(make(&c, &err), "ek-untrusted");
	s = soft_ek_cert(&keys);
	s.subject = s.issuer = "self"; /* its own root, as it comes from a stranger */
	s.by = keys.ek;
	with_cert(&c, &s);
	assert_fails(make(&c, &err), "ek-untrusted");
	s = soft_ek_cert(&keys);
	s.to = -1;
	with_cert(&c, &s);
	assert_fails(make(&c, &err), "ek-untrusted");
	s.to = 1000;
	s.from = 1;
	with_cert(&c, &s);
	assert_fails(make(&c, &err), "ek-untrusted");
}

static void t025_certificate_of_another_ek(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	soft_public(keys.other, EK_BITS, 0, &c.ek);
	c.in.ek_public = cof_buf_span(&c.ek);
	assert_fails(make(&c, &err), "ek-key-mismatch");
}

static void t079_certificate_cut_flipped_or_followed(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	for (size_t n = 0; n < c.cert.len; n += 7) {
		c.in.ek_cert = cof_span_of(c.cert.data, n);
		assert_fails(make(&c, &err), "ek-untrusted");
	}
	for (size_t i = 0; i < c.cert.len; i += 11) {
		c.in.ek_cert = cof_buf_span(&c.cert);
		c.cert.data[i] ^= 4;
		assert_fails(make(&c, &err), "ek-untrusted");
		c.cert.data[i] ^= 4;
	}
	assert_ok(cof_buf_add(&c.cert, "", 1, &err));
	c.in.ek_cert = cof_buf_span(&c.cert);
	assert_fails(make(&c, &err), "ek-untrusted");
}

static void t025_ek_that_is_no_storage_key(void **state)
{
	(void)state;
	static const uint32_t bad[] = {0x000700b2, 0x000200b2, 0x000100b2, 0x000300b0,
				       0x000300a2, 0x00030092, 0x000308b2};
	COF_AUTO(ctx) c;
	begin(&c);
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		soft_public(keys.ek, bad[i], 0x14, &c.ek);
		c.in.ek_public = cof_buf_span(&c.ek);
		assert_fails(make(&c, &err), "ek-template");
	}
}

static void t025_ak_that_signs_anything(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	soft_public(keys.ak, AK_BITS & ~0x10000u, 0x14, &c.ak);
	c.in.ak_public = cof_buf_span(&c.ak);
	assert_fails(make(&c, &err), "ak-attributes");
	c.in.ak_public = cof_buf_span(&c.ek); /* the EK as its own AK */
	assert_fails(make(&c, &err), "ak-attributes");
}

static void t025_ek_without_certificate_must_be_enrolled(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	uint8_t names[64] = {0};
	begin(&c);
	c.in.ek_cert = (cof_span){0};
	assert_fails(make(&c, &err), "ek-untrusted");
	c.in.enrolled_eks = cof_span_of(names, 64);
	assert_fails(make(&c, &err), "ek-untrusted");
	assert_ok(cof_sha256(cof_span_of(c.ek.data + 2, c.ek.len - 2), names, &err));
	c.in.enrolled_eks = cof_span_of(names, 33);
	assert_fails(make(&c, &err), "ek-untrusted");
	c.in.enrolled_eks = cof_span_of(names, 64);
	assert_ok(make(&c, &err));
}

static void sizes(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	c.in.credential.len = 31;
	assert_fails(make(&c, &err), "credential-size");
	c.in.credential.len = 32;
	c.in.ek_public.len--;
	assert_fails(make(&c, &err), "tpm-malformed");
	c.in.ek_public.len++;
	c.in.ak_public.len = 0;
	assert_fails(make(&c, &err), "tpm-malformed");
}

static int setup(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	const soft_cert root = soft_root_cert(&keys);
	soft_pem(&root, &keys.root_pem);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	soft_keys_drop(&keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t022_ek_certificate_profile),
		cmocka_unit_test(t022_ek_certificate_chain),
		cmocka_unit_test(t025_certificate_of_another_ek),
		cmocka_unit_test(t079_certificate_cut_flipped_or_followed),
		cmocka_unit_test(t025_ek_that_is_no_storage_key),
		cmocka_unit_test(t025_ak_that_signs_anything),
		cmocka_unit_test(t025_ek_without_certificate_must_be_enrolled),
		cmocka_unit_test(sizes),
		cmocka_unit_test(a_good_pair),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
