import type { MembershipsState } from './changes';
import type { CursorState } from './cursor';

/** Everything that polls store. */
export interface PollState {
	version: 1;
	/** Counts the polls that left a state, so that an older copy is told from a newer one. */
	revision: number;
	/** The start date it began with, as it stands in the node. */
	startDate?: string;
	/** By event. */
	lists: Record<string, CursorState>;
	/** Only while an event is chosen that is found by comparing memberships. */
	memberships?: MembershipsState;
}
