/* SPDX-License-Identifier: Apache-2.0 */
/* Keys made here, and signatures by them in every form. */
#pragma once

#include <openssl/pem.h>

#include "common/ossl.h"
#include "tests/unit/test.h"

enum { SIGRIG_NOW = 1795900000 }; /* after the vectors were made */
