/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's policy, coffer-policy/1 (docs/formats.md): the whole of what the host may ask for. It is parsed once,
 * from initdata that the measurement covers; a member that is not known, or of another type, refuses the whole.
 */
#pragma once

#include <stdint.h>

#include "common/buf.h"
#include "common/kbs_proto.h"

enum {
	COF_POLICY_MAX = 256 << 10,
	COF_POLICY_CONTAINERS_MAX = 64,
	COF_POLICY_WORDS_MAX = 256,
	COF_POLICY_EXEC_MAX = 64,
	COF_SIGNAL_MAX = 64,
};

/* A list of words. set tells an absent list from an empty one. */
typedef struct cof_words {
	char **at;
	size_t n;
	bool set;
} cof_words;

void cof_words_release(cof_words *w);
COF_DEFINE_AUTO(cof_words, cof_words_release)
COF_WUR int cof_words_add(cof_words *w, const char *s, cof_err *err);
/* Same words in the same order. */
bool cof_words_equal(const cof_words *a, char *const *b, size_t n);

typedef struct cof_policy_container {
	char *image;  /* name without digest: "registry.coffer.test:5000/demo" */
	char *digest; /* "sha256:…" of manifest or index */
	cof_words args;
	cof_words env;
	char *cwd; /* NULL: the image decides */
	bool has_user;
	uint32_t uid, gid;
	bool terminal;
	bool require_encrypted; /* every layer of the image */
} cof_policy_container;

/* What a scratch disk must be before image and workload may use it; the strictest is what silence means. */
typedef enum cof_scratch_rule {
	COF_SCRATCH_INTEGRITY, /* encrypted and authenticated */
	COF_SCRATCH_ENCRYPTED, /* the host may damage it unseen, block by block */
	COF_SCRATCH_NO,
} cof_scratch_rule;

typedef struct cof_policy {
	cof_policy_container *containers;
	size_t n_containers;
	cof_words *exec;
	size_t n_exec;
	uint64_t signals; /* bit s - 1 for signal s */
	bool stdin_ok, stdout_ok, stderr_ok;
	cof_words resources; /* patterns of what the workload may fetch at the REST API */
	bool token_ok;	     /* it may have the guest's token, and the key to which that is bound */
	cof_scratch_rule scratch;
	bool measure_ok; /* it may extend the register that is the workload's */
} cof_policy;

/* Reason "policy-malformed". */
COF_WUR int cof_policy_parse(cof_span in, cof_policy **ret, cof_err *err);
void cof_policy_free(cof_policy *p);
COF_DEFINE_AUTO_PTR(cof_policy, cof_policy_free)

/* The entry for "NAME@DIGEST"; reason "policy-denied" when no entry names exactly this. */
COF_WUR int cof_policy_image(const cof_policy *p, const char *reference, const cof_policy_container **ret,
			     cof_err *err);
bool cof_policy_exec_allowed(const cof_policy *p, char *const *argv, size_t n);
bool cof_policy_signal_allowed(const cof_policy *p, uint32_t signal);
/* What the workload, not the host, asks for at the REST API. */
bool cof_policy_resource_allowed(const cof_policy *p, const cof_kbsp_path *path);
