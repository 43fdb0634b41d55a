// npm run generate -- workflows 0.2.0: saves the workflows of build.ts as that release has them, in its own
// folder: next to this file, or `--into FOLDER`.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { exportWorkflow } from '../../harness/browser/editor';
import { runMain } from '../../harness/runMain';
import { buildWorkflows } from './build';
import { Stage } from './stage';

const { values, positionals } = parseArgs({
	options: { into: { type: 'string' } },
	allowPositionals: true,
});

async function main(): Promise<void> {
	const [version = ''] = positionals;
	if (!/^\d+\.\d+\.\d+$/.test(version))
		throw new Error('Name the release: npm run generate -- workflows 0.2.0');
	const folder = join(values.into ?? __dirname, version);
	if (values.into) await rm(folder, { recursive: true, force: true });
	// Fails if the folder exists: what a release has saved is never saved again.
	await mkdir(folder, { recursive: values.into !== undefined });
	const stage = await Stage.open();
	try {
		for (const workflow of buildWorkflows()) {
			await stage.saveInEditor(await stage.import(JSON.stringify(workflow)));
			const exported = stage.takeOut(await exportWorkflow(stage.editor.page));
			const text = JSON.stringify(JSON.parse(exported), undefined, '\t');
			await writeFile(join(folder, `${workflow.name}.json`), `${text}\n`);
		}
	} finally {
		await stage.stop();
	}
}

runMain(main);
