/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever sits between us and the TPM: a transport over the real one that swallows commands and changes answers. */
#pragma once

#include "tests/unit/evidence/tpmbox.h"

#include "attestation/evidence/esys.h"

enum { ODD_MAX = 4096, ODD_HEAD = 10 };

typedef struct odd_tpm {
	TSS2_TCTI_CONTEXT_COMMON_V1 common; /* first: the library sees only this */
	TSS2_TCTI_CONTEXT *inner;
	cof_tpm t;
	uint32_t cc; /* of the command under way */
	bool swallowed;
	unsigned commands; /* of the kind that is tampered with */
	/* What is done; only to commands of this code. */
	uint32_t target;
	bool swallow; /* it never arrives, and a bare success comes back */
	void (*command)(struct odd_tpm *o, uint8_t *cmd, size_t len);
	void (*answer)(struct odd_tpm *o, uint8_t *resp, size_t *len); /* up to ODD_MAX */
	size_t arg;
} odd_tpm;

static inline uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void put_be32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* An answer that is this response code alone. */
static inline void odd_says(uint8_t *resp, size_t *len, uint32_t rc)
{
	resp[0] = 0x80;
	resp[1] = 0x01;
	put_be32(resp + 2, ODD_HEAD);
	put_be32(resp + 6, rc);
	*len = ODD_HEAD;
}

static TSS2_RC odd_transmit(TSS2_TCTI_CONTEXT *ctx, size_t len, const uint8_t *cmd)
{
	odd_tpm *o = (odd_tpm *)(void *)ctx;
	uint8_t copy[ODD_MAX];
	assert_true(len >= ODD_HEAD && len <= sizeof copy);
	memcpy(copy, cmd, len);
	o->cc = be32(cmd + 6);
	bool ours = o->cc == o->target;
	o->commands += ours;
	o->swallowed = ours && o->swallow;
	if (o->swallowed)
		return TSS2_RC_SUCCESS;
	if (ours && o->command != NULL)
		o->command(o, copy, len);
	return Tss2_Tcti_Transmit(o->inner, len, copy);
}

static TSS2_RC odd_receive(TSS2_TCTI_CONTEXT *ctx, size_t *size, uint8_t *resp, int32_t timeout)
{
	/* spec: TPM 2.0 Library part 1, 18: success of a command with one password session and no parameters */
	static const uint8_t success[] = {0x80, 0x02, 0, 0, 0, 19, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
	odd_tpm *o = (odd_tpm *)(void *)ctx;
	uint8_t copy[ODD_MAX] = {0};
	size_t len = sizeof copy;
	if (resp == NULL) {
		*size = ODD_MAX;
		return TSS2_RC_SUCCESS;
	}
	if (o->swallowed) {
		memcpy(copy, success, sizeof success);
		len = sizeof success;
	} else {
		TSS2_RC rc = Tss2_Tcti_Receive(o->inner, &len, copy, timeout);
		if (rc != TSS2_RC_SUCCESS)
			return rc;
		if (o->cc == o->target && o->answer != NULL)
			o->answer(o, copy, &len);
	}
	if (len > *size)
		return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
	memcpy(resp, copy, len);
	*size = len;
	return TSS2_RC_SUCCESS;
}

static void odd_finalize(TSS2_TCTI_CONTEXT *ctx)
{
	(void)ctx;
}

static inline void odd_open(odd_tpm *o, tpmbox *b)
{
	if (!b->there)
		skip();
	tpmbox_on(b);
	*o = (odd_tpm){.t = {.ek = ESYS_TR_NONE, .ak = ESYS_TR_NONE}};
	assert_ok(cof_tpm_connect(&o->t, b->tcti, &err));
	Esys_Finalize(&o->t.esys);
	o->inner = o->t.tcti;
	o->common = (TSS2_TCTI_CONTEXT_COMMON_V1){.magic = 0x0dd,
						  .version = 1,
						  .transmit = odd_transmit,
						  .receive = odd_receive,
						  .finalize = odd_finalize};
	assert_int_equal(Esys_Initialize(&o->t.esys, (TSS2_TCTI_CONTEXT *)(void *)&o->common, NULL), 0);
}

/* A broken answer leaves the library's context unusable; the next one gets a new context. */
static inline void odd_again(odd_tpm *o)
{
	Esys_Finalize(&o->t.esys);
	assert_int_equal(Esys_Initialize(&o->t.esys, (TSS2_TCTI_CONTEXT *)(void *)&o->common, NULL), 0);
	o->t.ek = o->t.ak = ESYS_TR_NONE;
	o->commands = 0;
}

static inline void odd_close(odd_tpm *o)
{
	o->target = 0;
	cof_tpm_disconnect(&o->t);
	cof_buf_release(&o->t.ek_cert);
	cof_buf_release(&o->t.ek_public);
	cof_buf_release(&o->t.ak_public);
	cof_buf_release(&o->t.ak_spki);
	cof_secret_release(&o->t.credential);
}

static inline int odd_make_box(void **state)
{
	static tpmbox box;
	(void)setenv("TSS2_LOG", "all+none", 1);
	(void)tpmbox_make(&box);
	*state = &box;
	return 0;
}

static inline int odd_drop_box(void **state)
{
	tpmbox_drop(*state);
	return 0;
}
