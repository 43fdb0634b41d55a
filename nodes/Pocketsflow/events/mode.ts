import type { IDataObject } from 'n8n-workflow';

import { isRecord, readFlag } from '../api/responses';

/**
 * Reads from a payload, a record, or the order in it whether it is test data; undefined if it is
 * not said. `livemode` comes from the payment provider (docs/pocketsflow-api.md#payloads).
 */
export function readTestMode(payload: IDataObject): boolean | undefined {
	const { testMode, livemode, order } = payload;
	const isLive = readFlag(livemode);
	const isTest = readFlag(testMode) ?? (isLive === undefined ? undefined : !isLive);
	if (isTest !== undefined) return isTest;
	return isRecord(order) ? readTestMode({ ...order, order: undefined }) : undefined;
}
