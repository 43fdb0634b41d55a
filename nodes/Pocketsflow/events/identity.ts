import type { IDataObject } from 'n8n-workflow';

import { findEvent } from './catalogue';

/** One business event, as a delivery or a poll shows it. */
export interface BusinessEvent {
	/** The canonical name. */
	event: string;
	payload: IDataObject;
	testMode: boolean;
	/**
	 * Tells this time from other times of an event that can recur: when it was sent (ms), the date and
	 * the ID of a record, or the ID of a change.
	 */
	discriminator: number | string;
	/** A digest of the content, hex. Absent where the discriminator alone tells events apart. */
	digest?: string;
	/** How often it happened to the same thing, if that is known; the first time unless given. */
	occurrence?: number;
	/** The user whose account it happened in (`userId` of the API); undefined where not known. */
	account?: string;
}

/** The ID of the one thing to which this event happens only once; undefined where it can recur. */
function readUniqueId({ event, payload, testMode, account }: BusinessEvent): string | undefined {
	const definition = findEvent(event);
	const id = definition?.identity?.(payload);
	if (id === undefined || !definition?.isShared) return id;
	if (account === undefined) return undefined;
	return [testMode ? 'test' : undefined, account, id].filter(Boolean).join(':');
}

/** What identifies the thing of a recurring event; the account where nothing else does. */
function readSubject({ event, payload, account }: BusinessEvent): string | undefined {
	return findEvent(event)?.subject?.(payload) ?? account;
}

/**
 * Whether an event of this name may need the account in its ID: its IDs are shared between accounts,
 * or it may name no thing at all.
 */
export function dependsOnAccount(event: string): boolean {
	const definition = findEvent(event);
	return definition?.subject === undefined || definition.isShared === true;
}

/**
 * Builds the ID of a business event: the same however often and by whichever trigger it is seen, and
 * different for two different events. Pocketsflow sends no event ID, and `webhookId` names the endpoint:
 * docs/pocketsflow-api.md#deliveries
 *
 * The ID of a recurring event holds the discriminator, because a second identical renewal a month later
 * must not look like the first. One that happens once to most things, and again to some, such as the end of
 * a subscription that returned, has the number of the occurrence from the second one on. It also holds the digest, because Pocketsflow's timestamp may count whole
 * seconds, and several events fit into one.
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
 * Builds what a redelivery has in common with the delivery that it repeats, within one account: all of
 * an event that happens only once, whatever its content and time. Of one that can recur only a copy with
 * the same content and the same discriminator is a repetition.
 */
export function buildRepetitionKey(businessEvent: BusinessEvent): string {
	const { event, discriminator, digest = '' } = businessEvent;
	const uniqueId = readUniqueId({ ...businessEvent, account: businessEvent.account ?? '' });
	if (uniqueId !== undefined) return `${event}:${uniqueId}`;
	return [event, readSubject(businessEvent), discriminator, digest].join(':');
}
