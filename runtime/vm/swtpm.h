/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swtpm as a child: state in a private folder, an EK certified by a local CA, one connected control channel and no
 * socket in the file system. Whoever runs swtpm owns the TPM: such a machine is measured, not confidential.
 */
#pragma once

#include "common/buf.h"
#include "common/proc.h"

typedef struct cof_swtpm_opts {
	const char *dir;    /* exists, 0700: state, logs, and the CA unless ca_dir is set */
	const char *ca_dir; /* kept CA ("--tpm-ca"); made there at first use; NULL: dir/ca */
	bool bare;	    /* no EK and no certificate: enough for predictions, and faster */
} cof_swtpm_opts;

typedef struct cof_swtpm {
	cof_proc proc;
	int ctrl_fd; /* for QEMU: -chardev socket,fd= */
} cof_swtpm;

/* Stops the child and closes the channel; safe on zeroed objects. */
void cof_swtpm_release(cof_swtpm *t);
COF_DEFINE_AUTO(cof_swtpm, cof_swtpm_release)

/* Manufactures the state unless it is there, and starts swtpm. Reasons "swtpm-absent", "swtpm-setup-failed". */
COF_WUR int cof_swtpm_start(const cof_swtpm_opts *opts, cof_swtpm *ret, cof_err *err);
/* The CA's root and issuing certificates, PEM, made at first use (what the owner enrols at the key broker). */
COF_WUR int cof_swtpm_ca(const char *ca_dir, cof_buf *ret_pem, cof_err *err);
