/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/manifest.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>

#include "common/file.h"
#include "common/hex.h"
#include "common/json.h"

#define FORMAT "coffer-guest-manifest/1"

static void file_release(cof_guest_file *f)
{
	free(f->path);
	*f = (cof_guest_file){0};
}

static void profile_release(cof_profile *p)
{
	free(p->name);
	free(p->cpu);
	free(p->machine);
	*p = (cof_profile){0};
}

void cof_manifest_release(cof_manifest *m)
{
	file_release(&m->firmware);
	file_release(&m->vars);
	file_release(&m->kernel);
	file_release(&m->initrd);
	file_release(&m->scratch_initrd);
	for (size_t i = 0; i < m->n_profiles; i++)
		profile_release(&m->profiles[i]);
	free(m->profiles);
	for (size_t i = 0; i < m->n_tees; i++) {
		free(m->tees[i].tee);
		file_release(&m->tees[i].file);
	}
	free(m->version);
	free(m->firmware_version);
	free(m->kernel_release);
	free(m->cmdline);
	*m = (cof_manifest){0};
}

static int malformed(cof_err *err, const char *what, const char *why)
{
	return cof_err_set(err, COF_E_MALFORMED, "manifest-malformed", "%s: %s", what, why);
}

/* A manifest's own reason word in front of what the JSON getters say. */
static int as_malformed(cof_err *err)
{
	cof_err inner = *err;
	return cof_err_set(err, COF_E_MALFORMED, "manifest-malformed", "%s", inner.text);
}

static int dup_into(const char *s, char **ret, cof_err *err)
{
	*ret = strdup(s);
	return *ret != NULL ? 0 : cof_err_oom(err);
}

static int str_member(const json_t *o, const char *key, char **ret, cof_err *err)
{
	const char *s = NULL;
	int r = cof_json_str(o, key, &s, err);
	return r < 0 ? r : dup_into(s, ret, err);
}

/* --- files --- */

/* A plain name: no folder, so that a manifest from elsewhere cannot point at the host's other files. */
static bool plain_name(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len > 255 || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && strchr("._+~-", name[i]) == NULL)
			return false;
	return true;
}

static int file_members(const json_t *o, const char *dir, const char *const keys[2], cof_guest_file *ret, cof_err *err)
{
	const char *name = NULL;
	const char *hex = NULL;
	int r = cof_json_str(o, keys[0], &name, err);
	if (r == 0)
		r = cof_json_str(o, keys[1], &hex, err);
	if (r == 0)
		r = cof_unhex(hex, ret->sha256, sizeof ret->sha256, err);
	if (r < 0)
		return r;
	if (!plain_name(name))
		return malformed(err, keys[0], "a plain file name is wanted");
	return cof_path(&ret->path, err, "%s/%s", dir, name);
}

static const char *const file_keys[2] = {"file", "sha256"};
static const char *const vars_keys[2] = {"vars", "vars_sha256"};

static int take_firmware(const json_t *o, const char *dir, cof_manifest *m, cof_err *err)
{
	static const char *const known[] = {"file",    "sha256",	  "vars", "vars_sha256",
					    "package", "package_version", NULL};
	int r = cof_json_only(o, known, err);
	if (r == 0)
		r = file_members(o, dir, file_keys, &m->firmware, err);
	if (r == 0)
		r = file_members(o, dir, vars_keys, &m->vars, err);
	return r < 0 ? r : str_member(o, "package_version", &m->firmware_version, err);
}

static int take_kernel(const json_t *o, const char *dir, cof_manifest *m, cof_err *err)
{
	static const char *const known[] = {"file", "sha256", "release", "package", "package_version", NULL};
	int r = cof_json_only(o, known, err);
	if (r == 0)
		r = file_members(o, dir, file_keys, &m->kernel, err);
	return r < 0 ? r : str_member(o, "release", &m->kernel_release, err);
}

static int take_one_initrd(const json_t *o, const char *dir, cof_guest_file *ret, cof_err *err)
{
	static const char *const known[] = {"file", "sha256", "bytes", NULL};
	json_int_t bytes = 0;
	int r = cof_json_only(o, known, err);
	if (r == 0)
		r = cof_json_int(o, "bytes", 0, COF_MANIFEST_FILE_MAX, &bytes, err);
	return r < 0 ? r : file_members(o, dir, file_keys, ret, err);
}

static int take_initrd(const json_t *o, const char *dir, cof_manifest *m, cof_err *err)
{
	return take_one_initrd(o, dir, &m->initrd, err);
}

static int take_scratch_initrd(const json_t *o, const char *dir, cof_manifest *m, cof_err *err)
{
	return take_one_initrd(o, dir, &m->scratch_initrd, err);
}

/* --- command line, packages, machine profiles --- */

static int take_cmdline(const json_t *root, cof_manifest *m, cof_err *err)
{
	const char *s = NULL;
	int r = cof_json_str(root, "cmdline", &s, err);
	if (r < 0)
		return r;
	if (strlen(s) > COF_CMDLINE_MAX)
		return malformed(err, "cmdline", "too long");
	for (const char *c = s; *c != 0; c++)
		if (*c < 0x20 || *c > 0x7e)
			return malformed(err, "cmdline", "only printable ASCII");
	return dup_into(s, &m->cmdline, err);
}

static int check_packages(const json_t *root, cof_err *err)
{
	static const char *const known[] = {"name", "version", "architecture", "sha256", NULL};
	json_t *list = NULL;
	json_t *p = NULL;
	size_t i = 0;
	int r = cof_json_arr(root, "packages", &list, err);
	if (r < 0)
		return r;
	if (json_array_size(list) > COF_MANIFEST_PACKAGES_MAX)
		return malformed(err, "packages", "too many");
	json_array_foreach (list, i, p)
		if ((r = cof_json_only(p, known, err)) < 0)
			return r;
	return 0;
}

/* QEMU reads commas in -cpu as feature switches: those are part of the model here. Spaces and all else are not. */
static bool plain_word(const char *s, const char *also)
{
	size_t len = strlen(s);
	if (len == 0 || len > COF_PROFILE_NAME_MAX || !isalnum((unsigned char)s[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && strchr(also, s[i]) == NULL)
			return false;
	return true;
}

static int take_profile_texts(const json_t *o, const char *name, cof_profile *p, cof_err *err)
{
	int r = str_member(o, "cpu", &p->cpu, err);
	if (r == 0)
		r = str_member(o, "machine", &p->machine, err);
	if (r == 0)
		r = dup_into(name, &p->name, err);
	if (r < 0)
		return r;
	if (!plain_word(p->name, "._-") || !plain_word(p->cpu, "._-+,=") || !plain_word(p->machine, "._-"))
		return malformed(err, name, "a name, CPU or machine with characters that have no place there");
	if (strcmp(p->machine, "q35") != 0 && strncmp(p->machine, "pc-q35-", 7) != 0)
		return malformed(err, name, "only q35 machines have predictable measurements");
	return 0;
}

static int take_profile(const char *name, const json_t *o, cof_profile *p, cof_err *err)
{
	static const char *const known[] = {"memory_mib", "vcpus", "cpu", "machine", "scratch", NULL};
	json_int_t memory = 0;
	json_int_t vcpus = 0;
	int r = cof_json_only(o, known, err);
	if (r == 0)
		r = cof_json_int(o, "memory_mib", 64, 1 << 20, &memory, err);
	if (r == 0)
		r = cof_json_int(o, "vcpus", 1, 255, &vcpus, err);
	if (r == 0 && json_object_get(o, "scratch") != NULL)
		r = cof_json_bool(o, "scratch", &p->scratch, err);
	if (r < 0)
		return r;
	p->memory_mib = (unsigned)memory;
	p->vcpus = (unsigned)vcpus;
	return take_profile_texts(o, name, p, err);
}

static int take_profiles(const json_t *root, cof_manifest *m, cof_err *err)
{
	json_t *all = NULL;
	json_t *one = NULL;
	const char *name = NULL;
	int r = cof_json_obj(root, "machine_profiles", &all, err);
	if (r < 0)
		return r;
	if (json_object_size(all) == 0 || json_object_size(all) > COF_MANIFEST_PROFILES_MAX)
		return malformed(err, "machine_profiles", "none, or too many");
	m->profiles = calloc(json_object_size(all), sizeof *m->profiles);
	if (m->profiles == NULL)
		return cof_err_oom(err);
	json_object_foreach (all, name, one)
		if ((r = take_profile(name, one, &m->profiles[m->n_profiles++], err)) < 0)
			return r;
	for (size_t i = 0; i < m->n_profiles; i++)
		if (m->profiles[i].scratch && m->scratch_initrd.path == NULL)
			return malformed(err, m->profiles[i].name, "a scratch disk without scratch_initrd");
	return 0;
}

/* --- firmware by TEE --- */

static int take_tee(const char *tee, const json_t *o, const char *dir, cof_tee_firmware *ret, cof_err *err)
{
	static const char *const known[] = {"file", "sha256", "package", "package_version", NULL};
	int r = cof_json_only(o, known, err);
	if (r == 0)
		r = dup_into(tee, &ret->tee, err);
	return r < 0 ? r : file_members(o, dir, file_keys, &ret->file, err);
}

static int take_tees(const json_t *root, const char *dir, cof_manifest *m, cof_err *err)
{
	json_t *all = NULL, *one = NULL;
	const char *tee = NULL;
	if (json_object_get(root, "tee_firmware") == NULL)
		return 0;
	int r = cof_json_obj(root, "tee_firmware", &all, err);
	if (r == 0 && json_object_size(all) > COF_MANIFEST_FIRMWARES_MAX)
		return malformed(err, "tee_firmware", "too many");
	json_object_foreach (all, tee, one)
		if (r == 0)
			r = take_tee(tee, one, dir, &m->tees[m->n_tees++], err);
	return r;
}

/* --- the whole --- */

static int take_parts(const json_t *root, const char *dir, cof_manifest *m, cof_err *err)
{
	static const struct {
		const char *key;
		int (*take)(const json_t *o, const char *dir, cof_manifest *m, cof_err *err);
		bool optional;
	} parts[] = {{"firmware", take_firmware, false},
		     {"kernel", take_kernel, false},
		     {"initrd", take_initrd, false},
		     {"scratch_initrd", take_scratch_initrd, true}};
	for (size_t i = 0; i < COF_COUNT(parts); i++) {
		json_t *o = NULL;
		if (parts[i].optional && json_object_get(root, parts[i].key) == NULL)
			continue;
		int r = cof_json_obj(root, parts[i].key, &o, err);
		if (r == 0)
			r = parts[i].take(o, dir, m, err);
		if (r < 0)
			return cof_err_wrap(err, "%s", parts[i].key);
	}
	return 0;
}

static int take_root(const json_t *root, const char *dir, cof_manifest *m, cof_err *err)
{
	/* "measurements" is for people and for key brokers: a machine is started without a look at it. */
	static const char *const known[] = {"format",	    "version",	    "firmware",	      "kernel",
					    "initrd",	    "cmdline",	    "packages",	      "machine_profiles",
					    "tee_firmware", "measurements", "scratch_initrd", NULL};
	const char *format = NULL;
	int r = cof_json_str(root, "format", &format, err);
	if (r == 0 && strcmp(format, FORMAT) != 0)
		return malformed(err, "format", "not " FORMAT);
	if (r == 0)
		r = cof_json_only(root, known, err);
	if (r == 0)
		r = str_member(root, "version", &m->version, err);
	if (r == 0)
		r = take_parts(root, dir, m, err);
	if (r == 0)
		r = take_cmdline(root, m, err);
	if (r == 0)
		r = check_packages(root, err);
	if (r == 0)
		r = take_tees(root, dir, m, err);
	return r < 0 ? r : take_profiles(root, m, err);
}

int cof_manifest_parse(cof_span json, const char *dir, cof_manifest *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) root = NULL;
	COF_AUTO(cof_manifest) m = {0};
	cof_err inner = {0};
	int r = json.len > COF_MANIFEST_MAX ? malformed(&inner, "manifest", "too large")
					    : cof_json_parse(json, &root, &inner);
	if (r == 0)
		r = take_root(root, dir, &m, &inner);
	if (r < 0 && err != NULL)
		*err = inner;
	if (r < 0)
		return inner.cls == COF_E_INTERNAL || err == NULL ? r : as_malformed(err);
	*ret = m;
	m = (cof_manifest){0};
	return 0;
}

int cof_manifest_load(const char *path, cof_manifest *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_FREE char *dir = strdup(path);
	if (dir == NULL)
		return cof_err_oom(err);
	char *slash = strrchr(dir, '/');
	if (slash != NULL)
		slash[slash == dir ? 1 : 0] = 0;
	int r = cof_file_read(path, COF_MANIFEST_MAX, &text, err);
	if (r == 0)
		r = cof_manifest_parse(cof_buf_span(&text), slash != NULL ? dir : ".", ret, err);
	return r < 0 ? cof_err_wrap(err, "guest manifest %s", path) : 0;
}
