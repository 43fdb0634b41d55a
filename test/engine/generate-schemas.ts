import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

// With the extension, or the codex file beside it would be found.
import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node.js';
import { buildSchemaFiles, schemaFolder } from './schemas';
import { openSandbox } from './stockedSandbox';

/** Writes the output schemas of all operations anew. Run: npx tsx test/engine/generate-schemas.ts */
async function generate(): Promise<void> {
	const sandbox = await openSandbox();
	const files = await buildSchemaFiles(new Pocketsflow(), sandbox);
	await sandbox.close();
	await rm(schemaFolder, { recursive: true, force: true });
	for (const [file, content] of files) {
		const path = join(schemaFolder, file);
		await mkdir(dirname(path), { recursive: true });
		await writeFile(path, content);
	}
	console.log(`${files.size} schemas written`);
}

void generate();
