/* SPDX-License-Identifier: Apache-2.0 */
/* Registers over a wire that lies: dropped and changed extends, values of other banks, and registers that never rest.
 */
#include "tests/unit/evidence/odd_tpm.h"

enum { EXTEND = TPM2_CC_PCR_Extend, READ = TPM2_CC_PCR_Read };

static const uint8_t initdata[32] = {0x17, 1, 2, 3};

/* In an answer to PCR_Read: counter, count of selections, hash, size, three bytes of selection, digests. */
enum { COUNTER = 10, SELECTIONS = 14, HASH = 18, SELECT_SIZE = 20, SELECT = 21, DIGESTS = 24, FIRST_SIZE = 28 };

static void t009_an_extend_that_never_arrived(void **state)
{
	odd_tpm o;
	odd_open(&o, *state);
	o.target = EXTEND;
	o.swallow = true;
	assert_fails(cof_tpm_bind_initdata(&o.t, initdata, &err), "pcr-extend-lost");
	assert_int_equal(o.commands, 1);
	odd_close(&o);
}

static void flip_last(odd_tpm *o, uint8_t *cmd, size_t len)
{
	(void)o;
	cmd[len - 1] ^= 1;
}

static void t009_an_extend_of_something_else(void **state)
{
	odd_tpm o;
	odd_open(&o, *state);
	o.target = EXTEND;
	o.command = flip_last;
	assert_fails(cof_tpm_bind_initdata(&o.t, initdata, &err), "pcr-extend-lost");
	odd_close(&o);
}

static void other_register(odd_tpm *o, uint8_t *cmd, size_t len)
{
	(void)o;
	(void)len;
	cmd[ODD_HEAD + 3] = 16;
}

static void t009_an_extend_of_another_register(void **state)
{
	odd_tpm o;
	odd_open(&o, *state);
	o.target = EXTEND;
	o.command = other_register;
	assert_fails(cof_tpm_bind_initdata(&o.t, initdata, &err), "pcr-extend-lost");
	odd_close(&o);
}

/* Registers of a machine whose PCR 8 was used before look fresh; the next read shows it. */
static void t009_what_was_bound_before_cannot_be_hidden_by_a_refusal(void **state)
{
	odd_tpm o;
	odd_open(&o, *state);
	assert_ok(cof_tpm_bind_initdata(&o.t, initdata, &err));
	assert_fails(cof_tpm_bind_initdata(&o.t, initdata, &err), "initdata-bound");
	odd_close(&o);
}

static void move_always(odd_tpm *o, uint8_t *resp, size_t *len)
{
	(void)len;
	put_be32(resp + COUNTER, be32(resp + COUNTER) + o->commands);
}

static void move_once(odd_tpm *o, uint8_t *resp, size_t *len)
{
	(void)len;
	if (o->commands == 1)
		put_be32(resp + COUNTER, be32(resp + COUNTER) + 1);
}

static void t009_registers_that_never_rest(void **state)
{
	odd_tpm o;
	uint8_t pcrs[COF_TPM_PCRS][32];
	memset(pcrs, 0xa5, sizeof pcrs);
	odd_open(&o, *state);
	o.target = READ;
	o.answer = move_always;
	assert_fails(cof_tpm_pcrs(&o.t, pcrs, &err), "tpm-pcrs-moving");
	assert_true(o.commands <= 20); /* it does not try for ever */
	assert_int_equal(pcrs[0][0], 0xa5);
	odd_close(&o);
}

static void one_move_is_read_again(void **state)
{
	odd_tpm o;
	uint8_t pcrs[COF_TPM_PCRS][32], ones[32];
	odd_open(&o, *state);
	o.target = READ;
	o.answer = move_once;
	assert_ok(cof_tpm_pcrs(&o.t, pcrs, &err));
	assert_int_equal(o.commands, 5); /* two of the first round, three of the second */
	memset(ones, 0xff, sizeof ones);
	assert_memory_equal(pcrs[17], ones, 32); /* spec: PC Client profile: PCRs 17 to 22 begin as ones */
	assert_memory_equal(pcrs[22], ones, 32);
	assert_int_equal(pcrs[23][0], 0);
	odd_close(&o);
}

typedef struct patch {
	size_t at;
	uint8_t value;
} patch;

/* By the library or by us, but at the first look. */
static void is_refused(odd_tpm *o)
{
	uint8_t pcrs[COF_TPM_PCRS][32];
	cof_err err = {0};
	memset(pcrs, 0xa5, sizeof pcrs);
	if (cof_tpm_pcrs(&o->t, pcrs, &err) >= 0)
		fail_msg("%zu: taken", o->arg);
	if (!cof_err_is(&err, "tpm-failed") && !cof_err_is(&err, "tpm-no-sha256"))
		fail_msg("%zu: %s (%s)", o->arg, err.reason, err.text);
	assert_int_equal(o->commands, 1);
	assert_int_equal(pcrs[0][0], 0xa5);
	odd_again(o);
}

static const patch patches[] = {
	{HASH + 1, 0x04},    /* SHA-1 */
	{HASH + 1, 0x0c},    /* SHA-384 */
	{SELECTIONS + 3, 0}, /* none, with bytes left over */
	{SELECTIONS, 0xff},  /* four thousand million */
	{SELECT_SIZE, 0xff}, /* beyond the array */
	{DIGESTS, 0xff},     /* beyond the array */
	{DIGESTS + 3, 1},    /* fewer than follow */
	{FIRST_SIZE, 0xff},  /* beyond a digest */
	{FIRST_SIZE + 1, 20},
};

static void apply(odd_tpm *o, uint8_t *resp, size_t *len)
{
	(void)len;
	resp[patches[o->arg].at] = patches[o->arg].value;
}

static void t061_answers_that_are_not_the_question(void **state)
{
	odd_tpm o;
	odd_open(&o, *state);
	o.target = READ;
	o.answer = apply;
	for (; o.arg < COF_COUNT(patches); o.arg++)
		is_refused(&o);
	odd_close(&o);
}

static void nothing_selected(odd_tpm *o, uint8_t *resp, size_t *len)
{
	(void)o;
	memset(resp + SELECT, 0, 3);
	memset(resp + DIGESTS, 0, 4);
	*len = FIRST_SIZE;
	put_be32(resp + 2, FIRST_SIZE);
}

static void more_selected(odd_tpm *o, uint8_t *resp, size_t *len)
{
	(void)o;
	(void)len;
	memset(resp + SELECT, 0xff, 3); /* 24 registers, eight values */
}

static void same_again(odd_tpm *o, uint8_t *resp, size_t *len)
{
	(void)o;
	(void)len;
	resp[SELECT] = 0xff; /* always PCRs 0 to 7 */
	resp[SELECT + 1] = resp[SELECT + 2] = 0;
}

static void t061_values_of_other_registers(void **state)
{
	static void (*const lies[])(odd_tpm *, uint8_t *, size_t *) = {nothing_selected, more_selected, same_again};
	odd_tpm o;
	uint8_t pcrs[COF_TPM_PCRS][32];
	odd_open(&o, *state);
	o.target = READ;
	for (size_t i = 0; i < COF_COUNT(lies); i++) {
		o.answer = lies[i];
		assert_fails(cof_tpm_pcrs(&o.t, pcrs, &err), "tpm-no-sha256");
		assert_true(o.commands <= 3);
		odd_again(&o);
	}
	odd_close(&o);
}

static void cut(odd_tpm *o, uint8_t *resp, size_t *len)
{
	*len = *len < o->arg ? *len : o->arg;
	put_be32(resp + 2, (uint32_t)*len);
}

static void t061_answers_cut_anywhere(void **state)
{
	odd_tpm o;
	uint8_t pcrs[COF_TPM_PCRS][32];
	odd_open(&o, *state);
	o.target = READ;
	o.answer = cut;
	for (o.arg = ODD_HEAD; o.arg < FIRST_SIZE + 7 * 34; o.arg++)
		is_refused(&o);
	o.answer = NULL;
	assert_ok(cof_tpm_pcrs(&o.t, pcrs, &err));
	odd_close(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t009_an_extend_that_never_arrived),
		cmocka_unit_test(t009_an_extend_of_something_else),
		cmocka_unit_test(t009_an_extend_of_another_register),
		cmocka_unit_test(t009_what_was_bound_before_cannot_be_hidden_by_a_refusal),
		cmocka_unit_test(t009_registers_that_never_rest),
		cmocka_unit_test(t061_answers_that_are_not_the_question),
		cmocka_unit_test(t061_values_of_other_registers),
		cmocka_unit_test(t061_answers_cut_anywhere),
		cmocka_unit_test(one_move_is_read_again),
	};
	return cmocka_run_group_tests(tests, odd_make_box, odd_drop_box);
}
