import { resources } from '../../../nodes/Pocketsflow/actions/resources';
import { simplifyRecord } from '../../../nodes/Pocketsflow/actions/simplify';

const keys = ['name', ['buyerEmail', 'customer.email'], 'metadata', 'testMode'] as const;

describe('a simplified record', () => {
	it.each([
		[{ _id: '1', testMode: true }, ['1', null, null, null, true]],
		[{ testMode: false, name: 'x', _id: '1', metadata: {} }, ['1', 'x', null, {}, false]],
		[
			{ _id: '1', more: 1, buyerEmail: null, customer: { email: 'a@b.c' } },
			['1', null, 'a@b.c', null, null],
		],
	])('has the same keys in the same order whatever the record holds: %p', (record, values) => {
		const output = simplifyRecord(record, keys);
		expect(Object.keys(output)).toEqual(['_id', 'name', 'buyerEmail', 'metadata', 'testMode']);
		expect(Object.values(output)).toEqual(values);
	});

	it('keeps the ID under the key that Pocketsflow gave it', () => {
		expect(simplifyRecord({ id: 7 }, ['name'])).toEqual({ id: 7, name: null });
	});
});

const operations = resources.flatMap(({ option, operations: rows }) =>
	rows.flatMap((row) => {
		const kept = 'simplifiedKeys' in row ? row.simplifiedKeys : undefined;
		return kept ? [{ title: `${String(option.value)} ${String(row.option.value)}`, kept }] : [];
	}),
);

test.each(operations)('at most ten keys besides the ID are kept, each once: $title', ({ kept }) => {
	const names = kept.map((key) => (typeof key === 'string' ? key : key[0]));
	expect(names.length).toBeLessThanOrEqual(10);
	expect(new Set(names).size).toBe(names.length);
});

test('orders say in any case whether they are test data', () => {
	const [order] = operations.filter(({ title }) => title === 'order get');
	const record = Object.fromEntries(
		order.kept.map((key) => [typeof key === 'string' ? key : key[0], 'x']),
	);
	expect(simplifyRecord({ ...record, _id: '1', testMode: true }, order.kept)).toMatchObject({
		...record,
		testMode: true,
	});
});
