/** @jest-environment node */
import {
	bareNode,
	buildSetup,
	catchError,
	createContext,
	key,
	operations,
	quickLimits,
} from './fixtures';

import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

import { hasId, unwrapRecord } from '../../../nodes/Pocketsflow/api/responses';
import type { PocketsflowContext } from '../../../nodes/Pocketsflow/transport/credential';
import { send } from '../../../nodes/Pocketsflow/transport/send';
import { createLoadOptionsContext } from '../../harness/engine/context';
import { json, text, withFaultServer } from './faultServer';
import { buildMessages, operationNames, unknownOutcome } from './faultTable';

const { read, create, delete: remove } = operations;

const readProduct = async (context: PocketsflowContext) =>
	await send(context, read.request, 'read', 0, { limits: quickLimits });

test('A request carries key, path, query and body, and nothing for what is not set', async () => {
	let body = '';
	await withFaultServer(
		(request, response) => {
			request.on('data', (chunk) => (body += chunk)).on('end', () => response.end('{"_id":"abc"}'));
		},
		async (server) => {
			const answer = await send(
				createContext(`${server.url}///`),
				{
					method: 'POST',
					path: '/products',
					query: { a: 1, b: undefined, c: 'x y' },
					body: { name: 'Ebook', description: undefined, price: 0, published: false },
				},
				'create',
			);
			expect(answer).toEqual({ _id: 'abc' });
			expect(server.received).toMatchObject([
				{
					method: 'POST',
					url: expect.stringMatching(/^\/products\?a=1&c=x(%20|\+)y$/),
					key: `Bearer ${key}`,
				},
			]);
			expect(JSON.parse(body)).toEqual({ name: 'Ebook', price: 0, published: false });
		},
	);
});

test.each([
	['gzip', gzipSync],
	['deflate', deflateSync],
	['br', brotliCompressSync],
])('A response compressed with %s is read', async (encoding, compress) => {
	const body = compress(Buffer.from(JSON.stringify({ name: 'Ébook ✓' })));
	await withFaultServer(
		(_, response) => response.writeHead(200, { 'content-encoding': encoding }).end(body),
		async ({ url }) => expect(await readProduct(createContext(url))).toEqual({ name: 'Ébook ✓' }),
	);
});

test('A small compressed response that unfolds beyond the size limit is refused', async () => {
	const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, ' '));
	await withFaultServer(
		(_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
		async ({ url, received }) => {
			const { message } = await catchError(send(createContext(url), read.request, 'read'));
			expect(message).toContain('The response is larger than 64 MB');
			expect(received).toHaveLength(1);
		},
	);
});

test.each([
	['an empty body', 204, ''],
	['white space', 200, ' \n'],
])('A response with %s is read as an empty record', async (_, status, body) => {
	await withFaultServer(text(status, body), async ({ url }) => {
		expect(await readProduct(createContext(url))).toEqual({});
		expect(await send(createContext(url), remove.request, 'change')).toEqual({});
	});
});

test('JSON is parsed whatever its content type, and with a byte order mark', async () => {
	await withFaultServer(
		text(200, '\uFEFF[{"_id":"abc"}]', { 'content-type': 'text/plain' }),
		async ({ url }) => {
			expect(await readProduct(createContext(url))).toEqual([{ _id: 'abc' }]);
		},
	);
});

test('A redirect on the same host is followed with the key, to the address that it names', async () => {
	await withFaultServer(
		[
			(_, response) => response.writeHead(301, { location: '/v2/products/abc?full=1' }).end(),
			json(200, { _id: 'abc' }),
		],
		async (server) => {
			expect(await readProduct(createContext(server.url))).toEqual({ _id: 'abc' });
			expect(server.received[1]).toMatchObject({
				url: '/v2/products/abc?full=1',
				key: `Bearer ${key}`,
			});
		},
	);
});

test("Requests go through the proxy of n8n's settings", async () => {
	const through: string[] = [];
	const proxy = createServer((request, response) => {
		through.push(request.url ?? '');
		const { method, headers } = request;
		request.pipe(
			httpRequest(request.url ?? '', { method, headers }, (answer) => {
				response.writeHead(answer.statusCode ?? 500, answer.headers);
				answer.pipe(response);
			}),
		);
	});
	await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
	process.env.HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
	try {
		await withFaultServer(json(200, { _id: 'abc' }), async ({ url }) => {
			expect(await readProduct(createContext(url))).toEqual({ _id: 'abc' });
			expect(through).toEqual([`${url}/products/abc?email=buyer%40example.com`]);
		});
	} finally {
		delete process.env.HTTP_PROXY;
		proxy.closeAllConnections();
		proxy.close();
	}
});

test('Requests can be sent from the context of a list search', async () => {
	await withFaultServer(json(200, { _id: 'abc' }), async ({ url }) => {
		expect(
			await readProduct(createLoadOptionsContext({ ...buildSetup(url), node: bareNode })),
		).toEqual({
			_id: 'abc',
		});
	});
});

test('A create whose body cannot become JSON is not sent at all', async () => {
	await withFaultServer(json(200, {}), async ({ url, received }) => {
		const loop: Record<string, unknown> = {};
		loop.self = loop;
		const request = { ...create.request, body: loop as never };
		const error = await catchError(
			send(createContext(url), request, 'create', 0, { limits: quickLimits }),
		);
		expect(error.context.outcome).toBeUndefined();
		expect(received).toHaveLength(0);
	});
});

const errorBodies: Array<[unknown, string]> = [
	[{ error: 'Store is closed', code: 'CLOSED' }, 'Store is closed.'],
	[{ success: false, message: 'Not today' }, 'Not today.'],
	[
		{ success: false },
		'Pocketsflow did not return the requested data. It returned {"success":false}.',
	],
	[{ error: { message: 'Store is closed' } }, 'Store is closed.'],
	[{ errors: [{ message: 'Store is closed' }] }, 'Store is closed.'],
	[{ errors: { price: ['must be a number'] } }, 'price: must be a number.'],
	[{ ok: false, detail: 'Store is closed' }, 'Store is closed.'],
	[{ status: 'error', reason: 'Store is closed' }, 'Store is closed.'],
	[{ status: 'fail', data: null, message: 'Store is closed' }, 'Store is closed.'],
	[{ statusCode: 400, message: ['price must be a number'] }, 'price must be a number.'],
	[{ data: { success: false }, message: 'Store is closed' }, 'Store is closed.'],
];

test.each(errorBodies)('A success with the body %j is an error', async (body, message) => {
	await withFaultServer(json(200, body), async ({ url, received }) => {
		for (const name of operationNames) {
			const { request, effect } = operations[name];
			const error = await catchError(
				send(createContext(url), request, effect, 0, { limits: quickLimits }),
			);
			expect(error.message).toBe(buildMessages(message)[name]);
			expect(error.context.outcome).toBe(name === 'read' ? undefined : 'unknown');
		}
		expect(received).toHaveLength(operationNames.length);
	});
});

test.each([
	{ error: null, _id: 'abc' },
	{ message: 'Deleted' },
	{ error: '', success: true },
	{ errors: [], ok: true, status: 'ok', message: 'Deleted' },
	{ errors: {}, status: 'active' },
	[],
])('A success with the body %j does not count as an error', async (body) => {
	await withFaultServer(json(200, body), async ({ url }) => {
		expect(await send(createContext(url), remove.request, 'change')).toEqual(body);
	});
});

const refusedRecords = [
	{ _id: 'abc', error: 'card_declined', success: false },
	{ id: 'x', status: 'error', errors: ['card_declined'] },
];

test.each(refusedRecords)(
	'The record %j is data for a read, but a failure for everything else',
	async (body) => {
		await withFaultServer(json(200, body), async ({ url, received }) => {
			for (const name of operationNames) {
				const { request, effect } = operations[name];
				const sent = send(createContext(url), request, effect, 0, { limits: quickLimits });
				if (name === 'read') expect(await sent).toEqual(body);
				else expect((await catchError(sent)).message).toBe(buildMessages('card_declined.')[name]);
			}
			expect(received).toHaveLength(operationNames.length);
		});
	},
);

test.each([{}, [], null, 'ok', 7, { message: 'Done' }, { _id: '' }, [{ _id: 'abc' }]])(
	'A success with the body %j does not bring the record that it is for',
	async (body) => {
		const isUsable = (answer: unknown) => hasId(unwrapRecord(answer, ['product']));
		await withFaultServer(json(201, body), async ({ url, received }) => {
			const { request } = create;
			const error = await catchError(
				send(createContext(url), request, 'create', 0, { limits: quickLimits, isUsable }),
			);
			expect(error.message).toMatch(/^Pocketsflow did not return the requested data/);
			expect(error.message).toContain(unknownOutcome);
			expect(error.context.outcome).toBe('unknown');
			expect(received).toHaveLength(1);
		});
	},
);

test('What to do about a missing record is said as it was given, with braces in an ID', async () => {
	const request = { ...read.request, ifNotFound: 'Check the ID {mode} and {host}' };
	await withFaultServer(json(404, {}), async ({ url }) => {
		const { description } = await catchError(send(createContext(url), request, 'read'));
		expect(description).toContain('Check the ID {mode} and {host}. GET /');
	});
});
