import { type Call, created, deleted, type Handler, list, ok } from '../answers';
import { objectId } from '../ids';
import { allOptional, invalid, notFound, oneOf, optional, readFields, required } from '../input';
import { productPayload } from '../payloads';
import { type Product, Timeline } from '../state';
import { showProduct, showVariant } from '../views';

// The union of the three lists of parameters that contradict each other (contract B, H19).
const fields = {
	name: required('text'),
	price: required('amount'),
	description: optional('text'),
	subtitle: optional('text'),
	payWant: optional('boolean'),
	minPrice: optional('amount'),
	maxPrice: optional('amount'),
	published: optional('boolean'),
	slug: optional('text'),
	thumbnail: optional('text'),
	images: optional('texts'),
	ctaText: optional('text'),
	showSales: optional('boolean'),
	showReviews: optional('boolean'),
	refundPolicy: optional('text'),
	callbackUrl: optional('text'),
	hasFirstName: optional('boolean'),
	hasLastName: optional('boolean'),
	currency: optional('currency'),
	type: oneOf(['one-time', 'subscription'], false),
	billingInterval: oneOf(['month', 'year'], false),
	active: optional('boolean'),
};

const { name, description, price, currency, active, published } = allOptional(fields);
const updatable = { name, description, price, currency, active, published };

const variantFields = {
	productId: required('text'),
	name: required('text'),
	price: required('amount'),
	description: optional('text'),
};

/** The row with an id, or 404. */
export function found<T extends { _id: string; at: number }>(
	rows: Timeline<T>,
	id: string,
	thing: string,
): T {
	const row = rows.get(id);
	if (!row) throw notFound(thing);
	return row;
}

/** A readable part of an address, made of a name. */
export const slugOf = (text: string) =>
	text
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, '-')
		.replace(/^-|-$/g, '');

function announce({ world, state }: Call, event: string, product: Product): void {
	world.deliveries.emit(state.mode, event, productPayload(world.switches, state, product));
}

/** Products and variants (contract B). */
export const productRoutes = {
	'products.list': (call) =>
		list(
			call,
			'products',
			call.state.products.read().rows.map((row) => showProduct(call.state, row)),
		),
	'products.get': ({ state, params }) =>
		ok(showProduct(state, found(state.products, params.id, 'Product'))),
	'products.create': (call) => {
		const { world, state, body } = call;
		const given = readFields(body, fields);
		if (world.switches.productCurrencyRequired && !given.currency) {
			throw invalid('currency is required');
		}
		const at = Date.now();
		const product = state.products.add({
			active: true,
			published: true,
			showSales: true,
			showReviews: true,
			images: [],
			files: [],
			slug: slugOf(given.name),
			...given,
			type: given.type ?? 'one-time',
			currency: (given.currency ?? state.user.currency).toUpperCase(),
			_id: objectId(at),
			at,
			updatedAt: at,
		});
		announce(call, 'product.created', product);
		return created(call, showProduct(state, product));
	},
	'products.update': (call) => {
		const product = found(call.state.products, call.params.id, 'Product');
		Object.assign(product, readFields(call.body, updatable), { updatedAt: Date.now() });
		product.currency = product.currency.toUpperCase();
		announce(call, 'product.updated', product);
		return ok(showProduct(call.state, product));
	},
	'products.delete': (call) => {
		const product = found(call.state.products, call.params.id, 'Product');
		call.state.products.remove(product._id);
		announce(call, 'product.deleted', product);
		return deleted(call, 'Product');
	},
	'variants.create': (call) => {
		const given = readFields(call.body, variantFields);
		found(call.state.products, given.productId, 'Product');
		const at = Date.now();
		const variant = call.state.variants.add({
			active: true,
			...given,
			_id: objectId(at),
			at,
			updatedAt: at,
		});
		return created(call, showVariant(variant));
	},
	'variants.delete': (call) => {
		found(call.state.variants, call.params.id, 'Product variant');
		call.state.variants.remove(call.params.id);
		return deleted(call, 'Product variant');
	},
} satisfies Record<string, Handler>;
