/*
 * catalog.h
 *		Object ids of the extension's own tables, indexes and sequence.
 *
 * Looked up once by name and kept until one of them is dropped or rebuilt.
 */
#ifndef STO_LEDGER_CATALOG_H
#define STO_LEDGER_CATALOG_H

#include "postgres.h"

typedef enum StoRel
{
	STO_REL_EVENT,
	STO_REL_TRANSFER,
	STO_REL_WRITER,
	STO_REL_SUBJECT,
	STO_REL_LEDGER,
	STO_REL_KEY_POLICY,
	STO_REL_PUBLIC_KEY,
	STO_REL_PARTY,
	STO_REL_CAPABILITY,
	STO_REL_WALLET,
	STO_REL_TOKEN,
	STO_REL_BATCH,
	STO_REL_POSITION,
	STO_REL_HOLD,
	STO_REL_MEMBER,
	STO_REL_SEQUENCE,
	/* what seals write: sql/install/35_seal.sql */
	STO_REL_BLOCK,
	STO_REL_TILE,
	STO_REL_CHECKPOINT,
	STO_REL_COSIGNATURE,
	STO_REL_TIME_STAMP,
	STO_REL_FOREIGN,
	/* projections of the log's own events: sql/install/32_log_register.sql */
	STO_REL_LOG_KEY,
	STO_REL_WITNESS,
	STO_REL_WITNESS_POLICY,
	STO_REL_TIME_AUTHORITY,
	STO_REL_LOG_RESTART,
	STO_REL_CLOSE,
	/* who may hold what: sql/install/33_identity.sql */
	STO_REL_CLASSIFICATION,
	STO_REL_MANDATE,
	STO_REL_BENEFICIAL_OWNER,
	STO_REL_PARTY_MEMBERS,
	STO_REL_CLAIM,
	STO_REL_REQUIRED,
	STO_REL_TRUSTED,
	/* documents of tokens: sql/install/37_documents.sql */
	STO_REL_DOCUMENT,
	STO_REL_ACKNOWLEDGEMENT,
	/* second officers: sql/install/39_four_eyes.sql */
	STO_REL_FOUR_EYES,
	STO_REL_PROPOSAL,
	/* cases of enforcement: sql/install/38_case.sql */
	STO_REL_CASE,
	/* attachments: sql/install/38_attachment.sql */
	STO_REL_ATTACHMENT,
	/* personal data: sql/install/36_private.sql */
	STO_REL_PARTY_PRIVATE,
	STO_REL_ERASURE,
	/* reports of suspicion: sql/install/36_suspicion.sql */
	STO_REL_SUSPICION,
	/* rules: sql/install/34_rules.sql */
	STO_REL_RULE_SET,
	STO_REL_PARTY_LIST,
	STO_REL_OPT_IN,
	STO_REL_TRAVEL_DATA,
	STO_REL_TRANSFER_APPROVAL,
	STO_REL_OVERRIDE,
	STO_REL_HOLDING,
	STO_REL_HOLDER_GROUP,
	STO_REL_FLOW,
	STO_REL_ISSUED,
	/* look-through: sql/install/35_look_through.sql */
	STO_REL_LOOK_THROUGH,
	STO_REL_LOOK_THROUGH_OWNER,
	STO_REL_COUNT
} StoRel;

typedef enum StoIndex
{
	STO_IDX_EVENT,               /* event_pkey (entry_id) */
	STO_IDX_TRANSFER,            /* transfer_pkey (entry_id) */
	STO_IDX_TRANSFER_ORDER,      /* transfer_order (order_id, ordering_party) */
	STO_IDX_TRANSFER_DEBIT,      /* transfer_debit (debit_wallet, token_id, debit_seq) */
	STO_IDX_TRANSFER_CREDIT,     /* transfer_credit (credit_wallet, token_id, credit_seq) */
	STO_IDX_SUBJECT,             /* subject_pkey (subject) */
	STO_IDX_LEDGER,              /* ledger_pkey (ledger_id) */
	STO_IDX_KEY_POLICY,          /* key_policy_pkey (policy_event) */
	STO_IDX_PUBLIC_KEY,          /* key_pkey (fingerprint) */
	STO_IDX_KEY_SUBJECT,         /* key_subject (subject) */
	STO_IDX_PARTY,               /* party_pkey (party_id) */
	STO_IDX_CAPABILITY,          /* capability_pkey (party_id, capability) */
	STO_IDX_WALLET,              /* wallet_pkey (address) */
	STO_IDX_WALLET_ID,           /* wallet_id (wallet_id) */
	STO_IDX_TOKEN,               /* token_pkey (token_id) */
	STO_IDX_TOKEN_REDEEM,        /* token_redeem (redeem_token), of tokens with terms */
	STO_IDX_BATCH,               /* batch_pkey (batch_event) */
	STO_IDX_POSITION,            /* position_pkey (token_id, wallet) */
	STO_IDX_HOLD,                /* hold_pkey (hold_id) */
	STO_IDX_HOLD_OPEN,           /* hold_open (wallet, token_id, release_after), of open holds */
	STO_IDX_HOLD_EXPIRY,         /* hold_expiry (release_after), of open holds that expire */
	STO_IDX_MEMBER,              /* member_pkey (role) */
	STO_IDX_BLOCK,               /* block_pkey (last_id) */
	STO_IDX_BLOCK_SIZE,          /* block_size (tree_size) */
	STO_IDX_TILE,                /* tile_pkey (level, tile) */
	STO_IDX_TILE_FIRST,          /* tile_first (first_id) */
	STO_IDX_CHECKPOINT,          /* checkpoint_pkey (tree_size) */
	STO_IDX_COSIGNATURE,         /* cosignature_pkey (tree_size, fingerprint) */
	STO_IDX_TIME_STAMP,          /* time_stamp_pkey (tree_size, gen_time) */
	STO_IDX_FOREIGN,             /* foreign_checkpoint_pkey (tree_size, root) */
	STO_IDX_LOG_KEY,             /* log_key_pkey (registered) */
	STO_IDX_WITNESS,             /* witness_pkey (registered) */
	STO_IDX_WITNESS_POLICY,      /* witness_policy_pkey (registered) */
	STO_IDX_TIME_AUTHORITY,      /* time_authority_pkey (registered) */
	STO_IDX_LOG_RESTART,         /* log_restart_pkey (event) */
	STO_IDX_CLOSE,               /* close_pkey (event) */
	STO_IDX_CLASSIFICATION,      /* classification_pkey (set_by) */
	STO_IDX_CLASS_PARTY,         /* classification_party (party_id) */
	STO_IDX_MANDATE,             /* mandate_pkey (party_id, representative, scope) */
	STO_IDX_BENEFICIAL_OWNER,    /* beneficial_owner_pkey (party_id, owner) */
	STO_IDX_CLAIM,               /* claim_pkey (claim) */
	STO_IDX_CLAIM_PARTY,         /* claim_party (party_id, topic) */
	STO_IDX_REQUIRED,            /* token_topics_pkey (set_by) */
	STO_IDX_TRUSTED,             /* trusted_issuer_pkey (token_id, issuer) */
	STO_IDX_WALLET_PARTY,        /* wallet_party (party_id) */
	STO_IDX_DOCUMENT,            /* document_pkey (document) */
	STO_IDX_DOCUMENT_NAME,       /* document_name (token_id, name), of present versions */
	STO_IDX_ACKNOWLEDGEMENT,     /* acknowledgement_pkey (party_id, document) */
	STO_IDX_PARTY_MEMBERS,       /* party_members_pkey (party_id) */
	STO_IDX_FOUR_EYES,           /* four_eyes_pkey (token_id) */
	STO_IDX_PROPOSAL,            /* proposal_pkey (proposal_id) */
	STO_IDX_PROPOSAL_ABOUT,      /* proposal_about (about, body_hash) */
	STO_IDX_CASE,                /* case_pkey (case_event) */
	STO_IDX_CASE_ID,             /* case_id (case_id) */
	STO_IDX_CASE_UNDOES,         /* case_undoes (undoes), of cases that undo an entry */
	STO_IDX_ATTACHMENT,          /* attachment_pkey (attachment) */
	STO_IDX_ATTACHMENT_POSITION, /* attachment_position (token_id, wallet) */
	STO_IDX_PARTY_PRIVATE,       /* party_private_pkey (party_id, commitment) */
	STO_IDX_SUSPICION,           /* suspicion_pkey (party_id, recorded_at) */
	STO_IDX_RULE_SET,            /* rule_set_pkey (set_by) */
	STO_IDX_RULE_SET_TOKEN,      /* rule_set_token (token_id) */
	STO_IDX_PARTY_LIST,          /* party_list_pkey (token_id, list, party_id) */
	STO_IDX_OPT_IN,              /* opt_in_pkey (party_id, token_id) */
	STO_IDX_TRAVEL_DATA,         /* travel_data_pkey (set_by) */
	STO_IDX_TRAVEL_PARTY,        /* travel_data_party (party_id) */
	STO_IDX_APPROVAL,            /* transfer_approval_pkey (approval) */
	STO_IDX_APPROVAL_OPEN,    /* transfer_approval_open (token_id, sender, receiver, approval), of
								 those left */
	STO_IDX_OVERRIDE,         /* override_pkey (entry_id, number) */
	STO_IDX_HOLDING,          /* holding_pkey (token_id, party_id) */
	STO_IDX_HOLDER_GROUP,     /* holder_group_pkey (token_id, by, value) */
	STO_IDX_FLOW,             /* flow_pkey (token_id, wallet, posted_at, seq) */
	STO_IDX_ISSUED,           /* issued_pkey (token_id, party_id) */
	STO_IDX_ISSUED_TIME,      /* issued_time (token_id, posted_at) */
	STO_IDX_LOOK_THROUGH,     /* look_through_pkey (token_id, wallet) */
	STO_IDX_LOOK_PARTY,       /* look_through_party (token_id, party_id) */
	STO_IDX_LOOK_OWNER,       /* look_through_owner_pkey (token_id, wallet, party_id) */
	STO_IDX_LOOK_OWNER_PARTY, /* look_through_owner_party (token_id, party_id) */
	STO_IDX_COUNT
} StoIndex;

/* Register the invalidation callback; once per backend, from _PG_init. */
extern void sto_catalog_init(void);
/* ERROR if the extension isn't installed here, or that one relation is missing. */
extern Oid sto_rel_oid(StoRel rel);
extern Oid sto_index_oid(StoIndex index);
/* The relation if relid is one of ours, else -1 (also where the extension isn't installed). */
extern int sto_rel_of_oid(Oid relid);
/* Tables that prove the log: append-only as the log itself, written by seals and their like. */
static inline bool
sto_rel_is_evidence(int rel)
{
	return rel >= STO_REL_BLOCK && rel <= STO_REL_FOREIGN;
}
/* Changes whenever one of our relations may have been altered. */
extern uint64 sto_catalog_generation;
/* Changes whenever sto.writer is invalidated: how sessions announce changed facts (facts.h). */
extern uint64 sto_writer_generation;

#endif
