/* SPDX-License-Identifier: Apache-2.0 */
/* Names, extensions, and the frame around what is signed. */
#include <stdio.h>

#include "attestation/verify/x509_part.h"
#include "common/secret.h"

/* ---- the frame ---- */

bool cof_x509_read_signed(cof_span der, cof_x509_signed *ret, cof_rd *ret_inner)
{
	cof_rd whole = cof_rd_of(der);
	cof_rd r = cof_der_enter(&whole, COF_DER_SEQUENCE), look = r;
	ret->bytes = cof_der_whole(&r, COF_DER_SEQUENCE);
	ret->alg = cof_der_whole(&r, COF_DER_SEQUENCE);
	ret->signature = cof_der_bits(&r);
	*ret_inner = cof_der_enter(&look, COF_DER_SEQUENCE);
	return cof_rd_end(&r) && cof_rd_end(&whole);
}

/* ---- names ---- */

/* The attribute behind the cursor's place: its type and its value. False at the end; r fails for what is no name. */
static bool next_attribute(cof_rd *r, cof_rd *set, cof_span *ret_oid, cof_span *ret_value)
{
	uint8_t tag = 0;
	if (set->left == 0 && r->left == 0)
		return false;
	if (set->left == 0)
		*set = cof_der_enter(r, COF_DER_SET);
	cof_rd pair = cof_der_enter(set, COF_DER_SEQUENCE);
	*ret_oid = cof_der_take(&pair, COF_DER_OID);
	*ret_value = cof_der_any(&pair, &tag);
	if (!cof_rd_end(&pair))
		cof_rd_fail(r);
	return cof_rd_ok(r);
}

static cof_rd enter_name(cof_span name)
{
	cof_rd whole = cof_rd_of(name);
	return cof_der_enter(&whole, COF_DER_SEQUENCE);
}

bool cof_x509_is_name(cof_span name)
{
	cof_rd r = enter_name(name), set = {0};
	cof_span oid, value;
	while (next_attribute(&r, &set, &oid, &value))
		;
	return cof_rd_end(&r);
}

size_t cof_x509_name_count(cof_span name)
{
	cof_rd r = enter_name(name), set = {0};
	cof_span oid, value;
	size_t n = 0;
	while (next_attribute(&r, &set, &oid, &value))
		n++;
	return n;
}

cof_span cof_x509_name_value(cof_span name, cof_span wanted)
{
	cof_rd r = enter_name(name), set = {0};
	cof_span oid, value, found = {0};
	size_t n = 0;
	while (next_attribute(&r, &set, &oid, &value)) {
		if (!cof_ct_equal(oid, wanted))
			continue;
		found = value;
		n++;
	}
	return n == 1 ? found : (cof_span){0};
}

void cof_x509_common_name(cof_span name, char out[COF_X509_NAME_MAX])
{
	static const uint8_t cn[] = {0x55, 0x04, 0x03};
	cof_span v = cof_x509_name_value(name, cof_span_of(cn, sizeof cn));
	out[0] = '\0';
	if (v.len == 0 || v.len >= COF_X509_NAME_MAX || memchr(v.data, 0, v.len) != NULL)
		return;
	memcpy(out, v.data, v.len);
	out[v.len] = '\0';
}

/* ---- extensions ---- */

static const uint8_t oid_constraints[] = {0x55, 0x1d, 0x13}, oid_usage[] = {0x55, 0x1d, 0x0f};

/* spec: X.690, 11.5: a default is not written, so that a BOOLEAN that is there is TRUE */
static bool is_flagged(cof_rd *r)
{
	bool there = cof_der_is(r, COF_DER_BOOLEAN);
	if (there && !cof_der_bool(r))
		cof_rd_fail(r);
	return there;
}

static cof_x509_extension read_extension(cof_rd *r)
{
	cof_x509_extension e = {0};
	cof_rd inner = cof_der_enter(r, COF_DER_SEQUENCE);
	e.oid = cof_der_take(&inner, COF_DER_OID);
	e.critical = is_flagged(&inner);
	e.value = cof_der_take(&inner, COF_DER_OCTET_STRING);
	if (!cof_rd_end(&inner))
		cof_rd_fail(r);
	return e;
}

void cof_x509_read_extensions(cof_rd *r, uint8_t tag, cof_x509_extensions *ret)
{
	cof_rd outer = cof_der_enter(r, tag);
	cof_rd list = cof_der_enter(&outer, COF_DER_SEQUENCE);
	/* spec: RFC 5280, 4.1: one at the least */
	if (list.left == 0 || !cof_rd_end(&outer))
		cof_rd_fail(r);
	while (list.left > 0 && ret->n < COF_X509_EXTENSIONS_MAX)
		ret->list[ret->n++] = read_extension(&list);
	if (!cof_rd_end(&list))
		cof_rd_fail(r);
}

const cof_x509_extension *cof_x509_find(const cof_x509_extensions *e, cof_span oid)
{
	for (size_t i = 0; i < e->n; i++) {
		if (cof_ct_equal(e->list[i].oid, oid))
			return &e->list[i];
	}
	return NULL;
}

bool cof_x509_has_no_double(const cof_x509_extensions *e)
{
	for (size_t i = 0; i < e->n; i++) {
		if (cof_x509_find(e, e->list[i].oid) != &e->list[i])
			return false;
	}
	return true;
}

bool cof_x509_all_critical_known(const cof_x509_extensions *e)
{
	for (size_t i = 0; i < e->n; i++) {
		cof_span oid = e->list[i].oid;
		if (e->list[i].critical && !cof_ct_equal(oid, cof_span_of(oid_constraints, sizeof oid_constraints)) &&
		    !cof_ct_equal(oid, cof_span_of(oid_usage, sizeof oid_usage)))
			return false;
	}
	return true;
}

bool cof_x509_constraints_read(const cof_x509 *c, cof_x509_constraints *ret)
{
	const cof_x509_extension *e = cof_x509_find(&c->ext, cof_span_of(oid_constraints, sizeof oid_constraints));
	*ret = (cof_x509_constraints){0};
	if (e == NULL)
		return true;
	cof_rd r = cof_rd_of(e->value);
	cof_rd inner = cof_der_enter(&r, COF_DER_SEQUENCE);
	cof_x509_constraints b = {.present = true, .critical = e->critical};
	b.ca = is_flagged(&inner);
	b.has_room = cof_der_is(&inner, COF_DER_INTEGER);
	if (b.has_room)
		b.room = cof_der_u64(&inner, COF_DER_INTEGER);
	*ret = b;
	return cof_rd_end(&inner) && cof_rd_end(&r);
}

bool cof_x509_usage_read(const cof_x509 *c, cof_x509_usage *ret)
{
	const cof_x509_extension *e = cof_x509_find(&c->ext, cof_span_of(oid_usage, sizeof oid_usage));
	*ret = (cof_x509_usage){0};
	if (e == NULL)
		return true;
	cof_rd r = cof_rd_of(e->value);
	cof_rd bits = cof_der_enter(&r, COF_DER_BIT_STRING);
	bool strict = cof_der_is_strict(e->value);
	cof_rd_skip(&bits, 1);
	*ret = (cof_x509_usage){.present = true, .critical = e->critical, .bits = cof_rd_u8(&bits)};
	return strict && cof_rd_ok(&bits) && cof_rd_end(&r);
}
