import { ApiError, invalidId } from './errors';
import { readList } from './lists';
import { announce, nextPostId, type Product, type ShopState } from './state';
import {
	cleanPrice,
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

const statuses = ['draft', 'pending', 'private', 'publish', 'future', 'auto-draft', 'trash'];
const types = ['simple', 'grouped', 'external', 'variable'];
const textFields = {
	name: 'name',
	slug: 'slug',
	type: 'type',
	status: 'status',
	description: 'description',
	short_description: 'shortDescription',
	sku: 'sku',
	regular_price: 'regularPrice',
	sale_price: 'salePrice',
} as const;
const flagFields = { virtual: 'virtual', downloadable: 'downloadable' } as const;

export function findProduct(state: ShopState, id: unknown, status?: 400): Product {
	const product = state.products.get(Number(id));
	if (!product) throw invalidId('product', status);
	return product;
}

/** As text; empty if no price is set. */
export const priceOf = ({ salePrice, regularPrice }: Product) => salePrice || regularPrice;

export function createProduct(state: ShopState, fields: Fields): Product {
	const nowMs = state.now();
	const product: Product = {
		id: 0,
		name: 'Product',
		slug: '',
		type: 'simple',
		status: 'publish',
		description: '',
		shortDescription: '',
		sku: '',
		regularPrice: '',
		salePrice: '',
		virtual: false,
		downloadable: false,
		meta: [],
		createdMs: nowMs,
		modifiedMs: nowMs,
	};
	setFields(state, product, fields);
	product.id = nextPostId(state);
	product.slug ||= product.name
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, '-')
		.replace(/^-|-$/g, '');
	state.products.set(product.id, product);
	announce(state, 'product.created', product.id);
	return product;
}

export function updateProduct(state: ShopState, product: Product, fields: Fields): void {
	setFields(state, product, fields);
	product.modifiedMs = state.now();
	announce(state, 'product.updated', product.id);
}

/** Checks everything before it changes anything. */
function setFields(state: ShopState, product: Product, fields: Fields): void {
	requireText(fields, ...Object.keys(textFields));
	requireOneOf(fields, 'status', statuses);
	requireOneOf(fields, 'type', types);
	const twin = [...state.products.values()].find(
		({ id, sku }) => id !== product.id && sku !== '' && sku === fields.sku,
	);
	if (twin)
		throw new ApiError('product_invalid_sku', 'Invalid or duplicated SKU.', {
			status: 400,
			resource_id: twin.id,
		});
	for (const [name, property] of Object.entries(textFields))
		if (typeof fields[name] === 'string') product[property] = fields[name];
	product.name = encodeEntities(product.name);
	product.regularPrice = cleanPrice(product.regularPrice);
	product.salePrice = cleanPrice(product.salePrice);
	if (typeof fields.stock_quantity === 'number') product.stock = fields.stock_quantity;
	for (const [name, property] of Object.entries(flagFields))
		if (fields[name] !== undefined) product[property] = fields[name] === true;
	updateMeta(state, product.meta, fields.meta_data);
}

export function filterProducts(state: ShopState, query: Fields): Product[] {
	const skus = readList(query.sku);
	const status = String(query.status ?? 'any');
	const search = String(query.search ?? '').toLowerCase();
	return [...state.products.values()].filter(
		(product) =>
			(status === 'any' ? product.status !== 'trash' : product.status === status) &&
			(skus.length === 0 || skus.includes(product.sku)) &&
			(query.type === undefined || product.type === query.type) &&
			(query.slug === undefined || product.slug === query.slug) &&
			`${product.name} ${product.description} ${product.shortDescription}`
				.toLowerCase()
				.includes(search),
	);
}

export function formatProduct(state: ShopState, product: Product) {
	const price = priceOf(product);
	return {
		id: product.id,
		name: product.name,
		slug: product.slug,
		permalink: `${state.url}/product/${product.slug}/`,
		...formatDates('date_created', product.createdMs, state.utcOffsetHours),
		...formatDates('date_modified', product.modifiedMs, state.utcOffsetHours),
		type: product.type,
		status: product.status,
		featured: false,
		catalog_visibility: 'visible',
		description: product.description,
		short_description: product.shortDescription,
		sku: product.sku,
		price,
		regular_price: product.regularPrice,
		sale_price: product.salePrice,
		price_html:
			price &&
			`<span class="woocommerce-Price-amount amount">${formatAmount(parseAmount(price, state.decimals), state.decimals)}</span>`,
		on_sale: product.salePrice !== '',
		purchasable: product.status === 'publish' && price !== '',
		total_sales: 0,
		virtual: product.virtual,
		downloadable: product.downloadable,
		downloads: [],
		download_limit: -1,
		download_expiry: -1,
		tax_status: 'taxable',
		tax_class: '',
		manage_stock: product.stock !== undefined,
		stock_quantity: product.stock ?? null,
		stock_status: 'instock',
		parent_id: 0,
		categories: [],
		tags: [],
		images: [],
		attributes: [],
		variations: [],
		menu_order: 0,
		meta_data: product.meta,
		...formatLinks(state, 'products', product.id),
	};
}
