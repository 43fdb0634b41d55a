import { describeEndpoint, readDescription, seal } from '../../nodes/Pocketsflow/webhook/sealing';
import { TriggerMemory } from '../../nodes/Pocketsflow/webhook/memory';
import { collectLog } from './logLines';
import {
	accepts,
	activate,
	advance,
	deactivate,
	RegistrationStage,
	restart,
	type Installation,
} from './registrationStage';

let stage: RegistrationStage;

beforeEach(async () => {
	stage = await RegistrationStage.open();
});
afterEach(() => stage.close());

async function install(): Promise<{ trigger: Installation; secret: string }> {
	const trigger = stage.install();
	await activate(trigger);
	return { trigger, secret: stage.readSecret(trigger) };
}

/** The user puts a key into the credential; n8n calls no hook. */
function setKey(trigger: Installation, apiKey: string): void {
	trigger.credential = { ...trigger.credential, apiKey };
	stage.useKey(apiKey);
}

const untilIdle = ({ memory }: Installation) => memory.whenIdle();

/** The secret that Pocketsflow signs with. */
const readSecretAt = (url: string) => stage.readPresentSecret(url);

const countLines = (lines: Array<{ message: string }>, text: string) =>
	lines.filter(({ message }) => message.includes(text)).length;

describe('the API key in the credential is renewed', () => {
	it.each([
		['and the old one refused', false],
		['and the old one stays valid', true],
	])(
		'%s: a delivery seals the secret again, so that a restart loses nothing',
		async (_, keepsOld) => {
			const { trigger, secret } = await install();
			setKey(trigger, stage.sandbox.renewKey('test', keepsOld));
			advance(60_000);
			expect(await accepts(trigger, secret)).toBe(true);
			await untilIdle(trigger);
			restart(trigger);
			expect(await accepts(trigger, secret)).toBe(true);
			expect(await accepts(trigger, 'whsec_forged')).toBe(false);
			const [{ description }, ...others] = await stage.listAt(trigger.url);
			expect(readDescription(description).workflowId).toBe('workflow');
			expect(others).toEqual([]);
		},
	);

	it('without a delivery before the restart: the first is refused, and from then on all is well', async () => {
		const { trigger, secret } = await install();
		const [before] = await stage.listAt(trigger.url);
		setKey(trigger, stage.sandbox.renewKey('test'));
		restart(trigger);
		expect(await accepts(trigger, secret)).toBe(false);
		await untilIdle(trigger);
		const after = await stage.listAt(trigger.url);
		expect(after).toEqual([expect.objectContaining({ active: true, events: before.events })]);
		expect(after[0]._id).not.toBe(before._id);
		expect(readDescription(after[0].description).workflowId).toBe('workflow');
		const fresh = await readSecretAt(trigger.url);
		expect(await accepts(trigger, fresh)).toBe(true);
		expect(await accepts(trigger, secret)).toBe(false);
		restart(trigger);
		expect(await accepts(trigger, fresh)).toBe(true);
	});

	it('keeps the endpoint where a new one cannot be made, and tries again a minute later', async () => {
		const { trigger, secret } = await install();
		setKey(trigger, stage.sandbox.renewKey('test'));
		restart(trigger);
		await stage.withFault(
			{ method: 'POST', path: '/webhooks', kind: 'answer', status: 503 },
			async () => {
				expect(await accepts(trigger, secret)).toBe(false);
				await untilIdle(trigger);
			},
		);
		expect(await stage.listAt(trigger.url)).toHaveLength(1);
		advance(60_000);
		expect(await accepts(trigger, secret)).toBe(false);
		await untilIdle(trigger);
		expect(await accepts(trigger, await readSecretAt(trigger.url))).toBe(true);
	});
});

describe('the key in the credential is of the other mode', () => {
	it('deliveries of the old mode lead to an endpoint in the new one, which alone is accepted then', async () => {
		const { trigger, secret } = await install();
		setKey(trigger, stage.sandbox.liveKey);
		const lines = await collectLog(async () => {
			for (let n = 0; n < 2; n++) {
				advance(60_000);
				expect(await accepts(trigger, secret)).toBe(true);
				await untilIdle(trigger);
			}
		});
		expect(await stage.listAt(trigger.url)).toHaveLength(1);
		expect(await accepts(trigger, await readSecretAt(trigger.url))).toBe(true);
		expect(countLines(lines, 're-registered its webhook')).toBe(1);
	});

	it('an endpoint that is found missing once is not made again: the workflow may be deactivated', async () => {
		const { trigger, secret } = await install();
		for (const { _id } of await stage.listAt(trigger.url))
			await stage.api.delete(`/webhooks/${_id}`);
		advance(60_000);
		expect(await accepts(trigger, secret)).toBe(true);
		await untilIdle(trigger);
		expect(await stage.listAt(trigger.url)).toEqual([]);
	});
});

describe('in queue mode', () => {
	it('a process accepts the secret of an endpoint that another one replaced for a minute more', async () => {
		const { trigger, secret } = await install();
		const other = { ...trigger, memory: new TriggerMemory() };
		expect(await accepts(other, secret)).toBe(true);
		await deactivate(trigger);
		await activate(trigger);
		const stale = { ...other, staticData: { ...trigger.staticData } };
		const fresh = stage.readSecret(trigger);
		// The first is answered from memory; it is the check after it that learns of the change.
		advance(60_000);
		expect(await accepts(stale, secret)).toBe(true);
		await untilIdle(stale);
		// What was on its way when the endpoint was replaced is no sale lost: it has a minute.
		expect(await accepts(stale, secret)).toBe(true);
		advance(60_000);
		expect(await accepts(stale, secret)).toBe(false);
		expect(await accepts(stale, fresh)).toBe(true);
	});

	it('the secret in stale static data is accepted for no longer either', async () => {
		const { trigger, secret } = await install();
		const staticData = { ...trigger.staticData };
		await deactivate(trigger);
		await activate(trigger);
		const other = { ...trigger, staticData, memory: new TriggerMemory() };
		const fresh = stage.readSecret(trigger);
		expect(await accepts(other, fresh)).toBe(true);
		advance(60_000);
		expect(await accepts(other, secret)).toBe(false);
	});

	it('a remembered secret is confirmed once a minute, after the answer', async () => {
		const { trigger, secret } = await install();
		stage.sandbox.setSwitches({ latencyMs: 300 });
		const before = stage.sandbox.requests.length;
		for (let n = 0; n < 5; n++) expect(await accepts(trigger, secret)).toBe(true);
		advance(60_000);
		const startedAtMs = Date.now();
		for (let n = 0; n < 5; n++) expect(await accepts(trigger, secret)).toBe(true);
		expect(Date.now() - startedAtMs).toBeLessThan(280);
		await untilIdle(trigger);
		for (let n = 0; n < 5; n++) expect(await accepts(trigger, secret)).toBe(true);
		expect(stage.sandbox.requests).toHaveLength(before + 1);
	});
});

describe('the description of an endpoint', () => {
	it.each(['cut', 'escaped', 'dropped'] as const)(
		'that Pocketsflow returns %s is noticed once, and deliveries are accepted',
		async (webhookDescriptions) => {
			stage.sandbox.setSwitches({ webhookDescriptions });
			const lines = await collectLog(async () => {
				const { trigger, secret } = await install();
				restart(trigger);
				for (let n = 0; n < 3; n++) {
					expect(await accepts(trigger, secret)).toBe(true);
					advance(60_000);
					expect(await accepts(trigger, secret)).toBe(true);
					await untilIdle(trigger);
				}
			});
			// Once at the activation, and once in the process that found it out by itself.
			expect(countLines(lines, 'encrypted copy')).toBe(2);
		},
	);

	it('that is refused when it is changed does not stop a second activation', async () => {
		const { trigger } = await install();
		stage.sandbox.setSwitches({ webhookDescriptions: 'kept' });
		const [{ _id }] = await stage.listAt(trigger.url);
		await stage.api.put(`/webhooks/${_id}`, { active: false, description: 'mine' });
		await stage.withFault(
			{ method: 'PUT', path: '/webhooks/*', kind: 'answer', status: 422, count: 1 },
			() => activate(trigger),
		);
		expect(await stage.listAt(trigger.url)).toEqual([expect.objectContaining({ active: true })]);
	});
});

it('every endpoint of ours is tried: one that is inactive, one that is sealed with another key', async () => {
	const { trigger, secret } = await install();
	const [{ _id }] = await stage.listAt(trigger.url);
	const otherKey = describeEndpoint(
		'workflow',
		seal('whsec_other_secret_0', 'pk_test_other', trigger.url),
	);
	const inactive = describeEndpoint(
		'workflow',
		seal('whsec_inactive_secret', stage.sandbox.testKey, trigger.url),
	);
	await stage.addEndpoint({ url: trigger.url, description: otherKey });
	await stage.addEndpoint({ url: trigger.url, description: inactive, active: false });
	trigger.staticData = {};
	restart(trigger);
	expect(await accepts(trigger, secret)).toBe(true);
	expect((await stage.listAt(trigger.url)).map((endpoint) => endpoint._id)).toContain(_id);
	expect(readDescription(inactive).ours).toBe(true);
});
