/*
 * four_eyes.h
 *		Which acts about a token need a second officer, and who such officers are.
 *
 * docs/format.md, "Second officers".  One set of rules for the gate and for
 * whoever verifies it.
 */
#ifndef STO_CORE_FOUR_EYES_H
#define STO_CORE_FOUR_EYES_H

#include "bytes.h"

#define STO_FOUR_EYES_ACTS 11 /* kinds of acts that a token's issuer can bind himself in */
#define STO_FOUR_EYES_APPROVERS 16

/* What a token's newest four_eyes event says; all zero: nothing. */
typedef struct StoFourEyes
{
	uint8_t act_count;
	uint8_t approver_count;
	uint8_t acts[STO_FOUR_EYES_ACTS]; /* places in the list of kinds, in the body's order */
	uint8_t approvers[STO_FOUR_EYES_APPROVERS][STO_UUID_LEN];
} StoFourEyes;

/* The place of a kind of event in the list; -1: it never needs a second officer. */
extern int sto_four_eyes_place(const char *kind, size_t len);
extern const char *sto_four_eyes_kind(int place); /* of a place that there is */

/* Build one from a body's lists: NULL, or a static reason why the item is refused. */
extern const char *sto_four_eyes_add_act(StoFourEyes *f, const char *kind);
extern const char *sto_four_eyes_add_approver(StoFourEyes *f, const uint8_t party[STO_UUID_LEN]);
/* The same of the lists as a whole. */
extern const char *sto_four_eyes_check(const StoFourEyes *f);

/* May that party be the second officer? */
extern bool sto_four_eyes_is_approver(const StoFourEyes *f, const uint8_t party[STO_UUID_LEN]);
/*
 * Does an act of that kind (its place) need a second officer?  next: what a
 * four_eyes act would put in the place of f; NULL for others.  To bind
 * oneself in more acts takes no second officer, unless four_eyes itself is
 * listed; to let an act go, or to change the officers, always does.
 */
extern bool sto_four_eyes_needed(const StoFourEyes *f, int place, const StoFourEyes *next);

#endif
