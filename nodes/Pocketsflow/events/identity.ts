import type { IDataObject } from 'n8n-workflow';

import { eventNamed } from './catalogue';

/** What is known of an occurrence beside its payload. */
export interface Occurrence {
	event: string;
	payload: IDataObject;
	testMode: boolean;
	/** When it was sent, ms, or another mark of this one time; tells recurring events on a thing apart. */
	moment: number | string;
	/** A digest of the content, which tells occurrences of one moment apart; absent where the moment does. */
	digest?: string;
}

/** The id of the one thing that this event happens to only once, or undefined where it can recur. */
function onceOnly({ event, payload, testMode }: Occurrence): string | undefined {
	const definition = eventNamed(event);
	const id = definition?.identity(payload);
	if (id === undefined) return undefined;
	return definition?.sameInBothModes && testMode ? `test:${id}` : id;
}

/**
 * The id of a business event: the same however often and by whichever trigger it is seen, and never the
 * same for two different events (contract C3: Pocketsflow itself sends no event id, and `webhookId` is
 * the endpoint). Events that recur on one thing carry the moment: a second identical renewal a month
 * later must not look like the first. And the content: Pocketsflow's timestamp may count seconds
 * (contract H9), in which much can happen.
 */
export function eventIdOf(occurrence: Occurrence): string {
	const { event, payload, moment, digest } = occurrence;
	const once = onceOnly(occurrence);
	if (once !== undefined) return `${event}:${once}`;
	const subject = eventNamed(event)?.subject(payload);
	return [event, subject, moment, digest?.slice(0, 16)]
		.filter((part) => part !== undefined)
		.join(':');
}

/** What a delivery is about, what it says of it, and when: what tells repetitions. */
export interface Repeatable {
	key: string;
	content: string;
	moment: number | string;
}

/**
 * What a delivery repeats: the same once-only event whatever it says and when, or the same content as the
 * last delivery of that event for that thing.
 */
export function repetitionOf(occurrence: Occurrence): Repeatable {
	const { event, payload, moment, digest = '' } = occurrence;
	const once = onceOnly(occurrence);
	if (once !== undefined) return { key: `${event}:${once}`, content: '', moment: '' };
	const subject = eventNamed(event)?.subject(payload);
	return { key: `${event}:${subject ?? digest}`, content: digest, moment };
}
