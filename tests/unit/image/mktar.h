/* SPDX-License-Identifier: Apache-2.0 */
/* Writes tar archives for tests, good ones and every kind of bad one. */
#pragma once

#include <stdio.h>

#include "tests/unit/test.h"

typedef struct tar_spec {
	char type;
	const char *name, *link;
	const char *data;
	size_t size; /* with data NULL: announced only */
	unsigned mode;
	unsigned uid, gid;
	long mtime;
} tar_spec;

/* Octal digits to the end of a field, and a NUL. */
static inline void tar_octal(uint8_t *field, size_t len, unsigned long v)
{
	field[len - 1] = '\0';
	for (size_t i = len - 1; i-- > 0; v >>= 3)
		field[i] = (uint8_t)('0' + (v & 7));
}

static inline void tar_checksum(uint8_t h[512])
{
	unsigned sum = 0;
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += h[i];
	tar_octal(h + 148, 7, sum);
}

static inline void tar_header(uint8_t h[512], const tar_spec *s)
{
	size_t n = strlen(s->name);
	memset(h, 0, 512);
	memcpy(h, s->name, n > 100 ? 100 : n);
	tar_octal(h + 100, 8, s->mode != 0 ? s->mode : 0644);
	tar_octal(h + 108, 8, s->uid);
	tar_octal(h + 116, 8, s->gid);
	tar_octal(h + 124, 12, s->data != NULL && s->size == 0 ? strlen(s->data) : s->size);
	tar_octal(h + 136, 12, (unsigned long)s->mtime);
	h[156] = (uint8_t)s->type;
	if (s->link != NULL)
		memcpy(h + 157, s->link, strlen(s->link) > 100 ? 100 : strlen(s->link));
	memcpy(h + 257,
	       "ustar\0"
	       "00",
	       8);
	tar_checksum(h);
}

static inline void tar_bytes(cof_buf *to, const void *p, size_t n)
{
	static const uint8_t zeros[512];
	assert_int_equal(cof_buf_add(to, p, n, NULL), 0);
	assert_int_equal(cof_buf_add(to, zeros, -n & 511, NULL), 0);
}

static inline void tar_put(cof_buf *to, tar_spec s)
{
	uint8_t h[512];
	tar_header(h, &s);
	assert_int_equal(cof_buf_add(to, h, sizeof h, NULL), 0);
	if (s.data != NULL)
		tar_bytes(to, s.data, s.size == 0 ? strlen(s.data) : s.size);
}

static inline void tar_end(cof_buf *to)
{
	static const uint8_t zeros[1024];
	assert_int_equal(cof_buf_add(to, zeros, sizeof zeros, NULL), 0);
}

/* A pax header of one record. */
static inline void tar_pax(cof_buf *to, char type, const char *key, const char *value, size_t value_len)
{
	COF_AUTO(cof_buf) body = {0};
	size_t rest = strlen(key) + value_len + 3, len = rest;
	for (;;) {
		size_t want = rest + (size_t)snprintf(NULL, 0, "%zu", len);
		if (want == len)
			break;
		len = want;
	}
	assert_int_equal(cof_buf_printf(&body, NULL, "%zu %s=", len, key), 0);
	assert_int_equal(cof_buf_add(&body, value, value_len, NULL), 0);
	assert_int_equal(cof_buf_add(&body, "\n", 1, NULL), 0);
	tar_put(to, (tar_spec){.type = type, .name = "pax", .data = (const char *)body.data, .size = body.len});
}

static inline void tar_file(cof_buf *to, const char *name, const char *data)
{
	tar_put(to, (tar_spec){.type = '0', .name = name, .data = data});
}

static inline void tar_dir(cof_buf *to, const char *name)
{
	tar_put(to, (tar_spec){.type = '5', .name = name, .mode = 0755});
}

static inline void tar_link(cof_buf *to, char type, const char *name, const char *target)
{
	tar_put(to, (tar_spec){.type = type, .name = name, .link = target, .mode = 0777});
}
