/* SPDX-License-Identifier: Apache-2.0 */
/* A stranger's quote: read, shown, and never genuine, since Intel's root signed nothing of it. */
#include "attestation/verify/kind.h"
#include "attestation/verify/tdx_quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void judge(cof_span quote)
{
	const cof_role_file file = {"quote", quote};
	const cof_verify_in in = {.files = &file, .n_files = 1, .now = 1800000000};
	const cof_kind *kind = NULL;
	cof_verdict *r = calloc(1, sizeof *r);
	if (r == NULL || cof_kind_find("tdx-quote", &kind, NULL) < 0 || cof_verify(kind, &in, r, NULL) < 0)
		abort();
	if (r->accepted || r->tcb_status != NULL)
		abort();
	cof_verdict_release(r);
	free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_span in = {data, len};
	cof_tdx_quote q;
	json_t *o = NULL;
	if (cof_tdx_quote_parse(in, &q, NULL) == 0) {
		if (q.len + q.padding != len || q.signed_bytes.data != data || cof_tdx_quote_json(&q, &o, NULL) < 0)
			abort();
		json_decref(o);
	}
	judge(in);
	return 0;
}
