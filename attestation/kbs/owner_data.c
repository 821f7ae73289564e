/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/owner_data.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "attestation/kbs/wire.h"
#include "attestation/refvalue/refvalue.h"
#include "attestation/token/claims_policy.h"
#include "common/digest.h"
#include "common/hex.h"

#define REFERENCE_FORMAT "coffer-reference-values/1"
enum { CERTS_MAX = 16 };

void cof_owner_item_release(cof_owner_item *i)
{
	cof_buf_release(&i->name);
	cof_buf_release(&i->value);
}

int cof_owner_resource_name(const cof_span part[3], cof_buf *ret, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; i < 3 && rc == 0; i++) {
		if (!cof_kb_segment_ok(part[i]))
			return cof_err_set(err, COF_E_MALFORMED, "bad-path", "a resource's path");
		rc = cof_buf_add_str(ret, i > 0 ? "/" : "", err);
		if (rc == 0)
			rc = cof_buf_add(ret, part[i].data, part[i].len, err);
	}
	return rc;
}

static int name_by_hash(cof_owner_item *item, cof_err *err)
{
	uint8_t d[COF_SHA256_LEN];
	char hex[2 * sizeof d + 1];
	int rc = cof_sha256(cof_buf_span(&item->value), d, err);
	if (rc < 0)
		return rc;
	cof_hex(cof_span_of(d, sizeof d), hex);
	return cof_buf_add_str(&item->name, hex, err);
}

/* Exactly the members in the NULL-ended list. */
static int parse_body(cof_span body, const char *const *known, json_t **ret, cof_err *err)
{
	int rc = cof_json_parse(body, ret, err);
	return rc < 0 ? rc : cof_json_only(*ret, known, err);
}

static int parse_message(cof_span body, cof_buf *ret, cof_err *err)
{
	static const char *const known[] = {"version", "type", "payload", NULL};
	COF_AUTO_PTR(json_t) o = NULL;
	const char *version = NULL, *type = NULL;
	int rc = parse_body(body, known, &o, err);
	if (rc == 0)
		rc = cof_json_str(o, "version", &version, err);
	if (rc == 0)
		rc = cof_json_str(o, "type", &type, err);
	if (rc == 0 && (strcmp(version, "0.1.0") != 0 || strcmp(type, REFERENCE_FORMAT) != 0))
		rc = cof_err_set(err, COF_E_MALFORMED, "reference-malformed", "version 0.1.0 and type %s are read",
				 REFERENCE_FORMAT);
	return rc < 0 ? rc : cof_json_b64(o, "payload", ret, err);
}

int cof_owner_parse_reference(cof_span body, cof_owner_item *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_refvalue) v = {0};
	COF_AUTO_PTR(json_t) o = NULL;
	int rc = parse_message(body, &text, err);
	if (rc == 0)
		rc = cof_refvalue_read(cof_buf_span(&text), &v, err);
	if (rc == 0)
		rc = cof_refvalue_json(&v, &o, err); /* what was understood is what is kept */
	if (rc == 0)
		rc = cof_json_dump(o, &ret->value, err);
	return rc < 0 ? rc : cof_buf_add_str(&ret->name, v.name, err);
}

int cof_owner_parse_initdata(cof_span body, cof_owner_item *ret, cof_err *err)
{
	static const char *const known[] = {"digest", NULL};
	COF_AUTO_PTR(json_t) o = NULL;
	const char *text = NULL;
	cof_digest d;
	char hex[2 * COF_SHA256_LEN + 1];
	int rc = parse_body(body, known, &o, err);
	if (rc == 0)
		rc = cof_json_str(o, "digest", &text, err);
	if (rc == 0)
		rc = cof_digest_parse(text, &d, err);
	if (rc < 0)
		return rc;
	/* The field that holds it in tpm evidence has 32 bytes: a longer digest is cut as the guest cuts it. */
	cof_hex(cof_span_of(d.bytes, COF_SHA256_LEN), hex);
	return cof_buf_add_str(&ret->name, hex, err);
}

/* Every certificate must be a CA's: a leaf here would vouch for whatever it signs. */
static int check_certs(cof_span pem, cof_err *err)
{
	BIO *b = BIO_new_mem_buf(pem.data, (int)pem.len);
	size_t n = 0;
	bool ok = b != NULL;
	for (X509 *x = NULL; ok && (x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL; n++) {
		ok = X509_check_ca(x) > 0 && n < CERTS_MAX;
		X509_free(x);
	}
	BIO_free(b);
	if (!ok || n == 0)
		return cof_err_set(err, COF_E_MALFORMED, "bad-ek-root", "not 1 to %d CA certificates in PEM",
				   CERTS_MAX);
	return 0;
}

int cof_owner_parse_ek_root(cof_span body, cof_owner_item *ret, cof_err *err)
{
	static const char *const known[] = {"pem", NULL};
	COF_AUTO_PTR(json_t) o = NULL;
	const char *pem = NULL;
	int rc = parse_body(body, known, &o, err);
	if (rc == 0)
		rc = cof_json_str(o, "pem", &pem, err);
	if (rc == 0)
		rc = check_certs(cof_span_str(pem), err);
	if (rc == 0)
		rc = cof_buf_add_str(&ret->value, pem, err);
	return rc < 0 ? rc : name_by_hash(ret, err);
}

int cof_owner_parse_policy(cof_span body, cof_owner_item *ret, cof_err *err)
{
	static const char *const known[] = {"policy", NULL};
	COF_AUTO_PTR(json_t) o = NULL;
	COF_AUTO_PTR(cof_release_policy) p = NULL;
	const char *text = NULL;
	int rc = parse_body(body, known, &o, err);
	if (rc == 0)
		rc = cof_json_str(o, "policy", &text, err);
	if (rc == 0)
		rc = cof_unb64url(cof_span_str(text), &ret->value, err);
	if (rc == 0)
		rc = cof_release_policy_parse(cof_buf_span(&ret->value), &p, err);
	return rc < 0 ? rc : name_by_hash(ret, err);
}
