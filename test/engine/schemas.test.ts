import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import { resources } from '../../nodes/Pocketsflow/actions/resources';
import { buildSchemaFiles, schemaFolder } from './schemas';
import { openSandbox } from './stockedSandbox';

async function readStoredSchemas(): Promise<Map<string, string>> {
	const names = await readdir(schemaFolder, { recursive: true });
	const files = names.filter((name) => name.endsWith('.json'));
	return new Map(
		await Promise.all(
			files.map(async (name) => [name, await readFile(join(schemaFolder, name), 'utf8')] as const),
		),
	);
}

test('every operation has an output schema', async () => {
	const wanted = resources.flatMap(({ option, operations }) =>
		operations.map((row) => join(String(option.value), `${String(row.option.value)}.json`)),
	);
	expect([...(await readStoredSchemas()).keys()].sort()).toEqual(wanted.sort());
});

/** What a verified delivery has next to the parts of its payload. */
const envelopeKeys = new Set(['event', 'eventId', 'testMode', 'sentAt', 'deliveredAt']);

test('no operation outputs more than ten fields of a record unless asked to', async () => {
	for (const [file, text] of await readStoredSchemas()) {
		const { properties } = JSON.parse(text) as { properties: object };
		const keys = Object.keys(properties).filter((key) => !envelopeKeys.has(key));
		expect([file, keys.length <= 10]).toEqual([file, true]);
		expect([
			file,
			['_id', 'id', 'valid', 'eventId'].some((key) => Object.hasOwn(properties, key)),
		]).toEqual([file, true]);
	}
});

test('the output schemas are current (npx tsx test/engine/generate-schemas.ts)', async () => {
	const sandbox = await openSandbox();
	const current = await buildSchemaFiles(new Pocketsflow(), sandbox);
	await sandbox.close();
	const files = await readStoredSchemas();
	for (const [file, content] of current) expect([file, files.get(file)]).toEqual([file, content]);
});
