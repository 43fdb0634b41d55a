import type { IDataObject } from 'n8n-workflow';

import { findEvent } from './catalogue';

/** One business event, as a delivery or a poll shows it. */
export interface BusinessEvent {
	event: string;
	payload: IDataObject;
	testMode: boolean;
	/** Tells occurrences apart: a time of sending (ms), a record's date and ID, or a change ID. */
	discriminator: number | string;
	/** A digest of the content, in hex. Absent if the discriminator alone distinguishes events. */
	digest?: string;
	/** How often it happened to the same thing. Default: once. */
	occurrence?: number;
	/** The `userId` of the account; undefined if unknown. */
	account?: string;
}

/** The ID of the one thing to which this event happens only once; undefined if it can recur. */
function readUniqueId({ event, payload, testMode, account }: BusinessEvent): string | undefined {
	const definition = findEvent(event);
	const id = definition?.identity?.(payload);
	if (id === undefined || !definition?.isShared) return id;
	if (account === undefined) return undefined;
	return [testMode ? 'test' : undefined, account, id].filter(Boolean).join(':');
}

/** What identifies the subject of a recurring event. If nothing else does, the account. */
function readSubject({ event, payload, account }: BusinessEvent): string | undefined {
	return findSubjectReader(event)?.(payload) ?? account;
}

function findSubjectReader(event: string) {
	const { subject, identity } = findEvent(event) ?? {};
	return subject ?? identity;
}

/** Whether the ID of such an event may need the account: its own IDs are shared, or missing. */
export const dependsOnAccount = (event: string): boolean =>
	findSubjectReader(event) === undefined || findEvent(event)?.isShared === true;

/**
 * Builds the ID of a business event, because Pocketsflow sends none (docs/pocketsflow-api.md#deliveries):
 * the same for either trigger that sees it, and different for two events.
 *
 * The ID of a recurring event includes the discriminator, because a second identical renewal a month later
 * must not look like the first, and the digest, because several events fit into one second. For events
 * that rarely happen again, such as the end of a subscription that returned, it includes the number of the
 * occurrence from the second time on.
 */
export function buildEventId(businessEvent: BusinessEvent): string {
	const { event, discriminator, digest, occurrence = 1 } = businessEvent;
	const uniqueId = readUniqueId(businessEvent);
	const parts =
		uniqueId === undefined
			? [readSubject(businessEvent), discriminator, digest?.slice(0, 16)]
			: [uniqueId, occurrence > 1 ? occurrence : undefined];
	return [event, ...parts].filter((part) => part !== undefined).join(':');
}

/**
 * Builds what a redelivery shares with the delivery that it repeats, within one account: the ID of
 * a thing to which the event happens only once, or else the whole content and the discriminator.
 */
export function buildRepetitionKey(businessEvent: BusinessEvent): string {
	const { event, discriminator, digest = '' } = businessEvent;
	const uniqueId = readUniqueId({ ...businessEvent, account: businessEvent.account ?? '' });
	if (uniqueId !== undefined) return `${event}:${uniqueId}`;
	return [event, readSubject(businessEvent), discriminator, digest].join(':');
}
