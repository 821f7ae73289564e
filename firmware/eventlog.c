/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/eventlog.h"

#include "common/rd.h"
#include "common/secret.h"

/* spec: TCG PC Client PFP 10.4.5.1: the first record has the SHA-1 shape and carries this signature */
static const char spec_id[16] = "Spec ID Event03";
static const char startup_locality[16] = "StartupLocality";

enum { DIGEST_LEN_MAX = 64, CCEL_REG = 1, LOCALITY_LEN = 17 };

typedef struct known_alg {
	uint16_t alg;
	cof_hash hash;
} known_alg;

/* spec: TCG Algorithm Registry 1.32, table 3 */
static const known_alg known_algs[] = {
	{0x4, COF_SHA1}, {0xb, COF_SHA256}, {0xc, COF_SHA384}, {0xd, COF_SHA512}, {0x12, COF_SM3},
};

typedef struct alg_size {
	uint16_t alg;
	uint16_t size;
} alg_size;

typedef struct log_head {
	cof_log_kind kind;
	bool agile;
	alg_size algs[COF_EVENT_ALGS_MAX];
	size_t n;
} log_head;

/* How much padding the end could be. */
typedef struct log_tail {
	size_t zeros;
	size_t ones;
} log_tail;

void cof_eventlog_release(cof_eventlog *log)
{
	free(log->events);
	*log = (cof_eventlog){0};
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "eventlog-malformed", "event log: %s", what);
}

static const known_alg *find_known(uint16_t alg)
{
	for (size_t i = 0; i < COF_COUNT(known_algs); i++) {
		if (known_algs[i].alg == alg)
			return &known_algs[i];
	}
	return NULL;
}

static const alg_size *find_alg(const log_head *h, uint16_t alg)
{
	for (size_t i = 0; i < h->n; i++) {
		if (h->algs[i].alg == alg)
			return &h->algs[i];
	}
	return NULL;
}

/* The place of a bank among the head's algorithms; NULL when it has none. */
static const alg_size *find_bank(const log_head *h, cof_hash bank)
{
	for (size_t i = 0; i < h->n; i++) {
		const known_alg *k = find_known(h->algs[i].alg);
		if (k != NULL && k->hash == bank)
			return &h->algs[i];
	}
	return NULL;
}

static bool size_fits_alg(alg_size a)
{
	const known_alg *k = find_known(a.alg);
	return k != NULL ? cof_hash_len(k->hash) == a.size : a.size > 0 && a.size <= DIGEST_LEN_MAX;
}

static int parse_algs(cof_rd *r, log_head *h, cof_err *err)
{
	uint32_t n = cof_rd_u32le(r);
	if (!cof_rd_ok(r) || n == 0 || n > COF_EVENT_ALGS_MAX)
		return malformed(err, "number of digest algorithms");
	for (uint32_t i = 0; i < n; i++) {
		alg_size a = {cof_rd_u16le(r), 0};
		a.size = cof_rd_u16le(r);
		if (!cof_rd_ok(r) || !size_fits_alg(a) || find_alg(h, a.alg) != NULL)
			return malformed(err, "digest algorithm list");
		h->algs[h->n++] = a;
	}
	return 0;
}

static bool starts_with(cof_span s, const char prefix[16])
{
	return s.len >= 16 && cof_ct_equal((cof_span){s.data, 16}, cof_span_of(prefix, 16));
}

/* source: OVMF writes the Spec ID record of a CCEL log with register 1 and SHA-384 as the only algorithm */
static int find_kind(uint32_t reg, log_head *h, cof_err *err)
{
	bool ccel = reg == CCEL_REG && h->n == 1 && find_bank(h, COF_SHA384) != NULL;
	if (!ccel && reg != 0)
		return malformed(err, "register of the Spec ID record");
	h->kind = ccel ? COF_LOG_CCEL : COF_LOG_TPM;
	return 0;
}

static int parse_spec_id(uint32_t reg, cof_span data, log_head *ret, cof_err *err)
{
	log_head h = {.agile = true};
	cof_rd body = cof_rd_of(data);
	cof_rd_skip(&body, sizeof spec_id + 4 + 4); /* platform class, version and size of UINTN */
	if (parse_algs(&body, &h, err) < 0)
		return -COF_E_MALFORMED;
	cof_rd_skip(&body, cof_rd_u8(&body)); /* vendor's own */
	if (!cof_rd_end(&body))
		return malformed(err, "length of the Spec ID record");
	if (find_kind(reg, &h, err) < 0)
		return -COF_E_MALFORMED;
	*ret = h;
	return 0;
}

/* Bytes of one value at the very end: counted once, so that no log makes every record look through what is left. */
static size_t count_tail(cof_span s, uint8_t value)
{
	size_t n = 0;
	for (cof_rd r = cof_rd_of(s); r.left > 0 && cof_rd_tail(&r, 1).data[0] == value;)
		n++;
	return n;
}

/* Looks without taking: a record cannot start with register 0xffffffff, nor with twelve zero bytes (no digests). */
static bool at_padding(const cof_rd *r, const log_tail *t)
{
	static const uint8_t zeros[12];
	cof_rd ones = *r, none = *r;
	if (r->left == 0)
		return true;
	if (cof_rd_u32le(&ones) == UINT32_MAX)
		return r->left <= t->ones;
	return r->left <= t->zeros && cof_ct_equal(cof_rd_bytes(&none, sizeof zeros), cof_span_of(zeros, sizeof zeros));
}

/* Takes the Spec ID record. A log without one is in the old format, and its first record is an event as any other. */
static int parse_head(cof_rd *r, const log_tail *tail, log_head *ret, cof_err *err)
{
	cof_rd first = *r;
	uint32_t reg = cof_rd_u32le(&first);
	uint32_t type = cof_rd_u32le(&first);
	cof_rd_skip(&first, COF_SHA1_LEN);
	cof_span data = cof_rd_bytes(&first, cof_rd_u32le(&first));
	if (!cof_rd_ok(&first) || at_padding(r, tail))
		return malformed(err, "first record");
	if (type != COF_EV_NO_ACTION || !starts_with(data, spec_id)) {
		*ret = (log_head){.kind = COF_LOG_TPM, .algs = {{0x4, COF_SHA1_LEN}}, .n = 1};
		return 0;
	}
	*r = first;
	return parse_spec_id(reg, data, ret, err);
}

/* Takes the digests of one record; *ret_has says whether the bank's was among them. */
static int parse_digests(cof_rd *r, const log_head *h, cof_digest *ret, bool *ret_has, cof_err *err)
{
	const alg_size *bank = find_bank(h, ret->alg);
	uint32_t seen = 0;
	uint32_t count = h->agile ? cof_rd_u32le(r) : 1;
	if (!cof_rd_ok(r) || count == 0 || count > h->n)
		return malformed(err, "number of digests in a record");
	for (uint32_t i = 0; i < count; i++) {
		const alg_size *a = h->agile ? find_alg(h, cof_rd_u16le(r)) : h->algs;
		if (!cof_rd_ok(r) || a == NULL)
			return malformed(err, "a digest of an algorithm that was not announced");
		uint32_t bit = 1u << (a - h->algs);
		if ((seen & bit) != 0)
			return malformed(err, "two digests of one algorithm in a record");
		seen |= bit;
		if (a == bank)
			cof_rd_copy(r, ret->bytes, a->size);
		else
			cof_rd_skip(r, a->size);
	}
	*ret_has = (seen & (1u << (bank - h->algs))) != 0;
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
	if (e->data.len != LOCALITY_LEN || e->reg != 0 || *seen || log->kind != COF_LOG_TPM)
		return malformed(err, "StartupLocality record");
	uint8_t locality = e->data.data[16];
	if (locality != 0 && locality != 3 && locality != 4)
		return malformed(err, "startup locality");
	for (size_t i = 0; i < log->n; i++) {
		if (log->events[i].reg == 0)
			return malformed(err, "StartupLocality after an event of PCR 0");
	}
	*seen = true;
	log->locality = locality;
	return 0;
}

static bool reg_fits(const log_head *h, const cof_log_event *e)
{
	return e->type == COF_EV_NO_ACTION ? e->reg < cof_reg_count(h->kind) : cof_reg_is_extended(h->kind, e->reg);
}

static int parse_event(cof_rd *r, const log_head *h, cof_hash bank, cof_log_event *ret, cof_err *err)
{
	bool has = false;
	cof_log_event e = {.reg = cof_rd_u32le(r), .digest = {.alg = bank}};
	e.type = cof_rd_u32le(r);
	if (!cof_rd_ok(r) || !reg_fits(h, &e))
		return malformed(err, "register number");
	if (parse_digests(r, h, &e.digest, &has, err) < 0)
		return -COF_E_MALFORMED;
	uint32_t len = cof_rd_u32le(r);
	if (!cof_rd_ok(r) || len > COF_EVENT_DATA_MAX)
		return malformed(err, "size of event data");
	e.data = cof_rd_bytes(r, len);
	if (!cof_rd_ok(r))
		return malformed(err, "cut off");
	/* Skipping such an event would let the bank differ from the one that the firmware reported. */
	if (!has && e.type != COF_EV_NO_ACTION)
		return cof_err_set(err, COF_E_MALFORMED, "eventlog-bank-missing", "an event has no %s digest",
				   cof_hash_name(bank));
	*ret = e;
	return 0;
}

static int open_log(cof_span in, cof_rd *ret, log_tail *ret_tail, log_head *ret_head, cof_err *err)
{
	if (in.len > COF_EVENTLOG_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "eventlog-too-large", "event log has %zu bytes", in.len);
	*ret = cof_rd_of(in);
	*ret_tail = (log_tail){.zeros = count_tail(in, 0), .ones = count_tail(in, 0xff)};
	return parse_head(ret, ret_tail, ret_head, err);
}

int cof_eventlog_banks(cof_span in, cof_log_banks *ret, cof_err *err)
{
	log_head h = {0};
	log_tail tail;
	cof_rd r;
	int rc = open_log(in, &r, &tail, &h, err);
	if (rc < 0)
		return rc;
	cof_log_banks banks = {.kind = h.kind, .agile = h.agile};
	for (size_t i = 0; i < h.n; i++) {
		const known_alg *k = find_known(h.algs[i].alg);
		if (k != NULL)
			banks.bank[banks.n++] = k->hash;
	}
	*ret = banks;
	return 0;
}

static int parse_events(cof_rd *r, const log_tail *tail, const log_head *h, cof_eventlog *log, cof_err *err)
{
	bool locality_seen = false;
	size_t cap = 0;
	int rc = 0;
	while (rc == 0 && !at_padding(r, tail)) {
		cof_log_event e;
		rc = parse_event(r, h, log->bank, &e, err);
		if (rc == 0)
			rc = e.type == COF_EV_NO_ACTION ? take_no_action(log, &locality_seen, &e, err)
							: push_event(log, &cap, &e, err);
	}
	return rc;
}

int cof_eventlog_parse(cof_span in, cof_hash bank, cof_eventlog *ret, cof_err *err)
{
	log_head h = {0};
	log_tail tail;
	cof_rd r;
	int rc = open_log(in, &r, &tail, &h, err);
	if (rc < 0)
		return rc;
	COF_AUTO(cof_eventlog) log = {.kind = h.kind, .bank = bank};
	if (find_bank(&h, bank) == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "eventlog-bank-missing", "event log has no %s bank",
				   cof_hash_name(bank));
	rc = parse_events(&r, &tail, &h, &log, err);
	if (rc < 0)
		return rc;
	log.size = in.len - r.left;
	*ret = log;
	log = (cof_eventlog){0};
	return 0;
}

int cof_eventlog_replay(const cof_eventlog *log, cof_digest ret[COF_REGS_MAX], cof_err *err)
{
	cof_digest regs[COF_REGS_MAX];
	for (uint32_t i = 0; i < COF_REGS_MAX; i++)
		cof_reg_start(log->kind, log->bank, i, log->locality, &regs[i]);
	for (size_t i = 0; i < log->n; i++) {
		int rc = cof_reg_extend(&regs[log->events[i].reg], &log->events[i].digest, err);
		if (rc < 0)
			return rc;
	}
	memcpy(ret, regs, sizeof regs);
	return 0;
}
