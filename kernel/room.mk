# SPDX-License-Identifier: Apache-2.0
# What the host needs, what the guest is made of, and the guest image.

GUEST_PACKAGES := $(BUILD)/debian/packages.tsv
GUEST_CURL     := $(BUILD)/curl/libcurl.a
GUEST          := $(BUILD)/guest/manifest.json

# The agent links the guest's own small libcurl, and so does coffer: Debian's shared one brings 27 libraries along, which
# take longer to load than most verbs need for their work.
coffer_CURL := $(GUEST_CURL)
coffer_DEPS += $(GUEST_CURL)
coffer-agent_CURL := $(GUEST_CURL)
coffer-agent_DEPS += $(GUEST_CURL)

.PHONY: setup fetch guest
setup:
	$(Q)kernel/setup

fetch: $(GUEST_PACKAGES) $(GUEST_CURL)

$(GUEST_PACKAGES): kernel/fetch kernel/guest-packages.txt
	$(call say,FETCH,$(@D))
	$(Q)kernel/fetch $(BUILD)

$(GUEST_CURL): kernel/curl $(GUEST_PACKAGES)
	$(call say,CURL,$@)
	$(Q)kernel/curl $(BUILD)

guest: $(GUEST)

# What the image measures goes into its manifest, and beside it as CoRIM that the build's key signs: GUEST_KEY (a file or
# a pkcs11: URI), else one that is made once and kept in the build folder.
GUEST_KEY ?= $(BUILD)/guest-key.pem

$(GUEST): kernel/mkguest kernel/guest-modules.txt kernel/scratch-modules.txt $(GUEST_PACKAGES) $(BUILD)/bin/coffer-agent $(BUILD)/bin/coffer \
		$(filter $(BUILD)/%,$(GUEST_KEY))
	$(call say,GUEST,$@)
	$(Q)kernel/mkguest $(BUILD) $(BUILD)/bin/coffer-agent $(VERSION)
	$(Q)$(BUILD)/bin/coffer measure record --guest $@ --corim $(@D)/measurements.corim \
		--corim-key '$(GUEST_KEY)' || { rm -f $@; false; }

$(BUILD)/guest-key.pem:
	$(Q)umask 077 && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out $@.new && mv $@.new $@
	$(Q)openssl pkey -in $@ -pubout -out $(BUILD)/guest-key.pub.pem

# Sets up, builds and shows the main job; see tests/e2e/demo.
.PHONY: demo
demo:
	+@BUILD=$(BUILD) tests/e2e/demo
