/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/explain.h"

#include <stdio.h>

#include "common/secret.h"
#include "firmware/sev/cpu.h"

/* A setting and its alternatives: apply makes the nth of them, or says that there are no more. */
typedef struct dimension {
	const char *name;
	bool (*applies)(const cof_tee_measure *t, const cof_measure_in *in);
	bool (*apply)(cof_measure_in *in, unsigned nth, char text[COF_EXPLAIN_TEXT_MAX]);
} dimension;

static bool on_cpu(const cof_tee_measure *t, const cof_measure_in *in)
{
	(void)in;
	return t->needs_cpu;
}

/* An SVSM's CPU always has the same features. */
static bool on_features(const cof_tee_measure *t, const cof_measure_in *in)
{
	return t->counts_features && in->svsm.len == 0;
}

static bool on_gpa(const cof_tee_measure *t, const cof_measure_in *in)
{
	(void)in;
	return t->counts_features;
}

static bool on_fpu(const cof_tee_measure *t, const cof_measure_in *in)
{
	(void)in;
	return t->needs_cpu && !t->counts_features;
}

static bool on_hashes(const cof_tee_measure *t, const cof_measure_in *in)
{
	return t->has_kernel_hashes && in->doc->kernel.given;
}

static bool on_svsm(const cof_tee_measure *t, const cof_measure_in *in)
{
	return t->counts_features && in->svsm.len > 0;
}

static bool on_memory(const cof_tee_measure *t, const cof_measure_in *in)
{
	(void)in;
	return t->counts_memory;
}

/* A TPM's prediction goes by the firmware's build instead. */
static bool on_tdvf(const cof_tee_measure *t, const cof_measure_in *in)
{
	(void)in;
	return (t->parts & COF_PART_TDX) != 0;
}

static bool apply_vmm(cof_measure_in *in, unsigned nth, char text[COF_EXPLAIN_TEXT_MAX])
{
	if (cof_vmms[nth].name == NULL)
		return false;
	in->vmm = &cof_vmms[nth];
	cof_vmm_str(in->vmm, text);
	return true;
}

static bool apply_cpu(cof_measure_in *in, unsigned nth, char text[COF_EXPLAIN_TEXT_MAX])
{
	const cof_cpu_type *t = cof_cpu_types;
	while (t->name != NULL && (!cof_cpu_is_first(t) || nth-- > 0))
		t++;
	if (t->name == NULL)
		return false;
	in->vcpu_sig = cof_cpu_signature(t->family, t->model, t->stepping);
	(void)snprintf(text, COF_EXPLAIN_TEXT_MAX, "%s (0x%x)", t->name, in->vcpu_sig);
	return true;
}

/* SNP active, and what is usually added to it: debug swap, secure TSC, restricted injection, both. */
static bool apply_features(cof_measure_in *in, unsigned nth, char text[COF_EXPLAIN_TEXT_MAX])
{
	static const uint64_t features[] = {0x1, 0x21, 0x201, 0x221, 0x9, 0x29, 0x0};
	if (nth >= COF_COUNT(features))
		return false;
	in->guest_features = features[nth];
	(void)snprintf(text, COF_EXPLAIN_TEXT_MAX, "0x%llx", (unsigned long long)features[nth]);
	return true;
}

static bool apply_hashes(cof_measure_in *in, unsigned nth, char text[COF_EXPLAIN_TEXT_MAX])
{
	in->no_kernel_hashes = nth == 1;
	(void)snprintf(text, COF_EXPLAIN_TEXT_MAX, "%s", nth == 1 ? "off" : "on");
	return nth < 2;
}

static bool apply_fpu(cof_measure_in *in, unsigned nth, char text[COF_EXPLAIN_TEXT_MAX])
{
	in->zero_fpu = nth == 1;
	(void)snprintf(text, COF_EXPLAIN_TEXT_MAX, "%s", nth == 1 ? "zero (old init call)" : "set (new init call)");
	return nth < 2;
}

static bool apply_fcw(cof_measure_in *in, unsigned nth, char text[COF_EXPLAIN_TEXT_MAX])
{
	in->svsm_fcw = nth == 1 ? 0x37f : 0;
	(void)snprintf(text, COF_EXPLAIN_TEXT_MAX, "0x%x", in->svsm_fcw);
	return nth < 2;
}

static bool apply_gpa(cof_measure_in *in, unsigned nth, char text[COF_EXPLAIN_TEXT_MAX])
{
	in->vmsa_gpa = nth == 1 ? 0xffffffffff000ull : COF_SNP_VMSA_GPA;
	(void)snprintf(text, COF_EXPLAIN_TEXT_MAX, "0x%llx", (unsigned long long)in->vmsa_gpa);
	return nth < 2;
}

static bool apply_order(cof_measure_in *in, unsigned nth, char text[COF_EXPLAIN_TEXT_MAX])
{
	in->mrtd_order = nth == 1 ? COF_MRTD_SECTION : COF_MRTD_PAGE;
	(void)snprintf(text, COF_EXPLAIN_TEXT_MAX, "%s", nth == 1 ? "section" : "page");
	return nth < 2;
}

static bool apply_patched(cof_measure_in *in, unsigned nth, char text[COF_EXPLAIN_TEXT_MAX])
{
	in->patched_kernel = nth == 1;
	(void)snprintf(text, COF_EXPLAIN_TEXT_MAX, "%s", nth == 1 ? "yes" : "no");
	return nth < 2;
}

static bool apply_release(cof_measure_in *in, unsigned nth, char text[COF_EXPLAIN_TEXT_MAX])
{
	static const unsigned releases[] = {202608, 202508, 202505, 202411, 202408, 202302};
	if (nth >= COF_COUNT(releases))
		return false;
	in->release = releases[nth];
	(void)snprintf(text, COF_EXPLAIN_TEXT_MAX, "%u", releases[nth]);
	return true;
}

static bool apply_memory(cof_measure_in *in, unsigned nth, char text[COF_EXPLAIN_TEXT_MAX])
{
	if (nth > 12)
		return false;
	in->memory_bytes = (uint64_t)256 << (20 + nth);
	(void)snprintf(text, COF_EXPLAIN_TEXT_MAX, "%llu MiB", (unsigned long long)(in->memory_bytes >> 20));
	return true;
}

static const dimension dimensions[] = {
	{"kernel-hashes", on_hashes, apply_hashes},
	{"guest-features", on_features, apply_features},
	{"vcpu-type", on_cpu, apply_cpu},
	{"vmm", on_cpu, apply_vmm},
	{"fpu-state", on_fpu, apply_fpu},
	{"svsm-fcw", on_svsm, apply_fcw},
	{"vmsa-gpa", on_gpa, apply_gpa},
	{"mrtd-order", on_tdvf, apply_order},
	{"patched-kernel", on_memory, apply_patched},
	{"ovmf-release", on_tdvf, apply_release},
	{"memory", on_memory, apply_memory},
};

enum { DIMENSIONS = COF_COUNT(dimensions) };

typedef struct search {
	const cof_tee_measure *tee;
	const cof_measure_in *asked;
	cof_span wanted;
	cof_explanation best;
	cof_explain_change changes[DIMENSIONS + 1];
	cof_digest counts[COF_EXPLAIN_VCPUS_MAX];
	cof_err first;
	size_t computed;
} search;

static bool is_wanted(const search *s, const cof_digest *d)
{
	return cof_ct_equal(cof_digest_span(d), s->wanted);
}

static void take(search *s, const char *reg, size_t n)
{
	if (n > COF_EXPLAIN_CHANGES_MAX || (s->best.found && s->best.n <= n))
		return;
	s->best.found = true;
	s->best.n = n;
	(void)snprintf(s->best.reg, sizeof s->best.reg, "%s", reg);
	memcpy(s->best.changes, s->changes, n * sizeof s->changes[0]);
}

static void note(search *s, int rc, const cof_err *why)
{
	s->best.tried++;
	if (rc == 0)
		s->computed++;
	else if (s->first.cls == COF_OK)
		s->first = *why;
}

/* All numbers of CPUs at once; the asked one is no change. False when they cannot be had, or the asked one is beyond.
 */
static bool try_counts(search *s, const cof_measure_in *in, size_t n)
{
	cof_err why = {0};
	if (s->tee->upto(in, COF_EXPLAIN_VCPUS_MAX, s->counts, &why) < 0)
		return false;
	note(s, 0, &why);
	for (unsigned i = 0; i < COF_EXPLAIN_VCPUS_MAX; i++) {
		if (!is_wanted(s, &s->counts[i]))
			continue;
		cof_explain_change *c = &s->changes[n];
		c->setting = "vcpus";
		(void)snprintf(c->value, sizeof c->value, "%u", i + 1);
		take(s, "measurement", i + 1 == in->vcpus ? n : n + 1);
		return true;
	}
	return in->vcpus <= COF_EXPLAIN_VCPUS_MAX;
}

static void try_one(search *s, const cof_measure_in *in, size_t n)
{
	cof_measurement m;
	cof_err why = {0};
	int rc = s->tee->measure(in, &m, &why);
	note(s, rc, &why);
	for (size_t i = 0; rc == 0 && i < m.n; i++) {
		if (m.registers[i].known && is_wanted(s, &m.registers[i].value))
			take(s, m.registers[i].name, n);
	}
}

/*
 * Changes left more settings from the at-th on, and tries. Few changes come first (see cof_explain), so a search that
 * has found something is over: no later one is shorter.
 */
static void change(search *s, const cof_measure_in *in, size_t at, size_t n, size_t left)
{
	if (left == 0) {
		if (s->tee->upto == NULL || !try_counts(s, in, n))
			try_one(s, in, n);
		return;
	}
	for (size_t i = at; i < DIMENSIONS && !s->best.found; i++) {
		const dimension *d = &dimensions[i];
		cof_measure_in other = *in;
		if (!d->applies(s->tee, s->asked))
			continue;
		s->changes[n].setting = d->name;
		for (unsigned k = 0; !s->best.found && d->apply(&other, k, s->changes[n].value); k++) {
			change(s, &other, i + 1, n + 1, left - 1);
			other = *in;
		}
	}
}

/* Registers of TDX and a TPM each depend on two settings at the most, and some take long to compute. */
enum { DEPTH_COUNTED = 4, DEPTH_MAX = 2 };

int cof_explain(const cof_tee_measure *tee, const cof_measure_in *in, cof_span wanted, cof_explanation *ret,
		cof_err *err)
{
	COF_AUTO_FREE search *s = calloc(1, sizeof *s);
	if (s == NULL)
		return cof_err_oom(err);
	*s = (search){.tee = tee, .asked = in, .wanted = wanted};
	const size_t deepest = tee->upto != NULL ? DEPTH_COUNTED : DEPTH_MAX;
	for (size_t depth = 0; depth <= deepest && !s->best.found; depth++)
		change(s, in, 0, 0, depth);
	if (s->computed == 0 && s->first.cls != COF_OK)
		return cof_err_set(err, s->first.cls, s->first.reason, "%s", s->first.text);
	*ret = s->best;
	return 0;
}
