/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/cbor.h"

#include <cbor.h>

void cof_cbor_free(cof_cbor *v)
{
	if (v != NULL)
		cbor_decref(&v);
}

static int load(cof_span in, cof_cbor **ret, cof_err *err)
{
	struct cbor_load_result result = {0};
	COF_AUTO_PTR(cof_cbor) v = cbor_load(in.data, in.len, &result);
	if (result.error.code == CBOR_ERR_MEMERROR)
		return cof_err_oom(err);
	if (v == NULL || result.read != in.len)
		return cof_err_set(err, COF_E_MALFORMED, "cbor-malformed", "CBOR: a tag that no format here has");
	*ret = cof_steal(&v);
	return 0;
}

int cof_cbor_load(cof_span in, cof_cbor **ret, cof_err *err)
{
	int rc = cof_cbor_check(in, err);
	return rc < 0 ? rc : load(in, ret, err);
}

int cof_cbor_load_floats(cof_span in, cof_cbor **ret, cof_err *err)
{
	int rc = cof_cbor_check_floats(in, err);
	return rc < 0 ? rc : load(in, ret, err);
}

bool cof_cbor_is_null(const cof_cbor *v)
{
	return v != NULL && cbor_isa_float_ctrl(v) && cbor_float_ctrl_is_ctrl(v) && cbor_is_null(v);
}

bool cof_cbor_bool(const cof_cbor *v, bool *ret)
{
	if (v == NULL || !cbor_isa_float_ctrl(v) || !cbor_float_ctrl_is_ctrl(v) || !cbor_is_bool(v))
		return false;
	*ret = cbor_get_bool(v);
	return true;
}

bool cof_cbor_uint(const cof_cbor *v, uint64_t max, uint64_t *ret)
{
	if (v == NULL || !cbor_isa_uint(v) || cbor_get_int(v) > max)
		return false;
	*ret = cbor_get_int(v);
	return true;
}

/* spec: RFC 8949 3.1: the argument n of a negative integer stands for -1 - n */
bool cof_cbor_int(const cof_cbor *v, int64_t *ret)
{
	if (v == NULL || !cbor_is_int(v) || cbor_get_int(v) > INT64_MAX)
		return false;
	int64_t n = (int64_t)cbor_get_int(v);
	*ret = cbor_isa_negint(v) ? -1 - n : n;
	return true;
}

bool cof_cbor_bytes(const cof_cbor *v, cof_span *ret)
{
	if (v == NULL || !cbor_isa_bytestring(v) || !cbor_bytestring_is_definite(v))
		return false;
	*ret = cof_span_of(cbor_bytestring_handle(v), cbor_bytestring_length(v));
	return true;
}

bool cof_cbor_text(const cof_cbor *v, cof_span *ret)
{
	if (v == NULL || !cbor_isa_string(v) || !cbor_string_is_definite(v))
		return false;
	*ret = cof_span_of(cbor_string_handle(v), cbor_string_length(v));
	return true;
}

const cof_cbor *cof_cbor_untag(const cof_cbor *v, uint64_t tag)
{
	if (v == NULL || !cbor_isa_tag(v) || cbor_tag_value(v) != tag)
		return NULL;
	return v->metadata.tag_metadata.tagged_item; /* cbor_tag_item would take a reference */
}

bool cof_cbor_array(const cof_cbor *v, size_t *ret_n)
{
	if (v == NULL || !cbor_isa_array(v))
		return false;
	*ret_n = cbor_array_size(v);
	return true;
}

const cof_cbor *cof_cbor_at(const cof_cbor *array, size_t i)
{
	size_t n = 0;
	return cof_cbor_array(array, &n) && i < n ? cbor_array_handle(array)[i] : NULL;
}

bool cof_cbor_map(const cof_cbor *v, size_t *ret_n)
{
	if (v == NULL || !cbor_isa_map(v))
		return false;
	*ret_n = cbor_map_size(v);
	return true;
}

const cof_cbor *cof_cbor_key(const cof_cbor *map, size_t i)
{
	size_t n = 0;
	return cof_cbor_map(map, &n) && i < n ? cbor_map_handle(map)[i].key : NULL;
}

const cof_cbor *cof_cbor_value(const cof_cbor *map, size_t i)
{
	size_t n = 0;
	return cof_cbor_map(map, &n) && i < n ? cbor_map_handle(map)[i].value : NULL;
}

const cof_cbor *cof_cbor_get(const cof_cbor *map, int64_t key)
{
	size_t n = 0;
	int64_t k = 0;
	if (!cof_cbor_map(map, &n))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (cof_cbor_int(cof_cbor_key(map, i), &k) && k == key)
			return cof_cbor_value(map, i);
	}
	return NULL;
}

static bool is_among(int64_t k, const int64_t *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (keys[i] == k)
			return true;
	}
	return false;
}

bool cof_cbor_only(const cof_cbor *map, const int64_t *keys, size_t n)
{
	size_t count = 0;
	int64_t k = 0;
	if (!cof_cbor_map(map, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!cof_cbor_int(cof_cbor_key(map, i), &k) || !is_among(k, keys, n))
			return false;
	}
	return true;
}
