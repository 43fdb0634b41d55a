/** What a payload needs in addition to the record: the order of a refund, the buyer of a membership. */
import type { IDataObject } from 'n8n-workflow';

import { lists } from '../api/lists';
import { path } from '../api/request';
import { isRecord, readId, unwrapRecord } from '../api/responses';
import { hasStatus } from '../transport/errors';
import { send } from '../transport/send';
import { isForeignId } from './changes';
import { toMemoryKey, type PollContext } from './pollContext';

/** Permanent statuses: Pocketsflow does not know the ID or no longer has the record. */
const goneStatuses = [400, 404, 410, 422];

/** Reads one record; `{}` if it is gone. */
async function readOne(
	{ n8n }: PollContext,
	requestPath: string,
	keys: readonly string[],
): Promise<IDataObject> {
	const request = { method: 'GET', path: requestPath } as const;
	const body = await send(n8n, request, 'read').catch((error: unknown) => {
		if (hasStatus(error, goneStatuses)) return {};
		throw error;
	});
	return unwrapRecord(body, keys);
}

/**
 * Reads the order of a refund, which contains its product, buyer, and currency. Without it if it was
 * deleted, because the refund itself is real.
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
	const { n8n, mode, memory } = context;
	const key = toMemoryKey(n8n, `${mode} ${id}`);
	const known = memory.customers.get(key);
	if (known) return known;
	const customer = await readOne(context, path`/customers/${id}`, lists.customers.recordKeys);
	memory.customers.set(key, customer);
	return customer;
}
