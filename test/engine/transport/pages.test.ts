import { contextFor, quick, rejection } from './setting';

import type { IDataObject } from 'n8n-workflow';
import fc from 'fast-check';

import { standardLimits } from '../../../nodes/Pocketsflow/transport/limits';
import {
	readList,
	readPages,
	type ListRequest,
	type Paging,
} from '../../../nodes/Pocketsflow/transport/pagination';
import { startFaultServer, type FaultServer } from './fault-server';

interface Listing {
	paging: Paging;
	total: number;
	/** The most that the server gives per page, whatever it is asked. */
	cap: number;
	/** What it says about the whole, or nothing. */
	tells: 'everything' | 'totalPages' | 'hasMore' | 'nothing';
	withIds: boolean;
	/** Ignores which page it is asked for. */
	repeats?: boolean;
	/** Puts a new record in front before it answers this request (from 1). */
	grows?: number;
}

const recordsOf = ({ total, withIds }: Listing): IDataObject[] =>
	Array.from({ length: total }, (_, index) => (withIds ? { _id: `r${index}` } : { row: index }));

const listOf = (paging: Paging): ListRequest => ({
	request:
		paging === 'pageInBody'
			? { method: 'POST', path: '/list', body: {} }
			: { method: 'GET', path: '/list' },
	paging,
	keys: ['orders'],
});

let servers: FaultServer[] = [];

afterEach(async () => {
	await Promise.all(servers.map(async (server) => await server.close()));
	servers = [];
});

/** A server that lists as told, in answers of the contract's forms (section A). */
async function listing(setting: Listing): Promise<FaultServer> {
	const { paging, cap, tells, repeats, grows } = setting;
	const records = recordsOf(setting);
	const server = await startFaultServer((request, response) => {
		let body = '';
		request.on('data', (chunk) => (body += chunk));
		request.on('end', () => {
			if (server.seen.length === grows) records.unshift({ _id: 'new' });
			const query = Object.fromEntries(new URL(request.url ?? '', 'http://x').searchParams);
			const asked = (paging === 'pageInBody' ? JSON.parse(body || '{}') : query) as Record<
				string,
				string
			>;
			const size = Math.min(Number(asked.pageSize ?? asked.limit ?? Infinity), cap);
			const start = repeats
				? 0
				: paging === 'offset'
					? Number(asked.offset)
					: (Number(asked.page ?? 1) - 1) * size;
			const rows = paging === 'none' ? records : records.slice(start, start + size);
			const totalPages = Math.ceil(records.length / size);
			const hasMore = repeats ? true : start + size < records.length;
			const said = {
				everything: { totalCount: records.length, totalPages, pageSize: size, hasMore },
				totalPages: { totalPages },
				hasMore: { hasMore },
				nothing: undefined,
			}[tells];
			response.end(JSON.stringify(said ? { orders: rows, pagination: said } : rows));
		});
	});
	servers.push(server);
	return server;
}

const all = async (server: FaultServer, paging: Paging, limit?: number) =>
	await readList(contextFor(server.url), listOf(paging), limit, 0, { limits: quick });

test('every form of list, told or not, with a page size of its own: all records, in order, once', async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.record({
				paging: fc.constantFrom<Paging>('none', 'page', 'pageInBody', 'offset'),
				total: fc.integer({ min: 0, max: 260 }),
				cap: fc.constantFrom(7, 20, 50, 100, 1_000),
				tells: fc.constantFrom<Listing['tells']>('everything', 'totalPages', 'hasMore', 'nothing'),
				withIds: fc.boolean(),
			}),
			fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
			async (setting, limit) => {
				const server = await listing(setting);
				expect(await all(server, setting.paging, limit)).toEqual(
					recordsOf(setting).slice(0, limit),
				);
			},
		),
		{ numRuns: 150 },
	);
});

test.each([
	['page', 'everything', 100, 1],
	['page', 'everything', 250, 3],
	['page', 'nothing', 100, 1],
	['offset', 'nothing', 200, 2],
	['pageInBody', 'nothing', 30, 1],
] as Array<[Paging, Listing['tells'], number, number]>)(
	'%s, telling %s: %i records cost %i requests',
	async (paging, tells, limit, requests) => {
		const server = await listing({ paging, total: 1_000, cap: 100, tells, withIds: true });
		expect(await all(server, paging, limit)).toHaveLength(limit);
		expect(server.seen).toHaveLength(requests);
	},
);

test('the end of a list that tells its pages costs no extra request', async () => {
	const server = await listing({
		paging: 'page',
		total: 500,
		cap: 50,
		tells: 'everything',
		withIds: true,
	});
	expect(await all(server, 'page')).toHaveLength(500);
	expect(server.seen).toHaveLength(10);
});

test('following pages are read side by side, as many as may be in flight, and come in order', async () => {
	let now = 0;
	let most = 0;
	const server = await startFaultServer((request, response) => {
		const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page'));
		most = Math.max(most, ++now);
		setTimeout(
			() => {
				now--;
				const orders = Array.from({ length: 10 }, (_, index) => ({ _id: `${page}-${index}` }));
				response.end(
					JSON.stringify({ orders, pagination: { totalPages: 20, hasMore: page < 20 } }),
				);
			},
			page % 3 === 0 ? 40 : 10,
		);
	});
	servers.push(server);
	const ids = (await all(server, 'page')).map(({ _id }) => _id);
	expect(ids).toEqual(
		Array.from({ length: 200 }, (_, index) => `${Math.floor(index / 10) + 1}-${index % 10}`),
	);
	expect(most).toBe(standardLimits.inFlight);
});

test('a record that moves to the next page while the list is read is returned once, and none is lost', async () => {
	const server = await listing({
		paging: 'page',
		total: 250,
		cap: 100,
		tells: 'everything',
		withIds: true,
		grows: 2,
	});
	const ids = (await all(server, 'page')).map(({ _id }) => _id);
	expect(new Set(ids).size).toBe(ids.length);
	expect(ids).toEqual(Array.from({ length: 250 }, (_, index) => `r${index}`));
});

test('equal records without ids are all kept', async () => {
	const server = await startFaultServer((_, response) =>
		response.end(JSON.stringify([{ a: 1 }, { a: 1 }])),
	);
	servers.push(server);
	expect(await all(server, 'none')).toEqual([{ a: 1 }, { a: 1 }]);
});

describe.each(['page', 'offset'] as const)(
	'a server that repeats its page for ever: %s',
	(paging) => {
		test('and says that there is more: an error, after few requests', async () => {
			const server = await listing({
				paging,
				total: 300,
				cap: 50,
				tells: 'hasMore',
				withIds: true,
				repeats: true,
			});
			const { message } = await rejection(all(server, paging));
			expect(message).toBe(
				'Pocketsflow gives the same page of /list again and again. 50 different records were read.',
			);
			expect(server.seen).toHaveLength(3);
		});

		test('and says nothing: it ignores paging, all is read', async () => {
			const server = await listing({
				paging,
				total: 30,
				cap: 50,
				tells: 'nothing',
				withIds: false,
				repeats: true,
			});
			expect(await all(server, paging)).toHaveLength(30);
			expect(server.seen).toHaveLength(2);
		});
	},
);

test('an error on a page read ahead is the error of the list', async () => {
	const server = await startFaultServer((request, response) => {
		const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page'));
		if (page > 3) return response.writeHead(400).end(JSON.stringify({ error: `No page ${page}` }));
		return response.end(
			JSON.stringify({ orders: [{ _id: `${page}` }], pagination: { totalPages: 9 } }),
		);
	});
	servers.push(server);
	expect((await rejection(all(server, 'page'))).message).toMatch(/^No page 4\. /);
});

test.each([
	['nothing', ''],
	['an error with status 200', '{"error":"temporarily unavailable"}'],
	['an empty page', '{"orders":[],"pagination":{"totalPages":9,"hasMore":true}}'],
])('%s in the middle of a list is no end of it', async (_what, answer) => {
	const server = await startFaultServer((request, response) => {
		const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page'));
		const orders = [{ _id: `${page}` }];
		response.end(
			page === 3
				? answer
				: JSON.stringify({ orders, pagination: { totalPages: 9, hasMore: page < 9 } }),
		);
	});
	servers.push(server);
	expect((await rejection(all(server, 'page'))).message).toMatch(
		/^Pocketsflow answered GET \/list with /,
	);
});

test.each(['page', 'offset'] as const)(
	'pages can be read on from where an earlier reading ended: %s',
	async (paging) => {
		const setting: Listing = { paging, total: 120, cap: 50, tells: 'nothing', withIds: true };
		const server = await listing(setting);
		const read: IDataObject[] = [];
		let first: number | undefined = 1;
		while (first !== undefined) {
			for await (const { records, next } of readPages(contextFor(server.url), listOf(paging), {
				first,
				limits: quick,
			})) {
				read.push(...records);
				first = next;
				break;
			}
		}
		expect(read).toEqual(recordsOf(setting));
	},
);
