import type { IDataObject } from 'n8n-workflow';

import { accepts, activate, RegistrationStage, restart } from './registrationStage';

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
		['Pocketsflow where static data is lost too', () => ({})],
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
		'at Pocketsflow where static data is %s, with one request for many deliveries',
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

it('a delivery is refused within 5 s where the secret is lost and Pocketsflow does not answer', async () => {
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
