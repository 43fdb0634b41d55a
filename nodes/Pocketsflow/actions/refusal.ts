import { isRecord } from '../api/responses';

/** What an answer says against the success that its status claims: what happened, and what to do. */
export interface Refusal {
	message: string;
	description: string;
}

const failedStatus = /^(failed|failure|declined|rejected)$/i;

/** Where the verdict may stand; what else an answer holds is about other things. */
const wrappers = ['data', 'result', 'refund', 'discount'];

/**
 * Whether an answer, or what it wraps, says no: it has `false` under one of the keys, or a status that
 * means that it failed.
 */
export function saysNo(answer: unknown, keys: readonly string[] = []): boolean {
	if (!isRecord(answer)) return false;
	return (
		keys.some((key) => answer[key] === false) ||
		(typeof answer.status === 'string' && failedStatus.test(answer.status)) ||
		wrappers.some((key) => saysNo(answer[key], keys))
	);
}

/** What the answer to a deletion says against it. */
export const findDeletionRefusal = (answer: unknown): Refusal | undefined =>
	saysNo(answer, ['deleted', 'isDeleted', 'removed'])
		? {
				message: 'Pocketsflow answered that it deleted nothing',
				description:
					'Check in the dashboard of Pocketsflow whether it still exists, then try again.',
			}
		: undefined;
