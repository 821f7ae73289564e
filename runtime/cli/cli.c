/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"

#define MANIFEST_BESIDE "../guest/manifest.json"
#define MANIFEST_INSTALLED "../share/coffer/guest/manifest.json"

static void print_verbs(FILE *to, const char *what, const cof_verb *verbs)
{
	(void)fprintf(to, "Usage: %s VERB [options]\n\nVerbs:\n", what);
	for (const cof_verb *v = verbs; v->name != NULL; v++)
		(void)fprintf(to, "  %-16s %s\n", v->name, v->summary);
	(void)fprintf(to, "\n%s VERB --help says more.\n", what);
}

int cof_cli_dispatch(const char *what, const cof_verb *verbs, int argc, char **argv)
{
	if (argc < 2) {
		print_verbs(stderr, what, verbs);
		return COF_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_verbs(stdout, what, verbs);
		return COF_EXIT_YES;
	}
	for (const cof_verb *v = verbs; v->name != NULL; v++)
		if (strcmp(v->name, argv[1]) == 0)
			return v->run(argc - 1, argv + 1);
	return cof_cli_usage("%s has no verb %s (see --help)", what, argv[1]);
}

static int exit_of(cof_class cls)
{
	return cls == COF_E_MALFORMED || cls == COF_E_CRYPTO || cls == COF_E_POLICY ? COF_EXIT_NO : COF_EXIT_USAGE;
}

static int print_err_json(const cof_err *e)
{
	COF_AUTO_PTR(json_t)
	v = json_pack("{s:b, s:s, s:s, s:s}", "ok", 0, "class", cof_class_name(e->cls), "reason", e->reason, "message",
		      e->text);
	return v != NULL ? cof_cli_print_json(v) : COF_EXIT_USAGE;
}

int cof_cli_fail(const cof_err *err, bool json)
{
	(void)fprintf(stderr, "coffer: %s: %s\n", err->reason, err->text);
	if (json)
		(void)print_err_json(err);
	return exit_of(err->cls);
}

int cof_cli_usage(const char *fmt, ...)
{
	cof_err err = {0};
	char text[sizeof err.text];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)!cof_err_set(&err, COF_E_USAGE, "usage", "%s", text);
	return cof_cli_fail(&err, false);
}

int cof_cli_print_json(const json_t *v)
{
	COF_AUTO(cof_buf) text = {0};
	cof_err err = {0};
	if (cof_json_dump_pretty(v, &text, &err) < 0 || cof_fd_write_all(STDOUT_FILENO, cof_buf_span(&text), &err) < 0)
		return cof_cli_fail(&err, false);
	return COF_EXIT_YES;
}

static bool is_std(const char *path)
{
	return path == NULL || strcmp(path, "-") == 0;
}

int cof_cli_write(const char *path, cof_span data, mode_t mode, cof_err *err)
{
	return is_std(path) ? cof_fd_write_all(STDOUT_FILENO, data, err) : cof_file_write(path, data, mode, err);
}

int cof_cli_read(const char *path, size_t max, cof_buf *ret, cof_err *err)
{
	return is_std(path) ? cof_fd_read_all(STDIN_FILENO, max, ret, err) : cof_file_read(path, max, ret, err);
}

/* --- NAME:PORT:ADDR --- */

static bool dns_name(cof_span s)
{
	if (s.len == 0 || s.len > 253 || s.data[0] == '.' || s.data[0] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!isalnum(s.data[i]) && s.data[i] != '-' && s.data[i] != '.')
			return false;
	return true;
}

static bool take_port(const char *from, size_t len, unsigned *ret)
{
	unsigned port = 0;
	if (len == 0 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (from[i] < '0' || from[i] > '9')
			return false;
		port = port * 10 + (unsigned)(from[i] - '0');
	}
	*ret = port;
	return port > 0 && port < 65536;
}

static bool take_addr(const char *from, char ret[46])
{
	unsigned char bin[16];
	size_t len = strlen(from);
	bool bracketed = len > 2 && from[0] == '[' && from[len - 1] == ']';
	len -= bracketed ? 2 : 0;
	if (len == 0 || len > 45)
		return false;
	memcpy(ret, from + (bracketed ? 1 : 0), len);
	ret[len] = 0;
	return inet_pton(AF_INET6, ret, bin) == 1 || (!bracketed && inet_pton(AF_INET, ret, bin) == 1);
}

int cof_cli_resolve(const char *in, cof_resolve *ret, cof_err *err)
{
	cof_resolve out = {0};
	const char *port = strchr(in, ':');
	const char *addr = port != NULL ? strchr(port + 1, ':') : NULL;
	if (addr == NULL || !dns_name(cof_span_of(in, (size_t)(port - in))) ||
	    !take_port(port + 1, (size_t)(addr - port - 1), &out.port) || !take_addr(addr + 1, out.addr))
		return cof_err_set(err, COF_E_USAGE, "bad-resolve", "%s is not NAME:PORT:ADDR", in);
	memcpy(out.name, in, (size_t)(port - in));
	*ret = out;
	return 0;
}

int cof_cli_add_resolve(cof_cli_resolves *list, const char *text, bool json)
{
	cof_resolve checked;
	cof_err err = {0};
	if (list->n == COF_CLI_RESOLVES_MAX)
		return cof_cli_usage("at most %d --resolve", COF_CLI_RESOLVES_MAX);
	if (cof_cli_resolve(text, &checked, &err) < 0)
		return cof_cli_fail(&err, json);
	list->at[list->n++] = text;
	return 0;
}

/* The folder that this program is in. */
static int own_folder(char *out, size_t size, cof_err *err)
{
	ssize_t n = readlink("/proc/self/exe", out, size - 1);
	if (n <= 0)
		return cof_err_sys(err, "guest-absent", "/proc/self/exe");
	out[n] = 0;
	char *slash = strrchr(out, '/');
	if (slash != NULL)
		*slash = 0;
	return 0;
}

int cof_cli_guest(const char *asked, char **ret, cof_err *err)
{
	static const char *const places[] = {MANIFEST_BESIDE, MANIFEST_INSTALLED};
	const char *chosen = asked != NULL ? asked : getenv("COFFER_GUEST");
	char self[4096];
	if (chosen != NULL)
		return cof_path(ret, err, "%s", chosen);
	int r = own_folder(self, sizeof self, err);
	for (size_t i = 0; r == 0 && i < COF_COUNT(places); i++) {
		COF_AUTO_FREE char *path = NULL;
		r = cof_path(&path, err, "%s/%s", self, places[i]);
		if (r == 0 && access(path, R_OK) == 0) {
			*ret = cof_steal(&path);
			return 0;
		}
	}
	return r < 0 ? r
		     : cof_err_set(err, COF_E_USAGE, "guest-absent",
				   "no guest image beside this program; name one with --guest");
}
