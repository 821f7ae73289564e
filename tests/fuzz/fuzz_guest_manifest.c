/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted stays in its folder, and makes a vector whose arguments hold no other option. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/vm/argv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void make_vector(const cof_manifest *m, const cof_profile *p)
{
	COF_AUTO(cof_argv) a = {0};
	cof_argv_in in = {.qemu = "/usr/bin/qemu", .guest = m, .profile = p, COF_ARGV_NO_FDS};
	in.tpm_fd = 3;
	if (cof_argv_build(&in, &a, NULL) < 0 || a.n < 20 || a.v[a.n] != NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_manifest) m = {0};
	cof_err err = {0};
	if (cof_manifest_parse(cof_span_of(data, len), "/g", &m, &err) < 0) {
		if (!cof_err_is(&err, "manifest-malformed"))
			abort();
		return 0;
	}
	const char *const paths[] = {m.firmware.path, m.vars.path, m.kernel.path, m.initrd.path,
				     m.scratch_initrd.path != NULL ? m.scratch_initrd.path : m.initrd.path};
	for (size_t i = 0; i < COF_COUNT(paths); i++)
		if (strncmp(paths[i], "/g/", 3) != 0 || strchr(paths[i] + 3, '/') != NULL)
			abort();
	for (size_t i = 0; i < m.n_profiles; i++)
		make_vector(&m, &m.profiles[i]);
	return 0;
}
