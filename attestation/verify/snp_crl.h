/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The revocation list of an ARK. It can name an intermediate; it cannot name a chip, since every VCEK has serial 0:
 * chips are refused by the policy's list.
 *
 * spec: RFC 5280, section 5
 */
#pragma once

#include "attestation/verify/snp_certs.h"

enum { COF_SNP_CRL_MAX = 1 << 20 };

/* Appends checks of stage revocation (one of stage parse for bytes that are no list). certs: as read, all three. */
void cof_snp_crl_check(cof_span crl, const cof_snp_certs *certs, int64_t now, cof_checks *checks);
/* The list itself, without asking whom it names: the checks above but for the last two; true when they passed. *ret is
 * set as soon as the bytes are a list, and freed with cof_x509_crl_free. */
bool cof_snp_crl_read(cof_span der, cof_x509 *root, int64_t now, cof_checks *c, cof_x509_crl **ret);
