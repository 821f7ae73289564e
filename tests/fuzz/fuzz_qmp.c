/* SPDX-License-Identifier: Apache-2.0 */
/* A monitor that says anything after an honest greeting, and then ends. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/file.h"
#include "runtime/vm/qmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char before[] = "{\"QMP\": {}}\n{\"return\": {}, \"id\": 1}\n";
	cof_qmp *q = NULL;
	char status[32] = "";
	int pair[2];
	if (len > 32 << 10 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 0;
	COF_AUTO_FD int theirs = pair[1];
	if (cof_fd_write_all(theirs, cof_span_str(before), NULL) < 0 ||
	    cof_fd_write_all(theirs, cof_span_of(data, len), NULL) < 0 || shutdown(theirs, SHUT_WR) < 0)
		abort();
	if (cof_qmp_new(&q, pair[0], 1000, NULL) < 0)
		abort();
	if (cof_qmp_status(q, status, NULL) == 0 && memchr(status, 0, sizeof status) == NULL)
		abort();
	(void)cof_qmp_saw(q, "SHUTDOWN");
	cof_qmp_free(q);
	return 0;
}
