/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/owner.h"

#include <fcntl.h>

#include "agent/disk.h"
#include "common/file.h"
#include "common/toml.h"

enum { CA_MAX = 64 << 10 };

void cof_owner_release(cof_owner *o)
{
	cof_buf_release(&o->toml);
	cof_initdata_release(&o->initdata);
	free(o->registry_ca);
	free(o->proxy);
	if (o->policy != NULL)
		cof_policy_free(o->policy);
	*o = (cof_owner){0};
}

/* --- cdh.toml: what of it the registry client needs; the rest is for other components of the owner's --- */

static int add_certificates(const json_t *image, cof_buf *to, cof_err *err)
{
	json_t *list = json_object_get(image, "extra_root_certificates");
	if (list == NULL)
		return 0;
	if (!json_is_array(list))
		return cof_err_set(err, COF_E_MALFORMED, "initdata-malformed",
				   "cdh.toml: extra_root_certificates is not a list");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *pem = json_string_value(json_array_get(list, i));
		if (pem == NULL)
			return cof_err_set(err, COF_E_MALFORMED, "initdata-malformed",
					   "cdh.toml: extra_root_certificates holds more than strings");
		int r = cof_buf_printf(to, err, "%s\n", pem);
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_proxy(const json_t *image, cof_owner *o, cof_err *err)
{
	const char *url = NULL;
	const json_t *proxy = json_object_get(image, "image_pull_proxy");
	if (proxy == NULL)
		return 0;
	int r = cof_json_opt_str(proxy, "https_proxy", &url, err);
	if (r < 0 || url == NULL)
		return r;
	o->proxy = strdup(url);
	return o->proxy == NULL ? cof_err_oom(err) : 0;
}

static int parse_cdh(cof_owner *o, cof_err *err)
{
	COF_AUTO(cof_buf) ca = cof_buf_capped(CA_MAX);
	COF_AUTO_PTR(json_t) doc = NULL;
	int r = 0;
	if (o->cdh_toml != NULL) {
		r = cof_toml_parse(cof_span_str(o->cdh_toml), &doc, err);
		if (r < 0)
			return cof_err_wrap(err, "cdh.toml");
		json_t *image = json_object_get(doc, "image");
		r = image == NULL ? 0 : add_certificates(image, &ca, err);
		if (r == 0 && image != NULL)
			r = take_proxy(image, o, err);
	}
	if (r < 0)
		return r;
	o->registry_ca = strdup(cof_buf_str(&ca));
	return o->registry_ca == NULL ? cof_err_oom(err) : 0;
}

static int take_policy(cof_owner *o, cof_err *err)
{
	const char *ours = cof_initdata_entry(&o->initdata, "policy.json");
	if (ours != NULL)
		return cof_policy_parse(cof_span_str(ours), &o->policy, err);
	/* A policy in a language that this agent does not speak must not become no policy. */
	if (cof_initdata_entry(&o->initdata, "policy.rego") != NULL)
		return cof_err_set(err, COF_E_POLICY, "policy-unsupported",
				   "initdata has policy.rego and no policy.json");
	return cof_err_set(err, COF_E_POLICY, "policy-missing", "initdata has no policy.json");
}

int cof_owner_parse(cof_span disk, cof_owner *ret, cof_err *err)
{
	COF_AUTO(cof_owner) o = {0};
	cof_err why = {0};
	int r = cof_initdata_unpack(disk, &o.toml, &why);
	if (r < 0 && cof_err_is(&why, "initdata-absent"))
		return cof_err_set(err, COF_E_POLICY, "initdata-missing", "the initdata disk is empty");
	if (r < 0)
		return cof_err_set(err, why.cls, why.reason, "%s", why.text);
	r = cof_initdata_parse(cof_buf_span(&o.toml), &o.initdata, err);
	if (r < 0)
		return r;
	o.aa_toml = cof_initdata_entry(&o.initdata, "aa.toml");
	o.cdh_toml = cof_initdata_entry(&o.initdata, "cdh.toml");
	r = take_policy(&o, err);
	if (r == 0)
		r = parse_cdh(&o, err);
	if (r < 0)
		return r;
	*ret = o;
	o = (cof_owner){0};
	return 0;
}

/* --- the disk --- */

/* A device is longer than what is in it: the limit ends the reading, not the guest. */
static int read_head(const char *path, cof_buf *ret, cof_err *err)
{
	COF_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return cof_err_sys(err, "initdata-missing", "%s", path);
	int r = cof_buf_reserve(ret, COF_INITDATA_DISK_MAX, err);
	while (r == 0 && ret->len < COF_INITDATA_DISK_MAX) {
		ssize_t n = read(fd, ret->data + ret->len, COF_INITDATA_DISK_MAX - ret->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cof_err_sys(err, "initdata-missing", "%s", path);
		if (n == 0)
			break;
		ret->len += (size_t)n;
		ret->data[ret->len] = 0;
	}
	return r;
}

int cof_owner_read_file(const char *path, cof_buf *ret, cof_err *err)
{
	return read_head(path, ret, err);
}

/* The host chose the disks: two that claim to be this one are a question that only it could answer. */
int cof_owner_read_disk(const char *sysfs, const char *dev, cof_buf *ret, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO_FREE char *name = NULL;
	size_t found = cof_disk_find(sysfs, "coffer-initdata", &name);
	if (found > 1)
		return cof_err_set(err, COF_E_POLICY, "initdata-ambiguous", "%zu disks have the serial coffer-initdata",
				   found);
	if (found == 0)
		return cof_err_set(err, COF_E_POLICY, "initdata-missing", "no disk has the serial coffer-initdata");
	int r = cof_path(&path, err, "%s/%s", dev, name);
	return r < 0 ? r : read_head(path, ret, err);
}
