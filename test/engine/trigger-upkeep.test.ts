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
		['the old one is refused', false],
		['the old one stays valid', true],
	])(
		'after a renewal of the API key (%s), a delivery seals the secret again, so a restart loses nothing',
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

	it('after a renewal of the API key and a restart, only the first delivery is refused', async () => {
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

	it('the endpoint stays if it cannot be replaced, and the trigger tries again a minute later', async () => {
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
	it('two deliveries of the old mode within ten seconds lead to an endpoint in the new mode', async () => {
		const { trigger, secret } = await install();
		setKey(trigger, stage.sandbox.liveKey);
		const lines = await collectLog(async () => {
			for (const waitMs of [60_000, 10_000]) {
				advance(waitMs);
				expect(await accepts(trigger, secret)).toBe(true);
				await untilIdle(trigger);
			}
		});
		expect(await stage.listAt(trigger.url)).toHaveLength(1);
		expect(await accepts(trigger, await readSecretAt(trigger.url))).toBe(true);
		expect(countLines(lines, 're-registered its webhook')).toBe(1);
	});

	it('an endpoint that is missing once is not created again, because the workflow may be deactivated', async () => {
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
	it('a process accepts the secret of a replaced endpoint for one more minute', async () => {
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
		// A delivery that was in transit when the endpoint was replaced is not lost: it has a minute.
		expect(await accepts(stale, secret)).toBe(true);
		advance(60_000);
		expect(await accepts(stale, secret)).toBe(false);
		expect(await accepts(stale, fresh)).toBe(true);
	});

	it('the secret in outdated static data is refused after a minute', async () => {
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

	it('a remembered secret is confirmed once a minute, after the response', async () => {
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
		'a description that Pocketsflow returns %s is reported once, and deliveries are accepted',
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
			// Once at the activation, and once in the process that found it out.
			expect(countLines(lines, 'encrypted copy')).toBe(2);
		},
	);

	it('a description that Pocketsflow refuses does not stop a second activation', async () => {
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

it('every endpoint of ours is tried, even inactive ones and ones sealed with another key', async () => {
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
	expect(readDescription(inactive).isMarked).toBe(true);
});
