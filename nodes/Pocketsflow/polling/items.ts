import { createHash } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import { readApiDate } from '../api/dates';
import { readId } from '../api/responses';
import { buildEventId, type BusinessEvent } from '../events/identity';
import { readTestMode } from '../events/mode';
import { buildRawOutput, buildSimplifiedOutput, type EventEnvelope } from '../events/output';
import type { PollContext } from './pollContext';
import { listSources } from './sources';

interface FoundEvent {
	event: string;
	record: IDataObject;
	payload: IDataObject;
	/** The record's date in ms, or a change ID. */
	discriminator: number | string;
	/** How often this happened to the thing, if it can recur. */
	occurrence?: number;
}

/** Builds an item from an event, in the format of the Pocketsflow Trigger. */
export function buildItem(
	{ settings: { simplify }, mode, nowMs }: PollContext,
	{ event, record, payload, discriminator, occurrence }: FoundEvent,
): IDataObject {
	const testMode = readTestMode(record) ?? mode === 'test';
	const businessEvent: BusinessEvent = {
		event,
		payload,
		testMode,
		// Records may share a date. A change ID is unique on its own.
		discriminator:
			typeof discriminator === 'number' ? `${discriminator}:${identify(record)}` : discriminator,
		account: readId({ id: record.userId }),
		occurrence,
	};
	const envelope: EventEnvelope = {
		event,
		eventId: buildEventId(businessEvent),
		testMode,
		...readSentAt(event, record),
		deliveredAt: new Date(nowMs).toISOString(),
		source: 'poll',
	};
	return simplify
		? buildSimplifiedOutput(envelope, payload)
		: { ...buildRawOutput(envelope, payload), record };
}

/** The whole ID, because IDs created within one second begin alike. */
const identify = (record: IDataObject): string =>
	readId(record) ?? createHash('sha256').update(JSON.stringify(record)).digest('hex');

/** The date of the record. Pocketsflow does not date changes. */
function readSentAt(event: string, { createdAt }: IDataObject): Pick<EventEnvelope, 'sentAt'> {
	const isRecordEvent = listSources.some((source) => source.event === event);
	const timeMs = isRecordEvent ? readApiDate(createdAt) : undefined;
	return timeMs === undefined ? {} : { sentAt: new Date(timeMs).toISOString() };
}
