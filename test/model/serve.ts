import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { EndpointsModel } from './endpoints';

/** Serves the model over HTTP while the work is done; each request waits as long as `delayMs` says, twice. */
export async function serve<T>(
	model: Pick<EndpointsModel, 'respond'>,
	work: (url: string) => Promise<T>,
	delayMs = () => 0,
): Promise<T> {
	const server: Server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', async () => {
			await sleep(delayMs());
			const { pathname, searchParams } = new URL(request.url ?? '/', 'http://model');
			const answer = model.respond({
				method: request.method ?? 'GET',
				path: pathname,
				query: Object.fromEntries(searchParams),
				headers: request.headers as Record<string, string>,
				body: Buffer.concat(chunks).toString(),
			});
			await sleep(delayMs());
			response.writeHead(answer.status, answer.headers).end(answer.body);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	try {
		return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
	} finally {
		server.closeAllConnections();
		server.close();
	}
}
