import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { CORE_SCHEMA, load } from 'js-yaml';

/** A JSON Schema, as far as this code looks into one. */
export interface Schema {
	$ref?: string;
	type?: string | string[];
	format?: string;
	enum?: unknown[];
	minimum?: number;
	required?: string[];
	properties?: Record<string, Schema>;
	items?: Schema;
	anyOf?: Schema[];
	[keyword: string]: unknown;
}

interface Content {
	content?: Record<string, { schema?: Schema }>;
}

export interface Parameter {
	$ref?: string;
	name?: string;
	in?: string;
	required?: boolean;
	schema?: Schema;
}

export interface Operation {
	operationId?: string;
	parameters?: Parameter[];
	requestBody?: Content & { $ref?: string };
	responses?: Record<string, Content & { $ref?: string }>;
	[extension: `x-${string}`]: unknown;
}

export type PathItem = { parameters?: Parameter[] } & Partial<Record<Method, Operation>>;

export interface OpenApiDocument {
	openapi: string;
	paths: Record<string, PathItem>;
	components?: Record<string, Record<string, unknown>>;
	[field: string]: unknown;
}

export const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

type Method = (typeof methods)[number];

export function readDocument(file: string): OpenApiDocument {
	const document = load(readFileSync(file, 'utf8'), { schema: CORE_SCHEMA });
	if (typeof document === 'object' && document !== null && 'paths' in document) {
		return document as OpenApiDocument;
	}
	throw new Error(`${file} is no OpenAPI document: it has no paths.`);
}

/** The value that a reference within a document stands for, or the value itself if it is none. */
export function resolveRef<T extends { $ref?: string }>(document: OpenApiDocument, value: T): T {
	let found: T = value;
	while (found.$ref !== undefined) {
		const steps = found.$ref.split('/').slice(1);
		found = steps.reduce<unknown>(
			(inner, step) =>
				(inner as Record<string, unknown>)[step.replaceAll('~1', '/').replaceAll('~0', '~')],
			document,
		) as T;
	}
	return found;
}

/** What Pocketsflow's API takes and answers, as far as it is known. */
export const contractFile = join(__dirname, '..', 'openapi.yaml');

export const contract = readDocument(contractFile);
