/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives out of a few bytes an entry, so that what changes is what they do and not their checksums: two layers, in
 * either form. Whatever they do, they do it inside.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/file.h"
#include "image-decrypt/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { OP_LEN = 4, OPS_MAX = 24 };

static char top[64], root[80];
static struct stat canary;

static void octal(uint8_t *field, size_t len, unsigned v)
{
	for (size_t i = len - 1; i-- > 0; v >>= 3)
		field[i] = (uint8_t)('0' + (v & 7));
}

static void put(cof_buf *t, char type, const char *name, const char *link, unsigned mode)
{
	uint8_t h[512] = {0};
	unsigned sum = 0;
	memcpy(h, name, strlen(name));
	octal(h + 100, 8, mode);
	octal(h + 108, 8, 0);
	octal(h + 116, 8, 0);
	octal(h + 124, 12, 0);
	octal(h + 136, 12, mode);
	h[156] = (uint8_t)type;
	memcpy(h + 157, link, strlen(link));
	memcpy(h + 257,
	       "ustar\0"
	       "00",
	       8);
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < sizeof h; i++)
		sum += h[i];
	octal(h + 148, 7, sum);
	if (cof_buf_add(t, h, sizeof h, NULL) < 0)
		abort();
}

/* Three components of two bits and two bits of how many; what climbs is among them. */
static void path_of(uint8_t b, char out[64], const char *last)
{
	static const char *const names[] = {"a", "b", "..", "l"};
	unsigned depth = 1 + b % 3;
	out[0] = '\0';
	for (unsigned i = 0; i < depth; i++) {
		size_t have = strlen(out);
		const char *name = i + 1 == depth && last != NULL ? last : names[(b >> (2 + 2 * i)) % 4];
		(void)snprintf(out + have, 64 - have, "%s%s", i > 0 ? "/" : "", name);
	}
}

static void put_op(cof_buf *t, const uint8_t op[OP_LEN])
{
	static const char types[] = {'0', '5', '2', '1', '6', '0', '0', '3'};
	static const char *const links[] = {"/", "..", "../../..", "a", "a/b", "../canary", "/canary", "l"};
	static const char *const marks[] = {".wh.a", ".wh.b", ".wh.l", ".wh..wh..opq", ".wh.canary"};
	char name[64], link[64];
	unsigned kind = op[0] % 8;
	path_of(op[1], name, kind == 5 || kind == 6 ? marks[op[2] % COF_COUNT(marks)] : NULL);
	path_of(op[2], link, NULL);
	put(t, types[kind], name, kind == 2 ? links[op[2] % 8] : kind == 3 ? link : "", op[3] * 8u & 07777);
}

static int make_dir(const char *name)
{
	char path[128];
	(void)snprintf(path, sizeof path, "%s/%s", root, name);
	return mkdir(path, 0755) < 0 ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void unpack(const cof_unpack_opts *opts, cof_span ops)
{
	COF_AUTO(cof_buf) t = {0};
	COF_AUTO_PTR(cof_unpack) u = NULL;
	cof_unpack_result res;
	for (size_t i = 0; i + OP_LEN <= ops.len && i < (size_t)OPS_MAX * OP_LEN; i += OP_LEN)
		put_op(&t, ops.data + i);
	if (cof_unpack_new(&u, opts, NULL) < 0)
		abort();
	if (cof_unpack_add(u, cof_buf_span(&t), NULL) == 0)
		(void)!cof_unpack_end(u, &res, NULL);
}

static void set_up(void)
{
	char path[80];
	/* In memory where that can be: it is all about files. */
	(void)snprintf(top, sizeof top, "%s/cof-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(top) == NULL)
		abort();
	(void)snprintf(root, sizeof root, "%s/root", top);
	(void)snprintf(path, sizeof path, "%s/canary", top);
	if (cof_file_write(path, cof_span_str("alive"), 0600, NULL) < 0 || stat(path, &canary) < 0)
		abort();
}

static void tear_down(void)
{
	(void)!cof_rm_tree(top, NULL);
}

/* Neither written, nor linked, nor given another mode, nor gone; and nothing came beside it. */
static void check_outside(void)
{
	struct stat st, dir;
	char path[80];
	(void)snprintf(path, sizeof path, "%s/canary", top);
	if (stat(path, &st) < 0 || stat(top, &dir) < 0)
		abort();
	if (st.st_ctim.tv_sec != canary.st_ctim.tv_sec || st.st_ctim.tv_nsec != canary.st_ctim.tv_nsec ||
	    st.st_nlink != 1 || dir.st_nlink != 3)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (top[0] == '\0') {
		set_up();
		if (atexit(tear_down) != 0)
			abort();
	}
	size_t half = len / 2 / OP_LEN * OP_LEN;
	bool flat = len > 0 && data[0] % 16 < 8;
	if (mkdir(root, 0755) < 0)
		abort();
	int lower = make_dir("0"), upper = flat ? lower : make_dir("1");
	cof_unpack_opts opts = {.root_fd = lower, .form = flat ? COF_UNPACK_FLAT : COF_UNPACK_OVERLAY, .own_ids = true};
	unpack(&opts, cof_span_of(data, half));
	opts.root_fd = upper;
	opts.lower_fds = &lower;
	opts.n_lowers = 1;
	unpack(&opts, cof_span_of(data + half, len - half));
	(void)close(lower);
	if (!flat)
		(void)close(upper);
	check_outside();
	if (cof_rm_tree(root, NULL) < 0)
		abort();
	return 0;
}
