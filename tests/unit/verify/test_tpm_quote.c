/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/soft_quote.h"

#include "attestation/verify/tpm_quote.h"

static soft_keys keys;
static EVP_PKEY *p256, *p384;

/* ---- what is accepted ---- */

static void use_ec(soft_quote *s, EVP_PKEY *key, uint16_t hash)
{
	s->ak = s->signer = key;
	s->ak_area.scheme = s->sig_scheme = 0x18;
	s->ak_area.scheme_hash = s->sig_hash = hash;
}

static void good_ones(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
	assert_quote(s, "RSASSA", NULL);
	s->send_ak_pem = true;
	assert_quote(s, "the same key in PEM", NULL);
	s->ak_area.scheme = s->sig_scheme = 0x16;
	assert_quote(s, "RSAPSS, salt of the digest", NULL);
	s->pss_salt = -3;
	assert_quote(s, "RSAPSS, the longest salt", NULL);
	s->ak_area.scheme_hash = s->sig_hash = 0xc;
	assert_quote(s, "SHA-384", NULL);
	use_ec(s, p256, 0xb);
	assert_quote(s, "P-256", NULL);
	use_ec(s, p384, 0xc);
	assert_quote(s, "P-384", NULL);
	s->n_select = s->count_select = 2;
	assert_quote(s, "SHA-1 beside SHA-256", NULL);
	s->select[0].size = 4;
	assert_quote(s, "a longer bitmap", NULL);
	s->cert_tail_len = 9;
	assert_quote(s, "NV area with zeros", NULL);
	s->cert_tail = 0xff;
	assert_quote(s, "NV area with FF", NULL);
	s->activate = true;
	s->policy = "{\"require_activation\":true,\"require_ek\":true,\"require_event_log\":true,"
		    "\"require_event_data\":true,\"nonce\":"
		    "\"0102030000000000000000000000000000000000000000000000000000000000\","
		    "\"required_pcrs\":{\"sha256\":[0,9]},\"same_boot\":{\"reset_count\":7,\"restart_count\":1}}";
	assert_quote(s, "everything", NULL);
	s->send_log = false;
	s->policy = "{}";
	assert_quote(s, "no log", NULL);
}

/* Whatever the answer is, it says who runs the TPM and why the AK is believed. */
static void t025_the_answer_names_its_tier(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
	const char *const trust[] = {"a trusted EK beside it: that both are in one TPM is not shown",
				     "activated in the TPM of a trusted EK"};
	for (size_t i = 0; i < COF_COUNT(trust); i++) {
		s->activate = i == 1;
		soft_quote_make(s);
		soft_judge(s, &v);
		assert_true(v.accepted);
		assert_string_equal(json_string_value(json_object_get(v.fields, "tier")),
				    "measured by a TPM, not confidential from who runs it");
		assert_string_equal(json_string_value(json_object_get(v.fields, "ak_trust")), trust[i]);
		cof_verdict_release(&v);
	}
}

/* ---- one member, signed with it ---- */

typedef struct change {
	const char *label;
	size_t at, len;
	uint64_t value;
	const char *check;
} change;

#define SET(member, to) offsetof(soft_quote, member), sizeof(((soft_quote *)NULL)->member), (uint64_t)(to)

static void set(soft_quote *s, const change *c)
{
	memcpy((char *)s + c->at, &c->value, c->len);
}

/* Everything else holds, so that the check is the only thing that stands in the way. */
static const change alone[] = {
	{"magic", SET(magic, 0xff544346), "quote-magic"},
	{"magic of nothing", SET(magic, 0), "quote-magic"},
	{"a certify", SET(type, 0x8017), "quote-type"},
	{"a time", SET(type, 0x8019), "quote-type"},
	{"an NV certify", SET(type, 0x8014), "quote-type"},
	{"a digest of a certify", SET(type, 0x801c), "quote-type"},
	{"signed and then changed", SET(tampered, 1), "quote-signature"},
	{"another signature", SET(sig_flip, 0x80), "quote-signature"},
	{"digest", SET(digest_flip, 1), "pcr-digest"},
	{"value", SET(flip_value, 4), "pcr-digest"},
	{"value that no log has", SET(flip_value, 8), "pcr-digest"},
	{"value of an unquoted register", SET(extra_value, 10), "pcr-not-selected"},
	{"value of a register above", SET(extra_value, 23), "pcr-not-selected"},
	{"values of an unquoted bank", SET(extra_bank, 1), "pcr-not-selected"},
	{"nothing selected", SET(select[0].mask, 0), "pcr-selection-empty"},
	{"AK unrestricted", SET(ak_area.attributes, 0x00040072), "ak-restricted"},
	{"AK that does not sign", SET(ak_area.attributes, 0x00010072), "ak-signing"},
	{"AK that decrypts", SET(ak_area.attributes, 0x00070072), "ak-decrypting"},
	{"AK that can move", SET(ak_area.attributes, 0x00050070), "ak-fixed-tpm"},
	{"AK whose parent can move", SET(ak_area.attributes, 0x00050062), "ak-fixed-parent"},
	{"AK from outside", SET(ak_area.attributes, 0x00050052), "ak-origin"},
	{"AK of a duplication group", SET(ak_area.attributes, 0x00050872), "ak-duplication"},
	{"AK without a scheme", SET(ak_area.scheme, 0x10), "ak-scheme"},
	{"EK unrestricted", SET(ek_area.attributes, 0x000200b2), "ek-restricted"},
	{"EK that does not decrypt", SET(ek_area.attributes, 0x000100b2), "ek-decrypting"},
	{"EK that signs", SET(ek_area.attributes, 0x000700b2), "ek-signing"},
	{"EK that can move", SET(ek_area.attributes, 0x000300b0), "ek-fixed-tpm"},
	{"EK whose parent can move", SET(ek_area.attributes, 0x000300a2), "ek-fixed-parent"},
	{"EK from outside", SET(ek_area.attributes, 0x00030092), "ek-origin"},
	{"EK of a duplication group", SET(ek_area.attributes, 0x000308b2), "ek-duplication"},
	{"EK with a scheme", SET(ek_area.scheme, 0x14), "ek-template"},
	{"EK without a cipher", SET(ek_area.sym, 0x10), "ek-template"},
	{"EK with 192 bits", SET(ek_area.sym_bits, 192), "ek-template"},
	{"EK in CTR mode", SET(ek_area.sym_mode, 0x40), "ek-template"},
	{"EK of another key", SET(ek, 0), "ek-key-mismatch"},
	{"AK in PEM of another key", SET(other_pem, 1), "ak-key-mismatch"},
	{"certificate that has run out", SET(cert.to, -1), "ek-expired"},
	{"certificate of tomorrow", SET(cert.from, 1), "ek-not-yet-valid"},
	{"issuer that has run out", SET(between.to, -1), "ek-expired"},
	{"root that has run out", SET(root.to, -1), "ek-expired"},
	{"root of tomorrow", SET(root.from, 1), "ek-not-yet-valid"},
	{"certificate of nobody", SET(cert.by, 0), "ek-chain"},
	{"issuer of nobody", SET(between.by, 0), "ek-chain"},
	{"no issuer", SET(send_between, 0), "ek-chain"},
	{"no root", SET(send_root, 0), "ek-chain"},
	{"answer to another credential", SET(activation_flip, 1), "activation-mismatch"},
};

static void t022_single_members_that_one_check_alone_refuses(void **state)
{
	(void)state;
	assert_true(COF_COUNT(alone) >= 45);
	for (size_t i = 0; i < COF_COUNT(alone); i++) {
		COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
		s->send_ak_pem = true;
		s->activate = true;
		s->policy = "{\"trust_ak\":true}";
		s->send_log = alone[i].at != offsetof(soft_quote, select[0].mask) &&
			      alone[i].at != offsetof(soft_quote, flip_value);
		set(s, &alone[i]);
		/* a pointer of the table's is a key: that of nobody in the chain */
		s->ek = s->ek == NULL ? keys.ak : s->ek;
		s->cert.by = s->cert.by == NULL ? keys.ak : s->cert.by;
		s->between.by = s->between.by == NULL ? keys.ak : s->between.by;
		assert_quote_alone(s, alone[i].label, alone[i].check);
	}
}

/* Where others must follow from the first. */
static const change first[] = {
	{"trailing byte", SET(attest_tail, 1), "quote-malformed"},
	{"cut", SET(attest_cut, 1), "quote-malformed"},
	{"more banks than there are", SET(count_select, 2), "quote-malformed"},
	{"fewer banks than there are", SET(count_select, 0), "quote-malformed"},
	{"banks without end", SET(count_select, 255), "quote-malformed"},
	{"a clock that is neither safe nor not", SET(safe, 2), "quote-malformed"},
	{"a nonce of 65 bytes", SET(nonce_len, 65), "quote-malformed"},
	{"a signer's name of 67 bytes", SET(name_len, 67), "quote-malformed"},
	{"a bitmap of 5 bytes", SET(select[0].size, 5), "quote-malformed"},
	{"a bitmap of none", SET(select[0].size, 0), "quote-malformed"},
	{"signature scheme RSAPSS", SET(sig_scheme, 0x16), "signature-scheme"},
	{"signature scheme of nobody", SET(ak_area.scheme, 0x16), "signature-scheme"},
	{"signature hash", SET(ak_area.scheme_hash, 0xc), "signature-scheme"},
	{"signature hash SHA-512", SET(sig_hash, 0xd), "signature-scheme"},
	{"signature with a tail", SET(sig_tail, 1), "signature-malformed"},
	{"signature that is short", SET(sig_cut, 1), "signature-range"},
	{"another signer", SET(signer, 0), "quote-signature"},
	{"bank of SM3", SET(select[0].bank, 0x12), "pcr-bank-unknown"},
	{"bank of nothing", SET(select[0].bank, 0x10), "pcr-bank-unknown"},
	{"bank of SHA-384", SET(select[0].bank, 0xc), "eventlog-bank-missing"},
	{"bank of SHA-1", SET(select[0].bank, 0x4), "pcr-bank-weak"},
	{"16 and 23 alone", SET(select[0].mask, 0x810000), "pcr-selection-empty"},
	{"value missing", SET(drop_value, 7), "pcr-value-missing"},
	{"value that the log has", SET(flip_value, 0), "pcr-digest"},
	{"AK's name by SHA-1", SET(ak_area.name_alg, 4), "ak-malformed"},
	{"AK with a tail", SET(ak_area.tail, 1), "ak-malformed"},
	{"AK of another kind", SET(ak_area.type, 0x23), "ak-malformed"},
	{"AK with a keyed hash", SET(ak_area.type, 8), "ak-malformed"},
	{"AK with a cipher", SET(ak_area.sym, 6), "ak-scheme"},
	{"AK with SHA-1", SET(ak_area.scheme_hash, 4), "ak-scheme"},
	{"AK for ECDSA", SET(ak_area.scheme, 0x18), "ak-scheme"},
	{"AK for OAEP", SET(ak_area.scheme, 0x17), "ak-scheme"},
	{"EK with a tail", SET(ek_area.tail, 1), "ek-malformed"},
	{"EK of another kind", SET(ek_area.type, 0x23), "ek-malformed"},
	{"a byte behind the certificate", SET(cert_tail_len, 1), "ek-certificate"},
	{"no keys at all", SET(send_ak_public, 0), "ak-public-missing"},
	{"no certificate", SET(send_ek_cert, 0), "ak-untrusted"},
};

static void t060_t025_single_members_by_their_first_check(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(first); i++) {
		COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
		s->cert_tail = 0x30;
		set(s, &first[i]);
		s->signer = s->signer == NULL ? keys.other : s->signer;
		assert_quote(s, first[i].label, first[i].check);
	}
}

/* What code may act on: made for a quote that passed everything, and silent about what it does not cover. */
static void the_verified_quote(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
	for (int i = 0; i < 2; i++) {
		COF_AUTO_PTR(cof_tpm_verified) q = NULL;
		v = (cof_verdict){0};
		s->select[0].mask = 0x8103ff;
		s->tampered = i == 1;
		soft_quote_make(s);
		const cof_verify_in in = {.files = s->files, .n_files = s->n_files, .now = SOFT_NOW};
		assert_ok(cof_tpm_quote_verify(&in, &v, &q, &err));
		cof_verdict_release(&v);
		assert_int_equal(q != NULL, i == 0);
		if (q == NULL)
			continue;
		assert_span_equal(cof_tpm_verified_pcr(q, 0xb, 4), s->banks.list[0].pcrs[4], 32);
		assert_int_equal(cof_tpm_verified_pcr(q, 0xb, 16).len, 0);
		assert_int_equal(cof_tpm_verified_pcr(q, 0xb, 23).len, 0);
		assert_int_equal(cof_tpm_verified_pcr(q, 0xb, 10).len, 0);
		assert_int_equal(cof_tpm_verified_pcr(q, 0xb, 24).len, 0);
		assert_int_equal(cof_tpm_verified_pcr(q, 0xc, 4).len, 0);
		assert_int_equal(cof_tpm_verified_quote(q)->reset_count, 7);
		assert_int_equal(cof_tpm_verified_ak_name(q).len, 34);
	}
}

static void t060_values_that_cannot_be_read(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "[]", "{\"sha256\":{}}", "{\"sha256\":{\"0\":\"00\"}}",
					    "{\"md5\":{\"0\":\"00\"}}"};
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
		s->pcrs_text = texts[i];
		assert_quote_alone(s, texts[i], "pcrs-malformed");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones),
		cmocka_unit_test(t025_the_answer_names_its_tier),
		cmocka_unit_test(t022_single_members_that_one_check_alone_refuses),
		cmocka_unit_test(t060_t025_single_members_by_their_first_check),
		cmocka_unit_test(t060_values_that_cannot_be_read),
		cmocka_unit_test(the_verified_quote),
	};
	soft_keys_make(&keys);
	p256 = EVP_EC_gen("P-256");
	p384 = EVP_EC_gen("P-384");
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	EVP_PKEY_free(p256);
	EVP_PKEY_free(p384);
	soft_keys_drop(&keys);
	return failed;
}
