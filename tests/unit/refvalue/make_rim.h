/* SPDX-License-Identifier: Apache-2.0 */
/* Reference values of every kind, made up. */
#pragma once

#include "attestation/refvalue/rim.h"
#include "firmware/tpm/pcr.h"
#include "tests/unit/firmware/make_log.h"

enum { RIM_NOW = 1800000000 };

static inline cof_rim_entry rim_entry(cof_rim_tee tee, const char *name)
{
	cof_rim_entry e = {.tee = tee};
	assert_ok(cof_rim_entry_name(&e, cof_span_str(name), &err));
	return e;
}

/* This field is so many bytes of one value. */
static inline void rim_demand(cof_rim_entry *e, cof_rim_field f, uint8_t byte)
{
	uint8_t bytes[COF_RIM_VALUE_MAX];
	memset(bytes, byte, sizeof bytes);
	assert_ok(cof_rim_demand(e, f, COF_RIM_IS, cof_span_of(bytes, cof_rim_field_of(f)->len), &err));
}

static inline void rim_number(cof_rim_entry *e, cof_rim_field f, cof_rim_op op, uint64_t n)
{
	assert_ok(cof_rim_demand_number(e, f, op, n, n, &err));
}

static inline cof_rim_entry rim_snp(const char *name, bool full)
{
	cof_rim_entry e = rim_entry(COF_RIM_SNP, name);
	rim_demand(&e, COF_RIM_MEASUREMENT, 0x11);
	e.launch.vlek = full;
	if (!full)
		return e;
	rim_number(&e, COF_RIM_POLICY, COF_RIM_IS, 0x30000);
	rim_number(&e, COF_RIM_GUEST_SVN, COF_RIM_IS, 0xfffffffe);
	rim_demand(&e, COF_RIM_HOST_DATA, 0x22);
	rim_demand(&e, COF_RIM_ID_KEY_DIGEST, 0x33);
	rim_demand(&e, COF_RIM_AUTHOR_KEY_DIGEST, 0x44);
	return e;
}

enum { RIM_RTMRS = 4 };

static inline cof_rim_entry rim_tdx(const char *name, unsigned rtmrs, bool config)
{
	cof_rim_entry e = rim_entry(COF_RIM_TDX, name);
	rim_demand(&e, COF_RIM_MRTD, 0x55);
	for (unsigned i = 0; i < RIM_RTMRS; i++) {
		if ((rtmrs & (1u << i)) != 0)
			rim_demand(&e, COF_RIM_RTMR0 + i, (uint8_t)(0x60 + i));
	}
	if (config)
		rim_demand(&e, COF_RIM_MRCONFIGID, 0x66);
	return e;
}

static inline cof_rim_entry rim_launch(cof_rim_tee tee, const char *name)
{
	cof_rim_entry e = rim_entry(tee, name);
	memset(e.digest, 0x77, sizeof e.digest);
	return e;
}

/* Makes the registers fit the events. */
static inline void rim_replay(cof_measurement *m)
{
	cof_digest pcrs[COF_REGS_MAX];
	assert_ok(cof_ref_events_replay(m->events, m->n_events, COF_LOG_TPM, COF_SHA256, pcrs, &err));
	m->n = 0;
	for (uint32_t i = 0; i < COF_PCRS; i++) {
		if (cof_pcr_is_predicted(i))
			m->registers[m->n++] = (cof_register){.known = true, .value = pcrs[i]};
	}
}

/* The boot of make_log.h, as if it had been predicted. */
static inline void rim_prediction(cof_measurement *m)
{
	COF_AUTO(cof_buf) bytes = {0};
	COF_AUTO(cof_eventlog) log = {0};
	put_boot(&bytes);
	assert_ok(cof_eventlog_parse(cof_buf_span(&bytes), COF_SHA256, &log, &err));
	*m = (cof_measurement){.tee = "tpm"};
	for (; m->n_events < log.n; m->n_events++) {
		cof_ref_event *e = &m->events[m->n_events];
		e->reg = log.events[m->n_events].reg;
		e->digest = log.events[m->n_events].digest;
		e->type = log.events[m->n_events].type;
		cof_event_name(&log.events[m->n_events], e->name);
	}
	rim_replay(m);
}

static inline void rim_put(cof_rim *r, cof_rim_entry e)
{
	assert_ok(cof_rim_add(r, &e, &err));
}

static inline void rim_put_measured(cof_rim *r, const char *name, const cof_measurement *m)
{
	cof_rim_entry e;
	assert_ok(cof_rim_entry_measured(m, name, &e, &err));
	rim_put(r, e);
}

static inline void rim_put_tpm(cof_rim *r, const char *name)
{
	cof_measurement *m = calloc(1, sizeof *m);
	assert_non_null(m);
	rim_prediction(m);
	rim_put_measured(r, name, m);
	free(m);
}

__attribute__((noinline, unused)) static void rim_make_launches(cof_rim *r)
{
	rim_put(r, rim_launch(COF_RIM_SEV, "0.1.0/default"));
	rim_put(r, rim_launch(COF_RIM_SEV, "0.1.0/large"));
	rim_put(r, rim_launch(COF_RIM_SEVES, "0.1.0/default/vcpus-1"));
	rim_put(r, rim_launch(COF_RIM_SEVES, "0.1.0/default/vcpus-2"));
}

/* Two of each kind. */
static inline void rim_make(cof_rim *r)
{
	assert_ok(cof_rim_set_id(r, cof_span_str("guest-0.1.0"), &err));
	r->not_before = RIM_NOW - 100;
	r->not_after = RIM_NOW + 100;
	rim_put(r, rim_snp("0.1.0/default/vcpus-1/EPYC-Milan", false));
	rim_put(r, rim_snp("0.1.0/default/vcpus-2/EPYC-Milan", true));
	rim_put(r, rim_tdx("0.1.0/default", 0, false));
	rim_put(r, rim_tdx("0.1.0/large", 7, true));
	rim_put_tpm(r, "0.1.0/default");
	rim_put_tpm(r, "0.1.0/large");
	rim_make_launches(r);
}

static inline void assert_same_entry(const cof_rim_entry *a, const cof_rim_entry *b)
{
	COF_AUTO_PTR(json_t) x = NULL;
	COF_AUTO_PTR(json_t) y = NULL;
	assert_ok(cof_rim_entry_json(a, &x, &err));
	assert_ok(cof_rim_entry_json(b, &y, &err));
	assert_true(json_equal(x, y));
	assert_int_equal(a->version, b->version);
}
