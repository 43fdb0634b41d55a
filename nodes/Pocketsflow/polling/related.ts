/**
 * What a record's payload needs in addition to the record: the order of a refund, the buyer of a
 * membership.
 */
import type { IDataObject } from 'n8n-workflow';

import { lists } from '../api/lists';
import { path } from '../api/request';
import { isRecord, readId, unwrapRecord } from '../api/responses';
import { hasStatus } from '../transport/errors';
import { send } from '../transport/send';
import { isForeignId } from './changes';
import { toMemoryKey, type PollContext } from './pollContext';

/** Permanent statuses: Pocketsflow does not know the ID or no longer has the record. */
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
 * Reads the order of a refund, which contains its product, buyer, and currency. If the order was deleted,
 * the event is emitted without them, because the refund itself is real.
 */
export async function readRefundedOrder(
	context: PollContext,
	{ orderId }: IDataObject,
): Promise<IDataObject> {
	const id = readId({ id: orderId });
	if (id === undefined) return {};
	return await readOne(context, path`/orders/${id}`, lists.orders.recordKeys);
}

/** Whether a membership identifies its buyer. */
const namesBuyer = ({ buyerEmail, customer }: IDataObject) =>
	Boolean(buyerEmail ?? (isRecord(customer) ? (customer.email ?? customer.buyerEmail) : undefined));

/** Reads the customer of a membership without an email address, once per customer. */
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
