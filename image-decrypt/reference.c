/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/reference.h"

#include <stdio.h>
#include <strings.h>

#define DOCKER "docker.io"
#define DOCKER_API "registry-1.docker.io"

/* spec: distribution-spec: path components [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* */
static bool lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool word(char c)
{
	return lower_alnum(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool separator_ok(const char *s, size_t n)
{
	if (n == 0 || (n == 1 && *s == '.') || (n == 1 && *s == '_') || (n == 2 && s[0] == '_' && s[1] == '_'))
		return true;
	for (size_t i = 0; i < n; i++)
		if (s[i] != '-')
			return false;
	return true;
}

static bool component_ok(const char *s, size_t n)
{
	if (n == 0 || !lower_alnum(s[0]) || !lower_alnum(s[n - 1]))
		return false;
	for (size_t i = 0; i < n;) {
		size_t from = i;
		while (i < n && !lower_alnum(s[i]))
			i++;
		if (!separator_ok(s + from, i - from))
			return false;
		while (i < n && lower_alnum(s[i]))
			i++;
	}
	return true;
}

static bool repo_ok(const char *s)
{
	for (;;) {
		size_t n = strcspn(s, "/");
		if (!component_ok(s, n))
			return false;
		if (s[n] == '\0')
			return true;
		s += n + 1;
	}
}

bool cof_ref_tag_ok(const char *tag)
{
	size_t n = strlen(tag);
	if (n == 0 || n > COF_REF_TAG_MAX || !word(tag[0]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!word(tag[i]) && tag[i] != '.' && tag[i] != '-')
			return false;
	return true;
}

static bool port_ok(const char *s)
{
	unsigned v = 0;
	size_t n = strlen(s);
	if (n == 0 || n > 5)
		return false;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (unsigned)(*s - '0');
	}
	return v > 0 && v <= 65535;
}

static bool label_ok(const char *s, size_t n)
{
	if (n == 0 || n > 63 || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (s[i] == '_' || (!word(s[i]) && s[i] != '-'))
			return false;
	return true;
}

/* A DNS name or IPv4 address, then perhaps a port; no user, no brackets: nothing that a URL could read otherwise. */
static bool host_ok(const char *s)
{
	size_t n = strcspn(s, ":");
	for (size_t at = 0; at <= n;) {
		size_t len = 0;
		while (at + len < n && s[at + len] != '.')
			len++;
		if (!label_ok(s + at, len))
			return false;
		at += len + 1;
	}
	return s[n] == '\0' || port_ok(s + n + 1);
}

static bool looks_like_host(const char *s, size_t n)
{
	return memchr(s, '.', n) != NULL || memchr(s, ':', n) != NULL ||
	       (n == strlen("localhost") && strncmp(s, "localhost", n) == 0);
}

static bool put(char *out, size_t max, const char *s, size_t n)
{
	if (n > max)
		return false;
	memcpy(out, s, n);
	out[n] = '\0';
	return true;
}

static bool docker_host(const char *host)
{
	return strcasecmp(host, DOCKER) == 0 || strcasecmp(host, "index.docker.io") == 0 ||
	       strcasecmp(host, DOCKER_API) == 0;
}

static int malformed(cof_err *err, const char *in)
{
	return cof_err_set(err, COF_E_MALFORMED, "reference-malformed", "'%.100s' is no image reference", in);
}

static bool set_host(const char *host, cof_ref *r)
{
	return docker_host(host) ? put(r->host, COF_REF_HOST_MAX, DOCKER, strlen(DOCKER))
				 : put(r->host, COF_REF_HOST_MAX, host, strlen(host)) && host_ok(r->host);
}

static bool set_repo(const char *repo, cof_ref *r)
{
	bool official = strcmp(r->host, DOCKER) == 0 && strchr(repo, '/') == NULL;
	int n = snprintf(r->repo, sizeof r->repo, "%s%s", official ? "library/" : "", repo);
	return n > 0 && (size_t)n < sizeof r->repo && repo_ok(r->repo) &&
	       strlen(r->host) + 1 + strlen(r->repo) <= COF_REF_REPO_MAX;
}

/* The name without tag and digest; *ret_short says that it has no host. */
static bool take_name(char *name, cof_ref *r, bool *ret_short)
{
	char *slash = strchr(name, '/');
	*ret_short = slash == NULL || !looks_like_host(name, (size_t)(slash - name));
	if (*ret_short)
		return set_host(DOCKER, r) && set_repo(name, r);
	*slash = '\0';
	return set_host(name, r) && set_repo(slash + 1, r);
}

/* Takes what is behind the name off it. */
static bool take_ends(char *name, cof_ref *r)
{
	char *at = strchr(name, '@');
	if (at != NULL) {
		*at = '\0';
		if (cof_digest_parse(at + 1, &r->digest, NULL) < 0)
			return false;
		r->has_digest = true;
	}
	char *slash = strrchr(name, '/');
	char *colon = strchr(slash != NULL ? slash : name, ':');
	if (colon != NULL) {
		*colon = '\0';
		return cof_ref_tag_ok(colon + 1) && put(r->tag, COF_REF_TAG_MAX, colon + 1, strlen(colon + 1));
	}
	return r->has_digest || put(r->tag, COF_REF_TAG_MAX, "latest", strlen("latest"));
}

static int parse(const char *in, bool docker, cof_ref *ret, cof_err *err)
{
	cof_ref r = {0};
	bool is_short = false;
	if (strlen(in) >= COF_REF_STR_MAX)
		return malformed(err, in);
	COF_AUTO_FREE char *name = strdup(in);
	if (name == NULL)
		return cof_err_oom(err);
	if (!take_ends(name, &r) || !take_name(name, &r, &is_short))
		return malformed(err, in);
	if (is_short && !docker)
		return cof_err_set(err, COF_E_POLICY, "reference-short",
				   "'%.100s' names no registry; write HOST/NAME (as in " DOCKER "/%.100s)", in, r.repo);
	*ret = r;
	return 0;
}

int cof_ref_parse(const char *in, cof_ref *ret, cof_err *err)
{
	return parse(in, false, ret, err);
}

int cof_ref_parse_docker(const char *in, cof_ref *ret, cof_err *err)
{
	return parse(in, true, ret, err);
}

void cof_ref_str(const cof_ref *r, char out[COF_REF_STR_MAX])
{
	char digest[COF_DIGEST_STR_MAX] = "";
	if (r->has_digest)
		cof_digest_str(&r->digest, digest);
	(void)snprintf(out, COF_REF_STR_MAX, "%s/%s%s%s%s%s", r->host, r->repo, r->tag[0] != '\0' ? ":" : "", r->tag,
		       r->has_digest ? "@" : "", digest);
}

void cof_ref_name(const cof_ref *r, char out[COF_REF_STR_MAX])
{
	(void)snprintf(out, COF_REF_STR_MAX, "%s/%s", r->host, r->repo);
}

void cof_ref_wanted(const cof_ref *r, char out[COF_DIGEST_STR_MAX])
{
	if (r->has_digest)
		cof_digest_str(&r->digest, out);
	else
		(void)snprintf(out, COF_DIGEST_STR_MAX, "%s", r->tag);
}

const char *cof_ref_api_host(const cof_ref *r)
{
	return strcmp(r->host, DOCKER) == 0 ? DOCKER_API : r->host;
}
