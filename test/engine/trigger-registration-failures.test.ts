import { PocketsflowTrigger } from '../../nodes/Pocketsflow/PocketsflowTrigger.node';
import { createHookContext, type NodeSetup } from '../harness/engine/context';
import { create as register } from '../../nodes/Pocketsflow/webhook/hooks';
import {
	accepts,
	activate,
	catchError,
	deactivate,
	RegistrationStage,
	restart,
	type Installation,
} from './registrationStage';
import { json, withFaultServer } from './transport/faultServer';

let stage: RegistrationStage;

beforeAll(async () => {
	stage = await RegistrationStage.open();
});
afterAll(() => stage.close());

/** Answers a request to the webhooks of the sandbox with an error. */
const refuse = (method: 'POST' | 'PUT' | 'DELETE', status: number, message: string) =>
	({
		method,
		path: method === 'POST' ? '/webhooks' : '/webhooks/*',
		kind: 'answer',
		status,
		message,
	}) as const;

describe('activation that fails in Pocketsflow', () => {
	it('activation reports the reason and leaves no endpoint behind if the sealed copy is refused', async () => {
		const trigger = stage.install();
		const error = await stage.withFault(refuse('PUT', 403, 'read-only key'), () =>
			catchError(activate(trigger)),
		);
		expect(error?.message).toContain('read-only key');
		expect(await stage.listAt(trigger.url)).toEqual([]);
		expect(trigger.staticData).toEqual({});
		await activate(trigger);
		await stage.expectOneEndpoint(trigger);
	});

	it('activation succeeds if only the description is refused', async () => {
		const trigger = stage.install();
		const error = await stage.withFault(refuse('PUT', 400, 'too long'), () =>
			catchError(activate(trigger)),
		);
		expect(error).toBeUndefined();
		restart(trigger);
		expect(await accepts(trigger, stage.readSecret(trigger))).toBe(true);
	});

	it('activation reports why the endpoint was not created', async () => {
		const trigger = stage.install();
		const error = await stage.withFault(refuse('POST', 400, 'too many webhooks'), () =>
			catchError(activate(trigger)),
		);
		expect(error?.message).toContain('too many webhooks');
	});

	it('activation leaves no endpoint behind if the response to the creation is lost', async () => {
		const trigger = stage.install();
		const error = await stage.withFault(
			{ method: 'POST', path: '/webhooks', kind: 'reset', when: 'after' },
			() => catchError(activate(trigger)),
		);
		expect(error?.message).toMatch(
			/unknown.*No endpoint is left in Pocketsflow\. Publish \(activate\)/,
		);
		expect(await stage.listAt(trigger.url)).toEqual([]);
		await activate(trigger);
		await stage.expectOneEndpoint(trigger);
	});

	it('activation reports why the copy of the secret was refused and that the endpoint still exists', async () => {
		const trigger = stage.install();
		const error = await stage.withFaults(
			[refuse('PUT', 403, 'read-only key'), refuse('DELETE', 403, 'never delete')],
			() => catchError(activate(trigger)),
		);
		expect(error?.message).toMatch(/read-only key/);
		expect(error?.message).toMatch(/could not be removed: .*Developers → Webhooks/);
		expect(await stage.listAt(trigger.url)).toHaveLength(1);
	});

	it('activation reports that Pocketsflow returned no secret, even if the endpoint cannot be removed', async () => {
		const trigger = stage.install();
		const answers = [
			json(200, []),
			json(201, { _id: 'w1', url: trigger.url }),
			json(404, { message: 'none' }),
			json(403, { message: 'never delete' }),
		];
		await withFaultServer(answers, async ({ url }) => {
			trigger.credential.baseUrl = url;
			const error = await catchError(activate(trigger));
			expect(error?.message).toMatch(/without returning its signing secret.*never delete/);
		});
	});

	it("activation shows Pocketsflow's message about an unknown event", async () => {
		const trigger = stage.install(['invoice.paid']);
		await expect(activate(trigger)).rejects.toThrow(/invoice\.paid/);
	});

	it('activation names the key as the cause without showing it', async () => {
		const trigger = stage.install();
		trigger.credential.apiKey = `pk_test_${'0'.repeat(48)}`;
		const error = await catchError(activate(trigger));
		expect(error?.message).not.toContain(trigger.credential.apiKey);
		expect(error?.message).toMatch(/key/i);
	});
});

describe('after a failed setup, for which n8n calls delete', () => {
	const { checkExists, create, delete: remove } = new PocketsflowTrigger().webhookMethods.default;
	const call = (hook: typeof create, setup: NodeSetup) =>
		catchError(hook.call(createHookContext(setup)));

	/** What n8n does for a user who listens for a test event; returns the error that it shows. */
	async function listen(trigger: Installation): Promise<Error | undefined> {
		const failure =
			(await call(checkExists, trigger)) ?? (await call(create, { ...trigger, mode: 'manual' }));
		// In `delete` the mode is another one, and its error replaces the first.
		return failure && ((await call(remove, { ...trigger, mode: 'internal' })) ?? failure);
	}

	it('the user sees why the setup failed, not that nothing could be removed', async () => {
		const trigger = stage.install();
		trigger.credential.apiKey = `pk_test_${'0'.repeat(48)}`;
		const error = await listen(trigger);
		expect(error?.message).toMatch(/could not be set up.*key/i);
	});

	it('the user sees which parameter cannot be read, even if the key is wrong', async () => {
		const trigger = stage.install();
		trigger.parameters = { events: '={{ undefined }}' };
		trigger.credential.apiKey = `pk_test_${'0'.repeat(48)}`;
		expect((await listen(trigger))?.message).toContain("'Trigger On'");
	});

	it('the user sees the reason without delay if Pocketsflow cannot be reached', async () => {
		const trigger = stage.install();
		const unreachable = {
			...trigger,
			credential: { ...trigger.credential, baseUrl: 'http://127.0.0.1:9' },
		};
		expect(await call(create, unreachable)).toBeDefined();
		const startMs = Date.now();
		expect(await call(remove, { ...unreachable, mode: 'internal' })).toBeUndefined();
		expect(Date.now() - startMs).toBeLessThan(1000);
	});

	it('an endpoint that the failed setup left behind is removed', async () => {
		const trigger = stage.install();
		await stage.addEndpoint({ url: trigger.url });
		const refused = refuse('POST', 500, 'out of order');
		expect((await stage.withFault(refused, () => listen(trigger)))?.message).toMatch(/set up/);
		expect(await stage.listAt(trigger.url)).toEqual([]);
	});

	it('the cleanup after a failed setup does not fail, also if an endpoint was registered', async () => {
		const trigger = stage.install();
		expect(await call(create, trigger)).toBeUndefined();
		trigger.parameters = { events: ['order.refunded'], options: {} };
		const error = await stage.withFault(refuse('PUT', 403, 'read-only key'), () =>
			call(create, trigger),
		);
		expect(error?.message).toMatch(/could not be set up.*read-only key/);
		const removal = () =>
			stage.withFault(refuse('DELETE', 403, 'never delete'), () => call(remove, trigger));
		expect(await removal()).toBeUndefined();
		expect((await removal())?.message).toMatch(/could not be removed.*never delete/);
	});

	it('a removal that fails is reported if static data is lost', async () => {
		const trigger = stage.install();
		expect(await call(create, trigger)).toBeUndefined();
		trigger.staticData = {};
		const error = await stage.withFault(refuse('DELETE', 403, 'never delete'), () =>
			call(remove, trigger),
		);
		expect(error?.message).toMatch(/could not be removed in Pocketsflow.*never delete/);
	});

	it('a later removal that fails is reported', async () => {
		const trigger = stage.install();
		const refused = refuse('POST', 400, 'too many webhooks');
		expect((await stage.withFault(refused, () => listen(trigger)))?.message).toMatch(/too many/);
		expect(await call(create, trigger)).toBeUndefined();
		const error = await stage.withFault(refuse('DELETE', 403, 'read-only key'), () =>
			call(remove, trigger),
		);
		expect(error?.message).toMatch(/could not be removed in Pocketsflow.*read-only key/);
	});
});

it('deactivation reports that the endpoint could not be removed, and why', async () => {
	const trigger = stage.install();
	await activate(trigger);
	await stage.withFault(refuse('DELETE', 403, 'read-only key'), async () => {
		await expect(deactivate(trigger)).rejects.toThrow(
			/could not be removed in Pocketsflow.*read-only key/,
		);
	});
	await deactivate(trigger);
	expect(await stage.listAt(trigger.url)).toEqual([]);
});

it.each([
	['activation', activate],
	['deactivation', deactivate],
])('%s fails and changes nothing if Pocketsflow returns no list', async (_name, act) => {
	const trigger = stage.install();
	await activate(trigger);
	const before = await stage.listAt(trigger.url);
	await stage.withFault(
		{ method: 'GET', path: '/webhooks', kind: 'answer', status: 200, body: 'empty' },
		async () => {
			await expect(act(trigger)).rejects.toThrow(/no list of webhooks/);
		},
	);
	expect(await stage.listAt(trigger.url)).toEqual(before);
	expect(trigger.staticData).toHaveProperty('sealedSecret');
});

describe('registration that cannot work', () => {
	it.each([
		'http://n8n.example.com',
		'https://localhost:5678',
		'https://10.0.0.5',
		'https://192.168.1.2',
		'https://172.20.1.1',
		'https://n8n.local',
		'https://[::1]:5678',
		'n8n.example.com',
		'localhost:5678',
	])(
		'registration at %s, which Pocketsflow cannot reach, is refused with advice before anything is sent',
		async (webhookBaseUrl) => {
			const trigger = stage.install(undefined, { webhookBaseUrl });
			trigger.credential.baseUrl = 'https://pocketsflow.example';
			const before = stage.sandbox.requests.length;
			await expect(register(createHookContext(trigger), trigger.memory)).rejects.toThrow(
				/N8N_WEBHOOK_URL \(in older n8n WEBHOOK_URL\).*Polling Trigger/,
			);
			expect(stage.sandbox.requests).toHaveLength(before);
		},
	);

	it('registration without an event is refused before anything is sent', async () => {
		const trigger = stage.install([]);
		const before = stage.sandbox.requests.length;
		await expect(register(createHookContext(trigger), trigger.memory)).rejects.toThrow(
			"'Trigger On' is empty. Select at least one event.",
		);
		expect(stage.sandbox.requests).toHaveLength(before);
	});
});
