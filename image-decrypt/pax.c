/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/pax_int.h"

#define SPARSE "GNU.sparse."

enum { SPARSE_BLOCK = 512 };

void cof_sparse_release(cof_sparse *s)
{
	free(s->parts);
	*s = (cof_sparse){0};
}

static void xattr_release(cof_tar_xattr *x)
{
	free(x->name);
	cof_buf_release(&x->own);
}

void cof_pax_release(cof_pax *p)
{
	free(p->path);
	free(p->link);
	free(p->sparse_name);
	for (size_t i = 0; i < p->n_xattrs; i++)
		xattr_release(&p->xattrs[i]);
	cof_sparse_release(&p->map);
	*p = (cof_pax){0};
}

int cof_pax_bad(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "tar-pax", "extended header: %s", what);
}

static int bad_sparse(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "tar-sparse", "sparse file: %s", what);
}

bool cof_pax_decimal(cof_span s, uint64_t *ret)
{
	uint64_t v = 0;
	if (s.len == 0 || s.len > 19)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.data[i] - '0');
	}
	if (v > INT64_MAX)
		return false;
	*ret = v;
	return true;
}

int cof_sparse_add(cof_sparse *s, uint64_t offset, uint64_t len, cof_err *err)
{
	if (s->n == COF_SPARSE_MAX)
		return bad_sparse(err, "too many parts");
	if (offset > INT64_MAX || len > INT64_MAX - offset)
		return bad_sparse(err, "a part beyond any file");
	if (s->n > 0 && offset < s->parts[s->n - 1].offset + s->parts[s->n - 1].len)
		return bad_sparse(err, "parts overlap or are out of order");
	if (s->n == s->room) {
		size_t room = s->room == 0 ? 16 : 2 * s->room;
		cof_sparse_part *parts = reallocarray(s->parts, room, sizeof *parts);
		if (parts == NULL)
			return cof_err_oom(err);
		s->parts = parts;
		s->room = room;
	}
	s->parts[s->n++] = (cof_sparse_part){offset, len};
	return 0;
}

int cof_sparse_check(const cof_sparse *s, uint64_t stored, cof_err *err)
{
	uint64_t sum = 0, end = 0;
	for (size_t i = 0; i < s->n; i++) {
		/* GNU tar, which writes whole blocks, begins each part at one; others go on where the last one ended.
		 */
		if (sum % SPARSE_BLOCK != 0 && s->parts[i].len > 0)
			return bad_sparse(err, "a part that ends within a block");
		end = s->parts[i].offset + s->parts[i].len;
		sum += s->parts[i].len;
	}
	if (end > s->real_size)
		return bad_sparse(err, "a part behind the file's end");
	/* A hole at the end has a part of no bytes behind it; without that GNU tar makes a shorter file than others. */
	if (end < s->real_size)
		return bad_sparse(err, "a map that ends before the file");
	return sum == stored ? 0 : bad_sparse(err, "the map is not as long as the data");
}

static int take_text(char **to, cof_span v, cof_err *err)
{
	if (*to != NULL)
		return cof_pax_bad(err, "a member twice");
	if (v.len == 0 || memchr(v.data, '\0', v.len) != NULL)
		return cof_pax_bad(err, "an empty name, or one with a NUL");
	*to = cof_span_dup_str(v);
	return *to == NULL ? cof_err_oom(err) : 0;
}

static int take_number(bool *has, uint64_t *to, cof_span v, uint64_t max, cof_err *err)
{
	uint64_t n = 0;
	if (*has)
		return cof_pax_bad(err, "a member twice");
	if (!cof_pax_decimal(v, &n) || n > max)
		return cof_pax_bad(err, "not a number in its range");
	*has = true;
	*to = n;
	return 0;
}

static int on_path(cof_pax *p, cof_span v, cof_err *err)
{
	return take_text(&p->path, v, err);
}

static int on_link(cof_pax *p, cof_span v, cof_err *err)
{
	return take_text(&p->link, v, err);
}

static int on_size(cof_pax *p, cof_span v, cof_err *err)
{
	return take_number(&p->has_size, &p->size, v, INT64_MAX, err);
}

static int on_uid(cof_pax *p, cof_span v, cof_err *err)
{
	uint64_t n = 0;
	int r = take_number(&p->has_uid, &n, v, UINT32_MAX - 1, err);
	p->uid = (uint32_t)n;
	return r;
}

static int on_gid(cof_pax *p, cof_span v, cof_err *err)
{
	uint64_t n = 0;
	int r = take_number(&p->has_gid, &n, v, UINT32_MAX - 1, err);
	p->gid = (uint32_t)n;
	return r;
}

/* Digits behind the point as nanoseconds; more than nine are cut. */
static bool fraction(cof_span s, uint32_t *ret)
{
	uint32_t v = 0;
	for (size_t i = 0; i < 9; i++) {
		if (i < s.len && (s.data[i] < '0' || s.data[i] > '9'))
			return false;
		v = v * 10 + (i < s.len ? (uint32_t)(s.data[i] - '0') : 0);
	}
	*ret = v;
	return true;
}

static int on_mtime(cof_pax *p, cof_span v, cof_err *err)
{
	uint64_t whole = 0;
	uint32_t ns = 0;
	bool negative = v.len > 0 && v.data[0] == '-';
	if (negative)
		v = cof_span_of(v.data + 1, v.len - 1);
	const uint8_t *point = v.len == 0 ? NULL : memchr(v.data, '.', v.len);
	size_t n = point == NULL ? v.len : (size_t)(point - v.data);
	if (point != NULL && !fraction(cof_span_of(point + 1, v.len - n - 1), &ns))
		return cof_pax_bad(err, "a time that is no number");
	int r = take_number(&p->has_mtime, &whole, cof_span_of(v.data, n), INT64_MAX, err);
	if (r < 0)
		return r;
	p->mtime = negative ? -(int64_t)whole : (int64_t)whole;
	p->mtime_ns = ns;
	if (negative && ns > 0) { /* -1.25 is 0.75 after -2 */
		p->mtime--;
		p->mtime_ns = 1000000000 - ns;
	}
	return 0;
}

static int on_sparse_major(cof_pax *p, cof_span v, cof_err *err)
{
	p->sparse = true;
	return take_number(&p->has_sparse_major, &p->sparse_major, v, 1, err);
}

static int on_sparse_minor(cof_pax *p, cof_span v, cof_err *err)
{
	bool again = false;
	p->sparse = true;
	return take_number(&again, &p->sparse_minor, v, 1, err);
}

static int on_sparse_name(cof_pax *p, cof_span v, cof_err *err)
{
	p->sparse = true;
	return take_text(&p->sparse_name, v, err);
}

static int on_sparse_size(cof_pax *p, cof_span v, cof_err *err)
{
	p->sparse = true;
	return take_number(&p->has_real_size, &p->map.real_size, v, INT64_MAX, err);
}

static int on_sparse_count(cof_pax *p, cof_span v, cof_err *err)
{
	p->sparse = true;
	return take_number(&p->has_sparse_count, &p->sparse_count, v, COF_SPARSE_MAX, err);
}

static int on_sparse_offset(cof_pax *p, cof_span v, cof_err *err)
{
	p->sparse = true;
	return take_number(&p->has_sparse_offset, &p->sparse_offset, v, INT64_MAX, err);
}

static int on_sparse_bytes(cof_pax *p, cof_span v, cof_err *err)
{
	uint64_t n = 0;
	if (!p->has_sparse_offset || !cof_pax_decimal(v, &n))
		return bad_sparse(err, "a length without its offset");
	p->has_sparse_offset = false;
	return cof_sparse_add(&p->map, p->sparse_offset, n, err);
}

/* "offset,length,offset,length…" */
static int on_sparse_map(cof_pax *p, cof_span v, cof_err *err)
{
	cof_rd r = cof_rd_of(v);
	uint64_t pair[2];
	size_t n = 0;
	p->sparse = true;
	while (r.left > 0) {
		const uint8_t *comma = memchr(r.at, ',', r.left);
		size_t len = comma == NULL ? r.left : (size_t)(comma - r.at);
		if (!cof_pax_decimal(cof_rd_bytes(&r, len), &pair[n++ % 2]))
			return bad_sparse(err, "the map is not made of numbers");
		cof_rd_skip(&r, comma == NULL ? 0 : 1);
		int rc = n % 2 == 0 ? cof_sparse_add(&p->map, pair[0], pair[1], err) : 0;
		if (rc < 0)
			return rc;
	}
	return n % 2 == 0 ? 0 : bad_sparse(err, "the map has an odd number of numbers");
}

static const struct {
	const char *key;
	int (*take)(cof_pax *p, cof_span v, cof_err *err);
} members[] = {
	{"path", on_path},
	{"linkpath", on_link},
	{"size", on_size},
	{"uid", on_uid},
	{"gid", on_gid},
	{"mtime", on_mtime},
	{SPARSE "major", on_sparse_major},
	{SPARSE "minor", on_sparse_minor},
	{SPARSE "name", on_sparse_name},
	{SPARSE "realsize", on_sparse_size},
	{SPARSE "size", on_sparse_size},
	{SPARSE "numblocks", on_sparse_count},
	{SPARSE "offset", on_sparse_offset},
	{SPARSE "numbytes", on_sparse_bytes},
	{SPARSE "map", on_sparse_map},
};

bool cof_pax_begins(cof_span s, const char *with)
{
	return s.len > strlen(with) && memcmp(s.data, with, strlen(with)) == 0;
}

static bool is(cof_span s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.data, word, s.len) == 0;
}

static int take(cof_pax *p, cof_span key, cof_span v, cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(members); i++)
		if (is(key, members[i].key))
			return members[i].take(p, v, err);
	bool taken = false;
	int r = cof_pax_xattr(p, key, v, &taken, err);
	if (r < 0 || taken)
		return r;
	return cof_pax_begins(key, SPARSE) ? bad_sparse(err, "an unknown member") : 0; /* others change no entry */
}

/* "LEN KEY=VALUE\n"; LEN counts the whole record. */
static bool next_record(cof_rd *r, cof_span *ret_key, cof_span *ret_value)
{
	const uint8_t *space = memchr(r->at, ' ', r->left < 11 ? r->left : 11);
	uint64_t len = 0;
	size_t digits = space == NULL ? 0 : (size_t)(space - r->at);
	if (digits == 0 || r->at[0] == '0' || !cof_pax_decimal(cof_rd_bytes(r, digits), &len) || len < digits + 4)
		return false;
	cof_rd_skip(r, 1);
	cof_span body = cof_rd_bytes(r, (size_t)len - digits - 1);
	const uint8_t *equal = body.len == 0 ? NULL : memchr(body.data, '=', body.len);
	if (!cof_rd_ok(r) || equal == NULL || equal == body.data || body.data[body.len - 1] != '\n')
		return false;
	size_t n = (size_t)(equal - body.data);
	*ret_key = cof_span_of(body.data, n);
	*ret_value = cof_span_of(equal + 1, body.len - n - 2);
	return true;
}

static int finish_sparse(cof_pax *p, cof_err *err)
{
	if (!p->sparse)
		return 0;
	if (!p->has_real_size || p->has_sparse_offset)
		return bad_sparse(err, "no real size, or an offset without its length");
	p->sparse_in_data = p->sparse_major == 1;
	if (p->has_sparse_count && (p->sparse_in_data || p->sparse_count != p->map.n))
		return bad_sparse(err, "another number of parts than announced");
	if (p->sparse_in_data && (p->sparse_minor != 0 || p->map.n > 0))
		return bad_sparse(err, "an unknown version");
	return 0;
}

int cof_pax_parse(cof_span body, cof_pax *ret, cof_err *err)
{
	COF_AUTO(cof_pax) p = {0};
	cof_rd r = cof_rd_of(body);
	while (r.left > 0) {
		cof_span key, value;
		if (!next_record(&r, &key, &value))
			return cof_pax_bad(err, "a record that is not LEN KEY=VALUE");
		int rc = take(&p, key, value, err);
		if (rc < 0)
			return rc;
	}
	int rc = finish_sparse(&p, err);
	if (rc < 0)
		return rc;
	*ret = p;
	p = (cof_pax){0};
	return 0;
}

int cof_pax_check_global(cof_span body, cof_err *err)
{
	COF_AUTO(cof_pax) p = {0};
	int r = cof_pax_parse(body, &p, err);
	if (r < 0)
		return r;
	bool effective = p.path != NULL || p.link != NULL || p.has_size || p.has_uid || p.has_gid || p.has_mtime ||
			 p.n_xattrs > 0 || p.sparse;
	return effective ? cof_err_set(err, COF_E_MALFORMED, "tar-global", "a global header that changes entries") : 0;
}
