import { AjvCompiler } from '@fastify/ajv-compiler';
import type { JsonSchemaToTsProvider } from '@fastify/type-provider-json-schema-to-ts';
import type { FastifySchemaCompiler } from 'fastify';

import { badRequest } from '../http/errors';
import { isWebUrl, parseDateMs } from '../http/input';
import { contract, resolveRef, type Schema } from './document';

/** The type of what a JSON Schema, written `as const`, accepts. */
export type TypeOf<S> = (JsonSchemaToTsProvider & { schema: S })['validator'];

/** What a value breaks first. */
interface Violation {
	keyword: string;
	instancePath: string;
	params: Record<string, unknown>;
}

type Validate = ((data: unknown) => unknown) & { errors?: Violation[] | null };
type Compile = (route: { schema: Schema; httpPart?: string }) => Validate;

/** Formats of the contract: what they accept, and how an error calls them. */
const formats: Record<string, { accept(text: string): boolean; expected: string }> = {
	'date-time': { accept: (text) => parseDateMs(text) !== undefined, expected: 'an ISO 8601 date' },
	date: {
		accept: (text) => text.length === 10 && parseDateMs(text) !== undefined,
		expected: 'a date such as 2026-03-01',
	},
	uri: { accept: isWebUrl, expected: 'an absolute http(s) URL' },
	email: { accept: (text) => /^[^\s@]+@[^\s@]+$/.test(text), expected: 'an email address' },
	currency: {
		accept: (text) => /^[a-z]{3}$/i.test(text),
		expected: 'a three-letter currency code',
	},
};

/** With this name it takes the place of fastify's own formats, which know other dates and URLs. */
function formatsPlugin<T extends { addFormat(name: string, accept: (text: string) => boolean): T }>(
	ajv: T,
): T {
	for (const [name, { accept }] of Object.entries(formats)) ajv.addFormat(name, accept);
	return ajv;
}

const nouns: Record<string, string> = {
	string: 'a string',
	boolean: 'a boolean',
	object: 'an object',
};

function describe({ format = '', enum: values, type, minimum, items }: Schema): string {
	if (values) return `one of ${values.join(', ')}`;
	const least = minimum === undefined ? '' : ` of at least ${minimum}`;
	if (type === 'integer') return `a whole number${least}`;
	if (type === 'number') return `a number${least}`;
	if (Object.hasOwn(formats, format)) return formats[format].expected;
	return [type]
		.flat()
		.map((name = '') => nouns[name] ?? `a list of ${String(items?.type)}s`)
		.join(' or ');
}

/** What is wrong, in the words of the API. */
function explain(schema: Schema, { keyword, instancePath, params }: Violation): string {
	const [, name = String(params.missingProperty)] = instancePath.split('/');
	if (keyword === 'required' || keyword === 'minLength') return `${name} is required`;
	if (keyword === 'minItems') return `${name} must not be empty`;
	const { properties = {} } = resolveRef(contract, schema);
	return `${name} must be ${describe(properties[name])}`;
}

/**
 * Makes functions that check values against schemas of the contract: fastify's own compiler, with
 * other options of Ajv.
 */
export function createCompiler(ajvOptions: Record<string, unknown>): Compile {
	return AjvCompiler()(
		{ contract: { $id: 'contract', ...contract } },
		{ customOptions: { strict: false, ...ajvOptions }, plugins: [formatsPlugin] },
	) as Compile;
}

/**
 * Compiles what fastify checks requests with: text in a query may be a number, fields that are not in
 * the contract are left out, and a wrong or missing one is a 400.
 */
export function createValidatorCompiler(): FastifySchemaCompiler<Schema> {
	const compilers = {
		body: createCompiler({ coerceTypes: false, removeAdditional: 'all' }),
		querystring: createCompiler({ removeAdditional: 'all' }),
	};
	return (route) => {
		const compile = compilers[route.httpPart === 'body' ? 'body' : 'querystring'];
		let validate: Validate | undefined;
		return (data: unknown) => {
			// Compiled when it is first needed: a test has many schemas and uses few.
			validate ??= compile(route);
			if (validate(data)) return true;
			return { error: badRequest(explain(route.schema, validate.errors![0])) };
		};
	};
}
