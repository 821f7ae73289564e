# SPDX-License-Identifier: Apache-2.0

# --- the key broker: a library for its tests, and the program ---
LIBS += kbs
kbs_SRC := attestation/kbs/wire.c attestation/kbs/store.c attestation/kbs/audit.c attestation/kbs/session.c \
	attestation/kbs/link.c attestation/kbs/sandbox.c attestation/kbs/route.c attestation/kbs/vpool.c \
	attestation/kbs/es256.c attestation/kbs/admin_token.c attestation/kbs/record.c attestation/kbs/expect.c \
	attestation/kbs/owner_data.c attestation/kbs/session_token.c attestation/kbs/verifier.c \
	attestation/kbs/front.c attestation/kbs/front_http.c attestation/kbs/front_json.c attestation/kbs/fronts.c \
	attestation/kbs/holder.c attestation/kbs/holder_admin.c attestation/kbs/holder_attest.c \
	attestation/kbs/holder_init.c attestation/kbs/holder_resource.c attestation/kbs/serve.c
PROGS += coffer-kbs
coffer-kbs_SRC := attestation/kbs/main.c
coffer-kbs_USES := kbs attestation firmware common
