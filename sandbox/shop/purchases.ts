import type { SandboxContext } from '../context';
import type { TypeOf } from '../contract/validation';
import type { Database } from '../database/database';
import type { Offer, Product } from '../database/entities';
import { notFound } from '../http/errors';
import { parseDateMs } from '../http/input';
import { isObject, type JsonObject } from '../json';
import type { Buyer } from './customers';
import { subscribe } from './memberships';
import { buyProduct } from './orders';

const text = { type: 'string' } as const;
const whole = { type: 'integer', minimum: 0 } as const;
const flag = { type: 'boolean' } as const;
const object = { type: 'object' } as const;

/** Purchases to be made without a browser. `{n}` in any text becomes a running number. */
export const purchaseSchema = {
	type: 'object',
	properties: {
		productId: text,
		offerId: text,
		count: { ...whole, description: 'How many; 1 when absent.' },
		firstNumber: { ...whole, description: 'The first running number; 1 when absent.' },
		metadata: {
			type: ['object', 'array'],
			items: object,
			description: 'One object for all, or a list that the purchases go through repeatedly.',
		},
		email: text,
		firstName: text,
		lastName: text,
		clientReferenceId: text,
		discountCode: text,
		taxRate: { type: 'number', minimum: 0 },
		mode: { type: 'string', enum: ['test', 'live'] },
		createdAt: {
			type: 'string',
			format: 'date-time',
			description: 'Time of the first; now when absent.',
		},
		spacingMs: { type: 'number', description: 'Time between one and the next.' },
		deliver: { ...flag, description: 'Whether webhook endpoints receive them; yes when absent.' },
		wait: { ...flag, description: 'Whether to answer only after all deliveries.' },
	},
} as const;

export type PurchaseInput = TypeOf<typeof purchaseSchema>;

export interface PurchaseResult {
	count: number;
	orderIds: string[];
	membershipIds: string[];
}

/** A value with `{n}` replaced by a number in every text of it. */
function fillNumber<T>(value: T, number: number): T;
function fillNumber(value: unknown, number: number): unknown {
	if (typeof value === 'string') return value.replaceAll('{n}', String(number));
	if (Array.isArray(value)) return value.map((entry: unknown) => fillNumber(entry, number));
	if (!isObject(value)) return value;
	const entries = Object.entries(value).map(([name, entry]) => [name, fillNumber(entry, number)]);
	return Object.fromEntries(entries);
}

/** What is bought: the named product or offer, else the newest product. */
function findItem(
	db: Database,
	{ productId, offerId }: PurchaseInput,
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
	input: PurchaseInput,
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

export async function purchase(
	context: SandboxContext,
	input: PurchaseInput,
): Promise<PurchaseResult> {
	const metadata = [input.metadata ?? []].flat();
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
