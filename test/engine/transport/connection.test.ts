import {
	allOf,
	bareNode,
	contextFor,
	key,
	operations,
	quick,
	rejection,
	selfSigned,
	setupFor,
} from './setting';

import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

import { accountOf } from '../../../nodes/Pocketsflow/transport/credential';
import { retryAfter } from '../../../nodes/Pocketsflow/transport/attempt';
import { backoff, inWords } from '../../../nodes/Pocketsflow/transport/limits';
import type { PocketsflowContext } from '../../../nodes/Pocketsflow/api/request';
import { send } from '../../../nodes/Pocketsflow/transport/send';
import { executeContext, loadOptionsContext } from '../../harness/engine/context';
import { json, startFaultServer, text } from './fault-server';

const { read, create, delete: remove } = operations;

const get = async (context: PocketsflowContext) =>
	await send(context, read.request, 'read', 0, { limits: quick });

async function withServer(
	behaviours: Parameters<typeof startFaultServer>[0],
	work: (server: Awaited<ReturnType<typeof startFaultServer>>) => Promise<void>,
	tls?: { key: string; cert: string },
) {
	const server = await startFaultServer(behaviours, tls);
	try {
		await work(server);
	} finally {
		await server.close();
	}
}

test('what is sent: key, path, query and body; nothing for what is not set', async () => {
	let body = '';
	await withServer(
		(request, response) => {
			request.on('data', (chunk) => (body += chunk)).on('end', () => response.end('{"_id":"abc"}'));
		},
		async (server) => {
			const answer = await send(
				contextFor(`${server.url}///`),
				{
					method: 'POST',
					path: '/products',
					query: { a: 1, b: undefined, c: 'x y' },
					body: { name: 'Ebook', description: undefined, price: 0, published: false },
				},
				'create',
			);
			expect(answer).toEqual({ _id: 'abc' });
			expect(server.seen).toMatchObject([
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
])('an answer compressed with %s', async (encoding, compress) => {
	const body = compress(Buffer.from(JSON.stringify({ name: 'Ébook ✓' })));
	await withServer(
		(_, response) => response.writeHead(200, { 'content-encoding': encoding }).end(body),
		async ({ url }) => expect(await get(contextFor(url))).toEqual({ name: 'Ébook ✓' }),
	);
});

test('a small compressed answer that unfolds beyond the limit is not taken in', async () => {
	const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, ' '));
	await withServer(
		(_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
		async ({ url, seen }) => {
			const { message } = await rejection(send(contextFor(url), read.request, 'read'));
			expect(message).toContain('The answer is larger than 64 MB');
			expect(seen).toHaveLength(1);
		},
	);
});

test.each([
	['an empty body', 204, ''],
	['white space', 200, ' \n'],
])('%s answers an empty record', async (_, status, body) => {
	await withServer(text(status, body), async ({ url }) => {
		expect(await get(contextFor(url))).toEqual({});
		expect(await send(contextFor(url), remove.request, 'change')).toEqual({});
	});
});

test('JSON is JSON, whatever its content type and with a byte order mark', async () => {
	await withServer(
		text(200, '\uFEFF[{"_id":"abc"}]', { 'content-type': 'text/plain' }),
		async ({ url }) => {
			expect(await get(contextFor(url))).toEqual([{ _id: 'abc' }]);
		},
	);
});

test('a redirect on the same host is followed with the key, to the address it names', async () => {
	await withServer(
		[
			(_, response) => response.writeHead(301, { location: '/v2/products/abc?full=1' }).end(),
			json(200, { _id: 'abc' }),
		],
		async (server) => {
			expect(await get(contextFor(server.url))).toEqual({ _id: 'abc' });
			expect(server.seen[1]).toMatchObject({
				url: '/v2/products/abc?full=1',
				key: `Bearer ${key}`,
			});
		},
	);
});

describe('the credential', () => {
	const withCredential = (credential: Record<string, unknown>) =>
		executeContext({
			...setupFor('http://127.0.0.1:9'),
			credential: { apiKey: key, baseUrl: 'http://127.0.0.1:9', ...credential },
		});

	test.each([
		'',
		'sk_live_1234567890',
		'whsec_secretsecret',
		'Bearer pk_live_secretsecret',
		'pk_test_',
		'pk_live_with space',
		'pk_live_a\nb',
	])('a key that cannot be one is refused and not told: %j', async (apiKey) => {
		const error = await rejection(get(withCredential({ apiKey })));
		expect(error.constructor.name).toBe('NodeOperationError');
		expect(error.message).toBe(
			'The API key in the credential "Pocketsflow account" is not a Pocketsflow key: it must begin with pk_live_ or pk_test_',
		);
		if (apiKey.length > 8) expect(allOf(error)).not.toContain(apiKey);
	});

	test('a key pasted with white space around it works, and its prefix is the mode', async () => {
		expect(await accountOf(withCredential({ apiKey: '  pk_live_abc\n' }))).toMatchObject({
			apiKey: 'pk_live_abc',
			mode: 'live',
		});
	});

	test.each([
		'api.pocketsflow.com',
		'ftp://127.0.0.1',
		'http://',
		'https://user:word@127.0.0.1',
		'https://127.0.0.1/?a=1',
	])('a Base URL that is no plain web address is refused: %s', async (baseUrl) => {
		const { message } = await rejection(get(withCredential({ baseUrl })));
		expect(message).toBe(
			'The Base URL in the credential "Pocketsflow account" is not a web address',
		);
	});

	test.each([
		['127.0.0.1', true],
		['api.pocketsflow.com, 127.0.0.1', true],
		['*.0.0.1', true],
		['api.pocketsflow.com', false],
		['', false],
	])('allowed domains "%s" let the test server through: %s', async (allowedDomains, isAllowed) => {
		await withServer(json(200, { _id: 'abc' }), async ({ url, seen }) => {
			const context = withCredential({
				baseUrl: url,
				allowedHttpRequestDomains: 'domains',
				allowedDomains,
			});
			if (isAllowed) expect(await get(context)).toEqual({ _id: 'abc' });
			else
				expect((await rejection(get(context))).message).toMatch(
					/does not allow requests to 127\.0\.0\.1$/,
				);
			expect(seen).toHaveLength(isAllowed ? 1 : 0);
		});
	});

	test('the address of Pocketsflow itself is always allowed, as in n8n for the endpoint of a node', async () => {
		const context = withCredential({
			baseUrl: '',
			allowedHttpRequestDomains: 'domains',
			allowedDomains: 'x.com',
		});
		expect(await accountOf(context)).toMatchObject({ baseUrl: 'https://api.pocketsflow.com' });
	});

	test('ignoring SSL issues accepts a certificate of unknown origin', async () => {
		await withServer(
			json(200, { _id: 'abc' }),
			async ({ url }) => {
				const context = withCredential({ baseUrl: url, ignoreSslIssues: true });
				expect(await get(context)).toEqual({ _id: 'abc' });
			},
			selfSigned(),
		);
	});

	test('it is read once for all requests of a run', async () => {
		await withServer(json(200, {}), async ({ url }) => {
			const context = contextFor(url);
			const reads = jest.spyOn(context, 'getCredentials');
			await accountOf(context);
			await accountOf(context);
			expect(reads).toHaveBeenCalledTimes(1);
		});
	});
});

test("n8n's proxy setting is used", async () => {
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
		await withServer(json(200, { _id: 'abc' }), async ({ url }) => {
			expect(await get(contextFor(url))).toEqual({ _id: 'abc' });
			expect(through).toEqual([`${url}/products/abc?email=buyer%40example.com`]);
		});
	} finally {
		delete process.env.HTTP_PROXY;
		proxy.closeAllConnections();
		proxy.close();
	}
});

test('a context of list searches sends too', async () => {
	await withServer(json(200, { _id: 'abc' }), async ({ url }) => {
		expect(await get(loadOptionsContext({ ...setupFor(url), node: bareNode }))).toEqual({
			_id: 'abc',
		});
	});
});

test('a create is not sent at all when its body cannot be one', async () => {
	await withServer(json(200, {}), async ({ url, seen }) => {
		const loop: Record<string, unknown> = {};
		loop.self = loop;
		const request = { ...create.request, body: loop as never };
		const error = await rejection(send(contextFor(url), request, 'create', 0, { limits: quick }));
		expect(error.context.outcome).toBeUndefined();
		expect(seen).toHaveLength(0);
	});
});

test('Retry-After in seconds, as a date, or not at all', () => {
	const now = Date.UTC(2026, 10, 23, 12, 0, 0);
	expect(retryAfter('7', now)).toBe(7_000);
	expect(retryAfter(' 0 ', now)).toBe(0);
	expect(retryAfter(new Date(now + 90_000).toUTCString(), now)).toBe(90_000);
	expect(retryAfter(new Date(now - 90_000).toUTCString(), now)).toBe(0);
	for (const header of [undefined, '', 'soon', '-1 apples', ['1']]) {
		expect(retryAfter(header, now)).toBeUndefined();
	}
});

test('pauses double, keep half to chance and stay within a minute', () => {
	for (const count of [1, 2, 5, 30]) {
		const full = Math.min(1_000 * 2 ** (count - 1), 60_000);
		for (let i = 0; i < 100; i++) {
			const pause = backoff(1_000, count);
			expect(pause).toBeGreaterThanOrEqual(full / 2);
			expect(pause).toBeLessThanOrEqual(full);
		}
	}
});

test('durations in words', () => {
	expect([400, 1_000, 30_000, 90_000, 300_000, 86_400_000].map(inWords)).toEqual([
		'0.4 seconds',
		'1 second',
		'30 seconds',
		'90 seconds',
		'5 minutes',
		'24 hours',
	]);
});
