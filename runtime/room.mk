# SPDX-License-Identifier: Apache-2.0
LIBS += vm
vm_SRC := runtime/vm/manifest.c runtime/vm/manifest_use.c runtime/vm/argv.c runtime/vm/scratch.c runtime/vm/swtpm.c runtime/vm/qmp.c runtime/vm/rundir.c \
	runtime/vm/backend.c runtime/vm/tpm.c runtime/vm/ring.c runtime/vm/vm.c runtime/vm/state.c runtime/vm/calls.c \
	runtime/vm/pump.c runtime/vm/session.c runtime/vm/session_up.c runtime/vm/session_work.c runtime/vm/session_end.c \
	runtime/vm/probe.c runtime/vm/qtest.c runtime/vm/cid.c runtime/vm/transport.c runtime/vm/dialer.c runtime/vm/links.c
# All of the command line but its main: so that unit tests can link it.
LIBS += cli
cli_SRC := runtime/cli/cli.c runtime/cli/run.c runtime/cli/run_prepare.c runtime/cli/run_progress.c runtime/cli/runopts.c runtime/cli/report.c \
	runtime/cli/progress.c runtime/cli/initdata.c runtime/cli/initdata_image.c runtime/cli/kbs.c runtime/cli/measure.c runtime/cli/measure_guest.c \
	runtime/cli/measure_options.c runtime/cli/measure_files.c runtime/cli/measure_inputs.c runtime/cli/measure_tpm.c \
	runtime/cli/measure_result.c runtime/cli/measure_corim.c runtime/cli/measure_record.c runtime/cli/measure_output.c runtime/cli/measure_explain.c \
	runtime/cli/measure_inspect.c \
	runtime/cli/verify.c runtime/cli/verify_options.c runtime/cli/verify_table.c \
	runtime/cli/tpmca.c runtime/cli/measure_eventlog.c runtime/cli/regvalues.c runtime/cli/logreport.c \
	runtime/cli/logreport_json.c runtime/cli/logreport_text.c
# coffer image
cli_SRC += runtime/cli/image.c
cli_SRC += runtime/cli/image_depot.c
cli_SRC += runtime/cli/image_encrypt.c
cli_SRC += runtime/cli/image_keys.c
cli_SRC += runtime/cli/image_given.c
cli_SRC += runtime/cli/image_inspect.c
cli_SRC += runtime/cli/image_push.c
cli_SRC += runtime/cli/image_apart.c
cli_SRC += runtime/cli/image_policy.c
cli_SRC += runtime/cli/image_sign.c
cli_SRC += runtime/cli/image_unpack.c
cli_SRC += runtime/cli/image_verify.c
PROGS += coffer
coffer_SRC := runtime/cli/main.c
coffer_USES := cli vm $(filter image attestation endorsements evidence firmware,$(LIBS)) common
coffer_USES += kbs

# The host's side of a run on a process-level guest's sockets (tests/e2e).
$(O)/tests/e2e/guest_session: $(O)/obj/tests/e2e/guest_session.o $(O)/lib/libcoffer-vm.a $(O)/lib/libcoffer-common.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(CURL_LIBS) $(PKG_LIBS)

# The init of a calibration boot: no library under it, linked into coffer as bytes.
cli_SRC += runtime/cli/calibrate.c runtime/cli/calibrate_boot.c
cli_SRC += runtime/cli/sev.c runtime/cli/sev_keyfile.c runtime/cli/sev_secret.c runtime/cli/sev_session.c
cli_SRC += runtime/cli/verify_result.c runtime/cli/token.c
cli_SRC += runtime/cli/signkey.c runtime/cli/idblocks.c runtime/cli/measure_idblock.c
cli_SRC += runtime/cli/endorsements.c runtime/cli/endorsements_fetch.c runtime/cli/endorsements_show.c \
	runtime/cli/endorsements_bundle.c runtime/cli/verify_guess.c
cli_OBJ += $(O)/gen/calibrate-init.o
$(O)/gen/calibrate-init.o: runtime/cli/calibrate_init.c
	$(call say,INIT,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -Os $(WARN) -ffreestanding -fno-stack-protector -fno-pie -fcf-protection=none \
		-fno-asynchronous-unwind-tables -nostdlib -static $(if $(findstring clang,$(CC)),,-no-pie) -Wl,--build-id=none,-z,noexecstack,-s \
		-o $(O)/gen/calibrate-init $<
	$(Q)cd $(O)/gen && $(LD) -r -b binary -z noexecstack -o calibrate-init.o calibrate-init

# This test drives the whole broker.
$(O)/tests/unit/cli/test_kbs: | $(O)/bin/coffer-kbs

# All vectors by functions and by the program.
$(O)/tests/unit/image/test_vectors: | $(O)/bin/coffer
