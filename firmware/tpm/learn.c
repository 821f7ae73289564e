/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tpm/learn.h"

#include "common/rd.h"
#include "common/wr.h"
#include "firmware/ovmf.h"

static int inconsistent(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_CRYPTO, "calibration-inconsistent", "the event log has %s", what);
}

/* The nth event of a type in a register; NULL when there are fewer. */
static const cof_log_event *find_event(const cof_eventlog *log, uint32_t pcr, uint32_t type, size_t nth)
{
	for (size_t i = 0; i < log->n; i++) {
		if (log->events[i].reg == pcr && log->events[i].type == type && nth-- == 0)
			return &log->events[i];
	}
	return NULL;
}

static int learn_version(const cof_eventlog *log, cof_firmware_build *b, cof_err *err)
{
	const cof_log_event *e = find_event(log, 0, COF_EV_S_CRTM_VERSION, 0);
	if (e == NULL)
		return inconsistent(err, "no firmware version");
	cof_rd r = cof_rd_of(e->data);
	size_t n = 0;
	for (uint16_t c; (c = cof_rd_u16le(&r)) != 0;) {
		if (c < 0x20 || c > 0x7e || n + 1 >= sizeof b->version)
			return inconsistent(err, "a firmware version that is not text");
		b->version[n++] = (char)c;
	}
	b->version[n] = '\0';
	return cof_rd_end(&r) ? 0 : inconsistent(err, "a firmware version without end");
}

static int learn_secure_boot(const cof_eventlog *log, cof_firmware_build *b, cof_err *err)
{
	const cof_log_event *e = find_event(log, 7, COF_EV_EFI_VARIABLE_DRIVER_CONFIG, 0);
	cof_efi_variable v;
	if (e == NULL || !cof_event_variable(e->data, &v) || v.data.len > 1)
		return inconsistent(err, "no SecureBoot variable");
	b->secure_boot = v.data.len == 0 ? -1 : v.data.data[0] == 1;
	return 0;
}

static int learn_option(const cof_eventlog *log, cof_firmware_build *b, uint16_t number, cof_err *err)
{
	const cof_log_event *e = find_event(log, 1, COF_EV_EFI_VARIABLE_BOOT, b->n_options + 1);
	cof_efi_variable v;
	if (e == NULL || b->n_options == COF_BUILD_OPTIONS_MAX || !cof_event_variable(e->data, &v) || v.data.len == 0 ||
	    v.data.len > COF_BOOT_OPTION_MAX)
		return inconsistent(err, "boot options that do not fit the boot order");
	cof_boot_option *o = &b->options[b->n_options++];
	o->number = number;
	o->len = (uint16_t)v.data.len;
	memcpy(o->data, v.data.data, v.data.len);
	return 0;
}

static int learn_options(const cof_eventlog *log, cof_firmware_build *b, cof_err *err)
{
	const cof_log_event *e = find_event(log, 1, COF_EV_EFI_VARIABLE_BOOT, 0);
	cof_efi_variable v;
	if (e == NULL || !cof_event_variable(e->data, &v))
		return inconsistent(err, "no boot order");
	cof_rd r = cof_rd_of(v.data);
	int rc = 0;
	while (rc == 0 && r.left > 0) {
		uint16_t number = cof_rd_u16le(&r);
		rc = cof_rd_ok(&r) ? learn_option(log, b, number, err) : inconsistent(err, "half a boot order");
	}
	return rc;
}

/* Fills one zero word after the other until the volume has the digest of the log. */
static int search_word(cof_buf *volume, uint32_t port, const cof_log_event *want, uint32_t *ret, cof_err *err)
{
	size_t tries = 0;
	bool small = volume->len <= COF_LEARN_VOLUME_MAX;
	for (size_t at = 4; small && at + 4 <= volume->len && tries < COF_LEARN_TRIES_MAX; at += 4) {
		cof_digest d;
		uint8_t *word = volume->data + at;
		if (word[0] != 0 || word[1] != 0 || word[2] != 0 || word[3] != 0)
			continue;
		tries++;
		cof_put_le(word, 4, port);
		int rc = cof_digest_of(want->digest.alg, cof_buf_span(volume), &d, err);
		cof_put_le(word, 4, 0);
		if (rc < 0)
			return rc;
		if (cof_digest_equal(&want->digest, &d)) {
			*ret = (uint32_t)at;
			return 0;
		}
	}
	return cof_err_set(err, COF_E_POLICY, "calibration-unpredictable",
			   "the firmware changes its PEI volume in a way that cannot be predicted");
}

static int learn_pei(const cof_tpm_launch *in, const cof_eventlog *log, cof_firmware_build *b, cof_err *err)
{
	COF_AUTO(cof_ovmf) ovmf = {0};
	COF_AUTO(cof_buf) copy = {0};
	cof_digest d;
	const cof_log_event *e = find_event(log, 0, COF_EV_EFI_PLATFORM_FIRMWARE_BLOB, 0);
	if (e == NULL)
		return inconsistent(err, "no firmware volume");
	int rc = cof_ovmf_open(in->code, &ovmf, err);
	if (rc == 0)
		rc = cof_digest_of(e->digest.alg, ovmf.peifv, &d, err);
	if (rc < 0 || cof_digest_equal(&e->digest, &d))
		return rc;
	rc = cof_buf_add(&copy, ovmf.peifv.data, ovmf.peifv.len, err);
	return rc < 0 ? rc : search_word(&copy, cof_acpi_timer_port(in->machine), e, &b->timer_word, err);
}

static int learn_parts(const cof_tpm_launch *in, const cof_eventlog *log, cof_firmware_build *b, cof_err *err)
{
	int rc = cof_sha256(in->code, b->code_sha256, err);
	b->measures_acpi = find_event(log, 1, COF_EV_PLATFORM_CONFIG_FLAGS, 0) != NULL;
	b->measures_smbios = find_event(log, 1, COF_EV_EFI_HANDOFF_TABLES, 0) != NULL;
	if (rc == 0)
		rc = learn_version(log, b, err);
	if (rc == 0)
		rc = learn_secure_boot(log, b, err);
	if (rc == 0)
		rc = learn_options(log, b, err);
	return rc < 0 ? rc : learn_pei(in, log, b, err);
}

/* Two facts show only in which prediction comes true. */
static int choose(const cof_tpm_launch *in, const cof_eventlog *log, cof_firmware_build *b, cof_err *err)
{
	cof_event_diff d = {0};
	for (unsigned choice = 0; choice < 4; choice++) {
		cof_tpm_prediction p;
		cof_tpm_launch trial = *in;
		b->initrd_first = (choice & 1) != 0;
		b->takes_plain_kernel = (choice & 2) == 0;
		trial.extra = b;
		trial.bank = log->bank;
		int rc = cof_tpm_predict(&trial, &p, err);
		if (rc < 0)
			return rc;
		if (!cof_ref_events_differ(p.events, p.n, COF_TPM_REGS_PREDICTED, log, &d))
			return 0;
	}
	return cof_err_set(err, COF_E_CRYPTO, "calibration-inconsistent",
			   "the event log is not one of this boot: PCR %u, event %s differs", d.reg, d.name);
}

int cof_firmware_learn(const cof_tpm_launch *in, const cof_eventlog *log, cof_firmware_build *ret, cof_err *err)
{
	cof_firmware_build b = {0};
	int rc = cof_eventlog_check_data(log, err);
	if (rc == 0)
		rc = learn_parts(in, log, &b, err);
	if (rc == 0)
		rc = choose(in, log, &b, err);
	if (rc == 0)
		*ret = b;
	return rc;
}
