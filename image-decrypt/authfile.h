/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registry credentials as docker and podman keep them (config.json, containers-auth.json), from bytes: in a guest they
 * come from the key broker, never from the host. Nothing else in the file is looked at; helper programs are not run.
 *
 *	{"auths": {"HOST[:PORT][/NAME…]": {"auth": base64("USER:PASSWORD"), "identitytoken": "…"}}}
 *
 * source: docker/cli config file; containers-auth.json(5)
 */
#pragma once

#include "common/secret.h"
#include "image-decrypt/reference.h"

enum { COF_AUTHFILE_MAX = 1 << 20, COF_LOGIN_USER_MAX = 1024, COF_LOGIN_SECRET_MAX = 64 << 10 };

/* Who asks. All empty: nobody (anonymous). */
typedef struct cof_login {
	char *user;
	cof_secret password; /* of user */
	cof_secret identity; /* an OAuth2 refresh token that stands for the user; it goes to token servers alone */
} cof_login;

void cof_login_release(cof_login *l);
COF_DEFINE_AUTO(cof_login, cof_login_release)

bool cof_login_empty(const cof_login *l);
/* ret must be zeroed. Reason "auth-malformed" for a user with a colon or control characters, or one too long. */
COF_WUR int cof_login_set(cof_login *ret, cof_span user, cof_span password, cof_err *err);
/* ret must be zeroed. */
COF_WUR int cof_login_copy(cof_login *ret, const cof_login *from, cof_err *err);

/*
 * The login for an image: the entry whose key is the longest prefix (in whole components) of HOST/REPO. Hosts are
 * compared with their ports, exactly but for case; docker.io has its old names too, and "https://HOST/…" means HOST.
 * No entry: *ret stays empty, and that is success. ret must be zeroed. Reasons "auth-malformed",
 * "json-type", "auth-helper" (policy): the login exists, but a helper program holds it. No text quotes the file's
 * values.
 */
COF_WUR int cof_authfile_find(cof_span file, const cof_ref *ref, cof_login *ret, cof_err *err);
/* The same for a host that serves repo in another's place (a mirror). */
COF_WUR int cof_authfile_find_at(cof_span file, const char *host, const char *repo, cof_login *ret, cof_err *err);
