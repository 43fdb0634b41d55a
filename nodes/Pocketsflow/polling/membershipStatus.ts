/** What the status of a membership says: docs/pocketsflow-api.md#subscriptions */
import type { IDataObject } from 'n8n-workflow';

const endedStatuses = new Set(['canceled', 'cancelled', 'expired', 'ended', 'incomplete_expired']);

/** In lower case, with one spelling for spaces and hyphens. */
export const readStatus = ({ status }: IDataObject) =>
	String(status).trim().toLowerCase().replace(/[\s-]/g, '_');

/** Whether the first payment of a membership, as the API returns it, is still to come. */
export const isIncomplete = (record: IDataObject) => readStatus(record) === 'incomplete';

/** Whether a membership is, or was, a subscription: its first payment was made, or it is on trial. */
export const hasBegun = (record: IDataObject) =>
	!isIncomplete(record) && readStatus(record) !== 'incomplete_expired';

/** Whether a membership is over, though it may return. */
export const hasEnded = (record: IDataObject) => endedStatuses.has(readStatus(record));

/** Whether the status may also be that of a membership whose first payment never came. */
export const mayNeverHaveBegun = (record: IDataObject) =>
	['expired', 'incomplete_expired'].includes(readStatus(record));

export const isPaused = (record: IDataObject) =>
	readStatus(record) === 'paused' || record.paused === true;

/** Whether a customer's ID is the payment provider's, of which Pocketsflow cannot be asked. */
export const isForeignId = (id: unknown) => typeof id === 'string' && id.startsWith('cus_');
