/* SPDX-License-Identifier: Apache-2.0 */
/* WWW-Authenticate of a hostile registry: a token server that is accepted is https. */
#include <strings.h>

#include "image-decrypt/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_FREE char *text = cof_span_dup_str(cof_span_of(data, len));
	cof_challenge c = {0};
	if (text == NULL || cof_challenge_parse(text, &c, NULL) < 0)
		return 0;
	if (c.scheme == COF_AUTH_BEARER && strncasecmp(c.realm, "https://", 8) != 0)
		abort();
	return 0;
}
