import { createHookContext } from '../harness/engine/context';
import { register } from '../../nodes/Pocketsflow/webhook/registration';
import {
	accepts,
	activate,
	catchError,
	deactivate,
	RegistrationStage,
	restart,
} from './registrationStage';

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

describe('activation that fails at Pocketsflow', () => {
	it('leaves no endpoint behind and tells why, where the sealed copy is refused', async () => {
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

	it('succeeds all the same where only the description is refused', async () => {
		const trigger = stage.install();
		const error = await stage.withFault(refuse('PUT', 400, 'too long'), () =>
			catchError(activate(trigger)),
		);
		expect(error).toBeUndefined();
		restart(trigger);
		expect(await accepts(trigger, stage.readSecret(trigger))).toBe(true);
	});

	it('tells why the endpoint was not created', async () => {
		const trigger = stage.install();
		const error = await stage.withFault(refuse('POST', 400, 'too many webhooks'), () =>
			catchError(activate(trigger)),
		);
		expect(error?.message).toContain('too many webhooks');
	});

	it('leaves no endpoint behind where the answer to the creation is lost', async () => {
		const trigger = stage.install();
		const error = await stage.withFault(
			{ method: 'POST', path: '/webhooks', kind: 'reset', when: 'after' },
			() => catchError(activate(trigger)),
		);
		expect(error?.message).toMatch(/unknown.*Nothing is left of it: activate/);
		expect(await stage.listAt(trigger.url)).toEqual([]);
		await activate(trigger);
		await stage.expectOneEndpoint(trigger);
	});

	it("shows Pocketsflow's words about an event that it does not know", async () => {
		const trigger = stage.install(['invoice.paid']);
		await expect(activate(trigger)).rejects.toThrow(/invoice\.paid/);
	});

	it('names the key as the cause, without showing it', async () => {
		const trigger = stage.install();
		trigger.credential.apiKey = `pk_test_${'0'.repeat(48)}`;
		const error = await catchError(activate(trigger));
		expect(error?.message).not.toContain(trigger.credential.apiKey);
		expect(error?.message).toMatch(/key/i);
	});
});

it('deactivation says that the endpoint could not be removed, and why', async () => {
	const trigger = stage.install();
	await activate(trigger);
	await stage.withFault(refuse('DELETE', 403, 'read-only key'), async () => {
		await expect(deactivate(trigger)).rejects.toThrow(
			/could not be removed at Pocketsflow.*read-only key/,
		);
	});
	await deactivate(trigger);
	expect(await stage.listAt(trigger.url)).toEqual([]);
});

it.each([
	['activation', activate],
	['deactivation', deactivate],
])('%s fails and changes nothing where Pocketsflow answers without a list', async (_name, act) => {
	const trigger = stage.install();
	await activate(trigger);
	const before = await stage.listAt(trigger.url);
	await stage.withFault(
		{ method: 'GET', path: '/webhooks', kind: 'answer', status: 200, body: 'empty' },
		async () => {
			await expect(act(trigger)).rejects.toThrow(/without a list of webhooks/);
		},
	);
	expect(await stage.listAt(trigger.url)).toEqual(before);
	expect(trigger.staticData).toHaveProperty('sealedSecret');
});

describe('registration is refused before anything is sent', () => {
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
	])('for %s, which Pocketsflow cannot reach, with the ways out', async (webhookBaseUrl) => {
		const trigger = stage.install(undefined, { webhookBaseUrl });
		trigger.credential.baseUrl = 'https://pocketsflow.example';
		const before = stage.sandbox.requests.length;
		await expect(register(createHookContext(trigger), trigger.memory)).rejects.toThrow(
			/WEBHOOK_URL.*Polling Trigger/,
		);
		expect(stage.sandbox.requests).toHaveLength(before);
	});

	it('for a trigger without an event', async () => {
		const trigger = stage.install([]);
		await expect(register(createHookContext(trigger), trigger.memory)).rejects.toThrow(
			/at least one event/,
		);
	});
});
