/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tsm_host processor SOCKET: the security processor behind a machine's second serial port (kernel/tsm-sim), until the
 * machine is off; its keys' certificates go to SOCKET.root, .vek and .middle. tsm_host judge SOCKET JSON: the verifier,
 * on evidence that the guest sent. Keys that soft_snp.h makes, and nobody trusts.
 */
#include "tests/unit/evidence/make_table.h"
#include "tests/unit/evidence/snp_rebuild.h"
#include "tests/unit/verify/soft_snp.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "common/file.h"

static const char *const suffixes[] = {"vek", "middle", "root"};

static int listen_at(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 1) < 0)
		return -1;
	return accept4(fd, NULL, NULL, SOCK_CLOEXEC);
}

static int write_certificates(const soft_snp *s, const char *path)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < COF_COUNT(suffixes); i++) {
		COF_AUTO_FREE char *file = NULL;
		r = cof_path(&file, NULL, "%s.%s", path, suffixes[i]);
		if (r == 0)
			r = cof_file_write(file, cof_buf_span(&s->made[i + 1]), 0600, NULL);
	}
	return r;
}

/* VCEK and ASK, as a host that has them writes them. */
static void make_host_table(const soft_snp *s, cof_buf *ret)
{
	COF_AUTO(cof_buf) body = {0};
	const uint32_t vek = (uint32_t)s->made[1].len, middle = (uint32_t)s->made[2].len;
	const table_entry e[] = {{GUID_VCEK, 72, vek}, {GUID_ASK, 72 + vek, middle}};
	assert_ok(cof_buf_add(&body, s->made[1].data, vek, &err));
	assert_ok(cof_buf_add(&body, s->made[2].data, middle, &err));
	make_table(e, 2, cof_buf_span(&body), ret);
}

static int answer(int fd, soft_snp *s, const uint8_t request[65], const cof_buf *table)
{
	COF_AUTO(cof_buf) out = {0};
	cof_wr w = cof_wr_to(&out);
	soft_put(s->report, 0x30, request[0], 4);
	memcpy(s->report + 0x50, request + 1, 64);
	soft_sign(s);
	cof_wr_u32le(&w, sizeof s->report);
	cof_wr_bytes(&w, cof_span_of(s->report, sizeof s->report));
	cof_wr_u32le(&w, (uint32_t)table->len);
	cof_wr_bytes(&w, cof_buf_span(table));
	return cof_fd_write_all(fd, cof_buf_span(&out), NULL);
}

static int processor(const char *path)
{
	static soft_keys keys;
	static soft_snp s;
	static cof_buf table;
	uint8_t request[65];
	soft_keys_make(&keys);
	s = soft_snp_good(&keys);
	soft_make(&s);
	make_host_table(&s, &table);
	if (write_certificates(&s, path) < 0)
		return 2;
	int fd = listen_at(path);
	while (fd >= 0 && cof_fd_read_exact(fd, request, sizeof request, NULL) == 0 &&
	       answer(fd, &s, request, &table) == 0)
		continue;
	return fd < 0 ? 2 : 0;
}

static int judge(const char *path, const char *json)
{
	static cof_verdict v;
	static cof_buf certs[COF_COUNT(suffixes)];
	uint8_t report[1184];
	const cof_kind *kind = NULL;
	COF_AUTO_PTR(json_t) policy = json_loads("{\"report_data\":\"77\",\"vmpl\":1}", 0, NULL);
	COF_AUTO_PTR(json_t) e = NULL;
	assert_ok(cof_json_read_file(json, 1 << 20, &e, &err));
	assert_int_equal(json_array_size(json_object_get(e, "cert_chain")), 2);
	rebuild_report(json_object_get(e, "attestation_report"), report);
	for (size_t i = 0; i < COF_COUNT(suffixes); i++) {
		COF_AUTO_FREE char *file = NULL;
		assert_ok(cof_path(&file, &err, "%s.%s", path, suffixes[i]));
		assert_ok(cof_file_read(file, 1 << 16, &certs[i], &err));
	}
	const cof_role_file files[] = {{"report", cof_span_of(report, sizeof report)},
				       {"vek", cof_buf_span(&certs[0])},
				       {"intermediate", cof_buf_span(&certs[1])},
				       {"root", cof_buf_span(&certs[2])}};
	const cof_verify_in in = {.files = files, .n_files = 4, .policy = policy, .now = SOFT_NOW};
	assert_ok(cof_kind_find("snp-report", &kind, &err));
	assert_ok(cof_verify(kind, &in, &v, &err));
	(void)printf("%s\n", v.accepted ? "accepted" : v.checks.list[v.checks.first].name);
	return v.accepted ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "processor") == 0)
		return processor(argv[2]);
	if (argc == 4 && strcmp(argv[1], "judge") == 0)
		return judge(argv[2], argv[3]);
	(void)fputs("usage: tsm_host processor SOCKET | judge SOCKET JSON\n", stderr);
	return 2;
}
