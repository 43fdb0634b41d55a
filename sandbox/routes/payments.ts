import type { Payment } from '../database/entities';
import { findDateRange } from '../http/input';
import { buildPagination, type Handlers, findPage, respondList } from '../http/responses';
import { serializePayment } from '../serializers';

/** Payments, read only (docs/pocketsflow-api.md#orders-and-payments). */
export const paymentRoutes = {
	'payments.list': (call) => {
		const { db, query } = call;
		const page = findPage(call, query);
		const { total, rows } = db.payments.query({
			...findDateRange(query),
			...(query.type === 'subscription' && { where: (row: Payment) => row.isSubscription }),
			...page.window,
		});
		return respondList(
			call,
			'payments',
			rows.map((row) => serializePayment(db, row)),
			'object',
			{ pagination: buildPagination(call, page, total) },
		);
	},
} satisfies Partial<Handlers>;
