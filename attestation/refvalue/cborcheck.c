/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/cborcheck.h"

#include "common/rd.h"
#include "common/secret.h"

enum { MAJORS = 8, INFO_ONE_BYTE = 24, INFO_EIGHT_BYTES = 27, SIMPLE_FALSE = 20, SIMPLE_NULL = 22, FLOAT_HALF = 25 };

/* An array, map or tag whose items are still coming. */
typedef struct frame {
	uint64_t left;
	bool is_map; /* left counts keys and values: a key is due when it is even */
	size_t first_key;
	size_t item_at; /* where its current item began */
} frame;

typedef struct walk {
	cof_span in;
	cof_rd r;
	bool ordered;
	bool floats; /* are let through */
	bool done;
	size_t items;
	size_t depth;
	frame open[COF_CBOR_DEPTH_MAX];
	size_t n_keys;
	cof_span keys[COF_CBOR_KEYS_MAX];
} walk;

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "cbor-malformed", "CBOR: %s", what);
}

static size_t position(const walk *w)
{
	return w->in.len - w->r.left;
}

/* ---- heads ---- */

static const struct {
	size_t bytes;
	uint64_t min; /* smaller values have a shorter spelling */
} widths[] = {{1, INFO_ONE_BYTE}, {2, 0x100}, {4, 0x10000}, {8, 0x100000000}};

static int read_argument(cof_rd *r, uint8_t info, uint64_t *ret, cof_err *err)
{
	uint64_t v = 0;
	if (info < INFO_ONE_BYTE) {
		*ret = info;
		return 0;
	}
	if (info > INFO_EIGHT_BYTES)
		return malformed(err, "a length is indefinite or reserved");
	size_t width = info - INFO_ONE_BYTE;
	for (size_t i = 0; i < widths[width].bytes; i++)
		v = v << 8 | cof_rd_u8(r);
	if (!cof_rd_ok(r))
		return malformed(err, "cut off");
	if (v < widths[width].min)
		return malformed(err, "a head is longer than needed");
	*ret = v;
	return 0;
}

/* ---- text ---- */

static const struct {
	uint8_t mask, lead;
	size_t more;
	uint32_t min; /* smaller code points have a shorter spelling */
} utf8_forms[] = {{0x80, 0x00, 0, 0}, {0xe0, 0xc0, 1, 0x80}, {0xf0, 0xe0, 2, 0x800}, {0xf8, 0xf0, 3, 0x10000}};

static bool utf8_next(cof_rd *r)
{
	uint8_t first = cof_rd_u8(r);
	for (size_t i = 0; i < COF_COUNT(utf8_forms); i++) {
		if ((first & utf8_forms[i].mask) != utf8_forms[i].lead)
			continue;
		uint32_t c = (uint32_t)(first & ~utf8_forms[i].mask);
		for (size_t k = 0; k < utf8_forms[i].more; k++) {
			uint8_t next = cof_rd_u8(r);
			if ((next & 0xc0) != 0x80)
				return false;
			c = c << 6 | (next & 0x3fu);
		}
		return c >= utf8_forms[i].min && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
	}
	return false;
}

/* ---- items by major type ---- */

static int open_frame(walk *w, uint64_t items, bool is_map, cof_err *err)
{
	if (items > w->r.left)
		return malformed(err, "more items announced than bytes are left");
	if (w->depth == COF_CBOR_DEPTH_MAX)
		return malformed(err, "nested too deeply");
	w->open[w->depth++] = (frame){items, is_map, w->n_keys, position(w)};
	return 0;
}

static int take_int(walk *w, uint64_t v, cof_err *err)
{
	(void)w;
	(void)v;
	(void)err;
	return 0;
}

static int take_bytes(walk *w, uint64_t len, cof_err *err)
{
	if (len > w->r.left)
		return malformed(err, "a string is longer than what is left");
	cof_rd_skip(&w->r, (size_t)len);
	return 0;
}

static int take_text(walk *w, uint64_t len, cof_err *err)
{
	if (len > w->r.left)
		return malformed(err, "a string is longer than what is left");
	cof_rd text = cof_rd_sub(&w->r, (size_t)len);
	while (text.left > 0) {
		if (!utf8_next(&text))
			return malformed(err, "a text is not UTF-8");
	}
	return 0;
}

static int take_array(walk *w, uint64_t n, cof_err *err)
{
	return open_frame(w, n, false, err);
}

static int take_map(walk *w, uint64_t pairs, cof_err *err)
{
	uint64_t items = 0;
	if (__builtin_mul_overflow(pairs, 2, &items))
		return malformed(err, "more items announced than bytes are left");
	return open_frame(w, items, true, err);
}

static int take_tag(walk *w, uint64_t tag, cof_err *err)
{
	(void)tag;
	return open_frame(w, 1, false, err);
}

static int take_simple(walk *w, uint64_t v, cof_err *err)
{
	if (w->floats && v >= FLOAT_HALF && v <= INFO_EIGHT_BYTES) {
		cof_rd_skip(&w->r, widths[v - INFO_ONE_BYTE].bytes);
		return cof_rd_ok(&w->r) ? 0 : malformed(err, "cut off");
	}
	return v >= SIMPLE_FALSE && v <= SIMPLE_NULL ? 0 : malformed(err, "a float, undefined or an unassigned value");
}

typedef int (*taker)(walk *w, uint64_t argument, cof_err *err);
static const taker takers[MAJORS] = {take_int,	 take_int, take_bytes, take_text,
				     take_array, take_map, take_tag,   take_simple};

/* ---- keys ---- */

/* Below zero: a sorts before b. */
static int compare(cof_span a, cof_span b)
{
	cof_rd x = cof_rd_of(a), y = cof_rd_of(b);
	while (x.left > 0 && y.left > 0) {
		int d = (int)cof_rd_u8(&x) - (int)cof_rd_u8(&y);
		if (d != 0)
			return d;
	}
	return (x.left > 0) - (y.left > 0);
}

static int add_key(walk *w, const frame *f, cof_err *err)
{
	cof_rd r = cof_rd_of(w->in);
	cof_rd_skip(&r, f->item_at);
	cof_span key = cof_rd_bytes(&r, position(w) - f->item_at);
	if (key.len > COF_CBOR_KEY_LEN_MAX || w->n_keys == COF_CBOR_KEYS_MAX)
		return malformed(err, "a key is too long, or too many of them");
	for (size_t i = f->first_key; i < w->n_keys; i++) {
		if (cof_ct_equal(w->keys[i], key))
			return malformed(err, "a key stands twice in one map");
	}
	if (w->ordered && w->n_keys > f->first_key && compare(w->keys[w->n_keys - 1], key) > 0)
		return malformed(err, "keys are out of order");
	w->keys[w->n_keys++] = key;
	return 0;
}

/* An item is complete: its container may be complete with it, and so on outwards. */
static int end_item(walk *w, cof_err *err)
{
	while (w->depth > 0) {
		frame *f = &w->open[w->depth - 1];
		if (f->left > 0) {
			int rc = f->is_map && f->left % 2 == 0 ? add_key(w, f, err) : 0;
			if (rc < 0)
				return rc;
			f->left--;
			f->item_at = position(w);
		}
		if (f->left > 0)
			return 0;
		w->n_keys = f->first_key;
		w->depth--;
	}
	w->done = true;
	return 0;
}

static int next_item(walk *w, cof_err *err)
{
	size_t depth = w->depth;
	uint64_t argument = 0;
	if (++w->items > COF_CBOR_ITEMS_MAX)
		return malformed(err, "too many items");
	uint8_t first = cof_rd_u8(&w->r);
	if (!cof_rd_ok(&w->r))
		return malformed(err, "cut off");
	uint8_t major = first >> 5, info = first & 0x1f;
	/* The argument of major type 7 is no number: a float's bytes, and one-byte simple values are all unassigned. */
	int rc = major == MAJORS - 1 ? 0 : read_argument(&w->r, info, &argument, err);
	if (rc == 0)
		rc = takers[major](w, major == MAJORS - 1 ? info : argument, err);
	if (rc < 0 || (w->depth > depth && w->open[depth].left > 0))
		return rc;
	return end_item(w, err);
}

static int check(cof_span in, bool ordered, bool floats, cof_err *err)
{
	walk w = {.in = in, .r = cof_rd_of(in), .ordered = ordered, .floats = floats};
	if (in.len > COF_CBOR_MAX)
		return malformed(err, "too large");
	while (!w.done) {
		int rc = next_item(&w, err);
		if (rc < 0)
			return rc;
	}
	return cof_rd_end(&w.r) ? 0 : malformed(err, "bytes after the item");
}

int cof_cbor_check(cof_span in, cof_err *err)
{
	return check(in, false, false, err);
}

int cof_cbor_check_ordered(cof_span in, cof_err *err)
{
	return check(in, true, false, err);
}

int cof_cbor_check_floats(cof_span in, cof_err *err)
{
	return check(in, false, true, err);
}
