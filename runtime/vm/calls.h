/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests that the host makes of the agent, as bytes: Kata's agent protocol, with an image reference for a root
 * file system and an empty process, so that the guest fills it in from the image that it verified itself.
 */
#pragma once

#include "common/buf.h"

#define COF_SERVICE_AGENT "grpc.AgentService"
#define COF_SERVICE_HEALTH "grpc.Health"
#define COF_SERVICE_GUEST "coffer.v1.Guest"

COF_WUR int cof_call_set_hosts(const char *const *hosts, cof_buf *ret, cof_err *err);
/* eth0 of QEMU's user-mode network: 10.0.2.15/24, gateway 10.0.2.2. */
COF_WUR int cof_call_interface(cof_buf *ret, cof_err *err);
COF_WUR int cof_call_routes(cof_buf *ret, cof_err *err);
COF_WUR int cof_call_create_sandbox(const char *id, cof_buf *ret, cof_err *err);
COF_WUR int cof_call_create_container(const char *id, const char *image, cof_buf *ret, cof_err *err);
/* StartContainer, RemoveContainer, WaitProcess: they differ in nothing but their name. */
COF_WUR int cof_call_container(const char *id, cof_buf *ret, cof_err *err);
COF_WUR int cof_call_signal(const char *id, int sig, cof_buf *ret, cof_err *err);
COF_WUR int cof_call_read(const char *id, uint32_t len, cof_buf *ret, cof_err *err);
COF_WUR int cof_call_write(const char *id, cof_span data, cof_buf *ret, cof_err *err);
COF_WUR int cof_call_watch(uint64_t seq, cof_buf *ret, cof_err *err);

/* Answers. */
COF_WUR int cof_answer_wait(cof_span payload, int *ret_status, cof_err *err);
/* Appends the data; at most max bytes, reason "agent-answer-malformed". */
COF_WUR int cof_answer_read(cof_span payload, size_t max, cof_buf *ret, cof_err *err);
COF_WUR int cof_answer_watch(cof_span payload, uint64_t *ret_seq, cof_buf *ret_json, cof_err *err);
/* The error that an agent's status stands for: its reason word when the message begins with one ("word: text"). */
COF_WUR int cof_answer_error(int code, const char *message, cof_err *err);
