/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image push`: from a layout to a registry. */
#include <getopt.h>

#include "common/file.h"
#include "image-decrypt/push.h"
#include "runtime/cli/image.h"

enum { PEM_MAX = 1 << 20, AUTH_MAX = 1 << 20 };

typedef struct login {
	char *user;
	cof_secret password;
} login;

static void login_release(login *l)
{
	free(l->user);
	cof_secret_release(&l->password);
	*l = (login){0};
}
COF_DEFINE_AUTO(login, login_release)

/* source: docker's config.json: {"auths": {HOST: {"auth": base64(USER:PASSWORD)}}} */
static int read_login(const char *path, const char *host, login *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_buf) text = {0};
	int r = cof_json_read_file(path, AUTH_MAX, &doc, err);
	if (r == 0)
		r = cof_json_b64(json_object_get(json_object_get(doc, "auths"), host), "auth", &text, err);
	if (r < 0)
		return cof_err_wrap(err, "%s, %s", path, host);
	const char *colon = strchr(cof_buf_str(&text), ':');
	size_t n = colon == NULL ? 0 : (size_t)(colon - cof_buf_str(&text));
	ret->user = cof_span_dup_str(cof_span_of(text.data, n));
	if (n == 0 || ret->user == NULL)
		r = cof_err_set(err, COF_E_MALFORMED, "auth-malformed", "%s has no USER:PASSWORD for %s", path, host);
	else
		r = cof_secret_from(&ret->password, cof_span_of(text.data + n + 1, text.len - n - 1), err);
	cof_buf_wipe(&text);
	return r;
}

static int open_registry(const cof_cli_image *s, const cof_ref *ref, cof_registry **ret, cof_err *err)
{
	COF_AUTO(cof_buf) ca = {0};
	COF_AUTO(login) who = {0};
	int r = s->ca != NULL ? cof_file_read(s->ca, PEM_MAX, &ca, err) : 0;
	if (r == 0 && s->auth != NULL)
		r = read_login(s->auth, ref->host, &who, err);
	const cof_registry_opts opts = {.ca_pem = cof_buf_span(&ca),
					.resolve = s->resolve.at,
					.user = who.user,
					.password = who.user != NULL ? &who.password : NULL,
					.push = true};
	return r < 0 ? r : cof_registry_new(ret, ref, &opts, err);
}

static int push(const cof_cli_image *s, char **args, cof_digest *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_layout) from = NULL;
	COF_AUTO_PTR(cof_registry) to = NULL;
	const char *tag = NULL;
	cof_ref ref;
	int r = cof_ref_parse(args[1], &ref, err);
	if (r == 0)
		r = cof_cli_image_layout(args[0], false, &from, &tag, err);
	if (r == 0)
		r = open_registry(s, &ref, &to, err);
	return r < 0 ? r : cof_push_image(from, tag, to, ref.tag[0] != '\0' ? ref.tag : NULL, ret, err);
}

int cof_cmd_image_push(int argc, char **argv)
{
	cof_cli_image s;
	cof_digest d = {0};
	cof_err err = {0};
	int code = 0;
	if (cof_cli_image_parse(argc, argv,
				"push [--ca FILE] [--resolve NAME:PORT:ADDR] [--auth-file FILE] LAYOUT[:TAG] REFERENCE",
				2, &s, &code) < 0)
		return code;
	int r = push(&s, argv + optind, &d, &err);
	return cof_cli_image_digest(&s, r, &err, &d);
}
