/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's end of the two ports, for tests of the host's end: our own ttrpc server with answers that a table gives,
 * or raw bytes that no honest guest would send.
 */
#pragma once

#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "agent.pb-c.h"
#include "coffer.pb-c.h"
#include "common/file.h"
#include "common/pb.h"
#include "common/ttrpc.h"
#include "tests/unit/test.h"

typedef struct peer_answer {
	const char *method;
	int code;
	const char *text;    /* message of a failure */
	const char *payload; /* bytes, when payload_len is set */
	size_t payload_len;
	bool silent; /* never answered */
	bool close;  /* the port ends instead */
} peer_answer;

typedef struct peer {
	struct event_base *base;
	cof_ttrpc *ctl, *io;
	const peer_answer *answers; /* method NULL ends; what is not named gets an empty success */
	char log[1024];		    /* the methods in order, each with a space behind */
	const char *output;	    /* what ReadStdout gives, once; then the end */
	bool output_given;
	bool endless; /* ReadStdout never ends */
	uint64_t reads;
	cof_buf input; /* what WriteStdin brought */
	uint64_t seq;
	const char *state;	  /* Watch's JSON */
	cof_ttrpc_call *held[64]; /* calls that are never answered while the test looks */
	size_t n_held;
} peer;

__attribute__((unused)) static void peer_reply_read(peer *p, cof_ttrpc_call *call, const char *method)
{
	static uint8_t noise[32 << 10];
	COF_AUTO(cof_buf) out = {0};
	Grpc__ReadStreamResponse m = {0};
	grpc__read_stream_response__init(&m);
	bool is_out = strcmp(method, "ReadStdout") == 0;
	if (is_out && p->endless) {
		m.data.data = noise;
		m.data.len = sizeof noise;
		p->reads++;
	} else if (is_out && p->output != NULL && !p->output_given) {
		m.data.data = (uint8_t *)(uintptr_t)p->output;
		m.data.len = strlen(p->output);
		p->output_given = true;
	}
	assert_ok(cof_pb_pack(&m.base, &out, &err));
	cof_ttrpc_answer(call, COF_RPC_OK, NULL, cof_buf_span(&out));
}

static void peer_reply_watch(peer *p, cof_ttrpc_call *call)
{
	COF_AUTO(cof_buf) out = {0};
	Coffer__V1__WatchResponse m = {0};
	coffer__v1__watch_response__init(&m);
	m.seq = ++p->seq;
	m.json = (char *)(uintptr_t)p->state;
	assert_ok(cof_pb_pack(&m.base, &out, &err));
	cof_ttrpc_answer(call, COF_RPC_OK, NULL, cof_buf_span(&out));
}

static void peer_take_input(peer *p, cof_span payload)
{
	COF_AUTO_PTR(ProtobufCMessage) any = NULL;
	assert_ok(cof_pb_unpack(&grpc__write_stream_request__descriptor, payload, COF_PB_MAX, &any, &err));
	const Grpc__WriteStreamRequest *m = cof_pb_as(Grpc__WriteStreamRequest, any);
	assert_ok(cof_buf_add(&p->input, m->data.data, m->data.len, &err));
	if (m->data.len == 0)
		assert_ok(cof_buf_add_str(&p->input, "<end>", &err));
}

static const peer_answer *peer_find(const peer *p, const char *method)
{
	for (const peer_answer *a = p->answers; a != NULL && a->method != NULL; a++)
		if (strcmp(a->method, method) == 0)
			return a;
	return NULL;
}

static void peer_serve(void *arg, cof_ttrpc_call *call, const char *service, const char *method, cof_span payload)
{
	peer *p = arg;
	const peer_answer *a = peer_find(p, method);
	size_t used = strlen(p->log);
	(void)service;
	if (strncmp(method, "Read", 4) != 0 && strcmp(method, "Watch") != 0)
		(void)snprintf(p->log + used, sizeof p->log - used, "%s ", method);
	if (strcmp(method, "WriteStdin") == 0)
		peer_take_input(p, payload);
	if (a != NULL && (a->silent || a->close)) {
		assert_true(p->n_held < COF_COUNT(p->held));
		p->held[p->n_held++] = call;
	}
	if (a != NULL && a->silent)
		return;
	if (a != NULL && a->close)
		cof_ttrpc_free(cof_steal(&p->ctl));
	else if (a != NULL)
		cof_ttrpc_answer(call, a->code, a->text, cof_span_of(a->payload, a->payload_len));
	else if (strncmp(method, "Read", 4) == 0)
		peer_reply_read(p, call, method);
	else if (strcmp(method, "Watch") == 0 && p->state != NULL)
		peer_reply_watch(p, call);
	else if (strcmp(method, "Watch") == 0)
		cof_ttrpc_answer(call, COF_RPC_UNIMPLEMENTED, "no", (cof_span){0});
	else
		cof_ttrpc_answer(call, COF_RPC_OK, NULL, (cof_span){0});
}

static void peer_open(peer *p, struct event_base *base, int ctl, int io)
{
	const cof_ttrpc_opts o = {.hello = COF_HELLO_ANSWER, .serve = peer_serve, .arg = p};
	p->base = base;
	assert_ok(cof_ttrpc_new(&p->ctl, base, ctl, &o, &err));
	assert_ok(cof_ttrpc_new(&p->io, base, io, &o, &err));
}

static void peer_close(peer *p)
{
	cof_ttrpc_free(cof_steal(&p->ctl));
	cof_ttrpc_free(cof_steal(&p->io));
	for (size_t i = 0; i < p->n_held; i++)
		cof_ttrpc_answer(p->held[i], COF_RPC_OK, NULL, (cof_span){0}); /* to nobody: it only frees */
	cof_buf_release(&p->input);
}
