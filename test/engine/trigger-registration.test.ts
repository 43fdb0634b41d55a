import { describeEndpoint, seal } from '../../nodes/Pocketsflow/webhook/sealing';
import { PocketsflowTrigger } from '../../nodes/Pocketsflow/PocketsflowTrigger.node';
import { TriggerMemory } from '../../nodes/Pocketsflow/webhook/memory';
import { createHookContext } from '../harness/engine/context';
import { collectLog } from './logLines';
import { accepts, activate, deactivate, RegistrationStage, restart } from './registrationStage';

let stage: RegistrationStage;

beforeAll(async () => {
	stage = await RegistrationStage.open();
});
afterAll(() => stage.close());

describe('activation ends with exactly one endpoint', () => {
	it('activation creates an endpoint if there is none', async () => {
		const trigger = stage.install();
		await activate(trigger);
		await stage.expectOneEndpoint(trigger);
	});

	it('activation moves our endpoint to the present URL after n8n moved', async () => {
		const trigger = stage.install();
		await activate(trigger);
		const { _id } = await stage.expectOneEndpoint(trigger);
		await stage.api.put(`/webhooks/${_id}`, { url: 'http://127.0.0.1:1/elsewhere' });
		await activate(trigger);
		await stage.expectOneEndpoint(trigger);
		expect(await stage.listAt('http://127.0.0.1:1/elsewhere')).toEqual([]);
	});

	it('activation creates the endpoint again if it was deleted in Pocketsflow', async () => {
		const trigger = stage.install();
		await activate(trigger);
		await stage.api.delete(`/webhooks/${(await stage.expectOneEndpoint(trigger))._id}`);
		await activate(trigger);
		await stage.expectOneEndpoint(trigger);
	});

	it('activation replaces an endpoint at our URL if its secret is not known', async () => {
		const trigger = stage.install();
		const description = 'made by a person';
		const { _id } = await stage.addEndpoint({ url: trigger.url, description });
		await activate(trigger);
		expect((await stage.expectOneEndpoint(trigger))._id).not.toBe(_id);
	});

	it('activation after a renewal of the API key replaces the endpoint without a gap', async () => {
		const trigger = stage.install();
		const description = describeEndpoint(
			'workflow',
			seal('whsec_old', 'pk_test_older', trigger.url),
		);
		await stage.addEndpoint({ url: trigger.url, description });
		const before = stage.sandbox.requests.length;
		await activate(trigger);
		const methods = stage.sandbox.requests.slice(before).map(({ method }) => method);
		expect(methods.indexOf('DELETE')).toBeGreaterThan(methods.indexOf('POST'));
		await stage.expectOneEndpoint(trigger);
	});

	it('activation leaves one endpoint if crashes left several', async () => {
		const trigger = stage.install();
		for (let n = 0; n < 3; n++)
			await stage.addEndpoint({ url: trigger.url, description: describeEndpoint('workflow') });
		await activate(trigger);
		await stage.expectOneEndpoint(trigger);
	});

	it('activation creates an endpoint if static data names one of another account', async () => {
		const trigger = stage.install(undefined, {
			staticData: { endpointId: '6a5100000000000000000fff', sealedSecret: 'x' },
		});
		await activate(trigger);
		await stage.expectOneEndpoint(trigger);
	});

	it('activation creates the endpoint in the mode of the key and does not change the other mode', async () => {
		const trigger = stage.install();
		const apiKey = stage.sandbox.liveKey;
		const live = { ...trigger, credential: { ...trigger.credential, apiKey } };
		await activate(live);
		await activate(trigger);
		await stage.expectOneEndpoint(trigger);
	});
});

it('endpoints of others are never changed, neither with our mark nor by a stored ID', async () => {
	const foreign = [
		await stage.addEndpoint({ url: 'http://127.0.0.1:1/a', description: 'mine' }),
		await stage.addEndpoint({
			url: 'http://127.0.0.1:1/b',
			description: describeEndpoint('other', 'x'),
		}),
		await stage.addEndpoint({ url: 'http://127.0.0.1:1/c', description: 'stored here, not ours' }),
	].map(({ _id }) => _id);
	const trigger = stage.install(undefined, { staticData: { endpointId: foreign[2] } });
	const listForeign = async () =>
		(await stage.listAll()).filter(({ _id }) => foreign.includes(_id));
	const before = await listForeign();
	await activate(trigger);
	await deactivate(trigger);
	expect(before).toHaveLength(3);
	expect(await listForeign()).toEqual(before);
});

describe('two workflows with one address', () => {
	it('a workflow that is not activated leaves the endpoint of the other workflow and reports this', async () => {
		const active = stage.install();
		await activate(active);
		const before = await stage.expectOneEndpoint(active);
		const refused = { ...active, workflowId: 'refused', staticData: {} };
		const lines = await collectLog(() => deactivate(refused));
		expect(await stage.expectOneEndpoint(active)).toEqual(before);
		const message = expect.stringContaining('belongs to workflow workflow,');
		expect(lines).toEqual([{ level: 'warn', message }]);
		await deactivate(active);
		expect(await stage.listAt(active.url)).toEqual([]);
	});

	it('an imported workflow takes over the endpoint of the original', async () => {
		const original = stage.install();
		await activate(original);
		const { _id } = await stage.expectOneEndpoint(original);
		const imported = {
			...original,
			...{ workflowId: 'imported', staticData: {}, memory: new TriggerMemory() },
		};
		await activate(imported);
		expect((await stage.expectOneEndpoint(imported))._id).toBe(_id);
		await deactivate(original);
		expect((await stage.expectOneEndpoint(imported))._id).toBe(_id);
		await deactivate(imported);
		expect(await stage.listAt(imported.url)).toEqual([]);
	});

	it.each(['cut', 'escaped'] as const)(
		'the endpoint of the other workflow stays if Pocketsflow keeps descriptions %s',
		async (webhookDescriptions) => {
			const active = stage.install();
			stage.sandbox.setSwitches({ webhookDescriptions });
			try {
				await activate(active);
				const before = await stage.listAt(active.url);
				await deactivate({ ...active, workflowId: 'refused', staticData: {} });
				expect(before).toHaveLength(1);
				expect(await stage.listAt(active.url)).toEqual(before);
				await deactivate(active);
				expect(await stage.listAt(active.url)).toEqual([]);
			} finally {
				stage.sandbox.setSwitches({ webhookDescriptions: 'kept' });
			}
		},
	);

	it.each([
		'Registered by n8n, do not edit (n8n-nodes-pocketsflow)',
		'Registered by n8n',
		undefined,
	])(
		'an endpoint that names no workflow (%p) is removed by either workflow',
		async (description) => {
			const trigger = stage.install();
			await stage.addEndpoint({ url: trigger.url, description });
			await deactivate(trigger);
			expect(await stage.listAt(trigger.url)).toEqual([]);
		},
	);
});

describe('copied static data does not mark an endpoint as ours', () => {
	it.each([
		['a copy of the workflow, whose node has another webhookId', { webhookId: 'copied' }],
		['a clone of the whole n8n under another host', { webhookBaseUrl: 'http://127.0.0.1:9999' }],
	])('%s gets its own endpoint', async (_name, change) => {
		const original = stage.install();
		await activate(original);
		const before = await stage.listAt(original.url);
		const copy = {
			...original,
			...change,
			staticData: { ...original.staticData },
			memory: new TriggerMemory(),
		};
		copy.url = `${copy.webhookBaseUrl}/webhook/${copy.webhookId}/webhook`;
		await activate(copy);
		await stage.expectOneEndpoint(copy);
		expect(await stage.listAt(original.url)).toEqual(before);
		await deactivate(copy);
		expect(await stage.listAt(copy.url)).toEqual([]);
		expect(await stage.listAt(original.url)).toEqual(before);
		await stage.expectOneEndpoint(original);
	});

	it('a clone that is deactivated before its first activation does not change the original', async () => {
		const original = stage.install();
		await activate(original);
		await deactivate({
			...original,
			webhookBaseUrl: 'http://127.0.0.1:9999',
			staticData: { ...original.staticData },
			memory: new TriggerMemory(),
		});
		await stage.expectOneEndpoint(original);
	});

	it('the log names once what a move of n8n left behind', async () => {
		const trigger = stage.install();
		await activate(trigger);
		restart(trigger);
		const moved = { ...trigger, webhookBaseUrl: 'http://127.0.0.1:9998' };
		const lines = await collectLog(async () => {
			for (let n = 0; n < 3; n++) await activate(moved);
			await deactivate(moved);
		});
		const named = lines.filter(({ message }) => message.includes(trigger.url));
		expect(named).toEqual([
			expect.objectContaining({ message: expect.stringContaining('If you moved n8n, remove') }),
		]);
	});
});

describe('if Pocketsflow changes the spelling of URLs', () => {
	it.each([
		['normalised', 'http://127.0.0.1:80'],
		['normalised', 'HTTP://LocalHost:5678'],
		['withSlash', 'http://127.0.0.1:5678'],
		['withSlash', 'http://LOCALHOST'],
	] as const)(
		'an endpoint that Pocketsflow spells %s for %s stays one endpoint',
		async (webhookUrls, webhookBaseUrl) => {
			stage.sandbox.setSwitches({ webhookUrls });
			try {
				const trigger = stage.install(undefined, { webhookBaseUrl });
				const before = await stage.listAll();
				const listOwn = async () => (await stage.listAll()).slice(0, -before.length || undefined);
				await activate(trigger);
				const secret = stage.readSecret({ ...trigger, url: trigger.staticData!.url as string });
				const requests = stage.sandbox.requests.length;
				await activate(trigger);
				const methods = stage.sandbox.requests.slice(requests).map(({ method }) => method);
				expect(new Set(methods)).toEqual(new Set(['GET']));
				trigger.staticData = {};
				restart(trigger);
				expect(await accepts(trigger, secret)).toBe(true);
				await activate({ ...trigger, parameters: { events: ['order.refunded'], options: {} } });
				expect(await listOwn()).toEqual([expect.objectContaining({ events: ['order.refunded'] })]);
				expect(await accepts(trigger, secret)).toBe(true);
				await deactivate(trigger);
				expect(await stage.listAll()).toEqual(before);
			} finally {
				stage.sandbox.setSwitches({ webhookUrls: 'asSent' });
			}
		},
	);
});

describe('if Pocketsflow returns webhooks page by page', () => {
	beforeAll(() => stage.sandbox.setSwitches({ webhookPageSize: 2 }));
	afterAll(() => stage.sandbox.setSwitches({ webhookPageSize: 0 }));

	it('our endpoint is found on a later page', async () => {
		const trigger = stage.install();
		await activate(trigger);
		for (let n = 0; n < 5; n++) await stage.addEndpoint({ url: `http://127.0.0.1:1/page-${n}` });
		const requests = stage.sandbox.requests.length;
		await activate(trigger);
		const later = stage.sandbox.requests.slice(requests);
		expect(later.every(({ method }) => method === 'GET')).toBe(true);
		trigger.staticData = {};
		const secret = await stage.readPresentSecret(trigger.url);
		restart(trigger);
		expect(await accepts(trigger, secret)).toBe(true);
		await deactivate(trigger);
		expect(await stage.listAt(trigger.url)).toEqual([]);
	});

	it('nothing is changed if a page of the webhooks fails', async () => {
		const trigger = stage.install();
		await activate(trigger);
		for (let n = 0; n < 3; n++) await stage.addEndpoint({ url: `http://127.0.0.1:1/fail-${n}` });
		const before = await stage.listAt(trigger.url);
		const fault = {
			method: 'GET',
			path: '/webhooks',
			kind: 'answer',
			status: 400,
			skip: 1,
		} as const;
		await stage.withFault(fault, async () => {
			await expect(deactivate(trigger)).rejects.toThrow(/could not be removed/);
		});
		expect(await stage.listAt(trigger.url)).toEqual(before);
	});
});

describe('deactivation', () => {
	it('deactivation removes our endpoint and forgets its secret', async () => {
		const trigger = stage.install();
		await activate(trigger);
		const secret = stage.readSecret(trigger);
		await deactivate(trigger);
		expect(await stage.listAt(trigger.url)).toEqual([]);
		expect(trigger.staticData).toEqual({});
		expect(await accepts(trigger, secret)).toBe(false);
	});

	it('deactivation finds our endpoint by its URL if static data is lost, and succeeds if it is gone', async () => {
		const trigger = stage.install();
		await activate(trigger);
		trigger.staticData = {};
		await deactivate(trigger);
		await deactivate(trigger);
		expect(await stage.listAt(trigger.url)).toEqual([]);
	});
});

describe('deactivation while the list of endpoints lacks ours', () => {
	const withLag = async (work: () => Promise<void>) => {
		stage.sandbox.setSwitches({ webhookListLags: true });
		await work().finally(() => stage.sandbox.setSwitches({ webhookListLags: false }));
	};

	it('the endpoint is found by its stored ID and removed', async () => {
		const trigger = stage.install();
		await activate(trigger);
		await withLag(() => deactivate(trigger));
		expect(await stage.listAt(trigger.url)).toEqual([]);
		expect(trigger.staticData).toEqual({});
	});

	it('an endpoint that a person deleted is not an error', async () => {
		const trigger = stage.install();
		await activate(trigger);
		await stage.api.delete(`/webhooks/${(await stage.expectOneEndpoint(trigger))._id}`);
		const lines = await collectLog(() => deactivate(trigger));
		expect(lines).toEqual([]);
		expect(trigger.staticData).toEqual({});
	});

	it('the endpoint of another host is not removed, although static data names it', async () => {
		const trigger = stage.install();
		await activate(trigger);
		const { _id } = await stage.expectOneEndpoint(trigger);
		await stage.api.put(`/webhooks/${_id}`, { url: 'http://127.0.0.1:1/elsewhere' });
		trigger.staticData = { ...trigger.staticData, url: 'http://127.0.0.1:1/elsewhere' };
		await withLag(() => deactivate(trigger));
		expect(await stage.listAt('http://127.0.0.1:1/elsewhere')).toHaveLength(1);
	});

	it('a log line names the endpoint if it cannot be read', async () => {
		const trigger = stage.install();
		await activate(trigger);
		const { _id } = await stage.expectOneEndpoint(trigger);
		const fault = { kind: 'answer', method: 'GET', path: `/webhooks/${_id}`, status: 400 } as const;
		const lines = await collectLog(() =>
			stage.withFault(fault, () => withLag(() => deactivate(trigger))),
		);
		expect(lines).toEqual([{ level: 'warn', message: expect.stringContaining(_id) }]);
	});
});

describe('the hooks of the node', () => {
	const { checkExists, create, delete: remove } = new PocketsflowTrigger().webhookMethods.default;

	it('the hooks register a webhook that accepts signed deliveries, and remove it', async () => {
		const trigger = stage.install();
		expect(await checkExists.call(createHookContext(trigger))).toBe(false);
		expect(await create.call(createHookContext(trigger))).toBe(true);
		expect(await checkExists.call(createHookContext(trigger))).toBe(true);
		const withProcessMemory = { ...trigger, memory: undefined };
		expect(await accepts(withProcessMemory, stage.readSecret(trigger))).toBe(true);
		expect(await accepts(withProcessMemory, 'whsec_forged')).toBe(false);
		expect(await remove.call(createHookContext(trigger))).toBe(true);
		expect(await stage.listAt(trigger.url)).toEqual([]);
	});

	it.each([1, 2])('the hooks register in version %i of the node', async (typeVersion) => {
		const trigger = stage.install(undefined, { typeVersion });
		expect(await checkExists.call(createHookContext(trigger))).toBe(false);
	});
});
