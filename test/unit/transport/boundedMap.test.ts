import { BoundedMap } from '../../../nodes/Pocketsflow/transport/boundedMap';

test('A bounded map evicts the oldest entry when it is full', () => {
	const map = new BoundedMap<number>(2);
	for (const [key, value] of Object.entries({ a: 1, b: 2, c: 3 })) map.set(key, value);
	expect([...map]).toEqual([
		['b', 2],
		['c', 3],
	]);
	expect(map.size).toBe(2);
	expect(map.get('a')).toBeUndefined();
});

test('An entry of a bounded map that is set again is the newest', () => {
	const map = new BoundedMap<number>(2);
	map.set('a', 1);
	map.set('b', 2);
	map.set('a', 3);
	map.set('c', 4);
	expect([...map]).toEqual([
		['a', 3],
		['c', 4],
	]);
});

test('A bounded map keeps entries that may not be evicted, and goes back to its capacity later', () => {
	const busy = new Set(['a', 'b']);
	const map = new BoundedMap<string>(1, (value) => !busy.has(value));
	for (const key of ['a', 'b', 'c']) map.set(key, key);
	expect([...map].map(([key]) => key)).toEqual(['a', 'b', 'c']);
	busy.clear();
	map.set('d', 'd');
	expect([...map].map(([key]) => key)).toEqual(['d']);
});

test('Entries of a bounded map can be deleted while it is iterated', () => {
	const map = new BoundedMap<number>(3);
	for (const [key, value] of Object.entries({ a: 1, b: 2, c: 3 })) map.set(key, value);
	for (const [key, value] of map) if (value < 3) map.delete(key);
	expect([...map]).toEqual([['c', 3]]);
});
