/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keypipe.h"

#include "common/file.h"

enum { MAGIC_LEN = 8, BODY_LEN = COF_KEYPIPE_KEY_LEN + COF_KEYPIPE_NONCE_LEN };

int cof_keypipe_write(int fd, cof_span key, cof_span nonce, cof_err *err)
{
	if (key.len != COF_KEYPIPE_KEY_LEN || nonce.len != COF_KEYPIPE_NONCE_LEN)
		return cof_err_set(err, COF_E_INTERNAL, "key-malformed", "a key of the wrong size");
	COF_AUTO(cof_secret) record = {0};
	int r = cof_secret_new(&record, COF_KEYPIPE_LEN, err);
	if (r < 0)
		return r;
	memcpy(record.data, COF_KEYPIPE_MAGIC, MAGIC_LEN);
	memcpy(record.data + MAGIC_LEN, key.data, key.len);
	memcpy(record.data + MAGIC_LEN + key.len, nonce.data, nonce.len);
	/* Smaller than PIPE_BUF: the reader sees all of it or nothing. */
	return cof_fd_write_all(fd, cof_secret_span(&record), err);
}

/* Up to one byte more than a record, so that a longer one is noticed. */
static int read_record(int fd, cof_secret *into, size_t *ret_len, cof_err *err)
{
	size_t got = 0;
	while (got < into->len) {
		ssize_t n = read(fd, into->data + got, into->len - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cof_err_sys(err, "key-read", "reading the layer's key");
		if (n == 0)
			break;
		got += (size_t)n;
	}
	*ret_len = got;
	return 0;
}

int cof_keypipe_read(int fd, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_secret) record = {0};
	size_t len = 0;
	int r = cof_secret_new(&record, COF_KEYPIPE_LEN + 1, err);
	if (r == 0)
		r = read_record(fd, &record, &len, err);
	if (r < 0)
		return r;
	if (len == 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "key-absent", "no key came for this layer");
	if (len != COF_KEYPIPE_LEN ||
	    !cof_ct_equal(cof_span_of(record.data, MAGIC_LEN), cof_span_of(COF_KEYPIPE_MAGIC, MAGIC_LEN)))
		return cof_err_set(err, COF_E_MALFORMED, "key-malformed", "no key record");
	return cof_secret_from(ret, cof_span_of(record.data + MAGIC_LEN, BODY_LEN), err);
}
