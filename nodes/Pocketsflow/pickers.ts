import type { IDataObject, ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { idOf } from './transport/answers';
import { readList } from './transport/pages';

const shownAtOnce = 100;

const isTest = ({ testMode }: IDataObject) => (testMode === true ? ' · test' : '');

function priceOf({ price, currency }: IDataObject): string {
	return price === undefined ? '' : ` · ${String(price)}${currency ? ` ${String(currency).toUpperCase()}` : ''}`;
}

/** Narrows a whole list to what the operator typed, in pages: the API itself does not search. */
function searched(
	records: IDataObject[],
	label: (record: IDataObject) => string,
	filter: string | undefined,
	paginationToken: string | undefined,
): INodeListSearchResult {
	const wanted = filter?.trim().toLowerCase();
	const all = records.flatMap((record) => {
		const value = idOf(record);
		const name = label(record);
		const isWanted = !wanted || name.toLowerCase().includes(wanted) || value === wanted;
		return value !== undefined && isWanted ? [{ name, value }] : [];
	});
	const from = Number(paginationToken ?? 0);
	const next = from + shownAtOnce;
	return {
		results: all.slice(from, next),
		...(next < all.length && { paginationToken: String(next) }),
	};
}

const productLabel = (record: IDataObject) =>
	`${String(record.name ?? 'Unnamed product')}${priceOf(record)}${isTest(record)}`;

async function products(context: ILoadOptionsFunctions): Promise<IDataObject[]> {
	return await readList(
		context,
		{ request: { method: 'GET', path: '/products' }, paging: 'none', keys: ['products'] },
		undefined,
	);
}

export const listSearch = {
	async searchProducts(
		this: ILoadOptionsFunctions,
		filter?: string,
		paginationToken?: string,
	): Promise<INodeListSearchResult> {
		return searched(await products(this), productLabel, filter, paginationToken);
	},

	/** Products and subscription offers: a checkout session takes either's id (contract D). */
	async searchSellables(
		this: ILoadOptionsFunctions,
		filter?: string,
		paginationToken?: string,
	): Promise<INodeListSearchResult> {
		const offers = await readList(
			this,
			{
				request: { method: 'GET', path: '/subscriptions' },
				paging: 'none',
				keys: ['subscriptions', 'offers'],
			},
			undefined,
		);
		return searched(
			[...(await products(this)), ...offers],
			(record) =>
				record.frequency
					? `${productLabel(record)} · ${String(record.frequency)} subscription`
					: productLabel(record),
			filter,
			paginationToken,
		);
	},
};
