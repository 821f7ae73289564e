/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/image_given.h"

#include "common/file.h"
#include "image-decrypt/sigpayload.h"

void cof_cli_given_release(cof_cli_given *g)
{
	for (size_t i = 0; i < g->n_held; i++)
		cof_buf_release(&g->held[i]);
	g->n = g->n_held = 0;
}

/* The file's bytes, kept until release. */
static int hold_file(cof_cli_given *g, const char *path, cof_span *ret, cof_err *err)
{
	cof_buf *b = &g->held[g->n_held++];
	*b = (cof_buf){0};
	int r = cof_file_read(path, COF_SIG_PAYLOAD_MAX, b, err);
	*ret = cof_buf_span(b);
	return r;
}

static int hold_payload(cof_cli_given *g, const cof_digest *image, const cof_ref *name, cof_span *ret, cof_err *err)
{
	char text[COF_REF_STR_MAX];
	cof_buf *b = &g->held[g->n_held++];
	*b = (cof_buf){0};
	if (name == NULL)
		return cof_err_set(err, COF_E_USAGE, "usage",
				   "the signature's payload is not known: --payload FILE or --identity NAME is needed");
	cof_ref_name(name, text);
	int r = cof_sigpayload_make(image, text, b, err);
	*ret = cof_buf_span(b);
	return r;
}

/* Binary OpenPGP, or something in its armour: cosign's are base64 alone. */
static bool is_openpgp(cof_span in)
{
	static const char armour[] = "-----BEGIN PGP";
	return in.len > 0 &&
	       ((in.data[0] & 0x80) != 0 ||
		(in.len >= sizeof armour && strncmp((const char *)in.data, armour, sizeof armour - 1) == 0));
}

int cof_cli_given_signature(cof_cli_given *g, const char *file, const char *payload, const cof_digest *image,
			    const cof_ref *name, cof_err *err)
{
	cof_span text = {0}, over = {0};
	int r = hold_file(g, file, &text, err);
	if (r < 0)
		return r;
	if (is_openpgp(text)) {
		g->list[g->n++] = (cof_sig_given){.kind = COF_SIG_SIMPLE, .body = text};
		return 0;
	}
	r = payload != NULL ? hold_file(g, payload, &over, err) : hold_payload(g, image, name, &over, err);
	if (r == 0)
		g->list[g->n++] = (cof_sig_given){.kind = COF_SIG_COSIGN, .body = over, .signature = text};
	return r;
}

int cof_cli_given_bundle(cof_cli_given *g, const char *file, cof_err *err)
{
	cof_span text = {0};
	int r = hold_file(g, file, &text, err);
	if (r == 0)
		g->list[g->n++] = (cof_sig_given){.kind = COF_SIG_BUNDLE, .body = text};
	return r;
}

int cof_cli_given_lookaside(cof_cli_given *g, const char *dir, const cof_digest *image, const cof_ref *name,
			    cof_err *err)
{
	char digest[COF_DIGEST_STR_MAX];
	if (name == NULL)
		return cof_err_set(err, COF_E_USAGE, "usage", "--lookaside needs the image's name: --identity NAME");
	cof_digest_str(image, digest);
	*strchr(digest, ':') = '=';
	for (unsigned i = 1; g->n < COF_CLI_GIVEN_MAX; i++) {
		COF_AUTO_FREE char *path = NULL;
		cof_span text = {0};
		int r = cof_path(&path, err, "%s/%s@%s/signature-%u", dir, name->repo, digest, i);
		if (r == 0)
			r = hold_file(g, path, &text, err);
		if (r < 0)
			return cof_err_is(err, "no-such-file") ? 0 : r;
		g->list[g->n++] = (cof_sig_given){.kind = COF_SIG_SIMPLE, .body = text};
	}
	return 0;
}
