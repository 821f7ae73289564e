/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes: which an image can have, and which of a policy is the closest. */
#include <ctype.h>
#include <stdio.h>

#include "image-decrypt/sigpolicy_int.h"

typedef enum scope_form { FORM_NAME, FORM_PATH, FORM_NONE, FORM_ANY } scope_form;

static const struct {
	const char *name;
	scope_form form;
} transports[] = {
	{"docker", FORM_NAME},	     {"atomic", FORM_NAME},
	{"oci", FORM_PATH},	     {"oci-archive", FORM_PATH},
	{"dir", FORM_PATH},	     {"docker-archive", FORM_NONE},
	{"docker-daemon", FORM_ANY}, {"containers-storage", FORM_ANY},
	{"ostree", FORM_ANY},	     {"sif", FORM_PATH},
	{"tarball", FORM_NONE},
};

static size_t transport_at(const char *name)
{
	size_t i = 0;
	while (i < COF_COUNT(transports) && strcmp(transports[i].name, name) != 0)
		i++;
	return i;
}

bool cof_sigpolicy_transport_known(const char *transport)
{
	return transport_at(transport) < COF_COUNT(transports);
}

/* --- what can be a scope --- */

static bool label_chars(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '-' && s[i] != '.')
			return false;
	return n > 0 && s[0] != '.' && s[n - 1] != '.';
}

static bool wildcard_ok(const char *name)
{
	return label_chars(name + 2, strlen(name + 2));
}

/* HOST[:PORT] alone, or what the parser of names takes and leaves as it is, so that some image can have it. */
static bool name_ok(const char *name)
{
	char text[COF_REF_STR_MAX], back[COF_REF_STR_MAX];
	cof_ref ref;
	size_t host = strcspn(name, "/");
	int len = snprintf(text, sizeof text, "%s%s", name, name[host] == '\0' ? "/x/y" : "");
	if (host == 0 || len < 0 || (size_t)len >= sizeof text || cof_ref_parse(text, &ref, NULL) < 0)
		return false;
	if (strncmp(ref.host, text, host) != 0 || ref.host[host] != '\0')
		return false;
	cof_ref_str(&ref, back);
	/* "docker.io/busybox" is read as docker.io/library/busybox, and yet the parent of docker.io/busybox/x. */
	return strncmp(back, text, strlen(text)) == 0 ||
	       (strcmp(ref.host, "docker.io") == 0 && strpbrk(text, ":@") == NULL);
}

/* Absolute and clean; "/" is what "" says. */
static bool path_ok(const char *name)
{
	size_t n = strlen(name);
	if (name[0] != '/' || n >= COF_SIGPOLICY_SCOPE_MAX || name[n - 1] == '/')
		return false;
	for (const char *at = name; at != NULL; at = strchr(at, '/')) {
		at++;
		size_t len = strcspn(at, "/");
		if (len == 0 || (len == 1 && at[0] == '.') || (len == 2 && at[0] == '.' && at[1] == '.'))
			return false;
	}
	return true;
}

static bool scope_ok(scope_form form, const char *name)
{
	if (name[0] == '\0')
		return true;
	if (form == FORM_PATH)
		return path_ok(name);
	if (form == FORM_NAME)
		return strncmp(name, "*.", 2) == 0 ? wildcard_ok(name) : name_ok(name);
	return form == FORM_ANY && strlen(name) < COF_SIGPOLICY_SCOPE_MAX;
}

static void lower_host(char *name)
{
	for (; *name != '\0' && *name != '/'; name++)
		*name = (char)tolower((unsigned char)*name);
}

int cof_sigpolicy_scope_take(const char *transport, const char *name, cof_sigpolicy_scope *ret, cof_err *err)
{
	size_t at = transport_at(transport);
	if (at == COF_COUNT(transports) || !scope_ok(transports[at].form, name))
		return cof_err_set(err, COF_E_MALFORMED, "policy-malformed",
				   "signature policy: no image of '%.40s' can have the scope '%.100s'", transport,
				   name);
	ret->transport = transports[at].name;
	ret->name = strdup(name);
	if (ret->name == NULL)
		return cof_err_oom(err);
	if (transports[at].form == FORM_NAME)
		lower_host(ret->name);
	return 0;
}

/* --- the search --- */

static const cof_sigpolicy_scope *scope_named(const cof_sigpolicy *p, const char *transport, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->scopes[i].transport, transport) == 0 && strcmp(p->scopes[i].name, name) == 0)
			return &p->scopes[i];
	return NULL;
}

/* The name itself with its digest, then with its tag. Of a name with both, the digest says more. */
static const cof_sigpolicy_scope *exact_scope(const cof_sigpolicy *p, const char *transport, const cof_ref *ref)
{
	cof_ref by_digest = *ref, by_tag = *ref;
	const cof_sigpolicy_scope *s = NULL;
	char name[COF_REF_STR_MAX];
	by_digest.tag[0] = '\0';
	by_tag.has_digest = false;
	if (ref->has_digest) {
		cof_ref_str(&by_digest, name);
		lower_host(name);
		s = scope_named(p, transport, name);
	}
	if (s == NULL && ref->tag[0] != '\0') {
		cof_ref_str(&by_tag, name);
		lower_host(name);
		s = scope_named(p, transport, name);
	}
	return s;
}

/* *.DOMAIN of the host without its port, the longest first. */
static const cof_sigpolicy_scope *wildcard_scope(const cof_sigpolicy *p, const char *transport, char *host)
{
	char name[COF_REF_HOST_MAX + 3];
	host[strcspn(host, ":")] = '\0';
	for (const char *dot = strchr(host, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
		(void)snprintf(name, sizeof name, "*%s", dot);
		const cof_sigpolicy_scope *s = scope_named(p, transport, name);
		if (s != NULL)
			return s;
	}
	return NULL;
}

static const cof_sigpolicy_scope *by_name(const cof_sigpolicy *p, const char *transport, const cof_ref *ref)
{
	char name[COF_REF_STR_MAX];
	const cof_sigpolicy_scope *s = exact_scope(p, transport, ref);
	cof_ref_name(ref, name);
	lower_host(name);
	for (char *slash = name; s == NULL && slash != NULL;) {
		s = scope_named(p, transport, name);
		slash = strrchr(name, '/');
		if (slash != NULL)
			*slash = '\0';
	}
	return s != NULL ? s : wildcard_scope(p, transport, name);
}

/* PATH:REF, PATH, and its parents but not "/", which would say what the transport's "" says. */
static const cof_sigpolicy_scope *by_path(const cof_sigpolicy *p, const cof_sig_place *place)
{
	char name[COF_SIGPOLICY_SCOPE_MAX];
	const cof_sigpolicy_scope *s = NULL;
	int n = snprintf(name, sizeof name, "%s:%s", place->path, place->path_ref != NULL ? place->path_ref : "");
	if (n < 0 || (size_t)n >= sizeof name)
		return NULL;
	if (place->path_ref != NULL)
		s = scope_named(p, place->transport, name);
	name[strlen(place->path)] = '\0';
	while (s == NULL && name[0] == '/' && name[1] != '\0') {
		s = scope_named(p, place->transport, name);
		*strrchr(name, '/') = '\0';
	}
	return s;
}

const cof_sig_reqs *cof_sigpolicy_find(const cof_sigpolicy *p, const cof_sig_place *place,
				       char scope[COF_SIGPOLICY_SCOPE_MAX])
{
	const cof_sigpolicy_scope *s = NULL;
	size_t at = transport_at(place->transport);
	scope_form form = at < COF_COUNT(transports) ? transports[at].form : FORM_ANY;
	if (form == FORM_NAME && place->ref != NULL)
		s = by_name(p, place->transport, place->ref);
	else if (form == FORM_PATH && place->path != NULL)
		s = by_path(p, place);
	if (s == NULL)
		s = scope_named(p, place->transport, "");
	if (scope != NULL)
		(void)snprintf(scope, COF_SIGPOLICY_SCOPE_MAX, "%s%s%s", s != NULL ? s->transport : "",
			       s != NULL && s->name[0] != '\0' ? ":" : "", s != NULL ? s->name : "");
	return s != NULL ? &s->reqs : &p->fallback;
}

bool cof_sigpolicy_key_is_pem(cof_span key)
{
	static const char begin[] = "-----BEGIN ";
	static const char pgp[] = "-----BEGIN PGP ";
	return key.len >= sizeof pgp && strncmp((const char *)key.data, begin, sizeof begin - 1) == 0 &&
	       strncmp((const char *)key.data, pgp, sizeof pgp - 1) != 0;
}
