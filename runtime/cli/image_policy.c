/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/image_policy.h"

#include <time.h>

#include "common/file.h"

static int read_key(void *arg, const char *path, cof_buf *ret, cof_err *err)
{
	(void)arg;
	if (strncmp(path, "kbs://", 6) == 0)
		return cof_err_set(err, COF_E_USAGE, "signature-key",
				   "%.100s: keys of the key broker are for guests; put the key's file into the policy",
				   path);
	return cof_file_read(path, COF_SIGPOLICY_KEY_MAX, ret, err);
}

int cof_cli_image_identity(const char *text, cof_ref *ret, cof_err *err)
{
	const char *slash = strrchr(text, '/');
	int r = cof_ref_parse(text, ret, err);
	if (r == 0 && strpbrk(slash != NULL ? slash : text, ":@") == NULL)
		ret->tag[0] = '\0';
	return r;
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

static int judge_by(cof_sigcheck *check, const char *file, size_t max,
		    int (*read)(cof_span, cof_sigpolicy **, cof_err *), cof_sig_report *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_sigpolicy) policy = NULL;
	COF_AUTO(cof_buf) text = {0};
	int r = cof_file_read(file, max, &text, err);
	if (r == 0)
		r = read(cof_buf_span(&text), &policy, err);
	check->policy = policy;
	return r < 0 ? r : cof_sigcheck_run(check, ret, err);
}

int cof_cli_image_judge(const cof_cli_judge *in, cof_sig_report *ret, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	cof_ref identity;
	cof_sigcheck check = {.asked = &in->image->asked,
			      .chosen = &in->image->digest,
			      .source = in->source,
			      .given = in->given,
			      .n_given = in->n_given,
			      .read_key = read_key,
			      .now = time(NULL)};
	int r = in->identity != NULL ? cof_cli_image_identity(in->identity, &identity, err)
				     : place_of(in->name, &check.place, &path, err);
	if (in->identity != NULL)
		check.place = (cof_sig_place){.transport = "docker", .ref = &identity};
	if (r == 0 && in->key_file != NULL)
		r = judge_by(&check, in->key_file, COF_SIGPOLICY_KEY_MAX, cof_sigpolicy_of_key, ret, err);
	if (r == 0 && in->policy_file != NULL)
		r = judge_by(&check, in->policy_file, COF_SIGPOLICY_MAX, cof_sigpolicy_parse, ret, err);
	return r;
}

int cof_cli_image_admit(const char *policy_file, const cof_image_name *name, const cof_image_source *source,
			const cof_image *image, cof_sig_report *ret, cof_err *err)
{
	const cof_cli_judge in = {.policy_file = policy_file, .name = name, .source = source, .image = image};
	return cof_cli_image_judge(&in, ret, err);
}

json_t *cof_cli_image_signature(const cof_sig_report *r)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:I}", "scope", r->scope, "kind", cof_sig_kind_name(r->kind), "identity",
			 r->identity, "key", r->key, "seen", (json_int_t)r->seen);
}
