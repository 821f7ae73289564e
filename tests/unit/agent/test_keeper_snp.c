/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper of an SNP guest, as a process of its own: the kernel's configfs is really mounted (fuse_tee.h), the broker
 * a real TLS peer, and what the keeper sent there is judged by our verifier. Skips where nobody may mount.
 */
#include "tests/unit/agent/kbs_peer.h"
#include "tests/unit/evidence/fuse_tee.h"
#include "tests/unit/evidence/snp_rebuild.h"
#include "tests/unit/verify/soft_snp.h"

#include "agent/keeper.h"
#include "common/initdata.h"

static soft_keys keys;
static soft_snp soft; /* the processor; the server's child has its own copy */

typedef struct rig {
	kbs_peer kbs;
	fake_tee f;
	fuse_tee fuse;
	char root[32];
	pid_t pid;
	int chan;
	json_t *ok, *refusal;
	cof_buf initdata;
} rig;

static void sign(fake_tee *f, const uint8_t *data, cof_buf *ret)
{
	(void)f;
	memcpy(soft.report + 0x50, data, 64);
	soft_sign(&soft);
	assert_ok(cof_buf_add(ret, soft.report, sizeof soft.report, &err));
}

/* The owner's document, and its digest where the launch puts it. other: of another document. */
static void launch(rig *r, bool other)
{
	COF_AUTO(cof_initdata) d = {0};
	assert_ok(cof_buf_printf(&r->initdata, &err,
				 "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n\"aa.toml\" = '''\n"
				 "[token_configs.kbs]\nurl = \"https://" KBS_NAME
				 ":%d\"\ncert = \"\"\"\n%s\"\"\"\n'''\n\"policy.json\" = '''\n"
				 "{\"format\":\"coffer-policy/1\",\"containers\":[],\"measure\":true}'''\n",
				 r->kbs.tls.port, r->kbs.tls.ca_pem));
	assert_ok(cof_initdata_parse(cof_buf_span(&r->initdata), &d, &err));
	memcpy(soft.report + 0xc0, d.digest.bytes, 32);
	soft.report[0xc0] ^= other;
}

static void start_keeper(rig *r)
{
	int fds[2];
	assert_ok(cof_chan_pair(fds, &err));
	r->pid = fork();
	assert_true(r->pid >= 0);
	if (r->pid == 0) {
		(void)close(fds[0]);
		_exit(cof_keeper_main(fds[1]));
	}
	(void)close(fds[1]);
	r->chan = fds[0];
}

static int hear(rig *r, cof_err *err)
{
	json_decref(cof_steal(&r->ok));
	json_decref(cof_steal(&r->refusal));
	return cof_keeper_recv(r->chan, &r->ok, &r->refusal, err);
}

/* False: skipped. The broker's thread runs when the server's child is made: that child asks nothing of it. */
static bool open_rig(rig *r, fake_tee f, bool other)
{
	*r = (rig){.root = "/tmp/cof-keeper-XXXXXX", .chan = -EBADF, .f = f};
	soft = soft_snp_good(&keys);
	assert_non_null(mkdtemp(r->root));
	kbs_peer_open(&r->kbs);
	launch(r, other);
	r->f.make = sign;
	if (!fuse_tee_mount(&r->fuse, &r->f, r->root)) {
		print_message("nothing can be mounted here: skipped\n");
		return false;
	}
	start_keeper(r);
	return true;
}

static int start(rig *r, cof_err *err)
{
	char log[64];
	(void)snprintf(log, sizeof log, "%s/measurements", r->root);
	const cof_keeper_start s = {cof_buf_str(&r->initdata), r->root, log, "device:/dev/tpmrm0", "", -1};
	assert_int_equal(cof_keeper_send_start(r->chan, &s, NULL), 0);
	return hear(r, err);
}

/* The keeper's exit code; the fake kernel's in *ret_fuse. */
static int close_rig(rig *r, int *ret_fuse)
{
	int status = -1;
	(void)close(r->chan);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	*ret_fuse = fuse_tee_unmount(&r->fuse, r->root);
	assert_ok(cof_rm_tree(r->root, &err));
	json_decref(r->ok);
	json_decref(r->refusal);
	kbs_peer_close(&r->kbs);
	cof_buf_release(&r->initdata);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The body of the request that the broker got last on this path. */
static const char *sent_to(const rig *r, const char *path)
{
	const char *found = NULL;
	for (size_t i = 0; i < TLS_LOG_MAX && r->kbs.tls.log[i] != NULL; i++)
		if (strncmp(r->kbs.tls.log[i], path, strlen(path)) == 0)
			found = r->kbs.tls.log[i];
	if (found == NULL)
		fail_msg("nothing was sent to %s", path);
	return strstr(found, "\r\n\r\n") + 4;
}

/* As a broker does: report data over nonce and key of this very request, HOST_DATA over its initdata. */
static void judge(const rig *r, cof_verdict *ret)
{
	COF_AUTO(cof_kbsp_attest) a = {0};
	COF_AUTO(cof_initdata) d = {0};
	uint8_t want[64] = {0}, report[1184];
	char data[129], host[65];
	const cof_kind *kind = NULL;
	assert_ok(cof_kbsp_attest_parse(cof_span_str(sent_to(r, "POST /kbs/v0/attest ")), &a, &err));
	assert_ok(cof_kbsp_report_data(KBS_NONCE, a.tee_pubkey, "", want, &err));
	assert_ok(cof_initdata_parse(cof_span_str(a.initdata), &d, &err));
	cof_hex(cof_span_of(want, 64), data);
	cof_hex(cof_digest_span(&d.digest), host);
	COF_AUTO_PTR(json_t) policy = json_pack("{s:s, s:s}", "report_data", data, "host_data", host);
	rebuild_report(json_object_get(a.evidence, "attestation_report"), report);
	for (size_t i = 1; i <= 3; i++)
		soft_cert_der(i == 1 ? &soft.vek : i == 2 ? &soft.middle : &soft.root, &soft.made[i]);
	const cof_role_file files[] = {{"report", cof_span_of(report, sizeof report)},
				       {"vek", cof_buf_span(&soft.made[1])},
				       {"intermediate", cof_buf_span(&soft.made[2])},
				       {"root", cof_buf_span(&soft.made[3])}};
	const cof_verify_in in = {.files = files, .n_files = 4, .policy = policy, .now = SOFT_NOW};
	assert_ok(cof_kind_find("snp-report", &kind, &err));
	assert_ok(cof_verify(kind, &in, ret, &err));
	soft_drop(&soft);
}

static fake_tee snp(void)
{
	return (fake_tee){.provider = "sev_guest\n", .levels = true, .chunk = 500};
}

static void an_snp_guest_attests(void **state)
{
	(void)state;
	static rig r;
	static cof_verdict v;
	const char *const lines[] = {"127.0.0.1 " KBS_NAME};
	int fuse = 0;
	if (!open_rig(&r, snp(), false))
		skip();
	assert_ok(start(&r, &err));
	assert_string_equal(json_string_value(json_object_get(r.ok, "tee")), "snp");
	assert_ok(cof_keeper_send_hosts(r.chan, lines, 1, &err));
	assert_ok(hear(&r, &err));
	assert_ok(cof_keeper_send_attest(r.chan, 10000, &err));
	assert_ok(hear(&r, &err));
	assert_non_null(strstr(sent_to(&r, "POST /kbs/v0/auth "), "\"tee\":\"snp\""));
	judge(&r, &v);
	if (!v.accepted)
		fail_msg("refused by %s", v.checks.list[v.checks.first].name);
	cof_verdict_release(&v);
	assert_int_equal(close_rig(&r, &fuse), 0);
	assert_int_equal(fuse, 0);
}

/* T-03: the host delivered another document than it launched with. */
static void t003_other_initdata(void **state)
{
	(void)state;
	static rig r;
	int fuse = 0;
	if (!open_rig(&r, snp(), true))
		skip();
	assert_fails(start(&r, &err), "initdata-mismatch");
	assert_int_equal(r.kbs.n_auth, 0); /* nobody was asked for anything */
	assert_int_equal(close_rig(&r, &fuse), 0);
	assert_int_equal(fuse, 0);
}

static void t024_a_broken_tee_is_no_tpm(void **state)
{
	(void)state;
	static rig r;
	fake_tee f = snp();
	int fuse = 0;
	f.faults[0] = (fake_fault){"read", "/outblob", EIO, 1000, 0};
	if (!open_rig(&r, f, false))
		skip();
	assert_fails(start(&r, &err), "tsm-failed");
	assert_int_equal(close_rig(&r, &fuse), 0);
	assert_int_equal(fuse, 0);
}

static void busy_and_disturbed(void **state)
{
	(void)state;
	static rig r;
	fake_tee f = snp();
	int fuse = 0;
	f.intruders = 1;
	f.faults[0] = (fake_fault){"read", "/outblob", EBUSY, 1, 0};
	if (!open_rig(&r, f, false))
		skip();
	assert_ok(start(&r, &err));
	assert_int_equal(close_rig(&r, &fuse), 0);
	assert_int_equal(fuse, 0);
}

static void no_tee_at_all(void **state)
{
	(void)state;
	static rig r;
	int fuse = 0;
	if (!open_rig(&r, (fake_tee){0}, false))
		skip();
	assert_fails(start(&r, &err), "tee-absent");
	assert_int_equal(close_rig(&r, &fuse), 0);
	assert_int_equal(fuse, 100);
}

static int make_keys(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	soft_keys_drop(&keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_snp_guest_attests),
		cmocka_unit_test(t003_other_initdata),
		cmocka_unit_test(t024_a_broken_tee_is_no_tpm),
		cmocka_unit_test(busy_and_disturbed),
		cmocka_unit_test(no_tee_at_all),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
