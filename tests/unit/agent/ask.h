/* SPDX-License-Identifier: Apache-2.0 */
/* The plainest CreateContainer that the test policy allows, with room for a hostile host's changes. */
#pragma once

#include "agent/gate.h"
#include "tests/unit/test.h"

#define ASK_DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ASK_REF "r.test/a@" ASK_DIGEST
#define TEXT(s) ((char *)(uintptr_t)(s))

static const char ask_policy_text[] =
	"{\"format\":\"coffer-policy/1\",\"containers\":[{\"image\":\"r.test/a\",\"digest\":\"" ASK_DIGEST
	"\",\"args\":[\"/app\",\"-v\"],\"env\":[\"A=b\"],\"cwd\":\"/w\",\"user\":{\"uid\":5,\"gid\":6}},"
	"{\"image\":\"r.test/plain\",\"digest\":\"" ASK_DIGEST "\"}],\"exec\":[[\"/bin/ok\"]],\"signals\":[15]}";

typedef struct ask {
	cof_policy *policy;
	Grpc__CreateContainerRequest m;
	Grpc__Storage storage;
	Grpc__Storage *storages[2];
	char *options[2];
	Grpc__Spec spec;
	Grpc__Process process;
	Grpc__User user;
	Grpc__Root root;
	Grpc__Hooks hooks;
	Grpc__Hook hook;
	Grpc__Hook *hook_list[1];
	Grpc__Mount mount;
	Grpc__Mount *mounts[1];
	Grpc__StringEntry entry;
	Grpc__StringEntry *entries[1];
	Grpc__Linux linux_;
	Grpc__LinuxResources resources;
	Grpc__LinuxNamespace ns;
	Grpc__LinuxNamespace *namespaces[1];
	char *words[4];
} ask;

__attribute__((unused)) static void ask_init(ask *a)
{
	*a = (ask){0};
	assert_ok(cof_policy_parse(cof_span_str(ask_policy_text), &a->policy, &err));
	grpc__create_container_request__init(&a->m);
	grpc__storage__init(&a->storage);
	grpc__spec__init(&a->spec);
	grpc__process__init(&a->process);
	grpc__user__init(&a->user);
	grpc__root__init(&a->root);
	grpc__hooks__init(&a->hooks);
	grpc__hook__init(&a->hook);
	grpc__mount__init(&a->mount);
	grpc__string_entry__init(&a->entry);
	grpc__linux__init(&a->linux_);
	grpc__linux_resources__init(&a->resources);
	grpc__linux_namespace__init(&a->ns);
	a->hook_list[0] = &a->hook;
	a->mounts[0] = &a->mount;
	a->entries[0] = &a->entry;
	a->namespaces[0] = &a->ns;
	a->storages[0] = a->storages[1] = &a->storage;
	a->options[0] = a->options[1] = TEXT("image_guest_pull={\"metadata\":{}}");
	a->storage.driver = TEXT("image_guest_pull");
	a->storage.driver_options = a->options;
	a->storage.n_driver_options = 1;
	a->storage.source = TEXT(ASK_REF);
	a->storage.fstype = TEXT("overlay");
	a->storage.mount_point = TEXT("/run/kata-containers/c1/rootfs");
	a->spec.process = &a->process;
	a->m.container_id = TEXT("c1");
	a->m.exec_id = TEXT("c1");
	a->m.storages = a->storages;
	a->m.n_storages = 1;
	a->m.oci = &a->spec;
}

__attribute__((unused)) static void ask_release(ask *a)
{
	cof_policy_free(a->policy);
}

__attribute__((unused)) static void ask_ok(ask *a)
{
	cof_gate_in in = {a->policy, &a->m.base};
	assert_ok(cof_gate_create_container(&in, &err));
}

/* Refused for policy, and the text names the field. */
__attribute__((unused)) static void ask_denied(ask *a, const char *field)
{
	cof_gate_in in = {a->policy, &a->m.base};
	cof_err err = {0};
	if (cof_gate_create_container(&in, &err) >= 0)
		fail_msg("allowed: %s", field);
	assert_true(err.cls == COF_E_POLICY || err.cls == COF_E_MALFORMED);
	if (strstr(err.text, field) == NULL)
		fail_msg("'%s' does not name %s", err.text, field);
}

/* Runs one change of a fresh request and expects its refusal. */
#define ASK_DENIED(field, change)                                                                                      \
	do {                                                                                                           \
		ask a;                                                                                                 \
		ask_init(&a);                                                                                          \
		change;                                                                                                \
		ask_denied(&a, field);                                                                                 \
		ask_release(&a);                                                                                       \
	} while (0)

#define ASK_OK(change)                                                                                                 \
	do {                                                                                                           \
		ask a;                                                                                                 \
		ask_init(&a);                                                                                          \
		change;                                                                                                \
		ask_ok(&a);                                                                                            \
		ask_release(&a);                                                                                       \
	} while (0)
