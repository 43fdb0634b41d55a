import { NodeApiError, type IDataObject, type IPollFunctions } from 'n8n-workflow';

import { events } from '../events/catalogue';
import { metadataOf } from '../events/output';
import { idOf, isRecord, listIn, paginationIn, recordIn } from '../api/responses';
import { lists } from '../api/lists';
import { readList } from '../transport/pagination';
import { path } from '../api/request';
import { send } from '../transport/send';
import type { Dated } from './cursor';
import {
	dated,
	readByOffset,
	readWindow,
	UnreadableList,
	type Capacity,
	type Page,
	type WindowRead,
} from './reading';

/**
 * One list that is followed, and how its records become what the webhook of the same event carries
 * (contract C4): the same keys at the same paths, so that one flow follows both triggers. Amounts are
 * passed on as they are (contract E).
 */
export interface Source {
	/** The event that a record stands for. */
	event: string;
	/** Reads the records from a date on, ms. */
	read(context: IPollFunctions, from: number, capacity: Capacity): Promise<WindowRead>;
	/** Reads the newest records, in any order. */
	newest(context: IPollFunctions): Promise<IDataObject[]>;
	/** Whether the record's event has happened. */
	stage?(record: IDataObject): Dated['stage'];
	/** Reads what the payload needs beside the record. */
	related?(context: IPollFunctions, record: IDataObject): Promise<IDataObject>;
	payload(record: IDataObject, related: IDataObject): IDataObject;
}

const present = (fields: IDataObject): IDataObject =>
	Object.fromEntries(
		Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
	);

const iso = (time: number) => new Date(time).toISOString();

const sampleSize = 20;

/** The records of an answer. An answer without any list is no empty list: the next poll reads again. */
function recordsIn(answer: unknown, keys: readonly string[]): IDataObject[] {
	const records = listIn(answer, keys);
	if (records) return records;
	throw new UnreadableList(
		'Pocketsflow answered without a list. Nothing was skipped; the next poll reads it again.',
	);
}

function pageOf(answer: unknown, keys: readonly string[], page: number): Page {
	const { hasMore, totalPages, totalCount } = paginationIn(answer);
	return {
		records: recordsIn(answer, keys),
		more: hasMore ?? (totalPages === undefined ? undefined : page < totalPages),
		total: totalCount,
	};
}

/** The dates of a window as the API takes them; a second earlier, where the start may be meant exclusively. */
const between = (from: number, to?: number) => ({
	...(from > 0 && { startDate: iso(Math.max(0, from - 1_000)) }),
	...(to !== undefined && { endDate: iso(to) }),
});

const pageSize = 100;

async function readWhole(
	context: IPollFunctions,
	listPath: string,
	keys: readonly string[],
	from = 0,
): Promise<WindowRead> {
	const answer = await send(context, { method: 'GET', path: listPath }, 'read');
	return { records: dated(recordsIn(answer, keys), from), through: Infinity };
}

/** The source of a list that comes in one answer. */
const whole = (listPath: string, keys: readonly string[]): Pick<Source, 'read' | 'newest'> => ({
	read: async (context, from) => await readWhole(context, listPath, keys, from),
	newest: async (context) =>
		(await readWhole(context, listPath, keys)).records.map(({ record }) => record),
});

const orders: Source = {
	event: 'order.completed',
	read: async (context, from, capacity) =>
		await readWindow(
			async ({ from: begin, to, page }) => {
				const query = { ...between(begin, to), page, pageSize };
				return pageOf(
					await send(context, { method: 'GET', path: '/orders', query }, 'read'),
					lists.orders.keys,
					page,
				);
			},
			from,
			capacity,
		),
	newest: async (context) => {
		const query = { page: 1, pageSize: sampleSize };
		return pageOf(
			await send(context, { method: 'GET', path: '/orders', query }, 'read'),
			lists.orders.keys,
			1,
		).records;
	},
	// "A subscription never sends order.completed" (contract C2).
	stage: ({ isSubscription }) => (isSubscription === true ? 'never' : 'ready'),
	payload: orderPayload,
};

/** An order of the API as `order.completed` carries it. */
function orderPayload(record: IDataObject): IDataObject {
	const { product, customer, taxAmount } = record;
	const known = isRecord(product) ? product : {};
	const buyer = isRecord(customer) ? customer : {};
	return present({
		order: present({ id: idOf(record) }),
		product: present({
			id: record.productId ?? idOf(known),
			variantId: record.variantId,
			name: known.name,
		}),
		customer: present({
			id: idOf(buyer),
			email: record.buyerEmail ?? buyer.buyerEmail,
			firstName: buyer.firstName,
			lastName: buyer.lastName,
		}),
		tax: taxAmount === undefined ? undefined : { amount: taxAmount },
		amount: record.grossAmount ?? record.amount,
		amountBeforeTax: record.amountBeforeTax,
		// Upper case in the API, lower case in webhooks (contract E).
		currency: typeof record.currency === 'string' ? record.currency.toLowerCase() : undefined,
		clientReferenceId: record.clientReferenceId,
		metadata: metadataOf(record),
	});
}

const refunds: Source = {
	event: 'order.refunded',
	...whole('/refunds', lists.refunds.keys),
	stage({ status }) {
		const word = String(status ?? 'completed').toLowerCase();
		if (word === 'pending') return 'later';
		return ['failed', 'canceled', 'cancelled'].includes(word) ? 'never' : 'ready';
	},
	// A refund names its order only; product, buyer and currency are the order's. Without them where the
	// order was deleted: a refund must not keep all that follows from being found.
	related: async (context, { orderId }) => {
		if (typeof orderId !== 'string') return {};
		return await send(context, { method: 'GET', path: path`/orders/${orderId}` }, 'read').then(
			(answer) => recordIn(answer, ['sale', 'order']),
			(error: unknown) => {
				if (error instanceof NodeApiError && error.httpCode === '404') return {};
				throw error;
			},
		);
	},
	payload: (record, order) => ({
		...orderPayload(order),
		order: present({ id: record.orderId ?? idOf(order) }),
		refund: present({
			id: idOf(record),
			amount: record.amount,
			reason: record.reason,
			status: record.status,
		}),
	}),
};

const customers: Source = {
	event: 'customer.created',
	read: async (context, from) =>
		await readByOffset(async (offset, limit) => {
			const query = { sortBy: 'createdAt', sortOrder: 'desc', limit, offset };
			const answer = await send(context, { method: 'GET', path: '/customers', query }, 'read');
			return { records: recordsIn(answer, lists.customers.keys) };
		}, from),
	newest: async (context) => {
		const query = { sortBy: 'createdAt', sortOrder: 'desc', limit: sampleSize };
		const answer = await send(context, { method: 'GET', path: '/customers', query }, 'read');
		return recordsIn(answer, lists.customers.keys);
	},
	payload: (record) => ({
		customer: present({
			id: idOf(record),
			email: record.buyerEmail ?? record.email,
			country: record.country,
		}),
	}),
};

const reviews: Source = {
	event: 'review.created',
	...whole('/reviews', lists.reviews.keys),
	payload: (record) => ({
		review: present({ id: idOf(record), rating: record.rating, review: record.review }),
		product: present({ id: record.productId }),
		customer: present({ email: record.buyerEmail }),
	}),
};

const membershipsPath = '/orders/subscriptions';

/** A membership of the API as the subscription events carry it. */
export function membershipPayload(record: IDataObject): IDataObject {
	const { status, customer } = record;
	const buyer = isRecord(customer) ? customer : {};
	const id = idOf(record);
	const isActive = ['active', 'trialing', 'past_due', 'paused'].includes(String(status));
	return present({
		subscription: present({ id: record.productId ?? record.subscriptionId }),
		subscriptionCustomer: present({
			id,
			status,
			active: isActive,
			cancelAtPeriodEnd: record.cancelAtPeriodEnd,
			paused: status === 'paused',
		}),
		customer: present({
			id: record.customerId ?? idOf(buyer),
			email: record.buyerEmail ?? buyer.buyerEmail ?? buyer.email,
			firstName: buyer.firstName,
			lastName: buyer.lastName,
		}),
		status,
		subscriptionCustomerId: id,
		clientReferenceId: record.clientReferenceId,
		metadata: metadataOf(record),
	});
}

const memberships: Source = {
	event: 'customer.subscription.created',
	read: async (context, from, capacity) =>
		await readWindow(
			async ({ from: begin, to, page }) => {
				const body = { ...between(begin, to), page, pageSize };
				return pageOf(
					await send(context, { method: 'POST', path: membershipsPath, body }, 'read'),
					lists.memberships.keys,
					page,
				);
			},
			from,
			capacity,
		),
	newest: async (context) => {
		const body = { page: 1, pageSize: sampleSize };
		return pageOf(
			await send(context, { method: 'POST', path: membershipsPath, body }, 'read'),
			lists.memberships.keys,
			1,
		).records;
	},
	payload: membershipPayload,
};

/** Every list that is followed by its newest records. */
export const sources: readonly Source[] = [orders, refunds, customers, memberships, reviews];

/** The events that are found by comparing memberships with what they were. */
export const changeEvents = {
	updated: 'customer.subscription.updated',
	deleted: 'customer.subscription.deleted',
} as const;

/** Reads every membership there is. */
export async function allMemberships(context: IPollFunctions): Promise<IDataObject[]> {
	return await readList(
		context,
		{
			request: { method: 'POST', path: membershipsPath, body: {} },
			...lists.memberships,
		},
		undefined,
	);
}

/** The events that the polling trigger can find, as n8n offers them in a list. */
export const polledEventOptions = events
	.filter(({ polled }) => polled !== undefined)
	.map(({ label, name, description }) => ({ name: label, value: name, description }));
