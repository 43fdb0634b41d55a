import type {
	IDataObject,
	ILoadOptionsFunctions,
	INodeListSearchItems,
	INodeListSearchResult,
	INodePropertyOptions,
} from 'n8n-workflow';

import { idOf, isRecord } from '../api/responses';
import { lists, type Listing } from '../api/lists';
import { readList, readPages, type ListRequest } from '../transport/pagination';

const shownAtOnce = 100;

/** Pages that one search reads at most when nothing matches; scrolling reads on. */
const pagesAtOnce = 10;

type Label = (record: IDataObject) => string;
type Value = (record: IDataObject) => string | undefined;

const textOf = (value: unknown) =>
	typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;

const upperCase = (value: unknown) => textOf(value)?.toUpperCase();

/** The parts that a record has, test data marked as such. */
function labelOf(record: IDataObject, ...parts: Array<string | undefined>): string {
	return [...parts, record.testMode === true ? 'test' : undefined].filter(Boolean).join(' · ');
}

const amountOf = (amount: unknown, currency: unknown) =>
	textOf(amount) && [textOf(amount), upperCase(currency)].filter(Boolean).join(' ');

const dayOf = (value: unknown) => textOf(value)?.slice(0, 10);

const emailOf = (record: IDataObject) =>
	textOf(record.buyerEmail ?? record.email) ??
	(isRecord(record.customer)
		? textOf(record.customer.buyerEmail ?? record.customer.email)
		: undefined);

const productLabel: Label = (record) =>
	labelOf(record, textOf(record.name) ?? 'Unnamed', amountOf(record.price, record.currency));

const offerLabel: Label = (record) =>
	labelOf(
		record,
		textOf(record.name) ?? 'Unnamed',
		amountOf(record.price, record.currency),
		textOf(record.frequency),
	);

const orderLabel: Label = (record) =>
	labelOf(
		record,
		emailOf(record) ?? 'Unknown buyer',
		amountOf(record.grossAmount ?? record.amount ?? record.amountBeforeTax, record.currency),
		dayOf(record.createdAt),
		record.isRefunded === true ? 'refunded' : undefined,
	);

const customerLabel: Label = (record) =>
	labelOf(
		record,
		emailOf(record) ?? 'Unknown buyer',
		record.numberOfOrders === undefined ? undefined : `orders: ${String(record.numberOfOrders)}`,
	);

const discountLabel: Label = (record) =>
	labelOf(
		record,
		textOf(record.code) ?? textOf(record.name) ?? 'Unnamed',
		record.valueType === 'fixed'
			? textOf(record.value)
			: textOf(record.value) && `${String(record.value)}%`,
		textOf(record.name),
		record.active === false ? 'inactive' : undefined,
	);

const refundLabel: Label = (record) =>
	labelOf(
		record,
		textOf(record.amount) ?? 'Refund',
		dayOf(record.createdAt),
		textOf(record.status),
		textOf(record.reason),
	);

const upsellLabel: Label = (record) =>
	labelOf(
		record,
		textOf(record.name) ?? textOf(record.offer) ?? 'Unnamed',
		textOf(record.upsellPrice),
		record.active === false ? 'inactive' : undefined,
	);

const webhookLabel: Label = (record) =>
	labelOf(
		record,
		textOf(record.url) ?? 'Unknown URL',
		textOf(record.description),
		record.active === false ? 'inactive' : undefined,
	);

const membershipLabel: Label = (record) =>
	labelOf(
		record,
		emailOf(record) ?? textOf(record.customerId) ?? idOf(record) ?? 'Unknown buyer',
		textOf(record.status),
		dayOf(record.createdAt),
	);

const listAt = (path: string, listing: Listing): ListRequest => ({
	request: { method: 'GET', path },
	...listing,
});

const customers = listAt('/customers', lists.customers);
const discounts = listAt('/discounts', lists.discounts);
const offers = listAt('/subscriptions', lists.offers);
const orders = listAt('/orders', lists.orders);
const products = listAt('/products', lists.products);
const refunds = listAt('/refunds', lists.refunds);
const upsells = listAt('/upsells', lists.upsells);
const webhooks = listAt('/webhooks', lists.webhooks);

const memberships: ListRequest = {
	request: { method: 'POST', path: '/orders/subscriptions' },
	...lists.memberships,
};

function choicesIn(records: IDataObject[], label: Label, filter?: string, valueOf: Value = idOf) {
	const wanted = filter?.trim().toLowerCase();
	return records.flatMap((record): INodeListSearchItems[] => {
		const value = valueOf(record);
		const name = label(record);
		const isWanted =
			!wanted || name.toLowerCase().includes(wanted) || value?.toLowerCase() === wanted;
		return value !== undefined && isWanted ? [{ name, value }] : [];
	});
}

/** A part of a whole list: the API neither searches nor pages these. */
function partOf(all: INodeListSearchItems[], paginationToken?: string): INodeListSearchResult {
	const from = Number(paginationToken ?? 0);
	const next = from + shownAtOnce;
	return {
		results: all.slice(from, next),
		...(next < all.length && { paginationToken: String(next) }),
	};
}

type ListSearch = (
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
) => Promise<INodeListSearchResult>;

const searchWhole = (list: ListRequest, label: Label): ListSearch =>
	async function (filter, paginationToken) {
		const records = await readList(this, list, undefined);
		return partOf(choicesIn(records, label, filter), paginationToken);
	};

/** Reads pages until one holds a match, so that a list is never empty while there is more to read. */
const searchPages = (list: ListRequest, label: Label, valueOf?: Value): ListSearch =>
	async function (filter, paginationToken) {
		const first = Number(paginationToken ?? 1);
		let read = 0;
		for await (const { records, next } of readPages(this, list, { first })) {
			const results = choicesIn(records, label, filter, valueOf);
			const isEnough = results.length > 0 || ++read >= pagesAtOnce;
			if (isEnough || next === undefined)
				return { results, ...(next !== undefined && { paginationToken: String(next) }) };
		}
		return { results: [] };
	};

/** What fills the lists of the resource locators. */
export const listSearch: Record<string, ListSearch> = {
	searchCustomers: searchPages(customers, customerLabel),
	searchDiscounts: searchWhole(discounts, discountLabel),
	searchMemberships: searchPages(memberships, membershipLabel),
	searchOffers: searchWhole(offers, offerLabel),
	searchOrders: searchPages(orders, orderLabel),
	searchProducts: searchWhole(products, productLabel),
	// A subscription without a provider's id is offered with its own: the API may take it (contract H21).
	searchProviderMemberships: searchPages(
		memberships,
		membershipLabel,
		(record) => textOf(record.stripeSubscriptionId) ?? idOf(record),
	),
	searchRefunds: searchWhole(refunds, refundLabel),
	searchUpsells: searchWhole(upsells, upsellLabel),
	searchWebhooks: searchWhole(webhooks, webhookLabel),

	/** Products and subscription offers: a checkout session takes either's id (contract D). */
	async searchSellables(filter, paginationToken) {
		const [sold, offered] = await Promise.all([
			readList(this, products, undefined),
			readList(this, offers, undefined),
		]);
		const all = [
			...choicesIn(sold, productLabel, filter),
			...choicesIn(offered, offerLabel, filter),
		];
		return partOf(all, paginationToken);
	},
};

/** What fills the lists of which several can be chosen. */
export const loadOptions = {
	async getProducts(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
		const records = await readList(this, products, undefined);
		return choicesIn(records, productLabel)
			.map(({ name, value }) => ({ name, value }))
			.sort((a, b) => a.name.localeCompare(b.name));
	},
};
