/* SPDX-License-Identifier: Apache-2.0 */
/* A tar archive as a table of files: every file that is found lies within it. */
#include <stdio.h>
#include <sys/mman.h>

#include "common/file.h"
#include "image-decrypt/archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const names[] = {"index.json", "oci-layout", "manifest.json", "a", "b/c", ""};

static void look(const cof_archive *a, size_t len)
{
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		COF_AUTO(cof_buf) text = {0};
		const cof_archive_file *f = cof_archive_find(a, names[i]);
		if (f == NULL)
			continue;
		if (cof_archive_size(f) > len || cof_archive_read(a, f, len, &text, NULL) < 0 ||
		    text.len != cof_archive_size(f))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_PTR(cof_archive) a = NULL;
	char path[32];
	COF_AUTO_FD int fd = memfd_create("archive", MFD_CLOEXEC);
	bool packed = len >= 2 && (data[0] == 0x1f || data[0] == 0x28); /* what comes out may be larger */
	if (fd < 0 || cof_fd_write_all(fd, cof_span_of(data, len), NULL) < 0)
		abort();
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (!packed && cof_archive_open(&a, path, NULL) == 0)
		look(a, len);
	return 0;
}
