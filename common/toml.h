/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subset of TOML 1.0 that initdata and coffer's own settings use, parsed into JSON (objects, arrays, strings,
 * integers, booleans): tables, dotted and quoted keys, basic, literal and multi-line strings. Floats, dates and
 * anything else are refused, never guessed. Reason "toml-malformed", with the line number in the text.
 */
#pragma once

#include "common/json.h"

enum { COF_TOML_MAX = 1 << 20, COF_TOML_DEPTH_MAX = 16 };

COF_WUR int cof_toml_parse(cof_span in, json_t **ret, cof_err *err);
