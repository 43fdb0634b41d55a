import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

import axios from 'axios';
import fc from 'fast-check';
import pLimit from 'p-limit';

import { hostileDeliveries, isSigned, type Sent } from '../engine/hostile';
import type { N8nClient, StoredWorkflow } from '../harness/n8n/client';
import type { RunningN8n } from '../harness/n8n/start';
import type { Sandbox } from '../../sandbox/sandbox';
import { openStage } from './stage';
import { invoice, membership, orderCompleted } from '../harness/payloads';

const installingMs = 20 * 60_000;
const hostileCount = 1000;
const seed = 20261124;

let sandbox: Sandbox;
let n8n: RunningN8n;
let client: N8nClient;
let workflow: StoredWorkflow;
let url: string;
let secret: string;
let originals: Sent[];
let pid: number | undefined;
/** What the trigger refused so far. */
let refusals = 0;

const sign = (body: Buffer) => createHmac('sha256', secret).update(body).digest('hex');

/** A delivery as Pocketsflow sends it (contract C3). */
function delivery(event: string, payload: unknown, headers: Sent['headers'] = {}): Required<Sent> {
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

let orders = 0;
/** A sale that no delivery was about yet. */
const sale = (headers?: Sent['headers']) =>
	delivery('order.completed', { ...orderCompleted, order: { id: `order-${++orders}` } }, headers);

interface Answer {
	status: number;
	text: string;
}

async function send({ body, headers }: Sent): Promise<Answer> {
	const { status, data } = await axios.post<string>(url, body, {
		// Without the default of axios, so that nothing is sent where a delivery has none.
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

const encoded =
	(encoding: string, encode: (body: Buffer) => Buffer) =>
	({ body, headers }: Required<Sent>): Sent => ({
		body: encode(body),
		headers: { ...headers, 'content-encoding': encoding },
	});

/** The headers that HTTP can carry. Several of one name reach n8n as one. */
function sendable({ body, headers = {} }: Sent): Required<Sent> {
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

async function executions(): Promise<number> {
	const deadline = Date.now() + 30_000;
	for (;;) {
		const all = await client.executions(workflow.id);
		if (all.every(({ stoppedAt }) => stoppedAt !== null) || Date.now() > deadline) {
			expect(all.filter(({ status }) => status !== 'success')).toEqual([]);
			return all.length;
		}
		await wait(250);
	}
}

/** How many executions the act starts; n8n gets time to start what it was going to start. */
async function startedBy(act: () => Promise<void>): Promise<number> {
	const before = await executions();
	await act();
	await wait(1000);
	return (await executions()) - before;
}

beforeAll(async () => {
	const stage = await openStage({ switches: { secretOnGet: 'present' } });
	({ sandbox, n8n, client } = stage);
	pid = n8n.pid;
	const events = ['order.completed', 'customer.subscription.updated', 'invoice.payment_succeeded'];
	workflow = await client.importWorkflow(
		{
			name: 'Deliveries',
			nodes: [
				{
					name: 'Pocketsflow Trigger',
					type: 'n8n-nodes-pocketsflow.pocketsflowTrigger',
					typeVersion: 2,
					position: [0, 0],
					parameters: { events },
				},
			],
			connections: {},
		},
		[stage.credential],
	);
	await client.activate(workflow.id);
	const { data } = await axios.get<Array<{ url: string; secret: string }>>(
		`${sandbox.url}/webhooks`,
		{
			headers: { authorization: `Bearer ${sandbox.testKey}` },
			proxy: false,
		},
	);
	[{ url, secret }] = data;
	originals = [
		delivery(events[0], orderCompleted),
		delivery(events[1], membership),
		delivery(events[2], invoice),
	];
}, installingMs);

afterAll(async () => {
	await n8n?.stop();
	await sandbox?.close();
});

test('each genuine delivery starts one execution', async () => {
	const started = await startedBy(async () => {
		for (const original of originals)
			expect(await send(original)).toEqual({ status: 200, text: '' });
	});
	expect(started).toBe(originals.length);
});

describe('refused', () => {
	const byTrigger = '401 {"message":"The signature of this delivery is not valid"}';

	/** n8n refuses what calls itself JSON and is none before any node sees it, with a text of its own. */
	const answerOf = ({ status, text }: Answer) =>
		status === 401 ? `${status} ${text}` : String(status);

	test(`${hostileCount} hostile deliveries`, async () => {
		const drawn = fc.sample(hostileDeliveries(originals, secret), { numRuns: hostileCount, seed });
		const answers: Record<string, number> = {};
		const started = await startedBy(async () => {
			const limit = pLimit(10);
			const sendOne = async (sent: Sent) => {
				const answer = `${isSigned(sent, secret) ? 'genuine' : 'forged'}: ${answerOf(await send(sent))}`;
				answers[answer] = (answers[answer] ?? 0) + 1;
			};
			await Promise.all(drawn.map(sendable).map((sent) => limit(sendOne, sent)));
		});
		expect(started).toBe(0);
		expect(Object.keys(answers).sort()).toEqual([
			`forged: ${byTrigger}`,
			'forged: 422',
			'genuine: 200',
		]);
		for (const count of Object.values(answers)) expect(count).toBeGreaterThan(hostileCount / 10);
		refusals += answers[`forged: ${byTrigger}`];
	});

	const asForm = ({ body, headers }: Required<Sent>): Sent => ({
		body: Buffer.concat([
			Buffer.from('--b\r\nContent-Disposition: form-data; name="payload"\r\n\r\n'),
			body,
			Buffer.from('\r\n--b--\r\n'),
		]),
		headers: { ...headers, 'content-type': 'multipart/form-data; boundary=b' },
	});
	const long = 'x'.repeat(17 * 1024 * 1024);

	test.each<[string, () => Sent, string]>([
		['without a body', () => ({ ...sale(), body: Buffer.alloc(0) }), byTrigger],
		['a signed multipart form', () => asForm(sale()), byTrigger],
		['a signed body in brotli', () => encoded('br', brotliCompressSync)(sale()), '422'],
		['broken gzip', () => encoded('gzip', (body) => gzipSync(body).subarray(0, 40))(sale()), '500'],
		['a gzip bomb', () => encoded('gzip', () => gzipSync(Buffer.alloc(50_000_000)))(sale()), '500'],
		[
			'an unknown charset',
			() => sale({ 'content-type': 'application/json; charset=klingon' }),
			'422',
		],
		[
			'over the limit of n8n',
			() => delivery('order.completed', { ...orderCompleted, long }),
			'500',
		],
	])('%s', async (_which, made, expected) => {
		let answer: Answer | undefined;
		const started = await startedBy(async () => {
			answer = await send(made());
		});
		expect(answer && answerOf(answer)).toBe(expected);
		expect(started).toBe(0);
		if (expected === byTrigger) refusals += 1;
	});

	test('cut off in the middle of the body', async () => {
		const { body, headers } = sale();
		const { hostname, port, pathname } = new URL(url);
		const started = await startedBy(async () => {
			const socket = connect(Number(port), hostname);
			const lines = Object.entries({ ...headers, host: hostname, 'content-length': body.length });
			socket.write(
				`POST ${pathname} HTTP/1.1\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n`,
			);
			socket.write(body.subarray(0, body.length / 2));
			await wait(500);
			socket.destroy();
		});
		expect(started).toBe(0);
	});
});

describe('a genuine delivery starts one execution, sent', () => {
	const asType =
		(contentType: string) =>
		({ body, headers }: Required<Sent>): Sent => ({
			body,
			headers: { ...headers, 'content-type': contentType },
		});
	const withoutType = (headers: Required<Sent>['headers']) =>
		Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'content-type'));
	const signedAs =
		(write: (signature: string) => string) =>
		({ body, headers }: Required<Sent>): Sent => ({
			body,
			headers: { ...headers, 'x-pocketsflow-signature': write(sign(body)) },
		});

	test.each<[string, (sent: Required<Sent>) => Sent]>([
		['with a charset', asType('application/json; charset=utf-8')],
		['as text', asType('text/plain')],
		['as bytes', asType('application/octet-stream')],
		['as a kind of JSON', asType('application/vnd.api+json')],
		['as a form', asType('application/x-www-form-urlencoded')],
		['as nothing known', asType('unknown')],
		['as nothing', ({ body, headers }) => ({ body, headers: withoutType(headers) })],
		['in gzip', encoded('gzip', gzipSync)],
		[
			'in gzip, as bytes',
			(sent) =>
				encoded('gzip', gzipSync)(asType('application/octet-stream')(sent) as Required<Sent>),
		],
		['in deflate', encoded('deflate', deflateSync)],
		['with a prefix and capitals', signedAs((signature) => `sha256=${signature.toUpperCase()}`)],
	])('%s', async (_how, changed) => {
		let answer: Answer | undefined;
		const started = await startedBy(async () => {
			answer = await send(changed(sale()));
		});
		expect(answer).toEqual({ status: 200, text: '' });
		expect(started).toBe(1);
	});
});

test('n8n is the same process still, and its log tells one line of each refusal and nothing that was sent', async () => {
	expect(n8n.pid).toBe(pid);
	const log = await readFile(n8n.logFile, 'utf8');
	const lines = log.split('\n').filter((line) => line.includes('Pocketsflow Trigger'));
	expect(lines.filter((line) => /refused a delivery: [a-z ]+$/.test(line))).toHaveLength(refusals);
	expect(lines).toHaveLength(refusals);
	expect(refusals).toBeGreaterThan(hostileCount / 10);
	for (const hidden of [secret, sandbox.testKey, 'ana@example.org', 'A-1001'])
		expect(log).not.toContain(hidden);
});
