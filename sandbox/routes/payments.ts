import type { Payment } from '../database/entities';
import { badRequest } from '../http/errors';
import { readDateRange } from '../http/input';
import { buildPagination, type Handler, readPage, respondList } from '../http/responses';
import { serializePayment } from '../serializers';

/** Payments, read only (docs/pocketsflow-api.md#orders-and-payments). */
export const paymentRoutes = {
	'payments.list': (call) => {
		const { db, query } = call;
		const type = query.type ?? 'all';
		if (type !== 'all' && type !== 'subscription') {
			throw badRequest('type must be one of all, subscription');
		}
		const page = readPage(call, query);
		const { total, rows } = db.payments.query({
			...readDateRange(query),
			...(type === 'subscription' && { where: (row: Payment) => row.isSubscription }),
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
} satisfies Record<string, Handler>;
