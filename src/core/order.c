/*
 * order.c
 *		What an order of each kind must and may state (docs/format.md, "Order").
 */
#include "core/message.h"

#include <string.h>

/* Terms of a hold, by its purpose. */
static const char *
hold_fault(const StoOrder *o)
{
	bool settles = o->purpose == STO_SUBSCRIPTION || o->purpose == STO_SETTLEMENT;
	bool pledges = o->purpose == STO_PLEDGE || o->purpose == STO_HASH_LOCK;

	if (!o->has_purpose)
		return "the hold has no purpose";
	if (sto_order_by_case(o) && (o->has_notary || o->has_release_after))
		return "a seizure or freeze with notary or release_after";
	if (sto_order_by_case(o) && o->has_checked_once)
		return "a seizure or freeze that is checked once";
	if (o->purpose == STO_FREEZE && o->has_credit)
		return "a freeze with a beneficiary";
	if (settles && (!o->has_notary || !o->has_instruction))
		return "a hold for subscription or settlement without notary or instruction_hash";
	if (pledges && !o->has_credit)
		return "a pledge or hash lock without beneficiary";
	if ((o->purpose == STO_HASH_LOCK) != o->has_condition)
		return "a hash lock, and nothing else, has a condition_hash";
	if ((o->purpose == STO_HASH_LOCK || o->purpose == STO_LOCK_UP) && !o->has_release_after)
		return "a hash lock or lock-up without release_after";
	if (o->purpose == STO_LOCK_UP && o->has_credit)
		return "a lock-up with a beneficiary";
	if (o->has_instruction && !settles)
		return "an instruction_hash on a hold that settles nothing";
	if (o->has_notary && pledges)
		return "a pledge or hash lock with a notary";
	return NULL;
}

const char *
sto_order_fault(const StoOrder *o)
{
	bool of_hold = o->kind == STO_POST || o->kind == STO_RELEASE;

	if (o->kind != STO_HOLD && o->kind != STO_RELEASE && !o->has_credit)
		return "the order names no credit wallet";
	if (o->kind == STO_RELEASE && o->has_credit)
		return "a release names a credit wallet";
	if (o->has_credit && memcmp(o->debit, o->credit, STO_ADDRESS_LEN) == 0)
		return "debit and credit wallet are the same";
	if (o->has_hold_id != of_hold)
		return of_hold ? "the order names no hold" : "only post and release name a hold";
	if (o->kind != STO_HOLD && (o->has_purpose || o->has_notary || o->has_release_after ||
								o->has_condition || o->has_instruction))
		return "only a hold has a purpose and terms";
	if (o->kind != STO_POST && (o->has_keep_rest || o->has_preimage))
		return "only a post has keep_rest or a preimage";
	if (o->has_checked_once && (o->kind != STO_HOLD || o->purpose == STO_LOCK_UP || !o->has_credit))
		return "only a hold that names its beneficiary can be checked once";
	if (o->has_undoes != (o->kind == STO_REVERSE))
		return o->has_undoes ? "only a reverse undoes an entry" : "a reverse that undoes no entry";
	if (o->has_reference && o->reference_len > STO_REFERENCE_MAX)
		return "the reference is too long";
	return o->kind == STO_HOLD ? hold_fault(o) : NULL;
}
