import { randomUUID } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import type { Delivery } from './delivery';
import { buildEventId, type BusinessEvent } from './identity';
import { buildRawOutput, buildSimplifiedOutput, type EventEnvelope } from './output';

/** What a delivery does not say about itself; the account is undefined if it is unknown. */
export interface DeliveryOrigin {
	isTestKey: boolean;
	account: string | undefined;
}

export const toBusinessEvent = (
	delivery: Delivery,
	{ isTestKey, account }: DeliveryOrigin,
): BusinessEvent => ({
	...delivery,
	testMode: delivery.testMode ?? isTestKey,
	account,
	// Without its own time, nothing distinguishes it from others. Repeating it is better than losing one.
	discriminator: delivery.sentAtMs ?? randomUUID(),
});

/** Builds the item of a verified delivery that this n8n instance received at `nowMs`. */
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
