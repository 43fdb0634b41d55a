// node test/harness/setup/run.mjs [NAME=value …] <program or file.ts> [arguments]
// Installs what is missing, then runs the program in this same process: no chain of processes to stop.
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { ensureDependencies, root } from './dependencies.mjs';

const require = createRequire(import.meta.url);
const programs = require('./programs.json');

const words = process.argv.slice(2);
while (/^[A-Z0-9_]+=/.test(words[0] ?? '')) {
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
const isProgram = Object.hasOwn(programs, what);
const script = isProgram ? join(root, 'node_modules', programs[what]) : resolve(root, what);
process.argv = [process.argv[0], script, ...args];
if (!isProgram) {
	// Says how JSX is compiled; tsx would read the one for the nodes.
	process.env.TSX_TSCONFIG_PATH ??= join(root, 'test', 'tsconfig.json');
	require('tsx/cjs');
	// Also for what the nodes import when they run.
	await import('tsx/esm');
}
if (script.endsWith('.mjs')) await import(pathToFileURL(script).href);
else require(script);
