/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image push`: from a layout to a registry. */
#include <getopt.h>

#include "common/file.h"
#include "image-decrypt/authfile.h"
#include "image-decrypt/push.h"
#include "runtime/cli/image.h"

enum { PEM_MAX = 1 << 20 };

static int read_login(const char *path, const cof_ref *ref, cof_login *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int r = cof_file_read(path, COF_AUTHFILE_MAX, &text, err);
	if (r == 0)
		r = cof_authfile_find(cof_buf_span(&text), ref, ret, err);
	cof_buf_wipe(&text);
	return r < 0 ? cof_err_wrap(err, "%s", path) : 0;
}

static int open_registry(const cof_cli_image *s, const cof_ref *ref, cof_registry **ret, cof_err *err)
{
	COF_AUTO(cof_buf) ca = {0};
	COF_AUTO(cof_login) who = {0};
	int r = s->ca != NULL ? cof_file_read(s->ca, PEM_MAX, &ca, err) : 0;
	if (r == 0 && s->auth != NULL)
		r = read_login(s->auth, ref, &who, err);
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
