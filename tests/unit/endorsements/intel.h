/* SPDX-License-Identifier: Apache-2.0 */
/* Intel's service with a vendor of our own behind it. */
#pragma once

#include "tests/unit/endorsements/vendor.h"
#include "tests/unit/kbs/tmpdir.h"
#include "tests/unit/verify/soft_tdx.h"

#include "attestation/endorsements/fetch.h"

typedef struct intel {
	soft_tdx t;
	vendor_peer v;
	cof_buf pck_issuers; /* PCK CA and root, PEM */
	tmpdir dir;
	cof_ecache *store;
	cof_service *service;
	cof_fetcher f;
} intel;

static soft_tdx intel_keys;

static inline int intel_setup(void **state)
{
	(void)state;
	soft_keys(&intel_keys);
	return 0;
}

static inline int intel_teardown(void **state)
{
	(void)state;
	soft_drop(&intel_keys);
	return 0;
}

#define INTEL_INFO "/tdx/certification/v4/tcb?fmspc=00806f050000"
#define INTEL_QE "/tdx/certification/v4/qe/identity"
#define INTEL_PCK "/sgx/certification/v4/pckcrl?ca=platform&encoding=der"
#define INTEL_ROOT "/IntelSGXRootCA.der"

/* Says everything as t has it. */
static inline void intel_say(intel *i)
{
	i->pck_issuers.len = 0;
	soft_put_pem(i->t.x509[SOFT_CA], &i->pck_issuers);
	soft_put_pem(i->t.x509[SOFT_ROOT], &i->pck_issuers);
	vendor_say(&i->v, INTEL_INFO, cof_buf_span(&i->t.tcb_info), "TCB-Info-Issuer-Chain", &i->t.signing);
	vendor_say(&i->v, INTEL_QE, cof_buf_span(&i->t.qe_identity), "SGX-Enclave-Identity-Issuer-Chain",
		   &i->t.signing);
	vendor_say(&i->v, INTEL_PCK, cof_buf_span(&i->t.pck_crl_der), "SGX-PCK-CRL-Issuer-Chain", &i->pck_issuers);
	vendor_say(&i->v, INTEL_ROOT, cof_buf_span(&i->t.root_crl_der), NULL, NULL);
}

/* Other content than before, of the same keys. */
static inline void intel_renew(intel *i, void (*change)(soft_tdx *t))
{
	soft_drop(&i->t);
	soft_start(&i->t, &intel_keys);
	if (change != NULL)
		change(&i->t);
	soft_finish(&i->t);
	i->f.root = cof_buf_span(&i->t.root_der);
	intel_say(i);
}

static inline void intel_service(intel *i, const char *url)
{
	const cof_service_opts o = {
		.base = {[COF_SERVICE_PCS] = url, [COF_SERVICE_PCS_ROOT] = url}, .patience_ms = 3000, .backoff_ms = 10};
	cof_service_free(i->service);
	i->service = NULL;
	assert_ok(cof_service_new(&o, i->store, &i->service, &err));
	i->f.service = i->service;
}

static inline void intel_open(intel *i)
{
	*i = (intel){.dir = tmpdir_new()};
	vendor_open(&i->v);
	assert_ok(cof_ecache_open(i->dir.path, true, &i->store, &err));
	i->f = (cof_fetcher){.store = i->store, .now = SOFT_NOW};
	intel_service(i, i->v.url);
	intel_renew(i, NULL);
}

static inline void intel_close(intel *i)
{
	vendor_close(&i->v);
	cof_service_free(i->service);
	cof_ecache_free(i->store);
	cof_buf_release(&i->pck_issuers);
	tmpdir_release(&i->dir);
	soft_drop(&i->t);
}

static inline cof_endorse_wants intel_wants(const intel *i)
{
	cof_endorse_wants w;
	assert_ok(cof_endorse_wants_quote(cof_buf_span(&i->t.quote), &w, &err));
	return w;
}

/* One of them; what came is dropped. */
static inline cof_fetch_state intel_fetch(const intel *i, cof_endorse_type type, const char *why)
{
	COF_AUTO(cof_fetch_got) got = {0};
	cof_endorse_wants w = intel_wants(i);
	size_t at = 0;
	while (at < w.n && w.id[at].type != type)
		at++;
	assert_true(at < w.n);
	assert_ok(cof_fetch(&i->f, &w.id[at], &got, &err));
	if (why == NULL ? got.why.reason[0] != '\0' : strcmp(got.why.reason, why) != 0)
		fail_msg("'%s' (%s), not '%s'", got.why.reason, got.why.text, why == NULL ? "" : why);
	return got.state;
}

static inline void intel_fetch_all(const intel *i, cof_fetch_state want)
{
	for (cof_endorse_type t = COF_ENDORSE_TDX_QE_IDENTITY; t < COF_ENDORSE_TYPES; t++)
		assert_int_equal(intel_fetch(i, t, NULL), want);
}
