import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import type { Operation } from '../../nodes/Pocketsflow/actions/operation';
import { resources } from '../../nodes/Pocketsflow/actions/resources';
import type { Sandbox } from '../../sandbox/sandbox';
import { runNode, type NodeRun } from '../harness/engine/context';
import { cases, type Case } from './operations';
import { openSandbox, stockSandbox, type StockedSandbox } from './stockedSandbox';
import { json, text, withFaultServer, type Behavior } from './transport/faultServer';
import { unknownOutcome } from './transport/faultTable';

const node = new Pocketsflow();

let sandbox: Sandbox;
let shop: StockedSandbox;

beforeAll(async () => {
	sandbox = await openSandbox();
	shop = await stockSandbox(sandbox);
});
afterAll(async () => await sandbox.close());

interface Row {
	title: string;
	plainCase: Case;
	operation: Operation;
}

const rows: Row[] = resources.flatMap(({ option, operations }) =>
	operations.flatMap((operation) => {
		const isPlain = (each: Case) =>
			each.resource === option.value && each.operation === operation.option.value;
		const plainCase = cases.find(isPlain);
		const title = `${String(option.value)} ${String(operation.option.value)}`;
		return plainCase && !('prepare' in operation) ? [{ title, plainCase, operation }] : [];
	}),
);

const rowsOf = (...kinds: string[]) =>
	rows.filter(({ operation }) =>
		kinds.includes('response' in operation ? operation.response.kind : 'list'),
	);

async function runAnswered(behavior: Behavior, { plainCase }: Row): Promise<NodeRun[]> {
	const runs: NodeRun[] = [];
	await withFaultServer(behavior, async ({ url }) => {
		const { resource, operation, parameters } = plainCase;
		runs.push(
			await runNode({
				node,
				credential: { ...shop.credential, baseUrl: url },
				parameters: { resource, operation, ...parameters?.(shop) },
			}),
		);
	});
	return runs;
}

function expectFailure({ error, output }: NodeRun, message: RegExp, { operation }: Row) {
	expect(output).toEqual([]);
	expect(error?.message).toMatch(message);
	const isUnknown = operation.effect === 'create';
	expect(error?.message.includes(unknownOutcome)).toBe(isUnknown);
	if (isUnknown) expect(error?.context?.outcome).toBe('unknown');
}

const nothing = /^Pocketsflow did not return the requested data/;

const oddAnswers: Array<[string, Behavior, RegExp]> = [
	['an error', json(200, { error: 'Store is closed', code: 'CLOSED' }), /^Store is closed\./],
	['success: false', json(200, { success: false, message: 'Not today' }), /^Not today\./],
	['{}', json(200, {}), nothing],
	['[]', json(200, []), nothing],
	['null', json(200, null), nothing],
	['"ok"', json(200, 'ok'), nothing],
	['nothing', text(200, ''), nothing],
	[
		'a message',
		json(201, { message: 'Done' }),
		/^Pocketsflow did not return .*\. It returned "Done"\./,
	],
	['a record without an ID', json(201, { name: 'Ebook', data: { name: 'Ebook' } }), nothing],
];

describe.each(oddAnswers)('an answer of success with %s', (_, behavior, message) => {
	it.each(rowsOf('record'))('is no success of $title', async (row) => {
		for (const run of await runAnswered(behavior, row)) expectFailure(run, message, row);
	});
});

describe.each(oddAnswers.filter(([, , message]) => message !== nothing).slice(0, 2))(
	'an answer of success with %s',
	(_, behavior, message) => {
		it.each(rowsOf('list', 'deleted', 'message'))('is no success of $title', async (row) => {
			for (const run of await runAnswered(behavior, row)) expectFailure(run, message, row);
		});
	},
);

it.each(rowsOf('list'))('a list is needed for $title', async (row) => {
	for (const answer of [json(200, {}), json(200, null), text(200, '')])
		for (const run of await runAnswered(answer, row)) expectFailure(run, nothing, row);
});

it.each(rowsOf('deleted', 'message'))('a message or nothing is enough for $title', async (row) => {
	for (const answer of [json(200, { message: 'Done' }), json(200, {}), text(204, '')])
		for (const { error, output } of await runAnswered(answer, row)) {
			expect(error).toBeUndefined();
			expect(output).toHaveLength(1);
		}
});

it('a checkout session without a URL to send the buyer to is no success', async () => {
	const [row] = rows.filter(({ title }) => title === 'checkoutSession create');
	for (const url of [undefined, '', null, 'ok', '/checkout', 'javascript:alert(1)'])
		for (const run of await runAnswered(json(201, { id: 'cs_1', url }), row))
			expectFailure(run, nothing, row);
	const [{ output }] = await runAnswered(json(201, { url: 'https://a.example/checkout' }), row);
	expect(output[0].json).toEqual({ url: 'https://a.example/checkout' });
});

it('two orders whose IDs differ beyond 2^53 are two, each with its own ID', async () => {
	const ids = ['90071992547409931', '90071992547409932'];
	const orders = ids.map((id) => `{"_id":${id},"customer":{"id":${id}}}`).join();
	const [row] = rows.filter(({ title }) => title === 'order getAll');
	const [{ output }] = await runAnswered(text(200, `{"orders":[${orders}]}`), row);
	expect(output.map(({ json: { _id } }) => _id)).toEqual(ids);
});
