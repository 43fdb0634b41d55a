import type { IDataObject, IPollFunctions } from 'n8n-workflow';

import { lists } from '../api/lists';
import { path } from '../api/request';
import { unwrapRecord } from '../api/responses';
import { hasStatus } from '../transport/errors';
import { send } from '../transport/send';

/** Statuses that stay: Pocketsflow does not know the ID, or no longer has the order. */
const isGone = (error: unknown) => hasStatus(error, [400, 404, 410]);

/**
 * Reads the order of a refund, which holds its product, buyer and currency. The order may have been
 * deleted: then the event goes without them, because the refund itself is real.
 */
export async function readRefundedOrder(
	n8n: IPollFunctions,
	{ orderId }: IDataObject,
): Promise<IDataObject> {
	if (typeof orderId !== 'string' && typeof orderId !== 'number') return {};
	const request = { method: 'GET', path: path`/orders/${String(orderId)}` } as const;
	return await send(n8n, request, 'read').then(
		(body) => unwrapRecord(body, lists.orders.recordKeys),
		(error: unknown) => {
			if (isGone(error)) return {};
			throw error;
		},
	);
}
