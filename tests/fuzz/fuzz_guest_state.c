/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest says about itself, as JSON and as the agent's answers: what is shown to a person is printable. */
#include <stdlib.h>

#include "runtime/vm/calls.h"
#include "runtime/vm/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void printable(const char *s)
{
	for (; *s != 0; s++)
		if (*s < 0x20 || *s > 0x7e)
			abort();
}

static void answers(cof_span in)
{
	COF_AUTO(cof_buf) out = {0};
	COF_AUTO(cof_buf) json = {0};
	uint64_t seq = 0;
	int status = 0;
	if (cof_answer_wait(in, &status, NULL) == 0 && (status < 0 || status > 255))
		abort();
	if (cof_answer_read(in, 100, &out, NULL) == 0 && out.len > 100)
		abort();
	(void)!cof_answer_watch(in, &seq, &json, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_state) s = {0};
	cof_span in = cof_span_of(data, len);
	answers(in);
	if (cof_state_parse(in, &s, NULL) < 0)
		return 0;
	printable(s.phase);
	printable(s.verdict);
	printable(s.image_digest);
	printable(s.reason);
	printable(s.message);
	return 0;
}
