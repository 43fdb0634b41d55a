/** @jest-environment node */
import './debugLogging';

import {
	captureOutput,
	catchError,
	createCertificate,
	createContext,
	inspectFully,
	key,
	operations,
	quickLimits,
	type NodeError,
} from './fixtures';

import type { Limits } from '../../../nodes/Pocketsflow/transport/limits';
import { send } from '../../../nodes/Pocketsflow/transport/send';
import { untilHolds } from '../../harness/until';
import {
	gigabyte,
	halfResponse,
	json,
	resetAfterBody,
	startDamagingProxy,
	startFaultServer,
	text,
	withFaultServer,
	type Behavior,
	type FaultServer,
} from './faultServer';
import {
	buildMessages,
	faults,
	operationNames,
	perhapsDone,
	unknownOutcome,
	type Fault,
	type OperationName,
} from './faultTable';

async function sendAndFail(
	name: OperationName,
	baseUrl: string,
	limits: Partial<Limits> = quickLimits,
): Promise<NodeError> {
	const { request, effect } = operations[name];
	return await catchError(send(createContext(baseUrl), request, effect, 3, { limits }));
}

/** Sends each operation to its own server: how often it was asked, and the error. */
async function failEachOperation(behavior: Behavior, limits?: Partial<Limits>) {
	return await Promise.all(
		operationNames.map(async (name) => {
			const server = await startFaultServer(behavior);
			try {
				return { name, server, error: await sendAndFail(name, server.url, limits) };
			} finally {
				await server.close();
			}
		}),
	);
}

const getHost = (url: string) => new URL(url).host;

function expectFaultError(name: OperationName, error: NodeError, fault: Fault, baseUrl: string) {
	const message = typeof fault.message === 'string' ? fault.message : fault.message[name];
	const { method, path } = operations[name].request;
	expect(error.message).toBe(message?.replace('HOST', getHost(baseUrl)).replace('PATH', path));
	expect(error.description).toContain(`${method} ${path} `);
	expect(error.description).toContain(fault.finding);
	const isLookedUp = error.message.includes(unknownOutcome);
	expect(error.description).toContain(isLookedUp ? '' : fault.next);
	expect(error.context.itemIndex).toBe(3);
	if (fault.httpCode) expect(error.httpCode).toBe(fault.httpCode);
	const isUnknown = isLookedUp || error.message.includes(perhapsDone);
	expect(error.context.outcome).toBe(isUnknown ? 'unknown' : undefined);
	expect(error.description?.includes('Nothing was changed')).toBe(name !== 'read' && !isUnknown);
}

function expectNoSecret(text: string) {
	expect(text).not.toContain(key.slice('pk_test_'.length));
	expect(text).not.toContain('Sent in confidence');
	expect(text).not.toContain('buyer@example.com');
}

/** Fails each operation with a fault and checks what reached the server and what the errors say. */
async function expectFault({ behavior, ...fault }: Fault): Promise<NodeError[]> {
	if (typeof behavior === 'string') {
		const errors = await Promise.all(
			operationNames.map(async (name) => await sendAndFail(name, behavior, fault.limits)),
		);
		errors.forEach((error, index) =>
			expectFaultError(operationNames[index], error, { behavior, ...fault }, behavior),
		);
		return errors;
	}
	const results = await failEachOperation(behavior, fault.limits);
	const counts = Object.fromEntries(
		results.map(({ name, server }) => [name, server.received.length]),
	);
	const { requests } = fault;
	expect(counts).toEqual(
		typeof requests === 'number'
			? Object.fromEntries(operationNames.map((name) => [name, requests]))
			: requests,
	);
	for (const { name, server, error } of results)
		expectFaultError(name, error, { behavior, ...fault }, server.url);
	return results.map(({ error }) => error);
}

afterEach(() => jest.restoreAllMocks());

test.each(faults)(
	'The errors of a read, a create, an update and a delete are right after: $name',
	async (fault) => {
		jest.spyOn(Math, 'random').mockReturnValue(0.5);
		let errors: NodeError[] = [];
		const output = await captureOutput(async () => {
			errors = await expectFault(fault);
		});
		expectNoSecret(output + errors.map(inspectFully).join(''));
	},
);

test.each(operationNames)('A redirect to another host is not followed by a %s', async (name) => {
	const other = await startFaultServer(json(200, { _id: 'stolen' }));
	const server = await startFaultServer((_, response) =>
		response.writeHead(307, { location: `${other.url}/elsewhere?token=1` }).end(),
	);
	const error = await sendAndFail(name, server.url);
	await Promise.all([server.close(), other.close()]);
	expect([server.received.length, other.received.length]).toEqual([1, 0]);
	expect(error.message).toBe(
		`${getHost(server.url)} redirects to ${other.url}. This node does not follow redirects.`,
	);
	expect(error.description).toContain(
		`Update the 'Base URL' in the credential "Pocketsflow account".`,
	);
	expectNoSecret(inspectFully(error));
});

test('A server with an untrusted certificate is sent nothing', async () => {
	const server = await startFaultServer(json(200, {}), createCertificate());
	const errors = await Promise.all(
		operationNames.map(async (name) => await sendAndFail(name, server.url)),
	);
	await server.close();
	expect(server.received).toEqual([]);
	for (const error of errors) {
		expect(error.message).toBe(`The certificate of ${getHost(server.url)} is not trusted by n8n.`);
		expect(error.description).toContain(
			`Check the 'Base URL' in the credential "Pocketsflow account" and the certificate of the host.`,
		);
		expect(error.context.outcome).toBeUndefined();
		expect(error.description).not.toContain('tries');
		expectNoSecret(inspectFully(error));
	}
});

test('A create whose TLS response was damaged in transit has an unknown outcome', async () => {
	const respond = json(200, { _id: 'abc' });
	const respondLater: Behavior = (...exchange) => void setTimeout(() => respond(...exchange), 300);
	const server = await startFaultServer(respondLater, createCertificate());
	const proxy = await startDamagingProxy(Number(new URL(server.url).port));
	const { request, effect } = operations.create;
	const credential = { apiKey: key, baseUrl: proxy.url, ignoreSslIssues: true };
	const error = await catchError(
		send(createContext(proxy.url, { credential }), request, effect, 3, { limits: quickLimits }),
	);
	await Promise.all([proxy.close(), server.close()]);
	expect(server.received).toHaveLength(1);
	expect(error.message).toContain(unknownOutcome);
	expect(error.context.outcome).toBe('unknown');
});

test('The connection of a response that announces too large a body is closed', async () => {
	await withFaultServer(gigabyte({ bytes: 0 }, true), async (server) => {
		await sendAndFail('read', server.url);
		await untilHolds(
			'the connection to be closed',
			() => expect(server.sockets).toEqual({ open: 0, most: 1 }),
			{ withinMs: 3_000, everyMs: 20 },
		);
	});
});

test.each([
	['announced', true],
	['not announced', false],
])('A response of 1 GB, %s, is refused without being taken in', async (_, announced) => {
	const written = { bytes: 0 };
	const before = process.memoryUsage().rss;
	for (const { name, server, error } of await failEachOperation(gigabyte(written, announced), {})) {
		expect(server.received).toHaveLength(1);
		const messages = buildMessages('The response is larger than 64 MB, the maximum for this node.');
		expect(error.message).toBe(messages[name]);
		if (name !== 'create')
			expect(error.description).toContain("Request less data: set 'Limit' or narrow 'Filters'.");
	}
	const allowedMegabytes = announced ? 16 : 4 * 64 + 64;
	expect(written.bytes / 1024 ** 2).toBeLessThan(allowedMegabytes);
	expect((process.memoryUsage().rss - before) / 1024 ** 2).toBeLessThan(1_000);
});

/** Sends an operation to a server with these behaviors in turn, which is expected to succeed. */
async function sendThrough(
	name: OperationName,
	behaviors: Behavior[],
): Promise<{ server: FaultServer; body: unknown }> {
	const server = await startFaultServer(behaviors);
	const { request, effect } = operations[name];
	try {
		const body = await send(createContext(server.url), request, effect, 0, { limits: quickLimits });
		return { server, body };
	} finally {
		await server.close();
	}
}

const passingFaults: Array<[string, Behavior]> = [
	['500', json(500, { error: 'Boom' })],
	['503 with Retry-After', text(503, '', { 'retry-after': '0' })],
	['a connection reset', resetAfterBody],
	['half a response', halfResponse],
];

test.each(passingFaults)(
	'A read, an update and a delete succeed after two times %s',
	async (_, fault) => {
		const success = json(200, { _id: 'abc' });
		for (const name of ['read', 'update', 'delete'] as const) {
			const { server, body } = await sendThrough(name, [fault, fault, success]);
			expect(body).toEqual({ _id: 'abc' });
			expect(server.received).toHaveLength(3);
		}
	},
);

test('A create too is sent again after 429, until it is let through', async () => {
	const { server, body } = await sendThrough('create', [
		json(429, {}),
		json(429, {}),
		json(201, { _id: 'new' }),
	]);
	expect(body).toEqual({ _id: 'new' });
	expect(server.received).toHaveLength(3);
});

test('A delete whose second attempt answers 404 succeeded', async () => {
	const { body } = await sendThrough('delete', [
		resetAfterBody,
		json(404, { error: 'Product not found' }),
	]);
	expect(body).toEqual({});
});

test('A delete whose first attempt answers 404 fails', async () => {
	const refused = sendThrough('delete', [json(404, { error: 'Product not found' })]);
	await expect(refused).rejects.toThrow('Product not found.');
});

test('A page that echoes the API key is quoted without it', async () => {
	const echo: Behavior = (request, response) =>
		response.writeHead(500).end(`<p>You sent ${request.headers.authorization}</p>`);
	for (const { error } of await failEachOperation(echo)) {
		expect(error.message).toContain('begins with "You sent Bearer [API key]"');
		expectNoSecret(inspectFully(error));
	}
});

test('An error text of Pocketsflow that holds the API key is shown without it', async () => {
	for (const { error } of await failEachOperation(json(401, { error: `Unknown key ${key}` }))) {
		expect(error.message).toMatch(/^Unknown key \[API key\]\.$/);
		expectNoSecret(inspectFully(error));
	}
});

test('An error text that contains the name of an error code is not replaced by n8n', async () => {
	const conflict = json(409, { error: 'A preexisting discount has this code' });
	for (const { error } of await failEachOperation(conflict)) {
		expect(error.message).toMatch(/^A preexisting discount has this code\.$/);
	}
});
