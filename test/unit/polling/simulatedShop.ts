import type { IDataObject } from 'n8n-workflow';

import type { PocketsflowRequest } from '../../../nodes/Pocketsflow/api/request';

export const kinds = ['order', 'refund', 'customer', 'membership', 'review'] as const;
export type Kind = (typeof kinds)[number];

export interface SimulatedRecord {
	kind: Kind;
	number: number;
	/** By the shop's clock. */
	timeMs: number;
	productId: string;
	status?: string;
	/** Of a refund. */
	orderNumber?: number;
}

/** How the simulated Pocketsflow answers: if its documentation leaves it open, either way. */
export interface ShopBehavior {
	pageSize: number;
	/** Whether `pagination` says how many there are. */
	totals: boolean;
	/** Whether it says whether more follow. */
	hasMore: boolean;
	/** `ignored`: only startDate is honoured. */
	endDate: 'exact' | 'seconds' | 'ignored';
	order: 'newestFirst' | 'oldestFirst';
}

export const toId = ({ kind, number }: Pick<SimulatedRecord, 'kind' | 'number'>) =>
	`${kind}-${number}`;

const orderIdPattern = /^\/orders\/order-(\d+)$/;

/** A Pocketsflow in memory: orders, refunds, customers, memberships and reviews. */
export class SimulatedShop {
	/** Sorted by date. */
	private readonly tables: Record<Kind, SimulatedRecord[]> = {
		order: [],
		refund: [],
		customer: [],
		membership: [],
		review: [],
	};
	private made = 0;

	constructor(private readonly behavior: ShopBehavior) {}

	add(kind: Kind, timeMs: number, more: Partial<SimulatedRecord> = {}): SimulatedRecord {
		const record = { kind, productId: 'wanted', ...more, number: ++this.made, timeMs };
		const table = this.tables[kind];
		table.splice(findIndex(table, timeMs + 1), 0, record);
		return record;
	}

	remove(kind: Kind, index: number): SimulatedRecord | undefined {
		const table = this.tables[kind];
		return table.length === 0 ? undefined : table.splice(index % table.length, 1)[0];
	}

	list(kind: Kind): readonly SimulatedRecord[] {
		return this.tables[kind];
	}

	answer({ path, query = {}, body = {} }: PocketsflowRequest): unknown {
		const orderNumber = orderIdPattern.exec(path)?.[1];
		if (orderNumber !== undefined) return { order: this.findOrder(Number(orderNumber)) };
		switch (path) {
			case '/orders':
				return this.answerPage('order', 'orders', query);
			case '/orders/subscriptions':
				return this.answerPage('membership', 'subscriptions', body as IDataObject);
			case '/refunds':
				return this.newestFirst('refund').map(toAnswer);
			case '/reviews':
				return this.newestFirst('review').map(toAnswer);
			case '/customers':
				return this.answerOffset(query);
			default:
				throw new Error(`not simulated: ${path}`);
		}
	}

	private newestFirst(kind: Kind): SimulatedRecord[] {
		return [...this.tables[kind]].reverse();
	}

	private findOrder(number: number): IDataObject {
		const order = this.tables.order.find((one) => one.number === number);
		return order ? toAnswer(order) : {};
	}

	private answerOffset({ limit = 20, offset = 0 }: IDataObject): IDataObject[] {
		const size = Math.min(this.behavior.pageSize, Number(limit));
		return sliceNewestFirst(this.tables.customer, Number(offset), size).map(toAnswer);
	}

	private answerPage(kind: Kind, key: string, filters: IDataObject): IDataObject {
		const { pageSize, totals, hasMore, endDate, order } = this.behavior;
		const date = (value: unknown, otherwise: number) =>
			value === undefined ? otherwise : Date.parse(String(value));
		const fromMs = date(filters.startDate, -Infinity);
		const exactToMs = endDate === 'ignored' ? Infinity : date(filters.endDate, Infinity);
		const toMs = endDate === 'seconds' ? Math.floor(exactToMs / 1000) * 1000 : exactToMs;
		const table = this.tables[kind];
		const window = table.slice(findIndex(table, fromMs), findIndex(table, toMs + 1));
		const size = Math.min(pageSize, Number(filters.pageSize ?? 20));
		const page = Number(filters.page ?? 1);
		const begin = (page - 1) * size;
		const shown =
			order === 'newestFirst'
				? sliceNewestFirst(window, begin, size)
				: window.slice(begin, begin + size);
		const totalPages = Math.ceil(window.length / size);
		return {
			[key]: shown.map(toAnswer),
			pagination: {
				currentPage: page,
				pageSize: size,
				...(totals && { totalCount: window.length, totalPages }),
				...(hasMore && { hasMore: page < totalPages }),
			},
		};
	}
}

/** The first index of a record that is as new as this. */
function findIndex(table: readonly SimulatedRecord[], timeMs: number): number {
	let low = 0;
	let high = table.length;
	while (low < high) {
		const middle = (low + high) >>> 1;
		if (table[middle].timeMs < timeMs) low = middle + 1;
		else high = middle;
	}
	return low;
}

function sliceNewestFirst(
	table: readonly SimulatedRecord[],
	begin: number,
	size: number,
): SimulatedRecord[] {
	const end = Math.max(0, table.length - begin);
	return table.slice(Math.max(0, end - size), end).reverse();
}

const toAnswer = (record: SimulatedRecord): IDataObject => {
	const { kind, timeMs, productId, status, orderNumber } = record;
	return {
		_id: toId(record),
		createdAt: new Date(timeMs).toISOString(),
		...(kind !== 'customer' && kind !== 'refund' && { productId }),
		...(kind === 'customer' && { buyerEmail: `${toId(record)}@example.org` }),
		...(status !== undefined && { status }),
		...(orderNumber !== undefined && { orderId: `order-${orderNumber}` }),
	};
};
