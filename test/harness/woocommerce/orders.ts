import { randomBytes } from 'node:crypto';

import { ApiError, invalidId, invalidParameter } from './errors';
import { readList } from './lists';
import {
	completePayment,
	needsPayment,
	needsProcessing,
	refundsOf,
	setStatus,
	statusLabels,
	sumOf,
	totalOf,
	touch,
} from './orderStatus';
import { priceOf } from './products';
import { announce, nextId, nextPostId, type LineItem, type Order, type ShopState } from './state';
import {
	encodeEntities,
	formatAmount,
	formatDates,
	formatLinks,
	parseAmount,
	requireOneOf,
	requireText,
	updateMeta,
	type Fields,
} from './values';

const statuses = Object.keys(statusLabels);
const billingNames = [
	...['first_name', 'last_name', 'company', 'address_1', 'address_2'],
	...['city', 'state', 'postcode', 'country', 'email', 'phone'],
];
const emptyAddress = () => Object.fromEntries(billingNames.map((name) => [name, '']));

/** @param what what the error calls it: the routes below an order say "order ID" */
export function findOrder(state: ShopState, id: unknown, status?: 404 | 400, what?: string): Order {
	const order = state.orders.get(Number(id));
	if (!order) throw invalidId('shop_order', status, what);
	return order;
}

export function createOrder(state: ShopState, fields: Fields, createdVia: string): Order {
	const nowMs = state.now();
	const order: Order = {
		id: 0,
		key: `wc_order_${randomBytes(10).toString('base64url').replace(/[-_]/g, 'x').slice(0, 13)}`,
		status: 'pending',
		currency: state.currency,
		createdVia,
		createdMs: nowMs,
		modifiedMs: nowMs,
		customerNote: '',
		billing: emptyAddress(),
		shipping: emptyAddress(),
		paymentMethod: '',
		paymentMethodTitle: '',
		transactionId: '',
		lines: [],
		coupons: [],
		shippingTotal: 0,
		taxTotal: 0,
		meta: [],
	};
	checkFields(fields);
	setItems(state, order, fields);
	order.id = nextPostId(state);
	state.orders.set(order.id, order);
	setFields(state, order, fields);
	if (typeof fields.status === 'string') setStatus(state, order, fields.status);
	if (fields.set_paid === true) completePayment(state, order, fields.transaction_id);
	announce(state, 'order.created', order.id);
	return order;
}

export function updateOrder(state: ShopState, order: Order, fields: Fields): void {
	checkFields(fields);
	setItems(state, order, fields);
	setFields(state, order, fields);
	if (typeof fields.status === 'string' && fields.status !== '')
		setStatus(state, order, fields.status);
	if (fields.set_paid === true && needsPayment(order))
		completePayment(state, order, fields.transaction_id);
	touch(state, order);
}

function checkFields(fields: Fields): void {
	requireText(fields, 'currency', 'customer_note', 'transaction_id');
	requireText(fields, 'payment_method', 'payment_method_title');
	requireOneOf(fields, 'status', statuses);
	if (fields.set_paid !== undefined && typeof fields.set_paid !== 'boolean')
		throw invalidParameter('set_paid', 'rest_invalid_type', 'set_paid is not of type boolean.');
}

/** What can be written; `date_paid`, `order_key` and the totals are read-only, and ignored. */
function setFields(state: ShopState, order: Order, fields: Fields): void {
	const text = (name: string, present: string) => (fields[name] as string | undefined) ?? present;
	order.currency = text('currency', order.currency);
	order.customerNote = text('customer_note', order.customerNote);
	order.paymentMethod = text('payment_method', order.paymentMethod);
	order.paymentMethodTitle = text('payment_method_title', order.paymentMethodTitle);
	order.transactionId = text('transaction_id', order.transactionId);
	for (const name of ['billing', 'shipping'] as const)
		for (const [key, value] of Object.entries((fields[name] as Fields | undefined) ?? {}))
			if (billingNames.includes(key)) order[name][key] = String(value);
	updateMeta(state, order.meta, fields.meta_data);
}

function setItems(state: ShopState, order: Order, fields: Fields): void {
	const { line_items: lines, shipping_lines: shipping, coupon_lines: coupons } = fields;
	if (Array.isArray(lines)) for (const line of lines as Fields[]) setLine(state, order, line);
	if (
		Array.isArray(shipping) &&
		(shipping as Fields[]).some(({ id, method_id: method }) => !id && !method)
	)
		throw new ApiError(
			'woocommerce_rest_invalid_shipping_item',
			'Shipping method ID is required.',
			{ status: 400 },
		);
	if (Array.isArray(shipping))
		order.shippingTotal = sumOf(
			(shipping as Fields[]).map(({ total }) => parseAmount(String(total ?? ''), state.decimals)),
		);
	if (Array.isArray(coupons))
		applyCoupons(
			state,
			order,
			(coupons as Fields[]).map(({ code }) => String(code ?? '')),
		);
}

function setLine(state: ShopState, order: Order, fields: Fields): void {
	requireText(fields, 'total', 'subtotal');
	const present = order.lines.find(({ id }) => id === fields.id);
	const line = present ?? newLine(state, fields);
	const amount = (name: 'total' | 'subtotal') =>
		fields[name] === undefined ? line[name] : parseAmount(String(fields[name]), state.decimals);
	Object.assign(line, { total: amount('total'), subtotal: amount('subtotal') });
	updateMeta(state, line.meta, fields.meta_data);
	if (!present) order.lines.push(line);
}

function newLine(state: ShopState, fields: Fields): LineItem {
	if (!fields.product_id)
		throw new ApiError(
			'woocommerce_rest_required_product_reference',
			'Product ID or SKU is required.',
			{ status: 400 },
		);
	// A line can name a product that is gone.
	const product = state.products.get(Number(fields.product_id));
	const quantity = Number(fields.quantity ?? 1);
	const subtotal = product ? parseAmount(priceOf(product), state.decimals) * quantity : 0;
	return {
		id: nextId(state, 'items', 501),
		name: encodeEntities(String(fields.name ?? product?.name ?? '')),
		productId: product?.id ?? 0,
		quantity,
		subtotal,
		total: subtotal,
		meta: [],
	};
}

/** Takes the discount off the lines, the remainder of a fixed amount off the last. */
function applyCoupons(state: ShopState, order: Order, codes: string[]): void {
	for (const line of order.lines) line.total = line.subtotal;
	order.coupons = codes.map((code) => {
		const coupon = state.coupons.get(code.toLowerCase());
		if (!coupon)
			throw new ApiError('woocommerce_rest_invalid_coupon', `Coupon "${code}" does not exist!`, {
				status: 400,
			});
		const whole = sumOf(order.lines.map(({ total }) => total));
		const fixed = Math.min(parseAmount(coupon.amount, state.decimals), whole);
		const discount =
			coupon.type === 'percent'
				? Math.min(Math.round((whole * Number(coupon.amount)) / 100), whole)
				: fixed;
		let rest = discount;
		for (const [index, line] of order.lines.entries()) {
			const isLast = index === order.lines.length - 1;
			const share = isLast ? rest : whole && Math.round((discount * line.total) / whole);
			line.total -= share;
			rest -= share;
		}
		return { id: nextId(state, 'items', 501), code: coupon.code, discount };
	});
}

export function filterOrders(state: ShopState, query: Fields): Order[] {
	const wanted = readList(query.status ?? 'any');
	const known = ['any', ...statuses];
	const unknown = wanted.findIndex((status) => !known.includes(status));
	if (unknown >= 0)
		throw invalidParameter(
			'status',
			'rest_not_in_enum',
			`status[${unknown}] is not one of ${known.slice(0, -1).join(', ')}, and ${known.at(-1)}.`,
		);
	const search = String(query.search ?? '').toLowerCase();
	return [...state.orders.values()].filter(
		(order) =>
			(wanted.includes('any') ? order.status !== 'trash' : wanted.includes(order.status)) &&
			(query.product === undefined ||
				order.lines.some(({ productId }) => productId === Number(query.product))) &&
			(query.customer === undefined || Number(query.customer) === 0) &&
			[order.id, ...Object.values(order.billing), ...order.lines.map(({ name }) => name)]
				.join('\n')
				.toLowerCase()
				.includes(search),
	);
}

export function formatOrder(state: ShopState, order: Order) {
	const { utcOffsetHours: offset, decimals } = state;
	const amount = (value: number) => formatAmount(value, decimals);
	const discount = sumOf(order.lines.map(({ subtotal, total }) => subtotal - total));
	return {
		id: order.id,
		parent_id: 0,
		status: order.status,
		currency: order.currency,
		version: '10.4.0',
		prices_include_tax: false,
		...formatDates('date_created', order.createdMs, offset),
		...formatDates('date_modified', order.modifiedMs, offset),
		discount_total: amount(discount),
		discount_tax: amount(0),
		shipping_total: amount(order.shippingTotal),
		shipping_tax: amount(0),
		cart_tax: amount(order.taxTotal),
		total: amount(totalOf(order)),
		total_tax: amount(order.taxTotal),
		customer_id: 0,
		order_key: order.key,
		billing: order.billing,
		shipping: withoutEmail(order.shipping),
		payment_method: order.paymentMethod,
		payment_method_title: order.paymentMethodTitle,
		transaction_id: order.transactionId,
		customer_ip_address: '',
		customer_user_agent: '',
		created_via: order.createdVia,
		customer_note: order.customerNote,
		...formatDates('date_completed', order.completedMs, offset),
		...formatDates('date_paid', order.paidMs, offset),
		cart_hash: '',
		number: String(order.id),
		meta_data: order.meta,
		line_items: order.lines.map((line) => formatLine(state, line)),
		tax_lines: [],
		shipping_lines:
			order.shippingTotal === 0
				? []
				: [
						{
							method_title: 'Flat rate',
							method_id: 'flat_rate',
							total: amount(order.shippingTotal),
						},
					],
		fee_lines: [],
		coupon_lines: order.coupons.map(({ id, code, discount: off }) => ({
			id,
			code,
			discount: amount(off),
			discount_tax: amount(0),
			meta_data: [
				{
					id: id + 90_000,
					key: 'coupon_info',
					value: JSON.stringify([
						id,
						code,
						state.coupons.get(code)?.type,
						Number(state.coupons.get(code)?.amount ?? 0),
					]),
				},
			],
			discount_type: state.coupons.get(code)?.type ?? '',
			nominal_amount: Number(state.coupons.get(code)?.amount ?? 0),
			free_shipping: false,
		})),
		refunds: refundsOf(state, order).map((refund) => ({
			id: refund.id,
			reason: refund.reason,
			total: `-${amount(refund.amount)}`,
		})),
		payment_url: `${state.url}/${state.pages.checkout}/${state.pages.orderPay}/${order.id}/?pay_for_order=true&key=${order.key}`,
		is_editable: ['pending', 'on-hold', 'auto-draft'].includes(order.status),
		needs_payment: needsPayment(order),
		needs_processing: needsProcessing(state, order),
		...formatLinks(state, 'orders', order.id),
	};
}

const withoutEmail = (address: Record<string, string>) =>
	Object.fromEntries(Object.entries(address).filter(([name]) => name !== 'email'));

function formatLine(state: ShopState, line: LineItem) {
	const amount = (value: number) => formatAmount(value, state.decimals);
	return {
		id: line.id,
		name: line.name,
		product_id: line.productId,
		variation_id: 0,
		quantity: line.quantity,
		tax_class: '',
		subtotal: amount(line.subtotal),
		subtotal_tax: amount(0),
		total: amount(line.total),
		total_tax: amount(0),
		taxes: [],
		meta_data: line.meta,
		sku: state.products.get(line.productId)?.sku ?? null,
		// The one amount that is a number.
		price: line.total / 10 ** state.decimals / line.quantity,
		image: { id: '', src: '' },
		parent_name: null,
	};
}
