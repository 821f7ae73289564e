/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/loadoptions.h"

#include "common/wr.h"

/* Bytes are widened, not decoded: OVMF takes the command line for Latin-1, whatever it is. */
static void put_wide(cof_wr *w, const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		cof_wr_u16le(w, (uint8_t)*c);
}

int cof_load_options(const char *cmdline, bool has_initrd, bool initrd_first, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	const char *text = cmdline == NULL ? "" : cmdline;
	if (strlen(text) > COF_LOAD_OPTIONS_MAX)
		return cof_err_set(err, COF_E_USAGE, "cmdline-too-long", "a command line of more than %d bytes",
				   COF_LOAD_OPTIONS_MAX);
	if (!has_initrd && text[0] == '\0')
		return 0;
	cof_wr w = cof_wr_to(&b);
	put_wide(&w, has_initrd && initrd_first ? "initrd=initrd " : "");
	put_wide(&w, text);
	put_wide(&w, has_initrd && !initrd_first ? " initrd=initrd" : "");
	cof_wr_u16le(&w, 0);
	int rc = cof_wr_done(&w, err);
	if (rc < 0)
		return rc;
	*ret = b;
	b = (cof_buf){0};
	return 0;
}
