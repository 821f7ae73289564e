/* SPDX-License-Identifier: Apache-2.0 */
/* A stranger's JSON as claims: what is written as CBOR is deterministic, is read again, and is written the same. */
#include <stdlib.h>

#include "attestation/refvalue/cbor.h"
#include "attestation/token/ear_cbor.h"
#include "attestation/token/result.h"
#include "attestation/verify/kind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Claims that the reader passes over do not come back. */
static void there_and_back(const json_t *claims)
{
	COF_AUTO(cof_buf) first = {0};
	COF_AUTO_PTR(cof_cbor) map = NULL;
	COF_AUTO_PTR(json_t) back = NULL;
	if (cof_ear_to_cbor(claims, &first, NULL) < 0)
		return;
	if (cof_cbor_check_ordered(cof_buf_span(&first), NULL) < 0)
		abort();
	if (cof_cbor_load(cof_buf_span(&first), &map, NULL) < 0 || cof_ear_from_cbor(map, &back, NULL) < 0)
		return;
	COF_AUTO(cof_buf) second = {0};
	if (cof_ear_to_cbor(back, &second, NULL) < 0)
		abort();
}

/* As a guest's key too: it is refused, or compared. */
static void bind(const json_t *runtime)
{
	static cof_verdict v;
	const cof_kind *kind = NULL;
	v = (cof_verdict){0};
	if (cof_kind_find("snp-report", &kind, NULL) < 0)
		abort();
	if (cof_result_bind(kind, runtime, &v, NULL) == 0 && (v.accepted || v.checks.failed != 1))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_PTR(json_t) claims = NULL;
	if (len > (64 << 10) || cof_json_parse(cof_span_of(data, len), &claims, NULL) < 0)
		return 0;
	there_and_back(claims);
	bind(claims);
	return 0;
}
