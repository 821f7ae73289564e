/* SPDX-License-Identifier: Apache-2.0 */
/* The SEV-SNP launch digest of a firmware image: cc measure.c $(pkg-config --cflags --libs --static libcoffer-firmware)
 */
#include <stdio.h>

#include "common/file.h"
#include "firmware/sev/sev.h"

int main(int argc, char **argv)
{
	COF_AUTO(cof_buf) image = {0};
	cof_sev_metadata meta;
	cof_sev_launch launch = {.meta = &meta, .guest_features = 1, .vcpu_sig = 0x00a00f11};
	uint8_t digest[COF_SNP_DIGEST_LEN];
	cof_err err = {0};
	if (argc != 2 || cof_file_read(argv[1], COF_FIRMWARE_MAX, &image, &err) < 0 ||
	    cof_sev_metadata_parse(cof_buf_span(&image), &meta, &err) < 0 ||
	    cof_vmm_find("qemu", &launch.vmm, &err) < 0)
		return fprintf(stderr, "%s: %s\n", err.reason, err.text), 1;
	launch.firmware = cof_buf_span(&image);
	if (cof_snp_measure(&launch, 1, digest, &err) < 0)
		return fprintf(stderr, "%s: %s\n", err.reason, err.text), 1;
	for (size_t i = 0; i < sizeof digest; i++)
		printf("%02x", digest[i]);
	return puts("") < 0;
}
