// node test/harness/setup/run.mjs [NAME=value] jest [arguments]   or   node test/harness/setup/run.mjs [NAME=value] <file>.ts [arguments]
// Installs what is missing, then runs the rest in this same process: no chain of processes to stop.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

import { ensureDependencies, root } from './dependencies.mjs';

const words = process.argv.slice(2);
while (/^[A-Z_]+=/.test(words[0])) {
	const [name, value] = words.shift().split('=');
	process.env[name] ??= value;
}
const [what, ...args] = words;

try {
	await ensureDependencies();
} catch (error) {
	console.error(error.message);
	process.exit(1);
}

process.chdir(root);
const require = createRequire(import.meta.url);
if (what === 'jest') {
	const script = require.resolve('jest/bin/jest');
	process.argv = [process.argv[0], script, ...args];
	require(script);
} else {
	const script = resolve(root, what);
	process.argv = [process.argv[0], script, ...args];
	require('tsx/cjs');
	require(script);
}
