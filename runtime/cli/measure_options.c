/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/measure_options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>

#include "common/hex.h"
#include "runtime/cli/cli.h"

const char cof_measure_options_help[] =
	"What is launched:\n"
	"  --firmware FILE        firmware image (OVMF, TDVF), or for snp a whole launch as IGVM file\n"
	"  --kernel FILE          kernel, or sha256:HEX where that is enough (SEV)\n"
	"  --initrd FILE          initrd, or sha256:HEX\n"
	"  --append TEXT          kernel command line\n"
	"  --launch FILE          a launch document (coffer-launch/1) instead of these files\n"
	"  --guest FILE           a guest image's manifest instead of both, with --profile NAME (default) and\n"
	"                         --calibration FILE for a firmware build that coffer does not know by itself\n"
	"  --initdata FILE        gives HOST_DATA and MRCONFIGID\n"
	"The machine:\n"
	"  --vcpus N              virtual CPUs (1)\n"
	"  --vcpu-type NAME       QEMU's name of the CPU model (EPYC-Milan), or one of\n"
	"  --vcpu-sig N           its signature, --vcpu-fms FAMILY,MODEL,STEPPING\n"
	"  --vmm NAME[@PROFILE]   qemu (default), ec2, gce; a profile is a version of its register values\n"
	"  --guest-features HEX   SNP's SEV_FEATURES (0x1)\n"
	"  --memory SIZE          512M, 2G; without a letter MiB\n"
	"  --ovmf-release N       edk2-stable tag (202508) of a firmware that coffer does not know by its digest\n"
	"  --mrtd-order WORD      page (default) or section\n"
	"  --svsm FILE            SVSM image, with --svsm-vars-size N and --svsm-fcw N (0)\n"
	"  --snp-ovmf-hash HEX    SNP digest of the firmware's pages, instead of hashing them\n"
	"  --vmsa-gpa N           address of the VMSA pages (0xfffffffff000)\n"
	"  --zero-fpu             SEV-ES: a host that starts the machine with the old call\n"
	"  --igvm-data-pages      IGVM: a loader that measures pages of zeros as data (QEMU does not)\n"
	"  --no-kernel-hashes     SEV: kernel-hashes=off\n"
	"  --qemu-version N       tpm: QEMU's major version, which decides whether it fills in the kernel's setup "
	"header\n"
	"  --patched-kernel       that it does, whatever its version (TDX: some stacks from before upstream's)\n"
	"  --host-data HEX        goes along into the outputs, as does\n"
	"  --policy HEX           the guest policy (0x30000)\n";

typedef enum kind { TEXT, FLAG, U32, U64, BITS, SIZE } kind;

typedef struct option_spec {
	const char *name;
	kind kind;
	size_t offset;
} option_spec;

#define AT(member) offsetof(cof_measure_opts, member)

static const option_spec specs[] = {
	{"tee", TEXT, AT(tee)},
	{"firmware", TEXT, AT(firmware)},
	{"kernel", TEXT, AT(kernel)},
	{"initrd", TEXT, AT(initrd)},
	{"append", TEXT, AT(append)},
	{"launch", TEXT, AT(launch)},
	{"guest", TEXT, AT(guest)},
	{"profile", TEXT, AT(profile)},
	{"calibration", TEXT, AT(calibration)},
	{"initdata", TEXT, AT(initdata)},
	{"vcpus", U32, AT(vcpus)},
	{"vcpu-type", TEXT, AT(vcpu_type)},
	{"vcpu-fms", TEXT, AT(vcpu_fms)},
	{"vcpu-sig", U32, AT(vcpu_sig)},
	{"vmm", TEXT, AT(vmm)},
	{"guest-features", BITS, AT(guest_features)},
	{"vmsa-gpa", U64, AT(vmsa_gpa)},
	{"memory", SIZE, AT(memory_bytes)},
	{"mrtd-order", TEXT, AT(mrtd_order)},
	{"ovmf-release", U32, AT(release)},
	{"qemu-version", U32, AT(qemu_major)},
	{"zero-fpu", FLAG, AT(zero_fpu)},
	{"igvm-data-pages", FLAG, AT(igvm_data_pages)},
	{"no-kernel-hashes", FLAG, AT(no_kernel_hashes)},
	{"patched-kernel", FLAG, AT(patched_kernel)},
	{"svsm", TEXT, AT(svsm)},
	{"svsm-vars-size", U32, AT(svsm_vars_size)},
	{"svsm-fcw", U64, AT(svsm_fcw)},
	{"snp-ovmf-hash", TEXT, AT(ovmf_hash)},
	{"host-data", TEXT, AT(host_data)},
	{"policy", BITS, AT(policy)},
	{"output", TEXT, AT(output)},
	{"corim", TEXT, AT(corim)},
	{"corim-key", TEXT, AT(corim_key)},
	{"corim-version", U64, AT(corim_version)},
	{"corim-days", U32, AT(corim_days)},
	{"pin-file", TEXT, AT(pin_file)},
	{"rvps", TEXT, AT(rvps)},
	{"document", TEXT, AT(document)},
	{"pcrs", TEXT, AT(pcrs)},
	{"reference", TEXT, AT(reference)},
	{"bank", TEXT, AT(bank)},
	{"json", FLAG, AT(json)},
	{"help", FLAG, AT(help)},
};

enum { WANTED = 0x1000, SPEC = 0x2000 };

bool cof_parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	char *end = NULL;
	bool hex = strncmp(text, "0x", 2) == 0;
	const char *digits = hex ? text + 2 : text;
	size_t n = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");
	if (n == 0 || digits[n] != '\0')
		return false;
	errno = 0;
	unsigned long long v = strtoull(digits, &end, hex ? 16 : 10);
	if (errno != 0 || v > max)
		return false;
	*ret = v;
	return true;
}

bool cof_parse_bits(const char *text, uint64_t *ret)
{
	bool plain = strncmp(text, "0x", 2) == 0 || (text[0] != '\0' && text[1] == '\0');
	return plain && cof_parse_number(text, UINT64_MAX, ret);
}

int cof_parse_hex(const char *option, const char *text, void *ret, size_t len, cof_err *err)
{
	if (cof_unhex(text, ret, len, NULL) == 0)
		return 0;
	return cof_err_set(err, COF_E_USAGE, "usage", "%s is %zu bytes in hex", option, len);
}

bool cof_parse_size(const char *text, uint64_t *ret)
{
	static const char letters[] = "KMGT";
	char number[24];
	size_t n = strspn(text, "0123456789");
	const char *letter = text[n] == '\0' ? &letters[1] : strchr(letters, text[n]);
	uint64_t v = 0;
	if (n == 0 || n >= sizeof number || letter == NULL || *letter == '\0' ||
	    (text[n] != '\0' && text[n + 1] != '\0'))
		return false;
	memcpy(number, text, n);
	number[n] = '\0';
	return cof_parse_number(number, UINT32_MAX, &v) &&
	       !__builtin_mul_overflow(v, (uint64_t)1 << (10 * (letter - letters + 1)), ret);
}

static bool store(const option_spec *s, const char *text, cof_measure_opts *o)
{
	uint8_t *at = (uint8_t *)o + s->offset;
	uint64_t v = 0;
	uint32_t v32;
	bool yes = true;
	switch (s->kind) {
	case TEXT:
		memcpy(at, &text, sizeof text);
		return true;
	case FLAG:
		memcpy(at, &yes, sizeof yes);
		return true;
	case U32:
		yes = cof_parse_number(text, UINT32_MAX, &v);
		v32 = (uint32_t)v;
		memcpy(at, &v32, sizeof v32);
		return yes;
	case U64:
		yes = cof_parse_number(text, UINT64_MAX, &v);
		break;
	case BITS:
		yes = cof_parse_bits(text, &v);
		break;
	case SIZE:
		yes = cof_parse_size(text, &v);
		break;
	}
	memcpy(at, &v, sizeof v);
	return yes;
}

static int take(int c, cof_measure_opts *o)
{
	if (c == '?')
		return cof_cli_usage("see coffer measure --help");
	if (c == 'h') {
		o->help = true;
		return COF_EXIT_YES;
	}
	if (c == WANTED && o->n_wanted == COF_COUNT(o->wanted))
		return cof_cli_usage("at most %zu --wanted", COF_COUNT(o->wanted));
	if (c == WANTED) {
		o->wanted[o->n_wanted++] = optarg;
		return COF_EXIT_YES;
	}
	const option_spec *s = &specs[c - SPEC];
	o->has_policy |= s->offset == AT(policy);
	o->has_vcpus |= s->offset == AT(vcpus);
	o->has_vcpu_sig |= s->offset == AT(vcpu_sig);
	const char *wanted = s->kind == BITS ? "bits are written 0x..." : "not a number in range";
	return store(s, optarg, o) ? COF_EXIT_YES : cof_cli_usage("--%s %s: %s", s->name, optarg, wanted);
}

static int take_file(int argc, char **argv, bool takes_file, cof_measure_opts *o)
{
	if (takes_file && optind + 1 == argc)
		o->file = argv[optind++];
	if (optind != argc)
		return cof_cli_usage("unexpected argument %s", argv[optind]);
	return takes_file && o->file == NULL && !o->help ? cof_cli_usage("a file is missing (see --help)")
							 : COF_EXIT_YES;
}

int cof_measure_options(int argc, char **argv, bool takes_file, cof_measure_opts *ret)
{
	struct option longs[COF_COUNT(specs) + 2] = {0};
	cof_measure_opts o = {.profile = "default",
			      .vcpus = 1,
			      .vmm = "qemu",
			      .guest_features = COF_MEASURE_FEATURES,
			      .mrtd_order = "page"};
	for (size_t i = 0; i < COF_COUNT(specs); i++)
		longs[i] = (struct option){specs[i].name, specs[i].kind == FLAG ? no_argument : required_argument, NULL,
					   SPEC + (int)i};
	longs[COF_COUNT(specs)] = (struct option){"wanted", required_argument, NULL, WANTED};
	int code = COF_EXIT_YES;
	optind = 0; /* starts anew: more than one list may be read in a process */
	for (int c; code == COF_EXIT_YES && (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;)
		code = take(c, &o);
	if (code == COF_EXIT_YES)
		code = take_file(argc, argv, takes_file, &o);
	if (code == COF_EXIT_YES)
		*ret = o;
	return code;
}
