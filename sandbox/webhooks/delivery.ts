import type { Mode } from '../database/entities';
import type { DeliveryFault } from '../switches';

export interface Delivery {
	readonly id: string;
	readonly event: string;
	readonly mode: Mode;
	readonly webhookId: string;
	readonly url: string;
	body: string;
	headers: Record<string, string>;
	readonly queuedAt: string;
	/** Time of the last attempt, ISO 8601. */
	sentAt?: string;
	/** HTTP status of the endpoint's response; absent when there was none. */
	status?: number;
	/** Time of the last attempt until its response or failure, in milliseconds. */
	ms?: number;
	error?: string;
	attempts: number;
	outcome: 'pending' | 'delivered' | 'failed' | 'dropped';
	fault?: DeliveryFault;
}

export type Signing = 'valid' | 'forged' | 'missing';

export interface DeliveryOverrides {
	signing?: Signing;
	/** Sent as it is, instead of the body made of the data. */
	body?: string;
	/** Set over the usual headers; an empty value removes a header. */
	headers?: Record<string, string>;
}
