const { spawn } = require('node:child_process');
const { chmod, readdir, readFile, rm, writeFile } = require('node:fs/promises');
const { join } = require('node:path');
const { dest, series, src } = require('gulp');
const { n8n } = require('./package.json');

const run = (command, ...args) =>
	new Promise((resolve, reject) => {
		const child = spawn('npx', ['--no-install', command, ...args], { stdio: 'inherit' });
		child.on('error', reject);
		child.on('exit', (code) =>
			code === 0 ? resolve() : reject(new Error(`${command} exited with code ${code}`)),
		);
	});

const listBuilt = async () => {
	const built = await readdir('dist', { recursive: true, withFileTypes: true });
	return built.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
};

const clean = () => rm('dist', { recursive: true, force: true });

const checkTypes = () =>
	run(
		...['tsc', '--project', 'tsconfig.json', '--noEmit'],
		...['--incremental', '--tsBuildInfoFile', '.cache/nodes.tsbuildinfo'],
	);

// Icons, codex files and output schemas: n8n looks for each next to the node.
const assets = () =>
	src(['{nodes,credentials}/**/*.svg', 'nodes/**/*.json'], { base: '.', encoding: false }).pipe(
		dest('dist'),
	);

const compactJson = async () => {
	for (const file of (await listBuilt()).filter((path) => path.endsWith('.json')))
		await writeFile(file, JSON.stringify(JSON.parse(await readFile(file, 'utf8'))));
};

const layout = {
	name: 'layout',
	// A plain assignment for each name that run.js takes from common.js: no export ever changes.
	renderChunk: (code) =>
		code.replace(
			/Object\.defineProperty\(exports, "([\w$]+)", \{\s+enumerable: true,\s+get: function \(\) \{\s+return ([\w$]+);\s+\}\s+\}\);/g,
			'exports.$1 = $2;',
		),
	// A line for each statement of a file, so that an error points at a function.
	async generateBundle(_, chunks) {
		const { parseAst } = await import('rolldown/parseAst');
		for (const chunk of Object.values(chunks))
			chunk.code = parseAst(chunk.code)
				.body.map(({ start, end }) => chunk.code.slice(start, end))
				.join('\n');
	},
};

// docs/releasing.md#what-the-package-weighs
const bundle = async () => {
	const { rolldown } = await import('rolldown');
	const files = [...n8n.credentials, ...n8n.nodes].map((file) =>
		file.slice('dist/'.length, -'.js'.length),
	);
	// All that a node imports when it is loaded; the rest is imported when it runs.
	const isLoadedAtFirst = (id, context) => {
		const { isEntry, importers } = context.getModuleInfo(id);
		return isEntry || importers.some((importer) => isLoadedAtFirst(importer, context));
	};
	const build = await rolldown({
		input: Object.fromEntries(files.map((file) => [file, `${file}.ts`])),
		external: ['n8n-workflow', 'node:crypto'],
		plugins: [layout],
	});
	await build.write({
		dir: 'dist',
		format: 'cjs',
		generatedCode: { symbols: false },
		entryFileNames: '[name].js',
		chunkFileNames: 'nodes/Pocketsflow/[name].js',
		codeSplitting: {
			groups: [
				{
					name: (id, context) => (isLoadedAtFirst(id, context) ? 'common' : 'run'),
					debugName: 'common or run',
				},
			],
		},
		// Names stay, for readers of the running code, and for the lines of an error.
		minifyInternalExports: false,
		minify: {
			mangle: false,
			compress: { sequences: false, keepNames: { function: true, class: true } },
			codegen: { removeWhitespace: true },
		},
	});
	await build.close();
};

// npm packs a file's mode, which comes from the umask of who builds. The package is to be the same anywhere.
const modes = async () => {
	for (const file of [
		...(await listBuilt()),
		'package.json',
		'README.md',
		'LICENSE.md',
		'index.js',
	])
		await chmod(file, 0o644);
};

const assemble = series(clean, assets, compactJson, bundle, modes);

exports.build = series(clean, checkTypes, assemble);
// For the demo and the tests with a real n8n: types are checked elsewhere.
exports.assemble = assemble;
