import type { Database } from './database/database';
import type { CheckoutSession, Mode } from './database/entities';
import type { Switches } from './switches';
import type { Deliveries } from './webhooks/deliveries';

/** What the store and the dashboard know of the n8n next to them. */
export interface ShopLinks {
	n8nUrl?: string;
	/** The address of a workflow that sells a product; without it the store makes its own sessions. */
	getBuyUrl?: (productName: string, orderNumber: string) => string | undefined;
	/** Undefined if the workflow whose trigger registered an endpoint is not known. */
	getWorkflowName?: (endpointUrl: string) => string | undefined;
}

export interface SandboxContext {
	readonly switches: Switches;
	readonly databases: Record<Mode, Database>;
	readonly sessions: Map<string, CheckoutSession>;
	readonly deliveries: Deliveries;
	readonly storeName: string;
	/** Share of the price that is added as tax, e.g. 0.08. */
	readonly taxRate: number;
	readonly keys: Record<Mode, string[]>;
	readonly links: ShopLinks;
	/** The number in the newest order number that the store gave. */
	lastOrderNumber: number;
	/** Address at which this machine reaches the sandbox; empty until the server listens. */
	url: string;
	/** Address at which buyers reach the checkout page; empty until the server listens. */
	publicUrl: string;
}
