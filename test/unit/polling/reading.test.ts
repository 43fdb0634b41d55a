import { readByOffset } from '../../../nodes/Pocketsflow/polling/reading';

describe('a list paged by position', () => {
	const list = Array.from({ length: 25 }, (_, n) => ({
		_id: `c${n}`,
		createdAt: 1_790_000_000_000 - n * 1000,
	}));

	it('is read to its end with pages smaller than asked', async () => {
		const { records } = await readByOffset(
			async (offset) => ({ records: list.slice(offset, offset + 4) }),
			0,
			100,
		);
		expect(records).toHaveLength(25);
	});

	it('is read once where the position plays no part', async () => {
		const fetchPage = jest.fn(async () => ({ records: list }));
		expect((await readByOffset(fetchPage, 0, 100)).records).toHaveLength(25);
		expect(fetchPage.mock.calls.length).toBeLessThanOrEqual(2);
	});

	it('is read again when a record vanishes meanwhile, and nothing is missed', async () => {
		const moving = [...list];
		let requests = 0;
		const { records } = await readByOffset(
			async (offset) => {
				if (requests++ === 2) moving.splice(0, 2);
				return { records: moving.slice(offset, offset + 5) };
			},
			0,
			100,
		);
		expect(moving.every(({ _id }) => records.some(({ id }) => id === _id))).toBe(true);
	});
});
