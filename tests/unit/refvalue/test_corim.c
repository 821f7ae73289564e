/* SPDX-License-Identifier: Apache-2.0 */
/* CoRIM: bytes worked out by hand, round trips, and manifests that are wrong in one place. */
#include "tests/unit/refvalue/manifest.h"

#include "attestation/refvalue/cose.h"
#include "attestation/token/jws.h"
#include "tests/unit/verify/vectors.h"

/* ---- writing ---- */

/* Of one entry each; the manifests' ids are "g/KIND". */
#define SNP_HEAD                                                                                                       \
	"d901f5a30065672f736e700181d901fa5859"                                                                         \
	"a201a100616104a10081"                                                                                         \
	"82a100a100d86f492b060104019c780301"
#define SNP_VALUES "81a20019028101a1028182075830" H48("11")
#define SNP_PROFILE "03d82078227461673a616d642e636f6d2c323032353a736e702d636f72696d2d70726f66696c65"

static const char golden_snp[] = SNP_HEAD SNP_VALUES SNP_PROFILE;

/* { 1: {0:"a"}, 4: {0: [[ {0:{1:"coffer",2:"sev"}}, [ {1:{2:[[1,h'77…']]}} ] ]] } } */
static const char golden_sev[] =
	"d901f5a40065672f7365760181d901fa5845"
	"a201a100616104a10081"
	"82a100a20166636f666665720263736576"
	"81a101a1028182015820" H32(
		"77") "03d82078277461673a636f666665722e6578616d706c652c323032363a636f72696d2d70726f66696c652f31"
		      "04a200c10501c11a6b49d200";

/* { 1: {0:"a",1:7}, … [ {1:{14:{1:[[7,…]]}, -83:[7,…]}}, {0:"mrconfigid",1:{4:560(…)}} ] } */
static const char golden_tdx[] =
	"d901f5a30065672f7464780181d901fa58e2"
	"a201a2006161010704a10081"
	"82a100a20171496e74656c20436f72706f726174696f6e0266544458205444"
	"82a101a20ea1018182075830" H48("61") "385282075830" H48("55") "a2006a6d72636f6e666967696401a104d902305830" H48(
		"66") "03d86f4a6086480186f84d011001";

static void written_is(cof_rim_entry e, int64_t not_before, int64_t not_after, const char *want)
{
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO(cof_buf) out = {0};
	cof_rim_tee tee = e.tee;
	assert_ok(cof_rim_set_id(&r, cof_span_str("g"), &err));
	r.not_before = not_before;
	r.not_after = not_after;
	rim_put(&r, e);
	assert_ok(cof_corim_write(&r, tee, &out, &err));
	assert_hex_equal(cof_buf_span(&out), want);
}

static void golden(void **state)
{
	(void)state;
	cof_rim_entry tdx = rim_tdx("a", 2, true);
	tdx.version = 7;
	written_is(rim_snp("a", false), 0, 0, golden_snp);
	written_is(rim_launch(COF_RIM_SEV, "a"), 5, 1800000000, golden_sev);
	written_is(tdx, 0, 0, golden_tdx);
}

static void there_and_back(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	rim_make(&r);
	r.entries[1].version = 1;
	r.entries[5].version = INT64_MAX;
	for (unsigned t = 0; t < COF_RIM_TEES; t++) {
		COF_AUTO(cof_buf) plain = {0};
		COF_AUTO(cof_buf) sealed = {0};
		const cof_corim_signer by = {
			.key = author, .name = "author", .not_before = RIM_NOW - 5, .not_after = RIM_NOW + 5};
		assert_ok(cof_corim_write(&r, (cof_rim_tee)t, &plain, &err));
		assert_ok(cof_cbor_check_ordered(cof_buf_span(&plain), &err));
		assert_ok(cof_corim_sign(&r, (cof_rim_tee)t, &by, &sealed, &err));
		for (int is_signed = 0; is_signed < 2; is_signed++) {
			COF_AUTO(cof_corim) c = {0};
			char id[64];
			assert_ok(read_all(cof_buf_span(is_signed ? &sealed : &plain), &c, &err));
			(void)snprintf(id, sizeof id, "guest-0.1.0/%s", cof_rim_tee_name((cof_rim_tee)t));
			assert_string_equal(c.rim.id, id);
			assert_int_equal(c.is_signed, is_signed);
			assert_string_equal(c.signer, is_signed ? "author" : "");
			assert_int_equal(c.rim.not_before, r.not_before);
			assert_int_equal(c.rim.not_after, r.not_after);
			assert_int_equal(c.not_after, is_signed ? RIM_NOW + 5 : RIM_NOW + 100);
			assert_int_equal(c.rim.n, 2);
			for (size_t i = 0; i < 2; i++)
				assert_same_entry(&c.rim.entries[i], &r.entries[2 * t + i]);
		}
	}
}

static void what_cannot_be_written(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO(cof_buf) out = {0};
	rim_put(&r, rim_launch(COF_RIM_SEV, "a"));
	assert_fails(cof_corim_write(&r, COF_RIM_SEV, &out, &err), "rim-malformed"); /* no id */
	assert_ok(cof_rim_set_id(&r, cof_span_str("id"), &err));
	assert_fails(cof_corim_write(&r, COF_RIM_SNP, &out, &err), "rim-malformed"); /* none of this kind */
	assert_fails(cof_corim_write(&r, COF_RIM_TEES, &out, &err), "rim-malformed");
	char id[COF_RIM_ID_MAX + 1];
	memset(id, 'x', sizeof id);
	id[COF_RIM_ID_MAX] = '\0';
	assert_ok(cof_rim_set_id(&r, cof_span_str(id), &err));
	assert_fails(cof_corim_write(&r, COF_RIM_SEV, &out, &err), "rim-malformed");
	assert_ok(cof_rim_set_id(&r, cof_span_str("id"), &err));
	cof_corim_signer by = {.key = author, .name = ""};
	assert_fails(cof_corim_sign(&r, COF_RIM_SEV, &by, &out, &err), "rim-malformed");
	by = (cof_corim_signer){.key = author, .name = "a", .not_before = 7, .not_after = 6};
	assert_fails(cof_corim_sign(&r, COF_RIM_SEV, &by, &out, &err), "rim-malformed");
	EVP_PKEY *odd = EVP_EC_gen("P-521");
	by = (cof_corim_signer){.key = odd, .name = "a"};
	assert_fails(cof_corim_sign(&r, COF_RIM_SEV, &by, &out, &err), "bad-key");
	EVP_PKEY_free(odd);
	assert_int_equal(out.len, 0);
}

/* Takes the entry. */
__attribute__((noinline)) static void cannot(cof_rim_entry *e)
{
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO(cof_buf) out = {0};
	cof_rim_tee tee = e->tee;
	assert_ok(cof_rim_set_id(&r, cof_span_str("id"), &err));
	assert_ok(cof_rim_add(&r, e, &err));
	assert_fails(cof_corim_write(&r, tee, &out, &err), "corim-unsupported");
	assert_int_equal(out.len, 0);
}

/* What a profile has no words for is not written by half. */
static void t077_conditions_that_cannot_be_written(void **state)
{
	(void)state;
	static const uint8_t bytes[2 * COF_RIM_VALUE_MAX] = {[7] = 1, [15] = 2};
	static const struct {
		cof_rim_tee tee;
		cof_rim_field field;
		cof_rim_op op;
		size_t n;
	} conds[] = {
		{COF_RIM_SNP, COF_RIM_MEASUREMENT, COF_RIM_IS, 2}, {COF_RIM_SNP, COF_RIM_HOST_DATA, COF_RIM_IS, 2},
		{COF_RIM_SNP, COF_RIM_GUEST_SVN, COF_RIM_IS, 2},   {COF_RIM_SNP, COF_RIM_GUEST_SVN, COF_RIM_RANGE, 2},
		{COF_RIM_SNP, COF_RIM_VMPL, COF_RIM_IS, 2},	   {COF_RIM_SNP, COF_RIM_VERSION, COF_RIM_AT_LEAST, 1},
		{COF_RIM_SNP, COF_RIM_POLICY, COF_RIM_IS, 2},	   {COF_RIM_SNP, COF_RIM_REPORTED_TCB, COF_RIM_IS, 2},
		{COF_RIM_SNP, COF_RIM_FLAGS, COF_RIM_IS, 1},	   {COF_RIM_TDX, COF_RIM_RTMR0, COF_RIM_IS, 2},
		{COF_RIM_TDX, COF_RIM_TEE_TCB_SVN, COF_RIM_IS, 2}, {COF_RIM_TDX, COF_RIM_XFAM, COF_RIM_IS, 2},
		{COF_RIM_TDX, COF_RIM_XFAM, COF_RIM_IS, 1}, /* nothing but a named field */
	};
	cof_rim_entry e = {0};
	for (size_t i = 0; i < COF_COUNT(conds); i++) {
		e.tee = conds[i].tee;
		assert_ok(cof_rim_entry_name(&e, cof_span_str("a"), &err));
		assert_ok(cof_rim_demand(&e, conds[i].field, conds[i].op,
					 cof_span_of(bytes, conds[i].n * cof_rim_field_of(conds[i].field)->len), &err));
		cannot(&e);
	}
	/* a provider where a chip's key signs */
	uint8_t csp[COF_RIM_VALUE_MAX] = "Azure";
	assert_ok(cof_rim_entry_name(&e, cof_span_str("a"), &err));
	assert_ok(cof_rim_demand(&e, COF_RIM_MEASUREMENT, COF_RIM_IS, cof_span_of(bytes, 48), &err));
	assert_ok(cof_rim_demand(&e, COF_RIM_CSP_ID, COF_RIM_IS, cof_span_of(csp, sizeof csp), &err));
	cannot(&e);
}

static void a_large_table_fits(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO(cof_buf) out = {0};
	COF_AUTO(cof_corim) c = {0};
	assert_ok(cof_rim_set_id(&r, cof_span_str("guest"), &err));
	for (size_t i = 0; i < COF_RIM_ENTRIES_MAX; i++) {
		char name[40];
		(void)snprintf(name, sizeof name, "0.1.0/default/vcpus-%zu/EPYC-Milan", i);
		rim_put(&r, rim_snp(name, false));
	}
	assert_ok(cof_corim_write(&r, COF_RIM_SNP, &out, &err));
	assert_ok(read_all(cof_buf_span(&out), &c, &err));
	assert_int_equal(c.rim.n, COF_RIM_ENTRIES_MAX);
}

static void the_envelope(void **state)
{
	(void)state;
	GOOD(.head = NULL);
	BAD("corim-malformed", .head = "a3");	    /* no tag */
	BAD("corim-malformed", .head = "d901f4a3"); /* tag 500, the old wrapper */
	BAD("corim-malformed", .head = "d901f5d901f5a3");
	BAD("corim-malformed", .head = "d9023ba3");
	BAD("corim-malformed", .id = "0000"); /* ids: a text or 16 bytes */
	BAD("corim-malformed", .id = "0060");
	BAD("corim-malformed", .id = "00610a");
	BAD("corim-malformed", .id = "0041aa");
	GOOD(.id = "0050000102030405060708090a0b0c0d0e0f");
	GOOD(.id = "00d82550000102030405060708090a0b0c0d0e0f");
	BAD("corim-malformed", .id = "00d82541aa");
	BAD("corim-malformed", .head = "d901f5a2", .id = "");
	BAD("cbor-malformed", .head = "d901f5a4", .more = "006168"); /* an id twice */
	/* a dependent manifest, an extension, a member of no meaning */
	BAD("corim-unsupported", .head = "d901f5a4", .more = "0281a100d8206161");
	BAD("corim-unsupported", .head = "d901f5a4", .more = "2063666f6f");
	BAD("corim-unsupported", .head = "d901f5a4", .more = "060a");
	GOOD(.head = "d901f5a4", .more = "0581a20063666f6f028101");
	BAD("corim-malformed", .head = "d901f5a4", .more = "0580");
	BAD("corim-malformed", .head = "d901f5a4", .more = "05a0");
	/* the list of tags and what may be in it */
	BAD("corim-unsupported", .tag = "d901f9"); /* CoSWID */
	BAD("corim-unsupported", .tag = "d901fc"); /* trust list */
	BAD("corim-unsupported", .tag = "");
	BAD("corim-malformed", .tag = "d901fa81");
	BAD("corim-malformed", .tag = "d901fad901fa");
}

static void t077_profiles(void **state)
{
	(void)state;
	BAD("corim-profile", .head = "d901f5a3", .profile = "f6");
	BAD("corim-profile", .profile = "81" AMD_PROFILE); /* older drafts: a list */
	BAD("corim-profile", .profile = "d8206161");
	BAD("corim-profile", .profile = "d82078227461673a616d642e636f6d2c323032343a736e702d636f72696d2d70726f66696c65");
	BAD("corim-profile", .profile = "d86f4a6086480186f84d011002");
	BAD("corim-profile", .profile = "4a6086480186f84d011001");
	GOOD(.profile = "78227461673a616d642e636f6d2c323032353a736e702d636f72696d2d70726f66696c65"); /* text */
	/* the right profile of another kind */
	BAD("corim-unsupported", .profile = "d86f4a6086480186f84d011001");
	BAD("corim-unsupported",
	    .profile = "d82078277461673a636f666665722e6578616d706c652c323032363a636f72696d2d70726f66696c652f31");
	COF_AUTO(cof_buf) none = {0};
	COF_AUTO(cof_corim) c = {0};
	hex_bytes("d901f5a20061670181d901fa4100", &none);
	assert_fails(read_all(cof_buf_span(&none), &c, &err), "corim-profile");
	none.len = 0;
	hex_bytes("d901f5a200616703" AMD_PROFILE, &none);
	assert_fails(read_all(cof_buf_span(&none), &c, &err), "corim-malformed"); /* no tags at all */
	none.len = 0;
	hex_bytes("d901f5a3006167018003" AMD_PROFILE, &none);
	assert_fails(read_all(cof_buf_span(&none), &c, &err), "corim-malformed");
}

static void t077_times(void **state)
{
	(void)state;
	/* RIM_NOW is 0x6b49d200 */
	GOOD(.head = "d901f5a4", .more = "04a101c11a6b49d200");
	GOOD(.head = "d901f5a4", .more = "04a200c11a6b49d20001c11a6b49d200");
	BAD("corim-validity", .head = "d901f5a4", .more = "04a101c11a6b49d1ff");
	BAD("corim-validity", .head = "d901f5a4", .more = "04a200c11a6b49d20101c11a6b49d202");
	BAD("corim-malformed", .head = "d901f5a4", .more = "04a200c11a6b49d20201c11a6b49d201");
	BAD("corim-malformed", .head = "d901f5a4", .more = "04a100c11a6b49d100"); /* no end */
	BAD("corim-malformed", .head = "d901f5a4", .more = "04a0");
	BAD("corim-malformed", .head = "d901f5a4", .more = "0480");
	BAD("corim-malformed", .head = "d901f5a4", .more = "04a1011a6b49d200"); /* no time's tag */
	BAD("corim-malformed", .head = "d901f5a4", .more = "04a101c120");
	BAD("corim-malformed", .head = "d901f5a4", .more = "04a101c100");
	BAD("corim-malformed", .head = "d901f5a4", .more = "04a101c141aa");
	BAD("corim-malformed", .head = "d901f5a4", .more = "04a101c06161");
	BAD("corim-unsupported", .head = "d901f5a4", .more = "04a201c11a6b49d20002c101");
}

/* Two modules of one name: the second would take the first one's place. */
static void t077_names_are_unique(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) comid = {0};
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_corim) c = {0};
	make_comid(&(manifest){0}, &comid);
	hex_bytes("d901f5a30061670182", &b);
	for (int i = 0; i < 2; i++) {
		cof_wr w = cof_wr_to(&b);
		cof_cbor_put_tag(&w, 506);
		cof_cbor_put_bytes(&w, cof_buf_span(&comid));
		assert_ok(cof_wr_done(&w, &err));
	}
	hex_bytes("03" AMD_PROFILE, &b);
	assert_fails(read_all(cof_buf_span(&b), &c, &err), "rim-malformed");
}

/* ---- the signature ---- */

static void sealed(cof_buf *ret)
{
	COF_AUTO(cof_rim) r = {0};
	const cof_corim_signer by = {.key = author, .name = "author"};
	assert_ok(cof_rim_set_id(&r, cof_span_str("g"), &err));
	rim_put(&r, rim_snp("a", false));
	assert_ok(cof_corim_sign(&r, COF_RIM_SNP, &by, ret, &err));
}

static void t077_who_signed_counts(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_corim) c = {0};
	EVP_PKEY *const wrong[] = {stranger}, *const both[] = {stranger, author};
	EVP_PKEY *kind = EVP_EC_gen("P-256");
	sealed(&b);
	cof_corim_in in = {.bytes = cof_buf_span(&b), .now = RIM_NOW};
	assert_fails(cof_corim_read(&in, &c, &err), "cose-algorithm");
	in.keys = wrong;
	in.n_keys = 1;
	assert_fails(cof_corim_read(&in, &c, &err), "cose-signature");
	in.keys = &kind;
	assert_fails(cof_corim_read(&in, &c, &err), "cose-algorithm");
	in.keys = both;
	in.n_keys = 2;
	assert_ok(cof_corim_read(&in, &c, &err));
	assert_int_equal(c.key, 1);
	assert_true(c.is_signed);
	EVP_PKEY_free(kind);
	/* what is not signed is not taken where a signature is wanted */
	COF_AUTO(cof_buf) plain = {0};
	COF_AUTO(cof_corim) d = {0};
	make_manifest(&(manifest){0}, &plain);
	in.bytes = cof_buf_span(&plain);
	assert_fails(cof_corim_read(&in, &d, &err), "corim-unsigned");
	in.bytes = (cof_span){0};
	assert_fails(cof_corim_read(&in, &d, &err), "corim-malformed");
}

static void t077_every_bit_is_signed(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	sealed(&b);
	for (size_t i = 0; i < b.len; i++) {
		COF_AUTO(cof_corim) c = {0};
		cof_err err = {0};
		for (unsigned bit = 0; bit < 8; bit += 7) { /* the lowest and the highest */
			b.data[i] ^= (uint8_t)(1u << bit);
			if (read_all(cof_buf_span(&b), &c, &err) == 0)
				fail_msg("byte %zu is not looked at", i);
			assert_int_equal(c.rim.n, 0);
			b.data[i] ^= (uint8_t)(1u << bit);
		}
	}
	for (size_t n = 0; n < b.len; n++) {
		COF_AUTO(cof_corim) c = {0};
		cof_err err = {0};
		assert_true(read_all(cof_span_of(b.data, n), &c, &err) < 0);
		assert_int_equal(err.cls, COF_E_MALFORMED);
	}
}

/* Signed well, whatever the header says. */
static int header_read(const char *more_hex, size_t n_more, const char *content_type, cof_corim *ret, cof_err *err)
{
	COF_AUTO(cof_buf) payload = {0};
	COF_AUTO(cof_buf) more = {0};
	COF_AUTO(cof_buf) b = {0};
	make_manifest(&(manifest){0}, &payload);
	hex_bytes(more_hex, &more);
	const cof_cose_out out = {.content_type = content_type,
				  .more = cof_buf_span(&more),
				  .n_more = n_more,
				  .payload = cof_buf_span(&payload)};
	assert_int_equal(cof_cose_sign(&out, author, &b, err), 0);
	return read_all(cof_buf_span(&b), ret, err);
}

static void header_at(int line, const char *more_hex, size_t n_more, const char *reason)
{
	COF_AUTO(cof_corim) c = {0};
	cof_err err = {0};
	int rc = header_read(more_hex, n_more, "application/rim+cbor", &c, &err);
	if (reason == NULL ? rc < 0 : rc >= 0)
		fail_msg("line %d: %s", line, rc < 0 ? err.text : "accepted");
	if (reason != NULL && !cof_err_is(&err, reason))
		fail_msg("line %d: %s (%s), not %s", line, err.reason, err.text, reason);
}

#define HEADER(hex, n, reason) header_at(__LINE__, hex, n, reason)

static void the_header(void **state)
{
	(void)state;
	COF_AUTO(cof_corim) c = {0};
	HEADER("0846a100a1006161", 1, NULL);
	assert_fails(header_read("0846a100a1006161", 1, "application/rim+cose", &c, &err), "corim-malformed");
	assert_fails(header_read("0846a100a1006161", 1, "", &c, &err), "corim-malformed");
	HEADER("", 0, "corim-malformed"); /* nobody */
	HEADER("08a100a1006161", 1, "corim-malformed");
	HEADER("0840", 1, "cbor-malformed");
	HEADER("0841a0", 1, "corim-malformed");
	HEADER("084100", 1, "corim-malformed");
	HEADER("0843a100a0", 1, "corim-malformed");
	HEADER("0845a100a10060", 1, "corim-malformed");
	HEADER("0846a100a100610a", 1, "corim-malformed");
	HEADER("084ba100a200616101d8206161", 1, NULL); /* with a URI */
	HEADER("0848a100a20061610200", 1, "corim-unsupported");
	HEADER("0848a200a10061610200", 1, "corim-unsupported");
	HEADER("0848a200a100616101a0", 1, "corim-malformed");
	HEADER("084fa200a100616101a101c11a6b49d200", 1, NULL);
	HEADER("084fa200a100616101a101c11a6b49d1ff", 1, "corim-validity");
	HEADER("0856a200a100616101a200c11a6b49d20101c11a6b49d2ff", 1, "corim-validity");
	/* CWT claims: alone, and beside the other statement */
	HEADER("0fa1016161", 1, NULL);
	HEADER("0fa2016161041a6b49d200", 1, NULL);
	HEADER("0fa2016161041a6b49d1ff", 1, "corim-validity");
	HEADER("0fa2016161051a6b49d201", 1, "corim-validity");
	HEADER("0fa3016161041a6b49d201051a6b49d202", 1, "corim-malformed");
	HEADER("0fa201616104c11a6b49d200", 1, "corim-malformed");
	HEADER("0fa20161610420", 1, "corim-malformed");
	HEADER("0fa20161610400", 1, "corim-malformed");
	HEADER("0fa1026161", 1, "corim-malformed"); /* no issuer */
	HEADER("0fa20161610300", 1, "corim-unsupported");
	HEADER("0f00", 1, "corim-malformed");
	HEADER("0846a100a10061610fa1016162", 2, NULL);
	HEADER("0846a100a10061610fa2016162041a6b49d1ff", 2, "corim-validity");
	HEADER("084fa200a100616101a101c11a6b49d1ff0fa1016162", 2, "corim-validity");
}

static void t077_the_earlier_end_counts(void **state)
{
	(void)state;
	COF_AUTO(cof_corim) c = {0};
	assert_ok(header_read("0fa2016161041a6b49d200", 1, "application/rim+cbor", &c, &err));
	assert_int_equal(c.not_after, 1800000000);
	COF_AUTO(cof_corim) d = {0};
	assert_ok(header_read("084fa200a100616101a101c11a6b49d2100fa2016162041a6b49d201", 2, "application/rim+cbor", &d,
			      &err));
	assert_int_equal(d.not_after, 1800000001);
	assert_string_equal(d.signer, "a");
	COF_AUTO(cof_corim) never = {0};
	assert_ok(header_read("0fa1016161", 1, "application/rim+cbor", &never, &err));
	assert_int_equal(never.not_after, 0);
}

static void t079_every_truncation_and_bit_of_a_plain_one(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO(cof_buf) b = {0};
	rim_make(&r);
	assert_ok(cof_corim_write(&r, COF_RIM_TPM, &b, &err));
	for (size_t n = 0; n < b.len; n++) {
		COF_AUTO(cof_corim) c = {0};
		cof_err err = {0};
		assert_true(read_all(cof_span_of(b.data, n), &c, &err) < 0);
		assert_int_equal(err.cls, COF_E_MALFORMED);
	}
	for (size_t i = 0; i < b.len; i++) {
		COF_AUTO(cof_corim) c = {0};
		cof_err why = {0};
		b.data[i] ^= 1;
		if (read_all(cof_buf_span(&b), &c, &why) < 0)
			assert_true(why.reason[0] != '\0');
		else /* a name or a time that is another now */
			assert_ok(cof_rim_check(&c.rim, &err));
		b.data[i] ^= 1;
	}
}

static void looks(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	sealed(&b);
	assert_true(cof_corim_looks_like(cof_buf_span(&b)));
	b.len = 0;
	make_manifest(&(manifest){0}, &b);
	assert_true(cof_corim_looks_like(cof_buf_span(&b)));
	assert_false(cof_corim_looks_like(cof_span_str("{\"format\":\"coffer-reference-values/1\"}")));
	assert_false(cof_corim_looks_like((cof_span){0}));
}

/* ---- vectors ---- */

static EVP_PKEY *vector_key(const json_t *v)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(json_t) jwk = NULL;
	EVP_PKEY *k = NULL;
	if (!vector_has(v, "key"))
		return NULL;
	vector_file(v, "key", &text);
	assert_ok(cof_json_parse(cof_buf_span(&text), &jwk, &err));
	assert_ok(cof_jwk_read(jwk, &k, &err));
	return k;
}

static int vector_read(const json_t *v, int64_t now, cof_corim *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	EVP_PKEY *k = vector_key(v);
	EVP_PKEY *const keys[] = {k};
	vector_file(v, "corim", &b);
	const cof_corim_in in = {
		.bytes = cof_buf_span(&b), .keys = keys, .n_keys = k != NULL, .allow_unsigned = k == NULL, .now = now};
	int rc = cof_corim_read(&in, ret, err);
	EVP_PKEY_free(k);
	return rc;
}

/* Well-formed manifests of other people's profiles: understood as far as that they are not ours. */
static bool is_not_ours(const cof_err *why)
{
	return cof_err_is(why, "corim-profile") || cof_err_is(why, "corim-unsupported") ||
	       cof_err_is(why, "corim-validity");
}

static void vectors_of_others(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) index = vector_index();
	size_t i, checked = 0;
	json_t *v;
	json_array_foreach (json_object_get(index, "vectors"), i, v) {
		const char *verdict = jstr(json_object_get(v, "expect"), "verdict");
		COF_AUTO(cof_corim) c = {0};
		cof_err why = {0};
		if (strcmp(jstr(v, "kind"), "corim") != 0)
			continue;
		int rc = vector_read(v, 1640000000, &c, &why);
		bool fine = strcmp(verdict, "valid") == 0 || strcmp(verdict, "parses") == 0;
		if (fine && rc < 0 && !is_not_ours(&why))
			fail_msg("%s: %s: %s", jstr(v, "id"), why.reason, why.text);
		if (!fine && rc == 0)
			fail_msg("%s was accepted", jstr(v, "id"));
		checked++;
	}
	assert_true(checked >= 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_envelope),
		cmocka_unit_test(t077_profiles),
		cmocka_unit_test(t077_times),
		cmocka_unit_test(t077_names_are_unique),
		cmocka_unit_test(t077_who_signed_counts),
		cmocka_unit_test(t077_every_bit_is_signed),
		cmocka_unit_test(the_header),
		cmocka_unit_test(t077_the_earlier_end_counts),
		cmocka_unit_test(t079_every_truncation_and_bit_of_a_plain_one),
		cmocka_unit_test(golden),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(what_cannot_be_written),
		cmocka_unit_test(t077_conditions_that_cannot_be_written),
		cmocka_unit_test(a_large_table_fits),
		cmocka_unit_test(looks),
		cmocka_unit_test(vectors_of_others),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
