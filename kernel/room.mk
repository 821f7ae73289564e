# SPDX-License-Identifier: Apache-2.0
# What the host needs, what the guest is made of, and the guest image.

GUEST_PACKAGES := $(BUILD)/debian/packages.tsv
GUEST_CURL     := $(BUILD)/curl/libcurl.a
GUEST          := $(BUILD)/guest/manifest.json

# The agent links the guest's own small libcurl.
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

$(GUEST): kernel/mkguest kernel/guest-modules.txt $(GUEST_PACKAGES) $(BUILD)/bin/coffer-agent
	$(call say,GUEST,$@)
	$(Q)kernel/mkguest $(BUILD) $(BUILD)/bin/coffer-agent $(VERSION)

# Sets up, builds and shows the main job; see tests/e2e/demo.
.PHONY: demo
demo:
	+@BUILD=$(BUILD) tests/e2e/demo
