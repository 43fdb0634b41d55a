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

/** The folder of a file below `nodes/Pocketsflow`; the files of the three nodes are a room of their own. */
const roomOf = (file: string) => (file.includes(sep) ? file.split(sep)[0] : 'nodes');

const files = readdirSync(nodes, { recursive: true, encoding: 'utf8' }).filter((file) =>
	file.endsWith('.ts'),
);

const imports = files.flatMap((file) =>
	[...readFileSync(join(nodes, file), 'utf8').matchAll(/ from '([^']+)'/g)].map(([, target]) => ({
		file,
		target,
	})),
);

test('every room has a floor', () => {
	expect([...new Set(files.map(roomOf))].sort()).toEqual(floors.flat().sort());
});

test('imports between rooms point down', () => {
	const upward = imports.filter(({ file, target }) => {
		if (!target.startsWith('.')) return false;
		const room = roomOf(file);
		const other = roomOf(relative(nodes, join(nodes, dirname(file), target)));
		return room !== other && floorOf(other) <= floorOf(room);
	});
	expect(upward).toEqual([]);
});

test('nothing is imported from outside but n8n-workflow and node:crypto', () => {
	const outside = imports.map(({ target }) => target).filter((target) => !target.startsWith('.'));
	expect([...new Set(outside)].sort()).toEqual(['n8n-workflow', 'node:crypto']);
});
