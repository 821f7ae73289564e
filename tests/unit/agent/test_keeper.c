/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper as a process of its own, over a real software TPM, a real TLS peer and real pipes. */
#include "tests/unit/agent/kbs_peer.h"
#include "tests/unit/evidence/tpmbox.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "agent/keeper.h"
#include "image-decrypt/enc_provider.h"

#define KEK "0123456789abcdefghijklmnopqrstuv"

static tpmbox box;

typedef struct rig {
	kbs_peer kbs;
	pid_t pid;
	int chan;
	int rest_port;
	json_t *ok, *refusal;
} rig;

/* Before any thread exists, so that the child is whole. */
static void spawn(rig *r)
{
	int fds[2];
	*r = (rig){.chan = -EBADF};
	assert_ok(cof_chan_pair(fds, &err));
	r->pid = fork();
	assert_true(r->pid >= 0);
	if (r->pid == 0) {
		(void)close(fds[0]);
		(void)signal(SIGPIPE, SIG_DFL); /* as init's helpers begin */
		_exit(cof_keeper_main(fds[1]));
	}
	(void)close(fds[1]);
	r->chan = fds[0];
	kbs_peer_open(&r->kbs);
	r->kbs.secret = KEK;
}

static int hear(rig *r, cof_err *err)
{
	json_decref(cof_steal(&r->ok));
	json_decref(cof_steal(&r->refusal));
	return cof_keeper_recv(r->chan, &r->ok, &r->refusal, err);
}

#define POLICY_OPEN "\"resources\":[\"default/secret/*\"],\"token\":true"
#define POLICY_CLOSED "\"stdout\":true"

static int start_with(rig *r, const char *grants, cof_err *err)
{
	COF_AUTO(cof_buf) initdata = {0};
	assert_int_equal(cof_buf_printf(&initdata, NULL,
					"version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n\"aa.toml\" = '''\n"
					"[token_configs.kbs]\nurl = \"https://" KBS_NAME
					":%d\"\ncert = \"\"\"\n%s\"\"\"\n'''\n\"policy.json\" = '''\n"
					"{\"format\":\"coffer-policy/1\",\"containers\":[],%s}'''\n",
					r->kbs.tls.port, r->kbs.tls.ca_pem, grants),
			 0);
	char runtime[96];
	(void)snprintf(runtime, sizeof runtime, "%s/runtime", box.dir);
	(void)unlink(runtime); /* of another boot */
	const cof_keeper_start start = {cof_buf_str(&initdata), "/nonexistent", runtime, box.tcti, "", 0};
	assert_int_equal(cof_keeper_send_start(r->chan, &start, NULL), 0);
	int code = hear(r, err);
	if (code == 0)
		r->rest_port = (int)json_integer_value(json_object_get(r->ok, "rest_port"));
	return code;
}

static int start(rig *r, cof_err *err)
{
	return start_with(r, POLICY_OPEN, err);
}

static void hosts(rig *r)
{
	const char *const lines[] = {"127.0.0.1 " KBS_NAME};
	assert_ok(cof_keeper_send_hosts(r->chan, lines, 1, &err));
	assert_ok(hear(r, &err));
}

static int finish(rig *r)
{
	int status = -1;
	(void)close(r->chan);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	json_decref(r->ok);
	json_decref(r->refusal);
	kbs_peer_close(&r->kbs);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A key packet as the image's owner makes it. */
static char *packet(cof_layer_key *ret_key)
{
	COF_AUTO(cof_secret) options = {0};
	COF_AUTO(cof_buf) text = {0};
	cof_digest plain = {.alg = COF_SHA256};
	assert_ok(cof_enc_key_new(ret_key, &err));
	assert_ok(cof_enc_private_make(ret_key, &plain, &options, &err));
	assert_ok(cof_enc_wrap_make("kbs:///default/image-key/demo", cof_span_str(KEK), cof_secret_span(&options),
				    &text, &err));
	return strdup(cof_buf_str(&text));
}

static int unwrap(rig *r, const char *text, cof_layer_key *ret, cof_err *key_err, cof_err *err)
{
	int fds[2];
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(cof_keeper_send_unwrap(r->chan, text, 5000, fds[1], NULL), 0);
	(void)close(fds[1]);
	int code = hear(r, err);
	int read_code = cof_layer_key_read(fds[0], ret, key_err);
	assert_int_equal(code < 0, read_code < 0); /* a key came, or none of it did */
	(void)close(fds[0]);
	return code;
}

static void opens_keys_that_init_never_sees(void **state)
{
	(void)state;
	rig r;
	cof_err none = {0};
	spawn(&r);
	assert_ok(start(&r, &err));
	hosts(&r);
	assert_ok(cof_keeper_send_attest(r.chan, 20000, &err));
	assert_ok(hear(&r, &err));
	assert_string_equal(json_string_value(json_object_get(r.ok, "verdict")), "affirming");
	for (int i = 0; i < 3; i++) {
		COF_AUTO(cof_layer_key) made = {0}, got = {0};
		COF_AUTO_FREE char *text = packet(&made);
		assert_ok(unwrap(&r, text, &got, &none, &err));
		assert_true(cof_ct_equal(cof_secret_span(&got.key), cof_secret_span(&made.key)));
		assert_memory_equal(got.nonce, made.nonce, sizeof got.nonce);
		assert_int_equal(json_object_size(r.ok), 0);
	}
	assert_int_equal(r.kbs.n_resource, 1); /* three layers, one key-encryption key */
	assert_int_equal(r.kbs.n_attest, 1);
	assert_ok(cof_keeper_send_stop(r.chan, &err));
	assert_ok(hear(&r, &err));
	assert_int_equal(finish(&r), 0);
}

static void a_refusal_reaches_init_and_no_key_the_pipe(void **state)
{
	(void)state;
	rig r;
	COF_AUTO(cof_layer_key) made = {0};
	cof_layer_key got = {0};
	cof_err none = {0};
	spawn(&r);
	assert_ok(start(&r, &err));
	hosts(&r);
	COF_AUTO_FREE char *text = packet(&made);
	r.kbs.resource =
		(kbs_fault){.times = 1,
			    .status = 403,
			    .body = "{\"type\":\"https://x/errors/PolicyDeny\",\"detail\":\"no\",\"reason\":\"pcr-"
				    "mismatch\",\"pcr\":9,\"event\":\"initrd\",\"expected\":\"aa\",\"found\":\"bb\"}"};
	assert_fails(unwrap(&r, text, &got, &none, &err), "pcr-mismatch");
	assert_non_null(r.refusal);
	assert_int_equal(json_integer_value(json_object_get(r.refusal, "pcr")), 9);
	assert_string_equal(json_string_value(json_object_get(r.refusal, "event")), "initrd");
	assert_string_equal(none.reason, "layer-key-refused");
	assert_fails(unwrap(&r, "!!", &got, &none, &err), "layer-packet-malformed");
	r.kbs.secret = "too short to be a key";
	assert_fails(unwrap(&r, text, &got, &none, &err), "layer-key-unwrap");
	assert_int_equal(finish(&r), 0); /* the channel's end is the keeper's */
}

/* --- what a pull takes beside keys --- */

#define POLICY_PULLS                                                                                                   \
	"\"stdout\":true}'''\n\"cdh.toml\" = '''\n[image]\nauthenticated_registry_credentials_uri = "                  \
	"\"kbs:///default/credential/demo\"\nimage_security_policy = "                                                 \
	"\"\"\"{\"default\":[{\"type\":\"reject\"}]}\"\"\"\n''' # "

static int image(rig *r, uint32_t type, const char *reference, cof_buf *ret, cof_err *ret_err)
{
	int fds[2];
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(cof_keeper_send_image(r->chan, type, reference, 5000, fds[1], NULL), 0);
	(void)close(fds[1]);
	int code = hear(r, ret_err);
	assert_ok(cof_fd_read_all(fds[0], 1 << 20, ret, &err));
	(void)close(fds[0]);
	return code;
}

/* T-40: what init gets to hear of them is that they were written. */
static void t040_logins_go_past_init(void **state)
{
	(void)state;
	rig r;
	COF_AUTO(cof_buf) logins = {0}, signers = {0}, none = {0};
	spawn(&r);
	assert_ok(start_with(&r, POLICY_PULLS, &err));
	hosts(&r);
	r.kbs.secret = "{\"auths\":{\"r.test\":{\"auth\":\"dXNlcjpwYXNz\"},\"other.test\":{\"auth\":\"YTpi\"}}}";
	assert_ok(image(&r, COF_KEEPER_LOGINS, "r.test/a:b", &logins, &err));
	assert_string_equal(cof_buf_str(&logins), "{\"auths\":{\"r.test/a\":{\"auth\":\"dXNlcjpwYXNz\"}}}");
	assert_int_equal(json_object_size(r.ok), 0);
	/* A policy in cdh.toml itself needs no broker. */
	assert_ok(image(&r, COF_KEEPER_SIGNERS, "r.test/a:b", &signers, &err));
	assert_non_null(strstr(cof_buf_str(&signers) + 4, "{\"default\""));
	assert_int_equal(r.kbs.n_resource, 1);
	assert_fails(image(&r, COF_KEEPER_LOGINS, "http://r.test/a", &none, &err), "reference-malformed");
	r.kbs.resource = (kbs_fault){.times = 1, .status = 404};
	assert_fails(image(&r, COF_KEEPER_LOGINS, "r.test/a:b", &none, &err), "resource-absent");
	assert_int_equal(none.len, 0);
	assert_int_equal(finish(&r), 0);
}

/* T-42: init cannot make the keeper fetch what initdata does not name. */
static void t042_only_what_initdata_names(void **state)
{
	(void)state;
	rig r;
	COF_AUTO(cof_buf) none = {0};
	spawn(&r);
	assert_ok(start(&r, &err));
	hosts(&r);
	assert_fails(image(&r, COF_KEEPER_LOGINS, "r.test/a:b", &none, &err), "settings-unnamed");
	assert_fails(image(&r, COF_KEEPER_SIGNERS, "r.test/a:b", &none, &err), "settings-unnamed");
	assert_int_equal(r.kbs.n_resource, 0);
	assert_int_equal(none.len, 0);
	assert_int_equal(finish(&r), 0);
}

/* T-59: an unpacker that dies before its key comes is not the end of the one who brings it. */
static void t059_nobody_reads_the_key(void **state)
{
	(void)state;
	rig r;
	cof_err none = {0};
	COF_AUTO(cof_layer_key) made = {0}, got = {0};
	int fds[2];
	spawn(&r);
	assert_ok(start(&r, &err));
	hosts(&r);
	COF_AUTO_FREE char *text = packet(&made);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	(void)close(fds[0]);
	assert_ok(cof_keeper_send_unwrap(r.chan, text, 5000, fds[1], &err));
	(void)close(fds[1]);
	assert_fails(hear(&r, &err), "write-failed");
	assert_ok(unwrap(&r, text, &got, &none, &err));
	assert_int_equal(finish(&r), 0);
}

static void t051_nothing_before_the_start_and_one_start(void **state)
{
	(void)state;
	rig r;
	spawn(&r);
	assert_ok(cof_keeper_send_attest(r.chan, 1000, &err));
	assert_fails(hear(&r, &err), "keeper-order");
	assert_ok(cof_chan_send(r.chan, 77, cof_span_str("{}"), NULL, 0, &err));
	assert_fails(hear(&r, &err), "keeper-order");
	assert_ok(start(&r, &err));
	assert_fails(start(&r, &err), "keeper-started");
	assert_ok(cof_chan_send(r.chan, COF_KEEPER_UNWRAP, cof_span_str("{\"packet\":\"x\",\"timeout_ms\":1}"), NULL, 0,
				&err));
	assert_fails(hear(&r, &err), "keeper-malformed"); /* no pipe */
	assert_ok(cof_chan_send(r.chan, COF_KEEPER_ATTEST, cof_span_str("{\"timeout_ms\":-1}"), NULL, 0, &err));
	assert_fails(hear(&r, &err), "json-range");
	assert_ok(cof_chan_send(r.chan, COF_KEEPER_ATTEST, cof_span_str("rubbish"), NULL, 0, &err));
	assert_fails(hear(&r, &err), "json-malformed");
	assert_int_equal(finish(&r), 0);
}

/* Initdata is bound once per boot: whoever comes second finds the register used. */
static void t003_a_second_binding_in_one_boot_is_refused(void **state)
{
	(void)state;
	rig a, b;
	spawn(&a);
	assert_ok(start(&a, &err));
	assert_int_equal(finish(&a), 0);
	spawn(&b);
	assert_fails(start(&b, &err), "initdata-bound");
	assert_int_equal(finish(&b), 0);
}

static void ask_rest(int port, const char *request, cof_buf *ret)
{
	COF_AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_ok(cof_fd_write_all(fd, cof_span_str(request), &err));
	assert_ok(cof_fd_read_all(fd, 1 << 20, ret, &err));
}

static void workloads_get_secrets_and_tokens(void **state)
{
	(void)state;
	rig r;
	spawn(&r);
	assert_ok(start(&r, &err));
	hosts(&r);
	COF_AUTO(cof_buf) secret = {0};
	COF_AUTO(cof_buf) token = {0};
	COF_AUTO(cof_buf) denied = {0};
	ask_rest(r.rest_port, "GET /cdh/resource/default/secret/demo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		 &secret);
	assert_non_null(strstr(cof_buf_str(&secret), " 200 "));
	assert_non_null(strstr(cof_buf_str(&secret), "\r\n\r\n" KEK));
	ask_rest(r.rest_port, "GET /aa/token?token_type=kbs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &token);
	assert_non_null(strstr(cof_buf_str(&token), "BEGIN PRIVATE KEY"));
	r.kbs.resource = (kbs_fault){.times = 1, .status = 403};
	ask_rest(r.rest_port, "GET /cdh/resource/default/secret/other HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		 &denied);
	assert_non_null(strstr(cof_buf_str(&denied), " 403 "));
	assert_int_equal(finish(&r), 0);
}

static void post(int port, const char *body, cof_buf *ret)
{
	COF_AUTO(cof_buf) request = {0};
	assert_ok(cof_buf_printf(
		&request, &err,
		"POST /aa/aael HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", strlen(body),
		body));
	ask_rest(port, cof_buf_str(&request), ret);
}

/* What a workload measures is in the TPM, and in the file beside it; not in the guest's own name. */
static void workloads_measure(void **state)
{
	(void)state;
	rig r;
	COF_AUTO(cof_buf) yes = {0};
	COF_AUTO(cof_buf) no = {0};
	COF_AUTO(cof_buf) odd = {0};
	char runtime[96];
	struct stat st;
	spawn(&r);
	assert_ok(start_with(&r, "\"measure\":true", &err));
	(void)snprintf(runtime, sizeof runtime, "%s/runtime", box.dir);
	post(r.rest_port, "{\"domain\":\"example.org\",\"operation\":\"load\",\"content\":\"model 7\"}", &yes);
	assert_non_null(strstr(cof_buf_str(&yes), " 200 "));
	assert_int_equal(stat(runtime, &st), 0);
	const off_t len = st.st_size;
	assert_true(len > 0);
	post(r.rest_port,
	     "{\"domain\":\"github.com/confidential-containers\",\"operation\":\"PullImage\",\"content\":\"x\"}", &no);
	assert_non_null(strstr(cof_buf_str(&no), " 403 "));
	post(r.rest_port, "{\"domain\":\"two words\",\"operation\":\"load\",\"content\":\"x\"}", &odd);
	assert_non_null(strstr(cof_buf_str(&odd), " 400 "));
	assert_int_equal(stat(runtime, &st), 0);
	assert_int_equal(st.st_size, len);
	assert_int_equal(finish(&r), 0);
}

/* T-82: a workload gets what the owner listed for it, and never by default. */
static void t082_nothing_without_a_grant(void **state)
{
	(void)state;
	static const char *const paths[] = {"/cdh/resource/default/secret/demo", "/cdh/resource/default/image-key/demo",
					    "/aa/token?token_type=kbs"};
	rig r;
	spawn(&r);
	assert_ok(start_with(&r, POLICY_CLOSED, &err));
	hosts(&r);
	for (size_t i = 0; i < COF_COUNT(paths); i++) {
		COF_AUTO(cof_buf) request = {0};
		COF_AUTO(cof_buf) answer = {0};
		assert_ok(cof_buf_printf(&request, &err, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
					 paths[i]));
		ask_rest(r.rest_port, cof_buf_str(&request), &answer);
		assert_non_null(strstr(cof_buf_str(&answer), " 403 "));
		assert_null(strstr(cof_buf_str(&answer), KEK));
	}
	COF_AUTO(cof_buf) measured = {0};
	post(r.rest_port, "{\"domain\":\"example.org\",\"operation\":\"load\",\"content\":\"x\"}", &measured);
	assert_non_null(strstr(cof_buf_str(&measured), " 403 "));
	assert_int_equal(finish(&r), 0);
}

/* T-82: the image's key is for its layers; a grant for secrets does not reach it. */
static void t082_a_grant_covers_its_path_only(void **state)
{
	(void)state;
	rig r;
	spawn(&r);
	assert_ok(start(&r, &err));
	hosts(&r);
	COF_AUTO(cof_buf) answer = {0};
	ask_rest(r.rest_port,
		 "GET /cdh/resource/default/image-key/demo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &answer);
	assert_non_null(strstr(cof_buf_str(&answer), " 403 "));
	assert_int_equal(finish(&r), 0);
}

static void leaves_no_core(void **state)
{
	(void)state;
	rig r;
	struct rlimit core = {1, 1};
	spawn(&r);
	assert_ok(start(&r, &err));
	assert_int_equal(prlimit(r.pid, RLIMIT_CORE, NULL, &core), 0);
	assert_int_equal(core.rlim_cur, 0);
	assert_int_equal(core.rlim_max, 0);
	assert_int_equal(finish(&r), 0);
}

static int power_on(void **state)
{
	(void)state;
	tpmbox_on(&box);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(opens_keys_that_init_never_sees, power_on),
		cmocka_unit_test_setup(a_refusal_reaches_init_and_no_key_the_pipe, power_on),
		cmocka_unit_test_setup(t040_logins_go_past_init, power_on),
		cmocka_unit_test_setup(t042_only_what_initdata_names, power_on),
		cmocka_unit_test_setup(t059_nobody_reads_the_key, power_on),
		cmocka_unit_test_setup(t051_nothing_before_the_start_and_one_start, power_on),
		cmocka_unit_test_setup(t003_a_second_binding_in_one_boot_is_refused, power_on),
		cmocka_unit_test_setup(workloads_get_secrets_and_tokens, power_on),
		cmocka_unit_test_setup(workloads_measure, power_on),
		cmocka_unit_test_setup(t082_nothing_without_a_grant, power_on),
		cmocka_unit_test_setup(t082_a_grant_covers_its_path_only, power_on),
		cmocka_unit_test_setup(leaves_no_core, power_on),
	};
	bool there = tpmbox_make(&box);
	int r = there ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
	tpmbox_drop(&box);
	return r;
}
