import type { IDataObject, WorkflowActivateMode } from 'n8n-workflow';

import { PocketsflowPollingTrigger } from '../../nodes/Pocketsflow/PocketsflowPollingTrigger.node';
import { createMemory, type ProcessMemory } from '../../nodes/Pocketsflow/polling/pollContext';
import { poll } from '../../nodes/Pocketsflow/polling/poll';
import type { Sandbox } from '../../sandbox/sandbox';
import { createPollContext, type NodeSetup } from '../harness/engine/context';
import { collectLog } from './logLines';
import { openSandbox } from './stockedSandbox';

const node = new PocketsflowPollingTrigger();
const hourMs = 60 * 60_000;

let sandbox: Sandbox;
let productId: string;
let offerId: string;
let clockOffsetMs = 0;
const getRealNowMs = Date.now.bind(Date);

beforeAll(async () => {
	sandbox = await openSandbox();
});
beforeEach(async () => {
	clockOffsetMs = 0;
	jest.spyOn(Date, 'now').mockImplementation(() => getRealNowMs() + clockOffsetMs);
	sandbox.reset();
	productId = await readFirstId('/products');
	offerId = await readFirstId('/subscriptions');
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => await sandbox.close());

async function callSandbox(method: string, path: string): Promise<IDataObject[]> {
	const response = await fetch(sandbox.url + path, {
		method,
		headers: { authorization: `Bearer ${sandbox.testKey}` },
	});
	if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}`);
	return (await response.json()) as IDataObject[];
}

const readFirstId = async (path: string) => String((await callSandbox('GET', path))[0]._id);

let nodeCount = 0;

const setUpNode = (parameters: NodeSetup['parameters'] = {}): NodeSetup => ({
	node,
	nodeId: `restarted-${++nodeCount}`,
	parameters,
	credential: { apiKey: sandbox.testKey, baseUrl: sandbox.url },
	staticData: {},
});

/** n8n starts again, and what the node stored is gone. */
const loseState = (setup: NodeSetup, activation: WorkflowActivateMode = 'init'): NodeSetup => ({
	...setup,
	staticData: {},
	activation,
});

const pollWith = async (setup: NodeSetup, memory: ProcessMemory) =>
	(await poll(createPollContext(setup), memory))?.map(({ eventId }) => eventId);

const sell = async (count = 1) => (await sandbox.purchase({ productId, count })).orderIds;
const subscribe = async (email: string) =>
	(await sandbox.purchase({ offerId, email })).membershipIds[0];
const toEventIds = (orderIds: string[]) => orderIds.map((id) => `order.completed:${id}`);

describe('a polling trigger whose stored state is gone when n8n starts', () => {
	it.each<WorkflowActivateMode>(['init', 'leadershipChange'])(
		'finds the sales of the last day again, with the same event IDs (%s)',
		async (activation) => {
			const setup = setUpNode();
			const memory = createMemory();
			await pollWith(setup, memory);
			clockOffsetMs += hourMs;
			const handled = await sell();
			expect(await pollWith(setup, memory)).toEqual(toEventIds(handled));
			const missed = await sell(2);
			clockOffsetMs += 20 * hourMs;
			expect(await pollWith(loseState(setup, activation), createMemory())).toEqual(
				toEventIds([...handled, ...missed]),
			);
		},
	);

	it('looks back a day, and further where Look Back says so', async () => {
		const ids = await sell();
		clockOffsetMs += 30 * hourMs;
		expect(await pollWith(loseState(setUpNode()), createMemory())).toEqual([]);
		const further = setUpNode({ options: { lookBack: 48 } });
		expect(await pollWith(loseState(further), createMemory())).toEqual(toEventIds(ids));
	});

	it('says in the log how far it looks back, once', async () => {
		const setup = loseState(setUpNode());
		const memory = createMemory();
		const lines = await collectLog(async () => {
			await pollWith(setup, memory);
			await pollWith(setup, memory);
		});
		expect(lines.filter(({ level }) => level === 'warn')).toEqual([
			{ level: 'warn', message: expect.stringMatching(/nothing stored.*looks back 24 hours/) },
		]);
	});

	it('emits the end of a subscription whose paid period may have ended meanwhile', async () => {
		const events = { events: ['customer.subscription.deleted'] };
		const endedBefore = await subscribe('before@example.com');
		await callSandbox('POST', `/_sandbox/memberships/${endedBefore}/end`);
		clockOffsetMs += 60 * 24 * hourMs;
		const active = await subscribe('active@example.com');
		const ended = await subscribe('ended@example.com');
		const setup = setUpNode(events);
		await pollWith(setup, createMemory());
		await callSandbox('POST', `/_sandbox/memberships/${ended}/end`);
		clockOffsetMs += 20 * hourMs;
		const memory = createMemory();
		expect(await pollWith(loseState(setup), memory)).toEqual([
			`customer.subscription.deleted:${ended}`,
		]);
		expect(active).not.toBe(ended);
	});
});

it('begins now, not a day before, when a user activates the workflow', async () => {
	await sell();
	clockOffsetMs += hourMs;
	expect(await pollWith(loseState(setUpNode(), 'activate'), createMemory())).toEqual([]);
});

it('does not look back a day for a key of the other mode, of which nothing was lost', async () => {
	const setup = setUpNode();
	const memory = createMemory();
	setup.activation = 'init';
	setup.credential = { apiKey: sandbox.liveKey, baseUrl: sandbox.url };
	await pollWith(setup, memory);
	await sell();
	clockOffsetMs += 2 * hourMs;
	setup.credential = { apiKey: sandbox.testKey, baseUrl: sandbox.url };
	expect(await pollWith(setup, memory)).toEqual([]);
});

describe('a polling trigger whose stored state comes back older', () => {
	/** Polls, a copy of the state between them, and what was sold after it. */
	async function pollAroundCopy() {
		const setup = setUpNode();
		const memory = createMemory();
		await pollWith(setup, memory);
		await sell();
		await pollWith(setup, memory);
		clockOffsetMs += hourMs;
		await pollWith(setup, memory);
		const copy = structuredClone(setup.staticData);
		const since = await sell(2);
		expect(await pollWith(setup, memory)).toEqual(toEventIds(since));
		// A state that n8n gives back shows that it kept what was emitted.
		clockOffsetMs += hourMs;
		await pollWith(setup, memory);
		return { setup, memory, copy, since };
	}

	it('finds what was sold since, however long ago, with the same event IDs', async () => {
		const { setup, copy, since } = await pollAroundCopy();
		clockOffsetMs += 30 * 24 * hourMs;
		const missed = await sell();
		const restored: NodeSetup = { ...setup, staticData: copy, activation: 'init' };
		// What was emitted before the copy is as old as it, and had been confirmed.
		expect(await pollWith(restored, createMemory())).toEqual(toEventIds([...since, ...missed]));
	});

	it('does not believe it over what the running n8n knows', async () => {
		const { setup, memory, copy } = await pollAroundCopy();
		const missed = await sell();
		const imported: NodeSetup = { ...setup, staticData: copy, activation: 'activate' };
		expect(await pollWith(imported, memory)).toEqual(toEventIds(missed));
	});

	it('goes on from it in a copy of the workflow, which is a node of its own', async () => {
		const { setup, memory, copy, since } = await pollAroundCopy();
		const copied: NodeSetup = {
			...setup,
			nodeId: `${setup.nodeId}-copy`,
			staticData: copy,
			activation: 'activate',
		};
		expect(await pollWith(copied, memory)).toEqual(toEventIds(since));
	});

	it('goes on without it where the running n8n knows, although nothing is stored', async () => {
		const { setup, memory } = await pollAroundCopy();
		const missed = await sell();
		expect(await pollWith(loseState(setup, 'activate'), memory)).toEqual(toEventIds(missed));
	});
});
