/**
 * What the records of a list say about its filters: Pocketsflow may ignore a filter. Only what a record
 * shows counts, and one that does not have the field fits.
 */
import type { IDataObject } from 'n8n-workflow';

import type { ListFilters } from '../api/lists';
import { readFlag } from '../api/responses';
import { formatText, getBuyerEmail } from '../fields/pickers';

/** Whether a record may be one that a filter asks for. By the API name of the filter. */
export type FilterChecks = Readonly<
	Record<string, (record: IDataObject, wanted: string) => boolean>
>;

const normalize = (text: string) => text.trim().toLowerCase();

const hasSame =
	(read: (record: IDataObject) => string | undefined) => (record: IDataObject, wanted: string) => {
		const value = read(record);
		return value === undefined || normalize(value) === normalize(wanted);
	};

export const emailCheck: FilterChecks = { email: hasSame(getBuyerEmail) };

export const productCheck: FilterChecks = {
	productId: hasSame(({ productId }) => formatText(productId)),
};

export const paymentTypeCheck: FilterChecks = {
	type: ({ isSubscription }, wanted) =>
		wanted !== 'subscription' || readFlag(isSubscription) !== false,
};

const canceled = /^cancell?ed$/;

/** Only the pairs that exclude each other: a paused one may have the status active, for example. */
export const membershipStatusCheck: FilterChecks = {
	status(record, wanted) {
		const status = normalize(formatText(record.status) ?? '');
		if (wanted !== 'canceled') return !canceled.test(status);
		return status !== 'active' || readFlag(record.cancelAtPeriodEnd) === true;
	},
};

/** Whether a record contradicts none of the filters that are set; undefined if none can be checked. */
export function buildFilterCheck(
	checks: FilterChecks = {},
	filters: ListFilters = {},
): ((record: IDataObject) => boolean) | undefined {
	const set = Object.entries(checks).flatMap(([name, fits]) => {
		const wanted = filters[name];
		return typeof wanted === 'string' ? [{ fits, wanted }] : [];
	});
	if (set.length === 0) return undefined;
	return (record) => set.every(({ fits, wanted }) => fits(record, wanted));
}
