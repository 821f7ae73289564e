/* SPDX-License-Identifier: Apache-2.0 */
/* What certificates and lists have in common, for x509*.c and p256.c alone. */
#pragma once

#include "attestation/verify/x509.h"
#include "common/der.h"

/* SEQUENCE of what is signed, algorithm and signature, to its last byte; *ret_inner is over the signed contents, from
 * where the algorithm inside has not been read yet. */
COF_WUR bool cof_x509_read_signed(cof_span der, cof_x509_signed *ret, cof_rd *ret_inner);
/* Takes the element of this tag that holds the extensions; r fails for what is malformed, or too many. */
void cof_x509_read_extensions(cof_rd *r, uint8_t tag, cof_x509_extensions *ret);
bool cof_x509_is_name(cof_span name);
/* A public key on a named curve, that of like unless it is NULL; NULL when the bytes are no point of it. */
COF_WUR EVP_PKEY *cof_x509_point(const char *group, cof_span point, EVP_PKEY *like);
