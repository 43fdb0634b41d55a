import type { Mode } from '../transport/errors';

/** A signing secret, the mode of the API key that it belongs to, and the endpoint that it is for. */
export interface KnownSecret {
	secret: string;
	mode: Mode;
	url: string;
}

/** A map of the latest entries: this memory lives as long as the process. */
class Recent<V> {
	private readonly entries = new Map<string, V>();

	constructor(private readonly capacity: number) {}

	get(key: string): V | undefined {
		return this.entries.get(key);
	}

	set(key: string, value: V): void {
		this.entries.delete(key);
		this.entries.set(key, value);
		if (this.entries.size > this.capacity)
			this.entries.delete(this.entries.keys().next().value as string);
	}

	deleteWhere(matches: (value: V) => boolean): void {
		for (const [key, value] of this.entries) if (matches(value)) this.entries.delete(key);
	}
}

/** Secrets by node, keyed by `endpointKey`. Empty after a restart. */
export const remembered = new Recent<KnownSecret>(1000);

/** Secrets by the sealed text that they were read from, so that it is opened once. */
export const opened = new Recent<KnownSecret>(1000);

/**
 * Secrets of existing endpoints by node and credential: the last one read and when its reading began, and
 * the one being read since `begun` (ms).
 */
export const credentials = new Recent<{
	begun: number;
	readAt: number;
	last: KnownSecret | undefined;
	current: Promise<KnownSecret | undefined>;
}>(1000);

/** Attempts at recovery by node: when the last one began and what it found or will find. */
export const recoveries = new Recent<{ begun: number; found: Promise<KnownSecret | undefined> }>(
	1000,
);

/** Forgets what is known for an endpoint that was removed. */
export function forgetEndpoint(url: string): void {
	remembered.deleteWhere((known) => known.url === url);
	opened.deleteWhere((known) => known.url === url);
}

/**
 * The key of a node's endpoint. By webhookId and not by name: after a rename n8n may hand over another
 * node's static data, or none. A node that is listening for a test has another endpoint meanwhile.
 */
export function endpointKey(node: { webhookId?: string; id: string }, isTest: boolean): string {
	return `${isTest ? 'test' : 'production'}:${node.webhookId ?? node.id}`;
}
