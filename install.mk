# SPDX-License-Identifier: Apache-2.0
# What `make install` lays down: programs, and two libraries for other programs: libcoffer-firmware (static, with our own
# headers) and libcoffer-attestation (shared, one header, versioned symbols).

FIRMWARE_HEADERS = $(filter-out %_int.h firmware/sev/launch.h firmware/sev/idkey.h,$(wildcard firmware/*.h firmware/*/*.h)) $(addprefix common/,buf.h cleanup.h \
	digest.h err.h file.h hex.h json.h rd.h secret.h wr.h)

# pkg-config --static names what the firmware library stands on; the shared one says so itself.
define FIRMWARE_PC
prefix=$(PREFIX)
includedir=$${prefix}/include/coffer
libdir=$${prefix}/lib

Name: libcoffer-firmware
Description: Launch measurements of SEV, SEV-ES, SEV-SNP, TDX and TPM machines
Version: $(VERSION)
Requires: jansson libcrypto liblzma
Cflags: -I$${includedir}
Libs: -L$${libdir} -lcoffer-firmware -lcoffer-common
endef
export FIRMWARE_PC

define ATTESTATION_PC
prefix=$(PREFIX)
includedir=$${prefix}/include
libdir=$${prefix}/lib

Name: libcoffer-attestation
Description: Verifier of SEV-SNP, TDX, SEV and TPM evidence and of attestation results
Version: $(VERSION)
Cflags: -I$${includedir}
Libs: -L$${libdir} -lcoffer-attestation
endef
export ATTESTATION_PC

PREFIXED = $(DESTDIR)$(PREFIX)

.PHONY: install
install: all
	install -d $(PREFIXED)/bin $(PREFIXED)/lib/pkgconfig $(PREFIXED)/share/man/man1 $(PREFIXED)/share/man/man3
	install -m 755 $(PROGS:%=$(O)/bin/%) $(PREFIXED)/bin
	install -m 644 $(call lib,firmware common) $(PREFIXED)/lib
	$(foreach h,$(FIRMWARE_HEADERS),install -D -m 644 $(h) $(PREFIXED)/include/coffer/$(h) &&) true
	printf '%s\n' "$$FIRMWARE_PC" >$(PREFIXED)/lib/pkgconfig/libcoffer-firmware.pc
	install -m 755 $(SHARED) $(PREFIXED)/lib
	ln -sf $(notdir $(SHARED)) $(PREFIXED)/lib/$(SONAME)
	ln -sf $(SONAME) $(PREFIXED)/lib/libcoffer-attestation.so
	install -D -m 644 attestation/public/attestation.h $(PREFIXED)/include/coffer/attestation.h
	printf '%s\n' "$$ATTESTATION_PC" >$(PREFIXED)/lib/pkgconfig/libcoffer-attestation.pc
	install -m 644 $(wildcard docs/man/*.1) $(PREFIXED)/share/man/man1
	install -m 644 $(wildcard docs/man/*.3) $(PREFIXED)/share/man/man3
# the guest image goes along where it was built (make guest)
	if [ -f $(GUEST) ]; then install -d $(PREFIXED)/share/coffer/guest && \
		install -m 644 $(wildcard $(BUILD)/guest/*.*) $(BUILD)/guest/vmlinuz $(BUILD)/guest/initrd \
		$(PREFIXED)/share/coffer/guest; fi
