/* SPDX-License-Identifier: Apache-2.0 */
/* The linux part of a host's OCI spec: limits may come down, everything else is ours. */
#include "agent/gate.h"

static bool is_empty(const char *s)
{
	return s[0] == '\0';
}

static bool listed(const char *s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(s, words[i]) == 0)
			return true;
	return false;
}

static int check_namespaces(const Grpc__Linux *l, cof_err *err)
{
	static const char *const known[] = {"pid", "mount", "ipc", "uts", "cgroup", "network"};
	for (size_t i = 0; i < l->n_namespaces; i++) {
		if (!listed(l->namespaces[i]->type, known, COF_COUNT(known)))
			return cof_gate_deny(err, "OCI.Linux.Namespaces", "an unknown type");
		if (!is_empty(l->namespaces[i]->path))
			return cof_gate_deny(err, "OCI.Linux.Namespaces", "none is joined by path");
	}
	return 0;
}

static int check_limits(const Grpc__LinuxResources *r, cof_err *err)
{
	for (size_t i = 0; i < r->n_devices; i++)
		if (r->devices[i]->allow)
			return cof_gate_deny(err, "OCI.Linux.Resources.Devices", "no device is granted");
	if (r->blockio != NULL || r->n_hugepagelimits != 0 || r->network != NULL)
		return cof_gate_deny(err, "OCI.Linux.Resources", "only memory, CPU and process limits");
	if (r->memory != NULL &&
	    (r->memory->swap > 0 || r->memory->kernel != 0 || r->memory->kerneltcp != 0 || r->memory->disableoomkiller))
		return cof_gate_deny(err, "OCI.Linux.Resources.Memory", "only a limit");
	if (r->memory != NULL && r->memory->limit < 0)
		return cof_gate_deny(err, "OCI.Linux.Resources.Memory", "limits only come down");
	if (r->pids != NULL && r->pids->limit < 0)
		return cof_gate_deny(err, "OCI.Linux.Resources.Pids", "limits only come down");
	return 0;
}

int cof_gate_linux(const Grpc__Linux *l, cof_err *err)
{
	static const char *const propagation[] = {"", "private", "rprivate"};
	if (l == NULL)
		return 0;
	if (l->n_uidmappings != 0 || l->n_gidmappings != 0)
		return cof_gate_deny(err, "OCI.Linux.UIDMappings", "not the host's to map");
	if (l->n_sysctl != 0)
		return cof_gate_deny(err, "OCI.Linux.Sysctl", "not empty");
	if (l->n_devices != 0)
		return cof_gate_deny(err, "OCI.Linux.Devices", "not empty");
	if (!is_empty(l->mountlabel) || l->intelrdt != NULL)
		return cof_gate_deny(err, "OCI.Linux.MountLabel", "labels are not the host's");
	if (!listed(l->rootfspropagation, propagation, COF_COUNT(propagation)))
		return cof_gate_deny(err, "OCI.Linux.RootfsPropagation", "only private");
	int r = check_namespaces(l, err);
	return r < 0 || l->resources == NULL ? r : check_limits(l->resources, err);
}
