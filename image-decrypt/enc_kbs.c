/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's side of keys that a broker keeps: opening and wrapping with copies of them. */
#include <stdio.h>

#include "image-decrypt/enc_int.h"
#include "image-decrypt/enc_provider.h"

/* What A256CTR opens may be anything: only options that can be read say that the key was right. */
static int try_kek(const cof_enc_packet *p, cof_span kek, bool allow_ctr, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_layer_key) key = {0};
	COF_AUTO(cof_secret) options = {0};
	int r = cof_enc_packet_open(p, kek, allow_ctr, &options, err);
	if (r == 0 && p->wrap == COF_ENC_A256CTR && cof_enc_private_parse(cof_secret_span(&options), &key, NULL) < 0)
		r = cof_enc_no_key(err);
	if (r == 0)
		*ret = cof_secret_steal(&options);
	return r;
}

/* host_repo_type_tag, or the same without host; the segments hold no slash. */
static int kek_of(const cof_enc_keys *keys, const cof_enc_kid *kid, cof_secret *ret, cof_err *err)
{
	char name[COF_ENC_HOST_MAX + COF_KBSP_PATH_STR + 2], path[COF_KBSP_PATH_STR];
	cof_kbsp_path_str(&kid->path, path);
	for (char *slash = path; (slash = strchr(slash, '/')) != NULL;)
		*slash = '_';
	(void)snprintf(name, sizeof name, "%s_%s", kid->host, path);
	if (kid->host[0] != '\0' && cof_enc_keys_kek_named(keys, name, ret, err) == 0)
		return 0;
	return cof_enc_keys_kek_named(keys, path, ret, err);
}

int cof_enc_kbs_open(cof_span packet, const cof_enc_keys *keys, bool allow_ctr, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_enc_packet) p = {0};
	COF_AUTO(cof_secret) named = {0};
	cof_enc_kid kid;
	int r = cof_enc_packet_parse(packet, &p, err);
	if (r < 0)
		return r;
	if (cof_enc_kid_parse(p.kid, &kid, err) < 0)
		return cof_enc_bad_packet(err, "its kid does not name a resource");
	if (kek_of(keys, &kid, &named, NULL) == 0)
		return try_kek(&p, cof_secret_span(&named), allow_ctr, ret, err);
	r = cof_enc_no_key(err);
	const cof_secret *kek = NULL;
	for (size_t i = 0; r < 0 && (kek = cof_enc_keys_kek(keys, i)) != NULL; i++)
		r = try_kek(&p, cof_secret_span(kek), allow_ctr, ret, err);
	return r;
}

int cof_enc_kbs_seal(const cof_enc_recipient *const *to, size_t n, cof_span options, cof_buf *ret, cof_err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = cof_enc_wrap_make(to[i]->kid, cof_secret_span(&to[i]->kek), options, ret, err);
	return r;
}
