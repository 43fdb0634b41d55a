import { createHmac } from 'node:crypto';
import { deflateSync, gzipSync } from 'node:zlib';

import fc from 'fast-check';

export interface WebhookRequest {
	body?: Buffer;
	headers?: Record<string, string | string[]>;
}

type Mutation = (sent: Required<WebhookRequest>) => WebhookRequest;

const withHeader =
	(name: string, value: string | string[]): Mutation =>
	(sent) => ({
		...sent,
		headers: { ...sent.headers, [name]: value },
	});
const withBody =
	(change: (body: Buffer) => Buffer): Mutation =>
	(sent) => ({ ...sent, body: change(sent.body) });

const signatureHeader = 'x-pocketsflow-signature';

const bodyMutation: fc.Arbitrary<Mutation> = fc.oneof(
	fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, bits]) =>
		withBody((body) => {
			const changed = Buffer.from(body);
			changed[at % changed.length] ^= bits;
			return changed;
		}),
	),
	fc.nat().map((at) => withBody((body) => body.subarray(0, at % body.length))),
	fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 200 })).map(([at, bytes]) =>
		withBody((body) => {
			const cut = at % body.length;
			return Buffer.concat([body.subarray(0, cut), bytes, body.subarray(cut)]);
		}),
	),
	fc
		.uint8Array({ minLength: 1, maxLength: 5000 })
		.map((bytes) => withBody(() => Buffer.from(bytes))),
	fc.json().map((json) => withBody(() => Buffer.from(json))),
	fc.constantFrom<Mutation>(
		withBody(() => Buffer.alloc(0)),
		withBody((body) => Buffer.concat([body, body])),
		withBody((body) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body])),
		withBody((body) => Buffer.from(body.toString(), 'utf16le')),
		withBody((body) => Buffer.from(body.toString().replaceAll(',', ', '))),
		withBody((body) => Buffer.from(body.toString().replace('"amount":', '"amount":1'))),
		withBody((body) =>
			Buffer.from(body.toString().replace('{', '{"__proto__":{"event":"order.completed"},')),
		),
		withBody(gzipSync),
		withBody(deflateSync),
		withBody(() => Buffer.alloc(1_000_000, 'x')),
		(sent) => ({ headers: sent.headers }),
	),
);

const signatureMutation = (secret: string): fc.Arbitrary<Mutation> =>
	fc.oneof(
		fc.string().map((value) => withHeader(signatureHeader, value)),
		fc
			.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 60, maxLength: 68 })
			.map((value) => withHeader(signatureHeader, value)),
		fc.tuple(fc.nat({ max: 63 }), fc.constantFrom(...'0123456789abcdefg ,=')).map(
			([at, letter]): Mutation =>
				(sent) => {
					const right = String(sent.headers[signatureHeader]);
					return withHeader(
						signatureHeader,
						right.slice(0, at) + letter + right.slice(at + 1),
					)(sent);
				},
		),
		fc.string().map(
			(key): Mutation =>
				(sent) =>
					withHeader(
						signatureHeader,
						createHmac('sha256', key).update(sent.body).digest('hex'),
					)(sent),
		),
		fc.constantFrom<Mutation>(
			(sent) =>
				withHeader(
					signatureHeader,
					`${sent.headers[signatureHeader]},${sent.headers[signatureHeader]}`,
				)(sent),
			(sent) => withHeader(signatureHeader, [String(sent.headers[signatureHeader])])(sent),
			(sent) => withHeader(signatureHeader, `sha1=${sent.headers[signatureHeader]}`)(sent),
			(sent) =>
				withHeader(
					signatureHeader,
					createHmac('sha1', secret).update(sent.body).digest('hex'),
				)(sent),
			(sent) =>
				withHeader(
					signatureHeader,
					createHmac('sha256', secret).update(sent.body).digest('base64'),
				)(sent),
			(sent) =>
				withHeader(
					signatureHeader,
					createHmac('sha256', secret.replace('whsec_', '')).update(sent.body).digest('hex'),
				)(sent),
			(sent) =>
				withHeader(
					signatureHeader,
					createHmac('sha256', secret)
						.update(`${String(sent.headers['x-pocketsflow-timestamp'])}.${sent.body.toString()}`)
						.digest('hex'),
				)(sent),
			({ body, headers }) => ({
				body,
				headers: Object.fromEntries(
					Object.entries(headers).filter(([name]) => name !== signatureHeader),
				),
			}),
			withHeader('x-webhook-secret', 'whsec_guess'),
		),
	);

/** Leaves the signature right: a replay, with whatever is not signed changed. */
const replayMutation: fc.Arbitrary<Mutation> = fc.oneof(
	fc.string().map((value) => withHeader('x-pocketsflow-timestamp', value)),
	fc.nat().map((value) => withHeader('x-pocketsflow-timestamp', String(value))),
	fc.string().map((value) => withHeader('content-type', value)),
	fc.constant<Mutation>((sent) => sent),
	fc.constant<Mutation>((sent) =>
		withHeader(
			signatureHeader,
			`sha256=${String(sent.headers[signatureHeader]).toUpperCase()}`,
		)(sent),
	),
	fc.string().map((value) => withHeader('x-pocketsflow-event', `x${value}`)),
);

/** Genuine deliveries with one or two changes, and replays whose signature is still right. */
export const hostileDeliveries = (
	originals: readonly WebhookRequest[],
	secret: string,
): fc.Arbitrary<WebhookRequest> =>
	fc
		.tuple(
			fc.constantFrom(...originals),
			fc.array(fc.oneof(bodyMutation, signatureMutation(secret), replayMutation), {
				minLength: 1,
				maxLength: 2,
			}),
		)
		.map(([original, mutations]) =>
			mutations.reduce(
				(current, mutate) =>
					current.body && current.headers ? mutate(current as Required<WebhookRequest>) : current,
				original,
			),
		);

/** Whether a request is signed with the secret, computed apart from the code under test. */
export function isSigned({ body, headers }: WebhookRequest, secret: string): boolean {
	const header = headers?.[signatureHeader];
	if (typeof header !== 'string' || !body || body.length === 0) return false;
	const given = header
		.trim()
		.toLowerCase()
		.replace(/^sha256=/, '');
	return given === createHmac('sha256', secret).update(body).digest('hex');
}
