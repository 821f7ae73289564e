/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signers.h"

#include "common/rd.h"
#include "common/wr.h"

void cof_signers_release(cof_signers *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->keys[i].name);
		cof_buf_release(&s->keys[i].key);
	}
	cof_buf_release(&s->policy);
	*s = (cof_signers){0};
}

static const cof_buf *find(const cof_signers *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->keys[i].name, name) == 0)
			return &s->keys[i].key;
	return NULL;
}

bool cof_signers_has(const cof_signers *s, const char *name)
{
	return find(s, name) != NULL;
}

int cof_signers_add(cof_signers *s, const char *name, cof_span key, cof_err *err)
{
	if (s->n == COF_SIGNERS_KEYS_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "policy-too-large", "more than %d keys for one image",
				   COF_SIGNERS_KEYS_MAX);
	s->keys[s->n].name = strdup(name);
	if (s->keys[s->n].name == NULL)
		return cof_err_oom(err);
	return cof_buf_add(&s->keys[s->n++].key, key.data, key.len, err);
}

int cof_signers_encode(const cof_signers *s, cof_buf *ret, cof_err *err)
{
	cof_wr w = cof_wr_to(ret);
	cof_wr_span_u32be(&w, cof_buf_span(&s->policy));
	for (size_t i = 0; i < s->n; i++) {
		cof_wr_span_u16be(&w, cof_span_str(s->keys[i].name));
		cof_wr_span_u32be(&w, cof_buf_span(&s->keys[i].key));
	}
	return cof_wr_done(&w, err);
}

static int malformed(cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "peer-malformed", "the keeper's record of a signature policy");
}

int cof_signers_parse(cof_span in, cof_signers *ret, cof_err *err)
{
	COF_AUTO(cof_signers) s = {0};
	cof_rd r = cof_rd_of(in);
	cof_span policy = cof_rd_span_u32be(&r);
	int rc = cof_rd_ok(&r) ? cof_buf_add(&s.policy, policy.data, policy.len, err) : malformed(err);
	while (rc == 0 && r.left > 0) {
		COF_AUTO_FREE char *name = cof_span_dup_str(cof_rd_span_u16be(&r));
		cof_span key = cof_rd_span_u32be(&r);
		rc = cof_rd_ok(&r) && name != NULL ? cof_signers_add(&s, name, key, err) : malformed(err);
	}
	if (rc < 0)
		return rc;
	*ret = s;
	s = (cof_signers){0};
	return 0;
}

int cof_signers_read_key(void *arg, const char *name, cof_buf *ret, cof_err *err)
{
	const cof_buf *key = find(arg, name);
	if (key == NULL)
		return cof_err_set(err, COF_E_POLICY, "signature-key",
				   "the policy's key '%.100s' is no resource of the key broker", name);
	return cof_buf_add(ret, key->data, key->len, err);
}
