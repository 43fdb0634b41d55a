/** @jest-environment node */
// n8n reads the proxy of the process, so it must be the same process.
import {
	catchError,
	createCertificate,
	createContext,
	key,
	operations,
	quickLimits,
	type NodeError,
} from './fixtures';

import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { Pocketsflow } from '../../../nodes/Pocketsflow/Pocketsflow.node';
import { classifyError } from '../../../nodes/Pocketsflow/transport/attempt';
import { defaultLimits } from '../../../nodes/Pocketsflow/transport/limits';
import { classifyAttempt } from '../../../nodes/Pocketsflow/transport/retryPolicy';
import { send } from '../../../nodes/Pocketsflow/transport/send';
import { runNode } from '../../harness/engine/context';
import { startFaultServer, type Behavior } from './faultServer';

let servers: Server[] = [];

async function listen(server: Server): Promise<number> {
	servers.push(server);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return (server.address() as AddressInfo).port;
}

/** Starts a server that does something with each connection when its first bytes have come. */
async function startRaw(act: (socket: Socket) => void) {
	const connections: Socket[] = [];
	const port = await listen(
		createServer((socket) => {
			connections.push(socket);
			socket.on('error', () => undefined).once('data', () => act(socket));
		}),
	);
	return { port, connections };
}

/** Starts a proxy that lets no request through. */
async function startProxy(status: string, body = '') {
	const asked: string[] = [];
	const proxy = createHttpServer();
	proxy.on('connect', (request, socket) => {
		asked.push(String(request.url));
		socket.end(`HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
	});
	process.env.HTTPS_PROXY = `http://127.0.0.1:${await listen(proxy)}`;
	return asked;
}

const { HTTPS_PROXY } = process.env;
afterEach(async () => {
	jest.restoreAllMocks();
	if (HTTPS_PROXY === undefined) delete process.env.HTTPS_PROXY;
	else process.env.HTTPS_PROXY = HTTPS_PROXY;
	await Promise.all(
		servers.map(async (server) => await new Promise((resolve) => server.close(resolve))),
	);
	servers = [];
});

const create = async (baseUrl: string, limits = {}): Promise<NodeError> =>
	await catchError(
		send(createContext(baseUrl), operations.create.request, 'create', 0, {
			limits: { ...quickLimits, ...limits },
		}),
	);

function expectUnsent(error: NodeError, message: string) {
	expect(error.message).toBe(message);
	expect(error.description).toMatch(/Nothing was changed\./);
	expect(error.context.outcome).toBeUndefined();
}

test.each([
	['ended', (socket: Socket) => void socket.end()],
	['reset', (socket: Socket) => void socket.resetAndDestroy()],
])('A create whose TLS handshake is %s was not sent, and is tried again', async (_, act) => {
	const { port, connections } = await startRaw(act);
	const error = await create(`https://127.0.0.1:${port}`);
	expectUnsent(error, `127.0.0.1:${port} closed the connection without a response.`);
	expect(error.description).toContain('after 4 attempts');
	expect(connections).toHaveLength(4);
});

test('A create whose TLS handshake is never done was not sent, and is tried again', async () => {
	const { port, connections } = await startRaw(() => undefined);
	const error = await create(`https://127.0.0.1:${port}`, { requestTimeoutMs: 150 });
	for (const socket of connections) socket.destroy();
	expectUnsent(error, `127.0.0.1:${port} did not send a complete response within 0.2 seconds.`);
	expect(connections).toHaveLength(4);
});

test('A create whose connection breaks after it was sent over TLS may have been carried out', async () => {
	const closeAfterBody: Behavior = (request) =>
		void request.resume().on('end', () => request.socket.destroy());
	const server = await startFaultServer(closeAfterBody, createCertificate());
	const context = createContext(server.url, {
		credential: { apiKey: key, baseUrl: server.url, ignoreSslIssues: true },
	});
	const error = await catchError(
		send(context, operations.create.request, 'create', 0, {
			limits: { ...quickLimits, requestTimeoutMs: 2_000 },
		}),
	);
	await server.close();
	expect(error.context.outcome).toBe('unknown');
	expect(server.received).toHaveLength(1);
});

test.each(['403 Forbidden', '407 Proxy Authentication Required', '429 Slow', '502 Bad Gateway'])(
	'A create to which a proxy answers %s was not sent, and is tried again',
	async (status) => {
		const asked = await startProxy(status, '<h1>no</h1>');
		const error = await create('https://api.example.com');
		expectUnsent(error, 'The proxy refused to connect n8n to api.example.com.');
		expect(error.description).toMatch(
			/^Check n8n's proxy settings and make sure that the proxy allows connections to api\.example\.com\./,
		);
		expect(error.description).toContain(`(proxy answered ${status.slice(0, 3)})`);
		expect(error.httpCode).not.toBe('403');
		expect(asked).toHaveLength(4);
	},
);

test('A proxy that is down, has no name or hangs up is named as the proxy', async () => {
	const step =
		"Check n8n's proxy settings and make sure that the proxy is running. Nothing was changed.";
	process.env.HTTPS_PROXY = 'http://127.0.0.1:9';
	const refused = await create('https://api.example.com');
	expectUnsent(refused, 'n8n could not connect through the proxy 127.0.0.1:9.');
	expect(refused.description).toContain(step);
	process.env.HTTPS_PROXY = 'http://proxy.invalid:3128';
	expectUnsent(
		await create('https://api.example.com'),
		'n8n could not connect through the proxy proxy.invalid.',
	);
	const { port } = await startRaw((socket) => void socket.end());
	process.env.HTTPS_PROXY = `http://127.0.0.1:${port}`;
	expectUnsent(await create('https://api.example.com'), 'n8n could not connect through the proxy.');
});

test.each(['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ECONNREFUSED', 'ENOTFOUND'])(
	'After %s a create is tried again as never sent',
	(code) => {
		const error = Object.assign(new Error(code), { code, syscall: 'connect' });
		const outcome = classifyAttempt(classifyError(error, 'https://api.example.com'));
		expect(outcome).toEqual({ mayBeDone: false, isTransient: true });
	},
);

test('After a connection that timed out before it stood, a create is tried again as never sent', () => {
	const cause = Object.assign(new Error('connect ETIMEDOUT'), { syscall: 'connect' });
	const error = Object.assign(new Error('ETIMEDOUT'), { code: 'ETIMEDOUT', cause });
	const outcome = classifyAttempt(classifyError(error, 'https://api.example.com'));
	expect(outcome).toEqual({ mayBeDone: false, isTransient: true });
});

test('Retry On Fail sends what a proxy kept from being sent', async () => {
	jest.replaceProperty(defaultLimits, 'retryDelayMs', 4);
	const asked = await startProxy('503 Service Unavailable');
	const { error } = await runNode({
		node: new Pocketsflow(),
		parameters: { resource: 'product', operation: 'create', name: 'Ebook', price: 9 },
		credential: { apiKey: key, baseUrl: 'https://api.example.com' },
		maxTries: 2,
	});
	expect(error?.message).not.toMatch(/is unknown/);
	expect(asked).toHaveLength(8);
});
