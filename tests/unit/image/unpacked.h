/* SPDX-License-Identifier: Apache-2.0 */
/* One archive into a folder. */
#pragma once

#include "image-decrypt/unpack.h"
#include "tests/unit/image/mktar.h"
#include "tests/unit/image/scratch.h"

static inline int unpacked(const cof_unpack_opts *opts, const cof_buf *tar, cof_err *err)
{
	COF_AUTO_PTR(cof_unpack) u = NULL;
	cof_unpack_result res;
	int r = cof_unpack_new(&u, opts, err);
	if (r == 0)
		r = cof_unpack_add(u, cof_buf_span(tar), err);
	return r < 0 ? r : cof_unpack_end(u, &res, err);
}

static inline int unpacked_flat(const scratch *s, const cof_buf *tar, cof_err *err)
{
	const cof_unpack_opts opts = {.root_fd = s->fd, .form = COF_UNPACK_FLAT};
	return unpacked(&opts, tar, err);
}

/* A folder for a layer of its own. */
static inline int layer_dir(const scratch *s, const char *name)
{
	assert_int_equal(mkdirat(s->fd, name, 0755), 0);
	int fd = openat(s->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}
