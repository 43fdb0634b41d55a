/**
 * Converts records of the API to the payload that the webhook of the same event carries, with the same
 * keys at the same paths (docs/pocketsflow-api.md#payloads). Amounts are not converted.
 */
import type { IDataObject } from 'n8n-workflow';

import { readId, isRecord } from '../api/responses';
import { readMetadata } from '../events/metadata';
import { hasEnded, isForeignId, isPaused, readStatus } from './changes';

const omitEmpty = (fields: IDataObject): IDataObject =>
	Object.fromEntries(
		Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
	);

const asRecord = (value: unknown): IDataObject => (isRecord(value) ? value : {});

export function toOrderPayload(record: IDataObject): IDataObject {
	const { currency, taxAmount } = record;
	const product = asRecord(record.product);
	const customer = asRecord(record.customer);
	return omitEmpty({
		order: omitEmpty({ id: readId(record) }),
		product: buildProduct(record, product),
		customer: omitEmpty({
			id: readId(customer),
			email: record.buyerEmail ?? customer.buyerEmail,
			firstName: customer.firstName,
			lastName: customer.lastName,
		}),
		tax: taxAmount === undefined ? undefined : { amount: taxAmount },
		amount: record.grossAmount ?? record.amount,
		amountBeforeTax: record.amountBeforeTax,
		// Upper case in the API, lower case in webhooks: docs/pocketsflow-api.md#money
		currency: typeof currency === 'string' ? currency.toLowerCase() : undefined,
		clientReferenceId: record.clientReferenceId,
		metadata: readMetadata(record),
	});
}

/** Includes an empty `variantId`, as deliveries do. The name is only in the API. */
function buildProduct({ productId, variantId }: IDataObject, product: IDataObject): IDataObject {
	const id = productId ?? readId(product);
	return id === undefined
		? {}
		: { id, variantId: variantId ?? null, ...omitEmpty({ name: product.name }) };
}

/** @param order the refunded order; `{}` if it was deleted */
export function toRefundPayload(record: IDataObject, order: IDataObject): IDataObject {
	return {
		...toOrderPayload(order),
		order: omitEmpty({ id: record.orderId ?? readId(order) }),
		refund: omitEmpty({
			id: readId(record),
			amount: record.amount,
			reason: record.reason,
			status: record.status,
		}),
	};
}

export function toCustomerPayload(record: IDataObject): IDataObject {
	return {
		customer: omitEmpty({
			id: readId(record),
			email: record.buyerEmail ?? record.email,
			country: record.country,
		}),
	};
}

export function toReviewPayload(record: IDataObject): IDataObject {
	return {
		review: omitEmpty({ id: readId(record), rating: record.rating, review: record.review }),
		product: omitEmpty({ id: record.productId }),
		customer: omitEmpty({ email: record.buyerEmail }),
	};
}

const activeStatuses = new Set(['active', 'trialing', 'in_trial', 'past_due', 'paused']);

/** @param buyer the customer, if the membership itself does not identify them */
export function toMembershipPayload(record: IDataObject, buyer: IDataObject = {}): IDataObject {
	const { status } = record;
	const customer = { ...buyer, ...asRecord(record.customer) };
	const id = readId(record);
	const isForeign = isForeignId(record.customerId);
	return omitEmpty({
		subscription: omitEmpty({
			id: record.productId ?? record.subscriptionId,
			// Deliveries have the payment provider's customer here.
			customerId: isForeign ? record.customerId : undefined,
		}),
		subscriptionCustomer: omitEmpty({
			id,
			status,
			active: activeStatuses.has(readStatus(record)),
			cancelAtPeriodEnd: record.cancelAtPeriodEnd,
			paused: isPaused(record) && !hasEnded(record),
		}),
		customer: omitEmpty({
			id: isForeign ? readId(customer) : (record.customerId ?? readId(customer)),
			email: record.buyerEmail ?? customer.email ?? customer.buyerEmail,
			firstName: customer.firstName,
			lastName: customer.lastName,
		}),
		status,
		subscriptionCustomerId: id,
		clientReferenceId: record.clientReferenceId,
		metadata: readMetadata(record),
	});
}
