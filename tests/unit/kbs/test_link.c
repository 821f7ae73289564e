/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "attestation/kbs/link.h"
#include "common/chan.h"
#include "common/file.h"

typedef struct peer {
	struct event_base *base;
	cof_link *link;
	int other;
	unsigned frames;
	uint32_t last_id;
	enum cof_kb_type last_type;
	char closed[COF_ERR_REASON_MAX];
	bool free_in_frame;
} peer;

static void on_frame(void *arg, uint32_t id, enum cof_kb_type type, cof_span body)
{
	peer *p = arg;
	(void)body;
	p->frames++;
	p->last_id = id;
	p->last_type = type;
	if (p->free_in_frame) {
		cof_link_free(p->link);
		p->link = NULL;
	}
}

static void on_closed(void *arg, const cof_err *why)
{
	peer *p = arg;
	memcpy(p->closed, why->reason, sizeof p->closed);
}

static void peer_open(peer *p)
{
	int fds[2];
	*p = (peer){.base = event_base_new()};
	assert_ok(cof_chan_pair(fds, &err));
	p->other = fds[1];
	const cof_link_opts opts = {on_frame, on_closed, p};
	assert_ok(cof_link_new(&p->link, p->base, fds[0], &opts, &err));
}

static void peer_close(peer *p)
{
	cof_link_free(p->link);
	cof_fd_close(&p->other);
	event_base_free(p->base);
}

static void turn(peer *p)
{
	for (int i = 0; i < 5; i++)
		assert_true(event_base_loop(p->base, EVLOOP_NONBLOCK) >= 0);
}

static void put(const peer *p, const void *data, size_t len)
{
	assert_ok(cof_fd_write_all(p->other, cof_span_of(data, len), &err));
}

static void t079_a_broken_head_ends_the_link(void **state)
{
	(void)state;
	static const uint8_t heads[][COF_KB_HEAD_LEN] = {
		{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 0}, /* 4 GiB */
		{0, 0, 0, 0, 0, 0, 0, 0, 0, 0},		    /* no type */
		{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff},
	};
	for (size_t i = 0; i < COF_COUNT(heads); i++) {
		peer p;
		peer_open(&p);
		put(&p, heads[i], sizeof heads[i]);
		turn(&p);
		assert_string_equal(p.closed, "frame-malformed");
		assert_int_equal(p.frames, 0);
		peer_close(&p);
	}
}

static void frames_arrive_byte_by_byte_and_together(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) f = {0};
	const cof_kb_auth m = {.peer = cof_span_str("p"), .tee = cof_span_str("tpm")};
	peer p;
	peer_open(&p);
	assert_ok(cof_kb_encode(COF_KB_AUTH, 7, &m, &f, &err));
	for (size_t i = 0; i < f.len; i++) {
		assert_int_equal(p.frames, 0);
		put(&p, f.data + i, 1);
		turn(&p);
	}
	assert_int_equal(p.frames, 1);
	assert_int_equal(p.last_id, 7);
	assert_int_equal(p.last_type, COF_KB_AUTH);
	assert_ok(cof_kb_encode(COF_KB_READY, 8, NULL, &f, &err));
	assert_ok(cof_kb_encode(COF_KB_READY, 9, NULL, &f, &err));
	put(&p, f.data, f.len);
	turn(&p);
	assert_int_equal(p.frames, 4);
	assert_int_equal(p.last_id, 9);
	peer_close(&p);
}

static void a_peer_that_leaves_is_noticed_even_mid_frame(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) f = {0};
	peer p;
	peer_open(&p);
	assert_ok(cof_kb_encode(COF_KB_READY, 1, NULL, &f, &err));
	put(&p, f.data, f.len - 1);
	cof_fd_close(&p.other);
	turn(&p);
	assert_int_equal(p.frames, 0);
	assert_string_equal(p.closed, "peer-closed");
	peer_close(&p);
}

static void the_handler_may_free_the_link(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) f = {0};
	peer p;
	peer_open(&p);
	p.free_in_frame = true;
	for (uint32_t i = 0; i < 3; i++)
		assert_ok(cof_kb_encode(COF_KB_READY, i, NULL, &f, &err));
	put(&p, f.data, f.len);
	turn(&p);
	assert_int_equal(p.frames, 1);
	peer_close(&p);
}

static void a_peer_that_does_not_read_is_given_up(void **state)
{
	(void)state;
	peer p;
	peer_open(&p);
	uint8_t *big = calloc(1, 3 << 20);
	assert_non_null(big);
	const cof_kb_reply r = {.body = cof_span_of(big, 3 << 20)};
	int rc = 0;
	cof_err err = {0};
	for (int i = 0; i < 20 && rc == 0; i++)
		rc = cof_link_send(p.link, COF_KB_REPLY, 1, &r, &err);
	assert_true(cof_err_is(&err, "peer-stuck"));
	free(big);
	peer_close(&p);
}

static void the_blocking_twins_carry_a_job(void **state)
{
	(void)state;
	int fds[2];
	COF_AUTO(cof_buf) body = {0};
	cof_kb_head h;
	assert_ok(cof_chan_pair(fds, &err));
	const cof_kb_job_bind m = {.ek_cert = cof_span_str("cert"), .now = 5};
	cof_kb_job_bind out;
	assert_ok(cof_link_write(fds[0], COF_KB_JOB_BIND, 3, &m, &err));
	assert_ok(cof_link_read(fds[1], &h, &body, &err));
	assert_int_equal(h.type, COF_KB_JOB_BIND);
	assert_ok(cof_kb_decode(COF_KB_JOB_BIND, cof_buf_span(&body), &out, &err));
	assert_int_equal(out.now, 5);
	assert_ok(cof_fd_write_all(fds[0], cof_span_str("\x09"), &err));
	(void)close(fds[0]);
	assert_fails(cof_link_read(fds[1], &h, &body, &err), "peer-closed");
	(void)close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t079_a_broken_head_ends_the_link),
		cmocka_unit_test(frames_arrive_byte_by_byte_and_together),
		cmocka_unit_test(a_peer_that_leaves_is_noticed_even_mid_frame),
		cmocka_unit_test(the_handler_may_free_the_link),
		cmocka_unit_test(a_peer_that_does_not_read_is_given_up),
		cmocka_unit_test(the_blocking_twins_carry_a_job),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
