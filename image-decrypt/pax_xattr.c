/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extended attributes in pax records: "SCHILY.xattr.NAME" with the value as it is, and "LIBARCHIVE.xattr.NAME" with the
 * name percent-encoded and the value in base64 without padding. POSIX ACLs have records of their own, "SCHILY.acl.",
 * which no peer applies and neither do we: what they say of others than owner and group is lost, as it is there.
 *
 * spec: star(4); libarchive tar(5), "Pax Interchange Format"
 */
#include "common/hex.h"
#include "image-decrypt/pax_int.h"

#define SCHILY "SCHILY.xattr."
#define LIBARCHIVE "LIBARCHIVE.xattr."

static bool same(cof_span a, cof_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Takes over name and own. */
static int add(cof_pax *p, char *name, cof_span v, cof_buf *own, cof_err *err)
{
	COF_AUTO_FREE char *text = name;
	for (size_t i = 0; i < p->n_xattrs; i++)
		if (strcmp(p->xattrs[i].name, text) == 0)
			return same(p->xattrs[i].value, v) ? 0 : cof_pax_bad(err, "an attribute with two values");
	if (p->n_xattrs == COF_PAX_XATTRS_MAX || v.len > COF_PAX_XATTR_VALUE_MAX)
		return cof_pax_bad(err, "too many or too large attributes");
	p->xattrs[p->n_xattrs++] = (cof_tar_xattr){cof_steal(&text), v, *own};
	*own = (cof_buf){0};
	return 0;
}

static int take_schily(cof_pax *p, cof_span name, cof_span v, cof_err *err)
{
	cof_buf none = {0};
	char *text = memchr(name.data, '\0', name.len) == NULL ? cof_span_dup_str(name) : NULL;
	return text == NULL ? cof_pax_bad(err, "an attribute's name") : add(p, text, v, &none, err);
}

/* NULL: "%" without two digits, or a NUL. */
static char *percent_decode(cof_span in)
{
	COF_AUTO_FREE char *out = calloc(1, in.len + 1);
	size_t n = 0;
	for (size_t i = 0; out != NULL && i < in.len; i++, n++) {
		out[n] = (char)in.data[i];
		if (out[n] == '%') {
			if (in.len - i < 3 || cof_unhex_span(cof_span_of(in.data + i + 1, 2), out + n, 1, NULL) < 0)
				return NULL;
			i += 2;
		}
		if (out[n] == '\0')
			return NULL;
	}
	return cof_steal(&out);
}

static int unpadded_b64(cof_span in, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int r = cof_buf_add(&text, in.data, in.len, err);
	while (r == 0 && text.len % 4 != 0)
		r = cof_buf_add_str(&text, "=", err);
	if (r == 0 && cof_unb64(cof_buf_span(&text), ret, NULL) < 0)
		r = cof_pax_bad(err, "an attribute that is no base64");
	return r;
}

static int take_libarchive(cof_pax *p, cof_span name, cof_span v, cof_err *err)
{
	COF_AUTO(cof_buf) value = {0};
	int r = unpadded_b64(v, &value, err);
	if (r < 0)
		return r;
	char *text = percent_decode(name);
	return text == NULL ? cof_pax_bad(err, "an attribute's name") : add(p, text, cof_buf_span(&value), &value, err);
}

int cof_pax_xattr(cof_pax *p, cof_span key, cof_span v, bool *ret_taken, cof_err *err)
{
	static const struct {
		const char *prefix;
		int (*take)(cof_pax *p, cof_span name, cof_span v, cof_err *err);
	} kinds[] = {{SCHILY, take_schily}, {LIBARCHIVE, take_libarchive}};
	*ret_taken = false;
	for (size_t i = 0; i < COF_COUNT(kinds); i++) {
		size_t n = strlen(kinds[i].prefix);
		if (!cof_pax_begins(key, kinds[i].prefix))
			continue;
		*ret_taken = true;
		return kinds[i].take(p, cof_span_of(key.data + n, key.len - n), v, err);
	}
	return 0;
}
