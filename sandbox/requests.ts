import type { IncomingHttpHeaders } from 'node:http';

import type { EndpointName } from './endpoints';
import type { Mode } from './state';

/** One request that the API got, with what became of it. */
export interface RecordedRequest {
	readonly at: string;
	/** Name in the table of endpoints; absent for a path that is not in it. */
	readonly endpoint?: EndpointName;
	readonly method: string;
	readonly path: string;
	readonly query: Record<string, string>;
	/** Parsed JSON, or the raw text when it is none; absent without a body. */
	readonly body?: unknown;
	/** All headers; of a bearer key only the kind is left. */
	readonly headers: Record<string, string>;
	readonly mode?: Mode;
	/** Status of the answer; 0 when the connection was cut or nothing was answered. */
	status: number;
	ms: number;
}

const KEPT = 50_000;

/** The headers with no key in clear. */
export function withoutKey(headers: IncomingHttpHeaders): Record<string, string> {
	const entries = Object.entries(headers).map(([name, value]) => {
		const text = Array.isArray(value) ? value.join(', ') : (value ?? '');
		if (name !== 'authorization') return [name, text];
		return [name, text.replace(/^(\S+\s+)?(pk_(?:test|live)_)?.*$/, '$1$2…')];
	});
	return Object.fromEntries(entries) as Record<string, string>;
}

/** Remembers the requests; a long run keeps the newest. */
export class RequestLog {
	private readonly rows: RecordedRequest[] = [];

	get list(): readonly RecordedRequest[] {
		return this.rows;
	}

	add(request: RecordedRequest): RecordedRequest {
		this.rows.push(request);
		if (this.rows.length > KEPT * 1.1) this.rows.splice(0, this.rows.length - KEPT);
		return request;
	}

	clear(): void {
		this.rows.length = 0;
	}
}
