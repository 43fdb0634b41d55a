// node test/harness/setup/run.mjs test/lint/terms.ts [file …]: terminology and the replacements of terms.json,
// over pages, comments and texts.
import { join } from 'node:path';

import { TextlintKernelDescriptor } from '@textlint/kernel';
import { createLinter, loadLinterFormatter, loadTextlintrc } from 'textlint';

import { runMain } from '../harness/runMain';
import { sourcesPlugin } from './sources';

async function main(): Promise<void> {
	const files = process.argv.slice(2);
	const descriptor = await loadTextlintrc({ configFilePath: join(__dirname, 'terms.yaml') });
	const linter = createLinter({
		descriptor: descriptor.concat(
			new TextlintKernelDescriptor({
				rules: [],
				filterRules: [],
				plugins: [{ pluginId: 'sources', plugin: sourcesPlugin }],
			}),
		),
		ignoreFilePath: join(__dirname, 'textlintignore'),
	});
	const what = files.length > 0 ? files : ['**/*.{md,ts,mjs,cjs,js,json}'];
	const results = await linter.lintFiles(what);
	const formatter = await loadLinterFormatter({ formatterName: 'unix' });
	const found = results.filter(({ messages }) => messages.length > 0);
	if (found.length === 0) return;
	console.log(formatter.format(found));
	process.exitCode = 1;
}

runMain(main);
