/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image encrypt`: the owner's image, its layers sealed for keys of a key broker. */
#include <getopt.h>
#include <unistd.h>

#include "common/file.h"
#include "image-decrypt/enc_provider.h"
#include "image-decrypt/encrypt.h"
#include "runtime/cli/image.h"

static int encrypt(const cof_cli_image *s, char **args, cof_digest *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_layout) from = NULL;
	COF_AUTO_PTR(cof_layout) to = NULL;
	COF_AUTO(cof_buf) kek = {0};
	const char *tag = NULL, *to_tag = NULL;
	if (s->key == NULL || s->kid == NULL)
		return cof_err_set(err, COF_E_USAGE, "usage", "--key FILE and --kid kbs:///REPO/TYPE/TAG are needed");
	int r = cof_file_read(s->key, COF_ENC_KEK_LEN, &kek, err);
	if (r == 0)
		r = cof_cli_image_layout(args[0], false, &from, &tag, err);
	if (r == 0)
		r = cof_cli_image_layout(args[1], true, &to, &to_tag, err);
	const cof_encrypt_opts opts = {.kid = s->kid,
				       .kek = cof_buf_span(&kek),
				       .progress = isatty(STDERR_FILENO) ? cof_cli_image_progress : NULL,
				       .progress_arg = (void *)(uintptr_t) "encrypted"};
	if (r == 0)
		r = cof_encrypt_image(from, tag, to, to_tag, &opts, ret, err);
	cof_buf_wipe(&kek);
	return r;
}

int cof_cmd_image_encrypt(int argc, char **argv)
{
	cof_cli_image s;
	cof_digest d = {0};
	cof_err err = {0};
	int code = 0;
	if (cof_cli_image_parse(argc, argv,
				"encrypt --key FILE --kid kbs:///REPO/TYPE/TAG LAYOUT[:TAG] NEW-LAYOUT[:TAG]", 2, &s,
				&code) < 0)
		return code;
	int r = encrypt(&s, argv + optind, &d, &err);
	return cof_cli_image_digest(&s, r, &err, &d);
}
