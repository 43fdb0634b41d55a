import {
	NodeApiError,
	type IHookFunctions,
	type INode,
	type IWebhookFunctions,
} from 'n8n-workflow';

import { loadCredential } from '../../../nodes/Pocketsflow/transport/credential';
import {
	createEndpoint,
	listEndpoints,
	removeEndpoint,
	updateEndpoint,
	type Endpoint,
} from '../../../nodes/Pocketsflow/webhook/endpoints';
import { newTriggerMemory, type TriggerMemory } from '../../../nodes/Pocketsflow/webhook/memory';
import {
	isRegistered,
	register,
	registerAnew,
	unregister,
} from '../../../nodes/Pocketsflow/webhook/registration';
import { describeEndpoint, seal } from '../../../nodes/Pocketsflow/webhook/sealing';
import type { TriggerStaticData } from '../../../nodes/Pocketsflow/webhook/staticData';

jest.mock('../../../nodes/Pocketsflow/transport/credential');
jest.mock('../../../nodes/Pocketsflow/webhook/endpoints', () => ({
	...jest.requireActual('../../../nodes/Pocketsflow/webhook/endpoints'),
	createEndpoint: jest.fn(),
	listEndpoints: jest.fn(),
	removeEndpoint: jest.fn(),
	updateEndpoint: jest.fn(),
}));

const apiKey = 'pk_live_0';
const url = 'https://n8n.example.com/webhook/1/webhook';
const events = ['order.completed'];
const node = { name: 'Trigger', type: 'trigger', id: 'n1', parameters: {} } as unknown as INode;
const [secret, other] = ['whsec_test', 'whsec_engine'];

/** The endpoints at Pocketsflow, oldest first. */
let account: Endpoint[];
/** What was asked of Pocketsflow, except for lists. */
let calls: string[];
let staticData: TriggerStaticData;
let memory: TriggerMemory;
let keepsDescription: boolean;
const warn = jest.fn<void, [string]>();

const context = {
	getNode: () => node,
	getMode: () => 'trigger',
	getTimezone: () => 'UTC',
	getWorkflow: () => ({ id: 'flow' }),
	getNodeWebhookUrl: () => url,
	getNodeParameter: (name: string, fallback: unknown) => (name === 'events' ? events : fallback),
	getWorkflowStaticData: () => staticData,
	logger: { warn },
} as unknown as IHookFunctions & IWebhookFunctions;

const sealed = (text: string, workflow?: string) =>
	describeEndpoint(workflow ?? 'flow', seal(text, apiKey, url));

/** An endpoint at our address whose secret nobody knows, unless said otherwise. */
const make = (id: string, more: Partial<Endpoint> = {}): Endpoint => ({
	id,
	url,
	events,
	active: true,
	description: describeEndpoint('flow'),
	...more,
});

const idsLeft = () => account.map(({ id }) => id);
const remembered = () => memory.secretByNode.get('production:flow:n1')?.secret;
const warnings = () => warn.mock.calls.map(([text]) => text);
const anError = (httpCode: string, message = 'No') =>
	new NodeApiError(node, {}, { httpCode, message });
const messageOf = async (work: Promise<unknown>): Promise<string> =>
	await work.then(
		() => 'no error',
		(error: Error) => error.message,
	);

/** Lets the next call of this kind fail. */
const failNext = (call: unknown, error: Error) =>
	(call as jest.Mock).mockImplementationOnce(async () => {
		calls.push('failed');
		throw error;
	});

beforeEach(() => {
	jest.resetAllMocks();
	account = [];
	calls = [];
	staticData = {};
	memory = newTriggerMemory();
	keepsDescription = true;
	jest.mocked(loadCredential).mockResolvedValue({
		name: 'Mine',
		apiKey,
		mode: 'live',
		baseUrl: 'https://api.example.com',
		ignoreSslIssues: false,
	});
	jest.mocked(listEndpoints).mockImplementation(async () => [...account]);
	jest.mocked(createEndpoint).mockImplementation(async (_context, at, names) => {
		const endpoint = make('new', { url: at, events: names });
		calls.push('create');
		account.push(endpoint);
		return { endpoint, secret };
	});
	jest.mocked(updateEndpoint).mockImplementation(async (_context, id, changes) => {
		calls.push(`update ${id}: ${Object.keys(changes).join()}`);
		const { description, ...others } = changes;
		const kept = keepsDescription && description !== undefined ? { description } : {};
		account = account.map((one) => (one.id === id ? { ...one, ...others, ...kept } : one));
		return description === undefined || keepsDescription;
	});
	jest.mocked(removeEndpoint).mockImplementation(async (_context, id) => {
		calls.push(`remove ${id}`);
		account = account.filter((one) => one.id !== id);
	});
});

describe('registration', () => {
	const activate = async () => await register(context, memory);

	it('creates an endpoint, seals its secret there and here, and remembers it', async () => {
		await activate();
		expect(calls).toEqual(['create', 'update new: description']);
		expect(staticData).toMatchObject({ endpointId: 'new', url });
		expect(remembered()).toBe(secret);
		expect(warnings()).toEqual([]);
		expect(await isRegistered(context, memory)).toBe(true);
	});

	it('updates the one whose secret is known, and removes the others', async () => {
		account = [make('lost'), make('known', { active: false, description: sealed(other) })];
		await activate();
		expect(calls).toEqual(['remove lost', 'update known: url,events,active,description']);
		expect(account).toMatchObject([{ id: 'known', active: true }]);
		expect(remembered()).toBe(other);
		expect(warnings()).toEqual([]);
	});

	it.each(['400', '409', '413', '422'])(
		'does without the copy at Pocketsflow where that is refused with %s, and says so',
		async (status) => {
			account = [make('known', { active: false, description: sealed(other) })];
			failNext(updateEndpoint, anError(status));
			await activate();
			expect(calls).toEqual(['failed', 'update known: url,events,active']);
			expect(remembered()).toBe(other);

			account = [];
			failNext(updateEndpoint, anError(status));
			await activate();
			expect(idsLeft()).toEqual(['new']);
			expect(remembered()).toBe(secret);
			expect(warnings()).toEqual(Array(2).fill(expect.stringMatching(/does not keep the sealed/)));
		},
	);

	it('says so where the copy at Pocketsflow is cut', async () => {
		keepsDescription = false;
		await activate();
		await activate();
		expect(calls).toEqual([
			...['create', 'update new: description'],
			'update new: url,events,active,description',
		]);
		expect(warnings()).toEqual(
			Array(2).fill(expect.stringMatching(/the delivery at hand is lost/)),
		);
	});

	it('fails where an update does', async () => {
		account = [make('known', { description: sealed(other) })];
		failNext(updateEndpoint, anError('403', 'Not allowed'));
		const message = 'The webhook could not be set up at Pocketsflow. Not allowed.';
		expect(await messageOf(activate())).toBe(message);
		expect(calls).toEqual(['failed']);
		failNext(listEndpoints, anError('403', 'Not allowed'));
		expect(await messageOf(isRegistered(context, memory))).toBe(message);
	});

	it('removes a new endpoint whose secret could not be kept, and forgets it', async () => {
		failNext(updateEndpoint, anError('403', 'Not allowed'));
		expect(await messageOf(activate())).toMatch('Not allowed. The endpoint was removed again.');
		expect([idsLeft(), staticData, remembered()]).toEqual([[], {}, undefined]);

		failNext(updateEndpoint, anError('403', 'Not allowed'));
		failNext(removeEndpoint, anError('403', 'Never'));
		expect(await messageOf(activate())).toMatch(
			'Not allowed. The endpoint could not be removed again: Never. Remove it under Developers',
		);
	});

	it('fails where Pocketsflow tells no ID or no secret', async () => {
		jest.mocked(createEndpoint).mockResolvedValueOnce({ secret });
		expect(await messageOf(activate())).toMatch(/did not say its ID. Remove it under Developers/);
		jest.mocked(createEndpoint).mockResolvedValueOnce({ endpoint: make('new') });
		expect(await messageOf(activate())).toMatch(
			/without telling its signing secret.*removed again\. Make one by hand/,
		);
		expect(calls).toEqual(['remove new']);
	});

	it('is refused for an address that Pocketsflow cannot reach', async () => {
		const inside = { ...context, getNodeWebhookUrl: () => 'https://10.0.0.1/webhook' };
		expect(await messageOf(register(inside, memory))).toMatch('not reachable from the internet');
		expect(calls).toEqual([]);
	});
});

describe('endpoints whose secret is lost', () => {
	const activate = async () => await register(context, memory);

	it('go when a new one is there', async () => {
		const elsewhere = 'https://n8n.example.com/elsewhere';
		const ofOtherNode = describeEndpoint('flow', seal(other, apiKey, elsewhere));
		account = [
			make('lost'),
			make('moved', { url: elsewhere }),
			make('theirs', { url: elsewhere, description: ofOtherNode }),
		];
		staticData = { endpointId: 'moved', url };
		await activate();
		expect(calls).toEqual(['create', 'update new: description', 'remove lost', 'remove moved']);
		expect(idsLeft()).toEqual(['theirs', 'new']);
	});

	it('go first where Pocketsflow refuses a second one at the address', async () => {
		account = [make('lost'), make('lost2')];
		failNext(createEndpoint, anError('409'));
		await activate();
		expect(calls.slice(0, 4)).toEqual(['failed', 'remove lost', 'remove lost2', 'create']);
		expect(idsLeft()).toEqual(['new']);
	});

	it.each([
		['there is none', [], '409'],
		['the reason is another', ['lost'], '403'],
	])('are not in the way where %s', async (_what, ids, status) => {
		account = ids.map((id) => make(id));
		failNext(createEndpoint, anError(status, 'Not today'));
		expect(await messageOf(activate())).toMatch('Not today');
		expect(calls).toEqual(['failed']);
	});

	it('that cannot be removed leave the reason of the first failure', async () => {
		account = [make('lost')];
		failNext(createEndpoint, anError('409', 'Only one'));
		failNext(removeEndpoint, anError('403', 'Never'));
		expect(await messageOf(activate())).toMatch('Only one');
	});

	it('stay where the outcome of the new one is unknown, which goes', async () => {
		const unknown = anError('500', 'Lost');
		unknown.context.outcome = 'unknown';
		const lost = [make('lost'), make('lost2')];
		failNext(createEndpoint, unknown);
		account = [...lost, make('made')];
		jest.mocked(listEndpoints).mockResolvedValueOnce(lost);
		expect(await messageOf(activate())).toMatch(/Lost Nothing is left of it: publish/);
		expect(idsLeft()).toEqual(['lost', 'lost2']);
	});

	it('nothing is removed after a creation that failed for sure', async () => {
		failNext(createEndpoint, anError('403', 'Not today'));
		account = [make('later')];
		jest.mocked(listEndpoints).mockResolvedValueOnce([]);
		expect(await messageOf(activate())).not.toMatch(/left of it/);
		expect(idsLeft()).toEqual(['later']);
	});

	it('the user is told where it is not known what is left', async () => {
		const unknown = anError('500', 'Lost');
		unknown.context.outcome = 'unknown';
		failNext(createEndpoint, unknown);
		jest.mocked(listEndpoints).mockResolvedValueOnce([]).mockRejectedValueOnce(new Error('Down'));
		expect(await messageOf(activate())).toMatch(/again: that removes what may be left of it\./);
	});
});

describe('two processes that register at the same moment', () => {
	/** Registers while another process adds these, before ours is listed. */
	async function registerBeside(...others: Endpoint[]): Promise<void> {
		jest.mocked(listEndpoints).mockImplementationOnce(async () => {
			const before = [...account];
			account = [...others, ...account];
			return before;
		});
		await register(context, memory);
	}

	it('both keep the first', async () => {
		await registerBeside(make('theirs', { description: sealed(other) }));
		expect(idsLeft()).toEqual(['theirs']);
		expect(remembered()).toBe(other);
	});

	it('keep ours where it is the first, whether or not its copy is kept', async () => {
		keepsDescription = false;
		jest.mocked(createEndpoint).mockImplementationOnce(async () => {
			account = [make('new'), make('theirs', { description: sealed(other) })];
			return { endpoint: make('new'), secret };
		});
		await register(context, memory);
		expect(idsLeft()).toEqual(['new']);
		expect(remembered()).toBe(secret);
	});

	it('remove none whose secret may still be on its way, and none of another address', async () => {
		account = [make('lost')];
		const elsewhere = make('elsewhere', { url: 'https://other.example.com/hook' });
		await registerBeside(make('unsealed'), elsewhere);
		expect(idsLeft().sort()).toEqual(['elsewhere', 'new', 'unsealed']);
	});
});

describe('a new registration while deliveries come in', () => {
	const options = { isUrgent: true };
	const registerNow = async () => await registerAnew(context, memory, { url, events, options });

	it('replaces what is there, is remembered and writes no static data', async () => {
		account = [make('lost')];
		await registerNow();
		expect(idsLeft()).toEqual(['new']);
		expect(memory.secretByNode.get('production:flow:n1')).toMatchObject({
			secret,
			mode: 'live',
			url,
		});
		expect(staticData).toEqual({});
		for (const [call, at] of [
			[createEndpoint, 3],
			[listEndpoints, 1],
			[removeEndpoint, 2],
			[updateEndpoint, 3],
		] as const)
			for (const args of (call as jest.Mock).mock.calls) expect(args[at]).toBe(options);
	});

	it('is forgotten where its secret could not be kept', async () => {
		failNext(updateEndpoint, anError('403', 'Not allowed'));
		expect(await messageOf(registerNow())).toMatch('Not allowed');
		expect(remembered()).toBeUndefined();
	});

	it('is refused for an address that Pocketsflow cannot reach', async () => {
		const inside = { url: 'http://10.0.0.1/webhook', events, options };
		expect(await messageOf(registerAnew(context, memory, inside))).toMatch('cannot deliver');
		expect(calls).toEqual([]);
	});
});

describe('an endpoint is as it should be', () => {
	it.each<[string, Endpoint[], boolean]>([
		['with its secret', [make('w', { description: sealed(other) })], true],
		['not without', [make('w')], false],
		['not as one of two', [make('w', { description: sealed(other) }), make('x')], false],
		['not inactive', [make('w', { description: sealed(other), active: false })], false],
		['not with other events', [make('w', { description: sealed(other), events: [] })], false],
		['not of another workflow', [make('w', { description: sealed(other, 'x') })], false],
		['not of no workflow', [make('w', { description: sealed(other, '') })], false],
		['not where there is none', [], false],
	])('%s', async (_how, endpoints, expected) => {
		account = endpoints;
		expect(await isRegistered(context, memory)).toBe(expected);
		expect(remembered()).toBe(expected ? other : undefined);
		expect(calls).toEqual([]);
	});

	it('not at another address', async () => {
		await register(context, memory);
		account = account.map((one) => ({ ...one, url: 'https://n8n.example.com/elsewhere' }));
		expect(await isRegistered(context, memory)).toBe(false);
	});
});

describe('what this node registered under another host', () => {
	const elsewhere = url.replace('n8n.', 'old.');

	it.each([
		['registration', async () => await register(context, memory)],
		['a check', async () => await isRegistered(context, memory)],
	])('is left alone by %s, which says so', async (_what, work) => {
		account = [
			make('w', { description: sealed(other) }),
			make('old', { url: elsewhere, description: describeEndpoint('flow') }),
		];
		staticData = { endpointId: 'old', url: elsewhere };
		await work();
		expect(idsLeft()).toEqual(['w', 'old']);
		expect(warnings()).toEqual([expect.stringMatching(`${elsewhere}.*left alone`)]);
	});
});

describe('the end of a registration', () => {
	const deactivate = async () => await unregister(context, memory, { isUrgent: true });

	it('removes and forgets our endpoints', async () => {
		await register(context, memory);
		account.push(make('second'), make('elsewhere', { url: 'https://other.example.com/hook' }));
		await deactivate();
		expect([idsLeft(), staticData, remembered()]).toEqual([['elsewhere'], {}, undefined]);
		expect(warnings()).toEqual([]);
	});

	it('leaves that of another workflow, with what is known of the address, and says so', async () => {
		await register(context, memory);
		account.push(make('theirs', { description: sealed(other, 'theirFlow') }));
		await deactivate();
		expect(idsLeft()).toEqual(['theirs']);
		expect(remembered()).toBe(secret);
		expect(staticData).toMatchObject({ endpointId: 'new' });
		expect(warnings()).toEqual([expect.stringMatching('for workflow theirFlow')]);
	});

	it('that fails says what could not be done', async () => {
		failNext(listEndpoints, anError('403', 'Not allowed'));
		expect(await messageOf(deactivate())).toBe(
			'The webhook could not be removed at Pocketsflow. Not allowed.',
		);
	});
});
