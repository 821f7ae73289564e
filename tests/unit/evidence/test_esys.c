/* SPDX-License-Identifier: Apache-2.0 */
/* Which transports there are, what the TPM's words become, and peers on the wire that are no TPM. */
#include "tests/unit/evidence/odd_tpm.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

static void t042_only_linked_transports_are_known(void **state)
{
	(void)state;
	static const char *const names[] = {
		"",
		"device",
		"swtpm",
		"DEVICE:/dev/tpm0",
		" swtpm:path=x",
		"tabrmd",
		"tabrmd:bus_type=session",
		"mssim:host=x",
		"libtss2-tcti-swtpm.so.0:path=x",
		"/tmp/evil.so",
		"cmd:id",
		"pcap:swtpm:path=x",
		"libtpms:/tmp/x",
		":/dev/tpm0",
	};
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		cof_tpm t = {.ek = ESYS_TR_NONE, .ak = ESYS_TR_NONE};
		assert_fails(cof_tpm_connect(&t, names[i], &err), "tcti-unknown");
		assert_null(t.tcti);
		assert_null(t.esys);
		cof_tpm_disconnect(&t); /* of nothing */
	}
}

static void t042_the_environment_picks_no_tpm(void **state)
{
	(void)state;
	cof_tpm t = {.ek = ESYS_TR_NONE, .ak = ESYS_TR_NONE};
	assert_int_equal(setenv("TPM2TOOLS_TCTI", "mssim:host=x", 1), 0);
	assert_int_equal(setenv("TSS2_TCTI", "mssim:host=x", 1), 0);
	assert_fails(cof_tpm_connect(&t, "", &err), "tcti-unknown");
	assert_fails(cof_tpm_connect(&t, "swtpm:path=/nonexistent/sock", &err), "tpm-unreachable");
	cof_tpm_disconnect(&t);
	(void)unsetenv("TPM2TOOLS_TCTI");
	(void)unsetenv("TSS2_TCTI");
}

static void places_without_a_tpm(void **state)
{
	(void)state;
	static const char *const names[] = {
		"device:",	  "device:/dev/null/x",		"device:/nonexistent", "swtpm:path=/dev/null",
		"swtpm:nonsense", "swtpm:host=127.0.0.1,port=1"};
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		cof_tpm t = {.ek = ESYS_TR_NONE, .ak = ESYS_TR_NONE};
		cof_err err = {0};
		assert_true(cof_tpm_connect(&t, names[i], &err) < 0);
		if (!cof_err_is(&err, "tpm-unreachable") && !cof_err_is(&err, "tpm-failed"))
			fail_msg("%s: %s", names[i], err.reason);
		assert_null(t.esys);
		cof_tpm_disconnect(&t);
	}
}

static void words_of_the_tpm(void **state)
{
	(void)state;
	static const struct {
		TSS2_RC rc;
		const char *reason;
		cof_class cls;
	} cases[] = {
		{TSS2_TCTI_RC_IO_ERROR, "tpm-unreachable", COF_E_UNAVAILABLE},
		{TSS2_TCTI_RC_NO_CONNECTION, "tpm-unreachable", COF_E_UNAVAILABLE},
		{TSS2_ESYS_RC_BAD_VALUE, "tpm-failed", COF_E_IO},
		{TSS2_SYS_RC_MALFORMED_RESPONSE, "tpm-failed", COF_E_IO},
		{TSS2_MU_RC_INSUFFICIENT_BUFFER, "tpm-failed", COF_E_IO},
		{TPM2_RC_LOCKOUT, "tpm-failed", COF_E_IO},
		{TPM2_RC_FAILURE, "tpm-failed", COF_E_IO},
		{0xffffffff, "tpm-failed", COF_E_IO},
	};
	assert_ok(cof_tpm_rc(TSS2_RC_SUCCESS, "x", &err));
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		cof_err err = {0};
		assert_true(cof_tpm_rc(cases[i].rc, "Command", &err) < 0);
		assert_string_equal(err.reason, cases[i].reason);
		assert_int_equal(err.cls, cases[i].cls);
		assert_non_null(strstr(err.text, "Command"));
	}
}

static void a_selection_is_its_mask(void **state)
{
	(void)state;
	static const uint32_t masks[] = {0, 1, 0x800000, 0xffffff, 0x010203};
	for (size_t i = 0; i < COF_COUNT(masks); i++) {
		const TPML_PCR_SELECTION s = cof_tpm_select(masks[i]);
		assert_int_equal(s.count, 1);
		assert_int_equal(s.pcrSelections[0].hash, TPM2_ALG_SHA256);
		assert_int_equal(s.pcrSelections[0].sizeofSelect, 3);
		const uint8_t *b = s.pcrSelections[0].pcrSelect;
		assert_int_equal((uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16, masks[i]);
	}
}

/* ---- a peer that is no TPM ---- */

typedef struct liar {
	char path[96];
	int fd;
	const uint8_t *says;
	size_t len;
} liar;

/* One connection: hears something, says its bytes, hangs up. */
static void *lie(void *arg)
{
	liar *l = arg;
	uint8_t heard[512];
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0 && read(fd, heard, sizeof heard) > 0)
		(void)!write(fd, l->says, l->len);
	if (fd >= 0)
		(void)close(fd);
	return NULL;
}

static void t061_a_peer_that_is_no_tpm(void **state)
{
	(void)state;
	static const uint8_t nothing[1],
		text[] = "HTTP/1.1 200 OK\r\n\r\n", huge[] = {0x80, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0},
		tiny[] = {0x80, 1, 0, 0, 0, 2, 0, 0, 0, 0}, none[] = {0x80, 1, 0, 0, 0, 10, 0, 0, 0, 0};
	const cof_span says[] = {cof_span_of(nothing, 0), cof_span_of(text, sizeof text - 1),
				 cof_span_of(huge, sizeof huge), cof_span_of(tiny, sizeof tiny),
				 cof_span_of(none, sizeof none)};
	for (size_t i = 0; i < COF_COUNT(says); i++) {
		liar l = {.path = "/tmp/cof-liar-XXXXXX", .says = says[i].data, .len = says[i].len};
		struct sockaddr_un a = {.sun_family = AF_UNIX};
		char tcti[128];
		pthread_t thread;
		uint8_t pcrs[COF_TPM_PCRS][32];
		cof_tpm t = {.ek = ESYS_TR_NONE, .ak = ESYS_TR_NONE};
		cof_err err = {0};
		assert_non_null(mkdtemp(l.path));
		(void)snprintf(a.sun_path, sizeof a.sun_path, "%s/s", l.path);
		(void)snprintf(tcti, sizeof tcti, "swtpm:path=%s", a.sun_path);
		l.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(l.fd, (const struct sockaddr *)&a, sizeof a), 0);
		assert_int_equal(listen(l.fd, 1), 0);
		assert_int_equal(pthread_create(&thread, NULL, lie, &l), 0);
		int rc = cof_tpm_connect(&t, tcti, &err);
		if (rc == 0)
			rc = cof_tpm_pcrs(&t, pcrs, &err);
		assert_true(rc < 0);
		if (!cof_err_is(&err, "tpm-unreachable") && !cof_err_is(&err, "tpm-failed"))
			fail_msg("liar %zu: %s", i, err.reason);
		cof_tpm_disconnect(&t);
		(void)shutdown(l.fd, SHUT_RDWR);
		(void)pthread_join(thread, NULL);
		(void)close(l.fd);
		assert_int_equal(cof_rm_tree(l.path, NULL), 0);
	}
}

int main(void)
{
	(void)setenv("TSS2_LOG", "all+none", 1);
	(void)signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t042_only_linked_transports_are_known),
		cmocka_unit_test(t042_the_environment_picks_no_tpm),
		cmocka_unit_test(t061_a_peer_that_is_no_tpm),
		cmocka_unit_test(places_without_a_tpm),
		cmocka_unit_test(words_of_the_tpm),
		cmocka_unit_test(a_selection_is_its_mask),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
