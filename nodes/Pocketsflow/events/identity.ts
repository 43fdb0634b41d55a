import type { IDataObject } from 'n8n-workflow';

import { eventNamed } from './catalogue';

/** What is known of an occurrence beside its payload. */
export interface Occurrence {
	event: string;
	payload: IDataObject;
	testMode: boolean;
	/** When it was sent, ms, or another mark of this one time; tells recurring events on a thing apart. */
	moment: number | string;
	/** Distinguishes occurrences without any id, such as a digest of the delivery. */
	digest: string;
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
 * later must not look like the first.
 */
export function eventIdOf(occurrence: Occurrence): string {
	const { event, payload, moment, digest } = occurrence;
	const once = onceOnly(occurrence);
	if (once !== undefined) return `${event}:${once}`;
	const subject = eventNamed(event)?.subject(payload) ?? digest.slice(0, 16);
	return `${event}:${subject}:${moment}`;
}

/**
 * Under which key, and with which content, a delivery repeats an earlier one: same once-only event, or
 * same bytes as the last delivery of that event for that thing. The unsigned timestamp plays no part, so
 * that a replay with another timestamp is recognised too.
 */
export function repetitionOf(occurrence: Occurrence): { key: string; content: string } {
	const { event, payload, digest } = occurrence;
	const once = onceOnly(occurrence);
	if (once !== undefined) return { key: `${event}:${once}`, content: '' };
	const subject = eventNamed(event)?.subject(payload);
	return { key: `${event}:${subject ?? digest}`, content: digest };
}
