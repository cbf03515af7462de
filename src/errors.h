/*
 * errors.h
 *		Every SQLSTATE of our own.  docs/errors.md explains each.
 *
 * Class "ST" is outside the ranges that the SQL standard and PostgreSQL use
 * (ISO/IEC 9075-2, subclause 24.1: classes beginning I-Z are the implementation's).
 */
#ifndef STO_ERRORS_H
#define STO_ERRORS_H

#include "utils/elog.h"

/* the order itself */
#define ERRCODE_STO_INVALID_ORDER MAKE_SQLSTATE('S', 'T', '0', '0', '1')
#define ERRCODE_STO_GATE_COLUMN MAKE_SQLSTATE('S', 'T', '0', '0', '2')
#define ERRCODE_STO_ORDER_EXPIRED MAKE_SQLSTATE('S', 'T', '0', '0', '3')
#define ERRCODE_STO_ORDER_ID_REUSED MAKE_SQLSTATE('S', 'T', '0', '0', '4')
#define ERRCODE_STO_NOT_STORED MAKE_SQLSTATE('S', 'T', '0', '0', '5')
#define ERRCODE_STO_TOO_OLD MAKE_SQLSTATE('S', 'T', '0', '0', '6')

/* authority */
#define ERRCODE_STO_BAD_SIGNATURE MAKE_SQLSTATE('S', 'T', '1', '0', '1')
#define ERRCODE_STO_QUORUM_NOT_MET MAKE_SQLSTATE('S', 'T', '1', '0', '2')
#define ERRCODE_STO_KEY_NOT_VALID MAKE_SQLSTATE('S', 'T', '1', '0', '3')
#define ERRCODE_STO_NOT_AUTHORISED MAKE_SQLSTATE('S', 'T', '1', '0', '4')
#define ERRCODE_STO_BATCH_MISMATCH MAKE_SQLSTATE('S', 'T', '1', '0', '5')
#define ERRCODE_STO_KEY_REFUSED MAKE_SQLSTATE('S', 'T', '1', '0', '6')
#define ERRCODE_STO_NOT_A_MEMBER MAKE_SQLSTATE('S', 'T', '1', '0', '7')

/* register facts */
#define ERRCODE_STO_UNKNOWN_TOKEN MAKE_SQLSTATE('S', 'T', '2', '0', '1')
#define ERRCODE_STO_TOKEN_CLOSED MAKE_SQLSTATE('S', 'T', '2', '0', '2')
#define ERRCODE_STO_UNKNOWN_WALLET MAKE_SQLSTATE('S', 'T', '2', '0', '3')
#define ERRCODE_STO_WALLET_CLOSED MAKE_SQLSTATE('S', 'T', '2', '0', '4')
#define ERRCODE_STO_UNKNOWN_PARTY MAKE_SQLSTATE('S', 'T', '2', '0', '5')
#define ERRCODE_STO_PARTY_CLOSED MAKE_SQLSTATE('S', 'T', '2', '0', '6')
#define ERRCODE_STO_UNKNOWN_HOLD MAKE_SQLSTATE('S', 'T', '2', '0', '7')
#define ERRCODE_STO_INVALID_EVENT MAKE_SQLSTATE('S', 'T', '2', '0', '8')
#define ERRCODE_STO_SUBJECT_EXISTS MAKE_SQLSTATE('S', 'T', '2', '0', '9')

/* compliance: ledger/reason.h lists all that fail, the first decides */
#define ERRCODE_STO_TOKEN_PAUSED MAKE_SQLSTATE('S', 'T', '2', '1', '0')
#define ERRCODE_STO_WALLET_FROZEN MAKE_SQLSTATE('S', 'T', '2', '1', '1')
#define ERRCODE_STO_PARTY_FROZEN MAKE_SQLSTATE('S', 'T', '2', '1', '2')
#define ERRCODE_STO_RECEIVER_NOT_ELIGIBLE MAKE_SQLSTATE('S', 'T', '2', '1', '3')
#define ERRCODE_STO_SENDER_NOT_ELIGIBLE MAKE_SQLSTATE('S', 'T', '2', '1', '4')
#define ERRCODE_STO_NOT_ACKNOWLEDGED MAKE_SQLSTATE('S', 'T', '2', '1', '5')
#define ERRCODE_STO_NO_CASE MAKE_SQLSTATE('S', 'T', '2', '1', '6')
#define ERRCODE_STO_NOT_YET MAKE_SQLSTATE('S', 'T', '2', '1', '7')
#define ERRCODE_STO_SECOND_OFFICER MAKE_SQLSTATE('S', 'T', '2', '1', '8')
#define ERRCODE_STO_NOT_PAID MAKE_SQLSTATE('S', 'T', '2', '1', '9')

/* rules of the token's rule set: core/rule.h has the codes and names, in the same order */
#define ERRCODE_STO_RULE_COUNTRY_ALLOW MAKE_SQLSTATE('S', 'T', '2', '2', '0')
#define ERRCODE_STO_RULE_COUNTRY_DENY MAKE_SQLSTATE('S', 'T', '2', '2', '1')
#define ERRCODE_STO_RULE_PARTY_LIST MAKE_SQLSTATE('S', 'T', '2', '2', '2')
#define ERRCODE_STO_RULE_INVESTOR_CLASS MAKE_SQLSTATE('S', 'T', '2', '2', '3')
#define ERRCODE_STO_RULE_MAX_BALANCE MAKE_SQLSTATE('S', 'T', '2', '2', '4')
#define ERRCODE_STO_RULE_MIN_BALANCE MAKE_SQLSTATE('S', 'T', '2', '2', '5')
#define ERRCODE_STO_RULE_MAX_HOLDERS MAKE_SQLSTATE('S', 'T', '2', '2', '6')
#define ERRCODE_STO_RULE_MIN_HOLDERS MAKE_SQLSTATE('S', 'T', '2', '2', '7')
#define ERRCODE_STO_RULE_OWNERSHIP_BY_CLAIM MAKE_SQLSTATE('S', 'T', '2', '2', '8')
#define ERRCODE_STO_RULE_LOCK_UP MAKE_SQLSTATE('S', 'T', '2', '2', '9')
#define ERRCODE_STO_RULE_VOLUME_LIMIT MAKE_SQLSTATE('S', 'T', '2', '3', '0')
#define ERRCODE_STO_RULE_TRANSFER_WINDOW MAKE_SQLSTATE('S', 'T', '2', '3', '1')
#define ERRCODE_STO_RULE_GRANULARITY MAKE_SQLSTATE('S', 'T', '2', '3', '2')
#define ERRCODE_STO_RULE_APPROVAL MAKE_SQLSTATE('S', 'T', '2', '3', '3')
#define ERRCODE_STO_RULE_VENUE MAKE_SQLSTATE('S', 'T', '2', '3', '4')
#define ERRCODE_STO_RULE_OPT_IN MAKE_SQLSTATE('S', 'T', '2', '3', '5')
#define ERRCODE_STO_RULE_OFFER_LIMITS MAKE_SQLSTATE('S', 'T', '2', '3', '6')
#define ERRCODE_STO_RULE_TRAVEL_RULE MAKE_SQLSTATE('S', 'T', '2', '3', '7')
#define ERRCODE_STO_RULE_LOOK_THROUGH MAKE_SQLSTATE('S', 'T', '2', '3', '8')
#define ERRCODE_STO_RULE_CUSTOM MAKE_SQLSTATE('S', 'T', '2', '3', '9')

/* units */
#define ERRCODE_STO_INSUFFICIENT MAKE_SQLSTATE('S', 'T', '3', '0', '1')
#define ERRCODE_STO_OVER_AUTHORISED MAKE_SQLSTATE('S', 'T', '3', '0', '2')
#define ERRCODE_STO_HOLD_EXCEEDED MAKE_SQLSTATE('S', 'T', '3', '0', '3')
#define ERRCODE_STO_HOLD_TERMS MAKE_SQLSTATE('S', 'T', '3', '0', '4')

/* the log */
#define ERRCODE_STO_APPEND_ONLY MAKE_SQLSTATE('S', 'T', '4', '0', '1')
#define ERRCODE_STO_LEDGER_NOT_OPEN MAKE_SQLSTATE('S', 'T', '4', '0', '2')
#define ERRCODE_STO_LEDGER_OPEN MAKE_SQLSTATE('S', 'T', '4', '0', '3')
#define ERRCODE_STO_BROKEN_ROW MAKE_SQLSTATE('S', 'T', '4', '0', '4')
#define ERRCODE_STO_GUARD_OFF MAKE_SQLSTATE('S', 'T', '4', '0', '5')
#define ERRCODE_STO_INITIAL_COPY MAKE_SQLSTATE('S', 'T', '4', '0', '6')

/* seals and proofs */
#define ERRCODE_STO_NOT_SEALED MAKE_SQLSTATE('S', 'T', '5', '0', '1')
#define ERRCODE_STO_NO_SUCH_LEAF MAKE_SQLSTATE('S', 'T', '5', '0', '2')
#define ERRCODE_STO_SIGNING_REFUSED MAKE_SQLSTATE('S', 'T', '5', '0', '3')
#define ERRCODE_STO_BAD_NOTE MAKE_SQLSTATE('S', 'T', '5', '0', '4')
#define ERRCODE_STO_CANNOT_SEAL MAKE_SQLSTATE('S', 'T', '5', '0', '5')
#define ERRCODE_STO_NO_WORKER MAKE_SQLSTATE('S', 'T', '5', '0', '6')

#endif
