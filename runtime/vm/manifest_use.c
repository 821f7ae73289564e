/* SPDX-License-Identifier: Apache-2.0 */
/* What a manifest is read for: its files checked, a machine profile and a firmware found. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "runtime/vm/manifest.h"

static int hash_fd(int fd, cof_digest *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_hasher) h = NULL;
	COF_AUTO_FREE uint8_t *chunk = malloc(64 << 10);
	int r = cof_hasher_new(&h, COF_SHA256, err);
	if (r < 0 || chunk == NULL)
		return r < 0 ? r : cof_err_oom(err);
	for (;;) {
		ssize_t n = read(fd, chunk, 64 << 10);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cof_err_sys(err, "read-failed", "reading");
		if (n == 0)
			return cof_hasher_end(h, ret, err);
		r = cof_hasher_add(h, cof_span_of(chunk, (size_t)n), err);
		if (r < 0)
			return r;
	}
}

static int check_file(const cof_guest_file *f, cof_err *err)
{
	cof_digest got = {0};
	cof_digest want = {.alg = COF_SHA256};
	COF_AUTO_FD int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return cof_err_sys(err, errno == ENOENT ? "no-such-file" : "open-failed", "%s", f->path);
	int r = hash_fd(fd, &got, err);
	if (r < 0)
		return cof_err_wrap(err, "%s", f->path);
	memcpy(want.bytes, f->sha256, sizeof f->sha256);
	if (!cof_digest_equal(&got, &want))
		return cof_err_set(err, COF_E_CRYPTO, "guest-image-mismatch",
				   "%s is not the file that the guest manifest names", f->path);
	return 0;
}

const cof_guest_file *cof_manifest_initrd(const cof_manifest *m, const cof_profile *p)
{
	return p->scratch ? &m->scratch_initrd : &m->initrd;
}

int cof_manifest_check_files(const cof_manifest *m, const cof_profile *p, cof_err *err)
{
	const cof_guest_file *const files[] = {&m->firmware, &m->vars, &m->kernel, cof_manifest_initrd(m, p)};
	for (size_t i = 0; i < COF_COUNT(files); i++) {
		int r = check_file(files[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

const cof_guest_file *cof_manifest_firmware(const cof_manifest *m, const char *tee)
{
	for (size_t i = 0; i < m->n_tees; i++) {
		if (strcmp(m->tees[i].tee, tee) == 0)
			return &m->tees[i].file;
	}
	return &m->firmware;
}

static const cof_profile *find(const cof_manifest *m, const char *name)
{
	for (size_t i = 0; i < m->n_profiles; i++)
		if (strcmp(m->profiles[i].name, name) == 0)
			return &m->profiles[i];
	return NULL;
}

int cof_manifest_profile(const cof_manifest *m, const char *name, const cof_profile **ret, cof_err *err)
{
	*ret = find(m, name);
	if (*ret == NULL)
		return cof_err_set(err, COF_E_POLICY, "machine-not-in-manifest",
				   "the guest image has no machine profile %s", name);
	return 0;
}

int cof_manifest_scratch_profile(const cof_manifest *m, const char *name, const cof_profile **ret, cof_err *err)
{
	char other[COF_PROFILE_NAME_MAX + sizeof "-scratch"];
	const cof_profile *p = find(m, name);
	if (p == NULL || !p->scratch) {
		(void)snprintf(other, sizeof other, "%s-scratch", name);
		p = find(m, other);
	}
	if (p == NULL || !p->scratch)
		return cof_err_set(err, COF_E_POLICY, "machine-not-in-manifest",
				   "the guest image has no machine profile %s with a scratch disk", name);
	*ret = p;
	return 0;
}
