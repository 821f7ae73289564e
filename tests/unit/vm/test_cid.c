/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/cid.h"

#include <fcntl.h>

#include "common/cleanup.h"
#include "tests/unit/test.h"

enum { FEW = 5, MANY = 2000 };

/* A kernel in which the first ids that are asked for are somebody's. */
typedef struct kernel {
	int taken, failure;
	int claims;
	uint32_t last;
} kernel;

static int claim(void *arg, uint32_t cid)
{
	kernel *k = arg;
	k->claims++;
	/* 0 to 2 and the highest are reserved; small ones are what people give by hand. */
	assert_true(cid >= 0x40000000u && cid < 0x80000000u);
	k->last = cid;
	errno = k->failure != 0 ? k->failure : EADDRINUSE;
	return k->claims <= k->taken || k->failure != 0 ? -1 : 0;
}

static void a_free_id_is_found(void **state)
{
	(void)state;
	for (int taken = 0; taken <= FEW; taken++) {
		kernel k = {.taken = taken};
		uint32_t cid = 0;
		assert_ok(cof_cid_choose(claim, &k, &cid, &err));
		assert_int_equal(k.claims, taken + 1);
		assert_int_equal(cid, k.last);
	}
}

static void ids_are_not_foreseen(void **state)
{
	static kernel k;
	uint32_t before = 0, same = 0;
	(void)state;
	for (int i = 0; i < MANY; i++) {
		uint32_t cid = 0;
		assert_ok(cof_cid_choose(claim, &k, &cid, &err));
		same += cid == before;
		before = cid;
	}
	assert_true(same < 3);
}

/* T-94: a host without free ids, or with a device that is none, is an error in bounded time. */
static void t094_no_id_is_an_error(void **state)
{
	kernel full = {.taken = 1 << 20}, broken = {.failure = EPERM};
	uint32_t cid = 7;
	(void)state;
	assert_fails(cof_cid_choose(claim, &full, &cid, &err), "vsock-unavailable");
	assert_int_equal(full.claims, 64);
	assert_fails(cof_cid_choose(claim, &broken, &cid, &err), "vsock-unavailable");
	assert_int_equal(broken.claims, 1);
	assert_int_equal(cid, 7);
}

static void a_file_that_is_no_vhost_device(void **state)
{
	COF_AUTO_FD int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	uint32_t cid = 0;
	(void)state;
	assert_int_equal(cof_cid_claim_vhost(&fd, 0x40000000u), -1);
	assert_int_equal(errno, ENOTTY);
	assert_fails(cof_cid_choose(cof_cid_claim_vhost, &fd, &cid, &err), "vsock-unavailable");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_free_id_is_found),
		cmocka_unit_test(ids_are_not_foreseen),
		cmocka_unit_test(t094_no_id_is_an_error),
		cmocka_unit_test(a_file_that_is_no_vhost_device),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
