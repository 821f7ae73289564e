/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/sigidentity.h"

#include <stdio.h>

void cof_sig_identity_release(cof_sig_identity *i)
{
	free(i->name);
	free(i->signed_prefix);
	*i = (cof_sig_identity){0};
}

/* --- reading a rule --- */

static const struct {
	const char *type;
	cof_sig_match match;
	const char *name, *second; /* its members beside the type */
} rules[] = {
	{"matchExact", COF_SIG_MATCH_EXACT, NULL, NULL},
	{"matchRepoDigestOrExact", COF_SIG_MATCH_REPO_DIGEST_OR_EXACT, NULL, NULL},
	{"matchRepository", COF_SIG_MATCH_REPOSITORY, NULL, NULL},
	{"exactReference", COF_SIG_EXACT_REFERENCE, "dockerReference", NULL},
	{"exactRepository", COF_SIG_EXACT_REPOSITORY, "dockerRepository", NULL},
	{"remapIdentity", COF_SIG_REMAP_IDENTITY, "prefix", "signedPrefix"},
	{"cofferDigestOnly", COF_SIG_DIGEST_ONLY, NULL, NULL},
};

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "policy-malformed", "signedIdentity: %s", what);
}

/* A name as people write it. bare: neither tag nor digest was in it; the parser would add "latest". */
typedef struct named {
	cof_ref ref;
	bool bare;
} named;

static bool is_bare(const char *text)
{
	const char *slash = strrchr(text, '/');
	return strpbrk(slash != NULL ? slash : text, ":@") == NULL;
}

/* As signers write names: docker.io may be left out, or be called by its old name. */
static bool read_name(const char *text, named *ret)
{
	if (cof_ref_parse_docker(text, &ret->ref, NULL) < 0)
		return false;
	ret->bare = is_bare(text);
	if (ret->bare)
		ret->ref.tag[0] = '\0';
	return true;
}

/* A host, or a name without tag and digest. */
static bool prefix_ok(const char *text)
{
	named n;
	char as_name[COF_REF_STR_MAX];
	if (strchr(text, '/') != NULL)
		return read_name(text, &n) && n.bare;
	int len = snprintf(as_name, sizeof as_name, "%s/x", text);
	return len > 0 && (size_t)len < sizeof as_name && read_name(as_name, &n) && strcmp(n.ref.host, text) == 0;
}

static bool names_ok(const cof_sig_identity *i)
{
	named n;
	switch (i->match) {
	case COF_SIG_EXACT_REFERENCE:
		return read_name(i->name, &n) && !n.bare;
	case COF_SIG_EXACT_REPOSITORY:
		return read_name(i->name, &n) && n.bare;
	case COF_SIG_REMAP_IDENTITY:
		return prefix_ok(i->name) && prefix_ok(i->signed_prefix);
	default:
		return true;
	}
}

static int take_member(const json_t *v, const char *key, char **ret, cof_err *err)
{
	const char *text = NULL;
	if (key == NULL)
		return 0;
	if (cof_json_str(v, key, &text, err) < 0)
		return malformed(err, key);
	*ret = strdup(text);
	return *ret != NULL ? 0 : cof_err_oom(err);
}

static int take_rule(const json_t *v, size_t at, cof_sig_identity *i, cof_err *err)
{
	const char *known[] = {"type", rules[at].name, rules[at].second, NULL};
	i->match = rules[at].match;
	if (cof_json_only(v, known, err) < 0)
		return malformed(err, "a member that its type does not have");
	int r = take_member(v, rules[at].name, &i->name, err);
	if (r == 0)
		r = take_member(v, rules[at].second, &i->signed_prefix, err);
	if (r == 0 && !names_ok(i))
		r = malformed(err, "a name that no image can have");
	return r;
}

int cof_sig_identity_parse(const json_t *v, cof_sig_identity *ret, cof_err *err)
{
	const char *type = NULL;
	if (v == NULL) {
		*ret = (cof_sig_identity){.match = COF_SIG_MATCH_REPO_DIGEST_OR_EXACT};
		return 0;
	}
	if (!json_is_object(v) || cof_json_str(v, "type", &type, err) < 0)
		return malformed(err, "no object with a type");
	for (size_t i = 0; i < COF_COUNT(rules); i++) {
		COF_AUTO(cof_sig_identity) made = {0};
		if (strcmp(type, rules[i].type) != 0)
			continue;
		int r = take_rule(v, i, &made, err);
		if (r < 0)
			return r;
		*ret = made;
		made = (cof_sig_identity){0};
		return 0;
	}
	return malformed(err, "an unknown type");
}

/* --- comparing --- */

static bool same_repo(const named *a, const named *b)
{
	return strcasecmp(a->ref.host, b->ref.host) == 0 && strcmp(a->ref.repo, b->ref.repo) == 0;
}

/* Names with neither tag nor digest are not exact, and never the same as anything. */
static bool same_exactly(const named *a, const named *b)
{
	if (a->bare || b->bare || !same_repo(a, b) || strcmp(a->ref.tag, b->ref.tag) != 0)
		return false;
	return a->ref.has_digest == b->ref.has_digest &&
	       (!a->ref.has_digest || cof_digest_equal(&a->ref.digest, &b->ref.digest));
}

/* Pulled by digest alone, there is no tag to compare; the signature covers the digest anyway. */
static bool repo_digest_or_exact(const named *asked, const named *found)
{
	if (found->bare || asked->bare)
		return false;
	return asked->ref.tag[0] != '\0' ? same_exactly(asked, found) : same_repo(asked, found);
}

/* HOST, HOST/A or HOST/A/B as prefix of HOST/A/B/C: at a slash only, or the whole. */
static bool remap(const cof_sig_identity *i, const named *asked, named *ret)
{
	char name[COF_REF_STR_MAX], text[2 * COF_REF_STR_MAX];
	size_t n = strlen(i->name);
	cof_ref_name(&asked->ref, name);
	*ret = *asked;
	if (strncmp(name, i->name, n) != 0 || (name[n] != '/' && name[n] != '\0'))
		return true;
	int len = snprintf(text, sizeof text, "%s%s", i->signed_prefix, name + n);
	if (len < 0 || (size_t)len >= sizeof text || !read_name(text, ret))
		return false;
	ret->bare = asked->bare;
	ret->ref.has_digest = asked->ref.has_digest;
	ret->ref.digest = asked->ref.digest;
	memcpy(ret->ref.tag, asked->ref.tag, sizeof ret->ref.tag);
	return true;
}

static bool remapped(const cof_sig_identity *i, const named *asked, const named *found)
{
	named to;
	return remap(i, asked, &to) && repo_digest_or_exact(&to, found);
}

/* Of a name with both, the tag is what can differ: every accepted signature is over the digest of the image. */
static void drop_covered_digest(named *n)
{
	if (n->ref.tag[0] != '\0')
		n->ref.has_digest = false;
}

static bool against_asked(const cof_sig_identity *i, const named *asked, const named *found)
{
	switch (i->match) {
	case COF_SIG_MATCH_EXACT:
		return same_exactly(asked, found);
	case COF_SIG_MATCH_REPO_DIGEST_OR_EXACT:
		return repo_digest_or_exact(asked, found);
	case COF_SIG_MATCH_REPOSITORY:
		return same_repo(asked, found);
	case COF_SIG_REMAP_IDENTITY:
		return remapped(i, asked, found);
	case COF_SIG_MATCH_NAMED:
		return found->bare || asked->bare ? same_repo(asked, found) : repo_digest_or_exact(asked, found);
	default:
		return false;
	}
}

static bool holds(const cof_sig_identity *i, const cof_ref *asked, named *found)
{
	named want;
	char text[COF_REF_STR_MAX];
	if (i->match == COF_SIG_EXACT_REFERENCE)
		return read_name(i->name, &want) && same_exactly(&want, found);
	if (i->match == COF_SIG_EXACT_REPOSITORY)
		return read_name(i->name, &want) && same_repo(&want, found);
	if (asked == NULL)
		return i->match == COF_SIG_MATCH_NAMED;
	cof_ref_str(asked, text);
	if (!read_name(text, &want))
		return false;
	drop_covered_digest(&want);
	drop_covered_digest(found);
	return against_asked(i, &want, found);
}

int cof_sig_identity_check(const cof_sig_identity *i, const cof_ref *asked, const char *signed_name, cof_err *err)
{
	named found;
	char want[COF_REF_STR_MAX] = "this image";
	if (i->match == COF_SIG_DIGEST_ONLY || (signed_name == NULL && i->match == COF_SIG_MATCH_NAMED))
		return 0;
	if (signed_name == NULL)
		return cof_err_set(err, COF_E_POLICY, "signature-identity",
				   "it gives no name, and the policy wants one");
	if (read_name(signed_name, &found) && holds(i, asked, &found))
		return 0;
	if (asked != NULL)
		cof_ref_str(asked, want);
	return cof_err_set(err, COF_E_POLICY, "signature-identity", "it was made for '%.100s', not for %.100s",
			   signed_name, want);
}
