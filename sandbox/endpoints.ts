import {
	contract,
	methods,
	type Operation,
	type PathItem,
	resolveRef,
	type Schema,
} from './contract/document';

import type { operations } from './contract/types';

export interface Endpoint {
	readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
	/** Its path, with `:id` in it. */
	readonly path: string;
	/** Whether the official SDK calls it; three endpoints are known from elsewhere only. */
	readonly inSdk: boolean;
	/** Absent if there are no parameters. */
	readonly query?: Schema;
	/** Absent if there is no body. */
	readonly body?: Schema;
}

/** The name of an endpoint: its `operationId`. */
export type EndpointName = keyof operations;

/** A schema with its references leading back to the contract. */
const locate = ({ $ref, ...schema }: Schema): Schema =>
	$ref === undefined ? schema : { $ref: `contract${$ref}` };

function buildQuery({ parameters: shared = [] }: PathItem, { parameters = [] }: Operation) {
	const fields = [...shared, ...parameters]
		.map((parameter) => resolveRef(contract, parameter))
		.filter((parameter) => parameter.in === 'query');
	if (fields.length === 0) return {};
	const properties = Object.fromEntries(fields.map(({ name = '', schema = {} }) => [name, schema]));
	return { query: { type: 'object', properties } };
}

const entries = Object.entries(contract.paths).flatMap(([path, item]) =>
	methods.flatMap((method) => {
		const operation = item[method];
		if (!operation) return [];
		const schema = operation.requestBody?.content?.['application/json']?.schema;
		const endpoint = {
			method: method.toUpperCase(),
			path: path.replace(/\{(\w+)\}/g, ':$1'),
			inSdk: operation['x-sdk'] !== undefined,
			...buildQuery(item, operation),
			...(schema && { body: locate(schema) }),
		};
		return [[operation.operationId, endpoint]];
	}),
);

/** All 44 endpoints by name: the routes are registered from this table and from nothing else. */
export const endpoints = Object.fromEntries(entries) as Record<EndpointName, Endpoint>;
