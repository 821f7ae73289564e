/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest image manifest (coffer-guest-manifest/1, docs/formats.md): what a VM boots and the machines it may boot
 * on. Read strictly: an unknown member is an error. The files that it names are checked against their digests
 * before a boot, so that a mistake is found here and not as a refusal of the key broker.
 */
#pragma once

#include "common/digest.h"

enum {
	COF_MANIFEST_MAX = 1 << 20,
	COF_MANIFEST_FILE_MAX = 256 << 20,
	COF_MANIFEST_PROFILES_MAX = 32,
	COF_PROFILE_NAME_MAX = 128,
	COF_MANIFEST_PACKAGES_MAX = 512,
	COF_MANIFEST_FIRMWARES_MAX = 8,
	COF_CMDLINE_MAX = 2000, /* what an x86 kernel takes, less what the firmware adds */
};

typedef struct cof_profile {
	char *name;
	unsigned memory_mib;
	unsigned vcpus;
	char *cpu;     /* QEMU's -cpu value */
	char *machine; /* "q35" */
	bool scratch;  /* it has a scratch disk, and boots the initrd that can use one */
} cof_profile;

typedef struct cof_guest_file {
	char *path; /* absolute, or beneath the manifest's folder as that was given */
	uint8_t sha256[COF_SHA256_LEN];
} cof_guest_file;

/* The firmware for one kind of TEE, where it is not the one of "firmware". */
typedef struct cof_tee_firmware {
	char *tee; /* "snp" */
	cof_guest_file file;
} cof_tee_firmware;

typedef struct cof_manifest {
	char *version;
	cof_guest_file firmware;
	cof_guest_file vars;
	char *firmware_version; /* package version */
	cof_guest_file kernel;
	char *kernel_release;
	cof_guest_file initrd;
	cof_guest_file scratch_initrd; /* path NULL: no profile has a scratch disk */
	char *cmdline;
	cof_profile *profiles;
	size_t n_profiles;
	cof_tee_firmware tees[COF_MANIFEST_FIRMWARES_MAX];
	size_t n_tees;
} cof_manifest;

void cof_manifest_release(cof_manifest *m);
COF_DEFINE_AUTO(cof_manifest, cof_manifest_release)

/* File names in json are relative to dir and may not leave it. Reason "manifest-malformed". */
COF_WUR int cof_manifest_parse(cof_span json, const char *dir, cof_manifest *ret, cof_err *err);
COF_WUR int cof_manifest_load(const char *path, cof_manifest *ret, cof_err *err);
/* Every file that p boots has the digest that the manifest says: else reason "guest-image-mismatch" (crypto), naming
 * the file. */
COF_WUR int cof_manifest_check_files(const cof_manifest *m, const cof_profile *p, cof_err *err);
/* What a machine of this profile boots. */
const cof_guest_file *cof_manifest_initrd(const cof_manifest *m, const cof_profile *p);
/* The firmware that this TEE's guests start with. */
const cof_guest_file *cof_manifest_firmware(const cof_manifest *m, const char *tee);
/* Reason "machine-not-in-manifest" (policy). */
COF_WUR int cof_manifest_profile(const cof_manifest *m, const char *name, const cof_profile **ret, cof_err *err);
/* The machine for a run that wants a scratch disk: the profile of this name if it has one, else "NAME-scratch". */
COF_WUR int cof_manifest_scratch_profile(const cof_manifest *m, const char *name, const cof_profile **ret,
					 cof_err *err);
