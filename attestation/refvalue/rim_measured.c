/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "attestation/refvalue/rim.h"
#include "firmware/tpm/pcr.h"

enum { RTMRS = 4 };

static int incomplete(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_USAGE, "prediction-incomplete", "%s is not known", what);
}

/* The register that names the launch. */
static int take_digest(const cof_measurement *m, uint8_t *ret, size_t len, cof_err *err)
{
	const cof_register *r = &m->registers[0];
	if (m->n == 0 || !r->known || cof_hash_len(r->value.alg) != len)
		return incomplete(err, "the measurement");
	memcpy(ret, r->value.bytes, len);
	return 0;
}

static int take_snp(const cof_measurement *m, cof_rim_entry *e, cof_err *err)
{
	uint8_t d[COF_SHA384_LEN];
	int rc = take_digest(m, d, sizeof d, err);
	return rc < 0 ? rc : cof_rim_demand(e, COF_RIM_MEASUREMENT, COF_RIM_IS, cof_span_of(d, sizeof d), err);
}

static int take_launch(const cof_measurement *m, cof_rim_entry *e, cof_err *err)
{
	return take_digest(m, e->digest, sizeof e->digest, err);
}

static int take_tdx(const cof_measurement *m, cof_rim_entry *e, cof_err *err)
{
	uint8_t d[COF_SHA384_LEN];
	int rc = take_digest(m, d, sizeof d, err);
	if (rc == 0)
		rc = cof_rim_demand(e, COF_RIM_MRTD, COF_RIM_IS, cof_span_of(d, sizeof d), err);
	for (unsigned i = 1; rc == 0 && i < m->n && i <= RTMRS; i++) {
		if (m->registers[i].known)
			rc = cof_rim_demand(e, COF_RIM_RTMR0 + i - 1, COF_RIM_IS,
					    cof_digest_span(&m->registers[i].value), err);
	}
	return rc;
}

static int take_events(const cof_measurement *m, cof_refvalue *v, cof_err *err)
{
	v->events = calloc(m->n_events + 1, sizeof *v->events);
	if (v->events == NULL)
		return cof_err_oom(err);
	for (; v->n < m->n_events; v->n++) {
		if (m->events[v->n].open)
			return incomplete(err, m->events[v->n].name);
		v->events[v->n] = m->events[v->n];
	}
	return 0;
}

static int take_tpm(const cof_measurement *m, cof_rim_entry *e, cof_err *err)
{
	size_t at = 0;
	for (uint32_t pcr = 0; pcr < COF_PCRS; pcr++) {
		if (!cof_pcr_is_predicted(pcr))
			continue;
		if (at == m->n || !m->registers[at].known || m->registers[at].value.alg != COF_SHA256)
			return incomplete(err, at == m->n ? "a register" : m->registers[at].name);
		e->tpm.has[pcr] = true;
		e->tpm.pcrs[pcr] = m->registers[at++].value;
	}
	return take_events(m, &e->tpm, err);
}

static int (*const takers[COF_RIM_TEES])(const cof_measurement *, cof_rim_entry *, cof_err *) = {
	[COF_RIM_SNP] = take_snp,    [COF_RIM_TDX] = take_tdx,	    [COF_RIM_TPM] = take_tpm,
	[COF_RIM_SEV] = take_launch, [COF_RIM_SEVES] = take_launch,
};

int cof_rim_entry_measured(const cof_measurement *m, const char *name, cof_rim_entry *ret, cof_err *err)
{
	COF_AUTO(cof_rim_entry) e = {0};
	if (!cof_rim_tee_by_name(m->tee, &e.tee))
		return cof_err_set(err, COF_E_USAGE, "tee-unknown", "%.40s has no reference values", m->tee);
	int rc = takers[e.tee](m, &e, err);
	if (rc == 0)
		rc = cof_rim_entry_name(&e, cof_span_str(name), err);
	if (rc < 0)
		return rc;
	*ret = e;
	e = (cof_rim_entry){0};
	return 0;
}
