/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/endorsements/vendor.h"
#include "attestation/verify/tdx_cert.h"
#include "common/hex.h"
#include "common/rd.h"

enum { INTERMEDIATE, ROOT, CHAIN };

/* source: KDS interface 57230, "VCEK certificate": the names of the TCB's parts in a query */
static const struct {
	cof_snp_part part;
	const char *name;
} spl[] = {
	{COF_SNP_PART_FMC, "fmcSPL"}, {COF_SNP_PART_BOOTLOADER, "blSPL"},   {COF_SNP_PART_TEE, "teeSPL"},
	{COF_SNP_PART_SNP, "snpSPL"}, {COF_SNP_PART_MICROCODE, "ucodeSPL"},
};

static int vcek_path(const cof_endorse_id *id, cof_buf *ret, cof_err *err)
{
	char hex[2 * COF_SNP_CHIP_ID_LEN + 1];
	cof_hex(cof_span_of(id->chip, cof_endorse_chip_len(id->line)), hex);
	int rc = cof_buf_printf(ret, err, "/vcek/v1/%s/%s", cof_snp_line_name(id->line), hex);
	size_t first = cof_snp_line_has_fmc(id->line) ? 0 : 1;
	for (size_t i = first; rc == 0 && i < COF_COUNT(spl); i++)
		rc = cof_buf_printf(ret, err, "%c%s=%02u", i == first ? '?' : '&', spl[i].name,
				    id->tcb.part[spl[i].part]);
	return rc;
}

int cof_kds_path(const cof_endorse_id *id, cof_buf *ret, cof_err *err)
{
	const char *key = id->key == COF_SNP_VLEK ? "vlek" : "vcek";
	if (id->type == COF_ENDORSE_SNP_VCEK)
		return vcek_path(id, ret, err);
	return cof_buf_printf(ret, err, "/%s/v1/%s/%s", key, cof_snp_line_name(id->line),
			      id->type == COF_ENDORSE_SNP_CHAIN ? "cert_chain" : "crl");
}

/* --- answers --- */

static int answer(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "endorsement-answer", "the service's answer is not %s", what);
}

static cof_span without_end_of_lines(cof_span s)
{
	while (s.len > 0 && (s.data[s.len - 1] == '\n' || s.data[s.len - 1] == '\r'))
		s.len--;
	return s;
}

/* ASK or ASVK first, ARK second. */
static int take_chain(cof_span pem, cof_endorsement *e, cof_err *err)
{
	COF_AUTO(cof_tdx_chain) chain = {0};
	if (cof_tdx_chain_read(without_end_of_lines(pem), CHAIN, &chain, NULL) < 0)
		return answer(err, "two certificates in PEM");
	const cof_buf *ask = &chain.cert[INTERMEDIATE]->der, *ark = &chain.cert[ROOT]->der;
	int rc = cof_buf_add(&e->body, ask->data, ask->len, err);
	return rc < 0 ? rc : cof_buf_add(&e->chain, ark->data, ark->len, err);
}

int cof_kds_take(const cof_http_resp *resp, cof_endorsement *e, cof_err *err)
{
	cof_span body = cof_buf_span(&resp->body);
	if (e->id.type == COF_ENDORSE_SNP_CHAIN)
		return take_chain(body, e, err);
	if (body.len == 0)
		return answer(err, "anything at all");
	return cof_buf_add(&e->body, body.data, body.len, err);
}
