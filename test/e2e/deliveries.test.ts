import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

import axios from 'axios';
import fc from 'fast-check';

import { mapConcurrently } from '../harness/concurrently';
import { hostileDeliveries, isSigned, type WebhookRequest } from '../harness/hostileDeliveries';
import type { StoredWorkflow } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { buildChain, buildTrigger } from '../harness/n8n/workflows';
import { invoice, membership, orderCompleted } from '../harness/payloads';

type Delivery = Required<WebhookRequest>;

const hostileCount = 1000;
const seed = 20261124;
/** Dozens of simultaneous executions take their time on a small machine. */
const hostileTimeoutMs = 300_000;
const events = ['order.completed', 'customer.subscription.updated', 'invoice.payment_succeeded'];

let environment: TestEnvironment;
let workflow: StoredWorkflow;
/** Where Pocketsflow delivers to, and what it signs with. */
let url: string;
let secret: string;
let originals: Delivery[];
let pid: number | undefined;
let startedAtMs: number;
/** How many deliveries the trigger itself has refused. */
let refusals = 0;

beforeAll(async () => {
	environment = await startEnvironment({
		sandbox: { seed: 'test', switches: { secretOnGet: 'present' } },
		// Its own n8n, with nothing of other tests in the log.
		n8n: { env: {} },
	});
	const { api, client, credential, n8n } = environment;
	pid = n8n.pid;
	startedAtMs = Date.now();
	workflow = await client.importWorkflow(buildChain('Deliveries', [buildTrigger(events)]), [
		credential,
	]);
	await client.activate(workflow.id);
	[{ url, secret }] = (await api.get<Array<{ url: string; secret: string }>>('/webhooks')).data;
	originals = [orderCompleted, membership, invoice].map((payload, index) =>
		buildDelivery(events[index], payload),
	);
}, installationTimeoutMs);

afterAll(() => environment?.stop());

const sign = (body: Buffer) => createHmac('sha256', secret).update(body).digest('hex');

/** A delivery as Pocketsflow sends it (docs/pocketsflow-api.md#deliveries). */
function buildDelivery(
	event: string,
	payload: unknown,
	headers: WebhookRequest['headers'] = {},
): Delivery {
	const body = Buffer.from(JSON.stringify(payload));
	return {
		body,
		headers: {
			'content-type': 'application/json',
			'x-pocketsflow-event': event,
			'x-pocketsflow-timestamp': String(Date.now()),
			'x-pocketsflow-signature': sign(body),
			...headers,
		},
	};
}

let orderCount = 0;
/** A genuine delivery of a new order. */
const buildSale = (headers?: WebhookRequest['headers']) =>
	buildDelivery(
		'order.completed',
		{ ...orderCompleted, order: { id: `order-${++orderCount}` } },
		headers,
	);

interface Response {
	status: number;
	text: string;
}

async function send({ body, headers }: WebhookRequest): Promise<Response> {
	const { status, data } = await axios.post<string>(url, body, {
		// No content type of axios's own, so that none is sent if a delivery has none.
		headers: { 'content-type': false, ...headers } as Record<string, string | string[] | false>,
		responseType: 'text',
		transformRequest: (bytes: Buffer) => bytes,
		maxBodyLength: Infinity,
		maxRedirects: 0,
		proxy: false,
		timeout: 30_000,
		validateStatus: () => true,
	});
	return { status, text: data };
}

const encode =
	(encoding: string, compress: (body: Buffer) => Buffer) =>
	({ body, headers }: Delivery): Delivery => ({
		body: compress(body),
		headers: { ...headers, 'content-encoding': encoding },
	});

/** Reduces the headers to what HTTP can carry. Several of one name reach n8n as one. */
function makeSendable({ body, headers = {} }: WebhookRequest): Delivery {
	const clean = (value: string | string[]) =>
		[value]
			.flat()
			.join(', ')
			.replace(/[^\t\x20-\x7e]/g, '')
			.trim();
	return {
		body: body ?? Buffer.alloc(0),
		headers: Object.fromEntries(
			Object.entries(headers).map(([name, value]) => [name, clean(value)]),
		),
	};
}

/** The number of executions, which have all succeeded. */
async function countExecutions(): Promise<number> {
	const { client } = environment;
	await client.waitUntilIdle(workflow.id, hostileTimeoutMs / 2);
	const executions = await client.executions(workflow.id);
	expect(executions.filter(({ status }) => status !== 'success')).toEqual([]);
	return executions.length;
}

/** How many executions the action starts; n8n starts them after the answer, within a second each. */
async function countStartedBy(action: () => Promise<void>): Promise<number> {
	const before = await countExecutions();
	await action();
	let count = before;
	for (let last = -1; last !== count; ) {
		last = count;
		await sleep(1000);
		count = await countExecutions();
	}
	return count - before;
}

test('each genuine delivery starts one execution', async () => {
	const started = await countStartedBy(async () => {
		for (const original of originals)
			expect(await send(original)).toEqual({ status: 200, text: '' });
	});
	expect(started).toBe(originals.length);
});

/** The response of the trigger itself to a delivery that it refuses, as `summarize` shows it. */
const refusedByTrigger = '401 {"message":"The signature of this delivery is invalid"}';

/** n8n refuses what calls itself JSON and is none before any node sees it, with its own text. */
const summarize = ({ status, text }: Response) =>
	status === 401 ? `${status} ${text}` : String(status);

/**
 * The deliveries that are signed and have another time than the one they copy: of an event that can recur
 * each of these is another event, because Pocketsflow signs no time.
 */
function findNewEvents(deliveries: Delivery[]): Set<string> {
	const keys = deliveries.flatMap((delivery, index) => {
		const { body, headers } = delivery;
		const event = headers['x-pocketsflow-event'];
		const time = String(headers['x-pocketsflow-timestamp']);
		const isCopy = originals.some(
			(original) => original.headers['x-pocketsflow-timestamp'] === time,
		);
		if (!isSigned(delivery, secret) || event === events[0] || isCopy) return [];
		if (!events.includes(String(event))) return [];
		return `${sign(body)} ${/^\d{9,16}$/.test(time) ? time : index}`;
	});
	return new Set(keys);
}

test(
	`the trigger starts nothing for ${hostileCount} hostile deliveries but those that are other events`,
	async () => {
		const drawn = fc
			.sample(hostileDeliveries(originals, secret), { numRuns: hostileCount, seed })
			.map(makeSendable);
		const counts: Record<string, number> = {};
		const started = await countStartedBy(async () => {
			const sendOne = async (delivery: Delivery) => {
				const kind = isSigned(delivery, secret) ? 'genuine' : 'forged';
				const outcome = `${kind}: ${summarize(await send(delivery))}`;
				counts[outcome] = (counts[outcome] ?? 0) + 1;
			};
			await mapConcurrently(10, drawn, sendOne);
		});
		expect(started).toBe(findNewEvents(drawn).size);
		expect(Object.keys(counts).sort()).toEqual([
			`forged: ${refusedByTrigger}`,
			'forged: 422',
			'genuine: 200',
		]);
		for (const count of Object.values(counts)) expect(count).toBeGreaterThan(hostileCount / 10);
		refusals += counts[`forged: ${refusedByTrigger}`];
	},
	hostileTimeoutMs,
);

describe('a delivery that n8n or the trigger cannot read', () => {
	const asForm = ({ body, headers }: Delivery): Delivery => ({
		body: Buffer.concat([
			Buffer.from('--b\r\nContent-Disposition: form-data; name="payload"\r\n\r\n'),
			body,
			Buffer.from('\r\n--b--\r\n'),
		]),
		headers: { ...headers, 'content-type': 'multipart/form-data; boundary=b' },
	});
	const cutGzip = encode('gzip', (body) => gzipSync(body).subarray(0, 40));
	const gzipBomb = encode('gzip', () => gzipSync(Buffer.alloc(50_000_000)));
	const nest = (depth: number) => `{"order":${'['.repeat(depth)}${']'.repeat(depth)}}`;
	const signText = (text: string): Delivery => {
		const body = Buffer.from(text);
		const { headers } = buildSale();
		return { body, headers: { ...headers, 'x-pocketsflow-signature': sign(body) } };
	};
	const unknownCharset = { 'content-type': 'application/json; charset=klingon' };
	const long = 'x'.repeat(17 * 1024 * 1024);

	test.each<[string, () => WebhookRequest, string]>([
		['without a body', () => ({ ...buildSale(), body: Buffer.alloc(0) }), refusedByTrigger],
		['as a signed multipart form', () => asForm(buildSale()), refusedByTrigger],
		['with a signed body in brotli', () => encode('br', brotliCompressSync)(buildSale()), '422'],
		['in broken gzip', () => cutGzip(buildSale()), '500'],
		['as a gzip bomb', () => gzipBomb(buildSale()), '500'],
		['in an unknown charset', () => buildSale(unknownCharset), '422'],
		['signed and 5,000 levels deep', () => signText(nest(5000)), '200'],
		[
			'over the size limit of n8n',
			() => buildDelivery('order.completed', { ...orderCompleted, long }),
			'500',
		],
	])('starts nothing %s', async (_which, build, expected) => {
		let response: Response | undefined;
		const started = await countStartedBy(async () => {
			response = await send(build());
		});
		expect(response && summarize(response)).toBe(expected);
		expect(started).toBe(0);
		if (expected === refusedByTrigger) refusals += 1;
	});

	test('starts nothing if it is cut off in the middle of the body', async () => {
		const { body, headers } = buildSale();
		const { hostname, port, pathname } = new URL(url);
		const started = await countStartedBy(async () => {
			const socket = connect(Number(port), hostname);
			const lines = Object.entries({ ...headers, host: hostname, 'content-length': body.length });
			socket.write(
				`POST ${pathname} HTTP/1.1\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n`,
			);
			socket.write(body.subarray(0, body.length / 2));
			await sleep(500);
			socket.destroy();
		});
		expect(started).toBe(0);
	});
});

describe('a genuine delivery', () => {
	const asType =
		(contentType: string) =>
		({ body, headers }: Delivery): Delivery => ({
			body,
			headers: { ...headers, 'content-type': contentType },
		});
	const withoutType = ({ body, headers }: Delivery): Delivery => ({
		body,
		headers: Object.fromEntries(
			Object.entries(headers).filter(([name]) => name !== 'content-type'),
		),
	});
	const withSignature =
		(write: (signature: string) => string) =>
		({ body, headers }: Delivery): Delivery => ({
			body,
			headers: { ...headers, 'x-pocketsflow-signature': write(sign(body)) },
		});

	test.each<[string, (sale: Delivery) => Delivery]>([
		['with a charset', asType('application/json; charset=utf-8')],
		['as text', asType('text/plain')],
		['as bytes', asType('application/octet-stream')],
		['as a kind of JSON', asType('application/vnd.api+json')],
		['as a form', asType('application/x-www-form-urlencoded')],
		['with an unknown content type', asType('unknown')],
		['without a content type', withoutType],
		['in gzip', encode('gzip', gzipSync)],
		[
			'in gzip, as bytes',
			(sale) => encode('gzip', gzipSync)(asType('application/octet-stream')(sale)),
		],
		['in deflate', encode('deflate', deflateSync)],
		[
			'with a prefix and capitals in its signature',
			withSignature((signature) => `sha256=${signature.toUpperCase()}`),
		],
	])('starts one execution %s', async (_how, change) => {
		let response: Response | undefined;
		const started = await countStartedBy(async () => {
			response = await send(change(buildSale()));
		});
		expect(response).toEqual({ status: 200, text: '' });
		expect(started).toBe(1);
	});
});

test('n8n has not restarted, and its log has at most one line a minute of each kind, the number of refusals, and nothing that was sent', async () => {
	const { n8n, sandbox } = environment;
	expect(n8n.pid).toBe(pid);
	const log = await readFile(n8n.logFile, 'utf8');
	const lines = log.split('\n').filter((line) => line.includes('Pocketsflow Trigger'));
	const counts = lines.flatMap((line) => {
		const refused = / refused (\d+) deliver(y|ies): [a-z ]+ \(\d+\)/.exec(line);
		return refused ? Number(refused[1]) : [];
	});
	expect(counts.length).toBeGreaterThan(0);
	const mostLines = (Date.now() - startedAtMs) / 60_000 + 1;
	expect(counts.length).toBeLessThanOrEqual(mostLines);
	expect(counts.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(refusals);
	expect(refusals).toBeGreaterThan(hostileCount / 10);
	const unread = lines.filter((line) => line.includes(' a signed delivery '));
	expect(unread.length).toBeGreaterThan(0);
	expect(unread.length).toBeLessThanOrEqual(mostLines);
	expect(lines).toHaveLength(counts.length + unread.length);
	for (const hidden of [secret, sandbox.testKey, 'ana@example.org', 'A-1001'])
		expect(log).not.toContain(hidden);
});
