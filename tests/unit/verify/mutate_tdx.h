/* SPDX-License-Identifier: Apache-2.0 */
/* A platform of soft_tdx.h with one thing changed, before it is signed or behind the signature, as rows of tables. */
#pragma once

#include "tests/unit/verify/judge_tdx.h"

typedef struct mutation {
	const char *check; /* the one that must fail; with '+' behind it, others may fail after it */
	void (*apply)(soft_tdx *t, const struct mutation *m);
	size_t at;
	int value;
	const char *from, *to;
	const char *policy;
} mutation;

static inline void in_body(soft_tdx *t, const mutation *m)
{
	t->body.data[m->at] ^= (uint8_t)m->value;
}

static inline void in_qe(soft_tdx *t, const mutation *m)
{
	t->qe.data[m->at] ^= (uint8_t)m->value;
}

static inline void in_quote(soft_tdx *t, const mutation *m)
{
	t->flip = m->at + 1;
	t->flip_with = (uint8_t)m->value;
}

static inline void in_info(soft_tdx *t, const mutation *m)
{
	soft_replace(&t->info, m->from, m->to);
}

static inline void in_identity(soft_tdx *t, const mutation *m)
{
	soft_replace(&t->identity, m->from, m->to);
}

static inline void in_signed_info(soft_tdx *t, const mutation *m)
{
	t->info_from = m->from;
	t->info_to = m->to;
}

static inline void in_signed_identity(soft_tdx *t, const mutation *m)
{
	t->identity_from = m->from;
	t->identity_to = m->to;
}

static inline void in_chain(soft_tdx *t, const mutation *m)
{
	t->chain_from = m->from;
	t->chain_to = m->to;
}

static inline void in_signing_chain(soft_tdx *t, const mutation *m)
{
	t->signing_from = m->from;
	t->signing_to = m->to;
}

static inline void signing_root(soft_tdx *t, const mutation *m)
{
	t->signing_root = (soft_who)m->value;
}

static inline void in_cert(soft_tdx *t, const mutation *m)
{
	soft_replace(&t->cert[m->at].ext, m->from, m->to);
}

static inline void cert_name(soft_tdx *t, const mutation *m)
{
	t->cert[m->at].subject = m->to;
}

static inline void cert_issuer(soft_tdx *t, const mutation *m)
{
	t->cert[m->at].issuer = m->to;
}

static inline void cert_by(soft_tdx *t, const mutation *m)
{
	t->cert[m->at].issuer_key = (soft_who)m->value;
}

static inline void cert_from(soft_tdx *t, const mutation *m)
{
	t->cert[m->at].from = m->value;
}

static inline void cert_to(soft_tdx *t, const mutation *m)
{
	t->cert[m->at].to = m->value;
}

static inline void cert_hash(soft_tdx *t, const mutation *m)
{
	t->cert[m->at].hash = m->to;
}

static inline void cert_curve(soft_tdx *t, const mutation *m)
{
	soft_who who = (soft_who)m->at;
	EVP_PKEY_free(t->keys[who]);
	t->keys[who] = EVP_EC_gen("P-384");
	assert_non_null(t->keys[who]);
	/* raw signatures are made by keys of P-256 */
	if (who == SOFT_PCK)
		t->qe_by = SOFT_OTHER;
	if (who == SOFT_TCB)
		t->json_by = SOFT_OTHER;
}

static inline void signer(soft_tdx *t, const mutation *m)
{
	soft_who *by[] = {&t->qe_by, &t->quote_by, &t->json_by, &t->pck_crl.by, &t->root_crl.by};
	*by[m->at] = (soft_who)m->value;
}

static inline soft_crl *crl_of(soft_tdx *t, const mutation *m)
{
	return m->at == SOFT_ROOT ? &t->root_crl : &t->pck_crl;
}

static inline void crl_serial(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->serial = m->value;
}

static inline void crl_from(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->from = m->value;
}

static inline void crl_to(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->to = m->value;
}

static inline void crl_issuer(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->issuer = m->to;
}

static inline void crl_critical(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->critical = true;
}

static inline void crl_no_next(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->no_next = true;
}

static inline void crl_garbage(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->garbage = true;
}

static inline void crl_hash(soft_tdx *t, const mutation *m)
{
	crl_of(t, m)->hash = m->to;
}

static inline void qe_tail(soft_tdx *t, const mutation *m)
{
	t->qe_tail = (uint8_t)m->value;
}

static inline void leave_out(soft_tdx *t, const mutation *m)
{
	t->leave_out = m->to;
}

static inline void behind(soft_tdx *t, const mutation *m)
{
	assert_ok(cof_buf_add(&t->behind, m->to, m->at, &err));
}

static inline void inside(soft_tdx *t, const mutation *m)
{
	soft_add(&t->behind, m->to);
	t->inside = strlen(m->to);
}

static inline void cut(soft_tdx *t, const mutation *m)
{
	t->cut = m->at;
}

#define BODY(check, at, value)                                                                                         \
	{                                                                                                              \
		check, in_body, at, value, NULL, NULL, NULL                                                            \
	}
#define BODY_POLICY(check, at, value, policy)                                                                          \
	{                                                                                                              \
		check, in_body, at, value, NULL, NULL, policy                                                          \
	}
#define QE(check, at, value)                                                                                           \
	{                                                                                                              \
		check, in_qe, at, value, NULL, NULL, NULL                                                              \
	}
#define QUOTE(check, at, value)                                                                                        \
	{                                                                                                              \
		check, in_quote, at, value, NULL, NULL, NULL                                                           \
	}
#define TEXT(check, where, from, to)                                                                                   \
	{                                                                                                              \
		check, where, 0, 0, from, to, NULL                                                                     \
	}
#define CERT(check, who, from, to)                                                                                     \
	{                                                                                                              \
		check, in_cert, who, 0, from, to, NULL                                                                 \
	}
#define WITH(check, how, at, value, to)                                                                                \
	{                                                                                                              \
		check, how, at, value, NULL, to, NULL                                                                  \
	}
#define HEX_48 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
#define HEX_64                                                                                                         \
	"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf"             \
	"b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define EXPECT(word, hex) "{\"" word "\":\"" hex "\"}"
#define OCTETS "FORMAT:HEX,OCTETSTRING:"

static inline bool refused_by(const cof_verdict *r, const char *check)
{
	size_t n = strcspn(check, "+");
	const char *first = r->accepted ? "" : walk_first(r)->name;
	return strlen(first) == n && strncmp(first, check, n) == 0 && (check[n] == '+' || r->checks.failed == 1);
}

/* True when it is refused by its check. */
static inline bool mutation_holds(const mutation *m)
{
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	m->apply(&t, m);
	soft_finish(&t);
	COF_AUTO_PTR(walk_verdict) r = judge(&t, m->policy);
	if (refused_by(r, m->check))
		return true;
	print_error("at %zu, %s -> %s: not refused by '%s':\n", m->at, m->from == NULL ? "" : m->from,
		    m->to == NULL ? "" : m->to, m->check);
	print_failures(r);
	return false;
}

static inline void assert_mutations(const mutation *list, size_t n)
{
	size_t bad = 0;
	for (size_t i = 0; i < n; i++)
		bad += !mutation_holds(&list[i]);
	assert_int_equal(bad, 0);
}

/* The same policies on the unchanged quote: what a mutation is refused for is what was changed. */
static inline void assert_policies_hold(const mutation *list, size_t n)
{
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	for (size_t i = 0; i < n; i++)
		assert_accepted(&t, list[i].policy);
}
