import { request } from 'node:http';

import { sign } from '../../nodes/Pocketsflow/events/signature';
import type { TestEnvironment } from '../harness/n8n/environment';
import { orderCompleted } from '../harness/payloads';

/** How long Pocketsflow waits for the answer to a delivery. */
const answerTimeoutMs = 5_000;

export interface Prepared {
	body: Buffer;
	headers: Record<string, string>;
}

/** The sandbox must show secrets (`secretOnGet: 'present'`). Undefined without an endpoint. */
export async function readSigningSecret(
	{ api }: TestEnvironment,
	url: string,
): Promise<string | undefined> {
	const { data } = await api.get<Array<{ url: string; secret: string }>>('/webhooks');
	return data.find((endpoint) => endpoint.url === url)?.secret;
}

/** Returns a function that makes a signed delivery, of another order each time. */
export function createDeliveries(secret: string): () => Prepared {
	let orderCount = 0;
	return () => {
		const order = { id: `bench-${++orderCount}` };
		const body = Buffer.from(JSON.stringify({ ...orderCompleted, order }));
		const headers = {
			'content-type': 'application/json',
			'x-pocketsflow-event': 'order.completed',
			'x-pocketsflow-signature': sign(body, secret),
		};
		return { body, headers };
	};
}

/** Opens a connection each time. The ms until the answer; undefined unless it is 200 within 5 s. */
export function post(url: string, { body, headers }: Prepared): Promise<number | undefined> {
	const startMs = performance.now();
	return new Promise((resolve) => {
		const outgoing = request(
			url,
			{ method: 'POST', agent: false, headers: { ...headers, 'content-length': body.length } },
			(response) => {
				response.resume();
				response.on('close', () =>
					settle(
						response.complete && response.statusCode === 200
							? performance.now() - startMs
							: undefined,
					),
				);
			},
		);
		const timer = setTimeout(() => outgoing.destroy(), answerTimeoutMs);
		const settle = (ms: number | undefined) => {
			clearTimeout(timer);
			resolve(ms);
		};
		outgoing.on('error', () => settle(undefined));
		outgoing.end(body);
	});
}

/** The time within which a share of the requests was answered; undefined if fewer were. */
export function findQuantile(
	times: ReadonlyArray<number | undefined>,
	share: number,
): number | undefined {
	const sorted = times.map((ms) => ms ?? Infinity).sort((a, b) => a - b);
	const ms = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
	return Number.isFinite(ms) ? ms : undefined;
}
