/* SPDX-License-Identifier: Apache-2.0 */
/*
 * T-97: who makes a policy, who makes the requests, and who judges them are three rooms; here they meet. The policy is
 * the one that `coffer initdata make` writes, the requests are the ones that `coffer run` sends.
 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "agent/dispatch.h"
#include "agent/proto.h"
#include "common/file.h"
#include "common/initdata.h"
#include "common/pb.h"
#include "runtime/cli/cli.h"
#include "runtime/vm/calls.h"

#define NAME "registry.test:5000/app"
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define IMAGE NAME "@sha256:" HEX
#define ID "workload"

static cof_policy *policy;

static int run_make(const char *ca, const char *output)
{
	const char *words[] = {"make", "--kbs", "https://kbs.test:8080", "--kbs-ca", ca, "--image", IMAGE, "--output",
			       output, NULL};
	for (const cof_verb *v = cof_verbs_initdata; v->name != NULL; v++)
		if (strcmp(v->name, "make") == 0)
			return v->run((int)COF_COUNT(words) - 1, (char **)(uintptr_t)words);
	return -1;
}

static int make_policy(void **state)
{
	char dir[] = "/tmp/cof-agreement-XXXXXX";
	char ca[64], output[64];
	COF_AUTO(cof_buf) toml = {0};
	COF_AUTO(cof_initdata) d = {0};
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(ca, sizeof ca, "%s/ca.pem", dir);
	(void)snprintf(output, sizeof output, "%s/initdata", dir);
	int r = cof_file_write(ca, cof_span_str("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"), 0600,
			       NULL);
	if (r == 0 && run_make(ca, output) != 0)
		r = -1;
	if (r == 0)
		r = cof_file_read(output, COF_INITDATA_MAX, &toml, NULL);
	if (r == 0)
		r = cof_initdata_parse(cof_buf_span(&toml), &d, NULL);
	if (r == 0)
		r = cof_policy_parse(cof_span_str(cof_initdata_entry(&d, "policy.json")), &policy, NULL);
	return cof_rm_tree(dir, NULL) < 0 ? -1 : r;
}

static int free_policy(void **state)
{
	(void)state;
	cof_policy_free(policy);
	return 0;
}

static int admit(const char *service, const char *name, cof_span payload, ProtobufCMessage **ret, cof_err *err)
{
	const cof_method *method = cof_dispatch_find(service, name);
	assert_non_null(method);
	return cof_dispatch_admit(method, policy, payload, ret, err);
}

static int judge(const char *service, const char *name, cof_span payload, cof_err *err)
{
	ProtobufCMessage *m = NULL;
	int r = admit(service, name, payload, &m, err);
	if (r == 0)
		cof_pb_free(m);
	return r;
}

#define ADMITTED(service, name, call)                                                                                  \
	do {                                                                                                           \
		COF_AUTO(cof_buf) out = {0};                                                                           \
		assert_ok(call);                                                                                       \
		assert_ok(judge(service, name, cof_buf_span(&out), &err));                                             \
	} while (0)

static void t097_what_run_sends_is_admitted(void **state)
{
	const char *const hosts[] = {"10.0.2.2 registry.test", "10.0.2.2 kbs.test", NULL};
	(void)state;
	ADMITTED(COF_SERVICE_GUEST, "SetHosts", cof_call_set_hosts(hosts, &out, &err));
	ADMITTED(COF_SERVICE_AGENT, "UpdateInterface", cof_call_interface(&out, &err));
	ADMITTED(COF_SERVICE_AGENT, "UpdateRoutes", cof_call_routes(&out, &err));
	ADMITTED(COF_SERVICE_AGENT, "CreateSandbox", cof_call_create_sandbox("sandbox", &out, &err));
	ADMITTED(COF_SERVICE_AGENT, "CreateContainer", cof_call_create_container(ID, IMAGE, &out, &err));
	ADMITTED(COF_SERVICE_AGENT, "StartContainer", cof_call_container(ID, &out, &err));
	ADMITTED(COF_SERVICE_AGENT, "WaitProcess", cof_call_container(ID, &out, &err));
	ADMITTED(COF_SERVICE_AGENT, "ReadStdout", cof_call_read(ID, 4096, &out, &err));
	ADMITTED(COF_SERVICE_AGENT, "ReadStderr", cof_call_read(ID, 4096, &out, &err));
	ADMITTED(COF_SERVICE_AGENT, "SignalProcess", cof_call_signal(ID, 15, &out, &err));
	ADMITTED(COF_SERVICE_AGENT, "RemoveContainer", cof_call_container(ID, &out, &err));
	ADMITTED(COF_SERVICE_GUEST, "Watch", cof_call_watch(0, &out, &err));
}

static void t097_what_the_policy_leaves_out_is_denied(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) other = {0};
	COF_AUTO(cof_buf) input = {0};
	COF_AUTO(cof_buf) sig = {0};
	assert_ok(cof_call_create_container(ID, NAME "2@sha256:" HEX, &other, &err));
	assert_fails(judge(COF_SERVICE_AGENT, "CreateContainer", cof_buf_span(&other), &err), "policy-denied");
	assert_ok(cof_call_write(ID, cof_span_str("x"), &input, &err));
	assert_fails(judge(COF_SERVICE_AGENT, "WriteStdin", cof_buf_span(&input), &err), "policy-denied");
	assert_ok(cof_call_signal(ID, 10, &sig, &err));
	assert_fails(judge(COF_SERVICE_AGENT, "SignalProcess", cof_buf_span(&sig), &err), "policy-denied");
}

/* The guest acts on these alone: an OCI version or a file system's name in the request steers nothing. */
static void assert_asks_for_the_same(const ProtobufCMessage *m)
{
	const Grpc__CreateContainerRequest *c = (const Grpc__CreateContainerRequest *)m;
	assert_string_equal(c->container_id, ID);
	assert_int_equal(c->n_storages, 1);
	assert_string_equal(c->storages[0]->source, IMAGE);
	assert_string_equal(c->storages[0]->driver, "image_guest_pull");
	assert_string_equal(c->storages[0]->mount_point, "/run/kata-containers/" ID "/rootfs");
	assert_true(c->oci->process == NULL || (c->oci->process->n_args == 0 && c->oci->process->n_env == 0));
	assert_int_equal(c->oci->n_mounts, 0);
	assert_int_equal(c->n_devices, 0);
	assert_true(c->oci->hooks == NULL || protobuf_c_message_get_packed_size(&c->oci->hooks->base) == 0);
}

/* Every single-bit change of the request that names the image, and every cut: denied, or without effect. */
static void t097_no_changed_request_asks_for_more(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) out = {0};
	size_t denied = 0;
	assert_ok(cof_call_create_container(ID, IMAGE, &out, &err));
	for (size_t bit = 0; bit < out.len * 8; bit++) {
		ProtobufCMessage *m = NULL;
		out.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		if (admit(COF_SERVICE_AGENT, "CreateContainer", cof_buf_span(&out), &m, NULL) < 0) {
			denied++;
		} else {
			assert_asks_for_the_same(m);
			cof_pb_free(m);
		}
		out.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	for (size_t n = 0; n < out.len; n++)
		assert_true(judge(COF_SERVICE_AGENT, "CreateContainer", cof_span_of(out.data, n), NULL) < 0);
	assert_true(denied > out.len * 7); /* nearly all of it is pinned */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t097_what_run_sends_is_admitted),
		cmocka_unit_test(t097_what_the_policy_leaves_out_is_denied),
		cmocka_unit_test(t097_no_changed_request_asks_for_more),
	};
	return cmocka_run_group_tests(tests, make_policy, free_policy);
}
