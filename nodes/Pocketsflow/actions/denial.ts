import { isRecord } from '../api/responses';

const failedStatus = /^(failed|failure|declined|rejected)$/i;

/** Keys that may hold the verdict. Everything else in a response is about other things. */
const wrappers = ['data', 'result', 'refund', 'discount'];

/** How a response says no, and what n8n then shows. */
export interface Denial {
	/** Keys that are `false` in such a response. */
	keys: readonly string[];
	message: string;
	/** What to do. Default: check the Pocketsflow dashboard. */
	description?: string;
}

/** For a deletion. */
export const deletionDenial: Denial = {
	keys: ['deleted', 'isDeleted', 'removed'],
	message: 'Pocketsflow responded that it deleted nothing',
};

/**
 * Whether a response, or what it wraps, says no despite a success status: it has `false` under one of the
 * keys, or a status that means failure.
 */
export function isDenied(answer: unknown, keys: readonly string[]): boolean {
	if (!isRecord(answer)) return false;
	return (
		keys.some((key) => answer[key] === false) ||
		(typeof answer.status === 'string' && failedStatus.test(answer.status)) ||
		wrappers.some((key) => isDenied(answer[key], keys))
	);
}
