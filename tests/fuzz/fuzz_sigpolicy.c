/* SPDX-License-Identifier: Apache-2.0 */
/* What parses has requirements everywhere, and lets no image through that nobody signed unless it says so. */
#include "image-decrypt/sigcheck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool accepts_anything(const cof_sig_reqs *reqs)
{
	for (size_t i = 0; i < reqs->n; i++)
		if (reqs->list[i].type != COF_SIG_ACCEPT_ANYTHING)
			return false;
	return true;
}

static void ask(const cof_sigpolicy *p, const cof_sig_place *place)
{
	char scope[COF_SIGPOLICY_SCOPE_MAX];
	cof_digest d = {.alg = COF_SHA256};
	cof_err err = {0};
	const cof_sigcheck in = {.policy = p, .place = *place, .asked = &d, .chosen = &d};
	const cof_sig_reqs *reqs = cof_sigpolicy_find(p, place, scope);
	if (reqs->n == 0 || (cof_sigcheck_run(&in, NULL, &err) == 0) != accepts_anything(reqs))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const names[] = {"reg.example.org/team/run:1", "docker.io/library/busybox:latest",
					    "reg.example.org:5000/a/b@sha256:"
					    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"};
	COF_AUTO_PTR(cof_sigpolicy) p = NULL;
	if (cof_sigpolicy_parse(cof_span_of(data, len), &p, NULL) < 0)
		return 0;
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		cof_ref ref;
		if (cof_ref_parse(names[i], &ref, NULL) < 0)
			abort();
		ask(p, &(cof_sig_place){.transport = "docker", .ref = &ref});
	}
	ask(p, &(cof_sig_place){.transport = "oci", .path = "/srv/images", .path_ref = "v1"});
	ask(p, &(cof_sig_place){.transport = "nothing"});
	return 0;
}
