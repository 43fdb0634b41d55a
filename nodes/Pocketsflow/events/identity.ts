import type { IDataObject } from 'n8n-workflow';

import { findEvent } from './catalogue';

/** One business event, as a delivery or a poll shows it. */
export interface BusinessEvent {
	/** The canonical name. */
	event: string;
	payload: IDataObject;
	testMode: boolean;
	/** Tells this time from other times of an event that can recur: when it was sent (ms), or a change id. */
	discriminator: number | string;
	/** A digest of the content, hex. Absent where the discriminator alone tells events apart. */
	digest?: string;
}

/** The id of the one thing to which this event happens only once; undefined where it can recur. */
function readUniqueId({ event, payload, testMode }: BusinessEvent): string | undefined {
	const definition = findEvent(event);
	const id = definition?.identity?.(payload);
	if (id === undefined) return undefined;
	return definition?.sameInBothModes && testMode ? `test:${id}` : id;
}

/**
 * Builds the id of a business event: the same however often and by whichever trigger it is seen, and
 * different for two different events. Pocketsflow sends no event id, and `webhookId` names the endpoint:
 * docs/pocketsflow-api.md#deliveries
 *
 * The id of a recurring event holds the discriminator, because a second identical renewal a month later
 * must not look like the first. It also holds the digest, because Pocketsflow's timestamp may count whole
 * seconds, and several events fit into one.
 */
export function buildEventId(businessEvent: BusinessEvent): string {
	const { event, payload, discriminator, digest } = businessEvent;
	const uniqueId = readUniqueId(businessEvent);
	if (uniqueId !== undefined) return `${event}:${uniqueId}`;
	const subject = findEvent(event)?.subject?.(payload);
	return [event, subject, discriminator, digest?.slice(0, 16)]
		.filter((part) => part !== undefined)
		.join(':');
}

/** What is compared to recognise a redelivery. */
export interface DeliveryFingerprint {
	/** The event and the thing it happened to. */
	key: string;
	/** A digest of the content; empty where the key alone identifies the event. */
	digest: string;
	/** As in `BusinessEvent`; empty where the key alone identifies the event. */
	discriminator: number | string;
}

/**
 * Builds the fingerprint of a delivery. A delivery repeats an earlier one if it is the same unique event,
 * whatever its content and time, or has the same content as the last delivery of that event for that thing.
 */
export function fingerprintDelivery(businessEvent: BusinessEvent): DeliveryFingerprint {
	const { event, payload, discriminator, digest = '' } = businessEvent;
	const uniqueId = readUniqueId(businessEvent);
	if (uniqueId !== undefined) return { key: `${event}:${uniqueId}`, digest: '', discriminator: '' };
	const subject = findEvent(event)?.subject?.(payload);
	return { key: `${event}:${subject ?? digest}`, digest, discriminator };
}
