import axios from 'axios';

import { readMessage } from '../../test/harness/runMain';
import type { Switches } from '../switches';
import type { Delivery, Signing } from './delivery';
import { sign } from './signature';

export interface DeliveryOptions {
	readonly secret: string;
	readonly signing: Signing;
	readonly headers: Record<string, string>;
}

function overrideHeaders(
	headers: Record<string, string>,
	overrides: Record<string, string>,
): Record<string, string> {
	const names = new Set(Object.keys(overrides).map((name) => name.toLowerCase()));
	const entries = [
		...Object.entries(headers).filter(([name]) => !names.has(name.toLowerCase())),
		...Object.entries(overrides).filter(([, value]) => value !== ''),
	];
	return Object.fromEntries(entries);
}

function buildSignature(
	{ signed }: Switches,
	{ secret, signing }: DeliveryOptions,
	timestamp: string,
	body: string,
): string {
	const key = signing === 'forged' ? `${secret}-not` : secret;
	return sign(key, signed === 'body' ? body : `${timestamp}.${body}`);
}

function buildHeaders(
	switches: Switches,
	{ event, body }: Delivery,
	options: DeliveryOptions,
	nowMs: number,
): Record<string, string> {
	const timestamp = String(switches.timestamp === 'ms' ? nowMs : Math.floor(nowMs / 1000));
	const headers = {
		'Content-Type': 'application/json',
		...(switches.eventIn !== 'body' && { 'X-Pocketsflow-Event': event }),
		...(options.signing !== 'missing' && {
			'X-Pocketsflow-Signature': buildSignature(switches, options, timestamp, body),
		}),
		'X-Pocketsflow-Timestamp': timestamp,
	};
	return overrideHeaders(headers, options.headers);
}

async function postBody(
	{ url, body, headers }: Delivery,
	timeoutMs: number,
	signal: AbortSignal,
): Promise<number> {
	const { status } = await axios.post(url, Buffer.from(body, 'utf8'), {
		headers,
		// The bytes on the wire must be the bytes that were signed.
		transformRequest: [(data: unknown) => data],
		timeout: timeoutMs,
		signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
		maxRedirects: 0,
		responseType: 'text',
		validateStatus: () => true,
		proxy: false,
	});
	return status;
}

function describeFailure(error: unknown, tookMs: number, timeoutMs: number): string {
	if (tookMs >= timeoutMs) return `timeout after ${timeoutMs} ms`;
	return readMessage(error);
}

/** Writes the outcome of one attempt into the delivery; never throws. */
export async function postDelivery(
	delivery: Delivery,
	options: DeliveryOptions,
	switches: Switches,
	signal: AbortSignal,
): Promise<void> {
	const startedAtMs = Date.now();
	const timeoutMs = switches.deliveryTimeoutMs;
	delivery.headers = buildHeaders(switches, delivery, options, startedAtMs);
	delivery.sentAt = new Date(startedAtMs).toISOString();
	delivery.attempts += 1;
	try {
		const status = await postBody(delivery, timeoutMs, signal);
		delivery.status = status;
		delivery.outcome = status >= 200 && status < 300 ? 'delivered' : 'failed';
		if (delivery.outcome === 'failed') delivery.error = `HTTP ${status}`;
	} catch (error) {
		delivery.outcome = 'failed';
		delivery.error = describeFailure(error, Date.now() - startedAtMs, timeoutMs);
	}
	delivery.ms = Date.now() - startedAtMs;
}
