/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/eventlog.h"

#include "common/rd.h"
#include "common/secret.h"

/* spec: TCG PC Client PFP 10.4.5.1: the first record has the SHA-1 shape and carries this signature */
static const char spec_id[16] = "Spec ID Event03";
static const char startup_locality[16] = "StartupLocality";

enum { ALG_SHA256 = 0xb, DIGEST_LEN_MAX = 64, SHA1_LEN = 20 };

typedef struct alg_size {
	uint16_t alg;
	uint16_t size;
} alg_size;

static const alg_size known_algs[] = {{0x4, 20}, {0xb, 32}, {0xc, 48}, {0xd, 64}, {0x12, 32}};

typedef struct log_algs {
	alg_size a[COF_EVENT_ALGS_MAX];
	size_t n;
} log_algs;

void cof_eventlog_release(cof_eventlog *log)
{
	free(log->events);
	*log = (cof_eventlog){0};
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "eventlog-malformed", "event log: %s", what);
}

static const alg_size *find_alg(const log_algs *algs, uint16_t alg)
{
	for (size_t i = 0; i < algs->n; i++) {
		if (algs->a[i].alg == alg)
			return &algs->a[i];
	}
	return NULL;
}

static bool size_fits_alg(alg_size a)
{
	for (size_t i = 0; i < COF_COUNT(known_algs); i++) {
		if (known_algs[i].alg == a.alg)
			return known_algs[i].size == a.size;
	}
	return a.size > 0 && a.size <= DIGEST_LEN_MAX;
}

static int parse_algs(cof_rd *r, log_algs *ret, cof_err *err)
{
	log_algs algs = {0};
	uint32_t n = cof_rd_u32le(r);
	if (!cof_rd_ok(r) || n == 0 || n > COF_EVENT_ALGS_MAX)
		return malformed(err, "number of digest algorithms");
	for (uint32_t i = 0; i < n; i++) {
		alg_size a = {cof_rd_u16le(r), 0};
		a.size = cof_rd_u16le(r);
		if (!cof_rd_ok(r) || !size_fits_alg(a) || find_alg(&algs, a.alg) != NULL)
			return malformed(err, "digest algorithm list");
		algs.a[algs.n++] = a;
	}
	if (find_alg(&algs, ALG_SHA256) == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "eventlog-no-sha256", "event log has no SHA-256 bank");
	*ret = algs;
	return 0;
}

static bool starts_with(cof_span s, const char prefix[16])
{
	return s.len >= 16 && cof_ct_equal((cof_span){s.data, 16}, cof_span_of(prefix, 16));
}

static int parse_header(cof_rd *r, log_algs *ret, cof_err *err)
{
	(void)cof_rd_u32le(r); /* the register: 0 in TPM logs, 1 in CCEL ones */
	uint32_t type = cof_rd_u32le(r);
	cof_rd_skip(r, SHA1_LEN);
	cof_span data = cof_rd_bytes(r, cof_rd_u32le(r));
	if (!cof_rd_ok(r))
		return malformed(err, "first record");
	/* A log without the signature is in the SHA-1 format: nothing in it could be compared with a SHA-256 quote. */
	if (type != COF_EV_NO_ACTION || !starts_with(data, spec_id))
		return cof_err_set(err, COF_E_MALFORMED, "eventlog-no-sha256",
				   "event log is not in crypto-agile format");
	cof_rd body = cof_rd_of(data);
	cof_rd_skip(&body, sizeof spec_id + 4 + 4); /* platform class, version and size of UINTN */
	if (parse_algs(&body, ret, err) < 0)
		return -COF_E_MALFORMED;
	cof_rd_skip(&body, cof_rd_u8(&body)); /* vendor's own */
	return cof_rd_end(&body) ? 0 : malformed(err, "length of the Spec ID record");
}

static bool all_bytes(const cof_rd *r, uint8_t value)
{
	for (size_t i = 0; i < r->left; i++) {
		if (r->at[i] != value)
			return false;
	}
	return true;
}

/* Looks without taking: a record cannot start with register 0xffffffff, nor with twelve zero bytes (no digests). */
static bool at_padding(cof_rd r)
{
	static const uint8_t zeros[12];
	cof_rd look = r;
	if (r.left == 0)
		return true;
	if (cof_rd_u32le(&look) == UINT32_MAX)
		return all_bytes(&r, 0xff);
	look = r;
	return cof_ct_equal(cof_rd_bytes(&look, sizeof zeros), cof_span_of(zeros, sizeof zeros)) && all_bytes(&r, 0);
}

/* Takes the digests of one record; *ret_has says whether SHA-256 was among them. */
static int parse_digests(cof_rd *r, const log_algs *algs, uint8_t ret[COF_SHA256_LEN], bool *ret_has, cof_err *err)
{
	uint32_t seen = 0;
	uint32_t count = cof_rd_u32le(r);
	if (!cof_rd_ok(r) || count == 0 || count > algs->n)
		return malformed(err, "number of digests in a record");
	for (uint32_t i = 0; i < count; i++) {
		const alg_size *a = find_alg(algs, cof_rd_u16le(r));
		if (!cof_rd_ok(r) || a == NULL)
			return malformed(err, "a digest of an algorithm that was not announced");
		uint32_t bit = 1u << (a - algs->a);
		if ((seen & bit) != 0)
			return malformed(err, "two digests of one algorithm in a record");
		seen |= bit;
		if (a->alg == ALG_SHA256)
			cof_rd_copy(r, ret, COF_SHA256_LEN);
		else
			cof_rd_skip(r, a->size);
	}
	*ret_has = (seen & (1u << (find_alg(algs, ALG_SHA256) - algs->a))) != 0;
	return 0;
}

static int push_event(cof_eventlog *log, size_t *cap, const cof_log_event *e, cof_err *err)
{
	if (log->n == COF_EVENTS_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "eventlog-too-large", "event log has more than %d events",
				   COF_EVENTS_MAX);
	if (log->n == *cap) {
		size_t want = *cap == 0 ? 64 : *cap * 2;
		cof_log_event *more = reallocarray(log->events, want, sizeof *more);
		if (more == NULL)
			return cof_err_oom(err);
		log->events = more;
		*cap = want;
	}
	log->events[log->n++] = *e;
	return 0;
}

/* spec: TCG PC Client PFP 10.4.5.3: the locality that started the TPM decides the start value of PCR 0 */
static int take_no_action(cof_eventlog *log, bool *seen, const cof_log_event *e, cof_err *err)
{
	if (!starts_with(e->data, startup_locality))
		return 0;
	if (e->data.len != 17 || e->pcr != 0 || *seen)
		return malformed(err, "StartupLocality record");
	uint8_t locality = e->data.data[16];
	if (locality != 0 && locality != 3 && locality != 4)
		return malformed(err, "startup locality");
	for (size_t i = 0; i < log->n; i++) {
		if (log->events[i].pcr == 0)
			return malformed(err, "StartupLocality after an event of PCR 0");
	}
	*seen = true;
	log->locality = locality;
	return 0;
}

static int parse_event(cof_rd *r, const log_algs *algs, cof_log_event *ret, cof_err *err)
{
	bool has = false;
	cof_log_event e = {.pcr = cof_rd_u32le(r)};
	e.type = cof_rd_u32le(r);
	if (!cof_rd_ok(r) || e.pcr >= COF_PCRS)
		return malformed(err, "register number");
	if (parse_digests(r, algs, e.digest, &has, err) < 0)
		return -COF_E_MALFORMED;
	uint32_t len = cof_rd_u32le(r);
	if (!cof_rd_ok(r) || len > COF_EVENT_DATA_MAX)
		return malformed(err, "size of event data");
	e.data = cof_rd_bytes(r, len);
	if (!cof_rd_ok(r))
		return malformed(err, "cut off");
	/* Skipping such an event would let the SHA-256 bank differ from the one that the firmware reported. */
	if (!has && e.type != COF_EV_NO_ACTION)
		return cof_err_set(err, COF_E_MALFORMED, "eventlog-no-sha256", "an event has no SHA-256 digest");
	*ret = e;
	return 0;
}

int cof_eventlog_parse(cof_span in, cof_eventlog *ret, cof_err *err)
{
	COF_AUTO(cof_eventlog) log = {0};
	log_algs algs = {0};
	bool locality_seen = false;
	size_t cap = 0;
	if (in.len > COF_EVENTLOG_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "eventlog-too-large", "event log has %zu bytes", in.len);
	cof_rd r = cof_rd_of(in);
	int rc = parse_header(&r, &algs, err);
	while (rc == 0 && !at_padding(r)) {
		cof_log_event e;
		rc = parse_event(&r, &algs, &e, err);
		if (rc == 0)
			rc = e.type == COF_EV_NO_ACTION ? take_no_action(&log, &locality_seen, &e, err)
							: push_event(&log, &cap, &e, err);
	}
	if (rc < 0)
		return rc;
	*ret = log;
	log = (cof_eventlog){0};
	return 0;
}

void cof_pcr_start(uint32_t pcr, uint8_t locality, uint8_t out[COF_SHA256_LEN])
{
	/* spec: TCG PC Client PTP 4.6: 17-22 are reset to ones until a dynamic launch */
	memset(out, pcr >= 17 && pcr <= 22 ? 0xff : 0, COF_SHA256_LEN);
	if (pcr == 0)
		out[COF_SHA256_LEN - 1] = locality;
}

int cof_pcr_extend(uint8_t pcr[COF_SHA256_LEN], const uint8_t digest[COF_SHA256_LEN], cof_err *err)
{
	uint8_t both[2 * COF_SHA256_LEN];
	memcpy(both, pcr, COF_SHA256_LEN);
	memcpy(both + COF_SHA256_LEN, digest, COF_SHA256_LEN);
	return cof_sha256(cof_span_of(both, sizeof both), pcr, err);
}

int cof_eventlog_replay(const cof_eventlog *log, uint8_t ret[COF_PCRS][COF_SHA256_LEN], cof_err *err)
{
	uint8_t pcrs[COF_PCRS][COF_SHA256_LEN];
	for (uint32_t i = 0; i < COF_PCRS; i++)
		cof_pcr_start(i, log->locality, pcrs[i]);
	for (size_t i = 0; i < log->n; i++) {
		int rc = cof_pcr_extend(pcrs[log->events[i].pcr], log->events[i].digest, err);
		if (rc < 0)
			return rc;
	}
	memcpy(ret, pcrs, sizeof pcrs);
	return 0;
}
