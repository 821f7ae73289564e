# SPDX-License-Identifier: Apache-2.0
# Tests and fuzz targets are found by their names, so that none can be forgotten in a list.

TEST_SRC  := $(sort $(wildcard tests/unit/*/test_*.c))
TEST_BIN  := $(patsubst tests/%.c,$(O)/tests/%,$(TEST_SRC))
FUZZ_SRC  := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN  := $(patsubst tests/%.c,$(O)/tests/%,$(FUZZ_SRC))

# Users before the used.
TEST_USES  = $(call lib,$(TEST_LIBS))
TEST_LIBS := $(LIBS)

$(O)/tests/unit/%: $(O)/obj/tests/unit/%.o $(TEST_LIBS:%=$(O)/lib/libcoffer-%.a)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(TEST_USES) -Wl,--end-group $(CURL_LIBS) $(PKG_LIBS) -lcmocka

# These count what our own code takes from the heap; OpenSSL and jansson, which are linked dynamically, are not counted.
$(patsubst %,$(O)/tests/unit/verify/test_%,cache cache_snp): private LDFLAGS += \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

# Each fuzz target is linked twice: with libFuzzer (SAN builds by clang, make fuzz), and with a main that replays
# files and then mutates them deterministically (tests/fuzz/replay.c), which every test run does.
$(O)/tests/fuzz/%: $(O)/obj/tests/fuzz/%.o $(O)/obj/tests/fuzz/replay.o $(TEST_LIBS:%=$(O)/lib/libcoffer-%.a)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< $(O)/obj/tests/fuzz/replay.o -Wl,--start-group $(TEST_USES) -Wl,--end-group \
		$(CURL_LIBS) $(PKG_LIBS)

# make fuzz [ONLY=NAME] [FUZZ_SECONDS=60]: each target for so long under libFuzzer, by clang, with sanitizers. What it
# learns stays in build/fuzz-corpus, and what it finds is written there too.
FUZZ_SECONDS ?= 60
FUZZ_SAN     := fuzzer-no-link,address,undefined
FUZZ_DIR     := $(BUILD)/san-$(subst $(comma),-,$(FUZZ_SAN))/fuzz
FUZZ_NAMES   := $(if $(ONLY),$(ONLY),$(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_SRC)))

$(FUZZ_DIR)/%: $(O)/obj/tests/fuzz/%.o $(TEST_LIBS:%=$(O)/lib/libcoffer-%.a)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $< -Wl,--start-group $(TEST_USES) -Wl,--end-group \
		$(CURL_LIBS) $(PKG_LIBS)

.PHONY: fuzz
fuzz:
	$(Q)$(MAKE) --no-print-directory CC=clang CFLAGS=-Wno-error SAN=$(FUZZ_SAN) \
		$(FUZZ_NAMES:%=$(FUZZ_DIR)/fuzz_%)
	$(Q)for n in $(FUZZ_NAMES); do mkdir -p $(BUILD)/fuzz-corpus/$$n && $(FUZZ_DIR)/fuzz_$$n \
		-max_total_time=$(FUZZ_SECONDS) -artifact_prefix=$(BUILD)/fuzz-corpus/$$n- -verbosity=0 -print_final_stats=1 \
		$(BUILD)/fuzz-corpus/$$n tests/fuzz/corpus/$$n || exit; done

# Unit tests over a list of checks that can be told to let one of them pass: tests/mute-checks does.
$(O)/mute/check.c: attestation/verify/check.c tests/mute.h
	@mkdir -p $(@D)
	$(Q)sed -e '/^#include "attestation/a #include "tests/mute.h"' \
		-e 's/^\tbool full = /\tpassed = mute(name, passed);\n&/' $< >$@
	$(Q)grep -q 'passed = mute' $@

$(O)/mute/%: $(O)/obj/tests/unit/%.o $(O)/mute/check.c $(TEST_LIBS:%=$(O)/lib/libcoffer-%.a)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(O)/mute/check.c -Wl,--start-group $(TEST_USES) \
		-Wl,--end-group $(CURL_LIBS) $(PKG_LIBS) -lcmocka

# The same over the verifier's sources as tests/mute-sites writes them: each refusal can be taken away.
SITE_OBJ := $(patsubst %.c,$(O)/sites/obj/%.o,$(attestation_SRC))

$(O)/sites/obj/%.o: %.c tests/mute-sites tests/mute.except tests/mute.h
	@mkdir -p $(@D)
	$(Q)tests/mute-sites $< >$(@:.o=.c)
	$(Q)$(CC) $(CPPFLAGS_ALL) -std=gnu17 -O1 -w -c -o $@ $(@:.o=.c)

$(O)/sites/%: $(O)/obj/tests/unit/%.o $(SITE_OBJ) $(TEST_LIBS:%=$(O)/lib/libcoffer-%.a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< $(SITE_OBJ) -Wl,--start-group $(TEST_USES) -Wl,--end-group $(CURL_LIBS) \
		$(PKG_LIBS) -lcmocka

# Drivers of the end-to-end tests.
$(O)/tests/e2e/%: $(O)/obj/tests/e2e/%.o $(TEST_LIBS:%=$(O)/lib/libcoffer-%.a)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(TEST_USES) -Wl,--end-group $(CURL_LIBS) $(PKG_LIBS) -lcmocka

# Benchmarks print figures and never fail on a time. make bench ONLY=image runs one of them. That of images is a script
# over programs of its own; it takes minutes, and compares with other projects' programs where those are installed
# (kernel/setup bench).
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))
BENCH_BIN := $(patsubst tests/%.c,$(O)/tests/%,$(BENCH_SRC))

$(O)/tests/bench/%: $(O)/obj/tests/bench/%.o $(TEST_LIBS:%=$(O)/lib/libcoffer-%.a)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(TEST_USES) -Wl,--end-group $(CURL_LIBS) $(PKG_LIBS)

E2E_BIN := $(O)/tests/e2e/guest_session $(O)/tests/e2e/relay $(O)/tests/e2e/token_server $(O)/tests/e2e/vendor_amd $(O)/tests/e2e/vendor_intel
INTEROP_BIN := $(O)/tests/e2e/tsm_guest $(O)/tests/e2e/tsm_host

.PHONY: unit fuzz-replay tests-build
# Process-level guests and brokers run the programs that lie beside the tests.
tests-build: $(TEST_BIN) $(FUZZ_BIN) $(E2E_BIN) $(BENCH_BIN) programs

# make unit ONLY=common/rd runs one.
unit: $(if $(ONLY),$(O)/tests/unit/$(dir $(ONLY))test_$(notdir $(ONLY)),$(TEST_BIN))
	$(Q)tests/run-unit $^

# The verifier's tests under valgrind, which sees what is read and was never written, and what nobody frees. Minutes:
# runs over every bit or length take each 61st here (tests/unit/test.h).
.PHONY: valgrind
valgrind: $(filter $(addprefix $(O)/tests/unit/,verify/% token/% refvalue/%),$(TEST_BIN))
	$(Q)UNIT_UNDER='valgrind -q --error-exitcode=9 --leak-check=full' UNIT_STRIDE=61 UNIT_TIMEOUT=600 UNIT_JOBS=2 \
		tests/run-unit $^

fuzz-replay: $(FUZZ_BIN)
	$(Q)tests/run-fuzz $^

.PHONY: bench
BENCH_RUN := $(filter-out $(O)/tests/bench/image_%,$(BENCH_BIN)) tests/bench/image
bench: $(BENCH_BIN) programs $(GUEST_PACKAGES)
	$(Q)for b in $(if $(ONLY),$(filter %/$(ONLY),$(BENCH_RUN)),$(BENCH_RUN)); do BUILD=$(BUILD) $$b || exit; done

# --- everything ------------------------------------------------------------------------------------------------

.PHONY: test lint e2e
# Sets up, builds, and runs all tests; the closing line counts them all.
test:
	+@BUILD=$(BUILD) tests/all

lint:
	$(Q)tests/lint && tests/cppcheck && BUILD=$(BUILD) tests/tidy

# make e2e ONLY=REGEX runs the tests whose names match.
e2e: programs guest $(E2E_BIN)
	$(Q)BUILD=$(BUILD) tests/e2e/run

# With other projects' programs, which may have to be built first (once, into a cache outside the tree); not in make test.
.PHONY: interop
interop: programs guest $(E2E_BIN) $(INTEROP_BIN) $(O)/tests/bench/verify
	$(Q)BUILD=$(BUILD) E2E_NAME=interop E2E_FILE_TIMEOUT=2400 tests/e2e/run tests/interop/*
