/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/audit.h"

#include "common/hex.h"
#include "common/rd.h"

#define TAIL_KEY ",\"hash\":\""
#define TAIL_END "\"}"
enum { TAIL_LEN = sizeof TAIL_KEY - 1 + COF_AUDIT_HASH_HEX + sizeof TAIL_END - 1 };

static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";

static const char *prev_of(const cof_audit_head *head)
{
	return head->hash[0] != '\0' ? head->hash : zeros;
}

static int hash_hex(cof_span text, char out[COF_AUDIT_HASH_HEX + 1], cof_err *err)
{
	uint8_t d[COF_SHA256_LEN];
	int rc = cof_sha256(text, d, err);
	if (rc == 0)
		cof_hex(cof_span_of(d, sizeof d), out);
	return rc;
}

static int start_line(const cof_audit_head *head, int64_t now, const json_t *details, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = json_object();
	if (o == NULL)
		return cof_err_oom(err);
	int rc = cof_json_set_new(o, "seq", json_integer((json_int_t)head->seq + 1), err);
	if (rc == 0)
		rc = cof_json_set_new(o, "time", json_integer(now), err);
	if (rc == 0)
		rc = cof_json_set_str(o, "prev", prev_of(head), err);
	if (rc == 0 && json_object_update_missing(o, (json_t *)(uintptr_t)details) < 0)
		rc = cof_err_oom(err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}

int cof_audit_line(const cof_audit_head *head, int64_t now, const json_t *details, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = NULL;
	COF_AUTO(cof_buf) text = cof_buf_capped(COF_AUDIT_LINE_MAX);
	char hash[COF_AUDIT_HASH_HEX + 1];
	int rc = start_line(head, now, details, &o, err);
	if (rc == 0)
		rc = cof_json_dump(o, &text, err);
	if (rc == 0)
		rc = hash_hex(cof_buf_span(&text), hash, err);
	if (rc < 0)
		return rc;
	rc = cof_buf_add(ret, text.data, text.len - 1, err); /* without the closing brace */
	return rc < 0 ? rc : cof_buf_printf(ret, err, TAIL_KEY "%s" TAIL_END, hash);
}

static int broken(cof_err *err, const cof_audit_head *head, const char *what)
{
	return cof_err_set(err, COF_E_CRYPTO, "audit-broken", "line %llu: %s", (unsigned long long)head->seq + 1, what);
}

static int check_members(const cof_audit_head *head, cof_span text, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = NULL;
	json_int_t seq = 0;
	const char *prev = NULL;
	cof_err why = {0};
	if (cof_json_parse(text, &o, &why) < 0 || cof_json_int(o, "seq", 1, INT64_MAX, &seq, &why) < 0 ||
	    cof_json_str(o, "prev", &prev, &why) < 0)
		return broken(err, head, "it is not a line of an audit log");
	if ((uint64_t)seq != head->seq + 1)
		return broken(err, head, "lines are missing or in another order");
	return strcmp(prev, prev_of(head)) == 0 ? 0 : broken(err, head, "it does not follow the line before");
}

int cof_audit_check(cof_audit_head *head, cof_span line, cof_err *err)
{
	if (line.len <= TAIL_LEN || line.len > COF_AUDIT_LINE_MAX + TAIL_LEN)
		return broken(err, head, "its length");
	cof_rd r = cof_rd_of(line);
	cof_span text = cof_rd_bytes(&r, line.len - TAIL_LEN);
	cof_span key = cof_rd_bytes(&r, sizeof TAIL_KEY - 1);
	cof_span hash = cof_rd_bytes(&r, COF_AUDIT_HASH_HEX);
	if (!cof_ct_equal(key, cof_span_str(TAIL_KEY)) || !cof_ct_equal(cof_rd_rest(&r), cof_span_str(TAIL_END)))
		return broken(err, head, "it has no hash");
	COF_AUTO(cof_buf) whole = {0};
	char want[COF_AUDIT_HASH_HEX + 1];
	int rc = cof_buf_add(&whole, text.data, text.len, err);
	if (rc == 0)
		rc = cof_buf_add_str(&whole, "}", err);
	if (rc == 0)
		rc = hash_hex(cof_buf_span(&whole), want, err);
	if (rc < 0)
		return rc;
	if (!cof_ct_equal(hash, cof_span_of(want, COF_AUDIT_HASH_HEX)))
		return broken(err, head, "its hash does not fit");
	rc = check_members(head, cof_buf_span(&whole), err);
	if (rc == 0) {
		head->seq++;
		memcpy(head->hash, want, sizeof want);
	}
	return rc;
}

int cof_audit_append(cof_store *s, cof_audit_head *head, int64_t now, const json_t *details, cof_err *err)
{
	COF_AUTO(cof_buf) line = {0};
	cof_audit_head next = *head;
	int rc = cof_audit_line(head, now, details, &line, err);
	if (rc == 0)
		rc = cof_audit_check(&next, cof_buf_span(&line), err); /* never store what would not verify */
	if (rc == 0)
		rc = cof_store_audit_add(s, next.seq, cof_buf_span(&line), err);
	if (rc == 0)
		*head = next;
	return rc;
}

static int load_line(void *arg, uint64_t seq, cof_span line, cof_err *err)
{
	cof_audit_head *head = arg;
	if (seq != head->seq + 1)
		return broken(err, head, "it is missing");
	return cof_audit_check(head, line, err);
}

int cof_audit_load(cof_store *s, cof_audit_head *ret, cof_err *err)
{
	cof_audit_head head = {0};
	int rc = cof_store_audit_each(s, 1, INT64_MAX, load_line, &head, err);
	if (rc == 0)
		*ret = head;
	return rc;
}
