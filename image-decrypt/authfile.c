/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/authfile.h"

#include <strings.h>

#include "common/hex.h"
#include "common/json.h"

/* --- logins --- */

void cof_login_release(cof_login *l)
{
	free(l->user);
	cof_secret_release(&l->password);
	cof_secret_release(&l->identity);
	*l = (cof_login){0};
}

bool cof_login_empty(const cof_login *l)
{
	return l->user == NULL && l->identity.len == 0;
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "auth-malformed", "%s", what);
}

/* A colon would move the border between user and password. */
static bool user_ok(cof_span user)
{
	for (size_t i = 0; i < user.len; i++)
		if (user.data[i] < 0x20 || user.data[i] == 0x7f || user.data[i] == ':')
			return false;
	return user.len > 0 && user.len <= COF_LOGIN_USER_MAX;
}

static int set_secret(cof_secret *to, cof_span bytes, cof_err *err)
{
	if (bytes.len > COF_LOGIN_SECRET_MAX)
		return malformed(err, "a password or token is too long");
	return bytes.len == 0 ? 0 : cof_secret_from(to, bytes, err);
}

int cof_login_set(cof_login *ret, cof_span user, cof_span password, cof_err *err)
{
	COF_AUTO(cof_login) l = {0};
	if (!user_ok(user))
		return malformed(err, "a user name that cannot be one");
	l.user = cof_span_dup_str(user);
	int r = l.user == NULL ? cof_err_oom(err) : set_secret(&l.password, password, err);
	if (r < 0)
		return r;
	*ret = l;
	l = (cof_login){0};
	return 0;
}

int cof_login_copy(cof_login *ret, const cof_login *from, cof_err *err)
{
	COF_AUTO(cof_login) l = {0};
	int r = 0;
	if (from->user != NULL)
		r = cof_login_set(&l, cof_span_str(from->user), cof_secret_span(&from->password), err);
	if (r == 0)
		r = set_secret(&l.identity, cof_secret_span(&from->identity), err);
	if (r < 0)
		return r;
	*ret = l;
	l = (cof_login){0};
	return 0;
}

/* --- one entry --- */

/* "USER:PASSWORD"; docker writes zero bytes behind it, which are not the password's. */
static int take_pair(cof_span pair, cof_login *ret, cof_err *err)
{
	const uint8_t *colon = memchr(pair.data, ':', pair.len);
	if (pair.len == 0 || colon == NULL)
		return malformed(err, "no USER:PASSWORD");
	size_t n = (size_t)(colon - pair.data);
	cof_span password = {colon + 1, pair.len - n - 1};
	while (password.len > 0 && password.data[password.len - 1] == 0)
		password.len--;
	return cof_login_set(ret, (cof_span){pair.data, n}, password, err);
}

static int take_auth(const char *text, cof_login *ret, cof_err *err)
{
	COF_AUTO(cof_buf) pair = {0};
	int r = cof_unb64(cof_span_str(text), &pair, err);
	if (r < 0)
		r = malformed(err, "\"auth\" is not base64");
	else
		r = take_pair(cof_buf_span(&pair), ret, err);
	cof_buf_wipe(&pair);
	return r;
}

static int take_login(const json_t *entry, cof_login *ret, cof_err *err)
{
	const char *auth = NULL, *user = NULL, *password = NULL;
	int r = cof_json_opt_str(entry, "auth", &auth, err);
	if (r == 0)
		r = cof_json_opt_str(entry, "username", &user, err);
	if (r == 0)
		r = cof_json_opt_str(entry, "password", &password, err);
	if (r < 0)
		return r;
	if (auth != NULL && auth[0] != '\0')
		return take_auth(auth, ret, err);
	if (user == NULL || user[0] == '\0')
		return 0;
	return cof_login_set(ret, cof_span_str(user), cof_span_str(password != NULL ? password : ""), err);
}

static int take_entry(const json_t *entry, const char *key, cof_login *ret, cof_err *err)
{
	const char *identity = NULL;
	int r = cof_json_opt_str(entry, "identitytoken", &identity, err);
	if (r == 0 && identity != NULL)
		r = set_secret(&ret->identity, cof_span_str(identity), err);
	/* Beside an identity token there often is a placeholder of a user without a password. */
	if (r == 0 && ret->identity.len == 0)
		r = take_login(entry, ret, err);
	if (r == 0 && cof_login_empty(ret))
		r = cof_err_set(err, COF_E_POLICY, "auth-helper",
				"the login is kept by a helper program, and none is run");
	return r < 0 ? cof_err_wrap(err, "\"%.100s\" in the auth file", key) : 0;
}

/* --- which entry --- */

static bool docker_name(const char *host, size_t n)
{
	static const char *const names[] = {"docker.io", "index.docker.io", "registry-1.docker.io"};
	for (size_t i = 0; i < COF_COUNT(names); i++)
		if (strlen(names[i]) == n && strncasecmp(names[i], host, n) == 0)
			return true;
	return false;
}

static bool same_host(const char *key, size_t n, const char *host)
{
	return (strlen(host) == n && strncasecmp(key, host, n) == 0) ||
	       (docker_name(key, n) && docker_name(host, strlen(host)));
}

/* How well a key fits: 0: not at all, more for more of the name. The older URL form is the host's, whatever its path,
 * and gives way to the newer. */
static size_t fit(const char *key, const char *host, const char *repo)
{
	enum { OLD = 1, PLAIN = 2 };
	const char *old = strstr(key, "://");
	const char *from = old != NULL ? old + 3 : key;
	size_t n = strcspn(from, "/");
	if (!same_host(from, n, host))
		return 0;
	if (old != NULL)
		return strncasecmp(key, "https://", 8) == 0 ? OLD : 0;
	const char *path = from[n] == '/' ? from + n + 1 : "";
	size_t len = strlen(path);
	if (len == 0)
		return PLAIN;
	bool inside = strncmp(repo, path, len) == 0 && (repo[len] == '\0' || repo[len] == '/');
	return inside ? PLAIN + len : 0;
}

static const char *best_key(json_t *table, const char *host, const char *repo, size_t *ret_fit)
{
	const char *key = NULL, *best = NULL;
	json_t *entry = NULL;
	*ret_fit = 0;
	json_object_foreach (table, key, entry) {
		size_t f = fit(key, host, repo);
		if (f > *ret_fit) {
			*ret_fit = f;
			best = key;
		}
	}
	return best;
}

static int optional_table(const json_t *doc, const char *key, json_t **ret, cof_err *err)
{
	*ret = NULL;
	return json_object_get(doc, key) == NULL ? 0 : cof_json_obj(doc, key, ret, err);
}

static int find(const json_t *doc, const char *host, const char *repo, cof_login *ret, cof_err *err)
{
	json_t *auths = NULL, *helpers = NULL;
	size_t of_auths = 0, of_helpers = 0;
	int r = optional_table(doc, "auths", &auths, err);
	if (r == 0)
		r = optional_table(doc, "credHelpers", &helpers, err);
	if (r < 0)
		return r;
	const char *key = best_key(auths, host, repo, &of_auths);
	const char *helper = best_key(helpers, host, repo, &of_helpers);
	if (helper != NULL && of_helpers > of_auths)
		return take_entry(helpers, helper, ret, err);
	json_t *entry = NULL;
	if (key == NULL)
		return 0;
	r = cof_json_obj(auths, key, &entry, err);
	return r < 0 ? r : take_entry(entry, key, ret, err);
}

int cof_authfile_find_at(cof_span file, const char *host, const char *repo, cof_login *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_login) l = {0};
	if (file.len > COF_AUTHFILE_MAX)
		return malformed(err, "an auth file that is too large");
	/* The parser's own words may quote what stands beside the mistake. */
	if (cof_json_parse(file, &doc, NULL) < 0)
		return malformed(err, "the auth file is not JSON");
	int r = find(doc, host, repo, &l, err);
	if (r < 0)
		return r;
	*ret = l;
	l = (cof_login){0};
	return 0;
}

int cof_authfile_find(cof_span file, const cof_ref *ref, cof_login *ret, cof_err *err)
{
	return cof_authfile_find_at(file, ref->host, ref->repo, ret, err);
}
