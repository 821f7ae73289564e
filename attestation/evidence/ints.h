/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as an array of integers, which is how the evidence of TEE "snp" writes them. */
#pragma once

#include "common/json.h"

/* A new reference. */
COF_WUR static inline int cof_ints_json(cof_span bytes, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) list = json_array();
	if (list == NULL)
		return cof_err_oom(err);
	for (size_t i = 0; i < bytes.len; i++) {
		if (json_array_append_new(list, json_integer(bytes.data[i])) < 0)
			return cof_err_oom(err);
	}
	*ret = cof_steal(&list);
	return 0;
}
