# SPDX-License-Identifier: Apache-2.0
# The keeper's sources; agent/room.mk includes this file and adds keeper_SRC to its own.
keeper_SRC := agent/keeper.c agent/keeper_msg.c agent/keeper_keys.c agent/keeper_rest.c \
	agent/keeper_image.c agent/signers.c agent/kbs_client.c agent/kbs_session.c \
	agent/kbs_token.c agent/rest.c
