/*
 * replay_acts.h
 *		What acts do to the state of a replay: part of replay_state.h.
 */
#ifndef STO_BIN_REPLAY_ACTS_H
#define STO_BIN_REPLAY_ACTS_H

#include "bin/replay_state.h"

/*
 * Handlers: false only if the replay can't go on.  An event that may not be
 * applied is reported and left out.
 */
extern bool sto_fold_genesis(Act *act); /* replay_register.c */
extern bool sto_fold_capability(Act *act);
extern bool sto_fold_party_new(Act *act);
extern bool sto_fold_party_status(Act *act);
extern bool sto_fold_wallet_new(Act *act);
extern bool sto_fold_wallet_status(Act *act);
extern bool sto_fold_wallet_terms(Act *act);
extern bool sto_fold_batch_new(Act *act);
extern bool sto_fold_maintenance(Act *act);
extern bool sto_fold_party_facts(Act *act); /* replay_identity.c */
extern bool sto_fold_classification(Act *act);
extern bool sto_fold_mandate_set(Act *act);
extern bool sto_fold_owner_set(Act *act);
extern bool sto_fold_party_members(Act *act);
extern bool sto_fold_party_freeze(Act *act);
extern bool sto_fold_wallet_freeze(Act *act);
extern bool sto_fold_token_pause(Act *act);
extern bool sto_fold_claim_new(Act *act); /* replay_claim.c */
extern bool sto_fold_claim_revoke(Act *act);
extern bool sto_fold_token_topics(Act *act);
extern bool sto_fold_trusted_issuer(Act *act);
extern bool sto_fold_document_new(Act *act); /* replay_document.c */
extern bool sto_fold_acknowledge(Act *act);
extern bool sto_fold_rule_set(Act *act); /* replay_rules.c */
extern bool sto_fold_party_list(Act *act);
extern bool sto_fold_opt_in(Act *act);
extern bool sto_fold_travel_data(Act *act);
extern bool sto_fold_transfer_approval(Act *act);
extern bool sto_fold_approval_revoke(Act *act);
extern bool sto_fold_look_through(Act *act); /* replay_look.c */
/* The number by which StoReplay.rules knows a party's, or a token's, row; 0: no memory. */
extern uint32_t sto_fold_ruled_party(StoReplay *r, uint32_t party);
extern uint32_t sto_fold_ruled_token(StoReplay *r, uint32_t token);
/* What other events state of a party, told to the rules. */
extern bool sto_fold_rules_country(const Act *act);
extern bool sto_fold_rules_class(const Act *act, const Classification *row);
extern bool sto_fold_rules_claim(const Act *act, const Claim *row);
extern bool sto_fold_rules_claim_revoke(const Act *act, const Claim *row);
extern bool sto_fold_case_new(Act *act); /* replay_case.c */
extern bool sto_fold_case_decide(Act *act);
/* replay_case_act.c: the case that the body cites, carried out by this event; NULL, and reported,
 * if it may not be. */
extern const Case *sto_fold_case_carry_out(const Act *act, CaseAct wanted);
/* Of an act that takes no case. */
extern void sto_fold_case_none(const Act *act);
extern bool sto_fold_finding(Act *act); /* replay_finding.c */
extern bool sto_fold_attach(Act *act);  /* replay_attach.c */
extern bool sto_fold_attach_lift(Act *act);
extern bool sto_fold_redemption_terms(Act *act); /* replay_redeem.c */
/* Has the actor the capability that the case's act asks for? */
extern bool sto_fold_may_open_case(const Act *act);
extern const char *const sto_fold_acts[];
extern const char *const sto_fold_case_bases[];
/* The token's row of that issuer; NULL if it never named it. */
extern Trusted *sto_fold_trusted(const StoReplay *r, const Token *token, const uint8_t *issuer);
/* The body's dates, reported if they are none. */
extern Period sto_fold_period(const Act *act);
/* replay_list_identity.c: for who lists rows */
extern StoReplayPeriod sto_fold_show_period(const Period *p);
extern const char *const sto_fold_classes[];
extern const char *const sto_fold_scopes[];
extern const char *const sto_fold_mandate_bases[];
#define SCOPE_ORDERS 0
#define SCOPE_ALL 2
extern bool sto_fold_token_new(Act *act); /* replay_token.c */
extern bool sto_fold_token_terms(Act *act);
extern bool sto_fold_token_policy(Act *act);
extern bool sto_fold_token_status(Act *act);
extern bool sto_fold_keys(Act *act); /* replay_keys.c */
extern bool sto_fold_policy(Act *act, uint32_t *policy, const uint8_t *party,
							const uint8_t *address, const uint8_t *custodian, bool signed_only);
/*
 * A key that is new to the ledger: its vetting and its proof of possession of
 * the message (NULL: it needs none) are handed out.
 */
extern void sto_fold_prove_key(const Act *act, const StoKey *key, const uint8_t *fingerprint,
							   const StoBodyProof *proof, const uint8_t *msg, size_t len);
/* Its row, of the event's subject, or the old one, and a problem; NULL: no memory. */
extern KeyRow *sto_fold_new_key(Act *act, const StoKey *key, const uint8_t *fingerprint,
								StoReplayRole role, uint32_t *number);
/* replay_pem.c: certificates and nothing else, 1 to 16?  NULL, or what is wrong. */
extern const char *sto_fold_bad_certificates(const char *pem);
extern bool sto_fold_log_key(Act *act); /* replay_log.c */
extern bool sto_fold_witness_key(Act *act);
/* A party that is closed, or lost the capability, has no witness key any more. */
extern void sto_fold_dismiss_witness(const Act *act, Party *party);
extern bool sto_fold_witness_policy(Act *act);
extern bool sto_fold_time_authority(Act *act);
extern bool sto_fold_log_restart(Act *act);
extern bool sto_fold_close(Act *act); /* replay_close.c */
extern Notice *sto_fold_notice(Act *act);
/* One line of 1 .. max octets?  Reported if not. */
extern bool sto_fold_line(const Act *act, const char *text, const char *name, size_t max);
/* Keep a field's text, if the body has it; false if there is no memory. */
extern bool sto_fold_text(Act *act, StoBodyField field, uint32_t *place);
/* A code of the body, if it has it: what is wrong with it is reported. */
extern void sto_fold_code(const Act *act, StoBodyField field,
						  const char *(*check)(const char *, size_t), const char *name);
/* The place of a text in a list that ends with NULL; its end if it isn't there. */
extern int sto_fold_place(const char *text, const char *const *names);
/* Is the body's status "active"? */
extern bool sto_fold_status(const Act *act);
/* What no register lets a body say, reported: of an act, and of a proposal of one. */
extern void sto_fold_vet_basis(const Act *act);
extern void sto_fold_vet_document(const Act *act);
extern void sto_fold_vet_party_list(const Act *act);
extern void sto_fold_vet_policy(const Act *act);
extern void sto_fold_vet_redemption(const Act *act);
extern void sto_fold_vet_rule_set(const Act *act);
extern void sto_fold_vet_terms(const Act *act);
extern void sto_fold_vet_topics(const Act *act);
/* A party's row that a body names, reported if it is unknown or closed; 0: unknown. */
extern uint32_t sto_fold_named_party(const Act *act, const uint8_t *uuid);
__attribute__((format(printf, 3, 4))) extern void sto_fold_refuse(const Act *act, const char *check,
																  const char *format, ...);

#endif
