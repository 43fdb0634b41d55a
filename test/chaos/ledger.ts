import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the shop was told about one of its own orders. */
export interface Entry {
	/** When it was marked as paid, each time, ms. */
	markedAt: number[];
	eventIds: Set<string>;
}

/**
 * A shop of its own, outside n8n: PUT /orders/<own order id>/paid marks an order as paid. Marking it again
 * changes nothing; it is only counted.
 */
export class Ledger {
	readonly entries = new Map<string, Entry>();
	/** Requests that were no marking of an order. */
	readonly strange: string[] = [];

	private constructor(private readonly server: Server) {}

	static async open(): Promise<Ledger> {
		const server = createServer();
		const ledger = new Ledger(server);
		server.on('request', (request, response) => {
			const parts: Buffer[] = [];
			request.on('data', (part: Buffer) => parts.push(part));
			request.on('end', () => {
				const isTaken = ledger.take(request.method, request.url, Buffer.concat(parts).toString());
				response.writeHead(isTaken ? 200 : 400, { 'content-type': 'application/json' });
				response.end(JSON.stringify({ paid: isTaken }));
			});
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return ledger;
	}

	get url(): string {
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
	}

	async close(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}

	private take(method = '', url = '', body = ''): boolean {
		const order = /^\/orders\/([^/]+)\/paid$/.exec(url)?.[1];
		if (method !== 'PUT' || order === undefined) {
			this.strange.push(`${method} ${url}`);
			return false;
		}
		const id = decodeURIComponent(order);
		const entry = this.entries.get(id) ?? { markedAt: [], eventIds: new Set() };
		entry.markedAt.push(Date.now());
		entry.eventIds.add(String((JSON.parse(body) as { eventId?: unknown }).eventId));
		this.entries.set(id, entry);
		return true;
	}
}
