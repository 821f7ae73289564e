/* SPDX-License-Identifier: Apache-2.0 */
/* A layer's blob through the cipher: what is changed on its way is found out before it has a name. */
#include "image-decrypt/encblob.h"

#include "image-decrypt/layout.h"
#include "tests/unit/image/mktar.h"
#include "tests/unit/image/scratch.h"

/* One blob in memory, given out in pieces. */
typedef struct memory {
	cof_span bytes;
	size_t piece;
} memory;

static int stream(void *arg, const cof_desc *d, cof_sink sink, void *sink_arg, cof_err *err)
{
	const memory *m = arg;
	int r = 0;
	(void)d;
	for (size_t at = 0; r == 0 && at < m->bytes.len; at += m->piece)
		r = sink(sink_arg,
			 cof_span_of(m->bytes.data + at, m->bytes.len - at < m->piece ? m->bytes.len - at : m->piece),
			 err);
	return r;
}

typedef struct sample {
	cof_buf tar;
	cof_digest diff_id;
	cof_layer_key key;
	cof_buf sealed;
	cof_desc desc; /* of the sealed one */
} sample;

static void sample_release(sample *s)
{
	cof_buf_release(&s->tar);
	cof_layer_key_release(&s->key);
	cof_buf_release(&s->sealed);
	cof_desc_release(&s->desc);
}
COF_DEFINE_AUTO(sample, sample_release)

static void set_blob(sample *s, cof_span bytes)
{
	assert_ok(cof_digest_of(COF_SHA256, bytes, &s->desc.digest, &err));
	s->desc.size = bytes.len;
}

static void sample_make(sample *s)
{
	COF_AUTO_PTR(cof_enc_stream) cipher = NULL;
	COF_AUTO(cof_buf) pubopts = {0};
	uint8_t mac[COF_ENC_HMAC_LEN];
	tar_file(&s->tar, "etc/secret", "the secret");
	tar_end(&s->tar);
	assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(&s->tar), &s->diff_id, &err));
	assert_ok(cof_enc_key_new(&s->key, &err));
	assert_ok(cof_enc_stream_new(&cipher, &s->key, COF_ENC_ENCRYPT, &err));
	assert_ok(cof_buf_add(&s->sealed, s->tar.data, s->tar.len, &err));
	assert_ok(cof_enc_stream_add(cipher, cof_buf_span(&s->sealed), s->sealed.data, &err));
	assert_ok(cof_enc_stream_end(cipher, mac, &err));
	assert_ok(cof_enc_public_make(mac, &pubopts, &err));
	s->desc.media = cof_media_find("application/vnd.oci.image.layer.v1.tar+encrypted");
	s->desc.annotations = json_pack("{s:s}", COF_ENC_ANNOTATION_PUBOPTS, cof_buf_str(&pubopts));
	set_blob(s, cof_buf_span(&s->sealed));
}

static int open_blob(const sample *s, cof_span bytes, const cof_digest *diff_id, cof_depot *to, cof_enc_blob *ret,
		     cof_err *err)
{
	memory m = {bytes, 1000};
	const cof_image_source from = {.arg = &m, .stream = stream};
	const cof_enc_job job = {
		.from = &from, .desc = &s->desc, .diff_id = diff_id, .key = &s->key, .dir = COF_ENC_DECRYPT, .to = to};
	return cof_enc_blob_make(&job, ret, err);
}

static void opens(void **state)
{
	(void)state;
	COF_AUTO(sample) s = {0};
	cof_enc_blob blob;
	sample_make(&s);
	assert_ok(open_blob(&s, cof_buf_span(&s.sealed), &s.diff_id, NULL, &blob, &err));
	assert_true(cof_digest_equal(&blob.digest, &s.diff_id));
	assert_int_equal(blob.size, s.tar.len);
}

/* The same bytes again, MAC included, when the key is the same. */
static void there_and_back(void **state)
{
	(void)state;
	COF_AUTO(sample) s = {0};
	cof_enc_blob blob;
	sample_make(&s);
	memory m = {cof_buf_span(&s.tar), 7};
	const cof_image_source from = {.arg = &m, .stream = stream};
	cof_desc plain = {.media = cof_media_find("application/vnd.oci.image.layer.v1.tar"),
			  .digest = s.diff_id,
			  .size = s.tar.len};
	const cof_enc_job job = {
		.from = &from, .desc = &plain, .diff_id = &s.diff_id, .key = &s.key, .dir = COF_ENC_ENCRYPT};
	uint8_t mac[COF_ENC_HMAC_LEN];
	assert_ok(cof_enc_blob_make(&job, &blob, &err));
	assert_true(cof_digest_equal(&blob.digest, &s.desc.digest));
	assert_ok(cof_enc_public_parse(cof_desc_annotation(&s.desc, COF_ENC_ANNOTATION_PUBOPTS), mac, &err));
	assert_memory_equal(blob.hmac, mac, sizeof mac);
}

/* A thousand bits, by whoever could also write the manifest: only the MAC knows. */
static void t038_every_flip(void **state)
{
	(void)state;
	COF_AUTO(sample) s = {0};
	cof_enc_blob blob;
	sample_make(&s);
	size_t bits = s.sealed.len * 8, step = bits / 1000 + 1, n = 0;
	for (size_t bit = 0; bit < bits; bit += step * unit_stride(), n++) {
		s.sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_fails(open_blob(&s, cof_buf_span(&s.sealed), &s.diff_id, NULL, &blob, &err),
			     "blob-digest-mismatch");
		set_blob(&s, cof_buf_span(&s.sealed));
		assert_fails(open_blob(&s, cof_buf_span(&s.sealed), &s.diff_id, NULL, &blob, &err),
			     "layer-hmac-mismatch");
		s.sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		set_blob(&s, cof_buf_span(&s.sealed));
	}
	assert_ok(open_blob(&s, cof_buf_span(&s.sealed), &s.diff_id, NULL, &blob, &err));
}

static void t038_cut_and_extended(void **state)
{
	(void)state;
	COF_AUTO(sample) s = {0};
	cof_enc_blob blob;
	sample_make(&s);
	for (size_t n = 0; n < s.sealed.len; n += 37) {
		cof_span cut = {s.sealed.data, n};
		assert_fails(open_blob(&s, cut, &s.diff_id, NULL, &blob, &err), "blob-size-mismatch");
	}
	for (size_t n = 0; n < s.sealed.len; n += 37) {
		cof_span cut = {s.sealed.data, n};
		set_blob(&s, cut);
		assert_fails(open_blob(&s, cut, &s.diff_id, NULL, &blob, &err), "layer-hmac-mismatch");
	}
	assert_ok(cof_buf_add(&s.sealed, "x", 1, &err));
	set_blob(&s, cof_buf_span(&s.sealed));
	assert_fails(open_blob(&s, cof_buf_span(&s.sealed), &s.diff_id, NULL, &blob, &err), "layer-hmac-mismatch");
}

static void t038_no_mac(void **state)
{
	(void)state;
	COF_AUTO(sample) s = {0};
	cof_enc_blob blob;
	sample_make(&s);
	json_decref(s.desc.annotations);
	s.desc.annotations = NULL;
	assert_fails(open_blob(&s, cof_buf_span(&s.sealed), &s.diff_id, NULL, &blob, &err), "layer-pubopts-malformed");
}

/* Well encrypted, but not what the config names. */
static void t038_other_content(void **state)
{
	(void)state;
	COF_AUTO(sample) s = {0};
	cof_enc_blob blob;
	sample_make(&s);
	cof_digest other = s.diff_id;
	other.bytes[0] ^= 1;
	assert_fails(open_blob(&s, cof_buf_span(&s.sealed), &other, NULL, &blob, &err), "layer-diffid-mismatch");
	s.desc.media = cof_media_find("application/vnd.oci.image.layer.v1.tar+gzip+encrypted");
	assert_fails(open_blob(&s, cof_buf_span(&s.sealed), &s.diff_id, NULL, &blob, &err), "layer-inflate");
}

/* What does not hold leaves no blob; what holds leaves one, under its digest. */
static void t038_no_name_before_the_checks(void **state)
{
	const scratch *at = *state;
	COF_AUTO(sample) s = {0};
	COF_AUTO(cof_image_name) name = {0};
	COF_AUTO_PTR(cof_depot) to = NULL;
	cof_enc_blob blob;
	char text[128];
	bool has = true;
	sample_make(&s);
	(void)snprintf(text, sizeof text, "oci:%s/out", at->top);
	assert_ok(cof_image_name_parse(text, COF_DEPOT_LAYOUT, &name, &err));
	assert_ok(cof_depot_open(&to, &name, true, NULL, &err));
	const cof_desc plain = {.digest = s.diff_id, .size = s.tar.len};
	cof_digest other = s.diff_id;
	other.bytes[5] ^= 1;
	assert_fails(open_blob(&s, cof_buf_span(&s.sealed), &other, to, &blob, &err), "layer-diffid-mismatch");
	assert_ok(cof_depot_has(to, &plain, &has, &err));
	assert_false(has);
	assert_ok(open_blob(&s, cof_buf_span(&s.sealed), &s.diff_id, to, &blob, &err));
	assert_ok(cof_depot_has(to, &plain, &has, &err));
	assert_true(has);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(t038_every_flip),
		cmocka_unit_test(t038_cut_and_extended),
		cmocka_unit_test(t038_no_mac),
		cmocka_unit_test(t038_other_content),
		cmocka_unit_test_setup_teardown(t038_no_name_before_the_checks, scratch_up, scratch_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
