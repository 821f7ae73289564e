/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/sev-guest by the kernel's own structures: its codes, the room for certificates, and who may not be asked again.
 */
#include "tests/unit/evidence/fake_tee.h"

#include <malloc.h>

#include "attestation/evidence/sevguest.h"
#include "attestation/verify/snp_report.h"
#include "common/json.h"
#include "common/wr.h"
#include "tests/unit/verify/vectors.h"

static const uint8_t asked[64] = {9, 8, 7};

/* The driver, with what it is told to answer. */
typedef struct driver {
	fake_tee f;
	uint32_t status, size; /* of the response */
	size_t certs;	       /* so many pages the host has */
	uint32_t most;	       /* room that the driver carries */
	uint32_t fw, vmm;
	int error, times; /* this often, with the codes above */
	int plain, extended;
	bool odd_len; /* asks for half a page */
} driver;

static void respond(const driver *d, const struct snp_report_req *q, struct snp_report_resp *to)
{
	memset(to, 0, sizeof *to);
	cof_put_le(to->data, 4, d->status);
	cof_put_le(to->data + 4, 4, d->size);
	memcpy(to->data + 32 + 0x50, q->user_data, 64);
}

static int extended(driver *d, struct snp_guest_request_ioctl *io)
{
	struct snp_ext_report_req *q = (void *)(uintptr_t)io->req_data;
	d->extended++;
	if (q->certs_len > d->most || q->certs_len % 4096 != 0)
		return EINVAL;
	if (q->certs_len < d->certs * 4096) {
		q->certs_len = (uint32_t)d->certs * 4096 + (d->odd_len ? 8 : 0);
		io->exitinfo2 = (uint64_t)1 << 32;
		return EIO;
	}
	memset((void *)(uintptr_t)q->certs_address, 0xcc, d->certs * 4096);
	respond(d, &q->data, (void *)(uintptr_t)io->resp_data);
	return 0;
}

static int answer(fake_tee *f, unsigned long request, void *data)
{
	driver *d = f->arg;
	struct snp_guest_request_ioctl *io = data;
	assert_int_equal(io->msg_version, 1);
	if (d->times > 0) {
		d->times--;
		io->exitinfo2 = (uint64_t)d->vmm << 32 | d->fw;
		return d->error;
	}
	if (request == SNP_GET_EXT_REPORT)
		return extended(d, io);
	assert_int_equal(request, SNP_GET_REPORT);
	d->plain++;
	respond(d, (void *)(uintptr_t)io->req_data, (void *)(uintptr_t)io->resp_data);
	return 0;
}

static driver machine(void)
{
	return (driver){
		.f = {.no_tsm = true, .sevguest = true, .ioctl = answer}, .size = 1184, .most = 16384, .certs = 2};
}

static int get(driver *d, cof_buf *report, cof_buf *certs, cof_err *err)
{
	d->f.arg = d;
	const cof_sys sys = fake_sys(&d->f);
	return cof_sevguest_get(&sys, "/dev/sev-guest", asked, report, certs, err);
}

static void assert_got(driver *d, size_t certs, int plain, int ext)
{
	COF_AUTO(cof_buf) report = {0};
	COF_AUTO(cof_buf) table = {0};
	assert_ok(get(d, &report, &table, &err));
	assert_int_equal(report.len, 1184);
	assert_memory_equal(report.data + 0x50, asked, 64);
	assert_int_equal(table.len, certs);
	/* Behind what the host gave, nothing of ours. */
	for (size_t i = d->certs * 4096; i < table.len; i++)
		assert_int_equal(table.data[i], 0);
	assert_int_equal(d->plain, plain);
	assert_int_equal(d->extended, ext);
	fake_drop(&d->f);
}

static void assert_refused(driver *d, const char *why, int ioctls)
{
	COF_AUTO(cof_buf) report = {0};
	COF_AUTO(cof_buf) table = {0};
	d->f.ioctls = 0;
	assert_fails(get(d, &report, &table, &err), why);
	assert_int_equal(report.len, 0);
	assert_int_equal(d->f.ioctls, ioctls);
	fake_drop(&d->f);
}

static void no_device(void **state)
{
	(void)state;
	driver d = machine();
	d.f.sevguest = false;
	assert_refused(&d, "sev-guest-absent", 0);
}

/* The firmware's refusal costs the driver its keys: it is asked once. */
static void t061_a_refusal_is_final(void **state)
{
	(void)state;
	static const int errors[] = {EIO, EINVAL, EBADMSG, ENOTTY};
	for (size_t i = 0; i < COF_COUNT(errors); i++) {
		driver d = machine();
		d.error = errors[i];
		d.fw = 0x16;
		d.times = 1000;
		/* EINVAL could be the room for certificates: the plain request tells. */
		assert_refused(&d, errors[i] == ENOTTY ? "sev-guest-wiped" : "sev-guest-failed",
			       errors[i] == EINVAL ? 2 : 1);
	}
	driver d = machine();
	COF_AUTO(cof_buf) report = {0};
	cof_err err = {0};
	d.error = EIO;
	d.fw = 0x16;
	d.vmm = 7;
	d.times = 1;
	assert_true(get(&d, &report, &report, &err) < 0);
	assert_non_null(strstr(err.text, "0x16"));
	assert_non_null(strstr(err.text, "0x7"));
}

static void throttled_for_a_while_and_for_ever(void **state)
{
	(void)state;
	driver d = machine();
	d.error = EIO;
	d.vmm = 2;
	d.times = 3;
	assert_got(&d, 16384, 0, 1);
	assert_int_equal(d.f.pauses, 3);
	d = machine();
	d.error = EIO;
	d.vmm = 2;
	d.times = 1000;
	assert_refused(&d, "sev-guest-throttled", 5);
	assert_true(d.f.pause_ms <= 10000);
	d = machine();
	d.error = ETIMEDOUT; /* the driver has waited long enough */
	d.times = 1000;
	assert_refused(&d, "sev-guest-throttled", 1);
	static const int passing[] = {EAGAIN, EBUSY, EINTR};
	for (size_t i = 0; i < COF_COUNT(passing); i++) {
		d = machine();
		d.error = passing[i];
		d.times = 1000;
		assert_refused(&d, "sev-guest-throttled", 5);
	}
}

static void room_for_certificates(void **state)
{
	(void)state;
	driver d = machine();
	assert_got(&d, 16384, 0, 1);
	d = machine();
	d.certs = 0; /* a host that has none */
	assert_got(&d, 16384, 0, 1);
	d = machine();
	d.certs = 6;
	d.most = 65536;
	assert_got(&d, 6 * 4096, 0, 2);
	d = machine();
	d.certs = 16; /* as many as there may be */
	d.most = 65536;
	assert_got(&d, 65536, 0, 2);
	d = machine();
	d.certs = 6; /* more than this driver carries */
	assert_got(&d, 0, 1, 2);
}

/* A host cannot keep a report away by what it says about certificates. */
static void the_host_asks_for_too_much(void **state)
{
	(void)state;
	driver d = machine();
	d.certs = 17;
	d.most = 1 << 20;
	assert_got(&d, 0, 1, 1);
	d = machine();
	d.certs = 6;
	d.most = 65536;
	d.odd_len = true;
	assert_got(&d, 0, 1, 1);
}

static int never_enough(fake_tee *f, unsigned long request, void *data)
{
	driver *d = f->arg;
	struct snp_guest_request_ioctl *io = data;
	if (request == SNP_GET_EXT_REPORT) {
		struct snp_ext_report_req *q = (void *)(uintptr_t)io->req_data;
		d->extended++;
		if (d->extended < 100)
			q->certs_len += 4096;
		io->exitinfo2 = (uint64_t)1 << 32;
		return EIO;
	}
	return answer(f, request, data);
}

static void the_host_always_wants_a_page_more(void **state)
{
	(void)state;
	driver d = machine();
	d.f.ioctl = never_enough;
	assert_got(&d, 0, 1, 2);
}

static void responses_that_are_none(void **state)
{
	(void)state;
	driver d = machine();
	d.status = 0x16;
	assert_refused(&d, "sev-guest-response", 1);
	static const uint32_t sizes[] = {0, 1183, 1185, 4000, UINT32_MAX};
	for (size_t i = 0; i < COF_COUNT(sizes); i++) {
		d = machine();
		d.size = sizes[i];
		assert_refused(&d, "sev-guest-response", 1);
	}
}

/* The verifier reads such buffers too, from files: both must see the same report in the same bytes. */
static void t079_every_byte_of_the_head(void **state)
{
	(void)state;
	static uint8_t b[COF_SEVGUEST_RESPONSE_LEN + 1];
	cof_put_le(b + 4, 4, 1184);
	b[32] = 3;
	for (size_t len = 0; len <= sizeof b; len++) {
		cof_span ours = {0}, theirs = {0};
		int r = cof_sevguest_response_parse(cof_span_of(b, len), &ours, NULL);
		assert_int_equal(r == 0, cof_snp_response_parse(cof_span_of(b, len), &theirs, NULL) == 0);
		assert_ptr_equal(ours.data, theirs.data);
		assert_int_equal(r == 0, len == COF_SEVGUEST_RESPONSE_LEN);
	}
	for (size_t i = 0; i < 32 * 8; i++) {
		cof_span ours = {0}, theirs = {0};
		b[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_fails(cof_sevguest_response_parse(cof_span_of(b, 4000), &ours, &err), "sev-guest-response");
		assert_true(cof_snp_response_parse(cof_span_of(b, 4000), &theirs, NULL) < 0);
		b[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

static void a_real_response(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) index = vector_index();
	size_t i, n = 0;
	json_t *v;
	json_array_foreach (json_object_get(index, "vectors"), i, v) {
		COF_AUTO(cof_buf) response = {0};
		cof_span report;
		if (strcmp(jstr(v, "kind"), "snp-msg-report-rsp") != 0)
			continue;
		vector_file(v, "response", &response);
		assert_ok(cof_sevguest_response_parse(cof_buf_span(&response), &report, &err));
		assert_int_equal(report.len, 1184);
		n++;
	}
	assert_int_equal(n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_device),
		cmocka_unit_test(t061_a_refusal_is_final),
		cmocka_unit_test(throttled_for_a_while_and_for_ever),
		cmocka_unit_test(room_for_certificates),
		cmocka_unit_test(the_host_asks_for_too_much),
		cmocka_unit_test(the_host_always_wants_a_page_more),
		cmocka_unit_test(responses_that_are_none),
		cmocka_unit_test(t079_every_byte_of_the_head),
		cmocka_unit_test(a_real_response),
	};
	(void)mallopt(M_PERTURB, 0xa5); /* what was not written shows */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
