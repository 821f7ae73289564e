/* SPDX-License-Identifier: Apache-2.0 */
/* The cases of sev.json as launches. */
#pragma once

#include "firmware/sev/sev.h"
#include "tests/unit/launch_vectors.h"

typedef struct sev_case {
	const json_t *j;
	const char *id, *mode;
	unsigned vcpus;
	cof_sev_launch in; /* as below */
	cof_sev_hashes hashes;
	uint8_t ovmf_hash[48];
	cof_sev_metadata meta;
} sev_case;

static inline json_int_t jint(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static inline void vector_image(const json_t *root, const char *name, cof_buf *ret)
{
	const json_t *f = json_object_get(json_object_get(root, "firmware"), name);
	if (jstr(f, "compression") != NULL)
		vector_read_xz(jstr(f, "file"), ret);
	else
		vector_read(jstr(f, "file"), ret);
	assert_int_equal(ret->len, jint(f, "size"));
}

/* A blob described by numbers, and its hash compared with the one that is given. */
static inline void vector_blob_hash(const json_t *root, const char *name, uint8_t ret[32])
{
	COF_AUTO(cof_buf) b = {0};
	const json_t *v = json_object_get(json_object_get(root, "blobs"), name);
	size_t size = (size_t)jint(v, "size");
	size_t x = (size_t)jint(v, "a"), y = (size_t)jint(v, "b"), z = (size_t)jint(v, "c");
	assert_string_equal(jstr(v, "kind"), "pattern");
	assert_ok(cof_buf_reserve(&b, size + 1, &err));
	for (size_t i = 0; i < size; i++)
		b.data[i] = (uint8_t)(x * i + y * (i >> 8) + z);
	assert_ok(cof_sha256(cof_span_of(b.data, size), ret, &err));
	assert_hex(ret, 32, jstr(v, "sha256"));
}

static inline void take_hashes(const json_t *root, sev_case *c)
{
	const char *kernel = jstr(c->j, "kernel"), *initrd = jstr(c->j, "initrd");
	if (kernel == NULL)
		return;
	vector_blob_hash(root, kernel, c->hashes.kernel);
	vector_blob_hash(root, initrd != NULL ? initrd : "empty", c->hashes.initrd);
	assert_ok(cof_sev_cmdline_hash(jstr(c->j, "append"), c->hashes.cmdline, &err));
	c->in.hashes = &c->hashes;
}

static inline void take_parameters(sev_case *c)
{
	const char *vmm = jstr(c->j, "vmm"), *ovmf_hash = jstr(c->j, "ovmf_hash");
	bool old = json_is_integer(json_object_get(c->j, "ec2_rdx")) && jint(c->j, "ec2_rdx") == 0;
	assert_ok(cof_vmm_find(old ? "ec2@1" : vmm != NULL ? vmm : "qemu", &c->in.vmm, &err));
	c->id = jstr(c->j, "id");
	c->mode = jstr(c->j, "mode");
	c->vcpus = (unsigned)jint(c->j, "vcpus");
	c->in.vcpu_sig = (uint32_t)jint(c->j, "vcpu_sig");
	c->in.guest_features = (uint64_t)jint(c->j, "guest_features");
	if (ovmf_hash != NULL) {
		assert_ok(cof_unhex(ovmf_hash, c->ovmf_hash, 48, &err));
		c->in.ovmf_hash = c->ovmf_hash;
	}
}

/* A case of "cases"; the images stay the caller's. */
static inline void take_case(const json_t *root, const json_t *j, cof_span firmware, cof_span svsm, sev_case *c)
{
	*c = (sev_case){.j = j};
	take_parameters(c);
	c->in.firmware = firmware;
	if (strcmp(c->mode, "snp-svsm") == 0) {
		c->in.svsm = svsm;
		c->in.svsm_vars_size = (uint32_t)jint(j, "vars_size");
	}
	assert_ok(cof_sev_metadata_parse(c->in.svsm.len > 0 ? svsm : firmware, &c->meta, &err));
	c->in.meta = &c->meta;
	take_hashes(root, c);
}

static inline void take_sections(const json_t *list, cof_sev_metadata *m)
{
	size_t i;
	json_t *s;
	json_array_foreach (list, i, s) {
		assert_true(m->n < COF_SEV_SECTIONS_MAX);
		m->sections[m->n++] = (cof_sev_section){(uint32_t)jint(s, "gpa"), (uint32_t)jint(s, "size"),
							(uint32_t)jint(s, "type")};
	}
}

/* A case of "metadata_cases": no image, kernel and initrd by their hashes. */
static inline void take_metadata_case(const json_t *j, sev_case *c)
{
	const char *kernel = jstr(j, "kernel_sha256");
	*c = (sev_case){.j = j};
	take_parameters(c);
	c->meta.reset_eip = (uint32_t)jint(j, "reset_eip");
	c->meta.hash_table_gpa = (uint32_t)jint(j, "hash_table_gpa");
	c->meta.hash_table_size = 0x400;
	take_sections(json_object_get(j, "sections"), &c->meta);
	c->in.meta = &c->meta;
	if (kernel == NULL)
		return;
	assert_ok(cof_unhex(kernel, c->hashes.kernel, 32, &err));
	assert_ok(cof_unhex(jstr(j, "initrd_sha256"), c->hashes.initrd, 32, &err));
	assert_ok(cof_sev_cmdline_hash(jstr(j, "append"), c->hashes.cmdline, &err));
	c->in.hashes = &c->hashes;
}

/* Runs over all cases of a mode, firmware by firmware so that each image is unpacked once; how many there were. */
static inline size_t each_case(const json_t *root, const char *mode, void (*run)(const sev_case *))
{
	COF_AUTO(cof_buf) svsm = {0};
	json_t *firmware = json_object_get(root, "firmware");
	size_t count = 0, i;
	vector_image(root, "svsm", &svsm);
	for (void *f = json_object_iter(firmware); f != NULL; f = json_object_iter_next(firmware, f)) {
		COF_AUTO(cof_buf) image = {0};
		json_t *j;
		json_array_foreach (json_object_get(root, "cases"), i, j) {
			sev_case c;
			if (strcmp(jstr(j, "mode"), mode) != 0 ||
			    strcmp(jstr(j, "firmware"), json_object_iter_key(f)) != 0)
				continue;
			if (image.len == 0)
				vector_image(root, json_object_iter_key(f), &image);
			take_case(root, j, cof_buf_span(&image), cof_buf_span(&svsm), &c);
			run(&c);
			count++;
		}
	}
	return count;
}
