import type { Execution } from '../test/harness/n8n/client';

interface Sale {
	metadata?: { order_id?: string };
	customer?: { email?: string };
	amount?: number;
	eventId?: string;
}

/** Orders of the samples with which a workflow can be tried: never sold, or only to try it. */
const isSample = (orderId: string) => orderId.startsWith('SAMPLE-');

/** The paid order that an execution of the quick start brought; undefined if it brought none. */
export function readPaidOrder(execution: Pick<Execution, 'items'>) {
	const [event] = execution.items('Pocketsflow Trigger') as Sale[];
	const orderId = event?.metadata?.order_id;
	if (!orderId || isSample(orderId)) return undefined;
	const { customer, amount, eventId } = event;
	return { orderId, customerEmail: customer?.email, amount, eventId };
}

/** Started by a buyer or Pocketsflow, not by the button that tries a workflow, and paid or failed. */
export const isUnreported = (execution: Pick<Execution, 'items' | 'mode' | 'status'>): boolean =>
	execution.mode === 'webhook' &&
	(execution.status !== 'success' || readPaidOrder(execution) !== undefined);
