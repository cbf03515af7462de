/*
 * four_eyes.h
 *		Acts about a token that need a second officer: the gate's demand.
 */
#ifndef STO_LEDGER_FOUR_EYES_H
#define STO_LEDGER_FOUR_EYES_H

#include "core/four_eyes.h"
#include "ledger/register.h"

/* The lists of a four_eyes event's body; ERROR ST208 if they are none. */
extern void sto_four_eyes_of_body(const StoBody *body, StoFourEyes *out);
/* What rules for a token now; all zero if nothing does. */
extern void sto_four_eyes_of_token(const uint8_t token_id[STO_UUID_LEN], StoFourEyes *out);

/*
 * Asked once the act is authorised and before its id is drawn: an act that needs
 * a second officer must have an approved proposal of exactly this act.
 * ERROR ST218 if it has none.  The proposal's row stays locked.
 */
extern void sto_four_eyes_demand(StoAct *act);
/* The act is in the log: the proposal that it rests on serves no other. */
extern void sto_four_eyes_use(const StoAct *act);

#endif
