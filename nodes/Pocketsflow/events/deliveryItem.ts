import { randomUUID } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import type { Delivery } from './delivery';
import { buildEventId, type BusinessEvent } from './identity';
import { buildRawOutput, buildSimplifiedOutput, type EventEnvelope } from './output';

/** What a delivery does not say of itself. */
export interface DeliveryOrigin {
	/** Whether the credential's key is one of test mode. */
	isTestKey: boolean;
	/** The user whose account it happened in; undefined where not known. */
	account: string | undefined;
}

/** The business event that a verified delivery reports. */
export const toBusinessEvent = (
	delivery: Delivery,
	{ isTestKey, account }: DeliveryOrigin,
): BusinessEvent => ({
	...delivery,
	testMode: delivery.testMode ?? isTestKey,
	account,
	// Without its own time nothing tells it from others: to repeat it is better than to lose one.
	discriminator: delivery.sentAtMs ?? randomUUID(),
});

/**
 * Builds the item of a verified delivery.
 * @param simplify emits the known parts of the payload instead of all of it
 * @param nowMs when this n8n received it
 */
export function buildDeliveryItem(
	businessEvent: BusinessEvent,
	{ sentAtMs }: Delivery,
	{ simplify, nowMs }: { simplify: boolean; nowMs: number },
): IDataObject {
	const { event, testMode, payload } = businessEvent;
	const envelope: EventEnvelope = {
		event,
		eventId: buildEventId(businessEvent),
		testMode,
		...(sentAtMs !== undefined && { sentAt: new Date(sentAtMs).toISOString() }),
		deliveredAt: new Date(nowMs).toISOString(),
	};
	return (simplify ? buildSimplifiedOutput : buildRawOutput)(envelope, payload);
}
