/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PID 1 of a calibration boot: prints the TPM's event log on the serial line as hex between two marks, and powers
 * off. It has no library under it, so that it is the whole of its initramfs. Built into the coffer program.
 */
#include <asm/ioctls.h>
#include <linux/reboot.h>
#include <sys/syscall.h>

enum { O_RDONLY_ = 0, O_WRONLY_ = 1, CHUNK = 64 };

static long call4(long number, long a, long b, long c, long d)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = 0;
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return ret;
}

static void mount_at(const char *type, const char *where)
{
	(void)call4(SYS_mount, (long)type, (long)where, (long)type, 0);
}

static void put(long to, const char *text)
{
	long len = 0;
	while (text[len] != '\0')
		len++;
	(void)call4(SYS_write, to, (long)text, len, 0);
}

static void put_hex(long to, const unsigned char *bytes, long len)
{
	static const char digits[] = "0123456789abcdef";
	char line[2 * CHUNK + 2];
	long n = 0;
	for (long i = 0; i < len; i++) {
		line[n++] = digits[bytes[i] >> 4];
		line[n++] = digits[bytes[i] & 15];
	}
	line[n++] = '\n';
	line[n] = '\0';
	put(to, line);
}

/* Not reached through a C library: the linker's entry point. */
__attribute__((noreturn, used)) void _start(void);

void _start(void)
{
	unsigned char chunk[CHUNK];
	mount_at("devtmpfs", "/dev");
	mount_at("sysfs", "/sys");
	mount_at("securityfs", "/sys/kernel/security");
	long out = call4(SYS_open, (long)"/dev/ttyS0", O_WRONLY_, 0, 0);
	long log = call4(SYS_open, (long)"/sys/kernel/security/tpm0/binary_bios_measurements", O_RDONLY_, 0, 0);
	put(out, "\n@coffer-log\n");
	for (long n; (n = call4(SYS_read, log, (long)chunk, CHUNK, 0)) > 0;)
		put_hex(out, chunk, n);
	put(out, "@coffer-end\n");
	(void)call4(SYS_ioctl, out, TCSBRK, 1, 0); /* waits until the line has sent it all: power off does not */
	for (;;)
		(void)call4(SYS_reboot, (long)LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, 0);
}
