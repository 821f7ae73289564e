/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/image_policy.h"

#include <time.h>

#include "common/file.h"

static int read_key(void *arg, const char *path, cof_buf *ret, cof_err *err)
{
	(void)arg;
	return cof_file_read(path, COF_SIGPOLICY_KEY_MAX, ret, err);
}

/* Scopes of places on disk are absolute paths without links. *ret_path is the caller's to free. */
static int place_of(const cof_image_name *n, cof_sig_place *ret, char **ret_path, cof_err *err)
{
	static const char *const transports[] = {
		[COF_DEPOT_LAYOUT] = "oci",
		[COF_DEPOT_OCI_ARCHIVE] = "oci-archive",
		[COF_DEPOT_DOCKER_ARCHIVE] = "docker-archive",
		[COF_DEPOT_REGISTRY] = "docker",
	};
	*ret = (cof_sig_place){.transport = transports[n->kind]};
	if (n->kind == COF_DEPOT_REGISTRY) {
		ret->ref = &n->registry;
		return 0;
	}
	*ret_path = realpath(n->path, NULL);
	if (*ret_path == NULL)
		return cof_err_sys(err, "no-such-file", "%s", n->path);
	ret->path = *ret_path;
	ret->path_ref = n->tag[0] != '\0' ? n->tag : NULL;
	return 0;
}

int cof_cli_image_admit(const char *policy_file, const cof_image_name *name, const cof_image_source *source,
			const cof_image *image, cof_sig_report *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_sigpolicy) policy = NULL;
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_FREE char *path = NULL;
	cof_sigcheck check = {.asked = &image->asked,
			      .chosen = &image->digest,
			      .source = source,
			      .read_key = read_key,
			      .now = time(NULL)};
	int r = cof_file_read(policy_file, COF_SIGPOLICY_MAX, &text, err);
	if (r == 0)
		r = cof_sigpolicy_parse(cof_buf_span(&text), &policy, err);
	if (r == 0)
		r = place_of(name, &check.place, &path, err);
	check.policy = policy;
	return r < 0 ? r : cof_sigcheck_run(&check, ret, err);
}
