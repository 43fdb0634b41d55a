import { createHmac } from 'node:crypto';
import { deflateSync, gzipSync } from 'node:zlib';

import fc from 'fast-check';

import { invoice, membership, orderCompleted } from '../unit/events/payloads';
import { deliver, secret, signed, trigger, type Sent } from './deliver';

/** `npm run test:hostile` sets the full number. */
const runs = Number(process.env.HOSTILE_RUNS ?? 4000);

const originals: Array<[string, Sent]> = (
	[
		['order.completed', orderCompleted],
		['customer.subscription.updated', membership],
		['invoice.payment_succeeded', invoice],
	] as const
).map(([event, payload]) => [event, signed(event, payload)]);

type Mutation = (sent: Required<Sent>) => Sent;

const withHeader = (name: string, value: string | string[]): Mutation => (sent) => ({
	...sent,
	headers: { ...sent.headers, [name]: value },
});
const withBody = (change: (body: Buffer) => Buffer): Mutation => (sent) => ({ ...sent, body: change(sent.body) });

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
	fc.uint8Array({ minLength: 1, maxLength: 5000 }).map((bytes) => withBody(() => Buffer.from(bytes))),
	fc.json().map((json) => withBody(() => Buffer.from(json))),
	fc.constantFrom<Mutation>(
		withBody(() => Buffer.alloc(0)),
		withBody((body) => Buffer.concat([body, body])),
		withBody((body) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body])),
		withBody((body) => Buffer.from(body.toString(), 'utf16le')),
		withBody((body) => Buffer.from(body.toString().replaceAll(',', ', '))),
		withBody((body) => Buffer.from(body.toString().replace('"amount":', '"amount":1'))),
		withBody((body) => Buffer.from(body.toString().replace('{', '{"__proto__":{"event":"order.completed"},'))),
		withBody(gzipSync),
		withBody(deflateSync),
		withBody(() => Buffer.alloc(1_000_000, 'x')),
		(sent) => ({ headers: sent.headers }),
	),
);

const signatureMutation: fc.Arbitrary<Mutation> = fc.oneof(
	fc.string().map((value) => withHeader(signatureHeader, value)),
	fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 60, maxLength: 68 }).map((value) =>
		withHeader(signatureHeader, value),
	),
	fc.tuple(fc.nat({ max: 63 }), fc.constantFrom(...'0123456789abcdefg ,=')).map(
		([at, letter]): Mutation =>
			(sent) => {
				const right = String(sent.headers[signatureHeader]);
				return withHeader(signatureHeader, right.slice(0, at) + letter + right.slice(at + 1))(sent);
			},
	),
	fc.string().map(
		(key): Mutation =>
			(sent) =>
				withHeader(signatureHeader, createHmac('sha256', key).update(sent.body).digest('hex'))(sent),
	),
	fc.constantFrom<Mutation>(
		(sent) => withHeader(signatureHeader, `${sent.headers[signatureHeader]},${sent.headers[signatureHeader]}`)(sent),
		(sent) => withHeader(signatureHeader, [String(sent.headers[signatureHeader])])(sent),
		(sent) => withHeader(signatureHeader, `sha1=${sent.headers[signatureHeader]}`)(sent),
		(sent) => withHeader(signatureHeader, createHmac('sha1', secret).update(sent.body).digest('hex'))(sent),
		(sent) => withHeader(signatureHeader, createHmac('sha256', secret).update(sent.body).digest('base64'))(sent),
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
			headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== signatureHeader)),
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
		withHeader(signatureHeader, `sha256=${String(sent.headers[signatureHeader]).toUpperCase()}`)(sent),
	),
	fc.string().map((value) => withHeader('x-pocketsflow-event', `x${value}`)),
);

/** The reading of contract C3, apart from the code under test. */
function isSigned({ body, headers }: Sent): boolean {
	const header = headers?.[signatureHeader];
	if (typeof header !== 'string' || !body || body.length === 0) return false;
	const given = header.trim().toLowerCase().replace(/^sha256=/, '');
	return given === createHmac('sha256', secret).update(body).digest('hex');
}

it(`none of ${runs} hostile deliveries is accepted, and memory stays flat`, async () => {
	const setup = trigger();
	for (const [, sent] of originals) expect((await deliver(setup, sent)).items).toHaveLength(1);

	const counts = { refused: 0, acknowledged: 0 };
	const heaps: number[] = [];
	await fc.assert(
		fc.asyncProperty(
			fc.constantFrom(...originals),
			fc.array(fc.oneof(bodyMutation, signatureMutation, replayMutation), { minLength: 1, maxLength: 2 }),
			async ([, original], mutations) => {
				const sent = mutations.reduce(
					(current, mutate) => (current.body && current.headers ? mutate(current as Required<Sent>) : current),
					original,
				);
				const { status, items } = await deliver(setup, sent);
				expect(items).toEqual([]);
				expect(status).toBe(isSigned(sent) ? 200 : 401);
				counts[status === 200 ? 'acknowledged' : 'refused']++;
				if ((counts.refused + counts.acknowledged) % 1000 === 0) {
					global.gc?.();
					heaps.push(process.memoryUsage().heapUsed);
				}
			},
		),
		{ numRuns: runs, endOnFailure: true },
	);
	expect(counts.refused + counts.acknowledged).toBe(runs);
	expect(counts.refused).toBeGreaterThan(runs / 3);
	expect(counts.acknowledged).toBeGreaterThan(runs / 20);
	// Later deliveries must not need more than early ones; without --expose-gc garbage blurs the figure.
	if (global.gc && heaps.length >= 4) {
		const half = heaps.length / 2;
		const least = (values: number[]) => Math.min(...values);
		expect(least(heaps.slice(half))).toBeLessThan(least(heaps.slice(0, half)) * 1.3);
	}
	process.stdout.write(
		`hostile deliveries: ${counts.refused} refused, ${counts.acknowledged} replays acknowledged, 0 emitted\n`,
	);
}, 1_200_000);
