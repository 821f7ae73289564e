/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The input is a keyring and a message at once: two bytes of length, the ring, the message. Both are hostile here, so a
 * message may be good; then it says who signed it, and nothing is said of one that is not.
 */
#include "common/rd.h"
#include "image-decrypt/sigpgp.h"
#include "tests/fuzz/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_PTR(cof_pgp_ring) ring = NULL;
	COF_AUTO_PTR(cof_pgp_ring) empty = NULL;
	COF_AUTO(cof_buf) text = {0};
	char fingerprint[COF_PGP_FINGERPRINT_STR] = "";
	cof_rd r = cof_rd_of(cof_span_of(data, len));
	cof_span keys = fuzz_next(&r), message = cof_rd_rest(&r);
	if (cof_pgp_ring_new(&ring, NULL) < 0 || cof_pgp_ring_new(&empty, NULL) < 0)
		abort();
	bool usable = cof_pgp_ring_add(ring, keys, NULL) == 0;
	bool good = usable && cof_pgp_verify(ring, message, 1800000000, &text, fingerprint, NULL) == 0;
	if (good != (strlen(fingerprint) == COF_PGP_FINGERPRINT_STR - 1) || (!good && text.len > 0))
		abort();
	if (cof_pgp_verify(empty, message, 1800000000, &text, fingerprint, NULL) == 0)
		abort();
	return 0;
}
