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

/** The order of a refund, with product, buyer, and currency. `{}` if it is gone. */
export async function readRefundedOrder(
	context: PollContext,
	{ orderId }: IDataObject,
): Promise<IDataObject> {
	const id = readId({ id: orderId });
	if (id === undefined) return {};
	return await readOne(context, path`/orders/${id}`, lists.orders.recordKeys);
}

const namesBuyer = ({ buyerEmail, customer }: IDataObject) =>
	Boolean(buyerEmail ?? (isRecord(customer) ? (customer.email ?? customer.buyerEmail) : undefined));

/** The customer of a membership without an email address. Each customer is read once. */
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
