/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/swtpm.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/file.h"

enum { SETUP_MS = 60000, PROBE_MS = 5000, STOP_MS = 2000, CTRL_FD = 3, WORDS_MAX = 24 };

#define ENV_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

void cof_swtpm_release(cof_swtpm *t)
{
	cof_proc_stop(&t->proc, SIGTERM, STOP_MS);
	if (t->ctrl_fd > 0)
		cof_fd_close(&t->ctrl_fd);
	*t = (cof_swtpm){.proc = COF_PROC_NONE, .ctrl_fd = -EBADF};
}

/* --- the walls around swtpm_setup --- */

/* swtpm_setup starts an swtpm of its own, which would outlive it when it is killed. A PID namespace takes all of it
 * down; the last way is for hosts that allow none. */
static const char *const walls[][8] = {
	{"unshare", "--pid", "--fork", "--kill-child=KILL", NULL},
	{"unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child=KILL", NULL},
	{NULL},
};

static size_t put_words(const char **argv, size_t n, const char *const *words)
{
	for (; *words != NULL && n + 1 < WORDS_MAX; words++)
		argv[n++] = *words;
	argv[n] = NULL;
	return n;
}

/* Runs argv to its end; its output goes to log_fd. */
static int run(const char *const *argv, const char *tmp, int log_fd, int timeout_ms, cof_err *err)
{
	COF_AUTO_FREE char *tmpdir = NULL;
	cof_proc p = COF_PROC_NONE;
	int status = 0;
	int r = cof_path(&tmpdir, err, "TMPDIR=%s", tmp);
	if (r < 0)
		return r;
	const char *const env[] = {ENV_PATH, tmpdir, NULL};
	const cof_proc_fd fds[] = {{log_fd, STDOUT_FILENO}, {log_fd, STDERR_FILENO}};
	const cof_proc_opts o = {
		.argv = argv, .env = env, .fds = fds, .n_fds = 2, .search_path = true, .new_session = true};
	r = cof_proc_spawn(&o, &p, err);
	if (r < 0)
		return r;
	r = cof_proc_wait(&p, timeout_ms, &status, err);
	cof_proc_stop(&p, SIGKILL, 0);
	if (r == 0 && status != 0)
		return cof_err_set(err, COF_E_IO, "child-failed", "%s ended with %d", argv[0], status);
	return r;
}

static const char *const *usable_wall(const char *tmp, int log_fd)
{
	static const char *const nothing[] = {"true", NULL};
	for (size_t i = 0; i < COF_COUNT(walls) - 1; i++) {
		const char *argv[WORDS_MAX];
		(void)put_words(argv, put_words(argv, 0, walls[i]), nothing);
		if (run(argv, tmp, log_fd, PROBE_MS, NULL) == 0)
			return walls[i];
	}
	return walls[COF_COUNT(walls) - 1];
}

/* --- manufacture --- */

typedef struct paths {
	char *conf, *ca_conf, *ca_options, *log, *state;
} paths;

static void paths_release(paths *p)
{
	free(p->conf);
	free(p->ca_conf);
	free(p->ca_options);
	free(p->log);
	free(p->state);
	*p = (paths){0};
}
COF_DEFINE_AUTO(paths, paths_release)

static int paths_of(const char *dir, paths *ret, cof_err *err)
{
	int r = cof_path(&ret->conf, err, "%s/swtpm_setup.conf", dir);
	if (r == 0)
		r = cof_path(&ret->ca_conf, err, "%s/swtpm-localca.conf", dir);
	if (r == 0)
		r = cof_path(&ret->ca_options, err, "%s/swtpm-localca.options", dir);
	if (r == 0)
		r = cof_path(&ret->log, err, "%s/swtpm_setup.log", dir);
	return r < 0 ? r : cof_path(&ret->state, err, "%s/state", dir);
}

/* Its option values end at commas and lines, without an escape. */
static int check_dir(const char *dir, cof_err *err)
{
	if (strpbrk(dir, ",\n\r\"'") != NULL)
		return cof_err_set(err, COF_E_USAGE, "bad-path", "swtpm takes no such folder name: %s", dir);
	return 0;
}

static int find_localca(const char **ret, cof_err *err)
{
	static const char *const places[] = {"/usr/bin/swtpm_localca", "/usr/local/bin/swtpm_localca",
					     "/usr/share/swtpm/swtpm-localca"};
	for (size_t i = 0; i < COF_COUNT(places); i++) {
		if (access(places[i], X_OK) != 0)
			continue;
		*ret = places[i];
		return 0;
	}
	return cof_err_set(err, COF_E_UNAVAILABLE, "swtpm-absent", "swtpm_localca is not installed (swtpm-tools)");
}

static int write_text(const char *path, cof_buf *text, cof_err *err)
{
	int r = cof_file_write(path, cof_buf_span(text), 0600, err);
	text->len = 0;
	return r;
}

static int write_conf(const paths *p, const char *ca, cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	const char *tool = NULL;
	int r = find_localca(&tool, err);
	if (r == 0)
		r = cof_buf_printf(&b, err,
				   "create_certs_tool=%s\ncreate_certs_tool_config=%s\ncreate_certs_tool_options=%s\n",
				   tool, p->ca_conf, p->ca_options);
	if (r == 0)
		r = write_text(p->conf, &b, err);
	if (r == 0)
		r = cof_buf_printf(&b, err,
				   "statedir = %s\nsigningkey = %s/signkey.pem\nissuercert = %s/issuercert.pem\n"
				   "certserial = %s/certserial\n",
				   ca, ca, ca, ca);
	if (r == 0)
		r = write_text(p->ca_conf, &b, err);
	if (r == 0)
		r = cof_buf_add_str(&b, "--platform-manufacturer coffer\n--platform-version 1\n--platform-model vm\n",
				    err);
	return r < 0 ? r : write_text(p->ca_options, &b, err);
}

static int setup_failed(const paths *p, const cof_err *why, cof_err *err)
{
	COF_AUTO(cof_buf) log = {0};
	if (cof_file_read(p->log, 64 << 10, &log, NULL) < 0)
		log.len = 0;
	size_t from = log.len > 200 ? log.len - 200 : 0;
	return cof_err_set(err, COF_E_IO, "swtpm-setup-failed", "%s: %s", why->text,
			   log.len > 0 ? cof_buf_str(&log) + from : "it said nothing");
}

/* spec: only the SHA-256 bank: the quote carries no other (facts of the tpm evidence format). */
static int manufacture(const paths *p, const char *dir, cof_err *err)
{
	cof_err why = {0};
	COF_AUTO_FD int log = open(p->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log < 0)
		return cof_err_sys(err, "open-failed", "%s", p->log);
	const char *const words[] = {"swtpm_setup", "--tpm2",	       "--tpmstate", p->state, "--create-ek-cert",
				     "--pcr-banks", "sha256",	       "--config",   p->conf,  "--vmid",
				     "coffer",	    "--not-overwrite", NULL};
	const char *argv[WORDS_MAX];
	(void)put_words(argv, put_words(argv, 0, usable_wall(dir, log)), words);
	return run(argv, dir, log, SETUP_MS, &why) == 0 ? 0 : setup_failed(p, &why, err);
}

static int setup(const char *dir, const char *ca_dir, cof_err *err)
{
	COF_AUTO(paths) p = {0};
	COF_AUTO_FREE char *ca = NULL;
	int r = paths_of(dir, &p, err);
	if (r == 0)
		r = ca_dir != NULL ? cof_path(&ca, err, "%s", ca_dir) : cof_path(&ca, err, "%s/ca", dir);
	if (r == 0)
		r = check_dir(ca, err);
	if (r == 0)
		r = cof_mkdirs(ca, 0700, err);
	if (r == 0)
		r = write_conf(&p, ca, err);
	return r < 0 ? r : manufacture(&p, dir, err);
}

/* --- the running TPM --- */

static int spawn(const char *state, const char *log, int ctrl, cof_proc *ret, cof_err *err)
{
	COF_AUTO_FREE char *state_opt = NULL;
	COF_AUTO_FREE char *log_opt = NULL;
	int r = cof_path(&state_opt, err, "dir=%s,mode=0600", state);
	if (r == 0)
		r = cof_path(&log_opt, err, "file=%s,level=1", log);
	if (r < 0)
		return r;
	const char *const argv[] = {
		"swtpm", "socket", "--tpm2",	  "--tpmstate", state_opt,     "--ctrl", "type=unixio,clientfd=3",
		"--log", log_opt,  "--terminate", "--seccomp",	"action=kill", NULL};
	const char *const env[] = {ENV_PATH, NULL};
	const cof_proc_fd fds[] = {{ctrl, CTRL_FD}};
	const cof_proc_opts o = {
		.argv = argv, .env = env, .fds = fds, .n_fds = 1, .search_path = true, .new_session = true};
	r = cof_proc_spawn(&o, ret, err);
	if (r < 0 && err != NULL && err->sys == ENOENT)
		return cof_err_set(err, COF_E_UNAVAILABLE, "swtpm-absent", "swtpm is not installed");
	return r;
}

static int start(const cof_swtpm_opts *o, const char *state, cof_swtpm *ret, cof_err *err)
{
	COF_AUTO_FREE char *log = NULL;
	int pair[2];
	int r = cof_path(&log, err, "%s/swtpm.log", o->dir);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return cof_err_sys(err, "socket-failed", "socketpair");
	COF_AUTO_FD int ours = pair[0];
	COF_AUTO_FD int theirs = pair[1];
	cof_proc proc = COF_PROC_NONE;
	r = spawn(state, log, theirs, &proc, err);
	if (r < 0)
		return r;
	*ret = (cof_swtpm){proc, cof_steal_fd(&ours)};
	return 0;
}

int cof_swtpm_start(const cof_swtpm_opts *o, cof_swtpm *ret, cof_err *err)
{
	COF_AUTO_FREE char *state = NULL;
	COF_AUTO_FREE char *permall = NULL;
	int r = check_dir(o->dir, err);
	if (r == 0)
		r = cof_path(&state, err, "%s/state", o->dir);
	if (r == 0)
		r = cof_path(&permall, err, "%s/tpm2-00.permall", state);
	if (r == 0)
		r = cof_mkdirs(state, 0700, err);
	if (r == 0 && !o->bare && access(permall, F_OK) != 0)
		r = setup(o->dir, o->ca_dir, err);
	return r < 0 ? r : start(o, state, ret, err);
}

/* --- the CA --- */

static int make_ca(const char *ca_dir, cof_err *err)
{
	COF_AUTO_FREE char *tmp = NULL;
	COF_AUTO_FREE char *state = NULL;
	int r = cof_mkdirs(ca_dir, 0700, err);
	if (r == 0)
		r = cof_path(&tmp, err, "%s/.firstXXXXXX", ca_dir);
	if (r < 0)
		return r;
	if (mkdtemp(tmp) == NULL)
		return cof_err_sys(err, "mkdir-failed", "%s", tmp);
	r = cof_path(&state, err, "%s/state", tmp);
	if (r == 0)
		r = cof_mkdirs(state, 0700, err);
	if (r == 0)
		r = setup(tmp, ca_dir, err);
	if (cof_rm_tree(tmp, NULL) < 0 && r == 0)
		return cof_err_set(err, COF_E_IO, "remove-failed", "%s stays behind", tmp);
	return r;
}

int cof_swtpm_ca(const char *ca_dir, cof_buf *ret_pem, cof_err *err)
{
	COF_AUTO_FREE char *root = NULL;
	COF_AUTO_FREE char *issuer = NULL;
	int r = check_dir(ca_dir, err);
	if (r == 0)
		r = cof_path(&root, err, "%s/swtpm-localca-rootca-cert.pem", ca_dir);
	if (r == 0)
		r = cof_path(&issuer, err, "%s/issuercert.pem", ca_dir);
	if (r == 0 && access(issuer, F_OK) != 0)
		r = make_ca(ca_dir, err);
	if (r == 0)
		r = cof_file_read(root, 64 << 10, ret_pem, err);
	return r < 0 ? r : cof_file_read(issuer, 64 << 10, ret_pem, err);
}
