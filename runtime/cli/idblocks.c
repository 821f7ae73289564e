/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/idblocks.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/hex.h"
#include "firmware/sev/policy.h"
#include "runtime/cli/cli.h"

static int set_text(json_t *doc, const char *key, char *text, cof_err *err)
{
	COF_AUTO_FREE char *held = text;
	return held != NULL ? cof_json_set_str(doc, key, held, err) : cof_err_oom(err);
}

static int set_fields(json_t *doc, const cof_idblock *b, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	char policy[20];
	(void)snprintf(policy, sizeof policy, "0x%" PRIx64, b->policy);
	int rc = cof_json_set_hex(doc, "measurement", cof_span_of(b->measurement, sizeof b->measurement), err);
	if (rc == 0)
		rc = cof_json_set_hex(doc, "family_id", cof_span_of(b->family_id, sizeof b->family_id), err);
	if (rc == 0)
		rc = cof_json_set_hex(doc, "image_id", cof_span_of(b->image_id, sizeof b->image_id), err);
	if (rc == 0)
		rc = cof_json_set_new(doc, "guest_svn", json_integer(b->guest_svn), err);
	if (rc == 0)
		rc = cof_json_set_str(doc, "policy", policy, err);
	if (rc == 0)
		rc = cof_snp_policy_text(b->policy, &text, err);
	return rc < 0 ? rc : cof_json_set_str(doc, "policy_means", cof_buf_str(&text), err);
}

static int set_keys(json_t *doc, const cof_idauth *a, cof_err *err)
{
	int rc = cof_json_set_hex(doc, "id_key_digest", cof_span_of(a->id_key_digest, sizeof a->id_key_digest), err);
	if (rc < 0)
		return rc;
	if (!a->has_author)
		return cof_json_set_str(doc, "author_key_digest", NULL, err);
	return cof_json_set_hex(doc, "author_key_digest",
				cof_span_of(a->author_key_digest, sizeof a->author_key_digest), err);
}

static int describe(const cof_idblocks *b, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = json_pack("{s:b}", "ok", 1);
	int rc = doc != NULL ? set_fields(doc, &b->fields, err) : cof_err_oom(err);
	if (rc == 0)
		rc = set_keys(doc, &b->keys, err);
	if (rc == 0)
		rc = set_text(doc, "id_block", cof_b64_dup(cof_span_of(b->block, sizeof b->block)), err);
	if (rc == 0)
		rc = set_text(doc, "id_auth", cof_b64_dup(cof_span_of(b->auth, sizeof b->auth)), err);
	if (rc == 0)
		*ret = cof_steal(&doc);
	return rc;
}

/* The members of the document, a line each. */
static int print_lines(json_t *doc)
{
	const char *key;
	json_t *v;
	json_object_foreach (doc, key, v) {
		bool ok = true;
		if (json_is_integer(v))
			ok = printf("%-18s %" JSON_INTEGER_FORMAT "\n", key, json_integer_value(v)) > 0;
		else if (!json_is_true(v))
			ok = printf("%-18s %s\n", key, json_is_string(v) ? json_string_value(v) : "none") > 0;
		if (!ok)
			return COF_EXIT_USAGE;
	}
	return COF_EXIT_YES;
}

int cof_idblocks_print(const cof_idblocks *b, bool json)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	cof_err err = {0};
	if (describe(b, &doc, &err) < 0)
		return cof_cli_fail(&err, json);
	return json ? cof_cli_print_json(doc) : print_lines(doc);
}
