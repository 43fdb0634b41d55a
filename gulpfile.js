const { spawn } = require('node:child_process');
const { chmod, readdir, rm } = require('node:fs/promises');
const { join } = require('node:path');
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

// Icons and output schemas: n8n looks for each beside the compiled node. The codex files come by tsc.
const assets = () =>
	src(['{nodes,credentials}/**/*.svg', 'nodes/**/__schema__/**/*.json'], {
		base: '.',
		encoding: false,
	}).pipe(dest('dist'));

// Last: the editor reads these files while the runtime reads the classes, so stale metadata misleads.
const metadata = () => run('n8n-generate-metadata');

// npm packs a file's mode, which comes from the umask of who builds. The package is to be the same anywhere.
const modes = async () => {
	const built = await readdir('dist', { recursive: true, withFileTypes: true });
	const files = built
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name));
	for (const file of [...files, 'package.json', 'README.md', 'LICENSE.md', 'index.js'])
		await chmod(file, 0o644);
};

exports.build = series(clean, compile, assets, metadata, modes);
