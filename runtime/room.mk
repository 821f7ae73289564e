# SPDX-License-Identifier: Apache-2.0
LIBS += vm
vm_SRC := runtime/vm/manifest.c runtime/vm/argv.c runtime/vm/swtpm.c runtime/vm/qmp.c runtime/vm/rundir.c \
	runtime/vm/backend.c runtime/vm/tpm.c runtime/vm/ring.c runtime/vm/vm.c runtime/vm/state.c runtime/vm/calls.c \
	runtime/vm/pump.c runtime/vm/session.c runtime/vm/probe.c
PROGS += coffer
coffer_SRC := runtime/cli/main.c runtime/cli/cli.c runtime/cli/run.c runtime/cli/runopts.c runtime/cli/report.c \
	runtime/cli/progress.c runtime/cli/initdata.c
coffer_USES := vm $(filter image attestation evidence firmware,$(LIBS)) common
vm_SRC += runtime/vm/qtest.c
coffer_SRC += runtime/cli/kbs.c
coffer_USES += kbs
coffer_SRC += runtime/cli/image.c
