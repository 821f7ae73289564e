/* SPDX-License-Identifier: Apache-2.0 */
/* A stranger's bytes as manifest, module and evidence: whatever they are, the verdict holds together. */
#include "attestation/verify/kind.h"
#include "tests/fuzz/nobody.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void verify(const char *name, const cof_role_file *files, size_t n)
{
	COF_AUTO_PTR(json_t) j = NULL;
	const cof_kind *kind = NULL;
	cof_verdict *v = calloc(1, sizeof *v);
	const cof_verify_in in = {.files = files, .n_files = n, .now = 1800000000};
	if (v == NULL || cof_kind_find(name, &kind, NULL) < 0 || cof_verify(kind, &in, v, NULL) < 0 ||
	    cof_verdict_json(kind, v, &j, NULL) < 0)
		abort();
	if (v->accepted != (v->checks.n > 0 && v->checks.failed == 0) || (v->accepted && v->fields == NULL))
		abort();
	cof_verdict_release(v);
	free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_span in = cof_span_of(data, len);
	const cof_role_file corim[] = {{"corim", in}, {"key", cof_span_str(nobodys_point)}};
	const cof_role_file comid = {"comid", in}, ce = {"ce", in};
	verify("corim", corim, 1);
	verify("corim", corim, 2);
	verify("comid", &comid, 1);
	verify("concise-evidence", &ce, 1);
	return 0;
}
