import type { IDataObject } from 'n8n-workflow';

import { send } from '../../nodes/Pocketsflow/transport/send';
import { createHookContext } from '../harness/engine/context';
import {
	accepts,
	activate,
	advance,
	deactivate,
	RegistrationStage,
	restart,
} from './registrationStage';

let stage: RegistrationStage;

beforeAll(async () => {
	stage = await RegistrationStage.open();
});
afterAll(() => stage.close());

describe('after a restart a delivery finds the secret', () => {
	it('in static data, without a request', async () => {
		const trigger = stage.install();
		await activate(trigger);
		restart(trigger);
		const before = stage.sandbox.requests.length;
		expect(await accepts(trigger, stage.readSecret(trigger))).toBe(true);
		expect(stage.sandbox.requests).toHaveLength(before);
	});

	it.each([
		['static data', (data: IDataObject) => data],
		['Pocketsflow if static data is lost too', () => ({})],
	])('with another WEBHOOK_URL in %s', async (_where, keep) => {
		const trigger = stage.install();
		await activate(trigger);
		const secret = stage.readSecret(trigger);
		restart(trigger);
		const moved = {
			...trigger,
			webhookBaseUrl: 'http://127.0.0.1:8765',
			staticData: keep(trigger.staticData!),
		};
		expect(await accepts(moved, secret)).toBe(true);
		expect(await accepts(moved, 'whsec_forged')).toBe(false);
	});

	it.each([
		['lost', {}],
		['stale', { sealedSecret: 'stale' }],
	])(
		'the secret is found in Pocketsflow if static data is %s, with one request for many deliveries',
		async (_what, staticData) => {
			const trigger = stage.install();
			await activate(trigger);
			const secret = stage.readSecret(trigger);
			trigger.staticData = staticData;
			restart(trigger);
			const before = stage.sandbox.requests.length;
			const forged = Array.from({ length: 50 }, () => accepts(trigger, 'whsec_forged'));
			expect(await Promise.all(forged)).toEqual(Array(50).fill(false));
			expect(await accepts(trigger, secret)).toBe(true);
			expect(await accepts(trigger, 'whsec_forged')).toBe(false);
			expect(stage.sandbox.requests).toHaveLength(before + 1);
			expect(trigger.staticData).toEqual(staticData);
		},
	);
});

/** A trigger that has lost its secret, and the secret. */
async function installForgetful(ownStage = stage) {
	const trigger = ownStage.install();
	await activate(trigger);
	const secret = ownStage.readSecret(trigger);
	trigger.staticData = {};
	restart(trigger);
	return { trigger, secret };
}

describe('only answers are remembered', () => {
	it.each([401, 403, 503])(
		'a recovery that fails with %p for a forged delivery does not stop the genuine one after it',
		async (status) => {
			const { trigger, secret } = await installForgetful();
			await stage.withFault({ path: '/webhooks', kind: 'answer', status }, async () => {
				expect(await accepts(trigger, 'whsec_forged')).toBe(false);
			});
			// The forged delivery has used up the requests of this moment; the next one is possible in 20 s.
			advance(20_000);
			expect(await accepts(trigger, secret)).toBe(true);
		},
	);

	it('one answer that fails is asked for again while the delivery waits', async () => {
		const { trigger, secret } = await installForgetful();
		const fault = { path: '/webhooks', kind: 'answer', status: 503, count: 1 } as const;
		await stage.withFault(fault, async () => {
			expect(await accepts(trigger, secret)).toBe(true);
		});
	});

	it('forged deliveries cause at most three requests together and six a minute', async () => {
		const { trigger } = await installForgetful();
		const before = stage.sandbox.requests.length;
		await stage.withFault({ path: '/webhooks', kind: 'answer', status: 500 }, async () => {
			for (let n = 0; n < 40; n++) expect(await accepts(trigger, 'whsec_forged')).toBe(false);
			// One more for the check that follows a delivery whose secret is not known.
			expect(stage.sandbox.requests.length - before).toBeLessThanOrEqual(3 + 1);
			advance(60_000);
			for (let n = 0; n < 40; n++) expect(await accepts(trigger, 'whsec_forged')).toBe(false);
			expect(stage.sandbox.requests.length - before).toBeLessThanOrEqual(6 + 1);
		});
	});
});

it('a secret that was found and does not fit is asked for again after seconds', async () => {
	const { trigger, secret } = await installForgetful();
	expect(await accepts(trigger, secret)).toBe(true);
	const main = stage.install(undefined, { webhookId: trigger.webhookId, url: trigger.url });
	await deactivate(main);
	await activate(main);
	const fresh = stage.readSecret(main);
	advance(2_000);
	expect(await accepts(trigger, fresh)).toBe(true);
});

it('a look-up that began before a registration does not take its secret away', async () => {
	const { trigger } = await installForgetful();
	stage.sandbox.setSwitches({ latencyMs: 200 });
	const forged = accepts(trigger, 'whsec_forged');
	stage.sandbox.setSwitches({ latencyMs: 0 });
	await deactivate(trigger);
	await activate(trigger);
	expect(await forged).toBe(false);
	expect(await accepts(trigger, stage.readSecret(trigger))).toBe(true);
});

it('a delivery does not wait for a pause that bulk work brought about', async () => {
	// Its own, because the pause outlasts the test.
	const ownStage = await RegistrationStage.open();
	const { trigger, secret } = await installForgetful(ownStage);
	const context = createHookContext(trigger);
	const headers = { 'retry-after': '60' };
	const paused = { path: '/products', kind: 'answer', status: 429, headers } as const;
	await ownStage.withFault(paused, async () => {
		const request = { method: 'GET', path: '/products' } as const;
		const limits = { totalTimeoutMs: 2_000 };
		await expect(send(context, request, 'read', undefined, { limits })).rejects.toThrow();
	});
	const startedAtMs = Date.now();
	expect(await accepts(trigger, secret)).toBe(true);
	expect(Date.now() - startedAtMs).toBeLessThan(1_500);
	await ownStage.close();
});

it('two workflows whose nodes have the same IDs share no memory', async () => {
	const trigger = stage.install();
	await activate(trigger);
	const secret = stage.readSecret(trigger);
	const other = { ...trigger, workflowId: 'other', staticData: {} };
	const before = stage.sandbox.requests.length;
	expect(await accepts(trigger, secret)).toBe(true);
	expect(stage.sandbox.requests).toHaveLength(before);
	expect(await accepts(other, secret)).toBe(true);
	expect(stage.sandbox.requests).toHaveLength(before + 1);
});

it('a delivery is refused within 5 s if the secret is lost and Pocketsflow does not answer', async () => {
	const trigger = stage.install();
	await activate(trigger);
	const secret = stage.readSecret(trigger);
	trigger.staticData = {};
	restart(trigger);
	await stage.withFault({ kind: 'hang' }, async () => {
		const startedAtMs = Date.now();
		expect(await accepts(trigger, secret)).toBe(false);
		expect(Date.now() - startedAtMs).toBeLessThan(5000);
	});
});
