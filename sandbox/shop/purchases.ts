import type { SandboxContext } from '../context';
import type { Database } from '../database/database';
import type { Mode, Offer, Product } from '../database/entities';
import { badRequest, notFound } from '../http/errors';
import { oneOf, optional, parseDateMs, type ParsedFields, readFields } from '../http/input';
import { isObject, type JsonObject } from '../json';
import type { Buyer } from './customers';
import { subscribe } from './memberships';
import { buyProduct } from './orders';

/** Purchases to be made without a browser. `{n}` in any text becomes a running number. */
export interface PurchaseInput {
	productId?: string;
	offerId?: string;
	/** How many; 1 when absent. */
	count?: number;
	/** The first running number; 1 when absent. */
	firstNumber?: number;
	/** One object for all, or a list that the purchases go through again and again. */
	metadata?: JsonObject | JsonObject[];
	email?: string;
	firstName?: string;
	lastName?: string;
	clientReferenceId?: string;
	discountCode?: string;
	taxRate?: number;
	mode?: Mode;
	/** Time of the first, ISO 8601; now when absent. */
	createdAt?: string;
	/** Time between one and the next. */
	spacingMs?: number;
	/** Whether webhook endpoints are told; yes when absent. */
	deliver?: boolean;
	/** Whether to answer only after all deliveries. */
	wait?: boolean;
}

/** The ids of what the purchases made. */
export interface PurchaseResult {
	count: number;
	orderIds: string[];
	membershipIds: string[];
}

const fields = {
	productId: optional('string'),
	offerId: optional('string'),
	count: optional('integer'),
	firstNumber: optional('integer'),
	email: optional('string'),
	firstName: optional('string'),
	lastName: optional('string'),
	clientReferenceId: optional('string'),
	discountCode: optional('string'),
	taxRate: optional('amount'),
	mode: oneOf(['test', 'live'], false),
	createdAt: optional('date'),
	spacingMs: optional('number'),
	deliver: optional('boolean'),
	wait: optional('boolean'),
};

/** A value with `{n}` replaced by a number in every text of it. */
function fillNumber<T>(value: T, number: number): T;
function fillNumber(value: unknown, number: number): unknown {
	if (typeof value === 'string') return value.replaceAll('{n}', String(number));
	if (Array.isArray(value)) return value.map((entry: unknown) => fillNumber(entry, number));
	if (!isObject(value)) return value;
	const entries = Object.entries(value).map(([name, entry]) => [name, fillNumber(entry, number)]);
	return Object.fromEntries(entries);
}

function readMetadata(metadata: unknown): JsonObject[] {
	const entries: unknown[] =
		metadata === undefined ? [] : Array.isArray(metadata) ? metadata : [metadata];
	if (!entries.every(isObject)) throw badRequest('metadata must be an object or a list of objects');
	return entries;
}

/** What is bought: the named product or offer, else the newest product. */
function findItem(
	db: Database,
	{ productId, offerId }: ParsedFields<typeof fields>,
): { product: Product } | { offer: Offer } {
	const id = offerId ?? productId;
	const newest = () => db.products.query({ take: 1 }).rows[0];
	const product = offerId ? undefined : id ? db.products.get(id) : newest();
	if (product) return { product };
	const offer = id ? db.offers.get(id) : undefined;
	if (offer) return { offer };
	throw notFound(id ? 'Product or offer' : 'Any product');
}

function createBuyer(
	input: ParsedFields<typeof fields>,
	metadata: JsonObject[],
	index: number,
	startMs: number,
): Buyer {
	const { firstName, lastName, clientReferenceId, discountCode, taxRate, deliver } = input;
	const { email = 'buyer{n}@example.com' } = input;
	const texts = {
		email,
		...(firstName && { firstName }),
		...(lastName && { lastName }),
		...(clientReferenceId && { clientReferenceId }),
		...(metadata.length > 0 && { metadata: metadata[index % metadata.length] }),
	};
	return {
		...fillNumber(texts, (input.firstNumber ?? 1) + index),
		purchasedAtMs: startMs + index * (input.spacingMs ?? 0),
		...(discountCode && { discountCode }),
		...(taxRate !== undefined && { taxRate }),
		deliver: deliver ?? true,
	};
}

/** Makes purchases as buyers would, many of them quickly. */
export async function purchase(context: SandboxContext, body: JsonObject): Promise<PurchaseResult> {
	const input = readFields(body, fields);
	const metadata = readMetadata(body.metadata);
	const db = context.databases[input.mode ?? 'test'];
	const item = findItem(db, input);
	const startMs = parseDateMs(input.createdAt ?? '') ?? Date.now();
	const result: PurchaseResult = { count: input.count ?? 1, orderIds: [], membershipIds: [] };
	for (let index = 0; index < result.count; index += 1) {
		const buyer = createBuyer(input, metadata, index, startMs);
		if ('product' in item) {
			result.orderIds.push(buyProduct(context, db, item.product, buyer)._id);
		} else {
			result.membershipIds.push(subscribe(context, db, item.offer, buyer)._id);
		}
	}
	if (input.wait) await context.deliveries.waitForAll();
	return result;
}
