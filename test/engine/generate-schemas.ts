import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

// With the extension, or the codex file next to it would be found.
import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node.js';
import { runMain } from '../harness/runMain';
import { buildSchemaFiles, schemaFolder } from './schemas';
import { openSandbox } from './stockedSandbox';

/** Writes the output schemas of all operations. Run: npm run generate -- schemas */
async function generate(): Promise<void> {
	const { values } = parseArgs({ options: { into: { type: 'string' } } });
	const folder = values.into ?? schemaFolder;
	const sandbox = await openSandbox();
	const files = await buildSchemaFiles(new Pocketsflow(), sandbox);
	await sandbox.close();
	await rm(folder, { recursive: true, force: true });
	for (const [file, content] of files) {
		const path = join(folder, file);
		await mkdir(dirname(path), { recursive: true });
		await writeFile(path, content);
	}
	console.log(`${files.size} schemas written`);
}

runMain(generate);
