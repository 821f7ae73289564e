/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front: the process that talks to strangers. It has the TLS key, the listening socket and a link to the key
 * holder, and nothing else: no store, no other key. It frames HTTP and JSON into the small messages of wire.h and
 * decides nothing.
 */
#pragma once

#include "common/err.h"

/* Descriptors that the key holder passes. */
enum { COF_FRONT_FD_LINK = 3, COF_FRONT_FD_LISTEN = 4, COF_FRONT_FD_CERT = 5, COF_FRONT_FD_KEY = 6 };

enum {
	COF_FRONT_CONNECTIONS_MAX = 1024,
	COF_FRONT_PENDING_MAX = 256, /* requests that wait for the key holder; more are answered 429 */
	COF_FRONT_HEADERS_MAX = 48 << 10,
	COF_FRONT_REQUEST_S = 20, /* for a whole request, from the connection or the last answer on */
	COF_FRONT_IDLE_S = 10,	  /* for the next byte */
	COF_FRONT_DRAIN_S = 5,
};

/* Runs until the key holder leaves or drains; returns the exit code. */
int cof_front_main(void);
