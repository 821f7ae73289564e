/* SPDX-License-Identifier: Apache-2.0 */
/* CoMID's shapes: environments, values and triples, each right and wrong in one place. */
#include "tests/unit/refvalue/cbor_hex.h"

#include <stdio.h>

#include "attestation/refvalue/comid.h"

#define UUID "d82550000102030405060708090a0b0c0d0e0f"
#define ID16 "000102030405060708090a0b0c0d0e0f"
#define ID32 ID16 ID16
#define KEY "d9022a6170" /* 554("p") */
#define ENV "a100a1016161"
#define MEAS "a101a10101"
#define RECORD "82" ENV "81" MEAS

/* { 1: { 0: "a" }, 4: TRIPLES } */
static void wrap(const char *triples, char out[1024])
{
	(void)snprintf(out, 1024, "a201a100616104%s", triples);
}

static int check(const char *comid, bool has_profile, cof_err *err)
{
	COF_AUTO_PTR(cof_cbor) v = hex_item(comid);
	return cof_comid_check(v, has_profile, err);
}

static void fine(const char *comid)
{
	if (check(comid, false, NULL) < 0)
		fail_msg("%s is refused", comid);
}

static void refused(const char *comid)
{
	cof_err e = {0};
	if (check(comid, false, &e) == 0 || !cof_err_is(&e, "comid-malformed"))
		fail_msg("%s: '%s'", comid, e.reason);
}

static void environments(void **state)
{
	(void)state;
	static const char *const good[] = {ENV,
					   "a100a100" UUID,
					   "a100a100d86f412a",
					   "a100a100d902304101",
					   "a100a50"
					   "0" UUID "016161026162030004"
					   "05",
					   "a101d902264701020304050607",
					   "a101" UUID,
					   "a101" KEY,
					   "a101d90230"
					   "40",
					   "a102" UUID,
					   "a300a101616101" UUID "02" UUID};
	static const char *const bad[] = {"a0",
					  "80",
					  "01",
					  "a100a0",
					  "a10001",
					  "a100a101"
					  "40",
					  "a100a10160",
					  "a100a10520",
					  "a100a100"
					  "6161",
					  "a100a10041ff",
					  "a100a100d825"
					  "41ff",
					  "a100a100d86f40",
					  "a100a1032"
					  "0",
					  "a1036161",
					  "a12000",
					  "a10141ff",
					  "a101d902264101",
					  "a10241ff",
					  "a102" KEY,
					  "a2"
					  "00a1016161"
					  "2000"};
	char text[1024], triples[512];
	for (size_t i = 0; i < COF_COUNT(good) + COF_COUNT(bad); i++) {
		bool is_good = i < COF_COUNT(good);
		(void)snprintf(triples, sizeof triples, "a1008182%s81" MEAS,
			       is_good ? good[i] : bad[i - COF_COUNT(good)]);
		wrap(triples, text);
		(is_good ? fine : refused)(text);
	}
}

static const char *const good_values[] = {
	"a100a1006131", /* version */
	"a100a20061310119"
	"4000",		/* with a scheme */
	"a10101",	/* svn */
	"a101d9022801", /* 552 */
	"a101d9022901", /* 553 */
	"a102818201"
	"5820" ID32, /* SHA-256 */
	"a1028282015820" ID32 "82075830" ID32 ID16,
	"a10281826161"
	"41ff", /* by name */
	"a10281820644"
	"00010203",	  /* SHA-256, 32 bits of it */
	"a103a103f4",	  /* flags */
	"a104d902304101", /* raw */
	"a104d90233824101"
	"41ff",			/* masked */
	"a204d9023041010541ff", /* with the old mask */
	"a10646000102030405",	/* MAC */
	"a107"
	"4401020304",		/* IP */
	"a1086161",		/* serial */
	"a1094701020304050607", /* UEID */
	"a10a50" ID16,		/* UUID */
	"a10b6161",		/* name */
	"a10d81" KEY,		/* keys */
	"a10ea101818201"
	"5820" ID32, /* registers by number */
	"a10ea1616181820"
	"15820" ID32,	    /* and by name */
	"a10f20",	    /* a number */
	"a10fd902348201f6", /* ranges */
	"a10fd9023482f601",
	"a10fd902348220"
	"01",
};

static const char *const bad_values[] = {
	"a0",
	"80",
	"a10001",
	"a100a0",
	"a100a10101",
	"a100a1004131",
	"a100a20061310140",
	"a100a30061310101"
	"0200",
	"a10120",
	"a1016131",
	"a101d9022"
	"820",
	"a101d90227"
	"01",
	"a10280",
	"a10201",
	"a1028101",
	"a1028180",
	"a102818101",
	"a102818201581f"
	"000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e",
	"a102818207"
	"5820" ID32,
	"a102818200"
	"41ff",
	"a10281820d41ff",
	"a10281826040",
	"a1028182616140",
	"a10281820"
	"16161",
	"a1028282015820" ID32 "82015820" ID32,
	"a10282826161"
	"41ff"
	"82616141fe",
	"a103a0",
	"a103a10001",
	"a103a10bf4",
	"a103a120f4",
	"a103a161"
	"61f4",
	"a10441ff",
	"a104d9023"
	"06161",
	"a104d90233824101"
	"42ffff",
	"a104d90233814101",
	"a104d9023341ff",
	"a10540",
	"a1064101",
	"a10745"
	"0102030405",
	"a1086"
	"0",
	"a108"
	"01",
	"a10946"
	"010203040506",
	"a10a4101",
	"a10b4161",
	"a10c01",
	"a10d80",
	"a10d" KEY,
	"a10d816161",
	"a10d81d9022b01",
	"a10ea0",
	"a10ea120818201"
	"5820" ID32,
	"a10ea10180",
	"a10f6161",
	"a10ff6",
	"a10fd9023482f6f6",
	"a10fd902348202"
	"01",
	"a10fd902348101",
	"a10fd9023483010203",
	"a11001",
	"a12001",
	"a16161"
	"01",
	"a1028183015820" ID32 "00",
};

static void values(void **state)
{
	(void)state;
	char text[1024], triples[768];
	assert_true(COF_COUNT(bad_values) >= 55);
	for (size_t i = 0; i < COF_COUNT(good_values) + COF_COUNT(bad_values); i++) {
		bool is_good = i < COF_COUNT(good_values);
		(void)snprintf(triples, sizeof triples, "a1008182" ENV "81a101%s",
			       is_good ? good_values[i] : bad_values[i - COF_COUNT(good_values)]);
		wrap(triples, text);
		(is_good ? fine : refused)(text);
	}
}

static void measurements(void **state)
{
	(void)state;
	static const char *const good[] = {"81" MEAS,
					   "82" MEAS MEAS,
					   "81a2000701a10101",
					   "81a200616101a10101",
					   "81a200" UUID "01a10101",
					   "81a200d86f412a01a10101",
					   "81a201a1010102" KEY,
					   "81a201a101010281" KEY};
	static const char *const bad[] = {"80",
					  "01",
					  "8101",
					  "81a0",
					  "81a10001",
					  "81a2002001a10101",
					  "81a2004101"
					  "01a10101",
					  "81a201a101010280",
					  "81a201a10101026161",
					  "81a201a10101"
					  "0300",
					  "81a201a10101"
					  "2000"};
	char text[1024], triples[768];
	for (size_t i = 0; i < COF_COUNT(good) + COF_COUNT(bad); i++) {
		bool is_good = i < COF_COUNT(good);
		(void)snprintf(triples, sizeof triples, "a1008182" ENV "%s",
			       is_good ? good[i] : bad[i - COF_COUNT(good)]);
		wrap(triples, text);
		(is_good ? fine : refused)(text);
	}
}

static void triples_of_each_kind(void **state)
{
	(void)state;
	static const char *const good[] = {
		"a10081" RECORD,
		"a10181" RECORD,
		"a1028182" ENV "81" KEY,
		"a1038183" ENV "81" KEY "a0",
		"a1048182" ENV "81" ENV,
		"a1058182" ENV "82" ENV ENV,
		"a1068182" ENV "816161",
		"a10881"
		"82"
		"82" ENV "80"
		"81"
		"82"
		"81" MEAS "81" MEAS,
		"a10881"
		"82"
		"83" ENV "81" MEAS "81" KEY "81"
		"82"
		"81" MEAS "81" MEAS,
		"a10a81"
		"82"
		"81" RECORD "81" RECORD,
		"a2"
		"0082" RECORD RECORD "0181" RECORD,
	};
	static const char *const bad[] = {
		"a0",
		"80",
		"a10780",
		"a10981" RECORD,
		"a120"
		"80",
		"a16161"
		"80",
		"a10080",
		"a100a0",
		"a1008101",
		"a1008181" ENV,
		"a10081"
		"83" ENV "81" MEAS "00",
		"a10281"
		"82" ENV "80",
		"a10281"
		"82"
		"a0"
		"81" KEY,
		"a10281"
		"83" ENV "81" KEY "01",
		"a10481"
		"82" ENV "80",
		"a10481"
		"82" ENV "8101",
		"a10681"
		"82" ENV "80",
		"a10681"
		"82" ENV "8101",
		"a10881"
		"82"
		"82" ENV "80"
		"80",
		"a10881"
		"82"
		"81" ENV "81"
		"82"
		"81" MEAS "81" MEAS,
		"a10881"
		"82"
		"82" ENV "80"
		"81"
		"82"
		"80"
		"81" MEAS,
		"a10881"
		"82"
		"82" ENV "80"
		"81"
		"81"
		"81" MEAS,
		"a10881"
		"82"
		"83" ENV "80"
		"80"
		"81"
		"82"
		"81" MEAS "81" MEAS,
		"a10a81"
		"82"
		"80"
		"81" RECORD,
		"a10a81"
		"82"
		"81" RECORD "8101",
		"a10a81"
		"81"
		"81" RECORD,
		"a10a81"
		"83"
		"81" RECORD "81" RECORD "00",
		"a10881"
		"82"
		"82" ENV "80"
		"81"
		"83"
		"81" MEAS "81" MEAS "00",
	};
	char text[1024];
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		wrap(good[i], text);
		fine(text);
	}
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		wrap(bad[i], text);
		refused(text);
	}
}

#define T "04a10081" RECORD

static void what_a_comid_says_of_itself(void **state)
{
	(void)state;
	static const char *const good[] = {
		"a201a100"
		"6161" T,
		"a201a10050" ID16 T,
		"a201a200616101"
		"07" T,
		"a3"
		"00656465"
		"2d4445"
		"01a1006161" T,
		"a3"
		"01a1006161"
		"0281a20061"
		"61028101" T,
		"a3"
		"01a1006161"
		"0281a30061"
		"6101d8206175"
		"028101" T,
		"a3"
		"01a1006161"
		"0381a200616101"
		"01" T,
	};
	static const char *const bad[] = {
		"a0",
		"80",
		"a101a1006161",
		"a1" T,
		"a201a0" T,
		"a201a10041ff" T,
		"a201a10060" T,
		"a201a100620061" T,
		"a201a2006161"
		"0120" T,
		"a201a2006161"
		"0200" T,
		"a3"
		"0001"
		"01a1006161" T,
		"a3"
		"01a1006161"
		"0280" T,
		"a3"
		"01a1006161"
		"028101" T,
		"a3"
		"01a1006161"
		"0281a1006161" T,
		"a3"
		"01a1006161"
		"0281a2006161"
		"0280" T,
		"a3"
		"01a1006161"
		"0281a2006161"
		"028109" T,
		"a3"
		"01a1006161"
		"0281a3006161"
		"016175"
		"028101" T,
		"a3"
		"01a1006161"
		"0380" T,
		"a3"
		"01a1006161"
		"0381a2006161"
		"0102" T,
		"a3"
		"01a1006161"
		"0500" T,
		"a3"
		"01a1006161" T "2000",
	};
	for (size_t i = 0; i < COF_COUNT(good); i++)
		fine(good[i]);
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		refused(bad[i]);
}

/* A member with a negative key means what its profile says, and nothing without one. */
static void negative_keys_are_a_profiles(void **state)
{
	(void)state;
	static const char *const extended[] = {"a301a1006161" T "2000", "a201a100616104a1008182" ENV "81a101a2010120"
									"01"};
	for (size_t i = 0; i < COF_COUNT(extended); i++) {
		refused(extended[i]);
		assert_ok(check(extended[i], true, &err));
	}
}

static void fields(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_cbor)
	v = hex_item("a201a10050" ID16 "04a2"
		     "0082" RECORD RECORD "0181" RECORD);
	COF_AUTO_PTR(json_t) f = NULL;
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_comid_fields(v, &f, &err));
	assert_ok(cof_json_dump(f, &text, &err));
	assert_string_equal(cof_buf_str(&text), "{\"tag_id\":\"" ID16 "\",\"triples\":{\"0\":2,\"1\":1}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(environments),
		cmocka_unit_test(values),
		cmocka_unit_test(measurements),
		cmocka_unit_test(triples_of_each_kind),
		cmocka_unit_test(what_a_comid_says_of_itself),
		cmocka_unit_test(negative_keys_are_a_profiles),
		cmocka_unit_test(fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
