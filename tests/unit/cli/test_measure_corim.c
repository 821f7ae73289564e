/* SPDX-License-Identifier: Apache-2.0 */
/* Files of reference values: one CoRIM for each kind, signed where a key is named, and the message for an RVPS. */
#include <time.h>

#include "tests/unit/kbs/tmpdir.h"

#include <openssl/ec.h>

#include "attestation/refvalue/corim.h"
#include "common/hex.h"
#include "common/ossl.h"
#include "runtime/cli/measure_corim.h"
#include "tests/unit/refvalue/make_rim.h"
#include "tests/unit/refvalue/pem.h"

typedef struct fix {
	tmpdir dir;
	char corim[160], rvps[160], key[160];
	EVP_PKEY *author;
	cof_rim rim;
} fix;

static int set_up(void **state)
{
	static fix f;
	COF_AUTO(cof_buf) pem = {0};
	f = (fix){.dir = tmpdir_new(), .author = EVP_EC_gen("P-384")};
	(void)tmpdir_path(&f.dir, "guest.corim", f.corim);
	(void)tmpdir_path(&f.dir, "rvps.json", f.rvps);
	pem_private(f.author, &pem);
	assert_ok(cof_file_write(tmpdir_path(&f.dir, "key.pem", f.key), cof_buf_span(&pem), 0600, &err));
	rim_make(&f.rim);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	fix *f = *state;
	cof_rim_release(&f->rim);
	EVP_PKEY_free(f->author);
	tmpdir_release(&f->dir);
	return 0;
}

static void read_back(const fix *f, const char *name, bool want_signed)
{
	char path[160];
	COF_AUTO(cof_buf) bytes = {0};
	COF_AUTO(cof_corim) c = {0};
	EVP_PKEY *const keys[] = {f->author};
	assert_ok(cof_file_read(tmpdir_path(&f->dir, name, path), 1 << 20, &bytes, &err));
	const cof_corim_in in = {.bytes = cof_buf_span(&bytes),
				 .keys = keys,
				 .n_keys = 1,
				 .allow_unsigned = !want_signed,
				 .now = f->rim.not_before};
	assert_ok(cof_corim_read(&in, &c, &err));
	assert_int_equal(c.is_signed, want_signed);
}

static void each_kind_has_its_file(void **state)
{
	fix *f = *state;
	const cof_measure_opts o = {.corim = f->corim, .corim_key = f->key};
	const cof_measure_opts plain = {.corim = f->corim};
	assert_ok(cof_measure_rim_write(&o, &f->rim, "guest", &err));
	assert_int_equal(access(f->corim, F_OK), -1);
	for (cof_rim_tee t = 0; t < COF_RIM_TEES; t++) {
		char name[64];
		(void)snprintf(name, sizeof name, "guest.%s.corim", cof_rim_tee_name(t));
		read_back(f, name, true);
	}
	assert_ok(cof_measure_rim_write(&plain, &f->rim, "guest", &err));
	read_back(f, "guest.snp.corim", false);
}

static void a_key_under_a_passphrase(void **state)
{
	fix *f = *state;
	char pin[160];
	COF_AUTO(cof_buf) pem = {0};
	BIO *b = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(b, f->author, EVP_aes_256_cbc(), "good", 4, NULL, NULL), 1);
	pem_take(b, &pem);
	assert_ok(cof_file_write(f->key, cof_buf_span(&pem), 0600, &err));
	assert_ok(cof_file_write(tmpdir_path(&f->dir, "pin", pin), cof_span_str("good\n"), 0600, &err));
	const cof_measure_opts o = {.corim = f->corim, .corim_key = f->key, .pin_file = pin};
	assert_ok(cof_measure_rim_write(&o, &f->rim, "guest", &err));
	read_back(f, "guest.tpm.corim", true);
	assert_ok(cof_file_write(pin, cof_span_str("bad\n"), 0600, &err));
	assert_fails(cof_measure_rim_write(&o, &f->rim, "guest", &err), "key-unreadable");
}

static void t077_no_key_no_file(void **state)
{
	fix *f = *state;
	char path[160];
	const cof_measure_opts o = {.corim = f->corim, .corim_key = "/nonexistent", .rvps = f->rvps};
	assert_true(cof_measure_rim_write(&o, &f->rim, "guest", NULL) < 0);
	assert_int_equal(access(f->rvps, F_OK), -1);
	assert_int_equal(access(tmpdir_path(&f->dir, "guest.snp.corim", path), F_OK), -1);
}

static void version_and_end_are_the_owners(void **state)
{
	fix *f = *state;
	char path[160];
	COF_AUTO(cof_buf) bytes = {0};
	COF_AUTO(cof_corim) c = {0};
	const int64_t now = time(NULL);
	const cof_measure_opts o = {.corim = f->corim, .corim_version = 7, .corim_days = 2};
	f->rim.not_before = f->rim.not_after = 0;
	assert_ok(cof_measure_rim_write(&o, &f->rim, "guest", &err));
	assert_ok(cof_file_read(tmpdir_path(&f->dir, "guest.snp.corim", path), 1 << 20, &bytes, &err));
	cof_corim_in in = {.bytes = cof_buf_span(&bytes), .allow_unsigned = true, .now = now};
	assert_ok(cof_corim_read(&in, &c, &err));
	assert_int_equal(c.rim.entries[0].version, 7);
	assert_in_range(c.not_after, now + 2 * 86400 - 60, now + 2 * 86400 + 60);
	cof_corim_release(&c);
	in.now = now + 3 * 86400;
	assert_fails(cof_corim_read(&in, &c, &err), "corim-validity");
}

static void an_rvps_gets_a_message(void **state)
{
	fix *f = *state;
	COF_AUTO(cof_buf) payload = {0};
	COF_AUTO_PTR(json_t) message = NULL;
	COF_AUTO_PTR(json_t) values = NULL;
	const cof_measure_opts o = {.rvps = f->rvps};
	assert_ok(cof_measure_rim_write(&o, &f->rim, "guest", &err));
	assert_ok(cof_json_read_file(f->rvps, 1 << 20, &message, &err));
	assert_string_equal(json_string_value(json_object_get(message, "type")), "sample");
	assert_ok(cof_json_b64(message, "payload", &payload, &err));
	assert_ok(cof_json_parse(cof_buf_span(&payload), &values, &err));
	assert_int_equal(json_array_size(json_object_get(values, "snp_launch_measurement")), 1);
}

#define WITH_FIX(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIX(each_kind_has_its_file), WITH_FIX(a_key_under_a_passphrase),
		WITH_FIX(t077_no_key_no_file),	  WITH_FIX(version_and_end_are_the_owners),
		WITH_FIX(an_rvps_gets_a_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
