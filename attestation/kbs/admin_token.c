/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/admin_token.h"

#include <openssl/rand.h>

#include "common/digest.h"
#include "common/hex.h"
#include "common/json.h"
#include "common/rd.h"
#include "common/secret.h"

enum { JTI_MAX = 64, BEARER_MAX = 4096 };

struct cof_admin_used {
	struct {
		char jti[JTI_MAX + 1];
		int64_t exp;
	} row[COF_ADMIN_JTI_MAX];
};

typedef struct role {
	const char *name;
	bool changes; /* may call the routes that change something */
} role;

static const role roles[] = {{"admin", true}, {"auditor", false}};

int cof_admin_used_new(cof_admin_used **ret, cof_err *err)
{
	cof_admin_used *u = calloc(1, sizeof *u);
	if (u == NULL)
		return cof_err_oom(err);
	*ret = u;
	return 0;
}

void cof_admin_used_free(cof_admin_used *u)
{
	free(u);
}

static int bad_token(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_CRYPTO, "bad-token", "%s", what);
}

/* header '.' payload '.' signature */
static bool split(cof_span t, cof_span part[3], cof_span *ret_signed)
{
	cof_rd r = cof_rd_of(t);
	for (size_t i = 0; i < 3; i++) {
		size_t n = 0;
		while (n < r.left && r.at[n] != '.')
			n++;
		part[i] = cof_rd_bytes(&r, n);
		if (i < 2)
			cof_rd_skip(&r, 1);
	}
	*ret_signed = cof_span_of(t.data, part[0].len + 1 + part[1].len);
	return cof_rd_end(&r);
}

static int parse_part(cof_span b64, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int rc = cof_unb64url(b64, &text, err);
	return rc < 0 ? rc : cof_json_parse(cof_buf_span(&text), ret, err);
}

/* The algorithm is ours, not the header's: it only must not claim another one, or anything that we must understand. */
static int check_header(cof_span b64, cof_err *err)
{
	COF_AUTO_PTR(json_t) h = NULL;
	const char *alg = NULL;
	if (parse_part(b64, &h, NULL) < 0 || cof_json_str(h, "alg", &alg, NULL) < 0 || strcmp(alg, "ES256") != 0)
		return bad_token(err, "its header is not that of an ES256 token");
	return json_object_get(h, "crit") == NULL ? 0 : bad_token(err, "it has critical extensions");
}

static int check_times(const json_t *c, int64_t now, int64_t *ret_exp, cof_err *err)
{
	json_int_t exp = 0, nbf = 0;
	if (cof_json_int(c, "exp", 0, INT64_MAX / 2, &exp, NULL) < 0)
		return bad_token(err, "it does not say when it expires");
	if (now >= exp)
		return cof_err_set(err, COF_E_CRYPTO, "token-expired", "the admin token has expired");
	if (exp > now + COF_ADMIN_LIFE_MAX_S)
		return bad_token(err, "it lives longer than a day");
	for (const char *const *k = (const char *const[]){"iat", "nbf", NULL}; *k != NULL; k++)
		if (json_object_get(c, *k) != NULL &&
		    (cof_json_int(c, *k, 0, INT64_MAX / 2, &nbf, NULL) < 0 || nbf > now + COF_ADMIN_SKEW_S))
			return bad_token(err, "it is not valid yet");
	*ret_exp = exp;
	return 0;
}

static int check_role(const json_t *c, enum cof_kb_route route, char ret_role[16], cof_err *err)
{
	const char *name = NULL;
	if (cof_json_str(c, "role", &name, NULL) < 0)
		return cof_err_set(err, COF_E_POLICY, "role-denied", "the admin token has no role");
	for (size_t i = 0; i < COF_COUNT(roles); i++)
		if (strcmp(name, roles[i].name) == 0 && (roles[i].changes || route == COF_ROUTE_AUDIT)) {
			memcpy(ret_role, roles[i].name, strlen(roles[i].name) + 1);
			return 0;
		}
	return cof_err_set(err, COF_E_POLICY, "role-denied", "this role may not %s", cof_kb_route_name(route));
}

static int body_digest(cof_span body, char **ret, cof_err *err)
{
	uint8_t d[COF_SHA256_LEN];
	int rc = cof_sha256(body, d, err);
	if (rc < 0)
		return rc;
	*ret = cof_b64url_dup(cof_span_of(d, sizeof d));
	return *ret != NULL ? 0 : cof_err_oom(err);
}

/* Absent binds nothing; present must be equal. */
static bool claim_fits(const json_t *c, const char *key, cof_span want)
{
	const char *v = NULL;
	if (json_object_get(c, key) == NULL)
		return true;
	return cof_json_str(c, key, &v, NULL) == 0 && cof_ct_equal(cof_span_str(v), want);
}

static int check_call(const json_t *c, const cof_admin_call *call, cof_err *err)
{
	COF_AUTO_FREE char *digest = NULL;
	int rc = body_digest(call->body, &digest, err);
	if (rc < 0)
		return rc;
	if (claim_fits(c, "htm", cof_span_str(cof_kb_route_method(call->route))) && claim_fits(c, "htu", call->path) &&
	    claim_fits(c, "body_sha256", cof_span_str(digest)))
		return 0;
	return cof_err_set(err, COF_E_POLICY, "token-other-call", "the admin token was made for another call");
}

static int check_once(cof_admin_used *u, const json_t *c, int64_t now, int64_t exp, cof_err *err)
{
	const char *jti = NULL;
	if (json_object_get(c, "jti") == NULL)
		return 0;
	if (cof_json_str(c, "jti", &jti, NULL) < 0 || strlen(jti) == 0 || strlen(jti) > JTI_MAX)
		return bad_token(err, "its number");
	size_t room = COF_ADMIN_JTI_MAX;
	for (size_t i = 0; i < COF_ADMIN_JTI_MAX; i++) {
		if (u->row[i].exp <= now)
			room = i;
		else if (strcmp(u->row[i].jti, jti) == 0)
			return cof_err_set(err, COF_E_CRYPTO, "token-replayed", "this admin token was used before");
	}
	if (room == COF_ADMIN_JTI_MAX)
		return cof_err_set(err, COF_E_UNAVAILABLE, "too-many-admin-calls", "try again later");
	memcpy(u->row[room].jti, jti, strlen(jti) + 1);
	u->row[room].exp = exp;
	return 0;
}

static int check_signed(EVP_PKEY *key, cof_span bearer, json_t **ret, cof_err *err)
{
	cof_span part[3], text;
	COF_AUTO(cof_buf) sig = {0};
	if (bearer.len > BEARER_MAX || !split(bearer, part, &text) || cof_unb64url(part[2], &sig, NULL) < 0)
		return bad_token(err, "not a compact JWT");
	int rc = cof_es256_verify(key, text, cof_buf_span(&sig), err);
	if (rc == 0)
		rc = check_header(part[0], err);
	if (rc == 0 && parse_part(part[1], ret, NULL) < 0)
		rc = bad_token(err, "its claims are not JSON");
	return rc;
}

int cof_admin_check(EVP_PKEY *key, cof_admin_used *used, cof_span bearer, const cof_admin_call *call, int64_t now,
		    char ret_role[16], cof_err *err)
{
	COF_AUTO_PTR(json_t) c = NULL;
	int64_t exp = 0;
	char role_name[16] = "";
	int rc = check_signed(key, bearer, &c, err);
	if (rc == 0)
		rc = check_times(c, now, &exp, err);
	if (rc == 0)
		rc = check_role(c, call->route, role_name, err);
	if (rc == 0)
		rc = check_call(c, call, err);
	if (rc == 0)
		rc = check_once(used, c, now, exp, err);
	if (rc == 0)
		memcpy(ret_role, role_name, sizeof role_name);
	return rc;
}

static int set_call(json_t *c, const cof_admin_call *call, cof_err *err)
{
	uint8_t raw[16];
	char jti[2 * sizeof raw + 1];
	COF_AUTO_FREE char *digest = NULL;
	COF_AUTO_FREE char *path = cof_span_dup_str(call->path);
	if (path == NULL)
		return cof_err_oom(err);
	if (RAND_bytes(raw, sizeof raw) != 1)
		return cof_err_set(err, COF_E_INTERNAL, "no-random", "the random number generator failed");
	cof_hex(cof_span_of(raw, sizeof raw), jti);
	int rc = body_digest(call->body, &digest, err);
	if (rc == 0)
		rc = cof_json_set_str(c, "jti", jti, err);
	if (rc == 0)
		rc = cof_json_set_str(c, "htm", cof_kb_route_method(call->route), err);
	if (rc == 0)
		rc = cof_json_set_str(c, "htu", path, err);
	return rc < 0 ? rc : cof_json_set_str(c, "body_sha256", digest, err);
}

static int add_b64url(cof_buf *to, cof_span in, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_b64url_dup(in);
	return text != NULL ? cof_buf_add_str(to, text, err) : cof_err_oom(err);
}

static int sign_claims(EVP_PKEY *key, const json_t *claims, cof_buf *ret, cof_err *err)
{
	static const char header[] = "{\"alg\":\"ES256\",\"typ\":\"JWT\"}";
	COF_AUTO(cof_buf) payload = {0};
	uint8_t sig[COF_ES256_LEN];
	int rc = cof_json_dump(claims, &payload, err);
	if (rc == 0)
		rc = add_b64url(ret, cof_span_str(header), err);
	if (rc == 0)
		rc = cof_buf_add_str(ret, ".", err);
	if (rc == 0)
		rc = add_b64url(ret, cof_buf_span(&payload), err);
	if (rc == 0)
		rc = cof_es256_sign(key, cof_buf_span(ret), sig, err);
	if (rc == 0)
		rc = cof_buf_add_str(ret, ".", err);
	return rc < 0 ? rc : add_b64url(ret, cof_span_of(sig, sizeof sig), err);
}

int cof_admin_sign(EVP_PKEY *key, const char *role_name, const cof_admin_call *call, int64_t now, cof_buf *ret,
		   cof_err *err)
{
	COF_AUTO_PTR(json_t) c = json_object();
	COF_AUTO(cof_buf) out = {0};
	if (c == NULL)
		return cof_err_oom(err);
	int rc = cof_json_set_str(c, "role", role_name, err);
	if (rc == 0)
		rc = cof_json_set_new(c, "iat", json_integer(now), err);
	if (rc == 0)
		rc = cof_json_set_new(c, "exp", json_integer(now + COF_ADMIN_CALL_LIFE_S), err);
	if (rc == 0)
		rc = set_call(c, call, err);
	if (rc == 0)
		rc = sign_claims(key, c, &out, err);
	return rc < 0 ? rc : cof_buf_add(ret, out.data, out.len, err);
}
