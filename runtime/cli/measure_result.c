/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/measure_result.h"

#include <stdio.h>

#include "common/hex.h"
#include "firmware/igvm.h"

void cof_measure_result_release(cof_measure_result *r)
{
	cof_measure_tpm_release(&r->tpm);
	cof_measure_inputs_release(&r->inputs);
}

void cof_measure_result_make(const cof_measure_opts *o, const cof_tee_measure *tee, cof_measure_result *ret)
{
	const cof_tee_measure *const one[] = {tee, NULL};
	bool of_guest = o->firmware == NULL && o->launch == NULL;
	*ret = (cof_measure_result){.tee = tee};
	int rc = cof_measure_inputs_load(o, one, &ret->inputs, &ret->why);
	if (rc == 0 && of_guest)
		rc = cof_measure_tpm_load(o, one, &ret->inputs, &ret->tpm, &ret->why);
	if (rc == 0)
		rc = tee->measure(&ret->inputs.in, &ret->m, &ret->why);
	if (rc == 0)
		ret->why = (cof_err){0};
}

static int register_json(const cof_register *r, json_t *o, cof_err *err)
{
	if (!r->known)
		return cof_json_set_str(o, r->name, NULL, err);
	return cof_json_set_hex(o, r->name, cof_digest_span(&r->value), err);
}

static int registers_json(const cof_measurement *m, json_t *o, cof_err *err)
{
	int rc = 0;
	/* Whatever the register is called, "measurement" is the value that names the launch. */
	if (strcmp(m->registers[0].name, "measurement") != 0 && m->registers[0].known)
		rc = cof_json_set_hex(o, "measurement", cof_digest_span(&m->registers[0].value), err);
	for (size_t i = 0; rc == 0 && i < m->n; i++)
		rc = register_json(&m->registers[i], o, err);
	return rc;
}

static int event_json(const cof_ref_event *e, json_t *list, cof_err *err)
{
	const char *type = cof_event_type_name(e->type);
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:i, s:s, s:s}", "register", (int)e->reg, "type", type == NULL ? "" : type, "name", e->name);
	int rc = o == NULL ? cof_err_oom(err) : 0;
	if (rc == 0 && e->open)
		rc = cof_json_set_str(o, "digest", NULL, err);
	else if (rc == 0)
		rc = cof_json_set_hex(o, "digest", cof_digest_span(&e->digest), err);
	if (rc == 0 && json_array_append(list, o) < 0)
		rc = cof_err_oom(err);
	return rc;
}

static int events_json(const cof_measurement *m, json_t *o, cof_err *err)
{
	if (m->n_events == 0)
		return 0;
	json_t *list = json_array();
	int rc = cof_json_set_new(o, "events", list, err);
	for (size_t i = 0; rc == 0 && i < m->n_events; i++)
		rc = event_json(&m->events[i], list, err);
	return rc;
}

/* An IGVM file brings its own. */
static bool counts_cpu(const cof_measure_result *r)
{
	return r->tee->needs_cpu && !cof_igvm_looks_like(r->inputs.in.firmware);
}

/* A mismatch is nearly always one of these. */
static int machine_json(const cof_measure_result *r, json_t *o, cof_err *err)
{
	const cof_measure_in *in = &r->inputs.in;
	char vmm[COF_VMM_NAME_MAX];
	int rc = 0;
	if (counts_cpu(r)) {
		cof_vmm_str(in->vmm, vmm);
		COF_AUTO_PTR(json_t)
		cpu = json_pack("{s:i, s:I, s:s}", "vcpus", (int)in->vcpus, "vcpu_sig", (json_int_t)in->vcpu_sig, "vmm",
				vmm);
		rc = cpu == NULL || json_object_update(o, cpu) < 0 ? cof_err_oom(err) : 0;
	}
	if (rc == 0 && r->tee->counts_features)
		rc = cof_json_set_new(o, "guest_features", json_integer((json_int_t)in->guest_features), err);
	if (rc == 0 && r->tee->has_kernel_hashes)
		rc = cof_json_set_new(o, "kernel_hashes", json_boolean(in->doc->kernel.given && !in->no_kernel_hashes),
				      err);
	if (rc == 0 && r->tee->counts_memory && in->memory_bytes > 0)
		rc = cof_json_set_new(o, "memory_mib", json_integer((json_int_t)(in->memory_bytes >> 20)), err);
	if (rc == 0 && r->tee->counts_memory && in->release > 0)
		rc = cof_json_set_new(o, "ovmf_release", json_integer((json_int_t)in->release), err);
	return rc;
}

static int extras_json(const cof_tee_measure *t, const cof_measure_extras *x, json_t *o, cof_err *err)
{
	char policy[24];
	int rc = 0;
	if (x->has_policy && t->has_kernel_hashes) {
		(void)snprintf(policy, sizeof policy, "0x%llx", (unsigned long long)x->policy);
		rc = cof_json_set_str(o, "policy", policy, err);
	}
	if (rc == 0 && x->has_host_data && t->has_host_data)
		rc = cof_json_set_hex(o, "host_data", cof_span_of(x->host_data, sizeof x->host_data), err);
	if (rc == 0 && x->has_mrconfigid && t->has_mrconfigid)
		rc = cof_json_set_hex(o, "mrconfigid", cof_span_of(x->mrconfigid, sizeof x->mrconfigid), err);
	return rc;
}

static int refusal_json(const cof_err *why, json_t *o, cof_err *err)
{
	int rc = cof_json_set_new(o, "ok", json_false(), err);
	if (rc == 0)
		rc = cof_json_set_str(o, "reason", why->reason, err);
	return rc < 0 ? rc : cof_json_set_str(o, "message", why->text, err);
}

int cof_measure_result_name(const cof_measure_result *r, cof_buf *ret, cof_err *err)
{
	const cof_measure_inputs *i = &r->inputs;
	char hex[17];
	if (i->profile != NULL)
		return cof_buf_printf(ret, err, "%s/%s", i->manifest.version, i->profile->name);
	cof_hex(cof_span_of(i->doc.firmware_sha256, 8), hex);
	return cof_buf_printf(ret, err, "firmware/%s", hex);
}

static int own_json(const cof_measure_result *r, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_buf) name = {0};
	int rc = cof_measure_result_name(r, &name, err);
	return rc < 0 ? rc : r->tee->json(&r->m, cof_buf_str(&name), ret, err);
}

int cof_measure_result_json(const cof_measure_result *r, json_t **ret, cof_err *err)
{
	if (r->tee->json != NULL && r->why.cls == COF_OK)
		return own_json(r, ret, err);
	COF_AUTO_PTR(json_t) o = json_object();
	int rc = o == NULL ? cof_err_oom(err) : cof_json_set_str(o, "tee", r->tee->name, err);
	if (rc == 0 && r->why.cls != COF_OK) {
		rc = refusal_json(&r->why, o, err);
	} else if (rc == 0) {
		rc = registers_json(&r->m, o, err);
		if (rc == 0)
			rc = machine_json(r, o, err);
		if (rc == 0)
			rc = extras_json(r->tee, &r->inputs.extras, o, err);
		if (rc == 0)
			rc = events_json(&r->m, o, err);
	}
	if (rc < 0)
		return rc;
	*ret = cof_steal(&o);
	return 0;
}

/* --- for people --- */

static bool print_register(const char *tee, const cof_register *r)
{
	COF_AUTO_FREE char *hex = cof_hex_dup(cof_digest_span(&r->value));
	return printf("%-6s %-12s %s\n", tee, r->name,
		      !r->known	    ? "(read it from the event log: coffer measure eventlog)"
		      : hex == NULL ? "(out of memory)"
				    : hex) >= 0;
}

bool cof_measure_result_print(const cof_measure_result *r)
{
	const cof_measure_inputs *i = &r->inputs;
	char vmm[COF_VMM_NAME_MAX];
	bool ok = true;
	if (r->why.cls != COF_OK)
		return printf("%-6s %s: %s\n", r->tee->name, r->why.reason, r->why.text) >= 0;
	for (size_t k = 0; ok && k < r->m.n; k++)
		ok = print_register(r->tee->name, &r->m.registers[k]);
	if (!ok || !counts_cpu(r))
		return ok;
	cof_vmm_str(i->in.vmm, vmm);
	return printf("%-6s   %u vCPU%s, signature 0x%x, %s%s\n", "", i->in.vcpus, i->in.vcpus == 1 ? "" : "s",
		      i->in.vcpu_sig, vmm,
		      !i->doc.kernel.given     ? ", no kernel"
		      : i->in.no_kernel_hashes ? ", kernel not hashed"
					       : ", kernel hashes") >= 0;
}
