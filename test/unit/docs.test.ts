import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { scripts } from '../../package.json';
import { switchRules } from '../../sandbox/switches';
import { tables } from '../commands';

const root = join(__dirname, '..', '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** The text files of some folders, as paths from the root; neither outputs nor locks of dependencies. */
function listFiles(...folders: string[]): string[] {
	return folders.flatMap((folder) =>
		readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile() && /\.([cm]?[jt]sx?|json|md)$/.test(entry.name))
			.map((entry) => relative(root, join(entry.parentPath, entry.name)))
			.filter((file) => !/(^|\/)output\/|package-lock\.json$/.test(file)),
	);
}

const pages = ['README.md', 'CONTRIBUTING.md', 'sandbox/README.md', ...listFiles('docs')].filter(
	(file) => file.endsWith('.md'),
);
const sources = listFiles('nodes', 'credentials', 'sandbox', 'test', 'demo');

const withoutCode = (page: string) => page.replace(/^```.*?^```$/gms, '');

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(file: string): Set<string> {
	const anchors = new Set<string>();
	for (const [, heading] of withoutCode(read(file)).matchAll(/^#{1,6} (.+)$/gm)) {
		const slug = heading
			.toLowerCase()
			.replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
			.replace(/ /g, '-');
		let anchor = slug;
		for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
		anchors.add(anchor);
	}
	return anchors;
}

/** What is wrong with a reference from one file to another or to a heading in it; undefined if nothing is. */
function faultOf(target: string, from: string): string | undefined {
	const [path, anchor] = target.split('#');
	const file = path === '' ? from : path.startsWith('docs/') ? path : join(dirname(from), path);
	if (!existsSync(join(root, file))) return `${from}: ${target} (no such file)`;
	if (anchor === undefined || anchorsOf(file).has(anchor)) return undefined;
	return `${from}: ${target} (no such heading)`;
}

describe('links', () => {
	it.each(pages)('links in %s lead to a file and heading that exist', (file) => {
		const page = withoutCode(read(file));
		const links = [
			...page.matchAll(/\]\(([^)\s]+)\)/g),
			...page.matchAll(/src(?:set)?="([^"]+)"/g),
		];
		const targets = links
			.map(([, target]) => target)
			.filter((target) => !/^(https?|mailto):/.test(target));
		expect(targets.flatMap((target) => faultOf(target, file) ?? [])).toEqual([]);
	});

	it('links in comments lead to a page and heading that exist', () => {
		const links = sources.flatMap((file) =>
			[...read(file).matchAll(/\bdocs\/[\w-]+\.md(?:#[\w-]+)?/g)].map(([target]) => ({
				file,
				target,
			})),
		);
		expect(links.length).toBeGreaterThan(20);
		expect(links.flatMap(({ file, target }) => faultOf(target, file) ?? [])).toEqual([]);
	});
});

describe('pages', () => {
	const spans = pages.flatMap((file) =>
		[...withoutCode(read(file)).matchAll(/`([^`\n]+)`/g)].map(([, span]) => ({ file, span })),
	);

	it('the pages name only files and folders that exist', () => {
		const top = /^(\.ci|\.github|credentials|demo|docs|examples|nodes|sandbox|test)\//;
		const paths = spans.filter(({ span }) => top.test(span) && !/[<*…\s]/.test(span));
		expect(paths.length).toBeGreaterThan(20);
		expect(paths.filter(({ span }) => !existsSync(join(root, span)))).toEqual([]);
	});

	it('the map in docs/source.md has every file of the source', () => {
		const map = /^nodes\/Pocketsflow\/\n(.*?)^sandbox\//ms.exec(read('docs/source.md'))?.[1] ?? '';
		const mapped: string[] = [];
		let room = '';
		for (const line of map.split('\n')) {
			room = /^ {2}(\w+\/) /.exec(line)?.[1] ?? room;
			// Names stand two spaces apart, what is said of them at least three spaces behind.
			const [names] = /^ {4}(\S.*)/.exec(line)?.[1].split(/ {3,}/) ?? [];
			for (const name of names?.split(/ +/) ?? [])
				mapped.push(join('nodes/Pocketsflow', room, name.endsWith('/') ? name : `${name}.ts`));
		}
		const files = listFiles('nodes')
			.filter((file) => /^nodes\/Pocketsflow\/\w+\/\w+\.ts$/.test(file))
			.concat(
				['actions/resources/', 'fields/kinds/', 'fields/shared/'].map(
					(folder) => `nodes/Pocketsflow/${folder}`,
				),
			);
		expect(mapped.sort()).toEqual(files.sort());
	});

	const named = pages.flatMap((file) =>
		[...read(file).matchAll(/npm run ([\w:]+)(?: -- (\w+))?/g)].map(([, script, command]) => ({
			script,
			command,
		})),
	);

	it('the pages name only npm scripts and commands that exist', () => {
		const unknown = named.filter(
			({ script, command }) =>
				!Object.hasOwn(scripts, script) ||
				(script in tables && command && !Object.hasOwn(tables[script], command)),
		);
		expect(unknown).toEqual([]);
	});

	/** The tests of the pipeline that run an npm script, or what it runs. */
	const runners: Record<string, string> = {
		build: 'test/npmTest.ts',
		'contract:diff': 'test/contract/openapi.test.ts',
		demo: 'test/e2e/demo.test.ts',
		'release:version': 'test/unit/release.test.ts',
		sandbox: 'test/contract/controls.test.ts',
	};

	it('the pipeline runs every command that the pages name, at least in its short form', () => {
		const pipeline = read('.ci/run');
		expect(pipeline).toMatch(/^step \S+ npm test$/m);
		const documented = [...new Set(named.map(({ script }) => script))];
		expect(documented.length).toBeGreaterThan(8);
		const isRun = (script: string) => {
			if (script in tables) return pipeline.includes(`npm run ${script} -- all --short`);
			if (new RegExp(`^step \\S+ npm run ${script}( |$)`, 'm').test(pipeline)) return true;
			const program = scripts[script as keyof typeof scripts].split(/[ /]/).at(-1) ?? '';
			const runner = script in runners ? read(runners[script]) : '';
			return runner.includes(program) || runner.includes(`'${script}'`);
		};
		expect(documented.filter((script) => !isRun(script))).toEqual([]);
	});

	it('docs/pocketsflow-api.md names every switch that plays another reading of the API', () => {
		const page = read('docs/pocketsflow-api.md');
		const faults = /^(latencyMs|delayMs|deliverySeed|deliveryConcurrency)$/;
		const names = Object.keys(switchRules).filter((name) => !faults.test(name));
		expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
	});
});

test('no file refers to documents that are not in the repository', () => {
	const outside = /\bcontract,? (section )?[A-H]\d?\b|\bH\d{1,2}\b|\bprobes\b/;
	const hits = [...sources, ...pages].flatMap((file) =>
		read(file)
			.split('\n')
			.flatMap((line, index) => (outside.test(line) ? `${file}:${index + 1}: ${line.trim()}` : [])),
	);
	expect(hits).toEqual([]);
});
