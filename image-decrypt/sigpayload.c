/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/sigpayload.h"

void cof_sigpayload_release(cof_sigpayload *p)
{
	free(p->identity);
	*p = (cof_sigpayload){0};
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "signature-malformed", "signed payload: %s", what);
}

/* An object that has exactly these members, each of them. */
static bool exactly(const json_t *v, const char *const *names)
{
	size_t n = 0;
	for (; names[n] != NULL; n++)
		if (json_object_get(v, names[n]) == NULL)
			return false;
	return json_is_object(v) && json_object_size(v) == n;
}

/* Anything may stand there beside these two, which have a type where they are. */
static bool optional_ok(const json_t *v, bool may_be_null)
{
	const json_t *creator = json_object_get(v, "creator"), *timestamp = json_object_get(v, "timestamp");
	if (json_is_null(v))
		return may_be_null;
	return json_is_object(v) && (creator == NULL || json_is_string(creator)) &&
	       (timestamp == NULL || json_is_integer(timestamp));
}

static int take_critical(const json_t *critical, const char *type, cof_sigpayload *p, cof_err *err)
{
	static const char *const members[] = {"type", "image", "identity", NULL};
	static const char *const image_members[] = {"docker-manifest-digest", NULL};
	static const char *const identity_members[] = {"docker-reference", NULL};
	const json_t *image = json_object_get(critical, "image"), *identity = json_object_get(critical, "identity");
	const char *found = NULL, *digest = NULL, *name = NULL;
	if (!exactly(critical, members) || !exactly(image, image_members) || !exactly(identity, identity_members))
		return malformed(err, "members of critical that are unknown or missing");
	if (cof_json_str(critical, "type", &found, err) < 0 || strcmp(found, type) != 0)
		return malformed(err, "its type is another");
	if (cof_json_str(image, "docker-manifest-digest", &digest, err) < 0 ||
	    cof_digest_parse(digest, &p->digest, err) < 0)
		return malformed(err, "the digest is none");
	if (cof_json_str(identity, "docker-reference", &name, err) < 0)
		return malformed(err, "docker-reference is no text");
	p->identity = strdup(name);
	return p->identity != NULL ? 0 : cof_err_oom(err);
}

int cof_sigpayload_parse(cof_span in, const char *type, cof_sigpayload *ret, cof_err *err)
{
	static const char *const members[] = {"critical", "optional", NULL};
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_sigpayload) p = {0};
	if (cof_json_parse(in, &doc, err) < 0 || !exactly(doc, members))
		return malformed(err, "not critical and optional alone, once each");
	if (!optional_ok(json_object_get(doc, "optional"), strcmp(type, COF_SIGPAYLOAD_COSIGN) == 0))
		return malformed(err, "optional");
	int r = take_critical(json_object_get(doc, "critical"), type, &p, err);
	if (r < 0)
		return r;
	*ret = p;
	p = (cof_sigpayload){0};
	return 0;
}

int cof_sigpayload_make(const cof_digest *digest, const char *identity, cof_buf *ret, cof_err *err)
{
	char text[COF_DIGEST_STR_MAX];
	cof_digest_str(digest, text);
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:{s:{s:s}, s:{s:s}, s:s}, s:n}", "critical", "identity", "docker-reference", identity,
			"image", "docker-manifest-digest", text, "type", COF_SIGPAYLOAD_COSIGN, "optional");
	return doc == NULL ? cof_err_oom(err) : cof_json_dump(doc, ret, err);
}
