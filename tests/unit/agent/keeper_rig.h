/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper of a confidential guest, as a process of its own: the kernel's configfs is really mounted (fuse_tee.h),
 * its other files lie below one folder, and the broker is a real TLS peer, which keeps what the keeper sent.
 */
#pragma once

#include "tests/unit/agent/kbs_peer.h"
#include "tests/unit/evidence/fuse_tee.h"

#include "agent/keeper.h"
#include "common/initdata.h"

typedef struct keeper_rig {
	kbs_peer kbs;
	fake_tee f;
	fuse_tee fuse;
	char root[32];
	pid_t pid;
	int chan;
	json_t *ok, *refusal;
	cof_buf initdata;  /* the owner's document */
	cof_digest digest; /* of it: for the launch to put into its field */
} keeper_rig;

static inline void keeper_rig_make(keeper_rig *r)
{
	COF_AUTO(cof_initdata) d = {0};
	*r = (keeper_rig){.root = "/tmp/cof-keeper-XXXXXX", .chan = -EBADF};
	assert_non_null(mkdtemp(r->root));
	kbs_peer_open(&r->kbs);
	assert_ok(cof_buf_printf(&r->initdata, &err,
				 "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n\"aa.toml\" = '''\n"
				 "[token_configs.kbs]\nurl = \"https://" KBS_NAME
				 ":%d\"\ncert = \"\"\"\n%s\"\"\"\n'''\n\"policy.json\" = '''\n"
				 "{\"format\":\"coffer-policy/1\",\"containers\":[],\"measure\":true}'''\n",
				 r->kbs.tls.port, r->kbs.tls.ca_pem));
	assert_ok(cof_initdata_parse(cof_buf_span(&r->initdata), &d, &err));
	r->digest = d.digest;
}

/* A file of the kernel's. */
static inline void keeper_rig_file(const keeper_rig *r, const char *folder, const char *name, cof_span bytes)
{
	COF_AUTO_FREE char *dir = NULL;
	COF_AUTO_FREE char *path = NULL;
	assert_ok(cof_path(&dir, &err, "%s%s", r->root, folder));
	assert_ok(cof_path(&path, &err, "%s/%s", dir, name));
	assert_ok(cof_mkdirs(dir, 0700, &err));
	assert_ok(cof_file_write(path, bytes, 0600, &err));
}

static inline void keeper_rig_spawn(keeper_rig *r)
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

/* Skips where nobody may mount. The broker's thread runs when the children are made: they ask nothing of it. */
static inline void keeper_rig_open(keeper_rig *r, fake_tee f)
{
	r->f = f;
	if (!fuse_tee_mount(&r->fuse, &r->f, r->root)) {
		print_message("nothing can be mounted here: skipped\n");
		assert_ok(cof_rm_tree(r->root, &err));
		kbs_peer_close(&r->kbs);
		cof_buf_release(&r->initdata);
		skip();
	}
	keeper_rig_spawn(r);
}

static inline int keeper_rig_hear(keeper_rig *r, cof_err *err)
{
	json_decref(cof_steal(&r->ok));
	json_decref(cof_steal(&r->refusal));
	return cof_keeper_recv(r->chan, &r->ok, &r->refusal, err);
}

static inline int keeper_rig_start(keeper_rig *r, cof_err *err)
{
	char log[64];
	(void)snprintf(log, sizeof log, "%s/measurements", r->root);
	const cof_keeper_start s = {cof_buf_str(&r->initdata), r->root, log, "device:/nonexistent/tpm", "", -1};
	assert_int_equal(cof_keeper_send_start(r->chan, &s, NULL), 0);
	return keeper_rig_hear(r, err);
}

static inline void keeper_rig_attest(keeper_rig *r)
{
	const char *const lines[] = {"127.0.0.1 " KBS_NAME};
	assert_ok(cof_keeper_send_hosts(r->chan, lines, 1, &err));
	assert_ok(keeper_rig_hear(r, &err));
	assert_ok(cof_keeper_send_attest(r->chan, 10000, &err));
	assert_ok(keeper_rig_hear(r, &err));
}

/* The body of the request that the broker got last on this path. */
static inline const char *keeper_rig_sent(const keeper_rig *r, const char *path)
{
	const char *found = NULL;
	for (size_t i = 0; i < TLS_LOG_MAX && r->kbs.tls.log[i] != NULL; i++)
		if (strncmp(r->kbs.tls.log[i], path, strlen(path)) == 0)
			found = r->kbs.tls.log[i];
	if (found == NULL)
		fail_msg("nothing was sent to %s", path);
	return strstr(found, "\r\n\r\n") + 4;
}

/* What a broker judges: the evidence, and the report data over nonce and key of this very request, zeros behind. */
static inline void keeper_rig_evidence(const keeper_rig *r, cof_kbsp_attest *ret, uint8_t ret_data[64])
{
	memset(ret_data, 0, 64);
	assert_ok(cof_kbsp_attest_parse(cof_span_str(keeper_rig_sent(r, "POST /kbs/v0/attest ")), ret, &err));
	assert_string_equal(ret->initdata, cof_buf_str(&r->initdata));
	assert_ok(cof_kbsp_report_data(KBS_NONCE, ret->tee_pubkey, "", ret_data, &err));
}

/* The keeper ended well; gives what the fake kernel says of its objects (fuse_tee_unmount). */
static inline int keeper_rig_close(keeper_rig *r)
{
	int status = -1;
	(void)close(r->chan);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	int fuse = fuse_tee_unmount(&r->fuse, r->root);
	assert_ok(cof_rm_tree(r->root, &err));
	json_decref(r->ok);
	json_decref(r->refusal);
	kbs_peer_close(&r->kbs);
	cof_buf_release(&r->initdata);
	return fuse;
}
