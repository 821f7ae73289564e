/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper_image.h"

#include <stdio.h>

#include "agent/keeper.h"
#include "agent/signers.h"
#include "common/hex.h"
#include "image-decrypt/authfile.h"

static int unnamed(cof_err *err)
{
	return cof_err_set(err, COF_E_USAGE, "settings-unnamed", "cdh.toml names no such resource");
}

static int get(const cof_keeper_image *in, const char *uri, const char *what, cof_secret *ret, cof_err *err)
{
	cof_kbsp_path path;
	int r = cof_kbsp_uri_parse(uri, &path, err);
	if (r == 0)
		r = in->get(in->arg, &path, in->ask, ret, err);
	return r < 0 ? cof_err_wrap(err, "%s", what) : 0;
}

/* --- logins --- */

/* {"auth"} or {"identitytoken"}. */
static json_t *login_entry(const cof_login *l, cof_err *err)
{
	COF_AUTO(cof_buf) pair = {0};
	if (l->user == NULL)
		return json_pack("{s:s%}", "identitytoken", (const char *)l->identity.data, l->identity.len);
	int r = cof_buf_printf(&pair, err, "%s:", l->user);
	if (r == 0)
		r = cof_buf_add(&pair, l->password.data, l->password.len, err);
	COF_AUTO_FREE char *text = r == 0 ? cof_b64_dup(cof_buf_span(&pair)) : NULL;
	cof_buf_wipe(&pair);
	json_t *entry = text == NULL ? NULL : json_pack("{s:s}", "auth", text);
	if (text != NULL)
		cof_wipe(text, strlen(text));
	return entry;
}

/* The login for this repository at one host; none there is none here. */
static int add_login(cof_span file, const char *host, const char *repo, json_t *auths, cof_err *err)
{
	COF_AUTO(cof_login) login = {0};
	char name[COF_REF_STR_MAX];
	(void)snprintf(name, sizeof name, "%s/%s", host, repo);
	int r = cof_authfile_find_at(file, host, repo, &login, err);
	if (r < 0 || cof_login_empty(&login))
		return r;
	return cof_json_set_new(auths, name, login_entry(&login, err), err);
}

static int add_logins(const cof_keeper_image *in, cof_span file, json_t *auths, cof_err *err)
{
	int r = add_login(file, in->ref->host, in->ref->repo, auths, err);
	for (size_t i = 0; r == 0 && i < in->cdh->n_mirrors; i++) {
		if (strcmp(in->cdh->mirrors[i].host, in->ref->host) != 0)
			continue;
		COF_AUTO_FREE char *host = cof_cdh_mirror_host(in->cdh->mirrors[i].url);
		r = host == NULL ? cof_err_oom(err) : add_login(file, host, in->ref->repo, auths, err);
	}
	return r;
}

int cof_keeper_logins(const cof_keeper_image *in, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_secret) file = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(json_t) doc = json_pack("{s:{}}", "auths");
	if (in->cdh->credentials_uri == NULL)
		return unnamed(err);
	if (doc == NULL)
		return cof_err_oom(err);
	int r = get(in, in->cdh->credentials_uri, "logins for the registry", &file, err);
	if (r == 0)
		r = add_logins(in, cof_secret_span(&file), json_object_get(doc, "auths"), err);
	if (r == 0)
		r = cof_json_dump(doc, &text, err);
	if (r == 0)
		r = cof_secret_from(ret, cof_buf_span(&text), err);
	cof_buf_wipe(&text);
	return r;
}

/* --- signatures --- */

static int add_key(const cof_keeper_image *in, const cof_sig_key_src *k, cof_signers *s, cof_err *err)
{
	COF_AUTO(cof_secret) key = {0};
	/* A file's name is the fetcher's to refuse, when it comes to that. */
	if (k->path == NULL || strncmp(k->path, "kbs:///", 7) != 0 || cof_signers_has(s, k->path))
		return 0;
	int r = get(in, k->path, "a key of the signature policy", &key, err);
	return r < 0 ? r : cof_signers_add(s, k->path, cof_secret_span(&key), err);
}

/* The keys of the one scope that decides about this image: others may name keys that are not ours to have. */
static int add_keys(const cof_keeper_image *in, cof_signers *s, cof_err *err)
{
	COF_AUTO_PTR(cof_sigpolicy) policy = NULL;
	const cof_sig_place place = {.transport = "docker", .ref = in->ref};
	int r = cof_sigpolicy_parse(cof_buf_span(&s->policy), &policy, err);
	if (r < 0)
		return r;
	const cof_sig_reqs *reqs = cof_sigpolicy_find(policy, &place, NULL);
	for (size_t i = 0; r == 0 && i < reqs->n; i++)
		for (size_t k = 0; r == 0 && k < reqs->list[i].n_keys; k++)
			r = add_key(in, &reqs->list[i].keys[k], s, err);
	return r;
}

static int take_policy(const cof_keeper_image *in, cof_buf *to, cof_err *err)
{
	COF_AUTO(cof_secret) text = {0};
	if (in->cdh->policy != NULL)
		return cof_buf_add_str(to, in->cdh->policy, err);
	if (in->cdh->policy_uri == NULL)
		return unnamed(err);
	int r = get(in, in->cdh->policy_uri, "the signature policy", &text, err);
	return r < 0 ? r : cof_buf_add(to, text.data, text.len, err);
}

int cof_keeper_signers(const cof_keeper_image *in, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_signers) s = {0};
	COF_AUTO(cof_buf) record = {0};
	int r = take_policy(in, &s.policy, err);
	if (r == 0)
		r = add_keys(in, &s, err);
	if (r == 0)
		r = cof_signers_encode(&s, &record, err);
	if (r == 0 && record.len > COF_KEEPER_RECORD_MAX)
		r = cof_err_set(err, COF_E_MALFORMED, "policy-too-large", "a signature policy with keys of %zu bytes",
				record.len);
	return r < 0 ? r : cof_secret_from(ret, cof_buf_span(&record), err);
}
