/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/spool.h"

#include <fcntl.h>

static const char *const folders[] = {"/var/tmp", "/tmp"};

int cof_spool_open(int *ret_fd, cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(folders); i++) {
		int fd = open(folders[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (fd < 0)
			continue;
		*ret_fd = fd;
		return 0;
	}
	return cof_err_sys(err, "create-failed", "a file in /var/tmp or /tmp");
}
