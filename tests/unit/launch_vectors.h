/* SPDX-License-Identifier: Apache-2.0 */
/* Launch vectors: captures of real boots. */
#pragma once

#include "tests/unit/vectors.h"

#include <lzma.h>
#include <stdio.h>

#include "common/file.h"
#include "common/hex.h"

static inline void vector_read(const char *name, cof_buf *ret)
{
	COF_AUTO_FREE char *path = NULL;
	cof_err err = {0};
	assert_int_equal(cof_path(&path, &err, "%s/launch/%s", vectors_dir(), name), 0);
	assert_int_equal(cof_file_read(path, 64 << 20, ret, &err), 0);
}

static inline void vector_read_xz(const char *name, cof_buf *ret)
{
	COF_AUTO(cof_buf) packed = {0};
	cof_err err = {0};
	uint64_t limit = 256 << 20;
	size_t in = 0, out = 0, room = 16 << 20;
	vector_read(name, &packed);
	assert_int_equal(cof_buf_reserve(ret, room, &err), 0);
	assert_int_equal(
		lzma_stream_buffer_decode(&limit, 0, NULL, packed.data, &in, packed.len, ret->data, &out, room),
		LZMA_OK);
	ret->len = out;
}

static inline json_t *vector_json(const char *name)
{
	COF_AUTO(cof_buf) text = {0};
	cof_err err = {0};
	json_t *j = NULL;
	vector_read(name, &text);
	assert_int_equal(cof_json_parse(cof_buf_span(&text), &j, &err), 0);
	return j;
}

static inline void assert_hex(const uint8_t *got, size_t len, const char *want)
{
	COF_AUTO_FREE char *hex = cof_hex_dup(cof_span_of(got, len));
	assert_string_equal(hex, want);
}
