# SPDX-License-Identifier: Apache-2.0
#
# One Makefile, not recursive. Each room lists its own sources in its room.mk:
#
#	LIBS += firmware                     a static library build/lib/libcoffer-firmware.a
#	firmware_SRC := firmware/pcr.c …     its sources
#	PROGS += coffer-kbs                  a program build/bin/coffer-kbs
#	coffer-kbs_SRC := …                  its sources
#	coffer-kbs_USES := attestation …     our libraries, users before the used
#
# A newcomer needs two targets: `make demo` and `make test`. Both install what they need first.

BUILD ?= build
SAN   ?=
V     ?=
comma := ,
# Sanitizer builds live beside the plain one.
O     := $(BUILD)$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
Q     := $(if $(V),,@)
say    = $(if $(V),,@printf '  %-8s %s\n' $(1) $(2))

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=

PKGS := libssl libcrypto tss2-esys tss2-mu libprotobuf-c jansson jose libevent_core libevent_extra \
	libevent_openssl sqlite3 libisal libzstd libseccomp

WARN := -Wall -Wextra -Werror -Wformat=2 -Wshadow -Wstrict-prototypes -Wold-style-definition -Wmissing-prototypes \
	-Wundef -Wvla -Wcast-qual -Wcast-align -Wwrite-strings -Wpointer-arith -Wimplicit-fallthrough -Wconversion \
	-Wsign-conversion -Wnull-dereference -Wredundant-decls -Wdate-time -Walloca \
	$(if $(SAN),,-Wframe-larger-than=16384)
GCCWARN := -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wformat-signedness -ftrivial-auto-var-init=zero
HARDEN  := -fno-common -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fPIC -fno-semantic-interposition \
	$(if $(SAN),,-D_FORTIFY_SOURCE=3)
ISGCC    = $(if $(findstring clang,$(CC)),,$(GCCWARN))
OPT     := $(if $(SAN),-O1 -g -fno-omit-frame-pointer -fsanitize=$(SAN) -fno-sanitize-recover=all,-O2 -g)

CPPFLAGS_ALL = -I. -I$(O)/gen -D_GNU_SOURCE -DCOF_VERSION='"$(VERSION)"' $(PKG_CFLAGS) $(CPPFLAGS)
CFLAGS_ALL   = -std=gnu17 $(OPT) $(WARN) $(ISGCC) $(HARDEN) -ffunction-sections -fdata-sections \
	-ffile-prefix-map=$(CURDIR)=. $(CFLAGS)
LDFLAGS_ALL  = -pie -Wl,--as-needed,--gc-sections,-z,relro,-z,now,-z,noexecstack \
	$(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)
PKG_CFLAGS   = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS     = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)
# A program may bring its own libcurl (the agent does: see kernel/room.mk).
CURL_LIBS   ?= -lcurl

LIBS  :=
PROGS :=
.DEFAULT_GOAL := all

# What is built depends on the lists too.
ROOMS := common/room.mk firmware/room.mk attestation/room.mk image-decrypt/room.mk agent/room.mk \
	runtime/room.mk kernel/room.mk tests/room.mk
include $(ROOMS)

obj = $(patsubst %.c,$(O)/obj/%.o,$(1))
lib = $(patsubst %,$(O)/lib/libcoffer-%.a,$(1))

.SECONDARY:
.PHONY: all programs
all: programs $(SHARED)
programs: $(PROGS:%=$(O)/bin/%)

# --- rules -----------------------------------------------------------------------------------------------------

$(O)/obj/%.o: %.c | $(GENERATED)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Generated protobuf code is not held to our warnings.
$(O)/obj/gen/%.o: $(O)/gen/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) -std=gnu17 $(OPT) $(HARDEN) -w -ffunction-sections -fdata-sections -MMD -MP -c -o $@ $<

define lib_rule
$(O)/lib/libcoffer-$(1).a: $(call obj,$($(1)_SRC)) $($(1)_OBJ) $(ROOMS)
	$$(call say,AR,$$@)
	@mkdir -p $$(@D)
	$(Q)rm -f $$@ && $(AR) rcsD $$@ $$(filter %.o,$$^)
endef
$(foreach l,$(LIBS),$(eval $(call lib_rule,$(l))))

define prog_rule
$(O)/bin/$(1): $(call obj,$($(1)_SRC)) $(call lib,$($(1)_USES)) $($(1)_DEPS)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $$@ $(call obj,$($(1)_SRC)) -Wl,--start-group $(call lib,$($(1)_USES)) \
		-Wl,--end-group $$(or $$($(1)_CURL),$$(CURL_LIBS)) $$(PKG_LIBS)
endef
$(foreach p,$(PROGS),$(eval $(call prog_rule,$(p))))

# --- install, clean --------------------------------------------------------------------------------------------

include install.mk

.PHONY: clean format
format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf $(BUILD)

-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)
