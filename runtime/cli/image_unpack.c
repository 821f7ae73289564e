/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image unpack`: what a guest would make of an image, for its owner to look at. */
#include <getopt.h>
#include <unistd.h>

#include "common/file.h"
#include "image-decrypt/enc_provider.h"
#include "image-decrypt/flat.h"
#include "runtime/cli/image.h"

static int unpack(const cof_cli_image *s, char **args, cof_digest *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_layout) from = NULL;
	COF_AUTO(cof_buf) kek = {0};
	const char *tag = NULL;
	int r = s->key != NULL ? cof_file_read(s->key, COF_ENC_KEK_LEN, &kek, err) : 0;
	if (r == 0)
		r = cof_cli_image_layout(args[0], false, &from, &tag, err);
	const cof_flat_opts opts = {.kek = cof_buf_span(&kek),
				    .allow_ctr = s->allow_ctr,
				    .progress = isatty(STDERR_FILENO) ? cof_cli_image_progress : NULL,
				    .progress_arg = (void *)(uintptr_t) "unpacked"};
	if (r == 0)
		r = cof_flat_unpack(from, tag, args[1], &opts, ret, err);
	cof_buf_wipe(&kek);
	return r;
}

int cof_cmd_image_unpack(int argc, char **argv)
{
	cof_cli_image s;
	cof_digest d = {0};
	cof_err err = {0};
	int code = 0;
	if (cof_cli_image_parse(argc, argv, "unpack [--key FILE] [--allow-unauthenticated-wrap] LAYOUT[:TAG] TARGET", 2,
				&s, &code) < 0)
		return code;
	int r = unpack(&s, argv + optind, &d, &err);
	return cof_cli_image_digest(&s, r, &err, &d);
}
