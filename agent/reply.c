/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reply.h"

#include <stdio.h>

typedef struct special {
	const char *reason;
	int code;
} special;

/* Reasons whose code peers branch on; all others have their class's. */
static const special codes[] = {
	{"no-such-container", COF_RPC_INVALID_ARGUMENT},
	{"no-such-process", COF_RPC_NOT_FOUND},
	{"no-such-method", COF_RPC_UNIMPLEMENTED},
	{"not-offered", COF_RPC_UNIMPLEMENTED},
	{"no-terminal", COF_RPC_UNAVAILABLE},
	{"bad-state", COF_RPC_FAILED_PRECONDITION},
	{"too-many-calls", COF_RPC_RESOURCE_EXHAUSTED},
};

static int code_of(const cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(codes); i++)
		if (cof_err_is(err, codes[i].reason))
			return codes[i].code;
	return cof_ttrpc_code_of(err);
}

void cof_reply_err(cof_ttrpc_call *call, const cof_err *err)
{
	char text[COF_ERR_REASON_MAX + COF_ERR_TEXT_MAX + 4];
	(void)snprintf(text, sizeof text, "%s: %s", err->reason, err->text);
	cof_ttrpc_answer(call, code_of(err), text, (cof_span){0});
}

void cof_reply(cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	COF_AUTO(cof_buf) body = {0};
	cof_err err = {0};
	if (m != NULL && cof_pb_pack(m, &body, &err) < 0)
		cof_reply_err(call, &err);
	else
		cof_ttrpc_answer(call, COF_RPC_OK, "", cof_buf_span(&body));
}
