/*
 * facts.h
 *		What the register says now of the ledger, a wallet, token, party or
 *		policy: read through a cache that other sessions' events invalidate.
 *
 * An event that takes a permission away locks sto.writer against writers in
 * flight, and announces itself by a relation-cache invalidation of sto.writer;
 * a writer that has the lock has therefore also seen the announcement.
 * Absence is never cached, so events that only add need no announcement.
 */
#ifndef STO_LEDGER_FACTS_H
#define STO_LEDGER_FACTS_H

#include "postgres.h"

#include "core/message.h"
#include "core/policy.h"

/* Topics of claims. */
#define STO_TOPIC_MAX 64  /* octets of one */
#define STO_TOPICS_MAX 32 /* that a token requires, or trusts an issuer for */

typedef struct StoLedgerFact
{
	uint8_t ledger_id[STO_UUID_LEN];
	uint8_t genesis_hash[STO_DIGEST_LEN];
	int64 policy_event;
	bool roles; /* register acts are authorised by database roles: genesis chose so */
} StoLedgerFact;

typedef struct StoWalletFact
{
	uint8_t address[STO_ADDRESS_LEN];
	uint8_t wallet_id[STO_UUID_LEN];
	uint8_t party[STO_UUID_LEN];
	uint8_t custodian[STO_UUID_LEN];
	uint8_t salt[STO_DIGEST_LEN];
	bool has_custodian;
	bool issuance; /* a token's issuance wallet: has no policy of its own */
	bool omnibus;
	bool signed_only;
	bool active;                        /* neither closed nor barred */
	int64 policy_event;                 /* 0: none */
	int64 frozen;                       /* event that froze it; 0: it is not */
	int64 barred;                       /* entry that began to recover what it had; 0: none did */
	uint8_t successor[STO_ADDRESS_LEN]; /* if it is barred */
} StoWalletFact;

typedef struct StoTokenFact
{
	uint8_t token_id[STO_UUID_LEN];
	uint8_t issuer[STO_UUID_LEN];
	uint8_t issuance[STO_ADDRESS_LEN];
	int decimals;
	bool active;
	bool has_authorised;
	StoAmount authorised;
	bool has_unsigned_role;
	NameData unsigned_role;
	int64 paused;       /* event that paused it; 0: it is not */
	bool documents;     /* some must be acknowledged before a first acquisition (acknowledge.h) */
	int64 topics;       /* event of the topics that it requires; 0: none (eligibility.h) */
	bool receiver_only; /* a sender needs no claims */
	bool rules;         /* it has, or had, a rule set (ruleset.h) */
	bool attached;      /* some wallet has, or had, units of it attached (attach.h) */
	bool pays;          /* some token's issuer pays for redemptions in it (redeem.h) */
	bool redeems;       /* its issuer may redeem from its holders, on these terms */
	uint8_t redeem_token[STO_UUID_LEN];
	StoAmount redeem_price;
	StoAmount redeem_per;
	int64 redeem_from; /* microseconds since 1970 */
	int64 redeem_to;
} StoTokenFact;

typedef struct StoPartyFact
{
	uint8_t party_id[STO_UUID_LEN];
	bool active;
	int64 policy_event; /* 0: has no keys */
	int64 frozen;       /* event that froze it; 0: it is not */
	char country[2];    /* of residence; zero if not stated */
	char incorporation[2];
} StoPartyFact;

extern void sto_facts_init(void); /* transaction callbacks; once per backend, from _PG_init */

/* ERROR ST402 if the ledger is not open; sto_fact_ledger_try returns false instead. */
extern void sto_fact_ledger(StoLedgerFact *out);
extern bool sto_fact_ledger_try(StoLedgerFact *out);
/* false: not in the register */
extern bool sto_fact_wallet(const uint8_t address[STO_ADDRESS_LEN], StoWalletFact *out);
/* Who has what that wallet had: itself, unless its keys were lost. */
extern void sto_fact_heir(uint8_t address[STO_ADDRESS_LEN]);
extern bool sto_fact_token(const uint8_t token_id[STO_UUID_LEN], StoTokenFact *out);
extern bool sto_fact_party(const uint8_t party_id[STO_UUID_LEN], StoPartyFact *out);
/* several.c: has the party more than one wallet, issuance wallets aside?  A second one announces
 * itself. */
extern bool sto_fact_several(const uint8_t party_id[STO_UUID_LEN]);
/* The same from the register itself: 0, 1, or 2 for more. */
extern int sto_count_wallets(const uint8_t party_id[STO_UUID_LEN]);
/* The policy that an event set; policies never change once made. */
extern bool sto_fact_policy(int64 policy_event, StoPolicy *out);
/* The party for which the current role submits; ERROR ST107 if it is mapped to none. */
extern void sto_fact_member(uint8_t party_id[STO_UUID_LEN]);
extern bool sto_fact_member_try(uint8_t party_id[STO_UUID_LEN]);
extern bool sto_fact_capability(const uint8_t party_id[STO_UUID_LEN], const char *capability);

/*
 * Changes whenever facts are forgotten: what others cache of the register is as old.
 * It also takes in what was announced, so ask before reading.
 */
extern uint64 sto_facts_epoch(void);

/*
 * For event handlers.  Announce: facts cached anywhere may be wrong once this
 * transaction commits (and now, here).  Touched: this transaction wrote
 * register rows, so a rollback must empty this backend's cache.
 */
extern void sto_facts_announce(void);
extern void sto_facts_touched(void);

#endif
