/*
 * fuzz_order.c
 *		Any octets as the message of an order, and as a list of signatures: what a
 *		refusal on record holds.
 *
 * The first octet chooses which.  An order has one message, a list one form that is stored.
 */
#include "core/message.h"
#include "core/policy.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void
expect(bool good)
{
	if (!good)
		abort();
}

static void
read_order(const uint8_t *data, size_t size)
{
	uint8_t again[STO_ORDER_MAX];
	uint8_t ledger_id[STO_UUID_LEN];
	StoOrder order;
	StoWriter w;

	if (!sto_order_parse(data, size, ledger_id, &order))
		return;
	sto_writer_init(&w, again, sizeof(again));
	sto_put_order(&w, ledger_id, &order);
	expect(!w.failed && w.len == size && memcmp(again, data, size) == 0);
}

static void
read_signatures(const uint8_t *data, size_t size)
{
	uint8_t stored[STO_SIGLIST_PACKED_MAX];
	uint8_t again[STO_SIGLIST_PACKED_MAX];
	const char *why = NULL;
	StoSigList list;
	StoWriter w;
	size_t len;

	if (!sto_siglist_parse(data, size, &list, &why))
	{
		expect(why != NULL);
		return;
	}
	sto_writer_init(&w, stored, sizeof(stored));
	sto_put_siglist(&w, &list);
	len = w.len;
	expect(!w.failed && sto_siglist_parse(stored, len, &list, &why));
	sto_writer_init(&w, again, sizeof(again));
	sto_put_siglist(&w, &list);
	expect(!w.failed && w.len == len && memcmp(again, stored, len) == 0);
}

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] % 2 == 0)
		read_order(data + 1, size - 1);
	else
		read_signatures(data + 1, size - 1);
	return 0;
}
