import type { IDataObject } from 'n8n-workflow';

import { sign } from '../../nodes/Pocketsflow/events/signature';
import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import type { Sandbox } from '../../sandbox/sandbox';
import { nodeName, runNode, type NodeSetup } from '../harness/engine/context';
import { membership, orderCompleted } from '../harness/payloads';
import { deliver, newTrigger, secret } from './deliver';
import { openSandbox } from './stockedSandbox';

const node = new Pocketsflow();
const body = Buffer.from(JSON.stringify(orderCompleted));

let sandbox: Sandbox;

beforeAll(async () => (sandbox = await openSandbox()));
afterAll(async () => await sandbox.close());

const buildHeaders = (raw: Buffer, event = 'order.completed'): Record<string, string> => ({
	'x-pocketsflow-signature': sign(raw, secret),
	'x-pocketsflow-event': event,
	'x-pocketsflow-timestamp': '1795608000000',
});

/** The node behind n8n's own Webhook node, with Raw Body on. */
const verify = async (
	raw: Buffer,
	headers: IDataObject,
	{ parameters, ...more }: Partial<NodeSetup> = {},
) =>
	await runNode({
		node,
		credential: { apiKey: sandbox.testKey, baseUrl: sandbox.url, webhookSigningSecret: secret },
		items: [{ headers, params: {}, query: {}, body: {} }],
		binary: { data: { data: raw.toString('base64'), mimeType: 'application/json' } },
		parameters: { resource: 'webhook', operation: 'verifyDelivery', ...parameters },
		...more,
	});

const withoutTimes = ({ deliveredAt, ...item }: IDataObject) => {
	expect(typeof deliveredAt).toBe('string');
	return item;
};

describe('Webhook: Verify Delivery', () => {
	it.each([
		['order.completed', orderCompleted, true],
		['order.completed', orderCompleted, false],
		['customer.subscription.created', membership, true],
	])('outputs what the trigger emits (%s, %o, simplify %s)', async (event, payload, simplify) => {
		const raw = Buffer.from(JSON.stringify(payload));
		const headers = buildHeaders(raw, event);
		const { output, error } = await verify(raw, headers, { parameters: { simplify } });
		expect(error).toBeUndefined();
		const { items } = await deliver(newTrigger({ simplify }), { body: raw, headers });
		expect(output.map(({ json }) => withoutTimes(json))).toEqual(items.map(withoutTimes));
		expect(items).toHaveLength(1);
	});

	it('names the customer of an account as the trigger does, and asks whose account it is once', async () => {
		const raw = Buffer.from(JSON.stringify({ customer: { email: 'ana@example.org' } }));
		const headers = buildHeaders(raw, 'customer.created');
		const before = sandbox.requests.length;
		const runs = [await verify(raw, headers), await verify(raw, headers)];
		const ids = runs.map(({ output }) => output[0].json.eventId);
		expect(new Set(ids).size).toBe(1);
		expect(ids[0]).toMatch(/^customer\.created:test:.+:ana@example\.org$/);
		expect(sandbox.requests.slice(before).map(({ path }) => path)).toEqual(['/users/me']);
	});

	it('takes the body as text, with every blank of it', async () => {
		const text = `\n ${JSON.stringify(orderCompleted, null, 2)} \n`;
		const { output } = await verify(body, buildHeaders(Buffer.from(text)), {
			parameters: { bodyFrom: 'text', body: text },
		});
		expect(output[0].json.event).toBe('order.completed');
	});

	it('a parsed body is accepted if writing it again gives the same bytes', async () => {
		const parameters = { bodyFrom: 'text', body: '={{ $json.body }}' };
		const items = [{ headers: buildHeaders(body), body: orderCompleted }];
		const { output } = await verify(body, {}, { parameters, items });
		expect(output[0].json.event).toBe('order.completed');
	});

	it.each<[string, Record<string, string>, RegExp]>([
		['a forged body', buildHeaders(Buffer.from('{}')), /Raw Body/],
		['no signature', { 'x-pocketsflow-event': 'order.completed' }, /no X-Pocketsflow-Signature/],
		['a malformed one', { 'x-pocketsflow-signature': 'abc' }, /64 hexadecimal digits/],
	])('ends in an error for %s', async (_, headers, description) => {
		const { output, error } = await verify(body, headers);
		expect(output).toEqual([]);
		expect(error?.message).toBe('The signature of this delivery is invalid');
		expect(error?.description).toMatch(description);
		expect(JSON.stringify(error)).not.toContain(secret);
	});

	it('the error goes to its own output if On Error says so', async () => {
		const { run } = await verify(body, buildHeaders(Buffer.from('{}')), {
			onError: 'continueErrorOutput',
		});
		const [, failed] = run.data.resultData.runData[nodeName][0].data!.main;
		expect(failed?.[0].json.error).toMatch(/^The signature of this delivery is invalid/);
	});

	it('the node asks for the signing secret if the credential has none', async () => {
		const credential = { apiKey: sandbox.testKey, baseUrl: sandbox.url };
		const { error } = await verify(body, buildHeaders(body), { credential });
		expect(error?.description).toMatch(/'Webhook Signing Secret' in the credential/);
	});

	it.each(['whsec_****************', 'whsec_••••4a7f', 'whsec_abc…', 'whsec_xxxxxxxx'])(
		'refuses the masked secret %s, which anyone could guess',
		async (masked) => {
			const credential = {
				apiKey: sandbox.testKey,
				baseUrl: sandbox.url,
				webhookSigningSecret: masked,
			};
			const headers = { ...buildHeaders(body), 'x-pocketsflow-signature': sign(body, masked) };
			const { output, error } = await verify(body, headers, { credential });
			expect(output).toEqual([]);
			expect(error?.message).toBe("The 'Webhook Signing Secret' in the credential is masked");
		},
	);

	it('shows what headers look like if they are not an object', async () => {
		const { error } = await verify(body, {}, { parameters: { headers: '[]' } });
		expect(error?.description).toMatch(/such as {"x-pocketsflow-signature"/);
	});

	it('the node says which option the Webhook node needs if the item has no binary data', async () => {
		const { error } = await verify(body, buildHeaders(body), { binary: undefined });
		expect(error?.message).toBe("The input item has no binary field 'data'");
		expect(error?.description).toMatch(/enable the option Raw Body/);
	});

	const file = { data: body.toString('base64'), mimeType: 'application/json' };
	it.each<[string, string, Partial<NodeSetup>]>([
		['by name, with blanks around it', ' data ', {}],
		['by the name of another field', 'raw', { binary: { raw: file } }],
		['as an object', '={{ $binary.data }}', {}],
		[
			'by name in the binary mode Combined',
			'data',
			{ binary: undefined, items: [{ headers: buildHeaders(body), _files: { data: file } }] },
		],
		[
			'by path',
			'request.data',
			{ binary: undefined, items: [{ headers: buildHeaders(body), request: { data: file } }] },
		],
		[
			'as an object in the JSON',
			'={{ $json.request.data }}',
			{ binary: undefined, items: [{ headers: buildHeaders(body), request: { data: file } }] },
		],
	])('finds the file %s', async (_about, binaryField, more) => {
		const { output, error } = await verify(body, buildHeaders(body), {
			parameters: { binaryField },
			...more,
		});
		expect(error?.message).toBeUndefined();
		expect(output[0].json.event).toBe('order.completed');
	});

	it('reads headers that an API gateway gives as lists', async () => {
		const lists = Object.entries(buildHeaders(body)).map(([name, value]) => [
			name.toUpperCase(),
			[value],
		]);
		const headers = Object.fromEntries(lists) as IDataObject;
		const { output, error } = await verify(body, headers);
		expect(error?.message).toBeUndefined();
		expect(output[0].json).toMatchObject({
			event: 'order.completed',
			sentAt: '2026-11-25T12:00:00.000Z',
		});
	});

	it('refuses two different signatures of one delivery', async () => {
		const headers = buildHeaders(body);
		const signatures = [headers['x-pocketsflow-signature'], sign(Buffer.from('{}'), secret)];
		const { error } = await verify(body, { ...headers, 'x-pocketsflow-signature': signatures });
		expect(error?.description).toMatch(/64 hexadecimal digits/);
	});

	it('a signed body without an event is refused', async () => {
		const raw = Buffer.from('[]');
		const { error } = await verify(raw, buildHeaders(raw));
		expect(error?.message).toBe("Can't read this signed delivery");
	});
});
