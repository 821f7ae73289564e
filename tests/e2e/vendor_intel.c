/* SPDX-License-Identifier: Apache-2.0 */
/* vendor_intel DIR: quote.bin and root.der into DIR, everything else over HTTP. Its time is SOFT_NOW. */
#include "tests/unit/endorsements/intel.h"

#include "tests/e2e/vendor_main.h"

int main(int argc, char **argv)
{
	static intel i;
	if (argc != 2)
		return 2;
	(void)intel_setup(NULL);
	intel_open(&i);
	vendor_write(argv[1], "quote.bin", cof_buf_span(&i.t.quote));
	vendor_write(argv[1], "root.der", cof_buf_span(&i.t.root_der));
	vendor_serve(&i.v, argv[1]);
	intel_close(&i);
	return intel_teardown(NULL);
}
