/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/tar_int.h"

/* spec: Linux, include/linux/kdev_t.h */
enum { DEV_MAJOR_MAX = 0xfff, DEV_MINOR_MAX = 0xfffff };
enum { PREFIX_AT = 345, STAR_AT = 508, STAR_PREFIX_MAX = 130 };
enum { CHECKSUM_AT = 148, CHECKSUM_LEN = 8, GNU_SPARSE_AT = 386, GNU_SPARSE_LEN = 4 * 24 + 1 + 12, GNU_NUMBER = 12 };

/* Big-endian two's complement; the first byte's top bit is the mark, its next one the sign. */
static bool base256(cof_span f, int64_t *ret)
{
	bool negative = (f.data[0] & 0x40) != 0;
	uint64_t v = negative ? UINT64_MAX : 0;
	for (size_t i = 0; i < f.len; i++) {
		uint8_t b = i > 0 ? f.data[i] : negative ? (uint8_t)(f.data[0] | 0x80) : (uint8_t)(f.data[0] & 0x7f);
		uint8_t gone = (uint8_t)(v >> 56);
		if (gone != (negative ? 0xff : 0))
			return false;
		v = v << 8 | b;
	}
	if ((v >> 63 != 0) != negative)
		return false;
	*ret = (int64_t)v;
	return true;
}

bool cof_tarhdr_number(cof_span f, int64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;
	if (f.len > 0 && (f.data[0] & 0x80) != 0)
		return base256(f, ret);
	while (i < f.len && f.data[i] == ' ')
		i++;
	for (; i < f.len && f.data[i] >= '0' && f.data[i] <= '7'; i++) {
		if (v >> 60 != 0)
			return false;
		v = v << 3 | (uint64_t)(f.data[i] - '0');
	}
	for (; i < f.len; i++)
		if (f.data[i] != ' ' && f.data[i] != '\0')
			return false;
	*ret = (int64_t)v;
	return true;
}

static void text(cof_rd *r, size_t n, char *out)
{
	cof_rd_copy(r, out, n);
	out[n] = '\0';
}

static bool number(cof_rd *r, size_t n, int64_t min, int64_t max, int64_t *ret)
{
	cof_span f = cof_rd_bytes(r, n);
	return cof_rd_ok(r) && cof_tarhdr_number(f, ret) && *ret >= min && *ret <= max;
}

static bool checksum_ok(cof_span block)
{
	int64_t want = -1;
	uint32_t sum = CHECKSUM_LEN * ' '; /* the field counts as spaces */
	for (size_t i = 0; i < COF_TAR_BLOCK; i++)
		sum += block.data[i];
	for (size_t i = 0; i < CHECKSUM_LEN; i++)
		sum -= block.data[CHECKSUM_AT + i];
	return cof_tarhdr_number(cof_span_of(block.data + CHECKSUM_AT, CHECKSUM_LEN), &want) && sum == want;
}

static int out_of_range(cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "tar-number", "a header has a number out of range");
}

/* Other types may have anything there. */
static bool device(cof_rd *r, cof_tarhdr *h)
{
	int64_t major = 0, minor = 0;
	bool is_one = h->type == '3' || h->type == '4';
	bool ok = number(r, 8, 0, DEV_MAJOR_MAX, &major) && number(r, 8, 0, DEV_MINOR_MAX, &minor);
	h->dev_major = is_one ? (uint32_t)major : 0;
	h->dev_minor = is_one ? (uint32_t)minor : 0;
	return ok || !is_one;
}

int cof_tarhdr_parse(cof_span block, cof_tarhdr *ret, cof_err *err)
{
	cof_tarhdr h = {0};
	int64_t mode = 0, uid = 0, gid = 0, size = 0, mtime = 0;
	if (block.len != COF_TAR_BLOCK || !checksum_ok(block))
		return cof_err_set(err, COF_E_MALFORMED, "tar-checksum", "a header's checksum is wrong");
	cof_rd r = cof_rd_of(block);
	text(&r, 100, h.name);
	bool ok = number(&r, 8, 0, INT64_MAX, &mode) && number(&r, 8, 0, UINT32_MAX - 1, &uid) &&
		  number(&r, 8, 0, UINT32_MAX - 1, &gid) && number(&r, 12, 0, INT64_MAX, &size) &&
		  number(&r, 12, INT64_MIN, INT64_MAX, &mtime);
	if (!ok)
		return out_of_range(err);
	cof_rd_skip(&r, CHECKSUM_LEN);
	h.type = (char)cof_rd_u8(&r);
	text(&r, 100, h.link);
	cof_span magic = cof_rd_bytes(&r, 6);
	cof_rd_skip(&r, 2 + 32 + 32);
	cof_rd devices = cof_rd_sub(&r, 2 * 8);
	if (!device(&devices, &h))
		return out_of_range(err);
	/* GNU puts other things where ustar has the prefix. */
	h.magic = memcmp(magic.data, "ustar", 5) == 0;
	h.posix = h.magic && magic.data[5] == '\0';
	if (h.magic && !h.posix && magic.data[5] != ' ')
		return cof_tar_bad(err, "a header of no known kind");
	if (h.posix)
		text(&r, 155, h.prefix);
	/* Names of others that Python's reader would put a prefix to. */
	bool bare = h.type != 'S' && h.type != 'L' && h.type != 'K' && !h.posix;
	if (bare && block.data[PREFIX_AT] != '\0')
		return cof_tar_bad(err, "a prefix in a header that has none");
	/* star's own has times behind a shorter prefix: no end before them, and readers differ. */
	if (memcmp(block.data + STAR_AT, "tar", 4) == 0 && strlen(h.prefix) > STAR_PREFIX_MAX)
		return cof_tar_bad(err, "a prefix that runs into star's times");
	h.gnu_sparse = cof_span_of(block.data + GNU_SPARSE_AT, GNU_SPARSE_LEN);
	h.mode = (uint32_t)mode & 07777;
	h.uid = (uint32_t)uid;
	h.gid = (uint32_t)gid;
	h.size = (uint64_t)size;
	h.mtime = mtime;
	*ret = h;
	return 0;
}

int cof_tarhdr_sparse(cof_span pairs, cof_sparse *to, cof_err *err)
{
	cof_rd r = cof_rd_of(pairs);
	while (r.left >= 2 * GNU_NUMBER) {
		cof_span first = cof_rd_bytes(&r, GNU_NUMBER);
		int64_t offset = 0, len = 0;
		if (first.data[0] == '\0')
			return 0; /* unused room */
		if (!cof_tarhdr_number(first, &offset) || offset < 0 || !number(&r, GNU_NUMBER, 0, INT64_MAX, &len))
			return cof_err_set(err, COF_E_MALFORMED, "tar-sparse", "sparse file: a bad number");
		int rc = cof_sparse_add(to, (uint64_t)offset, (uint64_t)len, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}
