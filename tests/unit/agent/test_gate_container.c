/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/agent/ask.h"

static void gate_plain_request_is_allowed(void **state)
{
	(void)state;
	ASK_OK((void)0);
	ASK_OK(a.storage.fstype = TEXT(""));
	ASK_OK(a.m.exec_id = TEXT(""));
	ASK_OK((a.spec.root = &a.root, a.root.path = a.storage.mount_point));
}

static void t052_gate_ids(void **state)
{
	static const char *const bad[] = {"",	"a",   "..",  "../x",	   "a/b",  ".a",     "-a",
					  "_a", "a b", "a\n", "a\xc3\xa9", "/abs", "a/../b", "%2e%2e"};
	char longest[COF_ID_MAX + 2];
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		ASK_DENIED("container_id", a.m.container_id = TEXT(bad[i]));
		assert_fails(cof_gate_id(bad[i], "x", &err), "bad-id");
	}
	memset(longest, 'a', sizeof longest);
	longest[COF_ID_MAX + 1] = '\0';
	assert_fails(cof_gate_id(longest, "x", &err), "bad-id");
	longest[COF_ID_MAX] = '\0';
	assert_ok(cof_gate_id(longest, "x", &err));
	assert_ok(cof_gate_id("a.", "x", &err));
	assert_ok(cof_gate_id("0_-.Z", "x", &err));
}

static void t009_gate_image(void **state)
{
	(void)state;
	ASK_DENIED("containers", a.storage.source = TEXT("r.test/a"));
	ASK_DENIED("containers", a.storage.source = TEXT(""));
	ASK_DENIED("containers", a.storage.source = TEXT("pause"));
	ASK_DENIED("containers", a.storage.source = TEXT("r.test/b@" ASK_DIGEST));
	ASK_DENIED("containers",
		   a.storage.source = TEXT("r.test/a@sha256:"
					   "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"));
	/* Copies of the reference in other fields must agree. */
	ASK_DENIED("storages.driver_options",
		   a.options[0] = TEXT("image_guest_pull={\"metadata\":{\"io.kubernetes.cri.image-name\":\"evil\"}}"));
	ASK_DENIED("storages.driver_options",
		   a.options[0] = TEXT("image_guest_pull={\"metadata\":{\"io.kubernetes.cri-o.ImageName\":\"evil\"}}"));
	ASK_DENIED("storages.driver_options",
		   a.options[0] =
			   TEXT("image_guest_pull={\"metadata\":{\"io.kubernetes.cri.container-type\":\"sandbox\"}}"));
	ASK_OK(a.options[0] =
		       TEXT("image_guest_pull={\"metadata\":{\"io.kubernetes.cri.image-name\":\"" ASK_REF "\"}}"));
}

static void t010_gate_rootfs_sources(void **state)
{
	static const char *const drivers[] = {"",
					      "blk",
					      "scsi",
					      "overlayfs",
					      "local",
					      "ephemeral",
					      "virtio-fs",
					      "watchable-bind",
					      "nvdimm",
					      "image_guest_pull2",
					      "IMAGE_GUEST_PULL"};
	static const char *const points[] = {"",
					     "/",
					     "/etc",
					     "/run/kata-containers/c2/rootfs",
					     "/run/kata-containers/c1/rootfs/",
					     "/run/kata-containers/c1/../c1/rootfs",
					     "/run/kata-containers/c1/rootfs/proc",
					     "run/kata-containers/c1/rootfs"};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(drivers); i++)
		ASK_DENIED("storages.driver", a.storage.driver = TEXT(drivers[i]));
	for (size_t i = 0; i < COF_COUNT(points); i++)
		ASK_DENIED("storages.mount_point", a.storage.mount_point = TEXT(points[i]));
	ASK_DENIED("storages", a.m.n_storages = 0);
	ASK_DENIED("storages", a.m.n_storages = 2);
	ASK_DENIED("storages.fstype", a.storage.fstype = TEXT("ext4"));
	ASK_DENIED("storages.shared", a.storage.shared = 1);
	ASK_DENIED("storages.options",
		   (a.words[0] = TEXT("bind"), a.storage.options = a.words, a.storage.n_options = 1));
	ASK_DENIED("storages.driver_options", a.storage.n_driver_options = 0);
	ASK_DENIED("storages.driver_options", a.storage.n_driver_options = 2);
	ASK_DENIED("OCI.Root.Path", (a.spec.root = &a.root, a.root.path = TEXT("/")));
	ASK_DENIED("OCI.Root.Path", (a.spec.root = &a.root, a.root.path = TEXT("rootfs")));
	Grpc__FSGroup group = GRPC__FSGROUP__INIT;
	ASK_DENIED("storages.fs_group", a.storage.fs_group = &group);
}

static void t009_gate_driver_option_is_strict_json(void **state)
{
	static const char *const bad[] = {
		"",
		"image_guest_pull",
		"image_guest_pull=",
		"image_guest_pull={}",
		"image_guest_pull=[]",
		"image_guest_pull={\"metadata\":[]}",
		"image_guest_pull={\"metadata\":{},\"x\":1}",
		"image_guest_pull={\"metadata\":{}}x",
		"x=image_guest_pull={\"metadata\":{}}",
		"image_guest_pull={\"metadata\":{},\"metadata\":{}}",
		"image_guest_pull={\"metadata\":{\"io.kubernetes.cri.image-name\":7}}",
		"image_guest_pull={\"metadata\":{\"io.kubernetes.cri.image-name\":null}}",
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		ask a;
		ask_init(&a);
		a.options[0] = TEXT(bad[i]);
		cof_gate_in in = {a.policy, &a.m.base};
		assert_true(cof_gate_create_container(&in, NULL) < 0);
		ask_release(&a);
	}
}

static void t011_gate_mounts(void **state)
{
	static const char *const places[] = {"/etc",	"/",
					     "/proc/1", "/dev/shm/x",
					     "/run",	"/etc/resolv.conf",
					     "",	"/var/run/secrets/kubernetes.io/serviceaccount",
					     "/proc/"};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(places); i++)
		ASK_DENIED("OCI.Mounts", (a.spec.mounts = a.mounts, a.spec.n_mounts = 1,
					  a.mount.destination = TEXT(places[i]), a.mount.type = TEXT("bind")));
	ASK_DENIED("OCI.Mounts", (a.spec.mounts = a.mounts, a.spec.n_mounts = 1, a.mount.destination = TEXT("/proc"),
				  a.mount.type = TEXT("bind"), a.mount.source = TEXT("/")));
	ASK_DENIED("OCI.Mounts", (a.spec.mounts = a.mounts, a.spec.n_mounts = 1, a.mount.destination = TEXT("/dev"),
				  a.mount.type = TEXT("devtmpfs")));
	static const char *const smuggled[] = {"bind", "rbind", "ro,bind", "move", "remount", "rshared"};
	for (size_t i = 0; i < COF_COUNT(smuggled); i++)
		ASK_DENIED("OCI.Mounts",
			   (a.spec.mounts = a.mounts, a.spec.n_mounts = 1, a.mount.destination = TEXT("/proc"),
			    a.mount.type = TEXT("proc"), a.words[0] = TEXT(smuggled[i]), a.mount.options = a.words,
			    a.mount.n_options = 1));
	ASK_OK((a.spec.mounts = a.mounts, a.spec.n_mounts = 1, a.mount.destination = TEXT("/proc"),
		a.mount.type = TEXT("proc"), a.words[0] = TEXT("nosuid"), a.mount.options = a.words,
		a.mount.n_options = 1));
	Grpc__SharedMount shared = GRPC__SHARED_MOUNT__INIT;
	Grpc__SharedMount *list[] = {&shared};
	ASK_DENIED("shared_mounts", (a.m.shared_mounts = list, a.m.n_shared_mounts = 1));
	Grpc__Device device = GRPC__DEVICE__INIT;
	Grpc__Device *devices[] = {&device};
	ASK_DENIED("devices", (a.m.devices = devices, a.m.n_devices = 1));
}

static void t012_gate_hooks(void **state)
{
	(void)state;
	ASK_DENIED("OCI.Hooks", (a.spec.hooks = &a.hooks, a.hooks.prestart = a.hook_list, a.hooks.n_prestart = 1));
	ASK_DENIED("OCI.Hooks", (a.spec.hooks = &a.hooks, a.hooks.poststart = a.hook_list, a.hooks.n_poststart = 1));
	ASK_DENIED("OCI.Hooks", (a.spec.hooks = &a.hooks, a.hooks.poststop = a.hook_list, a.hooks.n_poststop = 1));
	ASK_DENIED("OCI.Hooks",
		   (a.spec.hooks = &a.hooks, a.hooks.createruntime = a.hook_list, a.hooks.n_createruntime = 1));
	ASK_DENIED("OCI.Hooks",
		   (a.spec.hooks = &a.hooks, a.hooks.createcontainer = a.hook_list, a.hooks.n_createcontainer = 1));
	ASK_DENIED("OCI.Hooks",
		   (a.spec.hooks = &a.hooks, a.hooks.startcontainer = a.hook_list, a.hooks.n_startcontainer = 1));
	ASK_OK(a.spec.hooks = &a.hooks);
}

static void t056_gate_process(void **state)
{
	(void)state;
	/* Exactly the policy's words, or none. */
	ASK_OK((a.words[0] = TEXT("/app"), a.words[1] = TEXT("-v"), a.process.args = a.words, a.process.n_args = 2));
	ASK_DENIED("OCI.Process.Args", (a.words[0] = TEXT("/app"), a.process.args = a.words, a.process.n_args = 1));
	ASK_DENIED("OCI.Process.Args", (a.words[0] = TEXT("/bin/sh"), a.words[1] = TEXT("-v"), a.process.args = a.words,
					a.process.n_args = 2));
	ASK_OK((a.words[0] = TEXT("A=b"), a.process.env = a.words, a.process.n_env = 1));
	ASK_DENIED("OCI.Process.Env",
		   (a.words[0] = TEXT("LD_PRELOAD=/x"), a.process.env = a.words, a.process.n_env = 1));
	ASK_DENIED("OCI.Process.Env", (a.words[0] = TEXT("A=b"), a.words[1] = TEXT("LD_PRELOAD=/x"),
				       a.process.env = a.words, a.process.n_env = 2));
	ASK_OK(a.process.cwd = TEXT("/w"));
	ASK_DENIED("OCI.Process.Cwd", a.process.cwd = TEXT("/"));
	ASK_DENIED("OCI.Process.Cwd", a.process.cwd = TEXT("../.."));
	ASK_DENIED("OCI.Process.Terminal", a.process.terminal = 1);
	ASK_DENIED("OCI.Process", a.process.apparmorprofile = TEXT("unconfined"));
	ASK_OK((a.process.user = &a.user, a.user.uid = 5, a.user.gid = 6));
	ASK_OK(a.process.user = &a.user);
	ASK_DENIED("OCI.Process.User", (a.process.user = &a.user, a.user.uid = 5));
	ASK_DENIED("OCI.Process.User", (a.process.user = &a.user, a.user.uid = 1000, a.user.gid = 6));
	ASK_DENIED("OCI.Process.User", (a.process.user = &a.user, a.user.username = TEXT("root")));
	uint32_t gids[] = {0};
	ASK_DENIED("OCI.Process.User", (a.process.user = &a.user, a.user.uid = 5, a.user.gid = 6,
					a.user.additionalgids = gids, a.user.n_additionalgids = 1));
}

/* A policy that says nothing of args, env, cwd and user lets the host say nothing of them either. */
static void t056_gate_absent_never_matches_anything(void **state)
{
	(void)state;
#define PLAIN a.storage.source = TEXT("r.test/plain@" ASK_DIGEST)
	ASK_OK(PLAIN);
	ASK_DENIED("OCI.Process.Args",
		   (PLAIN, a.words[0] = TEXT("/app"), a.process.args = a.words, a.process.n_args = 1));
	ASK_DENIED("OCI.Process.Args", (PLAIN, a.words[0] = TEXT(""), a.process.args = a.words, a.process.n_args = 1));
	ASK_DENIED("OCI.Process.Env", (PLAIN, a.words[0] = TEXT("A=b"), a.process.env = a.words, a.process.n_env = 1));
	ASK_DENIED("OCI.Process.Cwd", (PLAIN, a.process.cwd = TEXT("/")));
	ASK_DENIED("OCI.Process.User", (PLAIN, a.process.user = &a.user, a.user.uid = 1));
}

static void t009_gate_annotations(void **state)
{
	(void)state;
#define NOTE(k, v)                                                                                                     \
	(a.spec.annotations = a.entries, a.spec.n_annotations = 1, a.entry.key = TEXT(k), a.entry.value = TEXT(v))
	ASK_OK(NOTE("io.kubernetes.cri.image-name", ASK_REF));
	ASK_OK(NOTE("io.kubernetes.cri.container-type", "container"));
	ASK_DENIED("OCI.Annotations", NOTE("io.kubernetes.cri.image-name", "r.test/evil"));
	ASK_DENIED("OCI.Annotations", NOTE("io.kubernetes.cri.container-type", "sandbox"));
	ASK_DENIED("OCI.Annotations", NOTE("run.oci.seccomp", "unconfined"));
	ASK_DENIED("OCI.Annotations", NOTE("", ""));
}

static void t051_gate_surroundings(void **state)
{
	(void)state;
	ASK_DENIED("exec_id", a.m.exec_id = TEXT("other"));
	ASK_DENIED("sandbox_pidns", a.m.sandbox_pidns = 1);
	ASK_DENIED("stdin_port", a.m.stdin_port = 1027);
	ASK_DENIED("stdin_port", a.m.stdout_port = 1027);
	ASK_DENIED("stdin_port", a.m.stderr_port = 1027);
	ASK_DENIED("OCI", a.m.oci = NULL);
	Grpc__StringUser user = GRPC__STRING_USER__INIT;
	ASK_DENIED("string_user", a.m.string_user = &user);
	ASK_DENIED("OCI.Hostname", a.spec.hostname = TEXT("a b"));
	Grpc__Windows windows = GRPC__WINDOWS__INIT;
	ASK_DENIED("OCI.Windows", a.spec.windows = &windows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t052_gate_ids),
		cmocka_unit_test(t009_gate_image),
		cmocka_unit_test(t010_gate_rootfs_sources),
		cmocka_unit_test(t009_gate_driver_option_is_strict_json),
		cmocka_unit_test(t011_gate_mounts),
		cmocka_unit_test(t012_gate_hooks),
		cmocka_unit_test(t056_gate_process),
		cmocka_unit_test(t056_gate_absent_never_matches_anything),
		cmocka_unit_test(t009_gate_annotations),
		cmocka_unit_test(t051_gate_surroundings),
		cmocka_unit_test(gate_plain_request_is_allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
