# SPDX-License-Identifier: Apache-2.0

# --- the key broker: a library for its tests, and the program ---
LIBS += kbs
kbs_SRC := attestation/kbs/wire.c attestation/kbs/store.c attestation/kbs/audit.c attestation/kbs/session.c \
	attestation/kbs/link.c attestation/kbs/sandbox.c attestation/kbs/route.c attestation/kbs/vpool.c \
	attestation/kbs/es256.c attestation/kbs/admin_token.c
