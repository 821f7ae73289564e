/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/encrypt.h"

#include "common/file.h"
#include "common/kbs_proto.h"
#include "image-decrypt/enc_provider.h"

enum { CHUNK = 256 << 10 };

typedef struct encryption {
	cof_layout *from, *to;
	const cof_encrypt_opts *opts;
	cof_image image;
	uint64_t done, total;
} encryption;

static void encryption_release(encryption *e)
{
	cof_image_release(&e->image);
}
COF_DEFINE_AUTO(encryption, encryption_release)

/* What one layer becomes. */
typedef struct sealed {
	cof_digest digest;
	uint64_t size;
	uint8_t hmac[COF_ENC_HMAC_LEN];
} sealed;

typedef struct pass {
	cof_hasher *plain, *stored;
	cof_enc_stream *cipher;
	uint8_t *chunk;
	uint64_t size;
} pass;

static void pass_release(pass *p)
{
	cof_hasher_free(p->plain);
	cof_hasher_free(p->stored);
	if (p->cipher != NULL)
		cof_enc_stream_free(p->cipher);
	if (p->chunk != NULL)
		cof_wipe(p->chunk, CHUNK);
	free(p->chunk);
	*p = (pass){0};
}
COF_DEFINE_AUTO(pass, pass_release)

static int pass_begin(pass *p, cof_hash alg, const cof_layer_key *key, cof_err *err)
{
	p->chunk = malloc(CHUNK);
	if (p->chunk == NULL)
		return cof_err_oom(err);
	int r = cof_hasher_new(&p->plain, alg, err);
	if (r == 0)
		r = cof_hasher_new(&p->stored, COF_SHA256, err);
	return r < 0 ? r : cof_enc_stream_new(&p->cipher, key, COF_ENC_ENCRYPT, err);
}

/* The chunk is encrypted where it lies. */
static int pass_chunk(pass *p, size_t n, int to, cof_err *err)
{
	cof_span chunk = {p->chunk, n};
	int r = cof_hasher_add(p->plain, chunk, err);
	if (r == 0)
		r = cof_enc_stream_add(p->cipher, chunk, p->chunk, err);
	if (r == 0)
		r = cof_hasher_add(p->stored, chunk, err);
	p->size += n;
	return r < 0 ? r : cof_fd_write_all(to, chunk, err);
}

static int pass_all(encryption *e, pass *p, int from, int to, cof_err *err)
{
	for (;;) {
		ssize_t n = read(from, p->chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cof_err_sys(err, "read-failed", "a layer");
		if (n == 0)
			return 0;
		int r = pass_chunk(p, (size_t)n, to, err);
		if (r < 0)
			return r;
		e->done += (uint64_t)n;
		if (e->opts->progress != NULL)
			e->opts->progress(e->opts->progress_arg, e->done, e->total);
	}
}

static int pass_end(pass *p, const cof_desc *d, sealed *ret, cof_err *err)
{
	cof_digest plain;
	int r = cof_hasher_end(p->plain, &plain, err);
	if (r == 0 && (p->size != d->size || !cof_digest_equal(&plain, &d->digest)))
		return cof_err_set(err, COF_E_CRYPTO, "layer-digest-mismatch",
				   "a layer of the layout is not what its manifest says");
	if (r == 0)
		r = cof_hasher_end(p->stored, &ret->digest, err);
	ret->size = p->size;
	return r < 0 ? r : cof_enc_stream_end(p->cipher, ret->hmac, err);
}

static int seal_blob(encryption *e, const cof_desc *d, const cof_layer_key *key, sealed *ret, cof_err *err)
{
	COF_AUTO(pass) p = {0};
	COF_AUTO(cof_layout_new) blob = {.fd = -EBADF};
	int opened = -EBADF;
	int r = cof_layout_blob(e->from, &d->digest, &opened, err);
	COF_AUTO_FD int from = opened;
	if (r == 0)
		r = cof_layout_begin(e->to, &blob, err);
	if (r == 0)
		r = pass_begin(&p, d->digest.alg, key, err);
	if (r == 0)
		r = pass_all(e, &p, from, blob.fd, err);
	if (r == 0)
		r = pass_end(&p, d, ret, err);
	return r < 0 ? r : cof_layout_commit(e->to, &blob, &ret->digest, err);
}

static int annotate(json_t *layer, const cof_buf *packet, const cof_buf *pubopts, cof_err *err)
{
	json_t *notes = json_object_get(layer, "annotations");
	if (!json_is_object(notes)) {
		notes = json_object();
		int r = cof_json_set_new(layer, "annotations", notes, err);
		if (r < 0)
			return r;
	}
	int r = cof_json_set_str(notes, COF_ENC_ANNOTATION_PROVIDER, cof_buf_str(packet), err);
	return r < 0 ? r : cof_json_set_str(notes, COF_ENC_ANNOTATION_PUBOPTS, cof_buf_str(pubopts), err);
}

/* The descriptor keeps what it had, and says what the layer is now. */
static int describe(encryption *e, json_t *layer, const cof_desc *d, const cof_layer_key *key, const sealed *s,
		    cof_err *err)
{
	COF_AUTO(cof_secret) options = {0};
	COF_AUTO(cof_buf) packet = {0};
	COF_AUTO(cof_buf) pubopts = {0};
	char digest[COF_DIGEST_STR_MAX];
	int r = cof_enc_private_make(key, &d->digest, &options, err);
	if (r == 0)
		r = cof_enc_wrap_make(e->opts->kid, e->opts->kek, cof_secret_span(&options), &packet, err);
	if (r == 0)
		r = cof_enc_public_make(s->hmac, &pubopts, err);
	if (r == 0)
		r = annotate(layer, &packet, &pubopts, err);
	cof_digest_str(&s->digest, digest);
	if (r == 0)
		r = cof_json_set_str(layer, "mediaType", d->media->as_encrypted, err);
	if (r == 0)
		r = cof_json_set_str(layer, "digest", digest, err);
	return r < 0 ? r : cof_json_set_new(layer, "size", json_integer((json_int_t)s->size), err);
}

static int seal_layer(encryption *e, json_t *layer, const cof_desc *d, cof_err *err)
{
	COF_AUTO(cof_layer_key) key = {0};
	sealed s = {0};
	if (d->media->encrypted || d->media->as_encrypted == NULL)
		return cof_err_set(err, COF_E_USAGE, "layer-already-encrypted", "a layer of type %s", d->media_type);
	int r = cof_enc_key_new(&key, err);
	if (r == 0)
		r = seal_blob(e, d, &key, &s, err);
	return r < 0 ? r : describe(e, layer, d, &key, &s, err);
}

static int seal_layers(encryption *e, json_t *manifest, cof_err *err)
{
	json_t *list = NULL;
	int r = cof_json_arr(manifest, "layers", &list, err);
	for (size_t i = 0; i < e->image.manifest.n_layers; i++)
		e->total += e->image.manifest.layers[i].size;
	for (size_t i = 0; r == 0 && i < e->image.manifest.n_layers; i++)
		r = seal_layer(e, json_array_get(list, i), &e->image.manifest.layers[i], err);
	return r;
}

static int store_manifest(encryption *e, const json_t *manifest, const char *tag, cof_digest *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	cof_digest config, d;
	const char *type = NULL;
	int r = cof_layout_put(e->to, cof_buf_span(&e->image.config_bytes), &config, err);
	if (r == 0)
		r = cof_json_dump(manifest, &text, err);
	if (r == 0)
		r = cof_layout_put(e->to, cof_buf_span(&text), &d, err);
	if (r == 0)
		r = cof_json_opt_str(manifest, "mediaType", &type, err);
	if (r == 0)
		r = cof_layout_tag(e->to, tag, type != NULL ? type : "application/vnd.oci.image.manifest.v1+json", &d,
				   text.len, err);
	if (r == 0)
		*ret = d;
	return r;
}

int cof_encrypt_image(cof_layout *from, const char *tag, cof_layout *to, const char *to_tag,
		      const cof_encrypt_opts *opts, cof_digest *ret, cof_err *err)
{
	COF_AUTO(encryption) e = {.from = from, .to = to, .opts = opts};
	COF_AUTO_PTR(json_t) manifest = NULL;
	cof_image_source source = cof_layout_source(from);
	if (opts->kek.len != COF_ENC_KEK_LEN)
		return cof_err_set(err, COF_E_USAGE, "kek-size", "the key has %zu bytes, not %d", opts->kek.len,
				   COF_ENC_KEK_LEN);
	/* A kid that no guest would follow must not be found out at the first boot. */
	cof_kbsp_path kid;
	int r = cof_kbsp_uri_parse(opts->kid, &kid, err);
	if (r == 0)
		r = cof_image_load(&source, tag, COF_PLATFORM_DEFAULT, &e.image, err);
	if (r == 0)
		r = cof_json_parse(cof_buf_span(&e.image.manifest_bytes), &manifest, err);
	if (r == 0)
		r = seal_layers(&e, manifest, err);
	return r < 0 ? r : store_manifest(&e, manifest, to_tag, ret, err);
}
