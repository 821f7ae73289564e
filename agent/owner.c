/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/owner.h"

#include <fcntl.h>

#include "agent/disk.h"
#include "common/file.h"

void cof_owner_release(cof_owner *o)
{
	cof_buf_release(&o->toml);
	cof_initdata_release(&o->initdata);
	cof_cdh_release(&o->cdh);
	if (o->policy != NULL)
		cof_policy_free(o->policy);
	*o = (cof_owner){0};
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
	r = take_policy(&o, err);
	if (r == 0)
		r = cof_cdh_parse(cof_initdata_entry(&o.initdata, "cdh.toml"), &o.cdh, err);
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
