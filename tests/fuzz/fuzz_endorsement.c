/* SPDX-License-Identifier: Apache-2.0 */
/* An entry of the cache: what is accepted is written as one that is accepted, and then the same. A name likewise. */
#include "attestation/endorsements/entry.h"
#include "common/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void encode(const cof_endorsement *e, cof_buf *ret)
{
	cof_wr w = cof_wr_to(ret);
	cof_endorsement_write(e, &w);
	if (w.failed)
		abort();
}

static void name(cof_span in)
{
	cof_endorse_id id;
	char again[COF_ENDORSE_NAME_MAX];
	if (cof_endorse_name_parse(in, &id, NULL) < 0)
		return;
	cof_endorse_name(&id, again);
	if (!cof_ct_equal(in, cof_span_str(again)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_endorsement) e = {0};
	COF_AUTO(cof_endorsement) f = {0};
	COF_AUTO(cof_buf) once = {0};
	COF_AUTO(cof_buf) twice = {0};
	cof_err err = {0};
	name(cof_span_of(data, len));
	if (cof_endorsement_parse(cof_span_of(data, len), &e, &err) < 0) {
		if (err.reason[0] == '\0')
			abort();
		return 0;
	}
	encode(&e, &once);
	if (cof_endorsement_parse(cof_buf_span(&once), &f, &err) < 0)
		abort();
	encode(&f, &twice);
	if (!cof_ct_equal(cof_buf_span(&once), cof_buf_span(&twice)))
		abort();
	return 0;
}
