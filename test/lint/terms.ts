// node test/harness/setup/run.mjs test/lint/terms.ts [file …]: terms.yaml and replacements.yaml,
// over pages, comments and texts.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { TxtNode } from '@textlint/ast-node-types';
import { TextlintKernelDescriptor, type TextlintRuleModule } from '@textlint/kernel';
import { createLinter, loadLinterFormatter, loadTextlintrc } from 'textlint';

import { runMain } from '../harness/runMain';
import { findMistakes, replacements } from './replacements';
import { sourcesPlugin } from './sources';

const allFiles = '**/*.{md,ts,tsx,mjs,cjs,js,json,php,css,yaml,yml,sh}';

/** Files whose names have no extension: read as shell scripts. */
const unnamed = ['.ci/run', 'docker/Dockerfile', 'docker/Caddyfile', 'docker/.env.example'];

/** Only the descriptions of pictures in HTML. */
const keepDescriptions = (html: string) =>
	html.replace(/ alt="([^"]*)"|[^]/g, (_, alt?: string) =>
		alt === undefined ? ' ' : `      ${alt}.`,
	);

const rule: TextlintRuleModule = ({ Syntax, RuleError, report, getSource }) => {
	const check = (node: TxtNode, text: string) => {
		for (const row of replacements)
			for (const { index, message } of findMistakes(text, row))
				report(node, new RuleError(message, { index }));
	};
	return {
		[Syntax.Str]: (node) => check(node, getSource(node)),
		[Syntax.Image]: (node) => check(node, getSource(node).replace(/\]\(.*$/s, ']')),
		[Syntax.Html]: (node) => check(node, keepDescriptions(getSource(node))),
	};
};

async function main(): Promise<void> {
	const files = process.argv.slice(2);
	const config = await loadTextlintrc({ configFilePath: join(__dirname, 'terms.yaml') });
	const own = new TextlintKernelDescriptor({
		rules: [{ ruleId: 'replacements', rule }],
		filterRules: [],
		plugins: [{ pluginId: 'sources', plugin: sourcesPlugin }],
	});
	const linter = createLinter({
		descriptor: config.concat(own),
		ignoreFilePath: join(__dirname, 'textlintignore'),
	});
	const results = await linter.lintFiles(files.length > 0 ? files : [allFiles]);
	if (files.length === 0)
		for (const path of unnamed)
			results.push(await linter.lintText(await readFile(path, 'utf8'), `${path}.sh`));
	const formatter = await loadLinterFormatter({ formatterName: 'unix' });
	const found = results.filter(({ messages }) => messages.length > 0);
	if (found.length === 0) return;
	console.log(formatter.format(found));
	process.exitCode = 1;
}

runMain(main);
