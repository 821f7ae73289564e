/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/agent/kbs_peer.h"

#include <time.h>

/* A machine that can prove nothing: what it says is not judged here, but that it is asked, and for what, is. */
struct cof_attester {
	int asked;
	uint8_t report[COF_KBSP_REPORT_TPM_LEN];
	int fails;
};

static int evidence(cof_attester *a, cof_span report, json_t **ret, cof_err *err)
{
	a->asked++;
	if (a->fails-- > 0)
		return cof_err_set(err, COF_E_IO, "tpm-failed", "no");
	assert_int_equal(report.len, sizeof a->report);
	memcpy(a->report, report.data, report.len);
	*ret = json_pack("{s:s}", "quote", "none");
	return 0;
}

static const cof_attester_backend backend = {
	.tee = "tpm", .report_data_len = COF_KBSP_REPORT_TPM_LEN, .evidence = evidence};

typedef struct rig {
	kbs_peer kbs;
	cof_attester machine;
	cof_kbs_client *client;
	cof_kbsp_refusal refusal;
	cof_secret got;
} rig;

static void rig_open(rig *r)
{
	char url[128], line[64];
	kbs_peer_open(&r->kbs);
	r->machine = (cof_attester){0};
	r->refusal = (cof_kbsp_refusal){.pcr = -1};
	r->got = (cof_secret){0};
	(void)snprintf(url, sizeof url, "https://" KBS_NAME ":%d", r->kbs.tls.port);
	const cof_kbs_client_opts opts = {.url = url,
					  .ca_pem = cof_span_str(r->kbs.tls.ca_pem),
					  .initdata = "version = \"0.1.0\"\n",
					  .backend = &backend,
					  .attester = &r->machine};
	assert_ok(cof_kbs_client_new(&r->client, &opts, &err));
	(void)snprintf(line, sizeof line, "127.0.0.1 " KBS_NAME);
	const char *const lines[] = {"10.0.2.2 registry.coffer.test", line};
	assert_ok(cof_kbs_client_hosts(r->client, lines, 2, &err));
}

static void rig_close(rig *r)
{
	cof_secret_release(&r->got);
	cof_kbs_client_free(r->client);
	kbs_peer_close(&r->kbs);
}

static int get(rig *r, int timeout_ms, cof_err *err)
{
	cof_kbsp_path path;
	assert_int_equal(cof_kbsp_path_parse("default/image-key/demo", &path, NULL), 0);
	cof_secret_release(&r->got);
	return cof_kbs_client_get(r->client, &path, timeout_ms, &r->got, &r->refusal, err);
}

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- the good way --- */

static void one_handshake_serves_many_resources(void **state)
{
	(void)state;
	rig r;
	rig_open(&r);
	for (int i = 0; i < 3; i++) {
		assert_ok(get(&r, 5000, &err));
		assert_span_equal(cof_secret_span(&r.got), "coffer secret", 13);
	}
	assert_int_equal(r.kbs.n_auth, 1);
	assert_int_equal(r.kbs.n_attest, 1);
	assert_int_equal(r.kbs.n_resource, 3);
	assert_string_equal(r.kbs.cookie_seen, "kbs-session-id=0123456789abcdef0123456789abcdef");
	assert_memory_equal(r.kbs.bearer_seen, "e30.", 4);
	assert_string_equal(r.kbs.nonce_seen, KBS_NONCE);
	rig_close(&r);
}

/* The quote is over this nonce and this key, nothing less. */
static void t006_evidence_is_bound_to_nonce_and_key(void **state)
{
	(void)state;
	rig r;
	uint8_t want[COF_KBSP_REPORT_LEN];
	rig_open(&r);
	assert_ok(cof_kbs_client_attest(r.client, 5000, &err));
	assert_ok(cof_kbsp_report_data(KBS_NONCE, r.kbs.tee_key, "", want, &err));
	assert_memory_equal(r.machine.report, want, sizeof r.machine.report);
	assert_ok(cof_kbs_client_attest(r.client, 5000, &err));
	assert_int_equal(r.machine.asked, 1); /* a token that lives is enough */
	rig_close(&r);
}

static void an_old_token_is_renewed(void **state)
{
	(void)state;
	rig r;
	rig_open(&r);
	r.kbs.life_s = 5; /* within the margin: as good as over */
	assert_ok(get(&r, 5000, &err));
	assert_ok(get(&r, 5000, &err));
	assert_int_equal(r.kbs.n_attest, 2);
	rig_close(&r);
}

/* --- refusals --- */

static void asks_once(int status, const char *body, const char *reason, cof_class cls)
{
	rig r;
	cof_err err = {0};
	rig_open(&r);
	r.kbs.resource = (kbs_fault){.times = 100, .status = status, .body = body};
	int64_t from = now_ms();
	assert_true(get(&r, 5000, &err) < 0);
	assert_string_equal(err.reason, reason);
	assert_int_equal(err.cls, cls);
	assert_int_equal(r.kbs.n_resource, 1);
	assert_int_equal(r.kbs.n_attest, 1);
	assert_true(now_ms() - from < 3000);
	assert_null(r.got.data);
	rig_close(&r);
}

static void t073_a_no_is_final(void **state)
{
	(void)state;
	asks_once(403, NULL, "policy-deny", COF_E_POLICY);
	asks_once(404, NULL, "resource-absent", COF_E_POLICY);
	asks_once(429, NULL, "kbs-busy", COF_E_UNAVAILABLE);
	asks_once(403, "<html>", "policy-deny", COF_E_POLICY);
	asks_once(302, NULL, "kbs-malformed", COF_E_MALFORMED);
	asks_once(204, NULL, "kbs-malformed", COF_E_MALFORMED);
}

static void a_refusal_names_pcr_and_event(void **state)
{
	(void)state;
	rig r;
	rig_open(&r);
	r.kbs.resource = (kbs_fault){.times = 1,
				     .status = 403,
				     .body = "{\"type\":\"https://github.com/confidential-containers/kbs/errors/"
					     "PolicyDeny\",\"detail\":\"PCR 9\","
					     "\"reason\":\"pcr-mismatch\",\"pcr\":9,\"event\":\"initrd\",\"expected\":"
					     "\"aa\",\"found\":\"bb\"}"};
	assert_fails(get(&r, 5000, &err), "pcr-mismatch");
	assert_int_equal(r.refusal.pcr, 9);
	assert_string_equal(r.refusal.event, "initrd");
	assert_string_equal(r.refusal.expected, "aa");
	assert_string_equal(r.refusal.found, "bb");
	rig_close(&r);
}

/* A broker that forgot the session is attested to once more, one that says no to everything is not. */
static void unauthorized_is_answered_by_one_handshake(void **state)
{
	(void)state;
	rig once, always;
	rig_open(&once);
	once.kbs.resource = (kbs_fault){.times = 1, .status = 401};
	assert_ok(get(&once, 5000, &err));
	assert_int_equal(once.kbs.n_attest, 2);
	rig_close(&once);
	rig_open(&always);
	always.kbs.resource = (kbs_fault){.times = 100, .status = 401};
	assert_fails(get(&always, 5000, &err), "kbs-unauthorized");
	assert_int_equal(always.kbs.n_attest, 2);
	assert_int_equal(always.kbs.n_resource, 2);
	assert_null(always.got.data);
	rig_close(&always);
}

static void t004_refused_evidence_is_not_sent_again(void **state)
{
	(void)state;
	rig r;
	rig_open(&r);
	r.kbs.attest =
		(kbs_fault){.times = 100,
			    .status = 401,
			    .body = "{\"type\":\"https://x/AttestationError\",\"detail\":\"replayed\",\"reason\":"
				    "\"nonce-mismatch\"}"};
	assert_fails(get(&r, 5000, &err), "nonce-mismatch");
	assert_int_equal(r.kbs.n_attest, 1);
	assert_int_equal(r.kbs.n_resource, 0);
	assert_null(cof_kbs_client_token(r.client));
	rig_close(&r);
}

static void a_machine_that_cannot_prove_itself_says_so(void **state)
{
	(void)state;
	rig r;
	rig_open(&r);
	r.machine.fails = 1;
	assert_fails(get(&r, 5000, &err), "tpm-failed");
	assert_int_equal(r.kbs.n_attest, 0);
	rig_close(&r);
}

/* --- faults --- */

static void a_broker_that_comes_back_is_found(void **state)
{
	(void)state;
	rig r;
	rig_open(&r);
	r.kbs.auth = (kbs_fault){.times = 2};
	r.kbs.attest = (kbs_fault){.times = 1, .status = 503};
	r.kbs.resource = (kbs_fault){.times = 1};
	assert_ok(get(&r, 15000, &err));
	assert_span_equal(cof_secret_span(&r.got), "coffer secret", 13);
	rig_close(&r);
}

static void an_absent_broker_is_given_up_in_time(void **state)
{
	(void)state;
	const kbs_fault faults[] = {{.times = 1000}, {.times = 1000, .status = 500}};
	for (size_t i = 0; i < COF_COUNT(faults); i++) {
		rig r;
		rig_open(&r);
		r.kbs.auth = faults[i];
		int64_t from = now_ms();
		assert_fails(get(&r, 1500, &err), "kbs-unreachable");
		assert_true(now_ms() - from < 3000);
		assert_true(r.kbs.n_auth > 1 && r.kbs.n_auth < 12); /* pauses grow */
		rig_close(&r);
	}
}

/* A peer that takes the request and says nothing must not hold the call longer than it was given. */
static void t043_a_silent_broker_is_given_up_in_time(void **state)
{
	(void)state;
	tls_peer silent;
	cof_attester machine = {0};
	cof_kbs_client *client = NULL;
	char url[128];
	const tls_step never[] = {{.answer = "", .hold = true}};
	tls_open(&silent, "DNS:" KBS_NAME);
	tls_go(&silent, never, 1);
	(void)snprintf(url, sizeof url, "https://" KBS_NAME ":%d/", silent.port);
	const cof_kbs_client_opts opts = {.url = url,
					  .ca_pem = cof_span_str(silent.ca_pem),
					  .initdata = "",
					  .backend = &backend,
					  .attester = &machine};
	const char *const lines[] = {"127.0.0.1 " KBS_NAME};
	assert_ok(cof_kbs_client_new(&client, &opts, &err));
	assert_ok(cof_kbs_client_hosts(client, lines, 1, &err));
	int64_t from = now_ms();
	assert_fails(cof_kbs_client_attest(client, 1000, &err), "kbs-unreachable");
	assert_true(now_ms() - from < 3000);
	cof_kbs_client_free(client);
	tls_close(&silent);
}

/* The host chooses addresses, so it can put anyone behind the broker's name. */
static void t065_another_broker_behind_the_name_is_refused_at_once(void **state)
{
	(void)state;
	rig r;
	char *other_ca = NULL, url[128];
	rig_open(&r);
	cof_kbs_client_free(cof_steal(&r.client));
	SSL_CTX_free(tls_identity("DNS:" KBS_NAME, &other_ca));
	(void)snprintf(url, sizeof url, "https://" KBS_NAME ":%d", r.kbs.tls.port);
	const cof_kbs_client_opts opts = {.url = url,
					  .ca_pem = cof_span_str(other_ca),
					  .initdata = "",
					  .backend = &backend,
					  .attester = &r.machine};
	const char *const lines[] = {"127.0.0.1 " KBS_NAME};
	assert_ok(cof_kbs_client_new(&r.client, &opts, &err));
	assert_ok(cof_kbs_client_hosts(r.client, lines, 1, &err));
	assert_fails(get(&r, 5000, &err), "tls-untrusted");
	assert_int_equal(r.kbs.n_auth, 0);
	assert_int_equal(r.machine.asked, 0);
	free(other_ca);
	rig_close(&r);
}

static void t064_what_is_not_for_this_key_is_no_secret(void **state)
{
	(void)state;
	const char *const raw[] = {"coffer secret", "{}", "",
				   "{\"protected\":\"\",\"encrypted_key\":\"\",\"iv\":\"\","
				   "\"ciphertext\":\"\",\"tag\":\"\"}"};
	for (size_t i = 0; i < COF_COUNT(raw); i++) {
		rig r;
		rig_open(&r);
		r.kbs.raw_resource = raw[i];
		assert_fails(get(&r, 5000, &err), "jwe-malformed");
		assert_null(r.got.data);
		rig_close(&r);
	}
}

static void t066_hostile_answers_end_the_handshake(void **state)
{
	(void)state;
	const struct {
		kbs_fault auth, attest;
		const char *reason;
	} bad[] = {
		{{1, 200, "{\"nonce\":\"AAAA\",\"extra-params\":\"\"}", NULL}, {0}, "kbs-nonce"},
		{{1, 200, "not json", NULL}, {0}, "json-malformed"},
		{{1, 200, "{\"nonce\":\"" KBS_NONCE "\"}", "Set-Cookie: kbs-session-id=a\x01z\r\n"},
		 {0},
		 "kbs-session"},
		{{0}, {1, 200, "{\"token\":\"a.b.c\\r\\nX: y\"}", NULL}, "kbs-token"},
		{{0}, {1, 200, "{\"token\":\"a.b.c\"}", NULL}, "token-malformed"},
		{{0}, {1, 200, "{}", NULL}, "json-missing"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		rig r;
		rig_open(&r);
		r.kbs.auth = bad[i].auth;
		r.kbs.attest = bad[i].attest;
		assert_fails(get(&r, 5000, &err), bad[i].reason);
		assert_null(cof_kbs_client_token(r.client));
		rig_close(&r);
	}
}

static void t065_refuses_urls_that_hide_something(void **state)
{
	(void)state;
	const char *const bad[] = {"",
				   "http://kbs.coffer.test",
				   "https://",
				   "https://user@kbs.coffer.test",
				   "https://kbs.coffer.test/path",
				   "https://kbs.coffer.test:0",
				   "https://kbs.coffer.test:65536",
				   "https://kbs.coffer.test:1x",
				   "https://kbs.coffer.test:",
				   "https://kbs.coffer.test?x",
				   "https://kbs.coffer.test#x",
				   "https://[::1]",
				   "https://kbs\r\n.test",
				   " https://kbs.coffer.test"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_kbs_client *c = NULL;
		const cof_kbs_client_opts opts = {
			.url = bad[i], .ca_pem = cof_span_str("x"), .initdata = "", .backend = &backend};
		assert_fails(cof_kbs_client_new(&c, &opts, &err), "kbs-url");
		assert_null(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_handshake_serves_many_resources),
		cmocka_unit_test(t006_evidence_is_bound_to_nonce_and_key),
		cmocka_unit_test(an_old_token_is_renewed),
		cmocka_unit_test(t073_a_no_is_final),
		cmocka_unit_test(a_refusal_names_pcr_and_event),
		cmocka_unit_test(unauthorized_is_answered_by_one_handshake),
		cmocka_unit_test(t004_refused_evidence_is_not_sent_again),
		cmocka_unit_test(a_machine_that_cannot_prove_itself_says_so),
		cmocka_unit_test(a_broker_that_comes_back_is_found),
		cmocka_unit_test(an_absent_broker_is_given_up_in_time),
		cmocka_unit_test(t043_a_silent_broker_is_given_up_in_time),
		cmocka_unit_test(t065_another_broker_behind_the_name_is_refused_at_once),
		cmocka_unit_test(t064_what_is_not_for_this_key_is_no_secret),
		cmocka_unit_test(t066_hostile_answers_end_the_handshake),
		cmocka_unit_test(t065_refuses_urls_that_hide_something),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
