import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';

/** Answers one request, well or badly. The request's body has not been read. */
export type Behavior = (request: IncomingMessage, response: ServerResponse) => void;

export interface ReceivedRequest {
	method: string;
	url: string;
	key: string | undefined;
	at: number;
}

export interface FaultServer {
	url: string;
	/** The requests that arrived, oldest first. */
	received: ReceivedRequest[];
	/** Connections that are open now, and the most there ever were. */
	sockets: { open: number; most: number };
	close(): Promise<void>;
}

/** Starts a server that answers its requests by the given behaviors in turn; the last one repeats. */
export async function startFaultServer(
	behaviors: Behavior | Behavior[],
	tls?: { key: string; cert: string },
): Promise<FaultServer> {
	const turns = Array.isArray(behaviors) ? behaviors : [behaviors];
	const received: ReceivedRequest[] = [];
	const sockets = { open: 0, most: 0 };
	const handle = (request: IncomingMessage, response: ServerResponse) => {
		const turn = turns[Math.min(received.length, turns.length - 1)];
		received.push({
			method: request.method ?? '',
			url: request.url ?? '',
			key: request.headers.authorization,
			at: Date.now(),
		});
		response.on('error', () => undefined);
		turn(request, response);
	};
	const server: Server = tls ? createSecureServer(tls, handle) : createServer(handle);
	server.on('connection', (socket) => {
		sockets.most = Math.max(sockets.most, ++sockets.open);
		socket.on('error', () => undefined);
		socket.on('close', () => sockets.open--);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
		received,
		sockets,
		close: async () => {
			server.closeAllConnections();
			await new Promise<void>((resolve) => server.close(() => resolve()));
		},
	};
}

/** Runs `work` against a fault server and closes the server afterwards. */
export async function withFaultServer(
	behaviors: Behavior | Behavior[],
	work: (server: FaultServer) => Promise<void>,
	tls?: { key: string; cert: string },
): Promise<void> {
	const server = await startFaultServer(behaviors, tls);
	try {
		await work(server);
	} finally {
		await server.close();
	}
}

const whenRead = (request: IncomingMessage, act: () => void) => request.resume().on('end', act);

export const json =
	(status: number, body: unknown, headers: Record<string, string> = {}): Behavior =>
	(request, response) =>
		whenRead(request, () =>
			response
				.writeHead(status, { 'content-type': 'application/json', ...headers })
				.end(JSON.stringify(body)),
		);

export const text =
	(status: number, body: string, headers: Record<string, string> = {}): Behavior =>
	(request, response) =>
		whenRead(request, () =>
			response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body),
		);

export const resetBeforeBody: Behavior = (request) => request.socket.resetAndDestroy();

export const resetAfterBody: Behavior = (request) =>
	whenRead(request, () => request.socket.resetAndDestroy());

export const silence: Behavior = (request) => void request.resume();

/** The headers of a response and half of its body, then the connection closes. */
export const halfResponse: Behavior = (request, response) =>
	whenRead(request, () => {
		response.writeHead(200, { 'content-type': 'application/json', 'content-length': '40' });
		response.write('{"_id":"abc","name"', () => request.socket.destroy());
	});

/** A byte occasionally, forever: the connection is never idle, and the response never complete. */
export const drip: Behavior = (request, response) =>
	whenRead(request, () => {
		response.writeHead(200, { 'content-type': 'application/json' });
		const timer = setInterval(() => response.write(' '), 20);
		response.on('close', () => clearInterval(timer));
	});

/** One gigabyte of whitespace before a JSON value; `written` counts what was taken from it. */
export function gigabyte(written: { bytes: number }, announced: boolean): Behavior {
	const size = 1024 ** 3;
	const chunk = Buffer.alloc(256 * 1024, ' ');
	return (request, response) =>
		whenRead(request, () => {
			const headers = { 'content-type': 'application/json' };
			response.writeHead(200, announced ? { ...headers, 'content-length': String(size) } : headers);
			const write = () => {
				while (!response.destroyed && written.bytes < size) {
					written.bytes += chunk.length;
					if (!response.write(chunk)) return void response.once('drain', write);
				}
				response.end();
			};
			write();
		});
}

/** Passes bytes on to a TLS server on this machine, and damages the first record of an answer. */
export async function startDamagingProxy(
	port: number,
): Promise<{ url: string; close(): Promise<void> }> {
	const sockets: Socket[] = [];
	const proxy = createTcpServer((socket) => {
		const server = connect(port, '127.0.0.1');
		sockets.push(socket, server);
		let asked = 0;
		for (const one of [socket, server]) one.on('error', () => undefined);
		// The first of the client's flights is its hello; with the others come the end of the handshake and the request.
		socket.on('data', (bytes) => {
			asked++;
			server.write(bytes);
		});
		let quiet: NodeJS.Timeout | undefined;
		let isDamaging = false;
		server.on('data', (bytes: Buffer) => {
			if (isDamaging) bytes[bytes.length - 1] ^= 1;
			socket.write(bytes);
			clearTimeout(quiet);
			if (asked > 1) quiet = setTimeout(() => (isDamaging = true), 50);
		});
	});
	await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
	return {
		url: `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
		close: async () => {
			for (const socket of sockets) socket.destroy();
			await new Promise<void>((resolve) => proxy.close(() => resolve()));
		},
	};
}
