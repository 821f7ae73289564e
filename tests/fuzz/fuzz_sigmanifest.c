/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a registry answers where signatures are looked for: the search ends, within its limits. */
#include "image-decrypt/sigfetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int answer(void *arg, const char *wanted, cof_fetched *ret, cof_err *err)
{
	const cof_span *in = arg;
	(void)wanted;
	return cof_buf_add(&ret->body, in->data, in->len, err);
}

static int answer_blob(void *arg, const cof_desc *d, size_t max, cof_buf *ret, cof_err *err)
{
	const cof_span *in = arg;
	*ret = cof_buf_capped(max);
	return cof_buf_add(ret, in->data, d->size < in->len ? (size_t)d->size : in->len, err);
}

static int answer_list(void *arg, const cof_digest *subject, cof_fetched *ret, cof_err *err)
{
	(void)subject;
	return answer(arg, "", ret, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_span in = {data, len};
	const cof_image_source listed = {&in, answer, answer_blob, NULL, answer_list};
	const cof_image_source tagged = {&in, answer, answer_blob, NULL, NULL};
	COF_AUTO(cof_sig_found) f = {0};
	cof_digest d = {.alg = COF_SHA256};
	if (cof_sig_fetch(&listed, &d, &f, NULL) < 0 || cof_sig_fetch(&tagged, &d, &f, NULL) < 0)
		abort();
	if (f.n > COF_SIG_MAX || f.documents > COF_SIG_MAX || f.bytes > COF_SIG_BYTES_MAX)
		abort();
	return 0;
}
