# SPDX-License-Identifier: Apache-2.0
# The library `agent` is the whole program but its main, so that tests can link it.
include agent/keeper.mk
LIBS += agent
agent_SRC := agent/policy.c agent/cdh.c agent/imgconf.c agent/imgrun.c agent/user.c agent/spec.c agent/seccomp.c \
	agent/children.c agent/stdio.c agent/hosts.c agent/boot.c agent/await.c agent/port.c agent/vsock.c \
	agent/crun.c agent/watch.c agent/owner.c agent/disk.c agent/scratch.c agent/scratch_main.c \
	agent/scratch_crypt.c agent/scratch_dm.c agent/net.c agent/rtnl.c agent/cgroup.c agent/gate.c \
	agent/gate_container.c agent/gate_linux.c agent/gate_net.c agent/helper.c agent/trust.c agent/roles.c \
	agent/fetcher.c agent/fetcher_pull.c agent/unpacker.c agent/store.c agent/pull.c agent/pull_ask.c \
	agent/pull_image.c agent/pull_layer.c agent/pull_unpack.c agent/reply.c agent/stats.c agent/strict.c \
	agent/dispatch.c agent/process.c agent/rootfs.c agent/container.c agent/container_create.c \
	agent/container_exec.c agent/service_sandbox.c agent/service_container.c agent/service_io.c \
	agent/agent.c agent/init.c $(keeper_SRC)

PROGS += coffer-agent
coffer-agent_SRC := agent/main.c
coffer-agent_USES := agent image evidence common

# These drive the real program.
$(O)/tests/unit/agent/test_guest $(O)/tests/unit/agent/test_life: | $(O)/bin/coffer-agent
