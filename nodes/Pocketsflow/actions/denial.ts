import { isRecord, readFlag } from '../api/responses';

const failedStatus = /^(failed|failure|declined|rejected)$/i;

/** Keys that may hold the verdict. Everything else in a response is about other things. */
const wrappers = ['data', 'result', 'refund', 'discount'];

export interface Denial {
	/** Keys that are `false` in such a response. */
	keys: readonly string[];
	message: string;
	description?: string;
}

export const deletionDenial: Denial = {
	keys: ['deleted', 'isDeleted', 'removed'],
	message: 'Pocketsflow responded that it deleted nothing',
};

/** Whether a response, or what it wraps, says no despite a success status. */
export function isDenied(answer: unknown, keys: readonly string[]): boolean {
	if (!isRecord(answer)) return false;
	return (
		keys.some((key) => readFlag(answer[key]) === false) ||
		(typeof answer.status === 'string' && failedStatus.test(answer.status)) ||
		wrappers.some((key) => isDenied(answer[key], keys))
	);
}
