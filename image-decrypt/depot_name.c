/* SPDX-License-Identifier: Apache-2.0 */
/* "oci:DIR:REF@DIGEST" and its kin, taken apart. */
#include "image-decrypt/depot.h"

#include <stdio.h>

enum { PATH_TEXT_MAX = 4000, IMAGE_NUMBER_MAX = 4 };

static const struct {
	const char *word;
	cof_depot_kind kind;
} words[] = {
	{"oci:", COF_DEPOT_LAYOUT},
	{"oci-archive:", COF_DEPOT_OCI_ARCHIVE},
	{"docker-archive:", COF_DEPOT_DOCKER_ARCHIVE},
	{"docker://", COF_DEPOT_REGISTRY},
};

void cof_image_name_release(cof_image_name *n)
{
	free(n->path);
	*n = (cof_image_name){0};
}

static int refuse(const char *in, const char *why, cof_err *err)
{
	return cof_err_set(err, COF_E_USAGE, "image-name", "'%.100s': %s", in, why);
}

static bool alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* spec: OCI image-spec annotations.md "org.opencontainers.image.ref.name": words joined by one of -._:@/+ */
static bool tag_ok(const char *s)
{
	if (strlen(s) > COF_REF_TAG_MAX + COF_REF_REPO_MAX || !alnum(*s))
		return false;
	for (; *s != '\0'; s++)
		if (!alnum(*s) && strchr("-._:@/+", *s) == NULL)
			return false;
	return alnum(s[-1]);
}

/* "@N", the place in an archive of docker's. */
static bool number_ok(const char *s)
{
	if (s[0] != '@')
		return false;
	size_t n = strspn(s + 1, "0123456789");
	return n > 0 && n <= IMAGE_NUMBER_MAX && s[1 + n] == '\0';
}

static int take_path(const char *in, const char *from, size_t len, cof_image_name *n, cof_err *err)
{
	if (len == 0 || len > PATH_TEXT_MAX)
		return refuse(in, "it names no file or folder", err);
	n->path = cof_span_dup_str(cof_span_of(from, len));
	return n->path == NULL ? cof_err_oom(err) : 0;
}

/* Takes "@DIGEST" from the end; gives the length of what stands before it. */
static size_t take_digest(const char *s, cof_image_name *n)
{
	const char *at = strrchr(s, '@');
	n->has_digest = at != NULL && cof_digest_parse(at + 1, &n->digest, NULL) == 0;
	return n->has_digest ? (size_t)(at - s) : strlen(s);
}

/* PATH[:TAG][@DIGEST]; colon is where the path ends, or NULL. */
static int take_file(const char *in, const char *rest, const char *colon, cof_image_name *n, cof_err *err)
{
	size_t len = take_digest(rest, n);
	if (colon == NULL || colon >= rest + len)
		return take_path(in, rest, len, n, err);
	COF_AUTO_FREE char *tag = cof_span_dup_str(cof_span_of(colon + 1, len - (size_t)(colon + 1 - rest)));
	if (tag == NULL)
		return cof_err_oom(err);
	if (!tag_ok(tag) && !(n->kind == COF_DEPOT_DOCKER_ARCHIVE && number_ok(tag)))
		return refuse(in, "its tag is none", err);
	(void)snprintf(n->tag, sizeof n->tag, "%s", tag);
	return take_path(in, rest, (size_t)(colon - rest), n, err);
}

static int take_registry(const char *rest, cof_image_name *n, cof_err *err)
{
	int r = cof_ref_parse(rest, &n->registry, err);
	if (r < 0)
		return r;
	(void)snprintf(n->tag, sizeof n->tag, "%s", n->registry.tag);
	n->has_digest = n->registry.has_digest;
	n->digest = n->registry.digest;
	return 0;
}

/* LAYOUT[:TAG] keeps colons before its last slash: only the last part can have a tag. */
static int take_bare(const char *in, cof_image_name *n, cof_err *err)
{
	const char *slash = strrchr(in, '/');
	return take_file(in, in, strchr(slash != NULL ? slash : in, ':'), n, err);
}

int cof_image_name_parse(const char *in, cof_depot_kind bare, cof_image_name *ret, cof_err *err)
{
	COF_AUTO(cof_image_name) n = {.kind = bare};
	const char *rest = in;
	for (size_t i = 0; i < COF_COUNT(words) && rest == in; i++) {
		if (strncmp(in, words[i].word, strlen(words[i].word)) != 0)
			continue;
		n.kind = words[i].kind;
		rest = in + strlen(words[i].word);
	}
	int r = 0;
	if (n.kind == COF_DEPOT_REGISTRY)
		r = take_registry(rest, &n, err);
	else
		r = rest == in ? take_bare(in, &n, err) : take_file(in, rest, strchr(rest, ':'), &n, err);
	if (r < 0)
		return r;
	*ret = n;
	n = (cof_image_name){0};
	return 0;
}
