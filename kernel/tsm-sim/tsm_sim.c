// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * A provider of configfs-tsm for machines without one, so that a guest's way to its evidence can be tried on the
 * kernel's own code. What would be the security processor is a program of the test's, behind the machine's second
 * serial port; it signs with keys that nobody trusts. In no image that is released.
 *
 * Request: privilege level, 64 bytes of report data. Answer: u32le length, report, u32le length, certificate table.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/tsm.h>
#include <linux/unaligned.h>

enum { UART = 0x2f8, LSR = 5, LSR_DATA = 1, LSR_ROOM = 0x20, WAIT_US = 20000000, BLOB_MAX = 32768, DATA_LEN = 64 };

static char *provider = "sev_guest";
module_param(provider, charp, 0444);
static int fail;
module_param(fail, int, 0644);
MODULE_PARM_DESC(fail, "errno of all reports; 0: none");

static int await(u8 bit)
{
	unsigned int waited;

	for (waited = 0; waited < WAIT_US; waited += 100) {
		if (inb(UART + LSR) & bit)
			return 0;
		usleep_range(100, 120);
	}
	return -ETIMEDOUT;
}

static int put_byte(u8 c)
{
	int rc = await(LSR_ROOM);

	if (!rc)
		outb(c, UART);
	return rc;
}

static int get_bytes(u8 *to, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		/* the next one is often there already */
		int rc = inb(UART + LSR) & LSR_DATA ? 0 : await(LSR_DATA);

		if (rc)
			return rc;
		to[i] = inb(UART);
	}
	return 0;
}

/* A length, and a blob of it that is the caller's to free; NULL for none. */
static int get_blob(u8 **ret, size_t *ret_len)
{
	u8 head[4];
	u32 len;
	int rc = get_bytes(head, sizeof(head));

	if (rc)
		return rc;
	len = get_unaligned_le32(head);
	if (len > BLOB_MAX)
		return -EFBIG;
	if (!len)
		return 0;
	*ret = kvzalloc(len, GFP_KERNEL);
	if (!*ret)
		return -ENOMEM;
	*ret_len = len;
	return get_bytes(*ret, len);
}

/* On failure the caller frees what is there. */
static int sim_report_new(struct tsm_report *report, void *data)
{
	struct tsm_desc *desc = &report->desc;
	int rc = 0;
	size_t i;

	if (fail)
		return -fail;
	if (desc->inblob_len != DATA_LEN || desc->privlevel < 1)
		return -EINVAL;
	while (inb(UART + LSR) & LSR_DATA)
		inb(UART);
	rc = put_byte(desc->privlevel);
	for (i = 0; !rc && i < DATA_LEN; i++)
		rc = put_byte(desc->inblob[i]);
	if (!rc)
		rc = get_blob(&report->outblob, &report->outblob_len);
	if (!rc)
		rc = get_blob(&report->auxblob, &report->auxblob_len);
	return rc;
}

static bool sim_attr_visible(int n)
{
	return n == TSM_REPORT_GENERATION || n == TSM_REPORT_PROVIDER || n == TSM_REPORT_PRIVLEVEL ||
	       n == TSM_REPORT_PRIVLEVEL_FLOOR;
}

static bool sim_bin_attr_visible(int n)
{
	return n == TSM_REPORT_INBLOB || n == TSM_REPORT_OUTBLOB || n == TSM_REPORT_AUXBLOB;
}

static struct tsm_ops sim_ops = {
	.privlevel_floor = 1,
	.report_new = sim_report_new,
	.report_attr_visible = sim_attr_visible,
	.report_bin_attr_visible = sim_bin_attr_visible,
};

static int __init sim_init(void)
{
	sim_ops.name = provider;
	outb(0, UART + 1); /* no interrupts: whoever waits looks */
	outb(7, UART + 2); /* FIFOs, empty */
	return tsm_register(&sim_ops, NULL);
}

static void __exit sim_exit(void)
{
	tsm_unregister(&sim_ops);
}

module_init(sim_init);
module_exit(sim_exit);
MODULE_DESCRIPTION("Simulated provider of TSM reports, for tests");
MODULE_LICENSE("GPL"); /* the second of the two above */
