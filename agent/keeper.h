/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper: the one process of the guest that holds keys. It owns the root of trust, the TEE key, the session with
 * the key broker and the REST API on loopback; it opens key packets and writes layer keys into pipes that init only
 * passes on. Started as `coffer-agent --role keeper` with the channel (common/chan.h) on descriptor 3. It trusts init
 * for what to do, and nobody for anything else; init never sees a key, not even in an error.
 *
 * Every request has exactly one reply, in order: COF_KEEPER_OK with a JSON object, or COF_KEEPER_ERR. A request may
 * take long (the broker is asked, with retries, until the deadline), so init waits for readability.
 */
#pragma once

#include "common/chan.h"
#include "common/json.h"

enum cof_keeper_type {
	/*
	 * The first message, once. Finds the machine's TEE, ties initdata to it (SNP, TDX: the launch's field must hold
	 * its digest; TPM: PCR 8, which must be zero, is extended) and opens the REST API. JSON:
	 *   "initdata":  the TOML text, as its digest covers it ("aa.toml" inside names the broker)
	 *   "root":      stands before the kernel's paths: "" in a guest
	 *   "runtime_log": file for what is measured after boot; "": nothing is
	 *   "tcti":      tss2 TCTI text, e.g. "device:/dev/tpmrm0", "swtpm:path=…"
	 *   "eventlog":  path of the firmware's event log
	 *   "rest_port": integer: 8006; 0: any free port; -1: no REST API
	 * OK: {"tee": "snp"|"tdx"|"tpm", "rest_port": n, "initdata_digest": "sha256:…"}
	 */
	COF_KEEPER_START = 1,
	/* The unmeasured table of names. JSON {"hosts": ["IP NAME", …]}; replaces the one before. OK: {} */
	COF_KEEPER_HOSTS = 2,
	/*
	 * Proves the guest to the broker and keeps the token. JSON {"timeout_ms": n}. Does nothing when a token is
	 * held that lives for another while. OK:
	 *   {"verdict": "affirming"|"contraindicated"|…, "pcrs": {"0": hex, …}, "attest_ms": n}
	 * The verdict is the broker's word as its token has it, for people to read: the guest decides nothing by it.
	 */
	COF_KEEPER_ATTEST = 3,
	/*
	 * Opens a layer's key packet; attests first when that was not done. JSON {"packet": the annotation's value,
	 * "timeout_ms": n}; one descriptor: the write end of a pipe, which gets the key record
	 * (image-decrypt/layerkey.h) and is then closed. Nothing is written on failure. Layers with one kid fetch their
	 * key once. OK: {}
	 */
	COF_KEEPER_UNWRAP = 4,
	/* Forgets keys, token and session, and ends. OK: {} */
	COF_KEEPER_STOP = 5,
	/*
	 * What a pull of this image takes of the owner's, whichever resources initdata's cdh.toml names for it. JSON
	 * {"reference": "HOST/NAME@DIGEST", "timeout_ms": n}; one descriptor: the write end of a pipe of at least
	 * COF_KEEPER_RECORD_MAX bytes, which gets a record for the fetcher and is then closed. Nothing is written on
	 * failure. OK: {}
	 */
	COF_KEEPER_LOGINS = 6,	/* an auth file with the logins for this image alone */
	COF_KEEPER_SIGNERS = 7, /* agent/signers.h */

	COF_KEEPER_OK = 100,
	COF_KEEPER_ERR = 101,
};

enum { COF_KEEPER_MS_MAX = 20 * 60 * 1000, COF_KEEPER_REST_PORT = 8006, COF_KEEPER_RECORD_MAX = 512 << 10 };

/* The whole process; returns its exit code. chan_fd is taken. */
int cof_keeper_main(int chan_fd);

/* --- init's side --- */

/* What START says; see there. */
typedef struct cof_keeper_start {
	const char *initdata, *root, *runtime_log, *tcti, *eventlog;
	int rest_port;
} cof_keeper_start;

/* Sends a request; fds are still the caller's. */
COF_WUR int cof_keeper_send_start(int chan, const cof_keeper_start *start, cof_err *err);
COF_WUR int cof_keeper_send_hosts(int chan, const char *const *lines, size_t n, cof_err *err);
COF_WUR int cof_keeper_send_attest(int chan, int timeout_ms, cof_err *err);
COF_WUR int cof_keeper_send_unwrap(int chan, const char *packet, int timeout_ms, int key_pipe, cof_err *err);
/* type is COF_KEEPER_LOGINS or COF_KEEPER_SIGNERS. */
COF_WUR int cof_keeper_send_image(int chan, uint32_t type, const char *reference, int timeout_ms, int pipe,
				  cof_err *err);
COF_WUR int cof_keeper_send_stop(int chan, cof_err *err);
/*
 * Reads one reply. 0: OK, its object in *ret_ok (new reference). Otherwise err is what the keeper said (its class,
 * reason and text), and *ret_refusal is the refusal object {"reason","pcr","event","expected","found"} or NULL when
 * there is none. A keeper that breaks the protocol or is gone gives "keeper-gone" or "keeper-malformed".
 */
COF_WUR int cof_keeper_recv(int chan, json_t **ret_ok, json_t **ret_refusal, cof_err *err);
