/* SPDX-License-Identifier: Apache-2.0 */
/* A payload is of one kind at most, and what it names is compared with everything that a policy can ask. */
#include "image-decrypt/sigidentity.h"
#include "image-decrypt/sigpayload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void compare(const char *name)
{
	cof_ref asked;
	if (cof_ref_parse("reg.example.org/team/run:1", &asked, NULL) < 0)
		abort();
	for (int match = COF_SIG_MATCH_REPO_DIGEST_OR_EXACT; match <= COF_SIG_MATCH_NAMED; match++) {
		cof_sig_identity i = {.match = (cof_sig_match)match,
				      .name = (char *)(uintptr_t) "reg.example.org/team",
				      .signed_prefix = (char *)(uintptr_t) "vendor.example.org"};
		(void)!cof_sig_identity_check(&i, &asked, name, NULL);
		(void)!cof_sig_identity_check(&i, NULL, name, NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_sigpayload) atomic = {0};
	COF_AUTO(cof_sigpayload) cosign = {0};
	cof_span in = {data, len};
	bool a = cof_sigpayload_parse(in, COF_SIGPAYLOAD_ATOMIC, &atomic, NULL) == 0;
	bool c = cof_sigpayload_parse(in, COF_SIGPAYLOAD_COSIGN, &cosign, NULL) == 0;
	if (a && c)
		abort();
	if (a || c)
		compare(a ? atomic.identity : cosign.identity);
	return 0;
}
