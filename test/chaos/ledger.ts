import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the shop was told about one of its own orders. */
export interface Entry {
	/** When it was marked, each time, ms. */
	markedAt: number[];
}

/**
 * A shop of its own, outside n8n: PUT /orders/<own order id>/paid (or another deed) marks an order.
 * Marking it again changes nothing; it is only counted.
 */
export class Ledger {
	readonly entries = new Map<string, Entry>();
	/** Requests that were no marking of an order. */
	readonly strange: string[] = [];

	private constructor(
		private readonly server: Server,
		private readonly deed: string,
	) {}

	static async open(deed = 'paid'): Promise<Ledger> {
		const server = createServer();
		const ledger = new Ledger(server, deed);
		server.on('request', (request, response) => {
			request.resume();
			request.on('end', () => {
				const isTaken = ledger.take(request.method, request.url);
				response.writeHead(isTaken ? 200 : 400, { 'content-type': 'application/json' });
				response.end(JSON.stringify({ [deed]: isTaken }));
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

	private take(method = '', url = ''): boolean {
		const [, order, deed] = /^\/orders\/([^/]+)\/(\w+)$/.exec(url) ?? [];
		if (method !== 'PUT' || deed !== this.deed) {
			this.strange.push(`${method} ${url}`);
			return false;
		}
		const id = decodeURIComponent(order);
		const entry = this.entries.get(id) ?? { markedAt: [] };
		entry.markedAt.push(Date.now());
		this.entries.set(id, entry);
		return true;
	}
}
