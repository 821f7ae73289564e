/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/gziphdr.h"

enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, RESERVED = 0xe0, DEFLATE = 8 };

typedef enum taken { MORE, PART_DONE, WRONG } taken;

static taken on_fixed(cof_gziphdr *h, uint8_t b)
{
	static const uint8_t begins[] = {0x1f, 0x8b, DEFLATE};
	if (h->at < sizeof begins && b != begins[h->at])
		return WRONG;
	if (h->at == 3)
		h->flags = b;
	if ((h->flags & RESERVED) != 0)
		return WRONG;
	return h->at == 9 ? PART_DONE : MORE; /* time, level and system say nothing about the content */
}

static taken on_extra_len(cof_gziphdr *h, uint8_t b)
{
	h->extra |= (uint32_t)b << (8 * h->at);
	return h->at == 1 ? PART_DONE : MORE;
}

static taken on_extra(cof_gziphdr *h, uint8_t b)
{
	(void)b;
	return h->at + 1 == h->extra ? PART_DONE : MORE;
}

static taken on_text(cof_gziphdr *h, uint8_t b)
{
	if (h->at == COF_GZIP_TEXT_MAX)
		return WRONG;
	return b == 0 ? PART_DONE : MORE;
}

static taken on_crc(cof_gziphdr *h, uint8_t b)
{
	(void)b;
	return h->at == 1 ? PART_DONE : MORE;
}

static const struct {
	uint8_t flag; /* 0: always there */
	taken (*take)(cof_gziphdr *h, uint8_t b);
} parts[] = {{0, on_fixed},    {FEXTRA, on_extra_len}, {FEXTRA, on_extra},
	     {FNAME, on_text}, {FCOMMENT, on_text},    {FHCRC, on_crc}};

static bool absent(const cof_gziphdr *h, size_t part)
{
	if (parts[part].take == on_extra && h->extra == 0)
		return true;
	return parts[part].flag != 0 && (h->flags & parts[part].flag) == 0;
}

int cof_gziphdr_add(cof_gziphdr *h, cof_span *in, bool *ret_done, cof_err *err)
{
	size_t part = (size_t)h->field;
	while (part < COF_COUNT(parts) && in->len > 0) {
		taken t = parts[part].take(h, in->data[0]);
		if (t == WRONG)
			return cof_err_set(err, COF_E_MALFORMED, "layer-inflate", "a gzip header that is none");
		*in = cof_span_of(in->data + 1, in->len - 1);
		h->at++;
		if (t == MORE)
			continue;
		h->at = 0;
		do
			part++;
		while (part < COF_COUNT(parts) && absent(h, part));
		h->field = (int)part;
	}
	*ret_done = part == COF_COUNT(parts);
	return 0;
}
