import type { IDataObject } from 'n8n-workflow';

export type Query = Record<string, string | number | boolean | undefined>;

/** One call of the HTTP API. Undefined query and body values are not sent. */
export interface PocketsflowRequest {
	method: 'GET' | 'POST' | 'PUT' | 'DELETE';
	/** Begins with a slash; the function `path` encodes its IDs. */
	path: string;
	query?: Query;
	body?: IDataObject;
	/** What to do if Pocketsflow responds with 404, as a sentence without a period; never sent. */
	ifNotFound?: string;
}

/**
 * What happens if a request is sent twice. Only `create` does harm: it creates a second record,
 * moves money again, or is rejected. It is not repeated once it may have been processed.
 */
export type Effect = 'read' | 'change' | 'create';

/** Builds a request path from literal text and IDs: path`/products/${id}`; every ID is encoded. */
export function path(literals: TemplateStringsArray, ...ids: string[]): string {
	return literals.reduce(
		(text, literal, index) => text + encodeURIComponent(ids[index - 1]) + literal,
	);
}
