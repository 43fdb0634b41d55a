import { methods, type OpenApiDocument, type Operation, resolveRef, type Schema } from './document';

export interface Difference {
	/** `GET /orders/{}` */
	endpoint: string;
	/** `query.page`, `body.name`, `answer.orders[].createdAt`; empty for the endpoint itself. */
	field: string;
	/** What the first document says, such as `string, required`; absent if it says nothing. */
	ours?: string;
	theirs?: string;
}

type Fields = Map<string, string>;

function describeType({ type, enum: values }: Schema): string {
	if (values) return [...values].map(String).sort().join(' | ');
	return [type ?? 'any'].flat().sort().join(' | ');
}

/** Adds a schema and everything in it, by path; `within` holds the references that lead here. */
function addSchema(
	document: OpenApiDocument,
	fields: Fields,
	path: string,
	reference: Schema,
	isRequired = false,
	within: readonly string[] = [],
): void {
	const { $ref } = reference;
	if ($ref !== undefined && within.includes($ref)) return;
	const visited = $ref === undefined ? within : [...within, $ref];
	const schema = resolveRef(document, reference);
	const parts = ['allOf', 'anyOf', 'oneOf'].flatMap(
		(keyword) => (schema[keyword] ?? []) as Schema[],
	);
	for (const part of parts) addSchema(document, fields, path, part, isRequired, visited);
	if (schema.type !== undefined || parts.length === 0) {
		fields.set(path, `${describeType(schema)}${isRequired ? ', required' : ''}`);
	}
	if (schema.items) addSchema(document, fields, `${path}[]`, schema.items, false, visited);
	const isRequest = !path.startsWith('answer');
	for (const [name, property] of Object.entries(schema.properties ?? {})) {
		const isNeeded = isRequest && (schema.required ?? []).includes(name);
		addSchema(document, fields, `${path}.${name}`, property, isNeeded, visited);
	}
}

function listFields(document: OpenApiDocument, path: string, operation: Operation): Fields {
	const fields: Fields = new Map();
	const add = (at: string, content: { content?: Record<string, { schema?: Schema }> }) => {
		const schema = content.content?.['application/json']?.schema;
		if (schema) addSchema(document, fields, at, schema);
	};
	const shared = document.paths[path].parameters ?? [];
	for (const reference of [...shared, ...(operation.parameters ?? [])]) {
		const { in: place, name = '', schema = {}, required } = resolveRef(document, reference);
		if (place === 'query') addSchema(document, fields, `query.${name}`, schema, required);
	}
	if (operation.requestBody) add('body', resolveRef(document, operation.requestBody));
	for (const [status, response] of Object.entries(operation.responses ?? {})) {
		if (status.startsWith('2')) add('answer', resolveRef(document, response));
	}
	return fields;
}

function listEndpoints(document: OpenApiDocument): Map<string, Fields> {
	const endpoints = new Map<string, Fields>();
	for (const [path, item] of Object.entries(document.paths)) {
		for (const method of methods) {
			const operation = item[method];
			if (!operation) continue;
			// Documents name the same parameter differently.
			const name = `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, '{}').replace(/\/$/, '')}`;
			endpoints.set(name, listFields(document, path, operation));
		}
	}
	return endpoints;
}

export function compareDocuments(ours: OpenApiDocument, theirs: OpenApiDocument): Difference[] {
	const [left, right] = [listEndpoints(ours), listEndpoints(theirs)];
	return [...new Set([...left.keys(), ...right.keys()])].flatMap((endpoint): Difference[] => {
		const [one, other] = [left.get(endpoint), right.get(endpoint)];
		if (!one || !other) {
			return [{ endpoint, field: '', ...(one ? { ours: 'exists' } : { theirs: 'exists' }) }];
		}
		return [...new Set([...one.keys(), ...other.keys()])]
			.map((field) => ({ endpoint, field, ours: one.get(field), theirs: other.get(field) }))
			.filter((field) => field.ours !== field.theirs);
	});
}

/** Differences as text for a person, one a line below its endpoint. */
export function formatDifferences(differences: readonly Difference[]): string {
	const lines: string[] = [];
	let last = '';
	for (const { endpoint, field, ours, theirs } of differences) {
		if (endpoint !== last) lines.push('', endpoint);
		last = endpoint;
		const what = field || 'the endpoint';
		if (theirs === undefined) lines.push(`  - ${what} is only in sandbox/openapi.yaml (${ours})`);
		else if (ours === undefined)
			lines.push(`  + ${what} is only in the other document (${theirs})`);
		else
			lines.push(
				`  ~ ${what} is ${ours} in sandbox/openapi.yaml, and ${theirs} in the other document`,
			);
	}
	return [`${differences.length} differences`, ...lines, ''].join('\n');
}
