/*
 * event_quorum.c
 *		Are the signatures of an act a quorum of its actor's policy?
 */
#include "postgres.h"

#include "ledger/register.h"

#include "errors.h"

/* The name of a signature's key, for messages. */
static char *
signer_name(const StoAct *act, int which)
{
	char hex[2 * STO_KEY_ID_LEN + 1];

	sto_hex_encode(act->signatures.items[which].key_id, STO_KEY_ID_LEN, hex);
	return pstrdup(hex);
}

void
sto_act_check_quorum(const StoAct *act)
{
	StoWriter w;
	uint8_t *message;
	int which = -1;
	StoQuorum result;

	sto_writer_init(&w, NULL, 0);
	sto_put_act(&w, act->ledger.ledger_id, &act->event);
	message = palloc(w.len);
	sto_writer_init(&w, message, w.len);
	sto_put_act(&w, act->ledger.ledger_id, &act->event);
	if (w.failed)
		elog(ERROR, "could not build the act's message");

	result = sto_quorum_check(&act->policy, &act->signatures, message, w.len,
							  act->event.recorded_at, &which);
	pfree(message);
	switch (result)
	{
		case STO_QUORUM_MET:
			break;
		case STO_QUORUM_UNKNOWN_KEY:
			ereport(ERROR, (errcode(ERRCODE_STO_KEY_NOT_VALID),
							errmsg("the act is signed with a key that is not the actor's"),
							errdetail("Key id %s is not in the policy of actor %s.",
									  signer_name(act, which), sto_uuid_text(act->event.actor))));
			break;
		case STO_QUORUM_NOT_YET_VALID:
		case STO_QUORUM_EXPIRED:
			ereport(ERROR,
					(errcode(ERRCODE_STO_KEY_NOT_VALID),
					 errmsg("the act is signed with a key that is %s",
							result == STO_QUORUM_EXPIRED ? "no longer valid" : "not yet valid"),
					 errdetail("Key id %s.", signer_name(act, which))));
			break;
		case STO_QUORUM_BAD_SIGNATURE:
			ereport(ERROR,
					(errcode(ERRCODE_STO_BAD_SIGNATURE), errmsg("a signature does not verify"),
					 errdetail("Key id %s did not sign this act.", signer_name(act, which)),
					 errhint("The signed bytes hold the ledger, the subject's last leaf and the "
							 "exact body: sto.act_message() gives them.")));
			break;
		case STO_QUORUM_TOO_FEW:
			ereport(ERROR, (errcode(ERRCODE_STO_QUORUM_NOT_MET), errmsg("too few signatures"),
							errdetail("%d signed; the policy of actor %s asks for %d.",
									  act->signatures.count, sto_uuid_text(act->event.actor),
									  act->policy.threshold)));
			break;
		case STO_QUORUM_FAILED:
			ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
							errmsg("OpenSSL failed to check a signature")));
			break;
	}
}
