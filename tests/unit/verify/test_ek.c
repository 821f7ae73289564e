/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/soft_tpm.h"

#include "attestation/verify/ek.h"
#include "attestation/verify/ek_profile.h"

static soft_keys keys;

static void issuing_ca_and_root(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) issuing = {0};
	COF_AUTO(cof_buf) cert = {0};
	COF_AUTO(cof_buf) both = {0};
	const soft_cert ca = {.subject = "issuing",
			      .issuer = "root",
			      .key = keys.other,
			      .by = keys.ca,
			      .ext = SOFT_CA_EXT,
			      .from = -2000,
			      .to = 2000};
	soft_cert ek = soft_ek_cert(&keys);
	ek.issuer = "issuing";
	ek.by = keys.other;
	soft_pem(&ca, &issuing);
	soft_der(&ek, &cert);
	assert_fails(cof_ek_cert_check(cof_buf_span(&cert), cof_buf_span(&keys.root_pem), SOFT_NOW, &err),
		     "ek-untrusted");
	assert_ok(cof_ek_cert_check(cof_buf_span(&cert), cof_buf_span(&issuing), SOFT_NOW, &err));
	assert_ok(cof_buf_add(&both, keys.root_pem.data, keys.root_pem.len, &err));
	assert_ok(cof_buf_add(&both, issuing.data, issuing.len, &err));
	assert_ok(cof_ek_cert_check(cof_buf_span(&cert), cof_buf_span(&both), SOFT_NOW, &err));
}

static void t022_an_issuer_that_is_no_ca(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) fake = {0};
	COF_AUTO(cof_buf) cert = {0};
	COF_AUTO(cof_buf) roots = {0};
	/* the owner of one EK certifies another with it */
	soft_cert issuer = soft_ek_cert(&keys);
	issuer.subject = "ek one";
	soft_cert ek = soft_ek_cert(&keys);
	ek.issuer = "ek one";
	ek.by = keys.ek;
	ek.key = keys.other;
	soft_pem(&issuer, &fake);
	soft_der(&ek, &cert);
	assert_ok(cof_buf_add(&roots, keys.root_pem.data, keys.root_pem.len, &err));
	assert_ok(cof_buf_add(&roots, fake.data, fake.len, &err));
	assert_fails(cof_ek_cert_check(cof_buf_span(&cert), cof_buf_span(&roots), SOFT_NOW, &err), "ek-untrusted");
}

static void roots_that_are_none(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) cert = {0};
	COF_AUTO(cof_buf) many = {0};
	const soft_cert ek = soft_ek_cert(&keys);
	soft_der(&ek, &cert);
	assert_fails(cof_ek_cert_check(cof_buf_span(&cert), (cof_span){0}, SOFT_NOW, &err), "ek-untrusted");
	assert_fails(cof_ek_cert_check(cof_buf_span(&cert), cof_span_str("x"), SOFT_NOW, &err), "ek-roots");
	assert_fails(
		cof_ek_cert_check(cof_buf_span(&cert), (cof_span){cert.data, COF_EK_CERTS_MAX + 1}, SOFT_NOW, &err),
		"ek-roots");
	for (int i = 0; i <= COF_EK_CERTS_COUNT_MAX; i++)
		assert_ok(cof_buf_add(&many, keys.root_pem.data, keys.root_pem.len, &err));
	assert_fails(cof_ek_cert_check(cof_buf_span(&cert), cof_buf_span(&many), SOFT_NOW, &err), "ek-roots");
	assert_fails(cof_ek_cert_check((cof_span){cert.data, COF_EK_CERT_MAX + 1}, cof_buf_span(&keys.root_pem),
				       SOFT_NOW, &err),
		     "ek-untrusted");
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(t022_an_issuer_that_is_no_ca),
					   cmocka_unit_test(roots_that_are_none),
					   cmocka_unit_test(issuing_ca_and_root)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
