import type { IDataObject } from 'n8n-workflow';

import { hasId, isRecord, readFlag, reportsFailure } from '../api/responses';

/** Keys that may hold the verdict. Everything else in a response is about other things. */
const wrappers = ['data', 'result', 'refund', 'discount'];

const failedStatus = /^(\w+[_ -])?(failed|failure|fail|error)$/i;

export const refusedStatuses = ['declined', 'rejected', 'denied', 'refused'];

export interface Denial {
	/** Keys that are `false` or 0 in such a response. */
	keys: readonly string[];
	/** Other values of `status` or `state` that say no. */
	statuses?: readonly string[];
	/** Whether a record says no in another way. */
	refuses?(record: IDataObject): boolean;
	message: string;
	description?: string;
}

export const requestDenial: Denial = {
	keys: [],
	message: 'Pocketsflow responded that the request failed',
};

export const deletionDenial: Denial = {
	keys: ['deleted', 'isDeleted', 'removed', 'deletedCount', 'n'],
	refuses: ({ code }) => typeof code === 'number' && code >= 400 && code < 600,
	message: 'Pocketsflow responded that it deleted nothing',
};

/** Whether a response, or what it wraps, also under `recordKeys`, says no despite a success status. */
export function isDenied(
	answer: unknown,
	denial: Denial,
	recordKeys: readonly string[] = [],
): boolean {
	if (!isRecord(answer)) return readFlag(answer) === false;
	const { keys, statuses = [], refuses } = denial;
	const isFailure = (status: unknown) =>
		typeof status === 'string' &&
		(failedStatus.test(status) || statuses.includes(status.toLowerCase()));
	const saysNo = (inner: unknown) =>
		(inner === false && !hasId(answer)) || (isRecord(inner) && isDenied(inner, denial, recordKeys));
	return (
		keys.some((key) => readFlag(answer[key]) === false) ||
		isFailure(answer.status) ||
		isFailure(answer.state) ||
		reportsFailure(answer) ||
		refuses?.(answer) === true ||
		[...wrappers, ...recordKeys].some((key) => saysNo(answer[key]))
	);
}
