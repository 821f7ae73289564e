/* SPDX-License-Identifier: Apache-2.0 */
/* A file of reference values against facts that are made up, or (behind an 'a') one of authors: what matches holds in
 * every condition, and what is refused has a reason. */
#include "attestation/refvalue/appraisal.h"
#include "common/ossl.h"
#include "tests/fuzz/nobody.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { NOW = 1800000000 };

static void make_facts(cof_rim_tee tee, cof_facts *ret)
{
	*ret = (cof_facts){.tee = tee, .line = COF_SNP_MILAN};
	for (cof_rim_field f = cof_rim_field_first(tee); f < cof_rim_field_end(tee); f++) {
		ret->stated[f] = true;
		memset(ret->value[f], 0x11, cof_rim_field_of(f)->len);
	}
}

static void appraise(const cof_references *refs, cof_rim_tee tee)
{
	static cof_facts facts;
	COF_AUTO_PTR(json_t) o = NULL;
	cof_match a;
	make_facts(tee, &facts);
	cof_appraise(refs, &facts, &a);
	if (cof_match_json(&a, &facts, &o, NULL) < 0 || a.of_class > a.entries)
		abort();
	for (size_t i = 0; a.matched && i < a.entry->launch.n; i++) {
		if (!cof_cond_holds(&a.entry->launch.conds[i], &facts))
			abort();
	}
}

static void read_references(cof_span in)
{
	static cof_references refs;
	static cof_authors authors;
	COF_AUTO_PTR(cof_ossl_key) key = nobodys_key();
	cof_err err = {0};
	if (cof_authors_add_key(&authors, key, NULL) < 0)
		abort();
	for (int is_unsigned = 0; is_unsigned < 2; is_unsigned++) {
		const cof_reference_in file = {
			.bytes = in, .authors = &authors, .is_unsigned = is_unsigned, .allow_open = true, .now = NOW};
		if (cof_references_add(&refs, &file, &err) < 0 && err.reason[0] == '\0')
			abort();
	}
	appraise(&refs, COF_RIM_SNP);
	appraise(&refs, COF_RIM_TDX);
	cof_references_release(&refs);
	cof_authors_release(&authors);
}

static void read_authors(cof_span in)
{
	static cof_authors authors;
	cof_err err = {0};
	if (cof_authors_add(&authors, in, NOW, &err) < 0 && err.cls != COF_E_USAGE)
		abort();
	for (size_t i = 0; i < authors.n; i++) {
		const cof_rim_entry e = {.tee = COF_RIM_SNP, .version = 1};
		(void)!cof_author_may(&authors.at[i], &e, NULL);
	}
	cof_authors_release(&authors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len > 0 && data[0] == 'a')
		read_authors(cof_span_of(data + 1, len - 1));
	else
		read_references(cof_span_of(data, len));
	return 0;
}
