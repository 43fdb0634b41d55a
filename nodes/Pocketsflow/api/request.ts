import type {
	IDataObject,
	IExecuteFunctions,
	IHookFunctions,
	ILoadOptionsFunctions,
	IPollFunctions,
	IWebhookFunctions,
} from 'n8n-workflow';

/** Whether a key works on test data or on real sales; its prefix alone decides (contract A). */
export type Mode = 'test' | 'live';

/** Every n8n context from which a request to Pocketsflow can be sent. */
export type PocketsflowContext =
	| IExecuteFunctions
	| IHookFunctions
	| ILoadOptionsFunctions
	| IPollFunctions
	| IWebhookFunctions;

export const credentialType = 'pocketsflowApi';

export type QueryValue = string | number | boolean;

/**
 * One call of the HTTP API. `path` begins with a slash and holds only encoded segments (see `path`);
 * undefined query and body values are not sent (contract, section B).
 */
export interface PocketsflowRequest {
	method: 'GET' | 'POST' | 'PUT' | 'DELETE';
	path: string;
	query?: Record<string, QueryValue | undefined>;
	body?: IDataObject;
}

/**
 * What sending a request twice would do. `read` and `change` may be repeated; `create` makes a second
 * thing, moves money again or is refused the second time, so it is never repeated once it may have been
 * processed.
 */
export type Effect = 'read' | 'change' | 'create';

/** Builds a request path from literal text and ids: path`/products/${id}`; every id is encoded. */
export function path(literals: TemplateStringsArray, ...ids: string[]): string {
	return literals.reduce(
		(text, literal, index) => text + encodeURIComponent(ids[index - 1]) + literal,
	);
}
