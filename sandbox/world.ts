import type { Deliveries } from './deliveries';
import { type Mode, ModeState, type Session } from './state';
import type { Switches } from './switches';

/** Everything that one sandbox holds; handed to every part of it. */
export interface World {
	readonly switches: Switches;
	readonly modes: Record<Mode, ModeState>;
	readonly sessions: Map<string, Session>;
	readonly deliveries: Deliveries;
	readonly storeName: string;
	readonly taxRate: number;
	/** Address that buyers reach the checkout page at; known once the server listens. */
	url: string;
}

/** Data of both modes, empty. */
export function emptyModes(storeName: string): Record<Mode, ModeState> {
	return { test: new ModeState('test', storeName), live: new ModeState('live', storeName) };
}

/** Rounds to cents. */
export const cents = (amount: number) => Math.round(amount * 100) / 100;
