/* SPDX-License-Identifier: Apache-2.0 */
/* The first bytes choose the machine, the rest is the kernel image. */
#include "common/rd.h"
#include "firmware/kernel.h"
#include "firmware/pe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_buf) out = {0};
	cof_digest digest;
	cof_err err;
	cof_rd r = cof_rd_of((cof_span){data, len});
	cof_kernel_boot boot = {.low_memory = cof_rd_u32le(&r)};
	boot.initrd_size = cof_rd_u32le(&r);
	boot.has_initrd = (boot.initrd_size & 1) != 0;
	boot.cmdline = (boot.initrd_size & 2) != 0 ? "quiet vga=0x317" : NULL;
	cof_span image = cof_rd_rest(&r);
	if (cof_kernel_patch(image, &boot, &out, &err) == 0 && out.len != image.len)
		abort();
	(void)!cof_pe_digest(cof_buf_span(&out), COF_SHA256, &digest, &err);
	return 0;
}
