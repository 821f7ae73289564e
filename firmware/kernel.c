/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/kernel.h"

#include "common/rd.h"
#include "common/wr.h"

enum {
	SETUP_LEN = 0x400, /* every field below lies in here */
	KERNEL_MAX = 256 << 20,
	MAGIC_AT = 0x202,
	PROTOCOL_AT = 0x206,
	VIDEO_AT = 0x1fa,
	LOADER_AT = 0x210,
	FLAGS_AT = 0x211,
	INITRD_AT = 0x218,
	INITRD_LEN_AT = 0x21c,
	HEAP_END_AT = 0x224,
	CMDLINE_AT = 0x228,
	INITRD_MAX_AT = 0x22c,
	XLOADFLAGS_AT = 0x236,
	ACPI_RESERVED = 0x28000, /* what QEMU keeps free at the end of low memory */
};

#define HDRS 0x53726448u /* "HdrS" */

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "kernel-malformed", "kernel: %s", what);
}

bool cof_kernel_is_patched(unsigned qemu_major, bool confidential)
{
	return !confidential && qemu_major < 10;
}

uint64_t cof_q35_low_memory(uint64_t memory_bytes)
{
	return memory_bytes < 0xb0000000u ? memory_bytes : 0x80000000u;
}

static uint32_t get(const cof_buf *b, size_t offset, size_t width)
{
	cof_rd r = cof_rd_of(cof_buf_span(b));
	cof_rd_skip(&r, offset);
	return width == 1 ? cof_rd_u8(&r) : width == 2 ? cof_rd_u16le(&r) : cof_rd_u32le(&r);
}

static void put(cof_buf *b, size_t offset, size_t width, uint32_t value)
{
	cof_put_le(b->data + offset, width, value);
}

typedef struct video_mode {
	const char *word;
	uint16_t mode;
} video_mode;

static const video_mode video_modes[] = {{"normal", 0xffff}, {"ext", 0xfffe}, {"ask", 0xfffd}};

/* QEMU looks for the text anywhere, takes a number in any base, and compares only as much as the word has. */
static void patch_video(cof_buf *b, const char *cmdline)
{
	const char *arg = cmdline == NULL ? NULL : strstr(cmdline, "vga=");
	if (arg == NULL)
		return;
	arg += 4;
	uint32_t mode = (uint32_t)strtoul(arg, NULL, 0);
	for (size_t i = 0; i < COF_COUNT(video_modes); i++) {
		if (strncmp(arg, video_modes[i].word, strlen(video_modes[i].word)) == 0)
			mode = video_modes[i].mode;
	}
	put(b, VIDEO_AT, 2, mode & 0xffff);
}

typedef struct load_addresses {
	uint32_t real;
	uint32_t cmdline;
} load_addresses;

static load_addresses addresses(const cof_buf *b, uint32_t protocol, const char *cmdline)
{
	size_t len = ((cmdline == NULL ? 0 : strlen(cmdline)) + 16) & ~(size_t)15;
	bool high = protocol >= 0x200 && (get(b, FLAGS_AT, 1) & 1) != 0;
	if (high && protocol >= 0x202)
		return (load_addresses){0x10000, 0x20000};
	return (load_addresses){0x90000, (uint32_t)(0x9a000 - len)};
}

static uint64_t initrd_limit(const cof_buf *b, uint32_t protocol, uint64_t low_memory)
{
	uint64_t limit = 0x37ffffff;
	if (protocol >= 0x20c && (get(b, XLOADFLAGS_AT, 2) & 2) != 0)
		limit = 0xffffffff;
	else if (protocol >= 0x203)
		limit = get(b, INITRD_MAX_AT, 4);
	return limit >= low_memory - ACPI_RESERVED ? low_memory - ACPI_RESERVED - 1 : limit;
}

static int patch_initrd(cof_buf *b, uint32_t protocol, const cof_kernel_boot *boot, cof_err *err)
{
	if (!boot->has_initrd)
		return 0;
	if (protocol < 0x200)
		return malformed(err, "boot protocol too old for an initrd");
	uint64_t limit = initrd_limit(b, protocol, boot->low_memory);
	if (boot->initrd_size >= limit)
		return cof_err_set(err, COF_E_USAGE, "initrd-too-large", "the initrd does not fit into memory");
	put(b, INITRD_AT, 4, (uint32_t)((limit - boot->initrd_size) & ~(uint64_t)0xfff));
	put(b, INITRD_LEN_AT, 4, boot->initrd_size);
	return 0;
}

static void patch_loader(cof_buf *b, uint32_t protocol, load_addresses a)
{
	if (protocol >= 0x200)
		put(b, LOADER_AT, 1, 0xb0);
	if (protocol >= 0x201) {
		put(b, FLAGS_AT, 1, get(b, FLAGS_AT, 1) | 0x80);
		put(b, HEAP_END_AT, 2, (a.cmdline - a.real - 0x200) & 0xffff);
	}
	if (protocol >= 0x202) {
		put(b, CMDLINE_AT, 4, a.cmdline);
		return;
	}
	put(b, 0x20, 2, 0xa33f);
	put(b, 0x22, 2, (a.cmdline - a.real) & 0xffff);
}

int cof_kernel_patch(cof_span image, const cof_kernel_boot *boot, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = cof_buf_capped(KERNEL_MAX);
	if (image.len < SETUP_LEN || image.len > KERNEL_MAX)
		return malformed(err, "size");
	if (boot->low_memory < (1 << 20) || boot->low_memory > UINT32_MAX)
		return cof_err_set(err, COF_E_USAGE, "bad-memory-size", "low memory is out of range");
	int rc = cof_buf_add(&b, image.data, image.len, err);
	if (rc < 0)
		return rc;
	uint32_t protocol = get(&b, MAGIC_AT, 4) == HDRS ? get(&b, PROTOCOL_AT, 2) : 0;
	load_addresses a = addresses(&b, protocol, boot->cmdline);
	patch_video(&b, boot->cmdline);
	rc = patch_initrd(&b, protocol, boot, err);
	if (rc < 0)
		return rc;
	patch_loader(&b, protocol, a);
	*ret = b;
	b = (cof_buf){0};
	return 0;
}
