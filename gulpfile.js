const { spawn } = require('node:child_process');
const { rm } = require('node:fs/promises');
const { dest, series, src } = require('gulp');

const run = (command, ...args) =>
	new Promise((resolve, reject) => {
		const child = spawn('npx', ['--no-install', command, ...args], { stdio: 'inherit' });
		child.on('error', reject);
		child.on('exit', (code) =>
			code === 0 ? resolve() : reject(new Error(`${command} exited with code ${code}`)),
		);
	});

const clean = () => rm('dist', { recursive: true, force: true });

const compile = () => run('tsc', '--project', 'tsconfig.json');

// Icons, codex files and output schemas: n8n looks for each beside the compiled node.
const assets = () =>
	src(['{nodes,credentials}/**/*.svg', 'nodes/**/*.node.json', 'nodes/**/__schema__/**/*.json'], {
		base: '.',
		encoding: false,
	}).pipe(dest('dist'));

// Last: the editor reads these files while the runtime reads the classes, so stale metadata misleads.
const metadata = () => run('n8n-generate-metadata');

exports.build = series(clean, compile, assets, metadata);
