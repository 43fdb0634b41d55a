import { NodeApiError, type IDataObject, type IHookFunctions, type INode } from 'n8n-workflow';

import type { PocketsflowRequest } from '../../../nodes/Pocketsflow/api/request';
import { setMessage } from '../../../nodes/Pocketsflow/transport/errors';
import { send, type SendOptions } from '../../../nodes/Pocketsflow/transport/send';
import {
	EndpointRequests,
	type Endpoint,
	type TriggerStaticData,
} from '../../../nodes/Pocketsflow/webhook/endpoints';
import { NodeMemory } from '../../../nodes/Pocketsflow/webhook/memory';
import { Registrar, type Plan } from '../../../nodes/Pocketsflow/webhook/plan';
import {
	describeEndpoint,
	readDescription,
	seal,
	unseal,
} from '../../../nodes/Pocketsflow/webhook/sealing';

jest.mock('../../../nodes/Pocketsflow/transport/send');

const url = 'https://n8n.example.com/webhook/1/webhook';
const apiKey = 'pk_live_0';
const node = { name: 'Trigger', type: 'trigger', parameters: {} } as unknown as INode;
const warn = jest.fn();
const credential = { apiKey, mode: 'live', baseUrl: 'https://api.example.com' } as const;
const wanted = { url, events: ['order.completed'], workflowId: 'flow', credential };
const options: SendOptions = { isUrgent: true, limits: { maxAttempts: 1 } };

const secretOf = (id: string) => `whsec_secret_of_${id}`;
const sealedFor = (id: string, key = apiKey) =>
	describeEndpoint('flow', seal(secretOf(id), key, url));
/** An endpoint as Pocketsflow returns it. */
const make = (id: string, differences: IDataObject = {}): IDataObject => ({
	id,
	url,
	events: ['order.completed'],
	active: true,
	description: sealedFor(id),
	...differences,
});
const read = ({ description, ...others }: IDataObject) =>
	({ ...others, ...readDescription(description) }) as unknown as Endpoint;
const useless = (id: string) => make(id, { description: describeEndpoint('flow') });
const known = (id: string) => ({ ...read(make(id)), secret: secretOf(id) });

/** Pocketsflow in memory: the ID of the next endpoint, what it has, what it was asked and how it fails. */
let newId: string;
let webhooks: IDataObject[];
let requests: Array<{ name: string; body?: unknown; options?: SendOptions }>;
let refusals: Record<string, Error[]>;
let answers: Record<string, (answer: IDataObject) => unknown>;
let memory: NodeMemory;

const refuse = (httpCode: string | undefined, message = 'no', outcome?: string) => {
	const error = new NodeApiError(node, {}, { httpCode });
	if (outcome) error.context.outcome = outcome;
	return setMessage(error, message);
};

function handle({ method, path, body }: PocketsflowRequest): IDataObject | IDataObject[] {
	const id = path.split('/')[2];
	const found = webhooks.find((one) => one.id === id);
	if (method === 'POST') {
		const created = { ...(body as IDataObject), id: newId };
		webhooks.push(created);
		return { ...created, secret: secretOf(newId) };
	}
	if (id === undefined) return [...webhooks];
	if (!found) throw refuse('404');
	if (method === 'DELETE') webhooks = webhooks.filter((one) => one !== found);
	if (method === 'PUT') Object.assign(found, body);
	return { ...found };
}

beforeEach(() => {
	jest.resetAllMocks();
	newId = 'w5';
	webhooks = [];
	requests = [];
	refusals = {};
	answers = {};
	memory = new NodeMemory();
	jest.mocked(send).mockImplementation(async (_context, request, _effect, _item, sent) => {
		const name = `${request.method} ${request.path.slice('/webhooks'.length)}`.trim();
		requests.push({ name, body: request.body, options: sent });
		const refusal = refusals[name]?.shift();
		if (refusal) throw refusal;
		const answer = handle(request);
		return name in answers ? answers[name](answer as IDataObject) : answer;
	});
});

const stock = (...endpoints: IDataObject[]) =>
	webhooks.push(...endpoints.map((one) => ({ ...one })));
const asked = () => requests.map(({ name }) => name);
const present = () => webhooks.map(({ id }) => id);
const secrets = () => memory.keyring.secrets.map(({ secret }) => secret);
const context = { getNode: () => node, logger: { warn } } as unknown as IHookFunctions;
const requestsOf = () => new EndpointRequests(context, options);
const upkeep = () => new Registrar(requestsOf(), memory, wanted);
const hook = (stored: TriggerStaticData = {}) =>
	new Registrar(requestsOf(), memory, wanted, stored);
const carryOut = (registrar: Registrar, plan: Partial<Plan>) =>
	registrar.apply({ remove: [], ...plan });
const messageOf = (work: Promise<void>) =>
	work.then(
		() => 'none',
		(error: Error) => error.message,
	);

describe('a secret that is kept', () => {
	it('is in memory and sealed in static data, with its endpoint and address', () => {
		const stored = { account: 'auth0|shop' };
		hook(stored).keep({ id: 'w1', secret: secretOf('w1') });
		expect(stored).toEqual({
			account: 'auth0|shop',
			endpointId: 'w1',
			url,
			sealedSecret: expect.any(String),
		});
		const { sealedSecret } = stored as { sealedSecret?: string };
		expect(unseal(sealedSecret, apiKey, url)).toBe(secretOf('w1'));
		expect(memory.keyring.secrets).toMatchObject([
			{ secret: secretOf('w1'), mode: 'live', endpointId: 'w1' },
		]);
	});

	it('is not sealed again, which would be a change of the static data', () => {
		const stored = { endpointId: 'w1', url, sealedSecret: seal(secretOf('w1'), apiKey, url) };
		const before = { ...stored };
		hook(stored).keep({ id: 'w1', secret: secretOf('w1') });
		expect(stored).toEqual(before);
		hook(stored).keep({ id: 'w1', secret: secretOf('w2') });
		expect(unseal(stored.sealedSecret, apiKey, url)).toBe(secretOf('w2'));
	});

	it('is in memory only during an upkeep', () => {
		upkeep().keep({ id: 'w1', secret: secretOf('w1') });
		expect(secrets()).toEqual([secretOf('w1')]);
	});

	it('is forgotten with its endpoint, and nothing else is', () => {
		const stored = { account: 'auth0|shop' };
		for (const id of ['w1', 'w2']) hook(stored).keep({ id, secret: secretOf(id) });
		hook(stored).forget(['w2']);
		expect(stored).toEqual({ account: 'auth0|shop' });
		expect(secrets()).toEqual([secretOf('w1')]);
		upkeep().forget(['w1']);
		expect(secrets()).toEqual([]);
	});
});

describe('an endpoint that stays', () => {
	it('needs no request if nothing differs', async () => {
		for (const registrar of [hook(), upkeep()]) {
			await carryOut(registrar, { keep: known('w1') });
			expect(requests).toEqual([]);
			expect(secrets()).toEqual([secretOf('w1')]);
		}
	});

	it('is changed as planned', async () => {
		stock(make('w1', { active: false }));
		await carryOut(hook(), { keep: known('w1'), change: { active: true } });
		expect(requests).toEqual([{ name: 'PUT /w1', body: { active: true }, options }]);
		expect(warn).not.toHaveBeenCalled();
	});

	it('is kept when the others are removed', async () => {
		stock(make('w1'), useless('w2'), useless('w3'));
		await carryOut(hook(), { keep: known('w1'), remove: [read(useless('w2'))] });
		expect(asked()).toEqual(['GET', 'DELETE /w2']);
		expect(requests.map((one) => one.options)).toEqual([options, options]);
		expect(present()).toEqual(['w1', 'w3']);
	});
});

describe('the sealed copy of a secret', () => {
	const change = { active: true, description: sealedFor('w1') };
	const update = (changes: Plan['change'] = change) =>
		carryOut(hook(), { keep: known('w1'), change: changes });

	beforeEach(() => stock(make('w1')));

	it('that Pocketsflow does not store as sent is reported once', async () => {
		answers['PUT /w1'] = (answer) => ({ ...answer, description: 'cut' });
		await update();
		await update();
		expect(warn.mock.calls).toEqual([
			[
				'Pocketsflow Trigger: Pocketsflow did not store the encrypted copy of the signing secret as sent. The only copy is in the static data of this workflow. If n8n loses this copy, the next delivery is lost, and the node re-registers the webhook.',
			],
		]);
	});

	it.each(['400', '409', '413', '422'])('that is refused by %s is left out', async (status) => {
		refusals['PUT /w1'] = [refuse(status)];
		await update();
		expect(requests).toEqual([
			{ name: 'PUT /w1', body: change, options },
			{ name: 'PUT /w1', body: { active: true }, options },
		]);
		expect(warn).toHaveBeenCalledTimes(1);
	});

	it('that is refused is not followed by a change of nothing', async () => {
		refusals['PUT /w1'] = [refuse('400')];
		await update({ description: sealedFor('w1') });
		expect(asked()).toEqual(['PUT /w1']);
	});

	it('is not blamed for another failure', async () => {
		refusals['PUT /w1'] = [refuse('403', 'read-only'), refuse('400', 'unknown event')];
		expect(await messageOf(update())).toBe('read-only');
		expect(await messageOf(update({ active: true }))).toBe('unknown event');
		expect(asked()).toHaveLength(2);
	});
});

describe('a new endpoint', () => {
	it('is created with its secret sealed, and needs no list if there was none before', async () => {
		const registrar = hook();
		answers['PUT /w5'] = (answer) => {
			// A delivery may come before the copy is stored.
			expect(secrets()).toEqual([secretOf('w5')]);
			return answer;
		};
		await carryOut(registrar, {});
		expect(asked()).toEqual(['POST', 'PUT /w5']);
		expect(requests.map((one) => one.options)).toEqual([options, options]);
		const { sealed, workflowId } = readDescription(webhooks[0].description);
		expect([workflowId, unseal(sealed, apiKey, url)]).toEqual(['flow', secretOf('w5')]);
		expect(registrar.stored).toMatchObject({ endpointId: 'w5', url });
	});

	it('of an upkeep is compared with those of other processes', async () => {
		await carryOut(upkeep(), {});
		expect(asked()).toEqual(['POST', 'PUT /w5', 'GET']);
		expect(present()).toEqual(['w5']);
	});

	it('whose ID is not in the answer is the newest that is new and has no copy of a secret', async () => {
		answers.POST = () => ({ secret: secretOf('w5') });
		stock(useless('w1'), useless('w4'), make('w6'), make('w7', { url: `${url}2` }));
		stock(make('w3', { description: 'mine' }));
		await carryOut(hook(), { remove: [read(useless('w1'))], mayBeUsed: true });
		expect(asked().slice(0, 3)).toEqual(['POST', 'GET', 'PUT /w5']);
	});

	it('that Pocketsflow does not list is an error that says what to do', async () => {
		answers.POST = () => ({});
		answers.GET = () => [];
		expect(await messageOf(carryOut(hook(), {}))).toBe(
			'Pocketsflow created a webhook endpoint but did not return its ID and does not list it. Remove it under Developers → Webhooks, then publish (activate) the workflow again.',
		);
	});

	it('has the secret that Pocketsflow shows later', async () => {
		answers.POST = ({ id }) => ({ id });
		answers['GET /w5'] = (answer) => ({ ...answer, secret: secretOf('later') });
		await carryOut(hook(), {});
		expect(asked()).toEqual(['POST', 'GET /w5', 'PUT /w5']);
		expect(requests[1].options).toEqual(options);
		expect(secrets()).toEqual([secretOf('later')]);
	});

	it.each([
		['removed', undefined, 'The endpoint was removed.', []],
		[
			'reported if it cannot be removed',
			refuse('403', 'never delete'),
			'The endpoint could not be removed: never delete. Remove it under Developers → Webhooks.',
			['w5'],
		],
	])('without a secret is %s', async (_what, refusal, outcome, left) => {
		answers.POST = ({ id }) => ({ id });
		if (refusal) refusals['DELETE /w5'] = [refusal];
		expect(await messageOf(carryOut(hook(), {}))).toBe(
			`Pocketsflow created a webhook endpoint without returning its signing secret, so its deliveries can't be verified. ${outcome} Instead, create an endpoint under Developers → Webhooks for an n8n Webhook node, and verify its deliveries with the operation Webhook → Verify Delivery of the Pocketsflow node.`,
		);
		expect(present()).toEqual(left);
		expect(requests.at(-1)?.options).toEqual(options);
	});

	it('whose secret cannot be sealed is removed and forgotten', async () => {
		refusals['PUT /w5'] = [refuse('403', 'read-only')];
		const stored = {};
		expect(await messageOf(carryOut(hook(stored), {}))).toBe(
			'read-only. The endpoint was removed.',
		);
		expect([present(), stored, secrets()]).toEqual([[], {}, []]);
	});

	it('that is refused is an error with the words of Pocketsflow', async () => {
		refusals.POST = [refuse('400', 'unknown event')];
		expect(await messageOf(carryOut(hook(), {}))).toBe('unknown event');
		expect(asked()).toEqual(['POST']);
	});
});

describe('a creation with unknown outcome', () => {
	const lose = () => {
		answers.POST = () => {
			throw refuse(undefined, 'Lost.', 'unknown');
		};
	};

	it('is undone, whoever else has endpoints', async () => {
		lose();
		stock(useless('w1'), make('w2'), make('w3', { url: `${url}2` }), useless('w4'));
		const plan = { remove: [read(useless('w1'))], mayBeUsed: true };
		expect(await messageOf(carryOut(hook(), plan))).toBe(
			'Lost. No endpoint is left in Pocketsflow. Publish (activate) the workflow again.',
		);
		expect(present()).toEqual(['w1', 'w2', 'w3']);
		expect(requests.slice(1).map((one) => one.options)).toEqual([options, options, options]);
	});

	it('that cannot be undone is left to the next activation', async () => {
		lose();
		refusals['DELETE /w5'] = [refuse('500')];
		expect(await messageOf(carryOut(hook(), {}))).toBe(
			'Lost. Publish (activate) the workflow again: this removes any endpoint that is left.',
		);
	});
});

describe('a new endpoint next to useless ones', () => {
	const remove = [useless('w1'), useless('w2')];
	beforeEach(() => stock(...remove));

	it('is created before they go', async () => {
		await carryOut(hook(), { remove: remove.map(read) });
		expect(asked()).toEqual(['POST', 'PUT /w5', 'GET', 'DELETE /w1', 'DELETE /w2']);
		// An account at its limit may say "too many requests" and keep the creation waiting.
		expect(requests[0].options).toEqual({
			isUrgent: true,
			limits: { maxAttempts: 1, totalTimeoutMs: 3_000 },
		});
	});

	it.each(['400', '402', '403', '409', '413', '422', '429'])(
		'is created after them if it is refused by %s',
		async (status) => {
			refusals.POST = [refuse(status)];
			await carryOut(hook(), { remove: remove.map(read) });
			expect(asked().slice(0, 4)).toEqual(['POST', 'DELETE /w1', 'DELETE /w2', 'POST']);
			expect(requests.slice(1, 4).map((one) => one.options)).toEqual([options, options, options]);
			expect(present()).toEqual(['w5']);
		},
	);

	it.each([
		['another failure', refuse('500', 'down'), {}],
		['an unknown outcome', refuse('403', 'down', 'unknown'), {}],
		['a refusal while they may be in use', refuse('403', 'down'), { mayBeUsed: true }],
	])('does not change them after %s', async (_what, refusal, more) => {
		refusals.POST = [refusal];
		expect(await messageOf(carryOut(hook(), { remove: remove.map(read), ...more }))).toMatch(
			/^down/,
		);
		expect(present()).toEqual(['w1', 'w2']);
	});

	it('that is refused is reported as such if they cannot be removed', async () => {
		refusals.POST = [refuse('403', 'limit reached')];
		refusals['DELETE /w1'] = [refuse('500', 'down')];
		expect(await messageOf(carryOut(hook(), { remove: remove.map(read) }))).toBe(
			'limit reached. If your account has reached its limit of webhooks, remove those that you no longer need under Developers → Webhooks.',
		);
	});
});

describe('of the endpoints of several processes', () => {
	const remove = [useless('w1')];

	it.each<[string, IDataObject[], string[], string]>([
		['ours', [useless('w1')], ['w5'], 'w5'],
		['ours before an older one', [useless('w1'), make('w4')], ['w5'], 'w5'],
		['one that is newer than ours', [useless('w1'), make('w6')], ['w6'], 'w6'],
		['one that another process sealed', [make('w1'), make('w6')], ['w6'], 'w6'],
		['the useless one that another process repaired', [make('w1')], ['w5'], 'w5'],
		['ours, next to one of unknown secret', [useless('w1'), useless('w6')], ['w6', 'w5'], 'w5'],
		[
			'ours, next to one at another address',
			[useless('w1'), make('w6', { url: `${url}2` })],
			['w6', 'w5'],
			'w5',
		],
	])('stays %s', async (_what, endpoints, left, kept) => {
		stock(...endpoints);
		const registrar = hook();
		await carryOut(registrar, { remove: remove.map(read) });
		expect(present()).toEqual(left);
		expect(registrar.stored?.endpointId).toBe(kept);
		expect(secrets()[0]).toBe(secretOf(kept));
	});

	it.each([
		[false, ['w9'], 'w9'],
		[true, ['w5'], 'w5'],
	])(
		'one that was to be removed may stay, unless its secret is proven wrong (%j)',
		async (mayBeUsed, left, kept) => {
			stock(make('w9'));
			const registrar = hook();
			await carryOut(registrar, { remove: [read(useless('w9'))], mayBeUsed });
			expect(present()).toEqual(left);
			expect(registrar.stored?.endpointId).toBe(kept);
		},
	);

	it('a newer one of another process is judged by its copy, even if secrets are proven wrong', async () => {
		stock(useless('w1'), make('w9'));
		await carryOut(hook(), { remove: remove.map(read), mayBeUsed: true });
		expect(present()).toEqual(['w9']);
	});

	it('our endpoint is recognized even if Pocketsflow loses its copy or does not list it yet', async () => {
		answers['PUT /w5'] = (answer) => {
			webhooks.at(-1)!.description = 'cut';
			return answer;
		};
		stock(useless('w1'), make('w4'));
		await carryOut(hook(), { remove: remove.map(read) });
		expect(present()).toEqual(['w5']);

		answers.GET = () => [];
		webhooks = [useless('w1')];
		await carryOut(hook(), { remove: remove.map(read) });
		expect(present()).toEqual(['w5']);
	});
});
