import { isRecord } from '../api/responses';

const failedStatus = /^(failed|failure|declined|rejected)$/i;

/** Where the verdict may stand; what else an answer holds is about other things. */
const wrappers = ['data', 'result', 'refund', 'discount'];

/** How an answer says no, and what n8n then shows. */
export interface Denial {
	/** Keys that have `false` then. */
	keys: readonly string[];
	message: string;
	/** What to do; to check in the dashboard unless given. */
	description?: string;
}

/** Of a deletion. */
export const deletionDenial: Denial = {
	keys: ['deleted', 'isDeleted', 'removed'],
	message: 'Pocketsflow responded that it deleted nothing',
};

/**
 * Whether an answer, or what it wraps, says no although its status is one of success: it has `false` under
 * one of the keys, or a status that means that it failed.
 */
export function isDenied(answer: unknown, keys: readonly string[]): boolean {
	if (!isRecord(answer)) return false;
	return (
		keys.some((key) => answer[key] === false) ||
		(typeof answer.status === 'string' && failedStatus.test(answer.status)) ||
		wrappers.some((key) => isDenied(answer[key], keys))
	);
}
