/*
 * replay_identity.h
 *		Rows of a replay's state about who a party is and what it may hold; for
 *		replay_state.h.
 */
#ifndef STO_BIN_REPLAY_IDENTITY_H
#define STO_BIN_REPLAY_IDENTITY_H

#include "core/bytes.h"

/* When something is in force: in [from, to). */
typedef struct Period
{
	int64_t from;
	int64_t to;
	bool has_from;
	bool has_to;
} Period;

static inline bool
sto_fold_in_force(const Period *period, int64_t at)
{
	return (!period->has_from || at >= period->from) && (!period->has_to || at < period->to);
}

typedef struct Classification
{
	int64_t set_by; /* event */
	Period period;
	uint32_t party;
	uint32_t token; /* 0: all */
	uint32_t basis; /* text */
	uint8_t class;
} Classification;

/* A representative or an owner need not be a party, if a mandate or share is taken from it. */
typedef struct Mandate
{
	int64_t set_by;
	Period period;
	uint32_t party; /* principal */
	uint8_t scope;
	uint8_t basis;
	bool granted;
	uint8_t representative[STO_UUID_LEN];
} Mandate;

typedef struct Owner
{
	int64_t set_by;
	Period period;
	uint32_t party;
	int32_t share; /* basis points */
	bool control;
	uint8_t owner[STO_UUID_LEN];
} Owner;

/* Who holds together as a joint party, as last stated. */
#define MEMBERS_MAX 16
typedef struct Members
{
	int64_t set_by;
	uint32_t party;
	uint32_t count;
	uint8_t nominee[STO_UUID_LEN];
	uint8_t members[MEMBERS_MAX][STO_UUID_LEN];
} Members;

/* Topics of claims are named by number. */
#define TOPIC_MAX 64
typedef struct Topic
{
	char name[TOPIC_MAX + 1];
} Topic;

typedef struct Claim
{
	int64_t claim;   /* event */
	int64_t revoked; /* event; 0: it is not */
	Period period;
	uint32_t party;
	uint32_t issuer; /* party */
	uint32_t topic;
	uint32_t next; /* the party's claim before it */
	uint8_t commitment[STO_DIGEST_LEN];
} Claim;

#define TOPICS_MAX 32
typedef struct TopicList
{
	uint32_t count;
	uint32_t topics[TOPICS_MAX];
} TopicList;

/* What a token requires of its holders, every version. */
typedef struct Required
{
	int64_t set_by;
	uint32_t token;
	bool receiver_only;
	TopicList list;
} Required;

/* Whose claims a token accepts, as last stated. */
typedef struct Trusted
{
	int64_t set_by;
	uint32_t token;
	uint32_t next; /* the token's, named before */
	uint8_t issuer[STO_UUID_LEN];
	TopicList list;
} Trusted;

/* Documents of tokens, every version. */
typedef struct Document
{
	int64_t document; /* event */
	int64_t replaced; /* event of the next version; 0: this one is present */
	uint32_t token;
	uint32_t next; /* the token's other present ones */
	uint32_t name; /* texts */
	uint32_t version;
	uint32_t uri;
	uint32_t reference;
	bool acknowledge; /* before a first acquisition */
	uint8_t hash[STO_DIGEST_LEN];
} Document;

typedef struct Acknowledgement
{
	int64_t event;
	uint32_t document;
	uint32_t party;
	uint8_t actor[STO_UUID_LEN];
} Acknowledgement;

#endif
