import type { IncomingHttpHeaders } from 'node:http';

import type { Mode } from '../database/entities';
import type { EndpointName } from '../endpoints';

export interface RecordedRequest {
	readonly at: string;
	/** Name in the table of endpoints; absent for a path that is not in it. */
	readonly endpoint?: EndpointName;
	readonly method: string;
	readonly path: string;
	readonly query: Record<string, string>;
	/** Parsed JSON, or the raw text when it is none; absent without a body. */
	readonly body?: unknown;
	/** All headers; of a bearer key only its prefix is left. */
	readonly headers: Record<string, string>;
	readonly mode?: Mode;
	/** Status of the response; 0 when the connection was cut or nothing was sent. */
	status: number;
	ms: number;
}

/** Only the prefix of the API key stays: `Bearer pk_test_…`. */
export function redactKey(headers: IncomingHttpHeaders): Record<string, string> {
	const entries = Object.entries(headers).map(([name, value]) => {
		const text = Array.isArray(value) ? value.join(', ') : (value ?? '');
		if (name !== 'authorization') return [name, text];
		return [name, text.replace(/^(\S+\s+)?(pk_(?:test|live)_)?.*$/, '$1$2…')];
	});
	return Object.fromEntries(entries) as Record<string, string>;
}
