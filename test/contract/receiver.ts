import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as it came over the wire. */
export interface ReceivedRequest {
	readonly path: string;
	readonly headers: IncomingHttpHeaders;
	readonly raw: string;
	readonly body: Record<string, unknown>;
	/** Time of arrival, in ms since 1970. */
	readonly receivedAtMs: number;
}

/** A webhook endpoint that records its requests and answers as set. */
export interface Receiver {
	readonly url: string;
	readonly received: ReceivedRequest[];
	/** Status to answer with; a redirect status leads to `/elsewhere`. */
	status: number;
	/** Time before the response. */
	delayMs: number;
	clear(): void;
	close(): Promise<void>;
}

function parseBody(raw: string): Record<string, unknown> {
	try {
		return JSON.parse(raw) as Record<string, unknown>;
	} catch {
		return {};
	}
}

/** Starts a webhook endpoint on this machine. */
export async function startReceiver(): Promise<Receiver> {
	const received: ReceivedRequest[] = [];
	const server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			const raw = Buffer.concat(chunks).toString('utf8');
			const { headers, url: path = '' } = request;
			received.push({ path, headers, raw, body: parseBody(raw), receivedAtMs: Date.now() });
			setTimeout(() => {
				response.writeHead(receiver.status, { location: '/elsewhere' }).end();
			}, receiver.delayMs);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	const receiver: Receiver = {
		url: `http://127.0.0.1:${port}/hook`,
		received,
		status: 200,
		delayMs: 0,
		clear() {
			received.length = 0;
			receiver.status = 200;
			receiver.delayMs = 0;
		},
		close: async () =>
			await new Promise((resolve) => {
				server.closeAllConnections();
				server.close(() => resolve());
			}),
	};
	return receiver;
}
