/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dispatch.h"

#include "agent/strict.h"
#include "tests/unit/test.h"

static cof_policy *closed_policy(void)
{
	cof_policy *p = NULL;
	assert_ok(cof_policy_parse(cof_span_str("{\"format\":\"coffer-policy/1\",\"containers\":[]}"), &p, &err));
	return p;
}

/* The Kata agent's service as its peers know it: a method that is missing here has no rule. */
static const char *const kata[] = {
	"CreateContainer",   "StartContainer",	  "RemoveContainer",  "ExecProcess",
	"SignalProcess",     "WaitProcess",	  "UpdateContainer",  "UpdateEphemeralMounts",
	"StatsContainer",    "PauseContainer",	  "ResumeContainer",  "RemoveStaleVirtiofsShareMounts",
	"GetDiagnosticData", "WriteStdin",	  "ReadStdout",	      "ReadStderr",
	"CloseStdin",	     "TtyWinResize",	  "UpdateInterface",  "UpdateRoutes",
	"ListInterfaces",    "ListRoutes",	  "AddARPNeighbors",  "GetIPTables",
	"SetIPTables",	     "GetMetrics",	  "MemAgentMemcgSet", "MemAgentCompactSet",
	"CreateSandbox",     "DestroySandbox",	  "OnlineCPUMem",     "ReseedRandomDev",
	"GetGuestDetails",   "MemHotplugByProbe", "SetGuestDateTime", "CopyFile",
	"GetOOMEvent",	     "AddSwap",		  "AddSwapPath",      "GetVolumeStats",
	"ResizeVolume",	     "SetPolicy",
};

static void t008_every_method_has_a_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(kata); i++)
		if (cof_dispatch_find("grpc.AgentService", kata[i]) == NULL)
			fail_msg("%s has no entry", kata[i]);
	for (size_t i = 0; i < cof_methods_n; i++) {
		assert_non_null(cof_methods[i].gate);
		assert_non_null(cof_methods[i].request);
		/* One entry each: a second one could have another rule. */
		assert_ptr_equal(cof_dispatch_find(cof_methods[i].service, cof_methods[i].name), &cof_methods[i]);
	}
	assert_int_equal(cof_methods_n, COF_COUNT(kata) + 4);
}

/* With a policy that grants nothing, an empty request passes only where it can neither change nor tell anything. */
static void t008_empty_policy_denies(void **state)
{
	static const char *const harmless[] = {
		"Check",
		"Version",
		"Watch",
		"SetHosts",
		"DestroySandbox",
		"GetGuestDetails",
		"PauseContainer",
		"ResumeContainer",
		"UpdateContainer",
		"ListInterfaces",
		"ListRoutes",
		"GetMetrics",
		"GetOOMEvent",
		"GetVolumeStats",
		"ResizeVolume",
		"OnlineCPUMem",
		"RemoveStaleVirtiofsShareMounts",
	};
	(void)state;
	COF_AUTO_PTR(cof_policy) p = closed_policy();
	for (size_t i = 0; i < cof_methods_n; i++) {
		COF_AUTO_PTR(ProtobufCMessage) m = NULL;
		bool listed = false;
		for (size_t k = 0; k < COF_COUNT(harmless); k++)
			listed = listed || strcmp(harmless[k], cof_methods[i].name) == 0;
		int r = cof_dispatch_admit(&cof_methods[i], p, (cof_span){0}, &m, NULL);
		if ((r == 0) != listed)
			fail_msg("%s: %d", cof_methods[i].name, r);
	}
}

/* These have no handler at all, whatever a policy says. */
static void t001_dangerous_methods_do_nothing(void **state)
{
	static const char *const names[] = {"CopyFile",
					    "SetPolicy",
					    "AddSwap",
					    "AddSwapPath",
					    "ReseedRandomDev",
					    "SetGuestDateTime",
					    "MemHotplugByProbe",
					    "SetIPTables",
					    "GetIPTables",
					    "AddARPNeighbors",
					    "MemAgentMemcgSet",
					    "MemAgentCompactSet",
					    "UpdateEphemeralMounts",
					    "GetDiagnosticData"};
	(void)state;
	COF_AUTO_PTR(cof_policy) p = closed_policy();
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		const cof_method *m = cof_dispatch_find("grpc.AgentService", names[i]);
		ProtobufCMessage *message = NULL;
		assert_non_null(m);
		assert_null(m->handler);
		assert_fails(cof_dispatch_admit(m, p, (cof_span){0}, &message, &err), "policy-denied");
	}
}

/* No policy opens them: the one word that admits is not theirs. */
static void assert_never(const char *name)
{
	COF_AUTO_PTR(cof_policy) open = NULL;
	COF_AUTO_PTR(ProtobufCMessage) m = NULL;
	assert_ok(
		cof_policy_parse(cof_span_str("{\"format\":\"coffer-policy/1\",\"containers\":[],\"signals\":[1,9,15],"
					      "\"stdin\":true,\"stdout\":true,\"stderr\":true,\"token\":true,"
					      "\"resources\":[\"*/*/*\"],\"exec\":[[\"/bin/sh\"]]}"),
				 &open, &err));
	const cof_method *method = cof_dispatch_find("grpc.AgentService", name);
	assert_non_null(method);
	assert_fails(cof_dispatch_admit(method, open, (cof_span){0}, &m, &err), "policy-denied");
	assert_null(m);
}

/* T-27: the host can credit no randomness of its choice to the guest. */
static void t027_the_host_cannot_reseed(void **state)
{
	(void)state;
	assert_never("ReseedRandomDev");
}

/* T-45: the host cannot set the guest's time of day. */
static void t045_the_host_cannot_set_the_time(void **state)
{
	(void)state;
	assert_never("SetGuestDateTime");
}

/* T-58: there is no way to put files into the guest beside the owner's. */
static void t058_the_host_cannot_copy_files(void **state)
{
	(void)state;
	assert_never("CopyFile");
}

static void t008_unknown_methods(void **state)
{
	(void)state;
	assert_null(cof_dispatch_find("grpc.AgentService", "Nothing"));
	assert_null(cof_dispatch_find("grpc.AgentService", ""));
	assert_null(cof_dispatch_find("", "Check"));
	assert_null(cof_dispatch_find("grpc.Health", "CreateContainer"));
	assert_null(cof_dispatch_find("grpc.agentservice", "CreateContainer"));
	assert_null(cof_dispatch_find("grpc.AgentService", "CreateContainer "));
}

static void t047_unknown_fields_are_refused(void **state)
{
	/* WaitProcess with field 99; CreateSandbox with an unknown field inside storages[0]. */
	static const uint8_t top[] = {0x0a, 2, 'c', '1', 0x98, 0x06, 1};
	static const uint8_t inside[] = {0x1a, 3, 0x98, 0x06, 1};
	(void)state;
	COF_AUTO_PTR(cof_policy) p = closed_policy();
	ProtobufCMessage *m = NULL;
	const cof_method *wait = cof_dispatch_find("grpc.AgentService", "WaitProcess");
	const cof_method *box = cof_dispatch_find("grpc.AgentService", "CreateSandbox");
	assert_fails(cof_dispatch_admit(wait, p, cof_span_of(top, sizeof top), &m, &err), "unknown-field");
	assert_fails(cof_dispatch_admit(box, p, cof_span_of(inside, sizeof inside), &m, &err), "unknown-field");
	assert_ok(cof_dispatch_admit(wait, p, cof_span_of(top, 4), &m, &err));
	cof_pb_free(m);
}

static void t047_broken_protobuf(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_policy) p = closed_policy();
	const cof_method *create = cof_dispatch_find("grpc.AgentService", "CreateContainer");
	uint8_t bytes[64];
	/* Every one-byte and two-byte message, and long runs of one byte: an answer, never a crash. */
	for (unsigned v = 0; v < 65536; v++) {
		bytes[0] = (uint8_t)v;
		bytes[1] = (uint8_t)(v >> 8);
		ProtobufCMessage *m = NULL;
		assert_true(cof_dispatch_admit(create, p, cof_span_of(bytes, v < 256 ? 1 : 2), &m, NULL) < 0);
	}
	for (unsigned v = 0; v < 256; v++) {
		ProtobufCMessage *m = NULL;
		memset(bytes, (int)v, sizeof bytes);
		assert_true(cof_dispatch_admit(create, p, cof_span_of(bytes, sizeof bytes), &m, NULL) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t008_every_method_has_a_rule),
		cmocka_unit_test(t008_empty_policy_denies),
		cmocka_unit_test(t001_dangerous_methods_do_nothing),
		cmocka_unit_test(t008_unknown_methods),
		cmocka_unit_test(t027_the_host_cannot_reseed),
		cmocka_unit_test(t045_the_host_cannot_set_the_time),
		cmocka_unit_test(t058_the_host_cannot_copy_files),
		cmocka_unit_test(t047_unknown_fields_are_refused),
		cmocka_unit_test(t047_broken_protobuf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
