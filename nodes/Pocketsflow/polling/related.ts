/** What the payload of a record needs besides the record: the order of a refund, the buyer of a membership. */
import type { IDataObject } from 'n8n-workflow';

import { lists } from '../api/lists';
import { path } from '../api/request';
import { isRecord, readId, unwrapRecord } from '../api/responses';
import { hasStatus } from '../transport/errors';
import { send } from '../transport/send';
import { isForeignId } from './changes';
import { toMemoryKey, type PollContext } from './pollContext';

/** Statuses that stay: Pocketsflow does not know the ID, or no longer has the record. */
const isGone = (error: unknown) => hasStatus(error, [400, 404, 410, 422]);

async function readOne(
	{ n8n }: PollContext,
	requestPath: string,
	keys: readonly string[],
): Promise<IDataObject> {
	return await send(n8n, { method: 'GET', path: requestPath }, 'read').then(
		(body) => unwrapRecord(body, keys),
		(error: unknown) => {
			if (isGone(error)) return {};
			throw error;
		},
	);
}

/**
 * Reads the order of a refund, which holds its product, buyer and currency. The order may have been
 * deleted: then the event goes without them, because the refund itself is real.
 */
export async function readRefundedOrder(
	context: PollContext,
	{ orderId }: IDataObject,
): Promise<IDataObject> {
	const id = readId({ id: orderId });
	if (id === undefined) return {};
	return await readOne(context, path`/orders/${id}`, lists.orders.recordKeys);
}

/** Whether a membership says who its buyer is. */
const namesBuyer = ({ buyerEmail, customer }: IDataObject) =>
	Boolean(buyerEmail ?? (isRecord(customer) ? (customer.email ?? customer.buyerEmail) : undefined));

/** Reads the customer of a membership that has no address, once for each customer. */
export async function readBuyer(context: PollContext, record: IDataObject): Promise<IDataObject> {
	const id = readId({ id: record.customerId ?? record.customer });
	if (namesBuyer(record) || id === undefined || isForeignId(id)) return {};
	const { customers } = context.memory;
	const key = toMemoryKey(context.nodeKey, `${context.mode} ${id}`);
	const known = customers.get(key);
	if (known) return known;
	const customer = await readOne(context, path`/customers/${id}`, lists.customers.recordKeys);
	customers.set(key, customer);
	return customer;
}
