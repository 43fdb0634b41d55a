import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, relative } from 'node:path';

import { preProcessFile } from 'typescript';

import manifest from '../../package.json';

const root = join(__dirname, '..', '..');
const notOurs = new Set(['node_modules', 'dist', '.git', '.cache', 'output', 'coverage']);

/** Declared, but named by a setting or a command instead of an import. */
const usedOtherwise = {
	'@picocss/pico': 'the stylesheet of the pages of the sandbox',
	'@n8n/node-cli': 'its command, in package.json',
	'@stryker-mutator/core': 'its command',
	'@stryker-mutator/jest-runner': 'its plugin, in test/mutation',
	'@swc/core': 'what @swc/jest transpiles with',
	'@swc/jest': 'jest.config.js',
	'@types/jest': 'types',
	'@types/js-yaml': 'types',
	'@types/node': 'types',
	cspell: 'its command, in test/lint',
	eslint: 'its command, which n8n-node lint runs too',
	jest: 'its command',
	'keep-a-changelog': 'its command, in package.json',
	'openapi-typescript': 'its command, in test/contract/openapi.test.ts',
	prettier: 'its command',
	'remark-cli': 'its command, in test/lint',
	'swagger-ui-dist': 'the page /docs of the sandbox',
	'textlint-rule-terminology': 'test/lint/terms.yaml',
	tsx: 'test/harness/setup/run.mjs',
};

function listSources(folder: string): string[] {
	return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
		if (notOurs.has(entry.name)) return [];
		const path = join(folder, entry.name);
		if (entry.isDirectory()) return listSources(path);
		return /\.(tsx?|mjs|cjs|js)$/.test(entry.name) ? [path] : [];
	});
}

const imports = listSources(root).flatMap((file) => {
	const { importedFiles } = preProcessFile(readFileSync(file, 'utf8'), true, true);
	return importedFiles
		.map(({ fileName }) => ({ file: relative(root, file), target: fileName }))
		.filter(({ target }) => !target.startsWith('.'));
});

const isBuiltIn = (target: string) =>
	target.startsWith('node:') || builtinModules.includes(target.split('/')[0]);

/** `@eslint/js` of `@eslint/js`, `n8n-core` of `n8n-core/dist/x`. */
const toPackage = (target: string) =>
	target
		.split('/')
		.slice(0, target.startsWith('@') ? 2 : 1)
		.join('/');

const declared = Object.keys(manifest.devDependencies);

it('package.json declares every package that is imported', () => {
	expect(imports.length).toBeGreaterThan(100);
	const undeclared = imports.filter(
		({ target }) => !isBuiltIn(target) && !declared.includes(toPackage(target)),
	);
	expect(undeclared).toEqual([]);
});

it('package.json declares no package that nothing uses', () => {
	const used = new Set(imports.map(({ target }) => toPackage(target)));
	expect(declared.filter((name) => !used.has(name) && !(name in usedOtherwise))).toEqual([]);
	expect(Object.keys(usedOtherwise).filter((name) => !declared.includes(name))).toEqual([]);
});

it('the package has no runtime dependency, and an exact version of every other', () => {
	expect(manifest).not.toHaveProperty('dependencies');
	expect(manifest.peerDependencies).toEqual({ 'n8n-workflow': '*' });
	for (const version of Object.values(manifest.devDependencies))
		expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});

/** What npm wants installed at `path` and the lock has nowhere on the way up, as `npm ci` looks for it. */
function findMissing(packages: Record<string, LockedPackage>): string[] {
	return Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
		Object.keys({ ...dependencies, ...optionalDependencies })
			.filter((name) => !listPlaces(path, name).some((place) => place in packages))
			.map((name) => `${path}: ${name}`),
	);
}

interface LockedPackage {
	dependencies?: Record<string, string>;
	optionalDependencies?: Record<string, string>;
}

/** Where Node.js looks for a package, from the folder of the one that wants it up to the root. */
function listPlaces(path: string, name: string): string[] {
	const outer = path
		.split('/node_modules/')
		.map((_, index, parts) => parts.slice(0, index + 1).join('/node_modules/'));
	return [
		...outer.filter(Boolean).map((at) => `${at}/node_modules/${name}`),
		`node_modules/${name}`,
	];
}

const readLock = (file: string) =>
	(
		JSON.parse(readFileSync(join(root, file), 'utf8')) as {
			packages: Record<string, LockedPackage>;
		}
	).packages;

it.each([
	'package-lock.json',
	'test/package/registry/package-lock.json',
	...readdirSync(join(root, 'test/harness/n8n'), { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.map(({ name }) => `test/harness/n8n/${name}/package-lock.json`),
])('%s has the optional packages of every platform, which `npm ci` asks for', (file) => {
	expect(findMissing(readLock(file))).toEqual([]);
});

it('a package that is missing in the lock is noticed', () => {
	const packages = readLock('package-lock.json');
	const incomplete = Object.fromEntries(
		Object.entries(packages).filter(([path]) => path !== 'node_modules/@swc/core-win32-x64-msvc'),
	);
	expect(findMissing(incomplete)).toEqual(['node_modules/@swc/core: @swc/core-win32-x64-msvc']);
});
