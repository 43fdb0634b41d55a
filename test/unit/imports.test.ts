import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

const nodes = join(__dirname, '..', '..', 'nodes', 'Pocketsflow');

/** The rooms from the top down; a file may import from its own room and from lower floors only. */
const floors = [
	['nodes'],
	['actions', 'methods', 'webhook', 'polling'],
	['fields', 'events', 'transport'],
	['api'],
];

const floorOf = (room: string) => floors.findIndex((rooms) => rooms.includes(room));

/** The folder of a file below `nodes/Pocketsflow`; the files of the three nodes have their own room. */
const roomOf = (file: string) => (file.includes(sep) ? file.split(sep)[0] : 'nodes');

const files = readdirSync(nodes, { recursive: true, encoding: 'utf8' }).filter((file) =>
	file.endsWith('.ts'),
);

const listImports = (pattern: RegExp) =>
	files.flatMap((file) =>
		[...readFileSync(join(nodes, file), 'utf8').matchAll(pattern)].map(([, target]) => ({
			file,
			target,
			/** Of an import from within: its file, without `.ts`. */
			found: relative(nodes, join(nodes, dirname(file), target)),
		})),
	);

const imports = listImports(/(?: from |\bimport\()'([^']+)'/g);

/** What is loaded with the file: neither types nor what is imported when it runs. */
const loaded = listImports(/^(?:import|export)(?! type\b)[^;]*? from '([^']+)'/gm);

test('every folder of the source has its floor', () => {
	expect([...new Set(files.map(roomOf))].sort()).toEqual(floors.flat().sort());
});

test('imports between folders of the source point down', () => {
	const upward = imports.filter(({ file, target, found }) => {
		if (!target.startsWith('.')) return false;
		const room = roomOf(file);
		const other = roomOf(found);
		return room !== other && floorOf(other) <= floorOf(room);
	});
	expect(upward).toEqual([]);
});

test('nothing is imported from outside but n8n-workflow and node:crypto', () => {
	const outside = imports.map(({ target }) => target).filter((target) => !target.startsWith('.'));
	expect([...new Set(outside)].sort()).toEqual(['n8n-workflow', 'node:crypto']);
});

test('a node loads only what its description is made of', () => {
	const reached = new Set(files.filter((file) => file.endsWith('.node.ts')));
	for (const file of reached)
		for (const { found } of loaded.filter((one) => one.file === file))
			for (const path of [`${found}.ts`, join(found, 'index.ts')])
				if (files.includes(path)) reached.add(path);
	expect([...reached].map(roomOf)).toContain('fields');
	const running = [...reached].filter(
		(file) =>
			roomOf(file) === 'transport' || /(execute|receive|poll|setUp|searchPicker)\.ts$/.test(file),
	);
	expect(running).toEqual([]);
});

test('an exported name is declared once in the whole tree', () => {
	const declaration =
		/^export (?:abstract )?(?:async )?(?:function|const|class|interface|type) (\w+)/gm;
	const declared = files.flatMap((file) =>
		[...readFileSync(join(nodes, file), 'utf8').matchAll(declaration)].map(([, name]) => name),
	);
	expect(declared.length).toBeGreaterThan(200);
	expect(declared.filter((name, index) => declared.indexOf(name) !== index)).toEqual([]);
});
