/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/encopen.h"

#include "common/hex.h"
#include "image-decrypt/enc_int.h"

typedef struct scheme {
	const char *name; /* of the annotation, behind COF_ENC_ANNOTATION_KEYS */
	int (*open)(cof_span packet, const cof_enc_keys *keys, bool allow_ctr, cof_secret *ret, cof_err *err);
} scheme;

static const scheme schemes[] = {
	{"jwe", cof_enc_jwe_open},
	{"pkcs7", cof_enc_pkcs7_open},
	{"pkcs11", cof_enc_pkcs11_open},
	{"provider.attestation-agent", cof_enc_kbs_open},
};

/* NULL for a name that is none of ours. */
static const scheme *find(const char *name)
{
	for (size_t i = 0; i < COF_COUNT(schemes); i++)
		if (strcmp(name, schemes[i].name) == 0)
			return &schemes[i];
	return NULL;
}

/* How it went so far. */
typedef struct opening {
	const cof_enc_keys *keys;
	bool allow_ctr;
	size_t known;	     /* schemes of ours that the layer has */
	const char *unknown; /* the name of one that we do not have */
	cof_secret options;  /* what opened first */
	cof_layer_key key;   /* the same, read */
	cof_err why;	     /* the first failure that says more than "not for this key" */
} opening;

static void opening_release(opening *o)
{
	cof_secret_release(&o->options);
	cof_layer_key_release(&o->key);
}
COF_DEFINE_AUTO(opening, opening_release)

/* The same key and nonce; the texts may differ, as when another tool has written them again. */
static bool same_key(const cof_layer_key *a, const cof_layer_key *b)
{
	return cof_ct_equal(cof_secret_span(&a->key), cof_secret_span(&b->key)) &&
	       cof_ct_equal(cof_span_of(a->nonce, sizeof a->nonce), cof_span_of(b->nonce, sizeof b->nonce));
}

static int keep(opening *o, cof_secret *options, cof_err *err)
{
	COF_AUTO(cof_layer_key) key = {0};
	int r = cof_enc_private_parse(cof_secret_span(options), &key, err);
	if (r < 0)
		return r;
	if (o->options.data != NULL)
		return same_key(&key, &o->key) ? 0
					       : cof_err_set(err, COF_E_CRYPTO, "layer-packets-disagree",
							     "two packets of the layer open to different keys");
	o->options = cof_secret_steal(options);
	o->key.key = cof_secret_steal(&key.key);
	memcpy(o->key.nonce, key.nonce, sizeof key.nonce);
	return 0;
}

/* A packet that does not open is somebody else's, until nothing opens. */
static int try_packet(opening *o, const scheme *s, cof_span text, cof_err *err)
{
	COF_AUTO(cof_buf) packet = cof_buf_capped(COF_ENC_PACKET_MAX);
	COF_AUTO(cof_secret) options = {0};
	cof_err why = {0};
	if (cof_unb64(text, &packet, NULL) < 0 || packet.len == 0)
		return cof_enc_bad_packet(err, "not base64");
	int r = s->open(cof_buf_span(&packet), o->keys, o->allow_ctr, &options, &why);
	if (r == 0)
		return keep(o, &options, err);
	if (why.cls == COF_E_INTERNAL || why.cls == COF_E_IO) {
		if (err != NULL)
			*err = why;
		return r;
	}
	if (o->why.cls == COF_OK && !cof_err_is(&why, "layer-key-unwrap"))
		o->why = why;
	return 0;
}

static int try_scheme(opening *o, const char *name, const char *list, cof_err *err)
{
	const scheme *s = find(name);
	if (s == NULL) {
		o->unknown = name;
		return 0;
	}
	o->known++;
	for (size_t n = 0;; n++) {
		size_t len = strcspn(list, ",");
		if (n == COF_ENC_PACKETS_MAX)
			return cof_enc_bad_packet(err, "too many packets");
		int r = try_packet(o, s, cof_span_of(list, len), err);
		if (r < 0 || list[len] == '\0')
			return r < 0 ? cof_err_wrap(err, "%s", name) : 0;
		list += len + 1;
	}
}

static int nothing_opened(const opening *o, cof_err *err)
{
	if (o->known == 0 && o->unknown == NULL)
		return cof_enc_bad_packet(err, "the layer has none");
	if (cof_enc_keys_empty(o->keys))
		return cof_err_set(err, COF_E_POLICY, "layer-key-refused",
				   "the layer is encrypted, and no key was given for it");
	if (o->why.cls != COF_OK)
		return cof_err_set(err, o->why.cls, o->why.reason, "%s", o->why.text);
	if (o->known == 0)
		return cof_err_set(err, COF_E_POLICY, "layer-scheme-unsupported",
				   "the layer's key is wrapped by '%.80s', which is not supported", o->unknown);
	return cof_err_set(err, COF_E_CRYPTO, "layer-key-unwrap", "no key that was given opens the layer's key");
}

static int open_all(opening *o, const cof_desc *d, cof_err *err)
{
	const char *name = NULL;
	json_t *text = NULL;
	int r = 0;
	json_object_foreach (d->annotations, name, text) {
		if (r == 0 && strncmp(name, COF_ENC_ANNOTATION_KEYS, strlen(COF_ENC_ANNOTATION_KEYS)) == 0)
			r = try_scheme(o, name + strlen(COF_ENC_ANNOTATION_KEYS), json_string_value(text), err);
	}
	if (r == 0 && o->options.data == NULL)
		r = nothing_opened(o, err);
	return r;
}

int cof_enc_open(const cof_desc *d, const cof_enc_keys *keys, bool allow_ctr, cof_layer_key *ret, cof_err *err)
{
	COF_AUTO(opening) o = {.keys = keys, .allow_ctr = allow_ctr};
	int r = open_all(&o, d, err);
	if (r < 0)
		return r;
	ret->key = cof_secret_steal(&o.key.key);
	memcpy(ret->nonce, o.key.nonce, sizeof ret->nonce);
	return 0;
}

int cof_enc_open_options(const cof_desc *d, const cof_enc_keys *keys, bool allow_ctr, cof_secret *ret, cof_err *err)
{
	COF_AUTO(opening) o = {.keys = keys, .allow_ctr = allow_ctr};
	int r = open_all(&o, d, err);
	if (r == 0)
		*ret = cof_secret_steal(&o.options);
	return r;
}
