import fc from 'fast-check';

import {
	summarizeFailure,
	type ItemOutcome,
} from '../../../nodes/Pocketsflow/actions/failureSummary';

describe('the summary of a failed run', () => {
	const done = (id: string): ItemOutcome => ({ status: 'done', id, recordCount: 1 });

	it('names items in ranges, those that are done with their IDs', () => {
		expect(
			summarizeFailure([
				done('a'),
				done('b'),
				{ status: 'unknown' },
				{ status: 'notDone' },
				{ status: 'notDone' },
				done('c'),
			]),
		).toBe(
			'Done before the node stopped (3 of 6 items): 0 (a), 1 (b), 5 (c). Outcome unknown (check Pocketsflow): 2. Not done: 3–4.',
		);
		expect(summarizeFailure([{ status: 'notDone' }, { status: 'notDone' }])).toBe(
			'None of the 2 items was confirmed as done. Not done: 0–1.',
		);
		expect(summarizeFailure([{ status: 'notDone' }])).toBe('');
	});

	it('stays short for thousands of items and loses none', () => {
		const text = summarizeFailure([
			...Array.from({ length: 9_999 }, (_, index) => done(`id${index}`)),
			{ status: 'notDone' },
		]);
		expect(text).toContain('(9999 of 10000 items): 0–9998. The last 200: 9799 (id9799), ');
		expect(text.length).toBeLessThan(5_000);
	});

	it('has every item in exactly one of its lists', () => {
		const outcomes = fc.array(
			fc.constantFrom<ItemOutcome>(done('x'), { status: 'unknown' }, { status: 'notDone' }),
			{
				minLength: 2,
				maxLength: 60,
			},
		);
		fc.assert(
			fc.property(outcomes, (items) => {
				const text = summarizeFailure(items).replaceAll(' (x)', '');
				const listed = (label: string) => {
					const found =
						new RegExp(`${label}(?: \\([^)]+\\))?: ([\\d–, ]+)\\.`).exec(text)?.[1] ?? '';
					return found
						.split(', ')
						.filter(Boolean)
						.flatMap((run) => {
							const [from, to = from] = run.split('–').map(Number);
							return Array.from({ length: to - from + 1 }, (_, index) => from + index);
						});
				};
				const withStatus = (status: string) =>
					items.flatMap((item, index) => (item.status === status ? index : []));
				expect(listed('Done before the node stopped')).toEqual(withStatus('done'));
				expect(listed('Outcome unknown')).toEqual(withStatus('unknown'));
				expect(listed('Not done')).toEqual(withStatus('notDone'));
			}),
		);
	});
});
