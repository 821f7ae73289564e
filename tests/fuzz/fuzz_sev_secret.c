/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner reads of a SEV launch beside certificates: tables and packets of secrets, keys, records, policies. */
#include "attestation/verify/kind.h"
#include "attestation/verify/sev_packet.h"
#include "attestation/verify/sev_table.h"
#include "firmware/sev/policy.h"
#include "runtime/cli/sev_keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What could be read is made again, to the same bytes. */
static void table(cof_span in)
{
	static cof_sev_table t;
	COF_AUTO(cof_secret) again = {0};
	if (cof_sev_table_parse(in, &t, NULL) < 0)
		return;
	if (cof_sev_table_make(&t, &again, NULL) < 0)
		abort();
	size_t same = again.len < in.len ? again.len : in.len;
	if (!cof_ct_equal(cof_span_of(in.data, same), cof_span_of(again.data, same)))
		abort();
}

/* Nobody guesses a MAC. */
static void packet(cof_span in)
{
	static const uint8_t key[COF_SEV_TK_LEN], measure[COF_SEV_MEASURE_LEN];
	COF_AUTO(cof_secret) plain = {0};
	size_t head = in.len < COF_SEV_HEADER_LEN ? in.len : COF_SEV_HEADER_LEN;
	const cof_sev_packet p = {cof_span_of(key, sizeof key), cof_span_of(key, sizeof key),
				  cof_span_of(measure, sizeof measure), cof_span_of(in.data, head),
				  cof_span_of(in.data + head, in.len - head)};
	if (cof_sev_packet_open(&p, &plain, NULL) == 0)
		abort();
}

static void record(cof_span in)
{
	static cof_verdict v;
	const cof_kind *kind = NULL;
	const cof_role_file files[] = {
		{"kat", in}, {"secret_header", in}, {"secret_ciphertext", in}, {"secret_plain", in}};
	const cof_verify_in all = {.files = files, .n_files = COF_COUNT(files)};
	if (cof_kind_find("sev-legacy-kat", &kind, NULL) < 0 || cof_verify(kind, &all, &v, NULL) < 0 || v.accepted)
		abort();
	cof_verdict_release(&v);
}

static void words(cof_span in)
{
	COF_AUTO_FREE char *text = cof_span_dup_str(in);
	uint32_t policy = 0;
	uint8_t guid[COF_GUID_LEN];
	if (text == NULL)
		return;
	(void)!cof_sev_policy_read(text, &policy, NULL);
	(void)!cof_sev_entry_guid(text, guid, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_span in = cof_span_of(data, len);
	COF_AUTO(cof_sev_keyfile) keys = {0};
	if (cof_sev_keyfile_parse(in, &keys, NULL) == 0 && len != COF_SEV_KEYFILE_LEN)
		abort();
	table(in);
	packet(in);
	record(in);
	words(in);
	return 0;
}
