import './loud';

import {
	contextFor,
	key,
	operations,
	quick,
	rejection,
	allOf,
	writtenDuring,
	selfSigned,
	type ToldError,
} from './setting';

import { send } from '../../../nodes/Pocketsflow/transport/send';
import type { Limits } from '../../../nodes/Pocketsflow/transport/limits';
import {
	drip,
	gigabyte,
	halfAnswer,
	json,
	resetAfterBody,
	resetBeforeBody,
	silence,
	startDamagingProxy,
	startFaultServer,
	text,
	type Behaviour,
	type FaultServer,
} from './fault-server';

type Name = keyof typeof operations;

const names: Name[] = ['read', 'create', 'update', 'delete'];

interface Fault {
	name: string;
	/** What the server does; a string is a base URL at which there is none. */
	does: Behaviour | string;
	/** Requests that reach the server: of one operation each, or the same for all. */
	reach: number | Record<Name, number>;
	/** The message; that of an operation of its own where it differs. */
	says: string | Partial<Record<Name, string>>;
	evidence: string;
	limits?: Partial<Limits>;
	httpCode?: string;
}

const once = 1;
const onlyHarmless: Record<Name, number> = { read: 4, create: 1, update: 4, delete: 4 };

const unknown =
	'Whether this was carried out is unknown, and it was not sent again: look at Pocketsflow (test mode) before you repeat it.';

const perhapsDone = 'It may have been done all the same; doing it again is harmless.';

/** The same words for all, followed for a create by the warning and for the others by what to do. */
const orUnknown = (words: string, next: string): Record<Name, string> => ({
	read: `${words} ${next}`,
	create: `${words} ${unknown}`,
	update: `${words} ${next} ${perhapsDone}`,
	delete: `${words} ${next} ${perhapsDone}`,
});

const notProcessed = 'Pocketsflow could not process the request. Try again later.';
const checkId =
	'Check the ID: it must be of this account and made in test mode, as the API key is.';
const page =
	'<html><head><style>p{color:red}</style></head><body><h1>Bad gateway</h1>\n<p>The proxy is tired.</p></body></html>';

const answered = (status: number, says: string, next: string): Fault => ({
	name: String(status),
	does: json(status, { error: says, code: 'CODE' }),
	reach: once,
	says: `${says}. ${next}`.trim(),
	evidence: `answered ${status} (CODE)`,
	httpCode: String(status),
});

const failing = (
	name: string,
	does: Behaviour,
	words: string,
	evidence: string,
	next = notProcessed,
): Fault => ({
	name,
	does,
	reach: onlyHarmless,
	says: orUnknown(words, next),
	evidence,
});

const faults: Fault[] = [
	answered(
		400,
		'price must be a number',
		'Correct the field that Pocketsflow names and try again.',
	),
	answered(
		401,
		'Invalid API key',
		'Check the API key in the credential "Pocketsflow account": it is a test-mode key and may be revoked or mistyped.',
	),
	answered(
		403,
		'Not allowed',
		'The test-mode API key in the credential "Pocketsflow account" may not do this. Check at Pocketsflow what it is allowed to do.',
	),
	answered(404, 'Product not found', checkId),
	answered(409, 'Slug taken', 'It conflicts with what is at Pocketsflow already.'),
	answered(422, 'name is required', 'Correct the field that Pocketsflow names and try again.'),
	{
		name: '404 without words',
		does: text(404, ''),
		reach: once,
		says: `Not found. ${checkId}`,
		evidence: 'answered 404',
	},
	{
		name: '429 with Retry-After in seconds',
		does: json(429, { message: 'Slow down' }, { 'retry-after': '1' }),
		reach: 2,
		says: 'Slow down. The rate limit of Pocketsflow keeps this request waiting longer than the 1.9 seconds that it may. Try again later, or send fewer items at once.',
		evidence: 'answered 429',
		limits: { ...quick, patienceMs: 1_900 },
		httpCode: '429',
	},
	{
		name: '429 with a Retry-After beyond all patience',
		does: json(429, { message: 'Slow down' }, { 'retry-after': '86400' }),
		reach: 1,
		says: 'Slow down. Pocketsflow asks to wait 24 hours; this node waits at most 5 minutes. Try again later, or send fewer items at once.',
		evidence: 'answered 429',
		limits: {},
	},
	{
		name: '429 without Retry-After',
		does: json(429, { error: 'Too many requests' }),
		reach: 4,
		says: 'Too many requests. The rate limit of Pocketsflow keeps this request waiting longer than the 1.6 seconds that it may. Try again later, or send fewer items at once.',
		evidence: 'answered 429',
		// With jitter halved (below): pauses of 150, 300, 600 and 1,200 ms, the last beyond 1,600 in all.
		limits: { ...quick, firstPauseMs: 200, patienceMs: 1_600 },
	},
	failing('500', json(500, { error: 'Boom' }), 'Boom.', 'answered 500'),
	failing(
		'502 with a page',
		text(502, page),
		'Bad gateway: the answer is not JSON but begins "Bad gateway The proxy is tired.".',
		'answered 502',
	),
	failing('503', text(503, ''), 'Service unavailable.', 'answered 503'),
	failing(
		'reset before the body',
		resetBeforeBody,
		'HOST closed the connection without an answer.',
		'was not answered',
		'Try again later.',
	),
	failing(
		'reset after the body',
		resetAfterBody,
		'HOST closed the connection without an answer.',
		'was not answered',
		'Try again later.',
	),
	failing(
		'half an answer',
		halfAnswer,
		'The answer of HOST broke off or was damaged.',
		'began to answer 200',
		'Try again later.',
	),
	{
		...failing(
			'slow drip',
			drip,
			'HOST did not answer completely within 1 second.',
			'began to answer 200',
			'Try again later.',
		),
		limits: { ...quick, requestMs: 1_000 },
	},
	{
		...failing(
			'silence',
			silence,
			'HOST did not answer completely within 1 second.',
			'was not answered',
			'Try again later.',
		),
		limits: { ...quick, requestMs: 1_000 },
	},
	failing(
		'damaged compression',
		text(200, 'this is not gzip', { 'content-encoding': 'gzip' }),
		'The answer of HOST broke off or was damaged.',
		'began to answer 200',
		'Try again later.',
	),
	{
		name: '200 with a page',
		does: text(200, page),
		reach: once,
		says: orUnknown(
			'The answer is not JSON but begins "Bad gateway The proxy is tired.".',
			'Something other than Pocketsflow may have answered: check the Base URL in the credential "Pocketsflow account" and the proxy.',
		),
		evidence: 'answered 200',
	},
	{
		name: 'DNS failure',
		does: 'https://pocketsflow.invalid',
		reach: 0,
		says: 'The host name pocketsflow.invalid cannot be resolved. Check the Base URL in the credential "Pocketsflow account" and the network of n8n.',
		evidence: 'after 4 tries',
	},
	{
		name: 'connection refused',
		does: 'http://127.0.0.1:9',
		reach: 0,
		says: '127.0.0.1:9 refuses connections. Check the Base URL in the credential "Pocketsflow account" and the network of n8n.',
		evidence: 'was not answered (ECONNREFUSED), after 4 tries',
	},
	{
		name: 'redirect loop that changes nothing',
		does: (request, response) => void response.writeHead(307, { location: request.url }).end(),
		reach: 6,
		says: 'HOST redirects to PATH, which is not followed. Correct the Base URL in the credential "Pocketsflow account".',
		evidence: 'answered 307',
	},
	{
		name: 'redirect loop of the kind that forms use',
		does: (request, response) => void response.writeHead(302, { location: request.url }).end(),
		reach: { read: 6, create: 1, update: 1, delete: 1 },
		says: orUnknown(
			'HOST redirects to PATH, which is not followed.',
			'Correct the Base URL in the credential "Pocketsflow account".',
		),
		evidence: 'answered 302',
	},
];

const failed = async (name: Name, baseUrl: string, limits: Partial<Limits> = quick) => {
	const { request, effect } = operations[name];
	return await rejection(send(contextFor(baseUrl), request, effect, 3, { limits }));
};

/** Of each operation against a server of its own: what it was asked, and the error. */
async function suffer(does: Behaviour, limits?: Partial<Limits>) {
	return await Promise.all(
		names.map(async (name) => {
			const server = await startFaultServer(does);
			try {
				return { name, server, error: await failed(name, server.url, limits) };
			} finally {
				await server.close();
			}
		}),
	);
}

const hostOf = (url: string) => new URL(url).host;

function expectTold(name: Name, error: ToldError, fault: Fault, baseUrl: string) {
	const says = typeof fault.says === 'string' ? fault.says : fault.says[name];
	const { method, path } = operations[name].request;
	expect(error.message).toBe(says?.replace('HOST', hostOf(baseUrl)).replace('PATH', path));
	expect(error.description).toContain(`${method} ${path} `);
	expect(error.description).toContain(fault.evidence);
	expect(error.context.itemIndex).toBe(3);
	if (fault.httpCode) expect(error.httpCode).toBe(fault.httpCode);
	const isUnknown = error.message.includes(name === 'create' ? unknown : perhapsDone);
	expect(error.context.outcome).toBe(isUnknown ? 'unknown' : undefined);
	expect(error.description?.includes('Nothing was changed by it')).toBe(
		name !== 'read' && !isUnknown,
	);
}

function expectNoSecret(everything: string) {
	expect(everything).not.toContain(key.slice('pk_test_'.length));
	expect(everything).not.toContain('Sent in confidence');
	expect(everything).not.toContain('buyer@example.com');
}

afterEach(() => jest.restoreAllMocks());

describe('each fault, for a read, a create, an update and a delete', () => {
	test.each(faults)('$name', async (fault) => {
		jest.spyOn(Math, 'random').mockReturnValue(0.5);
		let errors: ToldError[] = [];
		const written = await writtenDuring(async () => {
			if (typeof fault.does === 'string') {
				const baseUrl = fault.does;
				errors = await Promise.all(
					names.map(async (name) => await failed(name, baseUrl, fault.limits)),
				);
				errors.forEach((error, index) => expectTold(names[index], error, fault, baseUrl));
			} else {
				const ends = await suffer(fault.does, fault.limits);
				const reached = Object.fromEntries(
					ends.map(({ name, server }) => [name, server.seen.length]),
				);
				const { reach } = fault;
				expect(reached).toEqual(
					typeof reach === 'number'
						? Object.fromEntries(names.map((name) => [name, reach]))
						: reach,
				);
				for (const { name, server, error } of ends) expectTold(name, error, fault, server.url);
				errors = ends.map(({ error }) => error);
			}
		});
		expectNoSecret(written + errors.map(allOf).join(''));
	});

	test.each(names)('a redirect to another host is not followed: %s', async (name) => {
		const other = await startFaultServer(json(200, { _id: 'stolen' }));
		const server = await startFaultServer((_, response) =>
			response.writeHead(307, { location: `${other.url}/elsewhere?token=1` }).end(),
		);
		const error = await failed(name, server.url);
		await Promise.all([server.close(), other.close()]);
		expect([server.seen.length, other.seen.length]).toEqual([1, 0]);
		expect(error.message).toBe(
			`${hostOf(server.url)} redirects to ${other.url}, which is not followed. Correct the Base URL in the credential "Pocketsflow account".`,
		);
		expectNoSecret(allOf(error));
	});

	test('TLS failure: an untrusted certificate, refused before anything is sent', async () => {
		const server = await startFaultServer(json(200, {}), selfSigned());
		const errors = await Promise.all(names.map(async (name) => await failed(name, server.url)));
		await server.close();
		expect(server.seen).toEqual([]);
		for (const error of errors) {
			expect(error.message).toBe(
				`No secure connection to ${hostOf(server.url)} could be made. Check the Base URL in the credential "Pocketsflow account" and the certificate of that host.`,
			);
			expect(error.context.outcome).toBeUndefined();
			expect(error.description).not.toContain('tries');
			expectNoSecret(allOf(error));
		}
	});

	test('an answer over TLS that was damaged on its way: what was sent may have been carried out', async () => {
		const answer = json(200, { _id: 'abc' });
		const later: Behaviour = (...exchange) => void setTimeout(() => answer(...exchange), 300);
		const server = await startFaultServer(later, selfSigned());
		const proxy = await startDamagingProxy(Number(new URL(server.url).port));
		const { request, effect } = operations.create;
		const credential = { apiKey: key, baseUrl: proxy.url, ignoreSslIssues: true };
		const error = await rejection(
			send(contextFor(proxy.url, { credential }), request, effect, 3, { limits: quick }),
		);
		await Promise.all([proxy.close(), server.close()]);
		expect(server.seen).toHaveLength(1);
		expect(error.message).toContain(unknown);
		expect(error.context.outcome).toBe('unknown');
	});

	test('an announced answer that is too large: its connection is closed', async () => {
		const server = await startFaultServer(gigabyte({ bytes: 0 }, true));
		await failed('read', server.url);
		const deadline = Date.now() + 3_000;
		while (server.sockets.open > 0 && Date.now() < deadline)
			await new Promise((resolve) => setTimeout(resolve, 20));
		expect(server.sockets).toEqual({ open: 0, most: 1 });
		await server.close();
	});

	test.each([
		['announced', true],
		['not announced', false],
	])('an answer of 1 GB, %s', async (_, announced) => {
		const written = { bytes: 0 };
		const before = process.memoryUsage().rss;
		for (const { name, server, error } of await suffer(gigabyte(written, announced), {})) {
			expect(server.seen).toHaveLength(1);
			const says = orUnknown(
				'The answer is larger than 64 MB, the most that this node takes in.',
				'Ask for less: set a limit or narrow the filters.',
			);
			expect(error.message).toBe(says[name]);
		}
		const taken = announced ? 16 : 4 * 64 + 64;
		expect(written.bytes / 1024 ** 2).toBeLessThan(taken);
		expect((process.memoryUsage().rss - before) / 1024 ** 2).toBeLessThan(1_000);
	});
});

describe('a fault that passes', () => {
	const passing: Array<[string, Behaviour]> = [
		['500', json(500, { error: 'Boom' })],
		['503 with Retry-After', text(503, '', { 'retry-after': '0' })],
		['reset', resetAfterBody],
		['half an answer', halfAnswer],
	];
	const served = json(200, { _id: 'abc' });

	async function survive(
		name: Name,
		turns: Behaviour[],
	): Promise<{ server: FaultServer; answer: unknown }> {
		const server = await startFaultServer(turns);
		const { request, effect } = operations[name];
		try {
			const answer = await send(contextFor(server.url), request, effect, 0, { limits: quick });
			return { server, answer };
		} finally {
			await server.close();
		}
	}

	test.each(passing)('%s: harmless requests get their answer', async (_, fault) => {
		for (const name of ['read', 'update', 'delete'] as const) {
			const { server, answer } = await survive(name, [fault, fault, served]);
			expect(answer).toEqual({ _id: 'abc' });
			expect(server.seen).toHaveLength(3);
		}
	});

	test('429: a create too is sent until it is let through', async () => {
		const { server, answer } = await survive('create', [
			json(429, {}),
			json(429, {}),
			json(201, { _id: 'new' }),
		]);
		expect(answer).toEqual({ _id: 'new' });
		expect(server.seen).toHaveLength(3);
	});

	test('a delete whose repetition answers 404 is done', async () => {
		const { answer } = await survive('delete', [
			resetAfterBody,
			json(404, { error: 'Product not found' }),
		]);
		expect(answer).toEqual({});
	});

	test('a delete that answers 404 at once is not', async () => {
		await expect(survive('delete', [json(404, { error: 'Product not found' })])).rejects.toThrow(
			'Product not found.',
		);
	});
});

test('a page that echoes the key is quoted without it', async () => {
	const echo: Behaviour = (request, response) =>
		response.writeHead(500).end(`<p>You sent ${request.headers.authorization}</p>`);
	for (const { error } of await suffer(echo)) {
		expect(error.message).toContain('begins "You sent Bearer [API key]"');
		expectNoSecret(allOf(error));
	}
});

test('words of Pocketsflow that hold the key are told without it', async () => {
	for (const { error } of await suffer(json(401, { error: `Unknown key ${key}` }))) {
		expect(error.message).toMatch(/^Unknown key \[API key\]\. /);
		expectNoSecret(allOf(error));
	}
});

test('words that contain the name of an error code are not replaced by n8n', async () => {
	for (const { error } of await suffer(
		json(409, { error: 'A preexisting discount has this code' }),
	)) {
		expect(error.message).toMatch(/^A preexisting discount has this code\. /);
	}
});
