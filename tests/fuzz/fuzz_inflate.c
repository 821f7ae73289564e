/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the compression; the output is the same in whatever pieces the input comes. */
#include "image-decrypt/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { OUT_MAX = 4 << 20 };

typedef struct seen {
	uint64_t hash;
	size_t len;
} seen;

static int on_chunk(void *arg, cof_span in, cof_err *err)
{
	seen *s = arg;
	for (size_t i = 0; i < in.len && s->len + i < OUT_MAX; i++)
		s->hash = (s->hash ^ in.data[i]) * 1099511628211u;
	s->len += in.len;
	return s->len < OUT_MAX ? 0 : cof_err_set(err, COF_E_MALFORMED, "layer-too-large", "enough");
}

static int run(cof_compression comp, cof_span in, size_t step, seen *ret)
{
	COF_AUTO_PTR(cof_inflate) z = NULL;
	int r = cof_inflate_new(&z, comp, on_chunk, ret, NULL);
	for (size_t at = 0; r == 0 && at < in.len; at += step)
		r = cof_inflate_add(z, cof_span_of(in.data + at, in.len - at < step ? in.len - at : step), NULL);
	return r < 0 ? r : cof_inflate_end(z, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	seen whole = {0}, pieces = {0};
	if (len == 0)
		return 0;
	cof_compression comp = (cof_compression)(data[0] % 3);
	int a = run(comp, cof_span_of(data + 1, len - 1), len, &whole);
	int b = run(comp, cof_span_of(data + 1, len - 1), 3, &pieces);
	if ((a < 0) != (b < 0) || (a == 0 && (whole.hash != pieces.hash || whole.len != pieces.len)))
		abort();
	return 0;
}
