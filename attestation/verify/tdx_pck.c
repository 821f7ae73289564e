/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_pck.h"

#include "common/der.h"
#include "common/secret.h"

#define OID_SGX "1.2.840.113741.1.13.1"
static const uint8_t sgx_arc[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

enum { EXTENSION_MAX = 4096, SUFFIX_MAX = 2 };

/* One member of the extension: where it goes, and how large it is. */
typedef struct member {
	const char *oid; /* behind OID_SGX */
	uint8_t suffix[SUFFIX_MAX], suffix_len;
	/* r is over the value alone. */
	int (*take)(const struct member *m, cof_rd *r, cof_tdx_pck *p, cof_err *err);
	size_t at, len;
	size_t has_at; /* of the flag; SIZE_MAX: the member must be there */
} member;

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "pck-extension-malformed", "SGX extension: %s", what);
}

/* --- members --- */

static int read_octets(const member *m, cof_rd *r, cof_tdx_pck *p, cof_err *err)
{
	cof_span v = cof_der_take(r, COF_DER_OCTET_STRING);
	if (!cof_rd_end(r) || v.len != m->len)
		return malformed(err, m->oid);
	memcpy((uint8_t *)p + m->at, v.data, m->len);
	return 0;
}

static int read_number(const member *m, cof_rd *r, cof_tdx_pck *p, cof_err *err)
{
	uint64_t n = cof_der_u64(r, COF_DER_INTEGER);
	uint8_t byte = (uint8_t)n;
	if (!cof_rd_end(r) || n >> (8 * m->len) != 0)
		return malformed(err, m->oid);
	if (m->len == sizeof p->pcesvn)
		p->pcesvn = (uint16_t)n;
	else
		memcpy((uint8_t *)p + m->at, &byte, 1);
	return 0;
}

static int read_enumerated(const member *m, cof_rd *r, cof_tdx_pck *p, cof_err *err)
{
	uint64_t n = cof_der_u64(r, COF_DER_ENUMERATED);
	if (!cof_rd_end(r) || n > UINT8_MAX)
		return malformed(err, m->oid);
	p->sgx_type = (uint8_t)n;
	return 0;
}

static int read_flag(const member *m, cof_rd *r, cof_tdx_pck *p, cof_err *err)
{
	bool flag = cof_der_bool(r);
	if (!cof_rd_end(r))
		return malformed(err, m->oid);
	memcpy((uint8_t *)p + m->at, &flag, sizeof flag);
	return 0;
}

static int read_tcb(const member *m, cof_rd *r, cof_tdx_pck *p, cof_err *err);
static int read_configuration(const member *m, cof_rd *r, cof_tdx_pck *p, cof_err *err);

#define PCK_AT(field) offsetof(cof_tdx_pck, field)
#define PCK_COMPONENT(n)                                                                                               \
	{                                                                                                              \
		".2." #n, {2, n}, 2, read_number, PCK_AT(components[n - 1]), 1, SIZE_MAX                               \
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
	{".2.17", {2, 17}, 2, read_number, PCK_AT(pcesvn), 2, SIZE_MAX},
	{".2.18", {2, 18}, 2, read_octets, PCK_AT(cpusvn), COF_PCK_ID_LEN, SIZE_MAX},
};

/* Which of them a certificate has depends on its CA: none is needed for a decision. */
static const member configuration_members[] = {
	{".7.1", {7, 1}, 2, read_flag, PCK_AT(configuration[0]), 1, PCK_AT(has_configuration)},
	{".7.2", {7, 2}, 2, read_flag, PCK_AT(configuration[1]), 1, PCK_AT(has_configuration)},
	{".7.3", {7, 3}, 2, read_flag, PCK_AT(configuration[2]), 1, PCK_AT(has_configuration)},
};

static const member sgx_members[] = {
	{".1", {1}, 1, read_octets, PCK_AT(ppid), COF_PCK_ID_LEN, PCK_AT(has_ppid)},
	{".2", {2}, 1, read_tcb, 0, 0, SIZE_MAX},
	{".3", {3}, 1, read_octets, PCK_AT(pceid), COF_PCK_PCEID_LEN, SIZE_MAX},
	{".4", {4}, 1, read_octets, PCK_AT(fmspc), COF_PCK_FMSPC_LEN, SIZE_MAX},
	{".5", {5}, 1, read_enumerated, 0, 0, PCK_AT(has_type)},
	{".6", {6}, 1, read_octets, PCK_AT(instance), COF_PCK_ID_LEN, PCK_AT(has_instance)},
	{".7", {7}, 1, read_configuration, 0, 0, PCK_AT(has_configuration)},
};

/* --- sequences --- */

static const member *find_member(cof_span oid, const member *list, size_t n)
{
	cof_rd r = cof_rd_of(oid);
	cof_span arc = cof_rd_bytes(&r, sizeof sgx_arc), rest = cof_rd_rest(&r);
	if (!cof_ct_equal(arc, cof_span_of(sgx_arc, sizeof sgx_arc)))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (cof_ct_equal(rest, cof_span_of(list[i].suffix, list[i].suffix_len)))
			return &list[i];
	}
	return NULL;
}

/* SEQUENCE { OID, value } */
static int read_pair(cof_rd *r, const member *list, size_t n, uint32_t *seen, cof_tdx_pck *p, cof_err *err)
{
	cof_rd pair = cof_der_enter(r, COF_DER_SEQUENCE);
	cof_span oid = cof_der_take(&pair, COF_DER_OID);
	if (!cof_rd_ok(&pair) || pair.left == 0)
		return malformed(err, "no pair of OID and value");
	const member *m = find_member(oid, list, n);
	if (m == NULL) {
		uint8_t tag = 0;
		(void)cof_der_any(&pair, &tag);
		return cof_rd_end(&pair) ? 0 : malformed(err, "no pair of OID and value");
	}
	if ((*seen & 1u << (m - list)) != 0)
		return malformed(err, "one member twice");
	*seen |= 1u << (m - list);
	if (m->has_at != SIZE_MAX) {
		bool yes = true;
		memcpy((uint8_t *)p + m->has_at, &yes, sizeof yes);
	}
	return m->take(m, &pair, p, err);
}

/* A SEQUENCE of pairs, and nothing behind it. */
static int read_members(cof_rd *r, const member *list, size_t n, cof_tdx_pck *p, cof_err *err)
{
	uint32_t seen = 0;
	cof_rd inner = cof_der_enter(r, COF_DER_SEQUENCE);
	if (!cof_rd_end(r))
		return malformed(err, "no sequence");
	while (inner.left > 0) {
		int rc = read_pair(&inner, list, n, &seen, p, err);
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

static int read_tcb(const member *m, cof_rd *r, cof_tdx_pck *p, cof_err *err)
{
	(void)m;
	return read_members(r, tcb_members, COF_COUNT(tcb_members), p, err);
}

static int read_configuration(const member *m, cof_rd *r, cof_tdx_pck *p, cof_err *err)
{
	(void)m;
	return read_members(r, configuration_members, COF_COUNT(configuration_members), p, err);
}

int cof_tdx_pck_read(const cof_x509 *cert, cof_tdx_pck *ret, cof_err *err)
{
	cof_tdx_pck p = {0};
	const cof_x509_extension *e = NULL;
	for (size_t i = 0; i < cert->ext.n; i++) {
		if (!cof_ct_equal(cert->ext.list[i].oid, cof_span_of(sgx_arc, sizeof sgx_arc)))
			continue;
		if (e != NULL)
			return malformed(err, "there are two");
		e = &cert->ext.list[i];
	}
	if (e == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "pck-extension-missing",
				   "the certificate has no SGX extension");
	if (e->value.len > EXTENSION_MAX || !cof_der_is_strict(e->value))
		return malformed(err, "not DER");
	cof_rd r = cof_rd_of(e->value);
	int rc = read_members(&r, sgx_members, COF_COUNT(sgx_members), &p, err);
	if (rc == 0)
		*ret = p;
	return rc;
}
