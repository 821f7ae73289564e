/* SPDX-License-Identifier: Apache-2.0 */
/* Whole handshakes: the real broker over TLS, the real attester over a software TPM. */
#include "tests/unit/kbs/corim_body.h"
#include "tests/unit/kbs/guest.h"

#define S(text) cof_span_str(text)
#define SECRET "the key of an image"
#define PATH "default/image-key/demo"

static const char policy[] =
	"{\"format\":\"coffer-release-policy/1\",\"rules\":[{\"resource\":\"default/image-key/demo\","
	"\"require\":{\"tee\":[\"tpm\"],\"status\":\"affirming\"}},{\"resource\":\"default/absent/*\","
	"\"require\":{\"tee\":[\"tpm\"],\"status\":\"affirming\"}}]}";

typedef struct world {
	guest *g;
	rig *r;
} world;

static world w;

static int make_guest(void **state)
{
	(void)state;
	w.g = guest_new();
	return 0;
}

static int drop_guest(void **state)
{
	(void)state;
	guest_free(w.g);
	return 0;
}

static void owner_sets(enum cof_kb_route route, const char *tail, cof_span body)
{
	assert_ok(rig_admin_call(w.r, route, tail, body, &err));
}

static void set_reference(bool odd)
{
	COF_AUTO(cof_buf) body = {0};
	guest_reference(w.g, odd, &body);
	owner_sets(COF_ROUTE_REFERENCE_PUT, "", cof_buf_span(&body));
}

static void set_policy(const char *text)
{
	COF_AUTO(cof_buf) body = {0};
	assert_ok(cof_admin_body_policy(S(text), &body, &err));
	owner_sets(COF_ROUTE_POLICY_PUT, "", cof_buf_span(&body));
}

static void set_initdata(void)
{
	COF_AUTO(cof_buf) body = {0};
	assert_ok(cof_admin_body_initdata(w.g->initdata, &body, &err));
	owner_sets(COF_ROUTE_INITDATA_PUT, "", cof_buf_span(&body));
}

static void set_ek_root(void)
{
	COF_AUTO(cof_buf) body = {0};
	assert_ok(cof_admin_body_ek_root(cof_buf_span(&w.g->ca), &body, &err));
	owner_sets(COF_ROUTE_EK_ROOT_PUT, "", cof_buf_span(&body));
}

/* A broker that knows this guest, all but its reference values. */
static int make_broker(void **state)
{
	(void)state;
	w.r = rig_new();
	owner_sets(COF_ROUTE_RESOURCE_PUT, PATH, S(SECRET));
	set_policy(policy);
	set_initdata();
	set_ek_root();
	return 0;
}

static int make_ready_broker(void **state)
{
	(void)make_broker(state);
	set_reference(false);
	return 0;
}

static int drop_broker(void **state)
{
	(void)state;
	rig_free(w.r);
	w.r = NULL;
	return 0;
}

static void refused_with(const cof_http_resp *resp, long status, const char *variant, const char *reason)
{
	cof_kbsp_refusal why = rig_refusal(resp);
	assert_int_equal(resp->status, status);
	assert_string_equal(why.variant, variant);
	assert_string_equal(why.reason, reason);
}

static void opens_to_the_secret(const hand *h, const cof_http_resp *resp)
{
	COF_AUTO(cof_secret) plain = {0};
	assert_int_equal(resp->status, 200);
	assert_null(strstr(cof_buf_str(&resp->body), SECRET));
	assert_ok(cof_jwe_decrypt(h->key, cof_buf_span(&resp->body), &plain, &err));
	assert_span_equal(cof_secret_span(&plain), SECRET, strlen(SECRET));
}

static void a_known_guest_gets_its_secret(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	hand_shake(w.r, w.g, &h);
	(void)hand_get(w.r, h.cookie, NULL, PATH, &resp);
	opens_to_the_secret(&h, &resp);
	(void)hand_get(w.r, NULL, h.token, PATH, &resp);
	opens_to_the_secret(&h, &resp);
}

static void t004_an_old_handshake_cannot_be_replayed(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(hand) next = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	hand_shake(w.r, w.g, &h);
	(void)hand_attest(w.r, &h, h.cookie, &resp); /* the same session again */
	refused_with(&resp, 401, "AttestationError", "nonce-used");
	hand_auth(w.r, w.g, &next);
	(void)hand_attest(w.r, &h, next.cookie, &resp); /* the old evidence in a new session */
	refused_with(&resp, 401, "AttestationError", "nonce-mismatch");
	hand_quote(w.g, &next, next.nonce, guest_toml);
	(void)hand_attest(w.r, &next, next.cookie, &resp); /* and the attempt used the new session up */
	assert_int_equal(resp.status, 401);
}

static void t004_a_quote_over_another_nonce_is_refused(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	static const char other[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
	hand_auth(w.r, w.g, &h);
	hand_quote(w.g, &h, other, guest_toml);
	(void)hand_attest(w.r, &h, h.cookie, &resp);
	refused_with(&resp, 401, "AttestationError", "nonce-mismatch");
}

/* The body claims the right nonce, the quote carries another: only the verifier can see it. */
static void t004_a_claimed_nonce_does_not_help(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	COF_AUTO_PTR(json_t) body = NULL;
	hand_auth(w.r, w.g, &h);
	hand_quote(w.g, &h, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", guest_toml);
	assert_ok(cof_json_parse(cof_buf_span(&h.attest), &body, &err));
	assert_ok(cof_json_set_str(json_object_get(body, "runtime-data"), "nonce", h.nonce, &err));
	h.attest.len = 0;
	assert_ok(cof_json_dump(body, &h.attest, &err));
	(void)hand_attest(w.r, &h, h.cookie, &resp);
	refused_with(&resp, 401, "AttestationError", "nonce-mismatch");
}

/* A man in the middle puts his own key beside genuine evidence. */
static void t005_another_key_beside_the_evidence_is_refused(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	COF_AUTO_PTR(json_t) body = NULL;
	COF_AUTO_PTR(cof_jwe_key) thief = NULL;
	json_t *jwk = NULL;
	hand_auth(w.r, w.g, &h);
	hand_quote(w.g, &h, h.nonce, guest_toml);
	assert_ok(cof_jwe_key_new(&thief, &err));
	assert_ok(cof_jwe_key_jwk(thief, &jwk, &err));
	assert_ok(cof_json_parse(cof_buf_span(&h.attest), &body, &err));
	assert_ok(cof_json_set_new(json_object_get(body, "runtime-data"), "tee-pubkey", jwk, &err));
	h.attest.len = 0;
	assert_ok(cof_json_dump(body, &h.attest, &err));
	(void)hand_attest(w.r, &h, h.cookie, &resp);
	refused_with(&resp, 401, "AttestationError", "nonce-mismatch");
}

static void t005_two_sessions_do_not_mix(void **state)
{
	(void)state;
	COF_AUTO(hand) a = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	hand_auth(w.r, w.g, &a);
	hand_quote(w.g, &a, a.nonce, guest_toml);
	cof_tpm_free(cof_steal(&a.tpm)); /* one at a time at the TPM */
	COF_AUTO(hand) b = {0};
	hand_auth(w.r, w.g, &b);
	hand_quote(w.g, &b, b.nonce, guest_toml);
	(void)hand_attest(w.r, &a, b.cookie, &resp);
	assert_int_equal(resp.status, 401);
	(void)hand_attest(w.r, &b, a.cookie, &resp);
	assert_int_equal(resp.status, 401);
}

static void t066_only_the_guests_key_opens_the_answer(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	COF_AUTO_PTR(cof_jwe_key) thief = NULL;
	COF_AUTO(cof_secret) plain = {0};
	hand_shake(w.r, w.g, &h);
	assert_ok(cof_jwe_key_new(&thief, &err));
	(void)hand_get(w.r, h.cookie, NULL, PATH, &resp); /* with a stolen cookie */
	assert_int_equal(resp.status, 200);
	assert_fails(cof_jwe_decrypt(thief, cof_buf_span(&resp.body), &plain, &err), "jwe-decrypt");
}

static void t066_changed_tokens_and_cookies_are_none(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	hand_shake(w.r, w.g, &h);
	size_t len = strlen(h.token);
	const size_t at[] = {0, len / 3, len / 2, len - 1};
	for (size_t i = 0; i < COF_COUNT(at); i++) {
		char was = h.token[at[i]];
		h.token[at[i]] = was == 'A' ? 'B' : 'A';
		(void)hand_get(w.r, NULL, h.token, PATH, &resp);
		refused_with(&resp, 401, "TokenNotFound", "no-token");
		h.token[at[i]] = was;
	}
	h.cookie[5] = h.cookie[5] == '0' ? '1' : '0';
	(void)hand_get(w.r, h.cookie, NULL, PATH, &resp);
	refused_with(&resp, 401, "TokenNotFound", "no-token");
	(void)hand_attest(w.r, &h, h.cookie, &resp);
	refused_with(&resp, 401, "AttestationError", "no-session");
	(void)hand_attest(w.r, &h, NULL, &resp);
	assert_int_equal(resp.status, 401);
}

static void t007_a_boot_without_reference_gets_nothing(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	hand_shake(w.r, w.g, &h);
	(void)hand_get(w.r, h.cookie, NULL, PATH, &resp);
	refused_with(&resp, 403, "PolicyDeny", "reference-missing");
}

static void a_changed_boot_is_refused_by_pcr_and_event(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	set_reference(true);
	hand_shake(w.r, w.g, &h);
	(void)hand_get(w.r, h.cookie, NULL, PATH, &resp);
	refused_with(&resp, 403, "PolicyDeny", "pcr-mismatch");
	cof_kbsp_refusal why = rig_refusal(&resp);
	assert_int_equal(why.pcr, 4);
	assert_true(strlen(why.event) > 0);
	assert_int_equal(strlen(why.expected), 64);
	assert_int_equal(strlen(why.found), 64);
	assert_string_not_equal(why.expected, why.found);
}

static void an_unregistered_initdata_is_refused(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	owner_sets(COF_ROUTE_INITDATA_DELETE, w.g->initdata + strlen("sha256:"), (cof_span){0});
	hand_shake(w.r, w.g, &h);
	(void)hand_get(w.r, h.cookie, NULL, PATH, &resp);
	refused_with(&resp, 403, "PolicyDeny", "initdata-mismatch");
}

/* The text may stay away, since PCR 8 holds its digest; a text that is not the bound one may not come. */
static void the_bound_initdata_counts_not_the_text(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(hand) wrong = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	hand_auth(w.r, w.g, &h);
	hand_quote(w.g, &h, h.nonce, NULL);
	assert_int_equal(hand_attest(w.r, &h, h.cookie, &resp), 200);
	(void)hand_get(w.r, h.cookie, NULL, PATH, &resp);
	opens_to_the_secret(&h, &resp);
	cof_tpm_free(cof_steal(&h.tpm));
	hand_auth(w.r, w.g, &wrong);
	hand_quote(w.g, &wrong, wrong.nonce, "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n\"x\" = \"z\"\n");
	assert_int_equal(hand_attest(w.r, &wrong, wrong.cookie, &resp), 200);
	(void)hand_get(w.r, wrong.cookie, NULL, PATH, &resp);
	refused_with(&resp, 403, "PolicyDeny", "initdata-mismatch");
}

static void t007_no_rule_means_no(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	owner_sets(COF_ROUTE_RESOURCE_PUT, "other/secret/thing", S("x"));
	hand_shake(w.r, w.g, &h);
	(void)hand_get(w.r, h.cookie, NULL, "other/secret/thing", &resp);
	refused_with(&resp, 403, "PolicyDeny", "policy-denied");
	(void)hand_get(w.r, h.cookie, NULL, "other/secret/absent", &resp);
	refused_with(&resp, 403, "PolicyDeny", "policy-denied"); /* no different: nobody learns what is there */
	(void)hand_get(w.r, h.cookie, NULL, "default/absent/x", &resp);
	refused_with(&resp, 404, "PluginInternalError", "resource-not-found");
}

static void t066_what_the_owner_withdraws_ends_at_once(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	hand_shake(w.r, w.g, &h);
	assert_int_equal(hand_get(w.r, h.cookie, NULL, PATH, &resp), 200);
	owner_sets(COF_ROUTE_REFERENCE_DELETE, "test/boot", (cof_span){0});
	(void)hand_get(w.r, h.cookie, NULL, PATH, &resp);
	refused_with(&resp, 403, "PolicyDeny", "reference-withdrawn");
	set_reference(false);
	assert_int_equal(hand_get(w.r, h.cookie, NULL, PATH, &resp), 200);
	set_policy("{\"format\":\"coffer-release-policy/1\",\"rules\":[]}");
	(void)hand_get(w.r, h.cookie, NULL, PATH, &resp);
	refused_with(&resp, 403, "PolicyDeny", "policy-denied");
}

static void t025_an_unknown_tpm_maker_is_refused(void **state)
{
	(void)state;
	COF_AUTO(cof_http_resp) resp = {0};
	COF_AUTO_PTR(cof_tpm) tpm = NULL;
	COF_AUTO_PTR(json_t) extra = NULL;
	COF_AUTO(cof_buf) body = {0};
	rig *fresh = rig_new(); /* nobody's TPM is known there */
	assert_ok(cof_tpm_open(&tpm, w.g->tcti, &err));
	assert_ok(cof_tpm_request_extra(tpm, &extra, &err));
	assert_ok(cof_kbsp_request_make("tpm", extra, &body, &err));
	(void)rig_do(fresh, &(rig_call){.method = "POST", .path = "/kbs/v0/auth", .body = cof_buf_span(&body)}, &resp);
	refused_with(&resp, 401, "AttestationError", "ek-untrusted");
	rig_free(fresh);
}

static void t025_a_guest_without_activation_is_refused(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	COF_AUTO(cof_kbsp_challenge) c = {0};
	(void)rig_do(w.r,
		     &(rig_call){.method = "POST",
				 .path = "/kbs/v0/auth",
				 .body = S("{\"version\":\"0.4.0\",\"tee\":\"tpm\",\"extra-params\":\"\"}")},
		     &resp);
	assert_int_equal(resp.status, 200);
	hand_take_cookie(&h, &resp);
	assert_ok(cof_kbsp_challenge_parse(cof_buf_span(&resp.body), &c, &err));
	assert_true(json_is_string(c.extra)); /* as the protocol has it */
	assert_ok(cof_tpm_open(&h.tpm, w.g->tcti, &err));
	assert_ok(cof_jwe_key_new(&h.key, &err));
	hand_quote(w.g, &h, c.nonce, guest_toml);
	(void)hand_attest(w.r, &h, h.cookie, &resp);
	refused_with(&resp, 401, "AttestationError", "ak-not-enrolled");
}

static void a_restart_keeps_resources_and_forgets_sessions(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(hand) again = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	COF_AUTO(cof_buf) before = {0};
	COF_AUTO(cof_buf) after = {0};
	hand_shake(w.r, w.g, &h);
	rig_audit(w.r, &before);
	assert_int_equal(rig_stop(w.r, SIGKILL), 128 + SIGKILL);
	rig_serve(w.r);
	(void)hand_get(w.r, h.cookie, NULL, PATH, &resp);
	refused_with(&resp, 401, "TokenNotFound", "no-token");
	(void)hand_get(w.r, NULL, h.token, PATH, &resp);
	refused_with(&resp, 401, "TokenNotFound", "no-token");
	(void)hand_attest(w.r, &h, h.cookie, &resp); /* t004: replay after a restart */
	refused_with(&resp, 401, "AttestationError", "no-session");
	cof_tpm_free(cof_steal(&h.tpm));
	hand_shake(w.r, w.g, &again);
	(void)hand_get(w.r, again.cookie, NULL, PATH, &resp);
	opens_to_the_secret(&again, &resp);
	rig_audit(w.r, &after);
	assert_true(after.len > before.len);
	assert_memory_equal(after.data, before.data, before.len);
}

/* From the author's signature to the secret: the guest of this rig boots what make_rim.h predicts. */
static void a_signed_corim_is_all_that_the_owner_registers(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) rim = {0};
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(cof_buf) log = {0};
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	EVP_PKEY *author = corim_author();
	rim_put_tpm(&rim, "0.1.0/default");
	rim_put_tpm(&rim, "0.1.0/large");
	rim_put(&rim, rim_snp("0.1.0/default/vcpus-1/EPYC-Milan", true));
	corim_body(&rim, COF_RIM_TPM, author, 1000, &body);
	owner_sets(COF_ROUTE_REFERENCE_PUT, "", cof_buf_span(&body));
	body.len = 0;
	corim_body(&rim, COF_RIM_SNP, author, 1000, &body); /* of no use to this guest, and no harm */
	owner_sets(COF_ROUTE_REFERENCE_PUT, "", cof_buf_span(&body));
	hand_shake(w.r, w.g, &h);
	(void)hand_get(w.r, h.cookie, NULL, PATH, &resp);
	opens_to_the_secret(&h, &resp);
	rig_audit(w.r, &log);
	const char *text = cof_buf_str(&log);
	assert_non_null(strstr(text, "\"call\":\"set-reference\",\"role\":\"admin\""));
	assert_non_null(
		strstr(text, "\"references\":2,\"corim\":\"guest-0.1.0/tpm\",\"signer\":\"guest image author\""));
	const char *match = strstr(text, "\"event\":\"attest\",\"outcome\":\"affirming\"");
	assert_non_null(match);
	assert_non_null(strstr(match, "\"corim\":\"guest-0.1.0/tpm\",\"signer\":\"guest image author\""));
	owner_sets(COF_ROUTE_REFERENCE_DELETE, "0.1.0/default", (cof_span){0});
	(void)hand_get(w.r, h.cookie, NULL, PATH, &resp);
	refused_with(&resp, 403, "PolicyDeny", "reference-withdrawn");
	EVP_PKEY_free(author);
}

static void t077_a_corim_that_does_not_hold_registers_nothing(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) rim = {0};
	COF_AUTO(cof_buf) file = {0};
	COF_AUTO(cof_buf) pem = {0};
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	EVP_PKEY *author = corim_author(), *stranger = corim_author();
	rim_put_tpm(&rim, "0.1.0/default");
	corim_file(&rim, COF_RIM_TPM, author, 1000, &file);
	pem_public(stranger, &pem);
	assert_ok(cof_admin_body_corim(cof_buf_span(&file), cof_buf_span(&pem), &body, &err));
	assert_fails(rig_admin_call(w.r, COF_ROUTE_REFERENCE_PUT, "", cof_buf_span(&body), &err), "cose-signature");
	body.len = 0;
	corim_body(&rim, COF_RIM_TPM, author, -5, &body);
	assert_fails(rig_admin_call(w.r, COF_ROUTE_REFERENCE_PUT, "", cof_buf_span(&body), &err), "corim-validity");
	hand_shake(w.r, w.g, &h);
	(void)hand_get(w.r, h.cookie, NULL, PATH, &resp);
	refused_with(&resp, 403, "PolicyDeny", "reference-missing");
	EVP_PKEY_free(author);
	EVP_PKEY_free(stranger);
}

/* The events travel with the CoRIM: a refusal names the one that differs. */
static void a_boot_that_differs_from_a_corim_is_named(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) rim = {0};
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	EVP_PKEY *author = corim_author();
	COF_AUTO_FREE cof_measurement *m = calloc(1, sizeof *m);
	assert_non_null(m);
	rim_prediction(m);
	for (size_t i = 0; i < m->n_events; i++) {
		if (m->events[i].reg == 4) {
			m->events[i].digest.bytes[0] ^= 1;
			break;
		}
	}
	rim_replay(m);
	rim_put_measured(&rim, "0.1.0/default", m);
	corim_body(&rim, COF_RIM_TPM, author, 0, &body);
	owner_sets(COF_ROUTE_REFERENCE_PUT, "", cof_buf_span(&body));
	hand_shake(w.r, w.g, &h);
	(void)hand_get(w.r, h.cookie, NULL, PATH, &resp);
	refused_with(&resp, 403, "PolicyDeny", "pcr-mismatch");
	cof_kbsp_refusal why = rig_refusal(&resp);
	assert_int_equal(why.pcr, 4);
	assert_true(strlen(why.event) > 0);
	EVP_PKEY_free(author);
}

static void every_decision_is_in_the_audit_log(void **state)
{
	(void)state;
	COF_AUTO(hand) h = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	COF_AUTO(cof_buf) log = {0};
	hand_shake(w.r, w.g, &h);
	(void)hand_get(w.r, h.cookie, NULL, PATH, &resp);
	(void)hand_get(w.r, h.cookie, NULL, "no/such/rule", &resp);
	rig_audit(w.r, &log);
	const char *text = cof_buf_str(&log);
	assert_non_null(strstr(text, "\"event\":\"attest\",\"outcome\":\"affirming\""));
	assert_non_null(strstr(text, "\"event\":\"resource\",\"outcome\":\"released\",\"resource\":\"" PATH "\""));
	assert_non_null(strstr(text, "\"event\":\"resource\",\"outcome\":\"denied\",\"resource\":\"no/such/rule\""));
	assert_non_null(strstr(text, "\"call\":\"set-resource\""));
	assert_null(strstr(text, SECRET));
	assert_null(strstr(text, h.cookie));
	assert_null(strstr(text, h.token));
}

#define KNOWN(test) cmocka_unit_test_setup_teardown(test, make_ready_broker, drop_broker)
#define NEW(test) cmocka_unit_test_setup_teardown(test, make_broker, drop_broker)

int main(void)
{
	const struct CMUnitTest tests[] = {
		KNOWN(a_known_guest_gets_its_secret),
		KNOWN(t004_an_old_handshake_cannot_be_replayed),
		KNOWN(t004_a_quote_over_another_nonce_is_refused),
		KNOWN(t004_a_claimed_nonce_does_not_help),
		KNOWN(t005_another_key_beside_the_evidence_is_refused),
		KNOWN(t005_two_sessions_do_not_mix),
		KNOWN(t066_only_the_guests_key_opens_the_answer),
		KNOWN(t066_changed_tokens_and_cookies_are_none),
		NEW(t007_a_boot_without_reference_gets_nothing),
		NEW(a_changed_boot_is_refused_by_pcr_and_event),
		KNOWN(an_unregistered_initdata_is_refused),
		KNOWN(the_bound_initdata_counts_not_the_text),
		KNOWN(t007_no_rule_means_no),
		KNOWN(t066_what_the_owner_withdraws_ends_at_once),
		KNOWN(t025_an_unknown_tpm_maker_is_refused),
		KNOWN(t025_a_guest_without_activation_is_refused),
		KNOWN(a_restart_keeps_resources_and_forgets_sessions),
		KNOWN(every_decision_is_in_the_audit_log),
		NEW(a_signed_corim_is_all_that_the_owner_registers),
		NEW(t077_a_corim_that_does_not_hold_registers_nothing),
		NEW(a_boot_that_differs_from_a_corim_is_named),
	};
	return cmocka_run_group_tests(tests, make_guest, drop_guest);
}
