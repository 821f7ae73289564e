/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of SHA-256 digests as one span, 32 bytes each, in which owners keep names and initdata digests. */
#pragma once

#include <stdbool.h>

#include "common/digest.h"

/* True when name is a SHA-256 TPM name (000b and 32 bytes) whose digest is in the list. A list that is no multiple of
 * 32 bytes holds nothing. */
bool cof_name_is_enrolled(cof_span name, cof_span list);
