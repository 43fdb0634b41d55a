import { readExample } from '../../demo/example-workflows';
import { examples } from '../../demo/examples';
import { buildFirstMinutes, buildSteps } from '../../demo/first-minutes';
import { isUnreported, readPaidOrder } from '../../demo/paid-orders';
import { estimateNoteHeight, isNote } from '../harness/n8n/canvas';
import type { ExecutionStatus } from '../harness/n8n/client';
import { formatError, readMessage } from '../harness/runMain';

const run = (
	orderId: string | undefined,
	mode = 'webhook',
	status: ExecutionStatus = 'success',
) => ({
	mode,
	status,
	items: (node: string) =>
		node === 'Pocketsflow Trigger' && orderId ? [{ metadata: { order_id: orderId } }] : [],
});

describe('The demo', () => {
	test.each([
		['the sale of an order', run('S-2041'), true],
		['a failed sale', run('S-2041', 'webhook', 'error'), true],
		['a sale of the sample order', run('SAMPLE-1'), false],
		['a run by hand', run('S-2041', 'manual'), false],
		['the visit of a buyer', run(undefined), false],
	])('counts %s as a paid order only if it is one', (_what, execution, expected) => {
		expect(isUnreported(execution)).toBe(expected);
	});

	test.each([
		['the quick start', 'quick-start', true],
		['"sell"', 'sell', false],
	])('names in its steps with %s only nodes that it has', async (_which, file, canReceive) => {
		const nodes = (await readExample(file)).nodes.map(({ name }) => name);
		const n8n = 'http://127.0.0.1:5678';
		const [, see] = buildSteps({ store: n8n, n8n, seller: `${n8n}/workflow/1`, canReceive });
		const named = [...see.text.matchAll(/double-click "([^"]+)"/g)].map(([, name]) => name);
		expect(named).toHaveLength(1);
		expect(nodes).toEqual(expect.arrayContaining(named));
		expect(see.url).toBe(`${n8n}/workflow/1/executions`);
	});

	test('leads to the execution of the sale, which is not the newest after another visit', () => {
		const n8n = 'http://127.0.0.1:5678';
		const places = { store: n8n, n8n, seller: `${n8n}/workflow/1`, canReceive: true };
		const { nodes } = buildFirstMinutes(buildSteps(places));
		const note = nodes.find(({ name }) => name === 'Step 2');
		expect(note?.parameters.content).toContain('The terminal shows a link to the execution');
		expect(note?.parameters.content).not.toMatch(/newest execution is|below it/);
		for (const each of nodes.filter(isNote))
			expect(estimateNoteHeight(each)).toBeLessThanOrEqual(Number(each.parameters.height));
	});

	test('publishes workflows that listen when a member joins, pays, fails to pay and leaves', async () => {
		const published = examples.filter(({ active }) => active !== undefined);
		const workflows = await Promise.all(published.map(({ file }) => readExample(file)));
		const heard = workflows
			.flatMap(({ nodes }) => nodes)
			.filter(({ type }) => type === 'n8n-nodes-pocketsflow.pocketsflowTrigger')
			.flatMap(({ parameters }) => parameters.events as string[]);
		expect(heard).toEqual(
			expect.arrayContaining([
				...['customer.subscription.created', 'customer.subscription.deleted'],
				...['invoice.payment_succeeded', 'invoice.payment_failed'],
			]),
		);
	});

	test('reads the order ID that the buyer came with', () => {
		expect(readPaidOrder(run('S-2041'))?.orderId).toBe('S-2041');
		expect(readPaidOrder(run('SAMPLE-1'))).toBeUndefined();
	});
});

describe('What was thrown is readable', () => {
	test('in a line', () => {
		expect(readMessage(new Error('Port 1 is in use.'))).toBe('Port 1 is in use.');
		expect(readMessage(Object.assign(new Error(''), { code: 'ECONNREFUSED' }))).toBe(
			'ECONNREFUSED',
		);
		expect(readMessage({ status: 500 })).toBe('{ status: 500 }');
		expect(readMessage('gone')).toBe('gone');
	});

	test('with stack and causes', () => {
		const text = formatError(new Error('outer', { cause: { status: 500 } }));
		expect(text).toMatch(/^Error: outer\n +at .*\nCaused by \{ status: 500 \}$/s);
	});
});
