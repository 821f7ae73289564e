/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CreateContainer: the request with the most to say. The agent makes the container itself (spec.h), so most of the
 * host's OCI spec has no effect; it is still read to the end, and what goes beyond the policy refuses the call.
 */
#include <stdio.h>

#include "agent/gate.h"
#include "common/json.h"

enum { OPTION_MAX = 16 << 10 };

static const char pull_prefix[] = "image_guest_pull=";

static bool is_empty(const char *s)
{
	return s[0] == '\0';
}

/* --- the storage: what to run --- */

static int check_metadata(const json_t *metadata, const char *reference, cof_err *err)
{
	static const char *const names[] = {"io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName"};
	static const char *const types[] = {"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"};
	const char *said = NULL;
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		int r = cof_json_opt_str(metadata, names[i], &said, err);
		if (r < 0)
			return r;
		if (said != NULL && strcmp(said, reference) != 0)
			return cof_gate_deny(err, "storages.driver_options", "names another image than source");
		r = cof_json_opt_str(metadata, types[i], &said, err);
		if (r < 0)
			return r;
		if (said != NULL && strcmp(said, "container") != 0)
			return cof_gate_deny(err, "storages.driver_options", "asks for another kind of container");
	}
	return 0;
}

/* spec: Kata guest pull: image_guest_pull={"metadata":{string: string}} */
static int check_option(const char *option, const char *reference, cof_err *err)
{
	static const char *const known[] = {"metadata", NULL};
	COF_AUTO_PTR(json_t) doc = NULL;
	json_t *metadata = NULL;
	size_t n = sizeof pull_prefix - 1;
	if (strncmp(option, pull_prefix, n) != 0 || strlen(option) > OPTION_MAX)
		return cof_gate_deny(err, "storages.driver_options", "not an image pull");
	int r = cof_json_parse(cof_span_str(option + n), &doc, err);
	if (r == 0)
		r = cof_json_only(doc, known, err);
	if (r == 0)
		r = cof_json_obj(doc, "metadata", &metadata, err);
	return r < 0 ? r : check_metadata(metadata, reference, err);
}

int cof_gate_storage(const Grpc__CreateContainerRequest *m, cof_err *err)
{
	char want[COF_ID_MAX + 64];
	if (m->n_storages != 1)
		return cof_gate_deny(err, "storages", "exactly one image pull is allowed");
	const Grpc__Storage *s = m->storages[0];
	(void)snprintf(want, sizeof want, "%s/%s/rootfs", COF_GATE_BUNDLES, m->container_id);
	if (strcmp(s->driver, "image_guest_pull") != 0)
		return cof_gate_deny(err, "storages.driver", "a rootfs comes from a pull in the guest only");
	if (strcmp(s->mount_point, want) != 0)
		return cof_gate_deny(err, "storages.mount_point", "not this container's rootfs");
	if (!is_empty(s->fstype) && strcmp(s->fstype, "overlay") != 0)
		return cof_gate_deny(err, "storages.fstype", "not overlay");
	if (s->n_options != 0)
		return cof_gate_deny(err, "storages.options", "not empty");
	if (s->fs_group != NULL)
		return cof_gate_deny(err, "storages.fs_group", "not empty");
	if (s->shared)
		return cof_gate_deny(err, "storages.shared", "not allowed");
	if (s->n_driver_options != 1)
		return cof_gate_deny(err, "storages.driver_options", "exactly one is allowed");
	return check_option(s->driver_options[0], s->source, err);
}

/* --- the process --- */

static bool user_is_unsaid(const Grpc__User *u)
{
	return u == NULL || (u->uid == 0 && u->gid == 0 && u->n_additionalgids == 0 &&
			     (u->username == NULL || is_empty(u->username)));
}

static int check_user(const Grpc__User *u, const cof_policy_container *allowed, cof_err *err)
{
	if (user_is_unsaid(u))
		return 0;
	if (!allowed->has_user || u->uid != allowed->uid || u->gid != allowed->gid || u->n_additionalgids != 0 ||
	    !is_empty(u->username))
		return cof_gate_deny(err, "OCI.Process.User", "user does not allow it");
	return 0;
}

int cof_gate_process(const Grpc__Process *p, const cof_policy_container *allowed, cof_err *err)
{
	if (p == NULL)
		return 0;
	if (p->terminal && !allowed->terminal)
		return cof_gate_deny(err, "OCI.Process.Terminal", "terminal does not allow it");
	if (p->n_args != 0 && !(allowed->args.set && cof_words_equal(&allowed->args, p->args, p->n_args)))
		return cof_gate_deny(err, "OCI.Process.Args", "args does not allow them");
	if (p->n_env != 0 && !(allowed->env.set && cof_words_equal(&allowed->env, p->env, p->n_env)))
		return cof_gate_deny(err, "OCI.Process.Env", "env does not allow it");
	if (!is_empty(p->cwd) && !(allowed->cwd != NULL && strcmp(allowed->cwd, p->cwd) == 0))
		return cof_gate_deny(err, "OCI.Process.Cwd", "cwd does not allow it");
	if (!is_empty(p->apparmorprofile) || !is_empty(p->selinuxlabel))
		return cof_gate_deny(err, "OCI.Process.SelinuxLabel", "labels are not the host's");
	return check_user(p->user, allowed, err);
}

/* --- what the spec may not hold --- */

static int check_hooks(const Grpc__Hooks *h, cof_err *err)
{
	if (h == NULL || (h->n_prestart == 0 && h->n_poststart == 0 && h->n_poststop == 0 && h->n_createruntime == 0 &&
			  h->n_createcontainer == 0 && h->n_startcontainer == 0))
		return 0;
	return cof_gate_deny(err, "OCI.Hooks", "hooks are not run");
}

typedef struct mount_rule {
	const char *destination, *type;
} mount_rule;

/* The kernel file systems that every container has, which we make ourselves. */
static const mount_rule mounts[] = {
	{"/proc", "proc"},	   {"/dev", "tmpfs"}, {"/dev/pts", "devpts"},	    {"/dev/shm", "tmpfs"},
	{"/dev/mqueue", "mqueue"}, {"/sys", "sysfs"}, {"/sys/fs/cgroup", "cgroup"}, {"/sys/fs/cgroup", "cgroup2"},
};

/* "bind" has been smuggled as an option beside an innocent type. */
static bool binds(const Grpc__Mount *m)
{
	static const char *const words[] = {"bind", "rbind", "move", "remount", "shared", "rshared"};
	for (size_t i = 0; i < m->n_options; i++)
		for (size_t k = 0; k < COF_COUNT(words); k++)
			if (strstr(m->options[i], words[k]) != NULL)
				return true;
	return false;
}

static int check_mount(const Grpc__Mount *m, cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(mounts); i++)
		if (strcmp(m->destination, mounts[i].destination) == 0 && strcmp(m->type, mounts[i].type) == 0)
			return binds(m) ? cof_gate_deny(err, "OCI.Mounts", "a bind in disguise") : 0;
	return cof_gate_deny(err, "OCI.Mounts", "only the kernel's own file systems are allowed");
}

typedef struct annotation_rule {
	const char *key, *value; /* NULL: the image reference */
} annotation_rule;

static const annotation_rule annotations[] = {
	{"io.kubernetes.cri.image-name", NULL},
	{"io.kubernetes.cri.container-type", "container"},
};

static int check_annotation(const Grpc__StringEntry *a, const char *reference, cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(annotations); i++) {
		const char *want = annotations[i].value != NULL ? annotations[i].value : reference;
		if (strcmp(a->key, annotations[i].key) == 0 && strcmp(a->value, want) == 0)
			return 0;
	}
	return cof_gate_deny(err, "OCI.Annotations", "the policy knows none");
}

static int check_lists(const Grpc__Spec *s, const char *reference, cof_err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < s->n_mounts; i++)
		r = check_mount(s->mounts[i], err);
	for (size_t i = 0; r == 0 && i < s->n_annotations; i++)
		r = check_annotation(s->annotations[i], reference, err);
	return r;
}

int cof_gate_spec(const Grpc__Spec *s, const char *reference, const cof_policy_container *allowed, cof_err *err)
{
	if (s->solaris != NULL || s->windows != NULL)
		return cof_gate_deny(err, "OCI.Windows", "not this platform");
	if (!is_empty(s->hostname)) {
		int bad = cof_gate_id(s->hostname, "OCI.Hostname", err);
		if (bad < 0)
			return bad;
	}
	int r = check_hooks(s->hooks, err);
	if (r == 0)
		r = check_lists(s, reference, err);
	if (r == 0)
		r = cof_gate_process(s->process, allowed, err);
	return r < 0 ? r : cof_gate_linux(s->linux_, err);
}

static int check_root(const Grpc__CreateContainerRequest *m, cof_err *err)
{
	const Grpc__Root *root = m->oci->root;
	if (root == NULL || is_empty(root->path) || strcmp(root->path, m->storages[0]->mount_point) == 0)
		return 0;
	return cof_gate_deny(err, "OCI.Root.Path", "not the pulled rootfs");
}

static int check_surroundings(const Grpc__CreateContainerRequest *m, cof_err *err)
{
	if (!is_empty(m->exec_id) && strcmp(m->exec_id, m->container_id) != 0)
		return cof_gate_deny(err, "exec_id", "not the container's");
	if (m->string_user != NULL)
		return cof_gate_deny(err, "string_user", "the image or the policy names the user");
	if (m->n_devices != 0)
		return cof_gate_deny(err, "devices", "not empty");
	if (m->sandbox_pidns)
		return cof_gate_deny(err, "sandbox_pidns", "process namespaces are not shared");
	if (m->n_shared_mounts != 0)
		return cof_gate_deny(err, "shared_mounts", "not empty");
	if (m->stdin_port != 0 || m->stdout_port != 0 || m->stderr_port != 0)
		return cof_gate_deny(err, "stdin_port", "streams go by the io port");
	if (m->oci == NULL)
		return cof_gate_deny(err, "OCI", "missing");
	return 0;
}

int cof_gate_create_container(const cof_gate_in *in, cof_err *err)
{
	const Grpc__CreateContainerRequest *m = cof_pb_as(Grpc__CreateContainerRequest, in->message);
	const cof_policy_container *allowed = NULL;
	int r = cof_gate_id(m->container_id, "container_id", err);
	if (r == 0)
		r = check_surroundings(m, err);
	if (r == 0)
		r = cof_gate_storage(m, err);
	if (r == 0)
		r = cof_policy_image(in->policy, m->storages[0]->source, &allowed, err);
	if (r == 0)
		r = check_root(m, err);
	return r < 0 ? r : cof_gate_spec(m->oci, m->storages[0]->source, allowed, err);
}
