# SPDX-License-Identifier: Apache-2.0
LIBS += common
common_SRC := common/err.c common/buf.c common/rd.c common/wr.c common/secret.c common/log.c common/hex.c \
	common/digest.c common/file.c common/json.c common/chan.c common/proc.c
