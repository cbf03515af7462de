/*
 * replay_save.c
 *		The state of a replay, written out and read back.
 *
 * One walk over the state does both, so that neither can forget a part.  Rows
 * go as they lie in memory: a state is for the program and the machine that
 * wrote it, which its head says.  Whoever can write the file can make the next
 * run believe anything: it is kept like the program itself.
 */
#include "bin/replay_state.h"

#include "core/hash.h"

#include <stdlib.h>
#include <string.h>

#define STATE_VERSION 11
#define BYTE_ORDER_MARK UINT64_C(0x0102030405060708)
#define MARK_MAX 65535
/* a shard of 2^36 octets: beyond any log, and what a damaged length may claim */
#define SHARD_MAX (UINT64_C(1) << 32)

typedef struct StateHead
{
	char magic[16];
	uint64_t byte_order;
	uint32_t version;
	uint32_t rows[REPLAY_POOLS]; /* lengths of each pool's */
	uint32_t leg;
	uint32_t counts;
	uint32_t chunk;
} StateHead;

/* Where the state goes to or comes from. */
typedef struct Stream
{
	StoReplayWrite write; /* NULL: read */
	StoReplayRead read;
	void *context;
	StoSha256 *hash;
	const char *why; /* of the first failure */
} Stream;

static bool
fail(Stream *s, const char *why)
{
	if (s->why == NULL)
		s->why = why;
	return false;
}

/* Write len octets, or read them. */
static bool
move(Stream *s, void *data, size_t len)
{
	if (len == 0)
		return true;
	if (s->write != NULL ? !s->write(s->context, data, len) : !s->read(s->context, data, len))
		return fail(s, s->write != NULL ? "it could not be written" : "it is cut off");
	return sto_sha256_update(s->hash, data, len) || fail(s, "OpenSSL failed to hash");
}

static void
make_head(StoReplay *r, StateHead *head)
{
	memset(head, 0, sizeof(*head));
	memcpy(head->magic, "sto.replay state", sizeof(head->magic));
	head->byte_order = BYTE_ORDER_MARK;
	head->version = STATE_VERSION;
	for (int i = 0; i < REPLAY_POOLS; i++)
		head->rows[i] = sto_fold_pool(r, i)->row_len;
	head->leg = sizeof(GroupLeg);
	head->counts = sizeof(StoReplayCounts);
	head->chunk = STO_POOL_CHUNK;
}

static bool
move_head(Stream *s, StoReplay *r)
{
	StateHead head;
	StateHead wanted;

	make_head(r, &wanted);
	head = wanted;
	if (!move(s, &head, sizeof(head)))
		return false;
	return memcmp(&head, &wanted, sizeof(head)) == 0 ||
		   fail(s, "it is not a saved state of this version of the program on this machine");
}

static bool
move_mark(Stream *s, uint8_t **mark, size_t *len)
{
	uint32_t stored = (uint32_t) *len;

	if (!move(s, &stored, sizeof(stored)))
		return false;
	if (stored > MARK_MAX)
		return fail(s, "its mark is too long");
	if (s->write == NULL)
	{
		*len = stored;
		*mark = malloc(stored + 1);
		if (*mark == NULL)
			return fail(s, "there is no memory");
	}
	return move(s, *mark, stored);
}

/* What isn't in a pool. */
static bool
move_ledger(Stream *s, StoReplay *r)
{
	return move(s, &r->counts, sizeof(r->counts)) && move(s, &r->seed, sizeof(r->seed)) &&
		   move(s, r->order_secret, sizeof(r->order_secret)) &&
		   move(s, &r->opened, sizeof(r->opened)) && move(s, r->ledger_id, STO_UUID_LEN) &&
		   move(s, r->genesis_leaf, STO_DIGEST_LEN) &&
		   move(s, &r->genesis_event, sizeof(r->genesis_event)) &&
		   move(s, &r->ledger_name, sizeof(r->ledger_name)) &&
		   move(s, &r->ledger_origin, sizeof(r->ledger_origin)) &&
		   move(s, &r->root_policy, sizeof(r->root_policy)) &&
		   move(s, &r->roles, sizeof(r->roles)) &&
		   move(s, &r->witness_threshold, sizeof(r->witness_threshold)) &&
		   move(s, &r->log_key, sizeof(r->log_key)) &&
		   move(s, &r->asked_closed, sizeof(r->asked_closed));
}

/* A callback of the core's walks. */
static bool
move_octets(void *stream, void *data, size_t len)
{
	return move(stream, data, len);
}

/* Such a walk came to its end, or failed for a reason that is known, or for lack of memory. */
static bool
moved(Stream *s, bool good)
{
	return good || fail(s, "there is no memory");
}

static bool
move_orders(Stream *s, StoSet *set)
{
	if (!move(s, &set->has_zero, sizeof(set->has_zero)))
		return false;
	for (int i = 0; i < STO_SET_SHARDS; i++)
	{
		StoSetShard *shard = &set->shards[i];
		uint64_t size = shard->size;

		if (!move(s, &size, sizeof(size)) || !move(s, &shard->count, sizeof(shard->count)))
			return false;
		if (s->write == NULL && size > 0)
		{
			shard->slots = size > SHARD_MAX ? NULL : sto_big_alloc(size * sizeof(shard->slots[0]));
			if (shard->slots == NULL)
				return fail(s, "there is no memory");
			shard->size = size;
		}
		if (!move(s, shard->slots, size * sizeof(shard->slots[0])))
			return false;
	}
	return true;
}

/* An array from malloc(), of which the length is known. */
static bool
move_array(Stream *s, void **items, size_t len)
{
	return s->write != NULL ? move(s, *items, len)
							: moved(s, sto_array_load(items, len, move_octets, s));
}

static bool
move_orders_of(Stream *s, OpenBatch *open)
{
	void *orders = open->orders;
	bool ok = move(s, &open->len, sizeof(open->len)) && move_array(s, &orders, open->len);

	open->orders = orders;
	if (s->write == NULL)
		open->size = open->len;
	return ok;
}

static bool
move_open(Stream *s, StoReplay *r)
{
	uint32_t count = r->open_count;

	if (!move(s, &count, sizeof(count)))
		return false;
	for (uint32_t i = 0; i < count; i++)
	{
		uint32_t batch = s->write != NULL ? r->open[i].batch : 0;
		OpenBatch *open;

		if (!move(s, &batch, sizeof(batch)))
			return false;
		open = s->write != NULL ? &r->open[i] : sto_fold_open_add(r, batch);
		if (open == NULL)
			return fail(s, "there is no memory");
		if (!move_orders_of(s, open))
			return false;
	}
	return true;
}

static bool
move_group(Stream *s, Group *group)
{
	void *legs = group->legs;
	bool ok;

	if (!move(s, &group->count, sizeof(group->count)) ||
		!move(s, &group->instructed, sizeof(group->instructed)) ||
		!move(s, &group->next_try, sizeof(group->next_try)) ||
		!move(s, &group->touched, sizeof(group->touched)))
		return false;
	ok = move_array(s, &legs, (size_t) group->count * sizeof(GroupLeg));
	group->legs = legs;
	if (s->write == NULL)
		group->size = group->count;
	return ok;
}

static bool
move_groups(Stream *s, StoReplay *r)
{
	uint32_t count = r->groups.count;
	uint32_t waiting = r->groups.waiting;

	if (!move(s, &count, sizeof(count)) || !move(s, &waiting, sizeof(waiting)))
		return false;
	/* added one by one, none is swept away meanwhile */
	r->groups.next_sweep = s->write == NULL ? UINT32_MAX : r->groups.next_sweep;
	for (uint32_t i = 0; i < count; i++)
	{
		uint8_t id[STO_UUID_LEN];
		Group *group;

		if (s->write != NULL)
			memcpy(id, r->groups.items[i].group_id, STO_UUID_LEN);
		if (!move(s, id, STO_UUID_LEN))
			return false;
		group = s->write != NULL ? &r->groups.items[i] : sto_fold_group_add(r, id);
		if (group == NULL)
			return fail(s, "there is no memory");
		if (!move_group(s, group))
			return false;
	}
	if (s->write == NULL)
	{
		r->groups.next_sweep = 0; /* with the next one that is added */
		r->groups.waiting = waiting;
	}
	return true;
}

static bool
move_sorted(Stream *s, StoReplay *r)
{
	void *sorted = r->sorted;
	bool ok = move(s, &r->sorted_count, sizeof(r->sorted_count)) &&
			  move_array(s, &sorted, (size_t) r->sorted_count * sizeof(uint32_t));

	r->sorted = sorted;
	return ok;
}

static bool
move_all(Stream *s, StoReplay *r, uint8_t **mark, size_t *mark_len)
{
	if (!move_head(s, r) || !move_mark(s, mark, mark_len) || !move_ledger(s, r))
		return false;
	for (int i = 0; i < REPLAY_POOLS; i++)
		if (!moved(s, sto_pool_move(sto_fold_pool(r, i), s->write == NULL, move_octets, s)))
			return false;
	return moved(s, sto_rule_fold_move(r->rules, s->write == NULL, move_octets, s)) &&
		   moved(s, sto_texts_move(&r->texts, s->write == NULL, move_octets, s)) &&
		   move_orders(s, &r->orders) && move_open(s, r) && move_groups(s, r) && move_sorted(s, r);
}

/* The digest of everything, which is not part of itself. */
static bool
move_digest(Stream *s)
{
	uint8_t digest[STO_DIGEST_LEN];
	uint8_t stored[STO_DIGEST_LEN];

	if (!sto_sha256_final(s->hash, digest))
		return fail(s, "OpenSSL failed to hash");
	if (s->write != NULL)
		return s->write(s->context, digest, STO_DIGEST_LEN) || fail(s, "it could not be written");
	if (!s->read(s->context, stored, STO_DIGEST_LEN))
		return fail(s, "it is cut off");
	return memcmp(stored, digest, STO_DIGEST_LEN) == 0 || fail(s, "it is damaged");
}

static bool
begin(Stream *s)
{
	s->hash = sto_sha256_new();
	return (s->hash != NULL && sto_sha256_init(s->hash)) || fail(s, "OpenSSL failed to hash");
}

bool
sto_replay_save(const StoReplay *r, const void *mark, size_t mark_len, StoReplayWrite write,
				void *context)
{
	Stream s = {.write = write, .context = context};
	uint8_t *octets = (uint8_t *) mark;
	bool good;

	if (r->broken || mark_len > MARK_MAX)
		return false;
	/* the walk changes nothing of a state that it writes */
	good = begin(&s) && move_all(&s, (StoReplay *) r, &octets, &mark_len) && move_digest(&s);
	sto_sha256_free(s.hash);
	return good;
}

StoReplay *
sto_replay_load(const uint8_t *genesis, const StoReplayCalls *calls, StoReplayRead read,
				void *context, uint8_t **mark, size_t *mark_len, const char **why)
{
	Stream s = {.read = read, .context = context};
	StoReplay *r = sto_replay_new(genesis, calls);
	bool good;

	*mark = NULL;
	*mark_len = 0;
	if (r == NULL)
	{
		*why = "there is no memory";
		return NULL;
	}
	good = begin(&s) && move_all(&s, r, mark, mark_len) && move_digest(&s);
	if (good && genesis != NULL && memcmp(r->genesis_leaf, genesis, STO_DIGEST_LEN) != 0)
		good = fail(&s, "it is of another ledger");
	if (good)
		good = sto_fold_index_all(r) || fail(&s, "there is no memory");
	sto_sha256_free(s.hash);
	if (good)
		return r;
	*why = s.why;
	free(*mark);
	*mark = NULL;
	sto_replay_free(r);
	return NULL;
}
