// node loadPackage.cjs FOLDER nodes|start: what an installed package costs this fresh process, as JSON.
// nodes: all nodes and credentials are loaded and made, as when all of them are used.
// start: what n8n does with a community package as it starts.
const { join } = require('node:path');

const [folder, what] = process.argv.slice(2);
const { n8n, name } = require(join(folder, 'package.json'));

const prepare = {
	nodes: () => {
		require('n8n-workflow');
		return () => {
			for (const file of [...n8n.credentials, ...n8n.nodes]) {
				const className = file.split('/').pop().split('.')[0];
				new (require(join(folder, file))[className])();
			}
		};
	},
	start: () => {
		require('reflect-metadata');
		const { LazyPackageDirectoryLoader } = require('n8n-core');
		return async () => {
			const loader = new LazyPackageDirectoryLoader(folder);
			await loader.loadAll();
			await loader.ensureTypesLoaded();
			for (const type of Object.keys(loader.known.credentials)) loader.getCredential(type);
		};
	},
};

async function main() {
	const work = prepare[what]();
	globalThis.gc();
	const heapBefore = process.memoryUsage().heapUsed;
	const modulesBefore = Object.keys(require.cache).length;
	const startedAt = performance.now();
	await work();
	const ms = performance.now() - startedAt;
	globalThis.gc();
	const heap = process.memoryUsage().heapUsed - heapBefore;
	const modules = Object.keys(require.cache).length - modulesBefore;
	console.log(JSON.stringify({ name, ms, heap, modules }));
}

main().catch((error) => {
	console.error(error);
	process.exitCode = 1;
});
