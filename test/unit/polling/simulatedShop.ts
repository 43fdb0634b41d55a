import type { IDataObject } from 'n8n-workflow';

import type { PocketsflowRequest } from '../../../nodes/Pocketsflow/api/request';

export interface SimulatedOrder {
	number: number;
	/** By the shop's clock. */
	timeMs: number;
	productId: string;
}

/** How the simulated Pocketsflow answers: where its documentation leaves it open, either way. */
export interface ShopBehaviour {
	pageSize: number;
	/** Whether `pagination` says how many there are. */
	totals: boolean;
	/** Whether it says whether more follow. */
	hasMore: boolean;
	/** `ignored`: only startDate is honoured. */
	endDate: 'exact' | 'seconds' | 'ignored';
	order: 'newestFirst' | 'oldestFirst';
}

const toId = ({ number }: SimulatedOrder) => `order-${number}`;

/** A Pocketsflow with orders only, in memory. */
export class SimulatedShop {
	readonly orders: SimulatedOrder[] = [];
	private made = 0;

	constructor(private readonly behaviour: ShopBehaviour) {}

	add(timeMs: number, productId = 'wanted'): SimulatedOrder {
		const order = { number: ++this.made, timeMs, productId };
		this.orders.push(order);
		return order;
	}

	remove(index: number): SimulatedOrder | undefined {
		if (this.orders.length === 0) return undefined;
		return this.orders.splice(index % this.orders.length, 1)[0];
	}

	answer({ path, query = {} }: PocketsflowRequest): unknown {
		if (path !== '/orders') throw new Error(`not simulated: ${path}`);
		const { pageSize, totals, hasMore, endDate, order } = this.behaviour;
		const date = (value: unknown, otherwise: number) =>
			value === undefined ? otherwise : Date.parse(String(value));
		const fromMs = date(query.startDate, -Infinity);
		const exactToMs = endDate === 'ignored' ? Infinity : date(query.endDate, Infinity);
		const toMs = endDate === 'seconds' ? Math.floor(exactToMs / 1000) * 1000 : exactToMs;
		const sorted = this.orders
			.filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs)
			.sort((a, b) => b.timeMs - a.timeMs || b.number - a.number);
		if (order === 'oldestFirst') sorted.reverse();
		const size = Math.min(pageSize, Number(query.pageSize ?? 20));
		const page = Number(query.page ?? 1);
		const shown = sorted.slice((page - 1) * size, page * size);
		const totalPages = Math.ceil(sorted.length / size);
		return {
			orders: shown.map(
				(one): IDataObject => ({
					_id: toId(one),
					productId: one.productId,
					createdAt: new Date(one.timeMs).toISOString(),
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

/** The event id that the trigger gives to an order. */
export const toEventId = (order: SimulatedOrder) => `order.completed:${toId(order)}`;
