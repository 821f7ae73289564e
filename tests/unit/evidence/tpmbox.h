/* SPDX-License-Identifier: Apache-2.0 */
/* A real software TPM for tests: manufactured once with a CA of its own, powered on again for each test. */
#pragma once

#include "tests/unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/proc.h"

typedef struct tpmbox {
	char dir[64];
	char tcti[128];
	cof_proc proc;
	cof_buf ca_pem; /* root and issuing CA */
	bool there;
} tpmbox;

#define TPMBOX_ENV "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static inline int tpmbox_run(const tpmbox *b, const char *const *argv, bool wait, cof_proc *ret)
{
	cof_err err = {0};
	char home[96];
	int status = 0;
	(void)snprintf(home, sizeof home, "HOME=%s", b->dir);
	const char *const env[] = {TPMBOX_ENV, home, NULL};
	const cof_proc_opts o = {.argv = argv, .env = env, .search_path = true};
	cof_proc p = COF_PROC_NONE;
	if (cof_proc_spawn(&o, &p, &err) < 0)
		return -1;
	if (!wait) {
		*ret = p;
		return 0;
	}
	int r = cof_proc_wait(&p, 60000, &status, &err);
	cof_proc_stop(&p, SIGKILL, 0);
	return r < 0 ? r : status;
}

static inline void tpmbox_file(const tpmbox *b, const char *name, const char *fmt)
{
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_path(&path, &err, "%s/%s", b->dir, name));
	for (const char *c = fmt; *c != '\0'; c++) {
		if (*c == '@')
			assert_ok(cof_buf_add_str(&text, b->dir, &err));
		else
			assert_ok(cof_buf_add(&text, c, 1, &err));
	}
	assert_ok(cof_file_write(path, cof_buf_span(&text), 0600, &err));
}

static inline void tpmbox_read(const tpmbox *b, const char *name, cof_buf *ret)
{
	COF_AUTO_FREE char *path = NULL;
	assert_ok(cof_path(&path, &err, "%s/%s", b->dir, name));
	assert_ok(cof_file_read(path, 1 << 20, ret, &err));
}

/* false when swtpm is not installed. */
static inline bool tpmbox_make(tpmbox *b)
{
	*b = (tpmbox){.proc = COF_PROC_NONE};
	(void)snprintf(b->dir, sizeof b->dir, "/tmp/cof-tpmbox-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	char conf[96], state[96];
	(void)snprintf(conf, sizeof conf, "%s/setup.conf", b->dir);
	(void)snprintf(state, sizeof state, "%s/state", b->dir);
	(void)snprintf(b->tcti, sizeof b->tcti, "swtpm:path=%s/sock", b->dir);
	assert_int_equal(mkdir(state, 0700), 0);
	tpmbox_file(b, "setup.conf",
		    "create_certs_tool=/usr/bin/swtpm_localca\ncreate_certs_tool_config=@/ca.conf\n"
		    "create_certs_tool_options=@/ca.options\n");
	tpmbox_file(b, "ca.conf",
		    "statedir = @\nsigningkey = @/signkey.pem\nissuercert = @/issuercert.pem\ncertserial = @/serial\n");
	tpmbox_file(b, "ca.options", "--platform-manufacturer coffer\n--platform-version 1\n--platform-model vm\n");
	const char *const argv[] = {"swtpm_setup", "--tpm2", "--tpmstate", state, "--create-ek-cert",
				    "--pcr-banks", "sha256", "--config",   conf,  "--vmid",
				    "test",	   NULL};
	int status = tpmbox_run(b, argv, true, NULL);
	if (status != 0) {
		print_message("swtpm_setup is not installed or does not work (%d): skipped\n", status);
		return false;
	}
	tpmbox_read(b, "issuercert.pem", &b->ca_pem);
	tpmbox_read(b, "swtpm-localca-rootca-cert.pem", &b->ca_pem);
	b->there = true;
	return true;
}

static inline void tpmbox_off(tpmbox *b)
{
	cof_proc_stop(&b->proc, SIGTERM, 1000);
	b->proc = COF_PROC_NONE;
}

/* A path's socket is there before somebody listens on it. */
static inline bool tpmbox_listens(const char *path)
{
	char line[512];
	bool found = false;
	FILE *f = fopen("/proc/net/unix", "re");
	assert_non_null(f);
	while (!found && fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		const char *at = strrchr(line, ' ');
		found = at != NULL && strcmp(at + 1, path) == 0 && strstr(line, " 00010000 ") != NULL;
	}
	(void)fclose(f);
	return found;
}

/* Registers start anew, as after a power cycle. */
static inline void tpmbox_on(tpmbox *b)
{
	char state[96], server[128], ctrl[128];
	const char *data = server + strlen("type=unixio,path="), *control = ctrl + strlen("type=unixio,path=");
	tpmbox_off(b);
	(void)snprintf(state, sizeof state, "dir=%s/state", b->dir);
	(void)snprintf(server, sizeof server, "type=unixio,path=%s/sock", b->dir);
	(void)snprintf(ctrl, sizeof ctrl, "type=unixio,path=%s/sock.ctrl", b->dir);
	(void)unlink(data);
	(void)unlink(control);
	const char *const argv[] = {"swtpm", "socket", "--tpm2", "--tpmstate", state,		"--server",
				    server,  "--ctrl", ctrl,	 "--flags",    "startup-clear", NULL};
	assert_int_equal(tpmbox_run(b, argv, false, &b->proc), 0);
	for (int i = 0; i < 1000 && !(tpmbox_listens(data) && tpmbox_listens(control)); i++)
		(void)usleep(5000);
}

static inline void tpmbox_drop(tpmbox *b)
{
	tpmbox_off(b);
	cof_buf_release(&b->ca_pem);
	assert_ok(cof_rm_tree(b->dir, &err));
}
