/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/sigpolicy.h"

#include "common/hex.h"
#include "image-decrypt/sigpolicy_int.h"

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "policy-malformed", "signature policy: %s", what);
}

/* --- release --- */

static void req_release(cof_sig_req *q)
{
	for (size_t i = 0; i < q->n_keys; i++) {
		free(q->keys[i].path);
		cof_buf_release(&q->keys[i].data);
	}
	free(q->keys);
	cof_sig_identity_release(&q->identity);
	*q = (cof_sig_req){0};
}

static void reqs_release(cof_sig_reqs *l)
{
	for (size_t i = 0; i < l->n; i++)
		req_release(&l->list[i]);
	free(l->list);
	*l = (cof_sig_reqs){0};
}

void cof_sigpolicy_free(cof_sigpolicy *p)
{
	reqs_release(&p->fallback);
	for (size_t i = 0; i < p->n; i++) {
		free(p->scopes[i].name);
		reqs_release(&p->scopes[i].reqs);
	}
	free(p->scopes);
	free(p);
}

/* --- keys --- */

static int add_key(cof_sig_req *q, const json_t *v, bool is_path, cof_err *err)
{
	cof_sig_key_src *k = &q->keys[q->n_keys];
	const char *text = json_string_value(v);
	if (text == NULL || text[0] == '\0' || strlen(text) != json_string_length(v))
		return malformed(err, "a key that is not text");
	q->n_keys++;
	if (is_path) {
		k->path = strdup(text);
		return k->path != NULL ? 0 : cof_err_oom(err);
	}
	if (cof_unb64(cof_span_str(text), &k->data, err) < 0)
		return malformed(err, "keyData is not base64");
	return 0;
}

static int add_keys(cof_sig_req *q, const json_t *v, bool many, bool is_path, cof_err *err)
{
	size_t n = many ? json_array_size(v) : 1;
	if (n == 0 || n > COF_SIGPOLICY_LIST_MAX)
		return malformed(err, "a list of 1 to 64 keys is wanted");
	q->keys = calloc(n, sizeof *q->keys);
	if (q->keys == NULL)
		return cof_err_oom(err);
	int r = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_key(q, many ? json_array_get(v, i) : v, is_path, err);
	return r;
}

/* Exactly one of the members that say whose signatures count. */
static int take_keys(const json_t *v, cof_sig_req *q, bool sigstore, cof_err *err)
{
	static const struct {
		const char *name;
		bool many, is_path, sigstore_only;
	} forms[] = {
		{"keyPath", false, true, false},
		{"keyPaths", true, true, false},
		{"keyData", false, false, false},
		{"keyDatas", true, false, true},
	};
	size_t found = 0;
	int r = 0;
	for (size_t i = 0; r == 0 && i < COF_COUNT(forms); i++) {
		const json_t *member = json_object_get(v, forms[i].name);
		if (member == NULL || (forms[i].sigstore_only && !sigstore))
			continue;
		if (++found > 1)
			return malformed(err, "more than one source of keys");
		r = add_keys(q, member, forms[i].many, forms[i].is_path, err);
	}
	return r < 0 || found == 1 || q->type == COF_SIG_UNSUPPORTED ? r : malformed(err, "no key");
}

/* --- requirements --- */

static int take_plain(const json_t *v, cof_sig_req *q, cof_err *err)
{
	static const char *const known[] = {"type", NULL};
	(void)q;
	return cof_json_only(v, known, err) < 0 ? malformed(err, "a member that its type does not have") : 0;
}

static int take_signed_by(const json_t *v, cof_sig_req *q, cof_err *err)
{
	static const char *const known[] = {"type",    "keyType",	 "keyPath", "keyPaths",
					    "keyData", "signedIdentity", NULL};
	static const char *const others[] = {"signedByGPGKeys", "X509Certificates", "signedByX509CAs"};
	const char *type = NULL;
	if (cof_json_only(v, known, err) < 0)
		return malformed(err, "a member that signedBy does not have");
	if (cof_json_str(v, "keyType", &type, err) < 0)
		return malformed(err, "signedBy without keyType");
	bool supported = strcmp(type, "GPGKeys") == 0, named = supported;
	for (size_t i = 0; i < COF_COUNT(others); i++)
		named = named || strcmp(type, others[i]) == 0;
	if (!named)
		return malformed(err, "an unknown keyType");
	int r = take_keys(v, q, false, err);
	if (r == 0)
		r = cof_sig_identity_parse(json_object_get(v, "signedIdentity"), &q->identity, err);
	if (!supported) {
		q->type = COF_SIG_UNSUPPORTED;
		q->unsupported = "a keyType other than GPGKeys";
	}
	return r;
}

/* What names another authority than keys, and what that must be. */
static const struct {
	const char *name, *called;
	json_type type;
	bool instead_of_keys;
} authorities[] = {
	{"fulcio", "certificates of Fulcio", JSON_OBJECT, true},
	{"pki", "certificates of a PKI", JSON_OBJECT, true},
	{"rekorPublicKeyPath", "entries of Rekor's log", JSON_STRING, false},
	{"rekorPublicKeyPaths", "entries of Rekor's log", JSON_ARRAY, false},
	{"rekorPublicKeyData", "entries of Rekor's log", JSON_STRING, false},
	{"rekorPublicKeyDatas", "entries of Rekor's log", JSON_ARRAY, false},
};

static int find_authorities(const json_t *v, cof_sig_req *q, size_t *ret_instead, cof_err *err)
{
	*ret_instead = 0;
	for (size_t i = 0; i < COF_COUNT(authorities); i++) {
		const json_t *member = json_object_get(v, authorities[i].name);
		if (member == NULL)
			continue;
		if (json_typeof(member) != authorities[i].type)
			return malformed(err, authorities[i].name);
		*ret_instead += authorities[i].instead_of_keys;
		q->type = COF_SIG_UNSUPPORTED;
		q->unsupported = q->unsupported != NULL ? q->unsupported : authorities[i].called;
	}
	return 0;
}

static int take_sigstore(const json_t *v, cof_sig_req *q, cof_err *err)
{
	static const char *const known[] = {"type",
					    "keyPath",
					    "keyPaths",
					    "keyData",
					    "keyDatas",
					    "fulcio",
					    "pki",
					    "rekorPublicKeyPath",
					    "rekorPublicKeyPaths",
					    "rekorPublicKeyData",
					    "rekorPublicKeyDatas",
					    "signedIdentity",
					    NULL};
	size_t instead = 0;
	if (cof_json_only(v, known, err) < 0)
		return malformed(err, "a member that sigstoreSigned does not have");
	int r = find_authorities(v, q, &instead, err);
	if (r == 0)
		r = take_keys(v, q, true, err);
	if (r == 0 && q->type == COF_SIG_UNSUPPORTED && instead + (q->n_keys > 0) != 1)
		r = malformed(err, "exactly one of keys, fulcio and pki is wanted");
	return r < 0 ? r : cof_sig_identity_parse(json_object_get(v, "signedIdentity"), &q->identity, err);
}

static int take_base_layer(const json_t *v, cof_sig_req *q, cof_err *err)
{
	static const char *const known[] = {"type", "baseLayerIdentity", NULL};
	const json_t *identity = json_object_get(v, "baseLayerIdentity");
	if (cof_json_only(v, known, err) < 0 || identity == NULL)
		return malformed(err, "signedBaseLayer wants baseLayerIdentity alone");
	q->unsupported = "signedBaseLayer";
	return cof_sig_identity_parse(identity, &q->identity, err);
}

static const struct {
	const char *name;
	cof_sig_req_type type;
	int (*take)(const json_t *v, cof_sig_req *q, cof_err *err);
} types[] = {
	{"insecureAcceptAnything", COF_SIG_ACCEPT_ANYTHING, take_plain},
	{"reject", COF_SIG_REJECT, take_plain},
	{"signedBy", COF_SIG_SIGNED_BY, take_signed_by},
	{"sigstoreSigned", COF_SIG_SIGSTORE_SIGNED, take_sigstore},
	{"signedBaseLayer", COF_SIG_UNSUPPORTED, take_base_layer},
};

static int take_req(const json_t *v, cof_sig_req *q, cof_err *err)
{
	const char *type = NULL;
	if (!json_is_object(v) || cof_json_str(v, "type", &type, err) < 0)
		return malformed(err, "a requirement is no object with a type");
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		if (strcmp(types[i].name, type) == 0) {
			q->type = types[i].type;
			return types[i].take(v, q, err);
		}
	}
	return malformed(err, "an unknown type of requirement");
}

static int take_reqs(const json_t *v, cof_sig_reqs *ret, cof_err *err)
{
	size_t n = json_array_size(v);
	if (n == 0 || n > COF_SIGPOLICY_LIST_MAX)
		return malformed(err, "a list of 1 to 64 requirements is wanted");
	ret->list = calloc(n, sizeof *ret->list);
	if (ret->list == NULL)
		return cof_err_oom(err);
	int r = 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		ret->n++;
		r = take_req(json_array_get(v, i), &ret->list[i], err);
	}
	return r;
}

/* --- the file --- */

static int take_scope(cof_sigpolicy *p, const char *transport, const char *name, const json_t *v, cof_err *err)
{
	cof_sigpolicy_scope *grown = reallocarray(p->scopes, p->n + 1, sizeof *grown);
	if (grown == NULL)
		return cof_err_oom(err);
	p->scopes = grown;
	cof_sigpolicy_scope *s = &p->scopes[p->n];
	*s = (cof_sigpolicy_scope){0};
	int r = cof_sigpolicy_scope_take(transport, name, s, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < p->n; i++)
		if (p->scopes[i].transport == s->transport && strcmp(p->scopes[i].name, s->name) == 0)
			r = malformed(err, "two scopes that are the same");
	p->n++;
	return r < 0 ? r : take_reqs(v, &s->reqs, err);
}

static int take_transports(cof_sigpolicy *p, json_t *all, cof_err *err)
{
	const char *transport, *name;
	json_t *scopes, *reqs;
	int r = 0;
	if (!json_is_object(all))
		return malformed(err, "transports is no object");
	json_object_foreach (all, transport, scopes) {
		if (!cof_sigpolicy_transport_known(transport))
			return malformed(err, "a transport that nobody knows");
		if (!json_is_object(scopes))
			return malformed(err, "a transport is no object of scopes");
		if (json_object_size(scopes) + p->n > COF_SIGPOLICY_SCOPES_MAX)
			return malformed(err, "too many scopes");
		json_object_foreach (scopes, name, reqs)
			if ((r = take_scope(p, transport, name, reqs, err)) < 0)
				return r;
	}
	return 0;
}

int cof_sigpolicy_parse(cof_span in, cof_sigpolicy **ret, cof_err *err)
{
	static const char *const known[] = {"default", "transports", NULL};
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO_PTR(cof_sigpolicy) p = calloc(1, sizeof *p);
	if (p == NULL)
		return cof_err_oom(err);
	if (in.len > COF_SIGPOLICY_MAX)
		return malformed(err, "larger than 1 MiB");
	if (cof_json_parse(in, &doc, err) < 0 || !json_is_object(doc))
		return malformed(err, "no JSON object without repeated members");
	if (cof_json_only(doc, known, err) < 0)
		return malformed(err, "a member beside default and transports");
	json_t *transports = json_object_get(doc, "transports");
	int r = take_reqs(json_object_get(doc, "default"), &p->fallback, err);
	if (r == 0 && transports != NULL)
		r = take_transports(p, transports, err);
	if (r == 0)
		*ret = cof_steal(&p);
	return r;
}

int cof_sigpolicy_of_key(cof_span key, cof_sigpolicy **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_sigpolicy) p = calloc(1, sizeof *p);
	if (p == NULL || (p->fallback.list = calloc(1, sizeof *p->fallback.list)) == NULL)
		return cof_err_oom(err);
	cof_sig_req *q = p->fallback.list;
	p->fallback.n = 1;
	q->type = cof_sigpolicy_key_is_pem(key) ? COF_SIG_SIGSTORE_SIGNED : COF_SIG_SIGNED_BY;
	q->identity.match = COF_SIG_MATCH_NAMED;
	q->keys = calloc(1, sizeof *q->keys);
	if (q->keys == NULL)
		return cof_err_oom(err);
	q->n_keys = 1;
	int r = cof_buf_add(&q->keys[0].data, key.data, key.len, err);
	if (r == 0)
		*ret = cof_steal(&p);
	return r;
}
