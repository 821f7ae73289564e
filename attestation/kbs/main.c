/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>

#include "attestation/kbs/front.h"
#include "attestation/kbs/fronts.h"
#include "attestation/kbs/holder.h"
#include "attestation/kbs/serve.h"
#include "attestation/kbs/verifier.h"
#include "common/file.h"
#include "common/log.h"

static const char usage[] =
	"Usage:\n"
	"  coffer-kbs init --store DIR [--admin-key FILE]\n"
	"  coffer-kbs serve --store DIR --listen ADDR:PORT --tls-cert FILE --tls-key FILE\n"
	"                   [--fronts N] [--ready-fd N] [--port-file FILE]\n"
	"  coffer-kbs --help | --version\n"
	"\n"
	"init   makes a store (mode 0700) with its signing key, and the admin's private key\n"
	"       (mode 0600; default DIR/admin.key: move it to where the admin works).\n"
	"serve  answers the key broker protocol over HTTPS. When connections are accepted it writes\n"
	"       {\"event\":\"ready\",\"address\":\"...\",\"port\":N} and a newline to --ready-fd (default:\n"
	"       standard output). Port 0 takes a free one. SIGTERM finishes what runs, then ends.\n"
	"\n"
	"Without a release policy, reference values, an initdata digest and EK roots (coffer kbs set-...)\n"
	"nothing is released. Exit codes: 0 done, 2 usage or environment.\n";

enum {
	OPT_STORE = 1000,
	OPT_ADMIN_KEY,
	OPT_LISTEN,
	OPT_CERT,
	OPT_KEY,
	OPT_FRONTS,
	OPT_READY,
	OPT_PORT,
	OPT_HELP,
	OPT_VERSION
};

static const struct option options[] = {
	{"store", required_argument, NULL, OPT_STORE},
	{"admin-key", required_argument, NULL, OPT_ADMIN_KEY},
	{"listen", required_argument, NULL, OPT_LISTEN},
	{"tls-cert", required_argument, NULL, OPT_CERT},
	{"tls-key", required_argument, NULL, OPT_KEY},
	{"fronts", required_argument, NULL, OPT_FRONTS},
	{"ready-fd", required_argument, NULL, OPT_READY},
	{"port-file", required_argument, NULL, OPT_PORT},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{0},
};

typedef struct settings {
	cof_serve_opts serve;
	const char *admin_key;
} settings;

static int fail(const char *text)
{
	(void)fprintf(stderr, "coffer-kbs: usage: %s (see coffer-kbs --help)\n", text);
	return 2;
}

static bool number(const char *text, long min, long max, long *ret)
{
	char *end = NULL;
	errno = 0;
	long v = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || v < min || v > max)
		return false;
	*ret = v;
	return true;
}

static bool set_number(settings *s, int opt, const char *text)
{
	long v = 0;
	if (!number(text, opt == OPT_FRONTS ? 1 : 0, opt == OPT_FRONTS ? COF_FRONTS_MAX : 1 << 20, &v))
		return false;
	if (opt == OPT_FRONTS)
		s->serve.fronts = (unsigned)v;
	else
		s->serve.ready_fd = (int)v;
	return true;
}

static bool set_option(settings *s, int opt, const char *text)
{
	const struct {
		int opt;
		const char **to;
	} texts[] = {{OPT_STORE, &s->serve.store_dir}, {OPT_ADMIN_KEY, &s->admin_key}, {OPT_LISTEN, &s->serve.listen},
		     {OPT_CERT, &s->serve.tls_cert},   {OPT_KEY, &s->serve.tls_key},   {OPT_PORT, &s->serve.port_file}};
	for (size_t i = 0; i < COF_COUNT(texts); i++)
		if (texts[i].opt == opt) {
			*texts[i].to = text;
			return true;
		}
	return (opt == OPT_FRONTS || opt == OPT_READY) && set_number(s, opt, text);
}

static int do_init(const settings *s)
{
	COF_AUTO_FREE char *path = NULL;
	cof_err err = {0};
	if (s->serve.store_dir == NULL)
		return fail("init needs --store");
	(void)umask(077);
	int rc = s->admin_key != NULL ? cof_path(&path, &err, "%s", s->admin_key)
				      : cof_path(&path, &err, "%s/admin.key", s->serve.store_dir);
	if (rc == 0)
		rc = cof_holder_init(s->serve.store_dir, path, &err);
	if (rc < 0) {
		(void)fprintf(stderr, "coffer-kbs: %s: %s\n", err.reason, err.text);
		return 2;
	}
	(void)printf("{\"event\":\"initialised\",\"admin_key\":\"%s\"}\n", path);
	return 0;
}

static int do_serve(const settings *s)
{
	if (s->serve.store_dir == NULL || s->serve.listen == NULL || s->serve.tls_cert == NULL ||
	    s->serve.tls_key == NULL)
		return fail("serve needs --store, --listen, --tls-cert and --tls-key");
	return cof_serve(&s->serve);
}

typedef struct command {
	const char *name;
	int (*run)(const settings *s);
} command;

static const command commands[] = {{"init", do_init}, {"serve", do_serve}};

typedef struct role {
	const char *name;
	int (*run)(void);
} role;

/* Started by serve, with their descriptors in place. */
static const role roles[] = {{"front", cof_front_main}, {"verifier", cof_verifier_main}};

static int run_role(const char *name)
{
	for (size_t i = 0; i < COF_COUNT(roles); i++)
		if (strcmp(name, roles[i].name) == 0)
			return roles[i].run();
	return fail("unknown role");
}

static int run_command(int argc, char **argv, const settings *s)
{
	if (argc - optind != 1)
		return fail("one command: init or serve");
	for (size_t i = 0; i < COF_COUNT(commands); i++)
		if (strcmp(argv[optind], commands[i].name) == 0)
			return commands[i].run(s);
	return fail("unknown command");
}

int main(int argc, char **argv)
{
	settings s = {.serve = {.fronts = 2, .ready_fd = -1}};
	int opt;
	cof_log_init("coffer-kbs", STDERR_FILENO, COF_LOG_INFO);
	if (argc == 3 && strcmp(argv[1], "--role") == 0)
		return run_role(argv[2]);
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == OPT_HELP || opt == OPT_VERSION) {
			(void)fputs(opt == OPT_HELP ? usage : "coffer-kbs " COF_VERSION "\n", stdout);
			return 0;
		}
		if (opt == '?' || !set_option(&s, opt, optarg))
			return fail("bad option");
	}
	return run_command(argc, argv, &s);
}
