/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tpm_fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "common/hex.h"
#include "common/json.h"

enum { HEX32_TEXT_MAX = 9, HEX64_TEXT_MAX = 17, TIME_TEXT_MAX = 40, ISSUER_TEXT_MAX = 1024 };

/* ---- attestations ---- */

static int bank_json(const cof_tpm_selection *s, json_t *list, cof_err *err)
{
	char number[HEX32_TEXT_MAX];
	const char *name = cof_tpm_bank_name(s->bank);
	(void)snprintf(number, sizeof number, "%04x", s->bank);
	json_t *o = json_pack("{s:s, s:[]}", "alg", name == NULL ? number : name, "pcrs");
	if (o == NULL || json_array_append_new(list, o) < 0)
		return cof_err_oom(err);
	json_t *pcrs = json_object_get(o, "pcrs");
	for (int i = 0; i < COF_TPM_BANK_PCRS; i++) {
		if ((s->mask & (1u << i)) != 0 && json_array_append_new(pcrs, json_integer(i)) < 0)
			return cof_err_oom(err);
	}
	return 0;
}

static int quote_json(const cof_tpm_quote *q, json_t *o, cof_err *err)
{
	char firmware[HEX64_TEXT_MAX];
	json_t *list = json_array();
	(void)snprintf(firmware, sizeof firmware, "%016" PRIx64, q->firmware_version);
	int rc = cof_json_set_new(o, "pcr_select", list, err);
	for (size_t i = 0; rc == 0 && i < q->n_select; i++)
		rc = bank_json(&q->select[i], list, err);
	if (rc == 0)
		rc = cof_json_set_hex(o, "qualified_signer", q->qualified_signer, err);
	if (rc == 0)
		rc = cof_json_set_hex(o, "extra_data", q->extra, err);
	if (rc == 0)
		rc = cof_json_set_hex(o, "pcr_digest", q->pcr_digest, err);
	if (rc == 0)
		rc = cof_json_set_str(o, "firmware_version", firmware, err);
	if (rc == 0)
		rc = cof_json_set_new(o, "clock", json_integer((json_int_t)q->clock), err);
	if (rc == 0)
		rc = cof_json_set_new(o, "reset_count", json_integer(q->reset_count), err);
	if (rc == 0)
		rc = cof_json_set_new(o, "restart_count", json_integer(q->restart_count), err);
	return rc < 0 ? rc : cof_json_set_new(o, "safe", json_integer(q->safe), err);
}

int cof_tpm_attest_json(const cof_tpm_quote *q, size_t len, json_t **ret, cof_err *err)
{
	char magic[HEX32_TEXT_MAX], type[HEX32_TEXT_MAX];
	(void)snprintf(magic, sizeof magic, "%08x", q->magic);
	(void)snprintf(type, sizeof type, "%04x", q->type);
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:s, s:s, s:I, s:I}", "magic", magic, "type", type, "consumed", (json_int_t)len, "length",
		      (json_int_t)len);
	if (o == NULL)
		return cof_err_oom(err);
	int rc = q->type == COF_TPM_ST_ATTEST_QUOTE ? quote_json(q, o, err) : 0;
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}

int cof_tpm_signature_json(const cof_tpm_signature *s, json_t **ret, cof_err *err)
{
	char number[HEX32_TEXT_MAX];
	const char *hash = cof_tpm_bank_name(s->hash_alg);
	(void)snprintf(number, sizeof number, "%04x", s->hash_alg);
	json_t *o = json_pack("{s:s, s:s}", "scheme",
			      s->scheme == COF_TPM_ALG_RSASSA	? "rsassa"
			      : s->scheme == COF_TPM_ALG_RSAPSS ? "rsapss"
								: "ecdsa",
			      "hash", hash == NULL ? number : hash);
	*ret = o;
	return o == NULL ? cof_err_oom(err) : 0;
}

/* ---- keys ---- */

static const struct {
	const char *name;
	uint32_t bit;
} attributes[] = {
	{"fixedtpm", COF_TPM_FIXED_TPM},    {"fixedparent", COF_TPM_FIXED_PARENT},
	{"restricted", COF_TPM_RESTRICTED}, {"sensitive_data_origin", COF_TPM_SENSITIVE_DATA_ORIGIN},
	{"decrypt", COF_TPM_DECRYPT},	    {"sign", COF_TPM_SIGN},
};

int cof_tpm_public_json(const cof_tpm_public *p, json_t **ret, cof_err *err)
{
	char bits[HEX32_TEXT_MAX];
	(void)snprintf(bits, sizeof bits, "%08x", p->attributes);
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:i, s:s, s:s}", "type", p->type, "name_alg", cof_hash_name(p->name_alg), "attributes", bits);
	if (o == NULL)
		return cof_err_oom(err);
	int rc = cof_json_set_hex(o, "auth_policy", p->auth_policy, err);
	if (rc == 0)
		rc = cof_json_set_hex(o, "name", cof_tpm_public_name(p), err);
	for (size_t i = 0; rc == 0 && i < COF_COUNT(attributes); i++)
		rc = cof_json_set_new(o, attributes[i].name, json_integer((p->attributes & attributes[i].bit) != 0),
				      err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}

/* ---- certificates ---- */

/* Hex without zeros in front. */
static int set_serial(X509 *c, json_t *o, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_bn) n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(c), NULL);
	uint8_t bytes[64];
	char hex[2 * sizeof bytes + 1];
	if (n == NULL || BN_is_negative(n) || BN_num_bytes(n) > (int)sizeof bytes)
		return cof_json_set_str(o, "serial", NULL, err);
	int len = BN_bn2bin(n, bytes);
	cof_hex(cof_span_of(bytes, (size_t)len), hex);
	return cof_json_set_str(o, "serial", hex[0] == '0' && len > 0 ? hex + 1 : hex, err);
}

/* spec: RFC 4514; what is no ASCII is escaped, and what is too long is cut */
static int set_issuer(X509 *c, json_t *o, cof_err *err)
{
	char text[ISSUER_TEXT_MAX] = "";
	COF_AUTO_PTR(cof_ossl_bio) bio = BIO_new(BIO_s_mem());
	if (bio == NULL)
		return cof_err_oom(err);
	if (X509_NAME_print_ex(bio, X509_get_issuer_name(c), 0, XN_FLAG_RFC2253) >= 0)
		(void)!BIO_gets(bio, text, sizeof text);
	return cof_json_set_str(o, "issuer", text, err);
}

static int set_not_after(X509 *c, json_t *o, cof_err *err)
{
	struct tm tm = {0};
	char text[TIME_TEXT_MAX];
	if (ASN1_TIME_to_tm(X509_get0_notAfter(c), &tm) != 1 ||
	    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S+00:00", &tm) == 0)
		return cof_json_set_str(o, "not_after", NULL, err);
	return cof_json_set_str(o, "not_after", text, err);
}

int cof_ek_cert_json(X509 *c, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = json_object();
	int rc = o == NULL ? cof_err_oom(err) : set_serial(c, o, err);
	if (rc == 0)
		rc = set_issuer(c, o, err);
	if (rc == 0)
		rc = set_not_after(c, o, err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}
