import { type IDataObject, type INodeType } from 'n8n-workflow';
import { join } from 'node:path';

import type { Sandbox } from '../../sandbox/sandbox';
import { runNode } from '../harness/engine/context';
import { cases } from './operations';
import { stockSandbox } from './stockedSandbox';

/** The part of JSON schema that n8n reads for its output previews. */
interface Schema {
	type: 'array' | 'boolean' | 'null' | 'number' | 'object' | 'string';
	properties?: Record<string, Schema>;
	items?: Schema;
	version?: number;
}

export const schemaFolder = join(__dirname, '../../nodes/Pocketsflow/__schema__/v1.0.0');

/** Objects whose keys the user chooses: a preview must not promise those of a test. */
const freeObjects = new Set([
	'checkoutColors',
	'checkoutStyle',
	'colors',
	'design',
	'file',
	'metadata',
	'pageStyle',
]);

function inferSchema(values: readonly unknown[], name?: string): Schema {
	const [value] = values.filter((candidate) => candidate !== null);
	if (value === undefined) return { type: 'null' };
	if (Array.isArray(value)) {
		const entries = values.filter(Array.isArray).flat();
		return { type: 'array', ...(entries.length > 0 && { items: inferSchema(entries) }) };
	}
	if (typeof value !== 'object')
		return {
			type:
				typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'string',
		};
	if (name !== undefined && freeObjects.has(name)) return { type: 'object' };
	const objects = values.filter((candidate) => typeof candidate === 'object') as IDataObject[];
	const keys = [...new Set(objects.flatMap((object) => Object.keys(object)))].sort();
	const properties = keys.map((key) => [
		key,
		inferSchema(
			objects.filter((object) => Object.hasOwn(object, key)).map((object) => object[key]),
			key,
		),
	]);
	return { type: 'object', properties: Object.fromEntries(properties) as Record<string, Schema> };
}

/**
 * Builds the schema of every operation's output, by its file. The output is what the sandbox returns to a
 * new node: simplified if there is a choice.
 */
export async function buildSchemaFiles(
	node: INodeType,
	sandbox: Sandbox,
): Promise<Map<string, string>> {
	const outputs = new Map<string, IDataObject[]>();
	for (const { resource, operation, parameters } of cases) {
		const shop = await stockSandbox(sandbox);
		const given = parameters?.(shop) ?? {};
		if (given.simplify === false) continue;
		const { output, error } = await runNode({
			node,
			credential: shop.credential,
			parameters: { resource, operation, ...given },
		});
		if (error) throw error;
		const file = join(resource, `${operation}.json`);
		outputs.set(file, [...(outputs.get(file) ?? []), ...output.map(({ json }) => json)]);
	}
	return new Map(
		[...outputs].map(([file, items]) => [
			file,
			`${JSON.stringify({ ...inferSchema(items), version: 1 }, null, '\t')}\n`,
		]),
	);
}
