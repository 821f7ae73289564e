/* SPDX-License-Identifier: Apache-2.0 */
/* The vsock way in: who may come, how many, and who of them controls. A unix socket stands for the port. */
#include "agent/vsock.h"

#include <linux/vm_sockets.h>
#include <sys/un.h>

#include "agent/port.h"
#include "tests/unit/agent/rig.h"

#define AGENT "grpc.AgentService"

/* A host's connection: the calls that the guest got from it, and what came back. */
typedef struct host {
	cof_ttrpc *rpc;
	int closed;
	rig_reply reply;
} host;

typedef struct bed {
	rig r;
	cof_vsock *v;
	char path[160]; /* of the socket that stands for the port */
	int served, streams, closed, control;
	bool hold;
	cof_ttrpc_call *held;
} bed;

static void on_serve(void *arg, bool streams, cof_ttrpc_call *call, const char *service, const char *method,
		     cof_span payload)
{
	bed *b = arg;
	(void)service;
	(void)payload;
	b->served++;
	b->streams += streams;
	if (b->hold)
		b->held = call;
	else
		cof_ttrpc_answer(call, streams ? COF_RPC_PERMISSION_DENIED : COF_RPC_OK, method, (cof_span){0});
}

static void on_closed(void *arg, bool control)
{
	bed *b = arg;
	b->closed++;
	b->control += control;
	if (b->held != NULL)
		assert_true(cof_ttrpc_unheard(b->held));
}

static void bed_init(bed *b, bool any_peer)
{
	*b = (bed){0};
	rig_init(&b->r);
	rig_path(&b->r, "vsock.sock", b->path);
	const cof_vsock_opts o = {.any_peer = any_peer, .serve = on_serve, .closed = on_closed, .arg = b};
	int fd = cof_port_listen(b->path, NULL);
	assert_true(fd >= 0);
	assert_ok(cof_vsock_new(&b->v, b->r.base, fd, &o, &err));
}

static void bed_release(bed *b)
{
	cof_vsock_free(b->v);
	rig_release(&b->r);
}

static void host_closed(void *arg, const cof_err *why)
{
	(void)why;
	((host *)arg)->closed++;
}

static int raw_dial(const bed *b)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(addr.sun_path, b->path, sizeof addr.sun_path - 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
	return fd;
}

static void host_dial(bed *b, host *h)
{
	const cof_ttrpc_opts o = {.closed = host_closed, .arg = h};
	*h = (host){0};
	assert_ok(cof_ttrpc_new(&h->rpc, b->r.base, raw_dial(b), &o, &err));
}

static void host_release(bed *b, host *h)
{
	int before = b->closed;
	bool was_open = h->closed == 0;
	cof_ttrpc_free(cof_steal(&h->rpc));
	cof_buf_release(&h->reply.payload);
	if (was_open)
		rig_turn(&b->r, &b->closed, before + 1);
}

static void host_send(host *h, const char *method)
{
	assert_ok(cof_ttrpc_send(h->rpc, AGENT, method, (cof_span){0}, 0, rig_on_reply, &h->reply, &err));
}

static void host_call(bed *b, host *h, const char *method, int code)
{
	host_send(h, method);
	rig_expect(&b->r, &h->reply, code, "");
}

/* --- who --- */

static bool comes_from(unsigned family, unsigned cid, socklen_t len)
{
	struct sockaddr_storage s = {0};
	struct sockaddr_vm addr = {.svm_family = (sa_family_t)family, .svm_cid = cid, .svm_port = 1025};
	memcpy(&s, &addr, sizeof addr);
	return cof_vsock_is_host(&s, len);
}

/* T-48: a container that found a way to the port comes from the loopback, or from the guest's own address. */
static void t048_only_the_hosts_address(void **state)
{
	static const unsigned others[] = {VMADDR_CID_HYPERVISOR, VMADDR_CID_LOCAL, 3, 4, 0x102, 0x40000002,
					  VMADDR_CID_ANY};
	(void)state;
	assert_true(comes_from(AF_VSOCK, VMADDR_CID_HOST, sizeof(struct sockaddr_vm)));
	for (size_t i = 0; i < COF_COUNT(others); i++)
		assert_false(comes_from(AF_VSOCK, others[i], sizeof(struct sockaddr_vm)));
	assert_false(comes_from(AF_UNIX, VMADDR_CID_HOST, sizeof(struct sockaddr_vm)));
	for (socklen_t n = 0; n < sizeof(struct sockaddr_storage); n++)
		assert_int_equal(comes_from(AF_VSOCK, VMADDR_CID_HOST, n), n == sizeof(struct sockaddr_vm));
}

/* The rule is asked for each that comes: here for peers of no vsock address at all. */
static void t048_others_are_closed_at_once(void **state)
{
	bed b;
	(void)state;
	bed_init(&b, false);
	for (int i = 0; i < 2 * COF_VSOCK_CONNECTIONS_MAX + 1; i++) {
		host h;
		host_dial(&b, &h);
		host_send(&h, "CreateSandbox");
		rig_turn(&b.r, &h.closed, 1);
		host_release(&b, &h);
	}
	assert_int_equal(b.served + b.closed, 0);
	bed_release(&b);
}

/* --- how many --- */

static void t086_a_third_connection_waits(void **state)
{
	bed b;
	host one, two, three;
	(void)state;
	bed_init(&b, true);
	host_dial(&b, &one);
	host_dial(&b, &two);
	host_call(&b, &one, "CreateSandbox", COF_RPC_OK);
	host_call(&b, &two, "ReadStdout", COF_RPC_PERMISSION_DENIED);
	host_dial(&b, &three);
	host_send(&three, "ReadStdout");
	for (int i = 0; i < 20; i++)
		host_call(&b, &one, "StartContainer", COF_RPC_OK);
	assert_int_equal(three.reply.n + three.closed + b.closed, 0);
	assert_int_equal(b.served, 22);
	/* A place that became free is the next one's. */
	host_release(&b, &two);
	rig_expect(&b.r, &three.reply, COF_RPC_PERMISSION_DENIED, "");
	host_release(&b, &three);
	host_release(&b, &one);
	bed_release(&b);
}

static void connections_come_and_go(void **state)
{
	bed b;
	host h;
	(void)state;
	bed_init(&b, true);
	int before = rig_fds();
	for (int i = 0; i < 50; i++) {
		host_dial(&b, &h);
		host_call(&b, &h, "CreateSandbox", COF_RPC_OK);
		host_release(&b, &h);
	}
	assert_int_equal(b.control, 50);
	assert_int_equal(rig_fds(), before);
	/* And with connections that are still open, the listener goes as well. */
	host_dial(&b, &h);
	host_call(&b, &h, "CreateSandbox", COF_RPC_OK);
	cof_vsock_free(cof_steal(&b.v));
	rig_turn(&b.r, &h.closed, 1);
	cof_ttrpc_free(h.rpc);
	cof_buf_release(&h.reply.payload);
	rig_release(&b.r);
}

/* --- who controls --- */

/* Kata's runtime has one connection for everything. */
static void one_connection_carries_all_calls(void **state)
{
	bed b;
	host h;
	(void)state;
	bed_init(&b, true);
	host_dial(&b, &h);
	host_call(&b, &h, "ReadStdout", COF_RPC_OK);
	host_call(&b, &h, "CreateSandbox", COF_RPC_OK);
	host_call(&b, &h, "ReadStdout", COF_RPC_OK);
	host_call(&b, &h, "WriteStdin", COF_RPC_OK);
	assert_int_equal(b.streams, 0);
	host_release(&b, &h);
	assert_int_equal(b.control, 1);
	bed_release(&b);
}

static void t048_one_control_connection(void **state)
{
	bed b;
	host streams, control;
	(void)state;
	bed_init(&b, true);
	/* Neither coming first, nor streams, nor methods that there are not, make a control connection. */
	host_dial(&b, &streams);
	host_call(&b, &streams, "ReadStdout", COF_RPC_OK);
	host_call(&b, &streams, "NoSuchMethod", COF_RPC_OK);
	host_dial(&b, &control);
	host_call(&b, &control, "CreateSandbox", COF_RPC_OK);
	host_call(&b, &streams, "CreateSandbox", COF_RPC_PERMISSION_DENIED);
	host_call(&b, &streams, "DestroySandbox", COF_RPC_PERMISSION_DENIED);
	host_call(&b, &control, "StartContainer", COF_RPC_OK);
	/* After its end the other may control. */
	host_release(&b, &control);
	assert_int_equal(b.control, 1);
	host_call(&b, &streams, "DestroySandbox", COF_RPC_OK);
	host_release(&b, &streams);
	assert_int_equal(b.control, 2);
	bed_release(&b);
}

/* A broken frame ends its own connection only, and its calls are unheard by the time that we are told. */
static void t046_broken_frames_end_one_connection(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} frames[] = {
		{"\x00\x40\x00\x01\x00\x00\x00\x03\x01\x00", 10},     /* over 4 MiB */
		{"\xff\xff\xff\xff\x00\x00\x00\x03\x01\x00", 10},     /* far over */
		{"\x00\x00\x00\x00\x00\x00\x00\x03\x63\x00", 10},     /* no type */
		{"\x00\x00\x00\x04\x00\x00\x00\x03\x02\x00zzzz", 14}, /* an answer to nothing */
		{COF_HELLO_MAGIC "0123456789abcdef", COF_HELLO_LEN},  /* a hello has no place here */
		{"CONNECT 1024\n\n\n", 15},			      /* nor has a proxy's */
		{"GET / HTTP/1.1\r\n\r\n", 18},
	};
	bed b;
	host good;
	(void)state;
	bed_init(&b, true);
	host_dial(&b, &good);
	host_call(&b, &good, "CreateSandbox", COF_RPC_OK);
	for (size_t i = 0; i < COF_COUNT(frames); i++) {
		int fd = raw_dial(&b);
		assert_int_equal(write(fd, frames[i].bytes, frames[i].len), frames[i].len);
		rig_turn(&b.r, &b.closed, (int)i + 1);
		(void)close(fd);
	}
	assert_int_equal(b.control, 0);
	host_call(&b, &good, "StartContainer", COF_RPC_OK);
	host_release(&b, &good);
	bed_release(&b);
}

static void t049_calls_of_an_ended_connection_are_unheard(void **state)
{
	bed b;
	host h;
	(void)state;
	bed_init(&b, true);
	host_dial(&b, &h);
	b.hold = true;
	host_send(&h, "CreateSandbox");
	rig_turn(&b.r, &b.served, 1);
	assert_false(cof_ttrpc_unheard(b.held));
	host_release(&b, &h);
	cof_ttrpc_answer(b.held, COF_RPC_OK, NULL, (cof_span){0}); /* to nobody: it only frees */
	bed_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t048_only_the_hosts_address),
		cmocka_unit_test(t048_others_are_closed_at_once),
		cmocka_unit_test(t086_a_third_connection_waits),
		cmocka_unit_test(connections_come_and_go),
		cmocka_unit_test(one_connection_carries_all_calls),
		cmocka_unit_test(t048_one_control_connection),
		cmocka_unit_test(t046_broken_frames_end_one_connection),
		cmocka_unit_test(t049_calls_of_an_ended_connection_are_unheard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
