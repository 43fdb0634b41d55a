import type { Database } from './database/database';
import type { CheckoutSession, Mode } from './database/entities';
import type { Switches } from './switches';
import type { Deliveries } from './webhooks/deliveries';

/** Everything that one sandbox holds; every part of the sandbox gets it. */
export interface SandboxContext {
	readonly switches: Switches;
	readonly databases: Record<Mode, Database>;
	readonly sessions: Map<string, CheckoutSession>;
	readonly deliveries: Deliveries;
	readonly storeName: string;
	/** Share of the price that is added as tax, e.g. 0.08. */
	readonly taxRate: number;
	/** Address at which buyers reach the checkout page; empty until the server listens. */
	publicUrl: string;
}
