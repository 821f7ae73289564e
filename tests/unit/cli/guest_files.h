/* SPDX-License-Identifier: Apache-2.0 */
/* A guest image of four small files with a manifest that is right about them, and a QEMU that leaves a mark. */
#pragma once

#include <signal.h>
#include <sys/wait.h>

#include "common/hex.h"
#include "runtime/cli/measure_guest.h"
#include "tests/unit/kbs/tmpdir.h"

static const char *const guest_file_names[] = {"code.fd", "vars.fd", "vmlinuz", "initrd"};

typedef struct guest_files {
	tmpdir dir;
	char manifest[160], qemu[160], mark[160], tmp[160];
} guest_files;

static inline void guest_put(const guest_files *g, const char *name, const char *text, mode_t mode)
{
	char path[160];
	assert_ok(cof_file_write(tmpdir_path(&g->dir, name, path), cof_span_str(text), mode, &err));
}

static inline void guest_files_make(guest_files *g, const char *machine)
{
	COF_AUTO(cof_buf) m = {0};
	char hex[4][65];
	g->dir = tmpdir_new();
	for (size_t i = 0; i < 4; i++) {
		uint8_t d[COF_SHA256_LEN];
		guest_put(g, guest_file_names[i], guest_file_names[i], 0600);
		assert_ok(cof_sha256(cof_span_str(guest_file_names[i]), d, &err));
		cof_hex(cof_span_of(d, sizeof d), hex[i]);
	}
	assert_ok(cof_buf_printf(
		&m, &err,
		"{\"format\":\"coffer-guest-manifest/1\",\"version\":\"0.1.0\",\"firmware\":{\"file\":\"code.fd\","
		"\"sha256\":\"%s\",\"vars\":\"vars.fd\",\"vars_sha256\":\"%s\",\"package\":\"ovmf\",\"package_"
		"version\":"
		"\"1\"},\"kernel\":{\"file\":\"vmlinuz\",\"sha256\":\"%s\",\"release\":\"6\",\"package\":\"l\","
		"\"package_version\":\"1\"},\"initrd\":{\"file\":\"initrd\",\"sha256\":\"%s\",\"bytes\":6},\"cmdline\":"
		"\"quiet\",\"packages\":[],\"machine_profiles\":{\"default\":{\"memory_mib\":512,\"vcpus\":1,\"cpu\":"
		"\"max\",\"machine\":\"%s\"}}}",
		hex[0], hex[1], hex[2], hex[3], machine));
	guest_put(g, "manifest.json", cof_buf_str(&m), 0600);
	(void)tmpdir_path(&g->dir, "manifest.json", g->manifest);
	(void)tmpdir_path(&g->dir, "mark", g->mark);
	m.len = 0;
	assert_ok(cof_buf_printf(&m, &err,
				 "#!/bin/sh\n[ \"$1\" = --version ] && echo 'QEMU emulator version 7.2.0' && exit 0\n"
				 ": >%s\nexit 1\n",
				 g->mark));
	guest_put(g, "qemu", cof_buf_str(&m), 0700);
	(void)tmpdir_path(&g->dir, "qemu", g->qemu);
	assert_ok(cof_mkdirs(tmpdir_path(&g->dir, "tmp", g->tmp), 0700, &err));
	assert_int_equal(setenv("TMPDIR", g->tmp, 1), 0);
	assert_int_equal(setenv("COFFER_QEMU", g->qemu, 1), 0);
}

static inline void guest_files_drop(guest_files *g)
{
	(void)unsetenv("TMPDIR");
	(void)unsetenv("COFFER_QEMU");
	tmpdir_release(&g->dir);
}

/* No helper process and no folder stays. */
static inline void guest_leaves_nothing(const guest_files *g)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(rmdir(g->tmp), 0);
	assert_int_equal(mkdir(g->tmp, 0700), 0);
}

static inline bool guest_has_swtpm(void)
{
	return access("/usr/bin/swtpm", X_OK) == 0 && access("/usr/bin/swtpm_setup", X_OK) == 0;
}
