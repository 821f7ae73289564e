/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/evidence/runtimelog.h"

#include <fcntl.h>

#include "common/file.h"
#include "common/rd.h"
#include "common/secret.h"
#include "common/wr.h"

/* In the file: u32le register, the value before, u32le length, the record. */
typedef struct entry {
	uint32_t reg;
	cof_span before, record;
} entry;

static int broken(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_CRYPTO, "runtime-log-broken", "runtime measurements: %s", what);
}

static int load(const cof_runtimelog *l, cof_buf *ret, cof_err *err)
{
	cof_err why = {0};
	int r = cof_file_read(l->path, COF_RUNTIMELOG_MAX, ret, &why);
	if (r == 0 || cof_err_is(&why, "no-such-file"))
		return 0;
	return cof_err_set(err, why.cls, why.reason, "%s", why.text);
}

/* False, and r where it was, when there is no whole entry. */
static bool next_entry(cof_rd *r, size_t digest_len, entry *ret)
{
	cof_rd look = *r;
	ret->reg = cof_rd_u32le(&look);
	ret->before = cof_rd_bytes(&look, digest_len);
	ret->record = cof_rd_bytes(&look, cof_rd_u32le(&look));
	if (!cof_rd_ok(&look))
		return false;
	*r = look;
	return true;
}

/* The digest in a record that we made: behind register, type, count and algorithm. */
static cof_span digest_in(cof_span record, size_t digest_len)
{
	cof_rd r = cof_rd_of(record);
	cof_rd_skip(&r, 4 + 4 + 4 + 2);
	return cof_rd_bytes(&r, digest_len);
}

static int extended(cof_hash bank, cof_span before, cof_span digest, cof_digest *ret, cof_err *err)
{
	uint8_t both[2 * COF_DIGEST_MAX];
	memcpy(both, before.data, before.len);
	memcpy(both + before.len, digest.data, digest.len);
	return cof_digest_of(bank, cof_span_of(both, before.len + digest.len), ret, err);
}

/* The register holds H(before || digest); *ret_before for the value that it had. */
static int look_at(const cof_runtimelog *l, const entry *e, cof_span digest, bool *ret_before, cof_err *err)
{
	uint8_t is[COF_DIGEST_MAX];
	cof_digest want;
	int r = extended(l->registers.bank, e->before, digest, &want, err);
	if (r == 0)
		r = l->registers.read(l->registers.arg, e->reg, is, err);
	if (r < 0)
		return r;
	cof_span value = cof_span_of(is, e->before.len);
	*ret_before = cof_ct_equal(value, e->before);
	return *ret_before || cof_ct_equal(value, cof_digest_span(&want))
		       ? 0
		       : broken(err, "a register holds what is not in the log");
}

/* Extends, and does not believe it before the register says so. */
static int extend(const cof_runtimelog *l, const entry *e, cof_span digest, cof_err *err)
{
	bool before = true;
	int r = l->registers.extend(l->registers.arg, e->reg, digest.data, err);
	if (r == 0)
		r = look_at(l, e, digest, &before, err);
	if (r == 0 && before)
		return cof_err_set(err, COF_E_CRYPTO, "runtime-extend-lost",
				   "a register does not hold what was extended");
	return r;
}

/* The last entry is the only one that a crash can have left half done. */
static int settle_last(const cof_runtimelog *l, const entry *e, cof_err *err)
{
	bool before = false;
	cof_span digest = digest_in(e->record, e->before.len);
	if (digest.len != e->before.len)
		return broken(err, "a record in the log that is none");
	int r = look_at(l, e, digest, &before, err);
	return r == 0 && before ? extend(l, e, digest, err) : r;
}

static int cut_file(const cof_runtimelog *l, size_t len, cof_err *err)
{
	return truncate(l->path, (off_t)len) < 0 ? cof_err_sys(err, "truncate-failed", "%s", l->path) : 0;
}

/* Reads the file and brings it into step; text holds whole entries afterwards, and *ret_records their records. */
static int settle(const cof_runtimelog *l, cof_buf *text, cof_buf *ret_records, cof_err *err)
{
	const size_t digest_len = cof_hash_len(l->registers.bank);
	entry e, last = {0};
	int r = load(l, text, err);
	if (r < 0)
		return r;
	cof_rd in = cof_rd_of(cof_buf_span(text));
	while (r == 0 && next_entry(&in, digest_len, &e)) {
		last = e;
		if (ret_records != NULL)
			r = cof_buf_add(ret_records, e.record.data, e.record.len, err);
	}
	if (r == 0 && in.left > 0)
		r = cut_file(l, text->len - in.left, err);
	text->len -= in.left;
	return r == 0 && last.record.len > 0 ? settle_last(l, &last, err) : r;
}

/* In one piece behind what is there; a piece that did not fit is taken away again. */
static int append(const cof_runtimelog *l, size_t at, cof_span bytes, cof_err *err)
{
	COF_AUTO_FD int fd = open(l->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return cof_err_sys(err, "open-failed", "%s", l->path);
	int r = cof_fd_write_all(fd, bytes, err);
	if (r == 0 && fsync(fd) < 0)
		r = cof_err_sys(err, "write-failed", "%s", l->path);
	if (r < 0)
		(void)!ftruncate(fd, (off_t)at);
	return r;
}

static int put_entry(const entry *e, cof_buf *ret, cof_err *err)
{
	cof_wr w = cof_wr_to(ret);
	cof_wr_u32le(&w, e->reg);
	cof_wr_bytes(&w, e->before);
	cof_wr_u32le(&w, (uint32_t)e->record.len);
	cof_wr_bytes(&w, e->record);
	return cof_wr_done(&w, err);
}

int cof_runtimelog_extend(const cof_runtimelog *l, uint32_t reg, const cof_runtime_event *event, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_buf) record = {0};
	COF_AUTO(cof_buf) bytes = {0};
	uint8_t before[COF_DIGEST_MAX];
	cof_digest digest;
	int r = cof_cclog_record(event, l->first_index + reg, l->registers.bank, &digest, &record, err);
	if (r == 0)
		r = settle(l, &text, NULL, err);
	if (r == 0)
		r = l->registers.read(l->registers.arg, reg, before, err);
	if (r < 0)
		return r;
	const entry e = {reg, cof_span_of(before, cof_hash_len(l->registers.bank)), cof_buf_span(&record)};
	r = put_entry(&e, &bytes, err);
	if (r == 0 && text.len + bytes.len > COF_RUNTIMELOG_MAX)
		r = cof_err_set(err, COF_E_UNAVAILABLE, "runtime-log-full", "no room for another measurement");
	if (r == 0)
		r = append(l, text.len, cof_buf_span(&bytes), err);
	return r < 0 ? r : extend(l, &e, cof_digest_span(&digest), err);
}

int cof_runtimelog_records(const cof_runtimelog *l, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	return settle(l, &text, ret, err);
}
