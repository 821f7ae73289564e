/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for devices: the kernel tells of each that appears, so nobody sleeps and looks again. */
#pragma once

#include "common/err.h"

/* True when what is waited for is there. */
typedef bool (*cof_await_check)(void *arg);

/* Returns when check says so. Reason "device-missing" after timeout_ms, naming what. */
COF_WUR int cof_await_device(cof_await_check check, void *arg, int timeout_ms, const char *what, cof_err *err);
