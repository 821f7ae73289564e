/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a compromised process on a channel: every message is whole or an error, and error bodies never say success.
 */
#include <sys/socket.h>

#include "common/chan.h"
#include "common/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { INPUT_MAX = 64 << 10 }; /* what a socket buffer holds without a reader */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fds[2];
	if (len > INPUT_MAX || cof_chan_pair(fds, NULL) < 0)
		return 0;
	COF_AUTO_FD int from = fds[0];
	COF_AUTO_FD int to = fds[1];
	if (cof_fd_write_all(to, cof_span_of(data, len), NULL) < 0)
		abort();
	cof_fd_close(&to);
	for (;;) {
		COF_AUTO(cof_msg) m = {0};
		cof_err said = {0};
		if (cof_chan_recv(from, &m, NULL) < 0)
			return 0;
		cof_chan_parse_err(cof_buf_span(&m.body), &said);
		if (said.cls == COF_OK)
			abort();
	}
}
