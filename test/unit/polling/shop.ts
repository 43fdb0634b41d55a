import type { IDataObject } from 'n8n-workflow';

import type { PocketsflowRequest } from '../../../nodes/Pocketsflow/api/request';

export interface ModelOrder {
	number: number;
	/** ms by the shop's clock */
	time: number;
	productId: string;
}

/** How the simulated Pocketsflow answers: where the contract leaves it open, either way. */
export interface Manner {
	pageSize: number;
	/** Whether `pagination` says how many there are. */
	totals: boolean;
	/** Whether it says whether more follow. */
	hasMore: boolean;
	/** `ignored`: only startDate is honoured. */
	endDate: 'exact' | 'seconds' | 'ignored';
	order: 'newestFirst' | 'oldestFirst';
}

const idOf = ({ number }: ModelOrder) => `order-${number}`;

/** A Pocketsflow with orders only, in memory. */
export class Shop {
	readonly orders: ModelOrder[] = [];
	private made = 0;

	constructor(private readonly manner: Manner) {}

	add(time: number, productId = 'wanted'): ModelOrder {
		const order = { number: ++this.made, time, productId };
		this.orders.push(order);
		return order;
	}

	remove(index: number): ModelOrder | undefined {
		if (this.orders.length === 0) return undefined;
		return this.orders.splice(index % this.orders.length, 1)[0];
	}

	answer({ path, query = {} }: PocketsflowRequest): unknown {
		if (path !== '/orders') throw new Error(`not simulated: ${path}`);
		const { pageSize, totals, hasMore, endDate, order } = this.manner;
		const date = (value: unknown, otherwise: number) =>
			value === undefined ? otherwise : Date.parse(String(value));
		const from = date(query.startDate, -Infinity);
		const exactTo = endDate === 'ignored' ? Infinity : date(query.endDate, Infinity);
		const to = endDate === 'seconds' ? Math.floor(exactTo / 1000) * 1000 : exactTo;
		const sorted = this.orders
			.filter(({ time }) => time >= from && time <= to)
			.sort((a, b) => b.time - a.time || b.number - a.number);
		if (order === 'oldestFirst') sorted.reverse();
		const size = Math.min(pageSize, Number(query.pageSize ?? 20));
		const page = Number(query.page ?? 1);
		const shown = sorted.slice((page - 1) * size, page * size);
		const totalPages = Math.ceil(sorted.length / size);
		return {
			orders: shown.map(
				(one): IDataObject => ({
					_id: idOf(one),
					productId: one.productId,
					createdAt: new Date(one.time).toISOString(),
				}),
			),
			pagination: {
				currentPage: page,
				pageSize: size,
				...(totals && { totalCount: sorted.length, totalPages }),
				...(hasMore && { hasMore: page < totalPages }),
			},
		};
	}
}

/** Names an order as the trigger's event IDs do. */
export const eventIdOf = (order: ModelOrder) => `order.completed:${idOf(order)}`;
