# SPDX-License-Identifier: Apache-2.0
LIBS += common
common_SRC := common/err.c common/buf.c common/rd.c common/wr.c common/secret.c common/log.c common/hex.c \
	common/der.c common/digest.c common/file.c common/json.c common/chan.c common/proc.c \
	common/lockdown.c common/seccomp.c

# --- glue: TOML, HTTP, ttrpc, protobuf, JWE, the key broker's protocol ---
common_SRC += common/toml.c common/toml_scan.c common/addr.c common/http.c common/http_set.c common/http_hook.c \
	common/http_url.c common/http_field.c common/http_resp.c common/http_curl.c \
	common/kbs_proto.c common/kbs_answer.c common/kbs_path.c common/jwe.c common/jwe_crypto.c common/pb.c \
	common/ttrpc.c common/ttrpc_frame.c common/ttrpc_calls.c

common_PROTO := agent oci types csi health coffer ttrpc
common_OBJ   := $(common_PROTO:%=$(O)/obj/gen/%.pb-c.o)
GENERATED    += $(common_PROTO:%=$(O)/gen/%.pb-c.h)

$(O)/gen/%.pb-c.c $(O)/gen/%.pb-c.h: common/proto/%.proto
	$(call say,PROTOC,$<)
	@mkdir -p $(O)/gen
	$(Q)protoc-c -Icommon/proto --c_out=$(O)/gen $<
	$(Q)sed -i '1i#pragma GCC system_header' $(O)/gen/$*.pb-c.h

$(common_OBJ): | $(GENERATED)

# --- initdata ---
common_SRC += common/initdata.c
