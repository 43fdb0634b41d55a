import type { MembershipsState } from './changes';
import type { CursorState } from './cursor';

/** Everything that polls store. */
export interface PollState {
	/**
	 * How many polls of each n8n process led to this state, by process, oldest process first. A state is
	 * newer than another only if it has all polls of that one and more.
	 */
	polls: Record<string, number>;
	/** The start date it began with, as it stands in the node. */
	startDate?: string;
	/** Whether changes of memberships get the odd item of a batch next time that not all fit. */
	favoursChanges?: boolean;
	/** By event. */
	lists: Record<string, CursorState>;
	/** Only while an event is chosen that is found by comparing memberships. */
	memberships?: MembershipsState;
}

/** The processes of which a state tells. */
const processLimit = 10;

/** Counts one more poll of a process. */
export function countPoll(
	polls: Record<string, number>,
	processId: string,
): Record<string, number> {
	const others = Object.entries(polls).filter(([id]) => id !== processId);
	const count = (polls[processId] ?? 0) + 1;
	return Object.fromEntries([...others.slice(1 - processLimit), [processId, count]]);
}

/** Whether a state has all polls of another: then that one is the same or an older copy. */
export const includesPolls = (state: PollState, other: PollState) =>
	Object.entries(other.polls).every(([processId, count]) => (state.polls[processId] ?? 0) >= count);
