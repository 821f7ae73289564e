/* SPDX-License-Identifier: Apache-2.0 */
/* vendor_amd DIR: report.bin and root.der into DIR, everything else over HTTP. Its time is SOFT_NOW. */
#include "tests/unit/endorsements/amd.h"

#include "tests/e2e/vendor_main.h"

int main(int argc, char **argv)
{
	static soft_keys keys;
	static soft_snp s;
	static vendor_peer v;
	if (argc != 2)
		return 2;
	amd_keys_make(&keys);
	amd_make(&s, &keys);
	vendor_open(&v);
	amd_say(&v, &s);
	vendor_write(argv[1], "report.bin", cof_buf_span(&s.made[0]));
	vendor_write(argv[1], "root.der", cof_buf_span(&s.made[3]));
	vendor_serve(&v, argv[1]);
	soft_drop(&s);
	soft_keys_drop(&keys);
	return 0;
}
