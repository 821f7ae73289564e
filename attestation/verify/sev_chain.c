/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/sev_chain.h"

#include <stdio.h>

#include "attestation/verify/snp_certs.h"
#include "common/ossl.h"
#include "common/rd.h"
#include "common/secret.h"

enum { VERSION = 1 };

/* Whose key a signature must be by. */
typedef struct signer {
	const char *who;
	uint32_t usage, algo;
	EVP_PKEY *key; /* NULL: unreadable, so that nothing is signed by it */
} signer;

typedef bool algo_fn(uint32_t algo);

/* One of the platform's certificates, and what its place demands. */
typedef struct place {
	const char *who;
	const cof_sev_link *link;
	uint32_t usage;
	algo_fn *may_have; /* which algorithms its key is for */
	const char *algorithms;
	const signer *by[COF_SEV_SIGNATURES]; /* NULL: nobody */
} place;

void cof_sev_chain_release(cof_sev_chain *c)
{
	EVP_PKEY_free(c->ark.key);
	EVP_PKEY_free(c->ask.key);
	for (size_t i = 0; i < COF_SEV_PLACES; i++)
		EVP_PKEY_free(c->at[i].key);
	*c = (cof_sev_chain){0};
}

const char *cof_sev_place_name(cof_sev_place p)
{
	static const char *const names[COF_SEV_PLACES] = {"cek", "oca", "pek", "pdh"};
	return p < COF_SEV_PLACES ? names[p] : "unknown";
}

/* ---- checks by their certificate's name ---- */

static void named(const char *who, const char *what, char out[COF_CHECK_NAME_MAX])
{
	(void)snprintf(out, COF_CHECK_NAME_MAX, "%.8s-%.32s", who, what);
}

static bool add(cof_checks *c, cof_stage stage, const char *who, const char *what, bool passed, const char *expected)
{
	char name[COF_CHECK_NAME_MAX];
	named(who, what, name);
	return cof_check_text(c, stage, name, passed, expected, NULL);
}

static void add_word(cof_checks *c, const char *who, const char *what, uint32_t expected, uint32_t found)
{
	char name[COF_CHECK_NAME_MAX], want[16], is[16];
	named(who, what, name);
	(void)snprintf(want, sizeof want, "%04x", expected);
	(void)snprintf(is, sizeof is, "%04x", found);
	(void)cof_check_text(c, COF_STAGE_CHAIN, name, expected == found, want, is);
}

static bool add_read(cof_checks *c, const char *who, bool read, const cof_err *bad)
{
	char name[COF_CHECK_NAME_MAX];
	named(who, "certificate", name);
	return cof_check_text(c, COF_STAGE_PARSE, name, read, "one certificate and no more", bad->text);
}

static int add_signed(cof_checks *c, const char *who, const signer *by, cof_span covered,
		      const cof_sev_signature *signature, cof_err *err)
{
	char what[16];
	bool holds = false;
	int rc = by->key == NULL ? 0
				 : cof_sev_signature_verify(by->key, by->algo, covered, signature->bytes, &holds, err);
	(void)snprintf(what, sizeof what, "by-%.8s", by->who);
	if (rc == 0)
		(void)add(c, COF_STAGE_CHAIN, who, what, holds, "signed by that key");
	return rc;
}

/* ---- ARK and ASK ---- */

static void read_ca(const char *who, cof_span in, cof_checks *c, cof_sev_ca_link *ret)
{
	cof_err bad = {0};
	ret->read = cof_sev_ca_parse(in, &ret->cert, &bad) == 0;
	if (!add_read(c, who, ret->read, &bad))
		return;
	ret->key = cof_sev_ca_key(&ret->cert);
	(void)add(c, COF_STAGE_PARSE, who, "version", ret->cert.version == VERSION, "1");
	(void)add(c, COF_STAGE_PARSE, who, "reserved", ret->cert.reserved_zero, "zero");
	(void)add(c, COF_STAGE_CHAIN, who, "key", ret->key != NULL, "an RSA key of its size, exponent 65537");
}

static signer signer_of_ca(const char *who, const cof_sev_ca_link *l, uint32_t usage)
{
	return (signer){who, usage, cof_sev_ca_algo(&l->cert), l->key};
}

/* What signs it is named by its key's id; of another size, it would be hashed another way. */
static int check_ca(const char *who, const cof_sev_ca_link *l, const cof_sev_ca_link *issuer, uint32_t usage,
		    cof_checks *c, cof_err *err)
{
	char name[COF_CHECK_NAME_MAX];
	signer by = signer_of_ca("ark", issuer, COF_SEV_ARK);
	if (!l->read || !issuer->read)
		return 0;
	add_word(c, who, "usage", usage, l->cert.usage);
	named(who, "issuer", name);
	(void)cof_check_bytes(c, COF_STAGE_CHAIN, name, cof_span_of(issuer->cert.key_id, COF_SEV_ID_LEN),
			      cof_span_of(l->cert.certifying_id, COF_SEV_ID_LEN));
	if (l != issuer)
		(void)add(c, COF_STAGE_CHAIN, who, "size", l->cert.bits == issuer->cert.bits,
			  "as many bits as the ARK");
	const cof_sev_signature signature = {.bytes = l->cert.signature};
	return add_signed(c, who, &by, l->cert.covered, &signature, err);
}

static int fingerprint(EVP_PKEY *key, uint8_t out[COF_SHA256_LEN], cof_err *err)
{
	uint8_t *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	int rc = n <= 0 ? cof_err_oom(err) : cof_sha256(cof_span_of(der, (size_t)n), out, err);
	OPENSSL_free(der);
	return rc;
}

/* source: since Milan, ARKs have the same keys in this format and in X.509; older ones are the caller's word */
static int find_anchor(cof_sev_chain *s, cof_err *err)
{
	if (s->ark.key == NULL)
		return 0;
	int rc = fingerprint(s->ark.key, s->ark_fingerprint, err);
	if (rc == 0)
		s->line = cof_snp_line_of_key(cof_span_of(s->ark_fingerprint, sizeof s->ark_fingerprint));
	return rc;
}

/* ---- the platform's certificates ---- */

static void read_link(const char *who, cof_span in, cof_checks *c, cof_sev_link *ret)
{
	cof_err bad = {0};
	ret->read = cof_sev_cert_parse(in, &ret->cert, &bad) == 0;
	if (!add_read(c, who, ret->read, &bad))
		return;
	ret->key = cof_sev_cert_key(&ret->cert);
	(void)add(c, COF_STAGE_PARSE, who, "version", ret->cert.version == VERSION, "1");
	(void)add(c, COF_STAGE_PARSE, who, "reserved", ret->cert.reserved_zero, "zero");
	(void)add(c, COF_STAGE_CHAIN, who, "key", ret->key != NULL, "a key of its algorithm, zero around it");
}

/* The signature that says it is by this key; NULL unless exactly one does. */
static const cof_sev_signature *find_signature(const cof_sev_cert *cert, const signer *by)
{
	const cof_sev_signature *found = NULL;
	for (size_t i = 0; i < COF_SEV_SIGNATURES; i++) {
		const cof_sev_signature *s = &cert->signatures[i];
		if (s->usage != by->usage || s->algo != by->algo)
			continue;
		if (found != NULL)
			return NULL;
		found = s;
	}
	return found;
}

static bool is_empty(const cof_sev_signature *s)
{
	cof_rd r = cof_rd_of(s->bytes);
	return s->usage == COF_SEV_NOBODY && s->algo == COF_SEV_NONE && cof_rd_zeros(&r, r.left);
}

/* Each signer once, in either order, and nobody else. */
static bool signers_are(const place *p)
{
	size_t want = 0, found = 0, empty = 0;
	for (size_t i = 0; i < COF_SEV_SIGNATURES; i++) {
		want += p->by[i] != NULL;
		found += p->by[i] != NULL && find_signature(&p->link->cert, p->by[i]) != NULL;
		empty += is_empty(&p->link->cert.signatures[i]);
	}
	return found == want && empty == COF_SEV_SIGNATURES - want;
}

static bool is_padded(const cof_sev_signature *s, const signer *by)
{
	return s != NULL && by->key != NULL && cof_sev_signature_padded(by->key, s->bytes);
}

static int check_signatures(const place *p, cof_checks *c, cof_err *err)
{
	static const cof_sev_signature none;
	const cof_sev_signature *s[COF_SEV_SIGNATURES] = {0};
	bool padded = true;
	int rc = 0;
	(void)add(c, COF_STAGE_CHAIN, p->who, "signers", signers_are(p), "its signers' usages and algorithms alone");
	for (size_t i = 0; i < COF_SEV_SIGNATURES && p->by[i] != NULL; i++) {
		s[i] = find_signature(&p->link->cert, p->by[i]);
		padded = is_padded(s[i], p->by[i]) && padded;
	}
	(void)add(c, COF_STAGE_PARSE, p->who, "signature-padding", padded, "zero behind the signatures' numbers");
	for (size_t i = 0; rc == 0 && i < COF_SEV_SIGNATURES && p->by[i] != NULL; i++)
		rc = add_signed(c, p->who, p->by[i], p->link->cert.covered, s[i] != NULL ? s[i] : &none, err);
	return rc;
}

static int check_place(const place *p, cof_checks *c, cof_err *err)
{
	if (!p->link->read)
		return 0;
	add_word(c, p->who, "usage", p->usage, p->link->cert.usage);
	(void)add(c, COF_STAGE_CHAIN, p->who, "algorithm", p->may_have(p->link->cert.algo), p->algorithms);
	return check_signatures(p, c, err);
}

/* An owner's CA may have a key of either kind. */
static bool signs(uint32_t algo)
{
	return cof_sev_algo_is_rsa(algo) || cof_sev_algo_is_ecdsa(algo);
}

static signer signer_of(const cof_sev_chain *s, cof_sev_place p, uint32_t usage)
{
	const cof_sev_link *l = &s->at[p];
	return (signer){cof_sev_place_name(p), usage, l->cert.algo, signs(l->cert.algo) ? l->key : NULL};
}

static int check_places(const cof_sev_chain *s, cof_checks *c, cof_err *err)
{
	signer ask = signer_of_ca("ask", &s->ask, COF_SEV_ASK);
	signer cek = signer_of(s, COF_SEV_AT_CEK, COF_SEV_CEK), oca = signer_of(s, COF_SEV_AT_OCA, COF_SEV_OCA);
	signer pek = signer_of(s, COF_SEV_AT_PEK, COF_SEV_PEK);
	const cof_sev_link *at = s->at;
	const place places[] = {
		{"cek", &at[COF_SEV_AT_CEK], COF_SEV_CEK, cof_sev_algo_is_ecdsa, "ECDSA", {&ask}},
		{"oca", &at[COF_SEV_AT_OCA], COF_SEV_OCA, signs, "ECDSA or RSA", {&oca}},
		{"pek", &at[COF_SEV_AT_PEK], COF_SEV_PEK, cof_sev_algo_is_ecdsa, "ECDSA", {&oca, &cek}},
		{"pdh", &at[COF_SEV_AT_PDH], COF_SEV_PDH, cof_sev_algo_is_ecdh, "ECDH", {&pek}},
	};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < COF_COUNT(places); i++)
		rc = check_place(&places[i], c, err);
	return rc;
}

int cof_sev_chain_check(const cof_sev_chain_in *in, cof_checks *checks, cof_sev_chain *ret, cof_err *err)
{
	COF_AUTO(cof_sev_chain) s = {0};
	const cof_span files[COF_SEV_PLACES] = {in->cek, in->oca, in->pek, in->pdh};
	read_ca("ark", in->ark, checks, &s.ark);
	read_ca("ask", in->ask, checks, &s.ask);
	for (cof_sev_place p = 0; p < COF_SEV_PLACES; p++)
		read_link(cof_sev_place_name(p), files[p], checks, &s.at[p]);
	int rc = check_ca("ark", &s.ark, &s.ark, COF_SEV_ARK, checks, err);
	if (rc == 0)
		rc = find_anchor(&s, err);
	if (rc == 0)
		rc = check_ca("ask", &s.ask, &s.ark, COF_SEV_ASK, checks, err);
	if (rc == 0)
		rc = check_places(&s, checks, err);
	if (rc < 0)
		return rc;
	*ret = s;
	s = (cof_sev_chain){0};
	return 0;
}
