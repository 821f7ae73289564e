/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/measure_inputs.h"

#include <stdio.h>

#include "common/file.h"
#include "common/initdata.h"
#include "common/secret.h"
#include "firmware/igvm.h"
#include "firmware/kernel.h"
#include "firmware/pe.h"
#include "firmware/sev/cpu.h"
#include "firmware/sev/policy.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/measure_files.h"

void cof_measure_inputs_release(cof_measure_inputs *i)
{
	cof_buf_release(&i->firmware);
	cof_buf_release(&i->kernel);
	cof_buf_release(&i->svsm);
	cof_launch_document_release(&i->doc);
	cof_manifest_release(&i->manifest);
	*i = (cof_measure_inputs){0};
}

/* --- which TEEs --- */

static bool has_tee(const cof_tee_measure *const *list, size_t n, const cof_tee_measure *t)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i] == t)
			return true;
	}
	return false;
}

static int add_tee(const char *name, const cof_tee_measure **list, size_t *n, cof_err *err)
{
	const cof_tee_measure *t = NULL;
	int rc = cof_tee_measure_find(name, &t, err);
	if (rc == 0 && !has_tee(list, *n, t))
		list[(*n)++] = t;
	return rc;
}

int cof_measure_tees(const char *text, const cof_tee_measure *ret[COF_TEES_MAX + 1], cof_err *err)
{
	size_t n = 0;
	int rc = 0;
	if (strcmp(text, "all") == 0) {
		for (; cof_tee_measures[n].name != NULL; n++)
			ret[n] = &cof_tee_measures[n];
	} else {
		while (rc == 0) {
			char name[16];
			size_t len = strcspn(text, ",");
			(void)snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name), text);
			rc = add_tee(name, ret, &n, err);
			if (text[len] == '\0')
				break;
			text += len + 1;
		}
	}
	ret[n] = NULL;
	return rc;
}

/* All that is asked for, put together. */
typedef struct needs {
	unsigned parts;
	bool image, cpu, kernel, initrd_sha384;
	bool confidential;
	bool files; /* false: the guest's own machine tells all (measure_tpm.h) */
} needs;

static needs needs_of(const cof_tee_measure *const *tees, const cof_measure_opts *o)
{
	bool of_guest = o->firmware == NULL && o->launch == NULL;
	needs n = {.kernel = o->document != NULL, .initrd_sha384 = o->document != NULL, .files = o->document != NULL};
	n.parts = o->document != NULL ? COF_PARTS_ALL : 0;
	bool by_section = o->any || strcmp(o->mrtd_order, "section") == 0;
	for (; *tees != NULL; tees++) {
		if (of_guest && (*tees)->wants_machine)
			continue;
		n.files = true;
		n.parts |= (*tees)->parts;
		n.parts |= by_section && ((*tees)->parts & COF_PART_TDX) != 0 ? COF_PART_TDX_SECTION : 0;
		n.image |= (*tees)->needs_image;
		n.cpu |= (*tees)->needs_cpu;
		n.confidential |= (*tees)->confidential;
		n.kernel |= (*tees)->hashes_kernel;
		n.initrd_sha384 |= (*tees)->initrd_sha384;
	}
	return n;
}

/* --- files --- */

static int usage(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_USAGE, "usage", "%s (see coffer measure --help)", what);
}

static int load_firmware(const char *path, const needs *n, cof_measure_inputs *i, cof_err *err)
{
	unsigned parts = n->parts | (i->profile != NULL ? COF_PART_DIGEST : 0);
	int rc = cof_file_read(path, COF_FIRMWARE_MAX, &i->firmware, err);
	return rc < 0 ? rc : cof_launch_firmware(cof_buf_span(&i->firmware), parts, &i->doc, err);
}

static int load_kernel_bytes(const char *path, cof_measure_inputs *i, cof_err *err)
{
	cof_digest d;
	cof_launch_file *f = &i->doc.kernel;
	int rc = cof_file_read(path, COF_PE_MAX, &i->kernel, err);
	if (rc == 0)
		rc = cof_sha256(cof_buf_span(&i->kernel), f->sha256, err);
	if (rc == 0)
		rc = cof_pe_digest(cof_buf_span(&i->kernel), COF_SHA384, &d, err);
	if (rc < 0)
		return rc;
	f->given = true;
	f->size = i->kernel.len;
	memcpy(i->doc.authenticode, d.bytes, sizeof i->doc.authenticode);
	i->doc.has_authenticode = true;
	return 0;
}

static int load_kernel(const char *text, const needs *n, cof_measure_inputs *i, cof_err *err)
{
	if (text == NULL)
		return 0;
	if (n->kernel && strncmp(text, "sha256:", 7) != 0)
		return load_kernel_bytes(text, i, err);
	return cof_measure_file_or_digest(text, false, &i->doc.kernel, err);
}

static int take_cmdline(const char *text, cof_launch_document *d, cof_err *err)
{
	if (text == NULL)
		return 0;
	d->cmdline = strdup(text);
	d->has_cmdline_sha256 = true;
	return d->cmdline == NULL ? cof_err_oom(err) : cof_sev_cmdline_hash(text, d->cmdline_sha256, err);
}

static int load_document(const char *path, cof_measure_inputs *i, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int rc = cof_file_read(path, COF_LAUNCH_DOCUMENT_MAX, &text, err);
	if (rc == 0)
		rc = cof_launch_document_parse(cof_buf_span(&text), &i->doc, err);
	return rc < 0 ? cof_err_wrap(err, "%s", path) : 0;
}

static int load_guest(const cof_measure_opts *o, const char *tee, cof_measure_opts *files, cof_measure_inputs *i,
		      cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int rc = cof_cli_guest(o->guest, &path, err);
	if (rc == 0)
		rc = cof_manifest_load(path, &i->manifest, err);
	if (rc == 0)
		rc = cof_manifest_profile(&i->manifest, o->profile, &i->profile, err);
	if (rc < 0)
		return rc;
	i->guest_firmware = cof_manifest_firmware(&i->manifest, tee);
	files->firmware = o->firmware != NULL ? o->firmware : i->guest_firmware->path;
	files->kernel = i->manifest.kernel.path;
	files->initrd = cof_manifest_initrd(&i->manifest, i->profile)->path;
	files->append = i->manifest.cmdline;
	i->in.memory_bytes = (uint64_t)i->profile->memory_mib << 20;
	i->in.vcpus = i->profile->vcpus;
	return 0;
}

static int check_digest(const cof_guest_file *want, const uint8_t got[COF_SHA256_LEN], cof_err *err)
{
	if (cof_ct_equal(cof_span_of(want->sha256, COF_SHA256_LEN), cof_span_of(got, COF_SHA256_LEN)))
		return 0;
	return cof_err_set(err, COF_E_CRYPTO, "guest-image-mismatch", "%s is not the file of the manifest", want->path);
}

/* What was hashed is what the manifest names. */
static int check_guest(const cof_measure_inputs *i, bool firmware, cof_err *err)
{
	int rc = firmware ? check_digest(i->guest_firmware, i->doc.firmware_sha256, err) : 0;
	if (rc == 0)
		rc = check_digest(&i->manifest.kernel, i->doc.kernel.sha256, err);
	return rc < 0 ? rc : check_digest(cof_manifest_initrd(&i->manifest, i->profile), i->doc.initrd.sha256, err);
}

/* Nothing that was named is passed over: a prediction of other files would look just the same. */
static int check_sources(const cof_measure_opts *o, cof_err *err)
{
	bool boots = o->kernel != NULL || o->initrd != NULL || o->append != NULL;
	if (o->launch != NULL && (boots || o->firmware != NULL || o->guest != NULL))
		return usage(err, "--launch stands for firmware, kernel, initrd and command line");
	if (o->launch == NULL && boots && (o->guest != NULL || o->firmware == NULL))
		return usage(err, "kernel, initrd and command line are the guest image's, or belong to --firmware");
	if (boots && o->kernel == NULL)
		return usage(err, "--initrd and --append belong to a --kernel");
	return 0;
}

static int load_files(const cof_measure_opts *o, const char *tee, const needs *n, cof_measure_inputs *i, cof_err *err)
{
	cof_measure_opts files = *o;
	int rc = check_sources(o, err);
	if (rc < 0)
		return rc;
	if (o->launch != NULL)
		return load_document(o->launch, i, err);
	if (o->guest != NULL || o->firmware == NULL)
		rc = load_guest(o, tee, &files, i, err);
	if (rc < 0 || !n->files)
		return rc;
	rc = load_firmware(files.firmware, n, i, err);
	if (rc == 0)
		rc = load_kernel(files.kernel, n, i, err);
	if (rc == 0 && files.initrd != NULL)
		rc = cof_measure_file_or_digest(files.initrd, n->initrd_sha384, &i->doc.initrd, err);
	if (rc == 0)
		rc = take_cmdline(files.append, &i->doc, err);
	return rc < 0 || i->profile == NULL ? rc : check_guest(i, o->firmware == NULL, err);
}

/* --- the machine --- */

/* spec: AMD APM vol. 3, CPUID Fn0000_0001_EAX: what the fields can hold */
static int parse_fms(const char *text, uint32_t *ret, cof_err *err)
{
	static const uint64_t most[] = {15 + 255, 255, 15};
	uint64_t v[COF_COUNT(most)];
	for (size_t i = 0; i < COF_COUNT(most); i++) {
		char number[8] = "";
		size_t n = strcspn(text, ",");
		bool last = text[n] == '\0';
		if (n < sizeof number)
			memcpy(number, text, n);
		if (last != (i == COF_COUNT(most) - 1) || !cof_parse_number(number, most[i], &v[i]))
			return usage(err, "--vcpu-fms is FAMILY,MODEL,STEPPING");
		text += n + 1;
	}
	*ret = cof_cpu_signature((unsigned)v[0], (unsigned)v[1], (unsigned)v[2]);
	return 0;
}

static int take_cpu(const cof_measure_opts *o, bool needed, cof_measure_in *in, cof_err *err)
{
	if ((o->vcpu_type != NULL) + (o->vcpu_fms != NULL) + o->has_vcpu_sig > 1)
		return usage(err, "one of --vcpu-type, --vcpu-fms, --vcpu-sig");
	in->vcpu_sig = o->vcpu_sig;
	if (o->vcpu_fms != NULL)
		return parse_fms(o->vcpu_fms, &in->vcpu_sig, err);
	if (o->vcpu_type != NULL)
		return cof_cpu_find(o->vcpu_type, &in->vcpu_sig, err);
	if (needed && in->vmm->rdx_is_signature && !o->has_vcpu_sig)
		return usage(err, "the CPU's model is measured: --vcpu-type, --vcpu-sig or --vcpu-fms");
	return 0;
}

static int take_order(const char *text, cof_mrtd_order *ret, cof_err *err)
{
	if (strcmp(text, "page") != 0 && strcmp(text, "section") != 0)
		return usage(err, "--mrtd-order is page or section");
	*ret = text[0] == 'p' ? COF_MRTD_PAGE : COF_MRTD_SECTION;
	return 0;
}

static int take_svsm(const cof_measure_opts *o, cof_measure_inputs *i, cof_err *err)
{
	if (o->svsm == NULL)
		return 0;
	if (o->svsm_fcw > UINT16_MAX || o->svsm_vars_size == 0)
		return usage(err, "--svsm needs --svsm-vars-size, and --svsm-fcw has 16 bits");
	if (o->guest_features != COF_MEASURE_FEATURES)
		return usage(err, "an SVSM's CPUs always have SEV_FEATURES 0x1");
	int rc = cof_file_read(o->svsm, COF_FIRMWARE_MAX, &i->svsm, err);
	i->in.svsm = cof_buf_span(&i->svsm);
	i->in.svsm_vars_size = o->svsm_vars_size;
	i->in.svsm_fcw = (uint16_t)o->svsm_fcw;
	return rc;
}

static int take_machine(const cof_measure_opts *o, const needs *n, cof_measure_inputs *i, cof_err *err)
{
	cof_measure_in *in = &i->in;
	in->doc = &i->doc;
	in->firmware = cof_buf_span(&i->firmware);
	in->kernel = cof_buf_span(&i->kernel);
	if (i->profile == NULL || o->has_vcpus)
		in->vcpus = o->vcpus;
	if (o->memory_bytes != 0)
		in->memory_bytes = o->memory_bytes;
	in->guest_features = o->guest_features;
	in->vmsa_gpa = o->vmsa_gpa;
	in->zero_fpu = o->zero_fpu;
	in->igvm_zero_pages = !o->igvm_data_pages;
	in->no_kernel_hashes = o->no_kernel_hashes;
	in->release = o->release != 0 ? o->release : i->doc.release;
	in->patched_kernel = o->patched_kernel;
	if (o->qemu_major != 0)
		in->patched_kernel |= cof_kernel_is_patched(o->qemu_major, n->confidential);
	int rc = cof_vmm_find(o->vmm, &in->vmm, err);
	if (rc == 0)
		rc = take_cpu(o, n->cpu && !o->any && !cof_igvm_looks_like(in->firmware), in, err);
	if (rc == 0)
		rc = take_order(o->mrtd_order, &in->mrtd_order, err);
	if (rc == 0 && o->ovmf_hash != NULL)
		rc = cof_parse_hex("--snp-ovmf-hash", o->ovmf_hash, i->doc.sev.ovmf_hash, COF_SHA384_LEN, err);
	return rc < 0 ? rc : take_svsm(o, i, err);
}

/* --- what goes along --- */

static int take_initdata(const char *path, cof_measure_extras *x, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_initdata) d = {0};
	if (path == NULL)
		return 0;
	int rc = cof_file_read(path, COF_INITDATA_MAX, &text, err);
	if (rc == 0)
		rc = cof_initdata_parse(cof_buf_span(&text), &d, err);
	if (rc == 0)
		rc = cof_initdata_field(&d.digest, sizeof x->host_data, x->host_data, err);
	if (rc == 0)
		rc = cof_initdata_field(&d.digest, sizeof x->mrconfigid, x->mrconfigid, err);
	x->has_host_data = x->has_mrconfigid = rc == 0;
	return rc;
}

static int take_extras(const cof_measure_opts *o, cof_measure_extras *x, cof_err *err)
{
	int rc = take_initdata(o->initdata, x, err);
	if (rc == 0 && o->host_data != NULL && o->initdata != NULL)
		return usage(err, "--host-data or --initdata");
	if (rc == 0 && o->host_data != NULL) {
		x->has_host_data = true;
		rc = cof_parse_hex("--host-data", o->host_data, x->host_data, sizeof x->host_data, err);
	}
	x->has_policy = o->has_policy;
	x->policy = o->policy;
	return rc;
}

int cof_measure_inputs_load(const cof_measure_opts *o, const cof_tee_measure *const *tees, cof_measure_inputs *ret,
			    cof_err *err)
{
	needs n = needs_of(tees, o);
	int rc = load_files(o, tees[0]->name, &n, ret, err);
	if (rc == 0)
		rc = take_machine(o, &n, ret, err);
	return rc < 0 ? rc : take_extras(o, &ret->extras, err);
}
