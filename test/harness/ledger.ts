import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a shop knows about one of its orders. */
export interface Entry {
	/** When it was marked, each time. */
	markedAt: number[];
}

/**
 * The server of a shop, outside n8n: PUT /orders/<own order id>/paid (or another action) marks an order.
 * Marking it again changes nothing; it is only counted.
 */
export class Ledger {
	readonly entries = new Map<string, Entry>();
	/** Requests that do not mark an order. */
	readonly strange: string[] = [];

	private constructor(
		private readonly server: Server,
		private readonly action: string,
	) {}

	static async open(action = 'paid'): Promise<Ledger> {
		const server = createServer();
		const ledger = new Ledger(server, action);
		server.on('request', (request, response) => {
			request.resume();
			request.on('end', () => {
				const isMarked = ledger.mark(request.method, request.url);
				response.writeHead(isMarked ? 200 : 400, { 'content-type': 'application/json' });
				response.end(JSON.stringify({ [action]: isMarked }));
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

	private mark(method = '', url = ''): boolean {
		const [, order, action] = /^\/orders\/([^/]+)\/(\w+)$/.exec(url) ?? [];
		if (method !== 'PUT' || action !== this.action) {
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
