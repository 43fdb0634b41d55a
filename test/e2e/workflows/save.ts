// npm run workflows:save -- 0.2.0: saves the workflows of build.ts as that release has them, in a folder of its own.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { exportWorkflow } from '../../harness/browser/editor';
import { buildWorkflows } from './build';
import { Stage } from './stage';

async function main(): Promise<void> {
	const [version = ''] = process.argv.slice(2);
	if (!/^\d+\.\d+\.\d+$/.test(version))
		throw new Error('Name the release: npm run workflows:save -- 0.2.0');
	const folder = join(__dirname, version);
	// Fails where the folder is there: what a release has saved is never saved again.
	await mkdir(folder);
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

main().catch((error: unknown) => {
	console.error(error);
	process.exitCode = 1;
});
