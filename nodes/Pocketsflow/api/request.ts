import type { IDataObject } from 'n8n-workflow';

/** Query parameters; undefined ones are not sent. */
export type Query = Record<string, string | number | boolean | undefined>;

/**
 * One call of the HTTP API. `path` begins with a slash and holds only encoded segments (see `path`).
 * Undefined query and body values are not sent.
 */
export interface PocketsflowRequest {
	method: 'GET' | 'POST' | 'PUT' | 'DELETE';
	path: string;
	query?: Query;
	body?: IDataObject;
	/** What to do if Pocketsflow responds with 404, as a sentence without a period; never sent. */
	ifNotFound?: string;
}

/**
 * What happens if a request is sent twice. `read` and `change` do no harm and may be repeated. `create`
 * creates a second record, moves money again, or is rejected the second time: it is not repeated once it
 * may have been processed.
 */
export type Effect = 'read' | 'change' | 'create';

/** Builds a request path from literal text and IDs: path`/products/${id}`; every ID is encoded. */
export function path(literals: TemplateStringsArray, ...ids: string[]): string {
	return literals.reduce(
		(text, literal, index) => text + encodeURIComponent(ids[index - 1]) + literal,
	);
}
