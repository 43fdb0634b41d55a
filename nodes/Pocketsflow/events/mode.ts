import type { IDataObject } from 'n8n-workflow';

import { isRecord, readFlag } from '../api/responses';

/**
 * Reads from a payload or a record whether it is test data: `testMode` in Pocketsflow, `livemode` in raw
 * data of the payment provider, at the top level or in its order (docs/pocketsflow-api.md#payloads).
 * @returns undefined if it does not say
 */
export function readTestMode(payload: IDataObject): boolean | undefined {
	const { testMode, livemode, order } = payload;
	const isTest = readFlag(testMode);
	if (isTest !== undefined) return isTest;
	const isLive = readFlag(livemode);
	if (isLive !== undefined) return !isLive;
	return isRecord(order) ? readTestMode({ ...order, order: undefined }) : undefined;
}
