/* SPDX-License-Identifier: Apache-2.0 */
/* The TPM as an entry of the table in firmware/tee.c. */
#include <stdio.h>

#include "common/hex.h"
#include "firmware/ovmf.h"
#include "firmware/tee_int.h"

/* Without the very machine at hand its ACPI tables are not known, and so neither is PCR 1. */
static int made_launch(const cof_measure_in *in, cof_digest *initrd, cof_tpm_launch *ret, cof_err *err)
{
	const cof_launch_document *d = in->doc;
	if (in->firmware.len == 0 || in->kernel.len == 0)
		return cof_err_set(err, COF_E_USAGE, "firmware-image-needed",
				   "the TPM's registers are predicted from the files of firmware and kernel");
	*initrd = (cof_digest){.alg = COF_SHA256};
	memcpy(initrd->bytes, d->initrd.sha256, COF_SHA256_LEN);
	*ret = (cof_tpm_launch){.kernel = in->kernel,
				.has_initrd = d->initrd.given,
				.initrd_digest = d->initrd.given ? initrd : NULL,
				.initrd_size = d->initrd.size,
				.cmdline = d->cmdline,
				.memory_bytes = in->memory_bytes,
				.plain_kernel = !in->patched_kernel,
				.no_acpi = true};
	cof_ovmf_split(in->firmware, &ret->vars, &ret->code);
	return 0;
}

static void take_registers(const cof_tpm_prediction *p, bool no_acpi, cof_measurement *ret)
{
	for (uint32_t i = 0; i < COF_PCRS; i++) {
		char name[COF_REGISTER_NAME_MAX];
		bool known = i != 1 || !no_acpi;
		if (!cof_pcr_is_predicted(i))
			continue;
		(void)snprintf(name, sizeof name, "pcr%u", i);
		cof_measurement_add(ret, name, p->pcrs[i].alg, known ? p->pcrs[i].bytes : NULL);
	}
}

int cof_measure_tpm(const cof_measure_in *in, cof_measurement *ret, cof_err *err)
{
	cof_tpm_prediction p;
	cof_tpm_launch made;
	cof_digest initrd;
	const cof_tpm_launch *launch = in->tpm;
	int rc = 0;
	if (launch == NULL) {
		rc = made_launch(in, &initrd, &made, err);
		launch = &made;
	}
	if (rc == 0)
		rc = cof_tpm_predict(launch, &p, err);
	if (rc < 0)
		return rc;
	*ret = (cof_measurement){.tee = "tpm", .judged = COF_TPM_REGS_PREDICTED & (launch->no_acpi ? ~(1u << 1) : ~0u)};
	take_registers(&p, launch->no_acpi, ret);
	for (size_t i = 0; i < p.n && i < COF_MEASURED_EVENTS_MAX; i++)
		ret->events[ret->n_events++] = p.events[i];
	return 0;
}

/* --- reference values --- */

static int pcrs_json(const cof_measurement *m, json_t *to, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < m->n; i++) {
		const cof_register *r = &m->registers[i];
		char hex[2 * COF_DIGEST_MAX + 1];
		cof_hex(cof_digest_span(&r->value), hex);
		rc = cof_json_set_str(to, r->name + strlen("pcr"), r->known ? hex : NULL, err);
	}
	return rc;
}

static int event_json(const cof_ref_event *e, json_t *list, cof_err *err)
{
	char hex[2 * COF_DIGEST_MAX + 1];
	const char *type = cof_event_type_name(e->type);
	cof_hex(cof_digest_span(&e->digest), hex);
	if (type == NULL)
		return cof_err_set(err, COF_E_INTERNAL, "event-type", "event type 0x%x has no name", e->type);
	json_t *o = json_pack("{s:i, s:s, s:s, s:s}", "pcr", (int)e->reg, "type", type, "name", e->name, "digest", hex);
	return o == NULL || json_array_append_new(list, o) < 0 ? cof_err_oom(err) : 0;
}

int cof_tpm_measurement_json(const cof_measurement *m, const char *name, json_t **ret, cof_err *err)
{
	if (m->registers[0].value.alg != COF_SHA256)
		return cof_err_set(err, COF_E_USAGE, "reference-bank", "reference values are of the SHA-256 bank");
	COF_AUTO_PTR(json_t)
	j = json_pack("{s:s, s:s, s:s, s:{}, s:[]}", "format", "coffer-reference-values/1", "tee", "tpm", "name", name,
		      "pcrs", "events");
	if (j == NULL)
		return cof_err_oom(err);
	int rc = pcrs_json(m, json_object_get(j, "pcrs"), err);
	for (size_t i = 0; rc == 0 && i < m->n_events; i++)
		rc = event_json(&m->events[i], json_object_get(j, "events"), err);
	if (rc == 0)
		*ret = cof_steal(&j);
	return rc;
}
