/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/tar_int.h"

static void forget(cof_tar *t)
{
	cof_pax_release(&t->pax);
	cof_buf_release(&t->pax_body);
	cof_sparse_release(&t->map);
	free(cof_steal(&t->long_name));
	free(cof_steal(&t->long_link));
	t->has_pax = t->pending = false;
}

void cof_tar_free(cof_tar *t)
{
	forget(t);
	cof_buf_release(&t->meta);
	free(t);
}

int cof_tar_new(cof_tar **ret, const cof_tar_sink *sink, cof_err *err)
{
	cof_tar *t = calloc(1, sizeof *t);
	if (t == NULL)
		return cof_err_oom(err);
	t->sink = *sink;
	*ret = t;
	return 0;
}

int cof_tar_bad(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "tar-malformed", "%s", what);
}

static size_t padding(uint64_t size)
{
	return (size_t)(-size & (COF_TAR_BLOCK - 1));
}

static cof_span take_up_to(cof_span *in, uint64_t max)
{
	cof_span s = {in->data, in->len < max ? in->len : (size_t)max};
	*in = cof_span_of(in->data + s.len, in->len - s.len);
	return s;
}

/* True when a whole block stands in t->block. */
static bool fill(cof_tar *t, cof_span *in)
{
	cof_span s = take_up_to(in, COF_TAR_BLOCK - t->have);
	memcpy(t->block + t->have, s.data, s.len);
	t->have += s.len;
	if (t->have < COF_TAR_BLOCK)
		return false;
	t->have = 0;
	return true;
}

static void after_data(cof_tar *t, uint64_t size)
{
	t->pad = padding(size);
	t->state = t->pad > 0 ? AT_PAD : AT_HEADER;
}

static int entry_done(cof_tar *t, cof_err *err)
{
	int r = t->sink.done(t->sink.arg, err);
	forget(t); /* after the last who looks at the entry */
	after_data(t, t->stored);
	return r;
}

/* Everything about the entry is known, map included: tells it, and ends it at once when nothing follows. */
static int announce(cof_tar *t, cof_err *err)
{
	if (t->entry.sparse) {
		int r = cof_sparse_check(&t->map, t->left, err);
		if (r < 0)
			return r;
		t->entry.size = t->map.real_size;
	}
	t->part = 0;
	t->part_done = 0;
	t->state = AT_DATA;
	int r = t->sink.entry(t->sink.arg, &t->entry, err);
	if (r < 0)
		return r;
	return t->left == 0 ? entry_done(t, err) : 0;
}

static int begin_entry(cof_tar *t, cof_err *err)
{
	int r = cof_tar_set_entry(t, err);
	return r < 0 || t->state != AT_DATA ? r : announce(t, err);
}

/* --- extension headers --- */

static int begin_meta(cof_tar *t, cof_err *err)
{
	uint64_t max = t->h.type == 'x' || t->h.type == 'g' ? COF_PAX_MAX : COF_TAR_NAME_MAX + 1;
	if (t->h.size > max || t->h.size == 0)
		return cof_err_set(err, COF_E_MALFORMED, max == COF_PAX_MAX ? "tar-pax" : "tar-name-too-long",
				   "an extension header of %llu bytes", (unsigned long long)t->h.size);
	t->pax_archive = t->pax_archive || max == COF_PAX_MAX;
	t->meta_type = t->h.type;
	t->meta_left = t->h.size;
	t->meta.len = 0;
	t->state = AT_META;
	return 0;
}

static int take_long(cof_tar *t, char **to, cof_err *err)
{
	cof_span s = cof_buf_span(&t->meta);
	const uint8_t *nul = memchr(s.data, '\0', s.len);
	if (nul == NULL) /* some would read on into the padding */
		return cof_tar_bad(err, "a long name without an end");
	size_t n = (size_t)(nul - s.data);
	for (size_t i = n; i < s.len; i++)
		if (s.data[i] != '\0')
			return cof_tar_bad(err, "a long name with bytes behind its end");
	if (*to != NULL || n == 0)
		return cof_tar_bad(err, "a long name that is empty or given twice");
	*to = cof_span_dup_str(cof_span_of(s.data, n));
	t->pending = true;
	return *to == NULL ? cof_err_oom(err) : 0;
}

static int take_pax(cof_tar *t, cof_err *err)
{
	if (t->has_pax)
		return cof_tar_bad(err, "two extended headers for one entry");
	t->pax_body = t->meta;
	t->meta = (cof_buf){0};
	t->has_pax = t->pending = true;
	return cof_pax_parse(cof_buf_span(&t->pax_body), &t->pax, err);
}

static int end_meta(cof_tar *t, cof_err *err)
{
	after_data(t, t->h.size);
	if (t->meta_type == 'x')
		return take_pax(t, err);
	if (t->meta_type == 'g')
		return cof_pax_check_global(cof_buf_span(&t->meta), err);
	return take_long(t, t->meta_type == 'L' ? &t->long_name : &t->long_link, err);
}

/* --- the states --- */

static bool all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static int at_header(cof_tar *t, cof_span *in, cof_err *err)
{
	if (!fill(t, in))
		return 0;
	if (all_zero(t->block, COF_TAR_BLOCK)) {
		if (t->pending)
			return cof_tar_bad(err, "an extension header without an entry");
		t->state = t->zero_block ? AT_END : AT_HEADER;
		t->zero_block = true;
		return 0;
	}
	if (t->zero_block)
		return cof_err_set(err, COF_E_MALFORMED, "tar-trailing-bytes", "an entry behind a zero block");
	int r = cof_tarhdr_parse(cof_span_of(t->block, COF_TAR_BLOCK), &t->h, err);
	if (r < 0)
		return r;
	if (t->sized_link && !t->h.magic)
		return cof_tar_bad(err, "an old header behind a hard link with a size");
	t->sized_link = false;
	return t->h.type != '\0' && strchr("xgLK", t->h.type) != NULL ? begin_meta(t, err) : begin_entry(t, err);
}

static int at_meta(cof_tar *t, cof_span *in, cof_err *err)
{
	cof_span s = take_up_to(in, t->meta_left);
	int r = cof_buf_add(&t->meta, s.data, s.len, err);
	if (r < 0)
		return r;
	t->meta_left -= s.len;
	return t->meta_left == 0 ? end_meta(t, err) : 0;
}

static int at_sparse_more(cof_tar *t, cof_span *in, cof_err *err)
{
	if (!fill(t, in))
		return 0;
	cof_rd r = cof_rd_of(cof_span_of(t->block, COF_TAR_BLOCK));
	int rc = cof_tarhdr_sparse(cof_rd_bytes(&r, 21 * 24), &t->map, err);
	bool more = cof_rd_u8(&r) != 0;
	return rc < 0 || more ? rc : announce(t, err);
}

/* A number of the map: first how many pairs follow, then offset and length in turn. */
static int map_number(cof_tar *t, cof_err *err)
{
	uint64_t v = 0;
	if (!cof_pax_decimal(cof_span_of(t->digits, t->n_digits), &v))
		return cof_err_set(err, COF_E_MALFORMED, "tar-sparse", "sparse file: the map is not made of numbers");
	t->n_digits = 0;
	t->map_numbers++;
	if (t->map_numbers == 1) {
		t->map_want = 1 + 2 * v;
		return v <= COF_SPARSE_MAX ? 0 : cof_err_set(err, COF_E_MALFORMED, "tar-sparse", "too many parts");
	}
	uint64_t offset = t->map_last;
	t->map_last = v;
	return t->map_numbers % 2 == 0 ? 0 : cof_sparse_add(&t->map, offset, v, err);
}

static int at_sparse_text(cof_tar *t, cof_span *in, cof_err *err)
{
	if (t->left < COF_TAR_BLOCK)
		return cof_err_set(err, COF_E_MALFORMED, "tar-sparse", "sparse file: the map ends early");
	if (!fill(t, in))
		return 0;
	t->left -= COF_TAR_BLOCK;
	for (size_t i = 0; i < COF_TAR_BLOCK && (t->map_numbers == 0 || t->map_numbers < t->map_want); i++) {
		char c = (char)t->block[i];
		if (c != '\n' && t->n_digits == sizeof t->digits)
			return cof_err_set(err, COF_E_MALFORMED, "tar-sparse", "sparse file: a number without end");
		if (c != '\n')
			t->digits[t->n_digits++] = c;
		else if (map_number(t, err) < 0)
			return -COF_E_MALFORMED;
	}
	return t->map_numbers > 0 && t->map_numbers == t->map_want ? announce(t, err) : 0;
}

/* Where the next stored byte belongs, and how many go there. */
static uint64_t place(cof_tar *t, uint64_t *ret_room)
{
	if (!t->entry.sparse) {
		*ret_room = t->left;
		return t->stored - t->left;
	}
	while (t->part + 1 < t->map.n && t->part_done == t->map.parts[t->part].len) {
		t->part++;
		t->part_done = 0;
	}
	*ret_room = t->map.parts[t->part].len - t->part_done;
	return t->map.parts[t->part].offset + t->part_done;
}

static int at_data(cof_tar *t, cof_span *in, cof_err *err)
{
	uint64_t room = 0;
	uint64_t offset = place(t, &room);
	cof_span s = take_up_to(in, room);
	int r = t->sink.data(t->sink.arg, offset, s, err);
	if (r < 0)
		return r;
	t->left -= s.len;
	t->part_done += s.len;
	return t->left == 0 ? entry_done(t, err) : 0;
}

static int at_pad(cof_tar *t, cof_span *in, cof_err *err)
{
	(void)err;
	t->pad -= take_up_to(in, t->pad).len; /* unused by every reader, covered by diff_id */
	if (t->pad == 0)
		t->state = AT_HEADER;
	return 0;
}

static int at_end(cof_tar *t, cof_span *in, cof_err *err)
{
	(void)t;
	cof_span s = take_up_to(in, in->len);
	return all_zero(s.data, s.len)
		       ? 0
		       : cof_err_set(err, COF_E_MALFORMED, "tar-trailing-bytes", "bytes behind the end of the archive");
}

static int (*const states[])(cof_tar *t, cof_span *in, cof_err *err) = {
	[AT_HEADER] = at_header,
	[AT_META] = at_meta,
	[AT_SPARSE_MORE] = at_sparse_more,
	[AT_SPARSE_TEXT] = at_sparse_text,
	[AT_DATA] = at_data,
	[AT_PAD] = at_pad,
	[AT_END] = at_end,
};

int cof_tar_add(cof_tar *t, cof_span in, cof_err *err)
{
	while (in.len > 0) {
		int r = states[t->state](t, &in, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int cof_tar_end(cof_tar *t, cof_err *err)
{
	bool clean = (t->state == AT_HEADER && t->have == 0 && !t->pending) || t->state == AT_END;
	return clean ? 0 : cof_err_set(err, COF_E_MALFORMED, "tar-truncated", "the archive was cut off");
}
