import type { IDataObject } from 'n8n-workflow';

import { readId } from '../api/responses';
import { buildEventId } from '../events/identity';
import { buildRawOutput, buildSimplifiedOutput, type EventEnvelope } from '../events/output';
import type { PollContext } from './pollContext';

/** One event that a poll found. */
interface FoundEvent {
	event: string;
	/** The record of the API. */
	record: IDataObject;
	/** The record in the form of the webhook's payload. */
	payload: IDataObject;
	/** The record's date in ms, or a change id. */
	discriminator: number | string;
}

/** Turns an event into an item, in the form of the webhook trigger's. */
export function buildItem(
	{ settings: { simplify }, mode, nowMs }: PollContext,
	{ event, record, payload, discriminator }: FoundEvent,
): IDataObject {
	const testMode = mode === 'test';
	// Records may share a date; a change id is unique by itself.
	const digest = typeof discriminator === 'number' ? readId(record) : undefined;
	const envelope: EventEnvelope = {
		event,
		eventId: buildEventId({ event, payload, testMode, discriminator, digest }),
		testMode,
		deliveredAt: new Date(nowMs).toISOString(),
		source: 'poll',
	};
	return simplify
		? buildSimplifiedOutput(envelope, payload)
		: { ...buildRawOutput(envelope, payload), record };
}
