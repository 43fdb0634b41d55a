import { createContext, quickLimits, catchError } from './fixtures';

import type { IDataObject } from 'n8n-workflow';
import fc from 'fast-check';

import { defaultLimits } from '../../../nodes/Pocketsflow/transport/limits';
import { readList, readPages } from '../../../nodes/Pocketsflow/transport/pagination';
import { lists, type ListEndpoint, type Paging } from '../../../nodes/Pocketsflow/api/lists';
import { createModel } from '../../model/pocketsflow';
import { serve } from '../../model/serve';
import { startFaultServer, type FaultServer } from './faultServer';

/** A list as a server has it and pages it. */
interface ServedList {
	paging: Paging;
	total: number;
	/** The most that the server gives per page, whatever it is asked. */
	cap: number;
	/** What it says about the whole list. */
	says: 'everything' | 'totalPages' | 'hasMore' | 'nothing';
	withIds: boolean;
	/** Says so as text: `"57"`, `"true"`. */
	asText?: boolean;
	/** Ignores which page it is asked for. */
	repeats?: boolean;
	/** Puts a new record in front before it answers this request (from 1). */
	grows?: number;
}

const buildRecords = ({ total, withIds }: ServedList): IDataObject[] =>
	Array.from({ length: total }, (_, index) => (withIds ? { _id: `r${index}` } : { row: index }));

const buildList = (paging: Paging): ListEndpoint => ({
	method: paging === 'pageInBody' ? 'POST' : 'GET',
	path: '/list',
	paging,
	keys: ['orders'],
});

let servers: FaultServer[] = [];

afterEach(async () => {
	await Promise.all(servers.map(async (server) => await server.close()));
	servers = [];
});

/** Starts a server that lists as asked, in the forms of docs/pocketsflow-api.md#lists-and-paging. */
async function startListServer(setting: ServedList): Promise<FaultServer> {
	const { paging, cap, says, asText, repeats, grows } = setting;
	const records = buildRecords(setting);
	const server = await startFaultServer((request, response) => {
		let body = '';
		request.on('data', (chunk) => (body += chunk));
		request.on('end', () => {
			if (server.received.length === grows) records.unshift({ _id: 'new' });
			const query = Object.fromEntries(new URL(request.url ?? '', 'http://x').searchParams);
			const asked = (paging === 'pageInBody' ? JSON.parse(body || '{}') : query) as Record<
				string,
				string
			>;
			// One that gives its list whole says so of it, too.
			const size =
				paging === 'none'
					? Math.max(records.length, 1)
					: Math.min(Number(asked.pageSize ?? asked.limit ?? Infinity), cap);
			const start = repeats
				? 0
				: paging === 'offset'
					? Number(asked.offset)
					: (Number(asked.page ?? 1) - 1) * size;
			const rows = paging === 'none' ? records : records.slice(start, start + size);
			const totalPages = Math.ceil(records.length / size);
			const hasMore = repeats ? true : start + size < records.length;
			const pagination = {
				everything: { totalCount: records.length, totalPages, pageSize: size, hasMore },
				totalPages: { totalPages },
				hasMore: { hasMore },
				nothing: undefined,
			}[says];
			const write = (_: string, value: unknown) =>
				typeof value === 'object' || !asText ? value : String(value);
			const told = pagination && (JSON.parse(JSON.stringify(pagination, write)) as IDataObject);
			response.end(JSON.stringify(told ? { orders: rows, pagination: told } : rows));
		});
	});
	servers.push(server);
	return server;
}

const readAll = async (server: FaultServer, paging: Paging, limit?: number) =>
	await readList(createContext(server.url), buildList(paging), {
		limit,
		itemIndex: 0,
		limits: quickLimits,
	});

test('A list of every form, whatever it says about its pages, is read in order, each record once', async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.record({
				paging: fc.constantFrom<Paging>('none', 'page', 'pageInBody', 'offset'),
				total: fc.integer({ min: 0, max: 260 }),
				cap: fc.constantFrom(7, 20, 50, 100, 1_000),
				says: fc.constantFrom<ServedList['says']>('everything', 'totalPages', 'hasMore', 'nothing'),
				withIds: fc.boolean(),
				asText: fc.boolean(),
			}),
			fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
			async (setting, limit) => {
				const server = await startListServer(setting);
				expect(await readAll(server, setting.paging, limit)).toEqual(
					buildRecords(setting).slice(0, limit),
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
] as Array<[Paging, ServedList['says'], number, number]>)(
	'A list with paging "%s" that says %s about itself: reading %i records takes %i requests',
	async (paging, says, limit, requests) => {
		const server = await startListServer({ paging, total: 1_000, cap: 100, says, withIds: true });
		expect(await readAll(server, paging, limit)).toHaveLength(limit);
		expect(server.received).toHaveLength(requests);
	},
);

test('The end of a list that says how many pages it has takes no extra request', async () => {
	const server = await startListServer({
		paging: 'page',
		total: 500,
		cap: 50,
		says: 'everything',
		withIds: true,
	});
	expect(await readAll(server, 'page')).toHaveLength(500);
	expect(server.received).toHaveLength(10);
});

test('Following pages are requested side by side, as many as may be in flight, and come in order', async () => {
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
			// Long enough that on a busy machine, too, all that may be in flight arrive before the first is answered.
			page % 3 === 0 ? 600 : 400,
		);
	});
	servers.push(server);
	const ids = (await readAll(server, 'page')).map(({ _id }) => _id);
	expect(ids).toEqual(
		Array.from({ length: 200 }, (_, index) => `${Math.floor(index / 10) + 1}-${index % 10}`),
	);
	expect(most).toBe(defaultLimits.maxInFlightPerRun);
});

test('A record that moves to the next page while the list is read is returned once, and none is lost', async () => {
	const server = await startListServer({
		paging: 'page',
		total: 250,
		cap: 100,
		says: 'everything',
		withIds: true,
		grows: 2,
	});
	const ids = (await readAll(server, 'page')).map(({ _id }) => _id);
	expect(new Set(ids).size).toBe(ids.length);
	expect(ids).toEqual(Array.from({ length: 250 }, (_, index) => `r${index}`));
});

test('Equal records without IDs are all kept', async () => {
	const server = await startFaultServer((_, response) =>
		response.end(JSON.stringify([{ a: 1 }, { a: 1 }])),
	);
	servers.push(server);
	expect(await readAll(server, 'none')).toEqual([{ a: 1 }, { a: 1 }]);
});

describe.each(['page', 'offset'] as const)(
	'A server that repeats its page forever (paging "%s")',
	(paging) => {
		test('a list that repeats its page is an error after a few requests if it announces more', async () => {
			const server = await startListServer({
				paging,
				total: 300,
				cap: 50,
				says: 'hasMore',
				withIds: true,
				repeats: true,
			});
			const { message } = await catchError(readAll(server, paging));
			expect(message).toBe(
				'Pocketsflow keeps returning the same page of /list. 50 different records were read.',
			);
			expect(server.received).toHaveLength(3);
		});

		test('a list that repeats its page has been read whole if it announces nothing more', async () => {
			const server = await startListServer({
				paging,
				total: 30,
				cap: 50,
				says: 'nothing',
				withIds: false,
				repeats: true,
			});
			expect(await readAll(server, paging)).toHaveLength(30);
			expect(server.received).toHaveLength(2);
		});
	},
);

test('An error on a page that was requested ahead is the error of the list', async () => {
	const server = await startFaultServer((request, response) => {
		const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page'));
		if (page > 3) return response.writeHead(400).end(JSON.stringify({ error: `No page ${page}` }));
		return response.end(
			JSON.stringify({ orders: [{ _id: `${page}` }], pagination: { totalPages: 9 } }),
		);
	});
	servers.push(server);
	expect((await catchError(readAll(server, 'page'))).message).toMatch(/^No page 4\.$/);
});

test.each([
	['an empty body', '', 'Pocketsflow did not return the requested data.'],
	['an error with status 200', '{"error":"temporarily unavailable"}', 'temporarily unavailable.'],
	[
		'an empty page',
		'{"orders":[],"pagination":{"totalPages":9,"hasMore":true}}',
		'Pocketsflow returned an empty page in the middle of a list (GET /list)',
	],
])(
	'The middle of a list answered with %s is an error, not the end of the list',
	async (_what, answer, message) => {
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
		expect((await catchError(readAll(server, 'page'))).message).toBe(message);
	},
);

test.each(['page', 'offset'] as const)(
	'Pages can be read on from where an earlier reading ended (paging "%s")',
	async (paging) => {
		const setting: ServedList = { paging, total: 120, cap: 50, says: 'nothing', withIds: true };
		const server = await startListServer(setting);
		const read: IDataObject[] = [];
		let first: number | undefined = 1;
		while (first !== undefined) {
			for await (const { records, next } of readPages(
				createContext(server.url),
				buildList(paging),
				{
					first,
					limits: quickLimits,
				},
			)) {
				read.push(...records);
				first = next;
				break;
			}
		}
		expect(read).toEqual(buildRecords(setting));
	},
);

describe('a list whose statements about its pages disagree', () => {
	const orders = Array.from({ length: 45 }, (_, index) => ({ _id: `r${index}` }));

	/** Serves twenty records on a page with these statements; by default, each page it is asked for. */
	async function readOrders(paging: Paging, said: object, honorsPage = true) {
		const server = await startFaultServer((request, response) => {
			const { searchParams } = new URL(request.url ?? '', 'http://x');
			const page = honorsPage ? Number(searchParams.get('page') ?? 1) : 1;
			const start = Number(searchParams.get('offset') ?? (page - 1) * 20);
			const rows = orders.slice(start, start + 20);
			response.end(JSON.stringify({ orders: rows, ...said }));
		});
		servers.push(server);
		return { server, records: readAll(server, paging) };
	}

	it.each<[Paging, object]>([
		['page', { pagination: { hasMore: false, totalCount: 45 } }],
		['page', { pagination: { hasMore: false, totalPages: 3 } }],
		['page', { pagination: { hasMore: 'false', totalCount: '45' } }],
		['page', { pagination: { totalPages: 1, totalCount: 45 } }],
		['page', { hasMore: false, total: 45 }],
		['offset', { pagination: { hasMore: false, totalCount: 45 } }],
		['none', { pagination: { hasMore: false, totalCount: 45 } }],
		['none', { pagination: { hasMore: false, totalPages: 3 } }],
	])('a list with paging "%s" that says %j is read to its end', async (paging, said) => {
		const { records } = await readOrders(paging, said);
		expect(await records).toEqual(orders);
	});

	it.each<[Paging, object]>([
		['page', { pagination: { hasMore: false, totalCount: 45 } }],
		['page', { pagination: { hasMore: false, totalPages: 3 } }],
		['none', { pagination: { hasMore: false, totalCount: 45 } }],
		['none', { pagination: { totalPages: 3 } }],
	])(
		'a list with paging "%s" that says %j and repeats its page is an error',
		async (paging, said) => {
			const { records } = await readOrders(paging, said, false);
			expect((await catchError(records)).message).toBe(
				'Pocketsflow keeps returning the same page of /list. 20 different records were read.',
			);
		},
	);

	it('a finished list with a total that is too large, as of a list without filters, is read whole', async () => {
		const { records } = await readOrders('page', {
			pagination: { hasMore: false, totalCount: 90 },
		});
		expect(await records).toEqual(orders);
	});

	it.each(['right', 'absent', 'alwaysFalse'] as const)(
		'a list of the model with "hasMore" %s is read whole with any count that it gives',
		async (hasMore) => {
			for (const totalCount of ['exact', 'wholeList', 'text', 'changing'] as const) {
				const switches = { hasMore, totalCount, pageSize: 'capped' } as const;
				const model = createModel({ switches, seed: 7, now: Date.now });
				for (let n = 0; n < 45; n++) model.sell();
				const read = async (url: string) => await readList(createContext(url), lists.orders);
				expect(await serve(model, read)).toHaveLength(45);
			}
		},
	);
});

describe('a list that is believed to come whole', () => {
	const products = Array.from({ length: 45 }, (_, index) => ({ _id: `r${index}` }));

	/** Serves twenty records on a page, and says of the list what `describe` gives. */
	async function readProducts(
		describe: (page: number) => object,
		honorsPage = true,
	): Promise<{ records: Promise<IDataObject[]>; server: FaultServer }> {
		const server = await startFaultServer((request, response) => {
			const { searchParams } = new URL(request.url ?? '', 'http://x');
			const page = honorsPage ? Number(searchParams.get('page') ?? 1) : 1;
			const orders = products.slice((page - 1) * 20, page * 20);
			response.end(JSON.stringify({ orders, ...describe(page) }));
		});
		servers.push(server);
		const context = createContext(server.url);
		return { server, records: readList(context, buildList('none'), { limits: quickLimits }) };
	}

	it.each<[string, (page: number) => object]>([
		['there is more', (page) => ({ pagination: { hasMore: page < 3 } })],
		['it has 45 records', () => ({ pagination: { totalCount: 45 } })],
		['it has three pages', () => ({ pagination: { totalPages: 3 } })],
		['there is more, as text', (page) => ({ pagination: { hasMore: String(page < 3) } })],
		['it has 45 records, as text', () => ({ pagination: { totalCount: '45' } })],
		['it has three pages, as text', () => ({ pagination: { totalPages: '3' } })],
		['it has 45 records, under "total"', () => ({ total: 45 })],
		['it has 45 records, under "count"', () => ({ count: 45 })],
		['it has 45 records, under "meta"', () => ({ meta: { total: 45 } })],
		['there is more, under "has_more"', (page) => ({ has_more: page < 3 })],
		['there is a next page', (page) => ({ links: { next: page < 3 ? '/list?next' : null } })],
	])('a list is read further if the response says that %s', async (_, describe) => {
		const { records, server } = await readProducts(describe);
		expect(await records).toEqual(products);
		expect(server.received.map(({ url }) => url)).toEqual([
			'/list',
			'/list?page=2',
			'/list?page=3',
		]);
	});

	it.each([
		{ pagination: { totalCount: 45 } },
		{ pagination: { totalPages: 3 } },
		{ total: 45 },
		{ count: 45 },
		{ has_more: true },
		{ next: '/list?page=2' },
		{ meta: { total: 45 } },
	])('a list that announces more with %j but returns nothing new is refused', async (said) => {
		const { records } = await readProducts(() => said, false);
		expect((await catchError(records)).message).toBe(
			'Pocketsflow keeps returning the same page of /list. 20 different records were read.',
		);
	});

	it('a list is requested once if the response announces nothing more', async () => {
		const { records, server } = await readProducts(() => ({ pagination: { hasMore: false } }));
		expect(await records).toHaveLength(20);
		expect(server.received).toHaveLength(1);
	});

	it('a list is read to its count even if a page in its middle is short', async () => {
		const server = await startFaultServer((request, response) => {
			const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page') ?? 1);
			const orders = [products.slice(0, 20), products.slice(20, 25), products.slice(25)][page - 1];
			response.end(JSON.stringify({ orders, pagination: { totalCount: 45 } }));
		});
		servers.push(server);
		const context = createContext(server.url);
		const records = await readList(context, buildList('none'), { limits: quickLimits });
		expect(records).toEqual(products);
	});

	it('a list of the model whose page counts are text is read to its end', async () => {
		const switches = { totalCount: 'text', envelope: 'swappedPaged', pageSize: 'ignored' } as const;
		const model = createModel({ switches, seed: 7, now: Date.now });
		for (let n = 0; n < 44; n++) model.addProduct();
		const read = async (url: string) => await readList(createContext(url), lists.products);
		expect(await serve(model, read)).toHaveLength(45);
	});
});
