/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/agent/ask.h"

#define L (a.spec.linux_ = &a.linux_)
#define R (a.spec.linux_ = &a.linux_, a.linux_.resources = &a.resources)

static void t056_gate_namespaces(void **state)
{
	static const char *const types[] = {"pid", "mount", "ipc", "uts", "cgroup", "network"};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		ASK_OK((L, a.linux_.namespaces = a.namespaces, a.linux_.n_namespaces = 1, a.ns.type = TEXT(types[i])));
		ASK_DENIED("OCI.Linux.Namespaces", (L, a.linux_.namespaces = a.namespaces, a.linux_.n_namespaces = 1,
						    a.ns.type = TEXT(types[i]), a.ns.path = TEXT("/proc/1/ns/mnt")));
	}
	ASK_DENIED("OCI.Linux.Namespaces",
		   (L, a.linux_.namespaces = a.namespaces, a.linux_.n_namespaces = 1, a.ns.type = TEXT("user")));
	ASK_DENIED("OCI.Linux.Namespaces",
		   (L, a.linux_.namespaces = a.namespaces, a.linux_.n_namespaces = 1, a.ns.type = TEXT("")));
}

static void t056_gate_linux_members(void **state)
{
	(void)state;
	Grpc__LinuxIDMapping map = GRPC__LINUX_IDMAPPING__INIT;
	Grpc__LinuxIDMapping *maps[] = {&map};
	Grpc__LinuxDevice device = GRPC__LINUX_DEVICE__INIT;
	Grpc__LinuxDevice *devices[] = {&device};
	Grpc__LinuxIntelRdt rdt = GRPC__LINUX_INTEL_RDT__INIT;
	ASK_OK(L);
	ASK_DENIED("OCI.Linux.UIDMappings", (L, a.linux_.uidmappings = maps, a.linux_.n_uidmappings = 1));
	ASK_DENIED("OCI.Linux.UIDMappings", (L, a.linux_.gidmappings = maps, a.linux_.n_gidmappings = 1));
	ASK_DENIED("OCI.Linux.Sysctl", (L, a.linux_.sysctl = a.entries, a.linux_.n_sysctl = 1));
	ASK_DENIED("OCI.Linux.Devices", (L, a.linux_.devices = devices, a.linux_.n_devices = 1));
	ASK_DENIED("OCI.Linux.MountLabel", (L, a.linux_.mountlabel = TEXT("x")));
	ASK_DENIED("OCI.Linux.MountLabel", (L, a.linux_.intelrdt = &rdt));
	ASK_DENIED("OCI.Linux.RootfsPropagation", (L, a.linux_.rootfspropagation = TEXT("shared")));
	ASK_DENIED("OCI.Linux.RootfsPropagation", (L, a.linux_.rootfspropagation = TEXT("rslave")));
	ASK_OK((L, a.linux_.rootfspropagation = TEXT("rprivate")));
}

static void t085_gate_limits_only_come_down(void **state)
{
	(void)state;
	Grpc__LinuxMemory memory = GRPC__LINUX_MEMORY__INIT;
	Grpc__LinuxPids pids = GRPC__LINUX_PIDS__INIT;
	Grpc__LinuxDeviceCgroup rule = GRPC__LINUX_DEVICE_CGROUP__INIT;
	Grpc__LinuxDeviceCgroup *rules[] = {&rule};
	Grpc__LinuxBlockIO blkio = GRPC__LINUX_BLOCK_IO__INIT;
	Grpc__LinuxNetwork network = GRPC__LINUX_NETWORK__INIT;
	memory.limit = 64 << 20;
	pids.limit = 10;
	ASK_OK((R, a.resources.memory = &memory, a.resources.pids = &pids));
	memory.limit = -1;
	ASK_DENIED("OCI.Linux.Resources.Memory", (R, a.resources.memory = &memory));
	memory.limit = 0;
	memory.swap = 1;
	ASK_DENIED("OCI.Linux.Resources.Memory", (R, a.resources.memory = &memory));
	memory.swap = 0;
	memory.disableoomkiller = 1;
	ASK_DENIED("OCI.Linux.Resources.Memory", (R, a.resources.memory = &memory));
	pids.limit = -1;
	ASK_DENIED("OCI.Linux.Resources.Pids", (R, a.resources.pids = &pids));
	ASK_OK((R, a.resources.devices = rules, a.resources.n_devices = 1));
	rule.allow = 1;
	ASK_DENIED("OCI.Linux.Resources.Devices", (R, a.resources.devices = rules, a.resources.n_devices = 1));
	ASK_DENIED("OCI.Linux.Resources", (R, a.resources.blockio = &blkio));
	ASK_DENIED("OCI.Linux.Resources", (R, a.resources.network = &network));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t056_gate_namespaces),
		cmocka_unit_test(t056_gate_linux_members),
		cmocka_unit_test(t085_gate_limits_only_come_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
