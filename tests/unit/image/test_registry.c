/* SPDX-License-Identifier: Apache-2.0 */
/* Against a real registry: up, down, cut in the middle, damaged in its store, and spoken to by the wrong certificate.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "image-decrypt/registry_int.h"
#include "tests/unit/image/blob.h"
#include "tests/unit/image/registry_up.h"

enum { BLOB_LEN = 12 << 20 };

typedef struct world {
	registry_up up;
	bool running;
	cof_buf blob;
	cof_desc desc;
	cof_desc config;
	char manifest_digest[COF_DIGEST_STR_MAX];
} world;

static cof_registry *open_at(const world *w, unsigned port, bool push)
{
	cof_registry *r = NULL;
	cof_ref ref;
	registry_ref(port, "team/app:v1", &ref);
	const cof_registry_opts opts = {.ca_pem = cof_buf_span(&w->up.ca),
					.resolve = w->up.resolves,
					.push = push,
					.retries = 3,
					.backoff_ms = 1,
					.streams = 1};
	assert_ok(cof_registry_new(&r, &ref, &opts, &err));
	return r;
}

static void describe(cof_span bytes, const char *type, cof_desc *ret)
{
	(void)snprintf(ret->media_type, sizeof ret->media_type, "%s", type);
	ret->media = cof_media_find(type);
	ret->size = bytes.len;
	assert_ok(cof_digest_of(COF_SHA256, bytes, &ret->digest, &err));
}

static void push_bytes(cof_registry *r, const cof_desc *d, cof_span bytes)
{
	int fd = memfd_create("blob", MFD_CLOEXEC);
	assert_ok(cof_fd_write_all(fd, bytes, &err));
	assert_ok(cof_registry_push_blob(r, d, fd, &err));
	assert_ok(cof_registry_push_blob(r, d, fd, &err)); /* there already */
	(void)close(fd);
}

static void push_all(world *w)
{
	COF_AUTO_PTR(cof_registry) r = open_at(w, w->up.port, true);
	COF_AUTO(cof_buf) text = {0};
	char layer[COF_DIGEST_STR_MAX], config_digest[COF_DIGEST_STR_MAX];
	static const char config[] =
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:"
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"]}}";
	describe(cof_buf_span(&w->blob), "application/vnd.oci.image.layer.v1.tar", &w->desc);
	describe(cof_span_str(config), "application/vnd.oci.image.config.v1+json", &w->config);
	push_bytes(r, &w->desc, cof_buf_span(&w->blob));
	push_bytes(r, &w->config, cof_span_str(config));
	cof_digest_str(&w->desc.digest, layer);
	cof_digest_str(&w->config.digest, config_digest);
	assert_ok(cof_buf_printf(&text, &err,
				 "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
				 "\"config\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu},\"layers\":[{"
				 "\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu}]}",
				 w->config.media_type, config_digest, (unsigned long long)w->config.size,
				 w->desc.media_type, layer, (unsigned long long)w->desc.size));
	assert_ok(cof_registry_push_manifest(r, "v1", "application/vnd.oci.image.manifest.v1+json", cof_buf_span(&text),
					     &err));
	cof_digest d = {0};
	assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(&text), &d, &err));
	cof_digest_str(&d, w->manifest_digest);
}

static int begin(void **state)
{
	static world w;
	*state = &w;
	w.running = registry_start(&w.up);
	if (!w.running)
		return 0;
	assert_ok(cof_buf_reserve(&w.blob, BLOB_LEN, &err));
	w.blob.len = BLOB_LEN;
	for (size_t i = 0; i < BLOB_LEN; i++)
		w.blob.data[i] = (uint8_t)(i * 2654435761u >> 13);
	push_all(&w);
	return 0;
}

static int end(void **state)
{
	world *w = *state;
	if (w->running)
		registry_stop(&w->up);
	cof_buf_release(&w->blob);
	return 0;
}

static int collect(void *arg, cof_span chunk, cof_err *err)
{
	return cof_buf_add(arg, chunk.data, chunk.len, err);
}

#define NEEDS_REGISTRY(w)                                                                                              \
	world *w = *state;                                                                                             \
	if (!w->running)                                                                                               \
	skip()

static void loads_an_image(void **state)
{
	NEEDS_REGISTRY(w);
	const char *const wanted[] = {"v1", w->manifest_digest};
	for (size_t i = 0; i < COF_COUNT(wanted); i++) {
		COF_AUTO_PTR(cof_registry) r = open_at(w, w->up.port, false);
		COF_AUTO(cof_image) image = {0};
		cof_image_source src = cof_registry_source(r);
		assert_ok(cof_image_load(&src, wanted[i], COF_PLATFORM_DEFAULT, &image, &err));
		assert_int_equal(image.manifest.n_layers, 1);
	}
	COF_AUTO_PTR(cof_registry) r = open_at(w, w->up.port, false);
	COF_AUTO(cof_image) none = {0};
	cof_image_source src = cof_registry_source(r);
	assert_fails(cof_image_load(&src, "absent", COF_PLATFORM_DEFAULT, &none, &err), "registry-not-found");
}

static void fetches_a_blob(void **state)
{
	NEEDS_REGISTRY(w);
	COF_AUTO_PTR(cof_registry) r = open_at(w, w->up.port, false);
	COF_AUTO(cof_buf) got = {0};
	assert_ok(registry_blob(r, &w->desc, collect, &got, &err));
	assert_int_equal(got.len, BLOB_LEN);
	assert_memory_equal(got.data, w->blob.data, BLOB_LEN);
}

/* A quick registry ends a range's answer at the moment in which its window is emptied. */
static void fetches_a_blob_in_ranges(void **state)
{
	NEEDS_REGISTRY(w);
	cof_registry *made = NULL;
	cof_ref ref;
	registry_ref(w->up.port, "team/app:v1", &ref);
	const cof_registry_opts opts = {.ca_pem = cof_buf_span(&w->up.ca),
					.resolve = w->up.resolves,
					.retries = 1,
					.streams = 3,
					.eager = true};
	assert_ok(cof_registry_new(&made, &ref, &opts, &err));
	COF_AUTO_PTR(cof_registry) r = made;
	for (int i = 0; i < 5; i++) {
		COF_AUTO(cof_buf) got = {0};
		assert_ok(registry_blob(r, &w->desc, collect, &got, &err));
		assert_int_equal(got.len, BLOB_LEN);
		assert_memory_equal(got.data, w->blob.data, BLOB_LEN);
	}
}

static void t036_descriptor_sizes(void **state)
{
	NEEDS_REGISTRY(w);
	for (int off = -1; off <= 1; off += 2) {
		COF_AUTO_PTR(cof_registry) r = open_at(w, w->up.port, false);
		COF_AUTO(cof_buf) got = {0};
		cof_desc d = w->desc;
		d.size = (uint64_t)(BLOB_LEN + off);
		assert_fails(registry_blob(r, &d, collect, &got, &err), "layer-size-mismatch");
	}
}

static void cut_connections_are_resumed(void **state)
{
	NEEDS_REGISTRY(w);
	relay_start(&w->up, 700000); /* many connections for one blob */
	COF_AUTO_PTR(cof_registry) r = open_at(w, w->up.relay_port, false);
	COF_AUTO(cof_buf) got = {0};
	assert_ok(registry_blob(r, &w->desc, collect, &got, &err));
	assert_int_equal(got.len, BLOB_LEN);
	assert_memory_equal(got.data, w->blob.data, BLOB_LEN);
	relay_stop(&w->up);
}

static void t043_a_registry_that_never_gives_anything(void **state)
{
	NEEDS_REGISTRY(w);
	relay_start(&w->up, 1); /* cut within the handshake, always */
	COF_AUTO_PTR(cof_registry) r = open_at(w, w->up.relay_port, false);
	COF_AUTO(cof_buf) got = {0};
	cof_err err = {0};
	assert_true(registry_blob(r, &w->desc, collect, &got, &err) < 0);
	assert_int_equal(err.cls, COF_E_UNAVAILABLE);
	relay_stop(&w->up);
}

static int refuse(void *arg, cof_span chunk, cof_err *err)
{
	int *calls = arg;
	(void)chunk;
	(*calls)++;
	return cof_err_set(err, COF_E_IO, "no-more", "enough");
}

static void the_sink_can_stop_it(void **state)
{
	NEEDS_REGISTRY(w);
	COF_AUTO_PTR(cof_registry) r = open_at(w, w->up.port, false);
	int calls = 0;
	assert_fails(registry_blob(r, &w->desc, refuse, &calls, &err), "no-more");
	assert_int_equal(calls, 1);
}

static void t042_only_the_given_roots_are_trusted(void **state)
{
	NEEDS_REGISTRY(w);
	cof_registry *made = NULL;
	cof_ref ref;
	registry_ref(w->up.port, "team/app:v1", &ref);
	const cof_registry_opts opts = {.resolve = w->up.resolves, .retries = 1};
	assert_ok(cof_registry_new(&made, &ref, &opts, &err));
	COF_AUTO_PTR(cof_registry) r = made;
	COF_AUTO(cof_buf) got = {0};
	assert_fails(registry_blob(r, &w->desc, collect, &got, &err), "tls-untrusted");
	assert_int_equal(got.len, 0);
}

/* A path below the store that holds the blob's bytes. */
static void damage(const world *w)
{
	char digest[COF_DIGEST_STR_MAX], path[512];
	cof_digest_str(&w->desc.digest, digest);
	const char *hex = digest + strlen("sha256:");
	(void)snprintf(path, sizeof path, "%s/data/docker/registry/v2/blobs/sha256/%.2s/%s/data", w->up.dir, hex, hex);
	COF_AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC);
	uint8_t b = 0;
	assert_true(fd >= 0 && pread(fd, &b, 1, BLOB_LEN / 2) == 1);
	b ^= 1;
	assert_int_equal(pwrite(fd, &b, 1, BLOB_LEN / 2), 1);
}

static void t036_damage_in_the_registrys_store(void **state)
{
	NEEDS_REGISTRY(w);
	damage(w);
	COF_AUTO_PTR(cof_registry) r = open_at(w, w->up.port, false);
	COF_AUTO(cof_buf) got = {0};
	assert_fails(registry_blob(r, &w->desc, collect, &got, &err), "blob-digest-mismatch");
	damage(w); /* back again */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t042_only_the_given_roots_are_trusted),
		cmocka_unit_test(t036_descriptor_sizes),
		cmocka_unit_test(t036_damage_in_the_registrys_store),
		cmocka_unit_test(cut_connections_are_resumed),
		cmocka_unit_test(t043_a_registry_that_never_gives_anything),
		cmocka_unit_test(the_sink_can_stop_it),
		cmocka_unit_test(loads_an_image),
		cmocka_unit_test(fetches_a_blob),
		cmocka_unit_test(fetches_a_blob_in_ranges),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
