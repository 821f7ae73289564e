/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_pck.h"

#include "common/ossl.h"
#include "common/secret.h"

#define OID_SGX "1.2.840.113741.1.13.1"

enum { OID_TEXT_MAX = 64, EXTENSION_MAX = 4096, PAIRS_MAX = 32 };

static inline void any_free(ASN1_SEQUENCE_ANY *s)
{
	sk_ASN1_TYPE_pop_free(s, ASN1_TYPE_free);
}
typedef ASN1_SEQUENCE_ANY any_seq;
COF_DEFINE_AUTO_PTR(any_seq, any_free)

/* One member of the extension: where it goes, and how large it is. */
typedef struct member {
	const char *oid; /* behind OID_SGX */
	int (*take)(const struct member *m, const ASN1_TYPE *v, cof_tdx_pck *p, cof_err *err);
	size_t at, len;
	size_t has_at; /* of the flag; SIZE_MAX: the member must be there */
} member;

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "pck-extension-malformed", "SGX extension: %s", what);
}

/* --- members --- */

static int read_octets(const member *m, const ASN1_TYPE *v, cof_tdx_pck *p, cof_err *err)
{
	if (v->type != V_ASN1_OCTET_STRING || (size_t)ASN1_STRING_length(v->value.octet_string) != m->len)
		return malformed(err, m->oid);
	memcpy((uint8_t *)p + m->at, ASN1_STRING_get0_data(v->value.octet_string), m->len);
	return 0;
}

static int read_number(const member *m, const ASN1_TYPE *v, cof_tdx_pck *p, cof_err *err)
{
	uint64_t n = 0;
	uint8_t byte = 0;
	if (v->type != V_ASN1_INTEGER || ASN1_INTEGER_get_uint64(&n, v->value.integer) != 1 || n >> (8 * m->len) != 0)
		return malformed(err, m->oid);
	if (m->len == sizeof p->pcesvn) {
		p->pcesvn = (uint16_t)n;
		return 0;
	}
	byte = (uint8_t)n;
	memcpy((uint8_t *)p + m->at, &byte, 1);
	return 0;
}

static int read_enumerated(const member *m, const ASN1_TYPE *v, cof_tdx_pck *p, cof_err *err)
{
	int64_t n = -1;
	if (v->type != V_ASN1_ENUMERATED || ASN1_ENUMERATED_get_int64(&n, v->value.enumerated) != 1 || n < 0 || n > 255)
		return malformed(err, m->oid);
	p->sgx_type = (uint8_t)n;
	return 0;
}

static int read_flag(const member *m, const ASN1_TYPE *v, cof_tdx_pck *p, cof_err *err)
{
	if (v->type != V_ASN1_BOOLEAN)
		return malformed(err, m->oid);
	bool flag = v->value.boolean != 0;
	memcpy((uint8_t *)p + m->at, &flag, sizeof flag);
	return 0;
}

static int read_tcb(const member *m, const ASN1_TYPE *v, cof_tdx_pck *p, cof_err *err);
static int read_configuration(const member *m, const ASN1_TYPE *v, cof_tdx_pck *p, cof_err *err);

#define PCK_AT(field) offsetof(cof_tdx_pck, field)
#define PCK_COMPONENT(n)                                                                                               \
	{                                                                                                              \
		".2." #n, read_number, PCK_AT(components[n - 1]), 1, SIZE_MAX                                          \
	}

static const member tcb_members[] = {
	PCK_COMPONENT(1),
	PCK_COMPONENT(2),
	PCK_COMPONENT(3),
	PCK_COMPONENT(4),
	PCK_COMPONENT(5),
	PCK_COMPONENT(6),
	PCK_COMPONENT(7),
	PCK_COMPONENT(8),
	PCK_COMPONENT(9),
	PCK_COMPONENT(10),
	PCK_COMPONENT(11),
	PCK_COMPONENT(12),
	PCK_COMPONENT(13),
	PCK_COMPONENT(14),
	PCK_COMPONENT(15),
	PCK_COMPONENT(16),
	{".2.17", read_number, PCK_AT(pcesvn), 2, SIZE_MAX},
	{".2.18", read_octets, PCK_AT(cpusvn), COF_PCK_ID_LEN, SIZE_MAX},
};

/* Which of them a certificate has depends on its CA: none is needed for a decision. */
static const member configuration_members[] = {
	{".7.1", read_flag, PCK_AT(configuration[0]), 1, PCK_AT(has_configuration)},
	{".7.2", read_flag, PCK_AT(configuration[1]), 1, PCK_AT(has_configuration)},
	{".7.3", read_flag, PCK_AT(configuration[2]), 1, PCK_AT(has_configuration)},
};

static const member sgx_members[] = {
	{".1", read_octets, PCK_AT(ppid), COF_PCK_ID_LEN, PCK_AT(has_ppid)},
	{".2", read_tcb, 0, 0, SIZE_MAX},
	{".3", read_octets, PCK_AT(pceid), COF_PCK_PCEID_LEN, SIZE_MAX},
	{".4", read_octets, PCK_AT(fmspc), COF_PCK_FMSPC_LEN, SIZE_MAX},
	{".5", read_enumerated, 0, 0, PCK_AT(has_type)},
	{".6", read_octets, PCK_AT(instance), COF_PCK_ID_LEN, PCK_AT(has_instance)},
	{".7", read_configuration, 0, 0, PCK_AT(has_configuration)},
};

/* --- sequences --- */

/* OpenSSL reads BER too; what it would write again must be what was read. */
static int read_sequence(cof_span der, any_seq **ret, cof_err *err)
{
	const uint8_t *at = der.data;
	uint8_t *again = NULL;
	if (der.len == 0 || der.len > EXTENSION_MAX)
		return malformed(err, "size");
	COF_AUTO_PTR(any_seq) s = d2i_ASN1_SEQUENCE_ANY(NULL, &at, (long)der.len);
	if (s == NULL || at != der.data + der.len || sk_ASN1_TYPE_num(s) > PAIRS_MAX)
		return malformed(err, "no sequence");
	int n = i2d_ASN1_SEQUENCE_ANY(s, &again);
	bool same = n > 0 && cof_ct_equal(cof_span_of(again, (size_t)n), der);
	OPENSSL_free(again);
	if (!same)
		return malformed(err, "not DER");
	*ret = cof_steal(&s);
	return 0;
}

static int read_inner(const ASN1_TYPE *v, any_seq **ret, cof_err *err)
{
	if (v == NULL || v->type != V_ASN1_SEQUENCE)
		return malformed(err, "no sequence");
	const ASN1_STRING *s = v->value.sequence;
	return read_sequence(cof_span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)), ret, err);
}

static const member *find_member(const ASN1_OBJECT *oid, const member *list, size_t n)
{
	static const char sgx[] = OID_SGX;
	char text[OID_TEXT_MAX] = "";
	int len = OBJ_obj2txt(text, sizeof text, oid, 1);
	if (len <= 0 || len >= OID_TEXT_MAX || strncmp(text, sgx, sizeof sgx - 1) != 0)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].oid, text + sizeof sgx - 1) == 0)
			return &list[i];
	}
	return NULL;
}

/* SEQUENCE { OID, value } */
static int read_pair(const ASN1_TYPE *v, const member *list, size_t n, uint32_t *seen, cof_tdx_pck *p, cof_err *err)
{
	COF_AUTO_PTR(any_seq) pair = NULL;
	int rc = read_inner(v, &pair, err);
	if (rc < 0)
		return rc;
	if (sk_ASN1_TYPE_num(pair) != 2 || sk_ASN1_TYPE_value(pair, 0)->type != V_ASN1_OBJECT)
		return malformed(err, "no pair of OID and value");
	const member *m = find_member(sk_ASN1_TYPE_value(pair, 0)->value.object, list, n);
	if (m == NULL)
		return 0;
	if ((*seen & 1u << (m - list)) != 0)
		return malformed(err, "one member twice");
	*seen |= 1u << (m - list);
	if (m->has_at != SIZE_MAX) {
		bool yes = true;
		memcpy((uint8_t *)p + m->has_at, &yes, sizeof yes);
	}
	return m->take(m, sk_ASN1_TYPE_value(pair, 1), p, err);
}

static int read_members(any_seq *s, const member *list, size_t n, cof_tdx_pck *p, cof_err *err)
{
	uint32_t seen = 0;
	for (int i = 0; i < sk_ASN1_TYPE_num(s); i++) {
		int rc = read_pair(sk_ASN1_TYPE_value(s, i), list, n, &seen, p, err);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < n; i++) {
		if (list[i].has_at == SIZE_MAX && (seen & 1u << i) == 0)
			return cof_err_set(err, COF_E_MALFORMED, "pck-extension-missing",
					   "the certificate has no " OID_SGX "%s", list[i].oid);
	}
	return 0;
}

static int read_tcb(const member *m, const ASN1_TYPE *v, cof_tdx_pck *p, cof_err *err)
{
	(void)m;
	COF_AUTO_PTR(any_seq) s = NULL;
	int rc = read_inner(v, &s, err);
	return rc < 0 ? rc : read_members(s, tcb_members, COF_COUNT(tcb_members), p, err);
}

static int read_configuration(const member *m, const ASN1_TYPE *v, cof_tdx_pck *p, cof_err *err)
{
	(void)m;
	COF_AUTO_PTR(any_seq) s = NULL;
	int rc = read_inner(v, &s, err);
	return rc < 0 ? rc : read_members(s, configuration_members, COF_COUNT(configuration_members), p, err);
}

int cof_tdx_pck_read(X509 *cert, cof_tdx_pck *ret, cof_err *err)
{
	cof_tdx_pck p = {0};
	COF_AUTO_PTR(any_seq) s = NULL;
	COF_AUTO_PTR(cof_ossl_oid) oid = OBJ_txt2obj(OID_SGX, 1);
	if (oid == NULL)
		return cof_err_oom(err);
	int at = X509_get_ext_by_OBJ(cert, oid, -1);
	if (at < 0)
		return cof_err_set(err, COF_E_MALFORMED, "pck-extension-missing",
				   "the certificate has no SGX extension");
	if (X509_get_ext_by_OBJ(cert, oid, at) >= 0)
		return malformed(err, "there are two");
	const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(X509_get_ext(cert, at));
	int rc = read_sequence(cof_span_of(ASN1_STRING_get0_data(data), (size_t)ASN1_STRING_length(data)), &s, err);
	if (rc == 0)
		rc = read_members(s, sgx_members, COF_COUNT(sgx_members), &p, err);
	if (rc == 0)
		*ret = p;
	return rc;
}
