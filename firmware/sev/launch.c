/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/launch.h"

enum { PAGE = 4096 };

int cof_sev_launch_check(const cof_sev_launch *in, unsigned vcpus, cof_err *err)
{
	int rc = cof_sev_metadata_check(in->meta, err);
	if (rc < 0)
		return rc;
	if (vcpus == 0 || vcpus > COF_SEV_VCPUS_MAX)
		return cof_err_set(err, COF_E_USAGE, "vcpus-out-of-range", "%u CPUs; 1 to %d can be measured", vcpus,
				   COF_SEV_VCPUS_MAX);
	if (vcpus > 1 && in->meta->reset_eip == 0 && in->svsm.len == 0)
		return cof_err_set(err, COF_E_POLICY, "reset-address-missing",
				   "the firmware does not say where further CPUs start");
	/* A digest without the hashes would be that of a machine which boots any kernel. */
	if (in->hashes != NULL && in->meta->hash_table_gpa == 0)
		return cof_err_set(err, COF_E_POLICY, "kernel-hashes-unsupported",
				   "the firmware has no place for kernel hashes");
	return 0;
}

int cof_sev_launch_check_image(cof_span image, cof_err *err)
{
	if (image.len == 0)
		return cof_err_set(err, COF_E_USAGE, "firmware-image-needed", "this digest needs the firmware's image");
	if (image.len > COF_FIRMWARE_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "firmware-too-large", "firmware image of more than %d MiB",
				   COF_FIRMWARE_MAX >> 20);
	if (image.len % PAGE != 0)
		return cof_err_set(err, COF_E_MALFORMED, "firmware-malformed",
				   "firmware image of %zu bytes, no whole pages", image.len);
	return 0;
}

int cof_sev_launch_check_meta(const cof_sev_launch *in, cof_span image, cof_err *err)
{
	if (image.len == in->meta->image_size)
		return 0;
	return cof_err_set(err, COF_E_USAGE, "metadata-mismatch", "the metadata is of another image");
}

void cof_sev_launch_vmsa(const cof_sev_launch *in, bool ap, uint64_t guest_features, bool zero_fpu,
			 uint8_t ret[COF_VMSA_LEN])
{
	const cof_vmsa_in cpu = {
		.vmm = in->vmm,
		.ap = ap,
		.eip = ap ? in->meta->reset_eip : COF_BSP_EIP,
		.vcpu_sig = in->vcpu_sig,
		.guest_features = guest_features,
		.zero_fpu = zero_fpu,
	};
	cof_vmsa_page(&cpu, ret);
}
