import type { IDataObject } from 'n8n-workflow';

import { findEvent } from './catalogue';

/** One business event, as a delivery or a poll shows it. */
export interface BusinessEvent {
	event: string;
	payload: IDataObject;
	testMode: boolean;
	/**
	 * Distinguishes this occurrence from others of a recurring event: when it was sent (ms), the date and the
	 * ID of a record, or the ID of a change.
	 */
	discriminator: number | string;
	/** A digest of the content, in hex. Absent if the discriminator alone distinguishes events. */
	digest?: string;
	/** How often it happened to the same thing, if known. Default: the first time. */
	occurrence?: number;
	/** The user in whose account it happened (`userId` of the API); undefined if unknown. */
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
	return findEvent(event)?.subject?.(payload) ?? account;
}

/**
 * Whether the ID of such an event may need the account: accounts share its IDs, or it may not name
 * anything.
 */
export function dependsOnAccount(event: string): boolean {
	const definition = findEvent(event);
	return definition?.subject === undefined || definition.isShared === true;
}

/**
 * Builds the ID of a business event: the same for every time and for either trigger that sees it, and
 * different for two different events. Pocketsflow sends no event ID, and `webhookId` identifies the
 * endpoint: docs/pocketsflow-api.md#deliveries
 *
 * The ID of a recurring event includes the discriminator, because a second identical renewal a month later
 * must not look like the first. It also includes the digest, because Pocketsflow's timestamp may count
 * whole seconds, and several events fit into one. Some events happen once to most things and again to some,
 * such as the end of a subscription that returned. From the second time on, their IDs include the number of
 * the occurrence.
 */
export function buildEventId(businessEvent: BusinessEvent): string {
	const { event, discriminator, digest, occurrence = 1 } = businessEvent;
	const uniqueId = readUniqueId(businessEvent);
	if (uniqueId !== undefined)
		return [event, uniqueId, ...(occurrence > 1 ? [occurrence] : [])].join(':');
	return [event, readSubject(businessEvent), discriminator, digest?.slice(0, 16)]
		.filter((part) => part !== undefined)
		.join(':');
}

/**
 * Builds what a redelivery shares with the delivery that it repeats, within one account. For an event that
 * happens only once, every delivery is a repetition, whatever its content and time. For an event that can
 * recur, only a copy with the same content and the same discriminator is.
 */
export function buildRepetitionKey(businessEvent: BusinessEvent): string {
	const { event, discriminator, digest = '' } = businessEvent;
	const uniqueId = readUniqueId({ ...businessEvent, account: businessEvent.account ?? '' });
	if (uniqueId !== undefined) return `${event}:${uniqueId}`;
	return [event, readSubject(businessEvent), discriminator, digest].join(':');
}
