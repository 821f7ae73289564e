/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/status.h"

#include <string.h>

#include "common/cleanup.h"

static const struct {
	cof_status status;
	const char *name;
} statuses[] = {
	{COF_STATUS_NONE, "none"},
	{COF_STATUS_AFFIRMING, "affirming"},
	{COF_STATUS_WARNING, "warning"},
	{COF_STATUS_CONTRAINDICATED, "contraindicated"},
};

static const char *const elements[COF_TRUST_COUNT] = {
	[COF_TRUST_INSTANCE_IDENTITY] = "instance-identity",
	[COF_TRUST_CONFIGURATION] = "configuration",
	[COF_TRUST_EXECUTABLES] = "executables",
	[COF_TRUST_FILE_SYSTEM] = "file-system",
	[COF_TRUST_HARDWARE] = "hardware",
	[COF_TRUST_RUNTIME_OPAQUE] = "runtime-opaque",
	[COF_TRUST_STORAGE_OPAQUE] = "storage-opaque",
	[COF_TRUST_SOURCED_DATA] = "sourced-data",
};

const char *cof_status_name(cof_status s)
{
	for (size_t i = 0; i < COF_COUNT(statuses); i++) {
		if (statuses[i].status == s)
			return statuses[i].name;
	}
	return "contraindicated";
}

int cof_status_by_name(const char *name, cof_status *ret, cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(statuses); i++) {
		if (strcmp(statuses[i].name, name) == 0) {
			*ret = statuses[i].status;
			return 0;
		}
	}
	return cof_err_set(err, COF_E_MALFORMED, "ear-status", "'%.32s' is no attestation status", name);
}

const char *cof_trust_name(enum cof_trust element)
{
	return elements[element];
}

/* spec: draft-ietf-rats-ar4si: tiers of a trustworthiness claim, and their negative mirrors */
cof_status cof_trust_tier(int value)
{
	if (value >= -1 && value <= 1)
		return COF_STATUS_NONE;
	if (value >= -32 && value <= 31)
		return COF_STATUS_AFFIRMING;
	if (value >= -96 && value <= 95)
		return COF_STATUS_WARNING;
	return COF_STATUS_CONTRAINDICATED;
}

cof_status cof_trust_worst(const int vector[COF_TRUST_COUNT])
{
	cof_status worst = COF_STATUS_NONE;
	for (size_t i = 0; i < COF_TRUST_COUNT; i++) {
		cof_status tier = cof_trust_tier(vector[i]);
		if (tier > worst)
			worst = tier;
	}
	return worst;
}
