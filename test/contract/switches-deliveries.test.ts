import type { SwitchesPatch } from '../../sandbox/switches';
import {
	computeHmac,
	createProduct,
	expectAllSwitchesSet,
	getPath,
	receiver,
	registerWebhook,
	sandbox,
	sell,
	setSwitches,
	setUpSandbox,
} from './helpers';

setUpSandbox();

describe('The switches for the fate of deliveries', () => {
	test('deliveryRetries, deliveryRetryDelayMs and deliveryTimeoutMs decide when a delivery is given up', async () => {
		await registerWebhook();
		receiver.delayMs = 400;
		setSwitches({ deliveryRetries: 2, deliveryRetryDelayMs: 50, deliveryTimeoutMs: 100 });
		const startedAtMs = Date.now();
		await sell();
		const tookMs = Date.now() - startedAtMs;
		expect(sandbox.deliveries[0]).toMatchObject({ attempts: 3, error: 'timeout after 100 ms' });
		expect(receiver.received).toHaveLength(3);
		expect(tookMs).toBeGreaterThanOrEqual(380);
		expect(tookMs).toBeLessThan(2_000);
	});

	test('nextDeliveryFaults and delayMs make the next deliveries fail', async () => {
		const { secret } = await registerWebhook();
		const productId = await createProduct();
		const purchaseNext = async (
			...nextDeliveryFaults: NonNullable<SwitchesPatch['nextDeliveryFaults']>
		) => {
			receiver.clear();
			setSwitches({ nextDeliveryFaults });
			for (let index = 0; index < Math.max(1, nextDeliveryFaults.length); index += 1) {
				await sandbox.purchase({ productId, metadata: { index } });
			}
			await sandbox.waitForDeliveries();
			return receiver.received;
		};
		expect(await purchaseNext('drop')).toHaveLength(0);
		expect(sandbox.deliveries.at(-1)?.outcome).toBe('dropped');
		const twice = await purchaseNext('duplicate');
		expect(twice.map(({ raw }) => raw)).toEqual([twice[0].raw, twice[0].raw]);
		const [broken] = await purchaseNext('malform');
		expect(() => JSON.parse(broken.raw) as unknown).toThrow('JSON');
		expect(broken.headers['x-pocketsflow-signature']).toBe(computeHmac(secret, broken.raw));
		const [forged] = await purchaseNext('forge');
		expect(forged.headers['x-pocketsflow-signature']).not.toBe(computeHmac(secret, forged.raw));
		setSwitches({ delayMs: 150 });
		const startedAtMs = Date.now();
		const [late] = await purchaseNext('delay');
		expect(late.receivedAtMs - startedAtMs).toBeGreaterThanOrEqual(145);
		receiver.clear();
		setSwitches({ nextDeliveryFaults: ['reorder'] });
		for (const index of [0, 1]) await sandbox.purchase({ productId, metadata: { index } });
		await sandbox.waitForDeliveries();
		expect(receiver.received.map(({ body }) => getPath(body, 'metadata', 'index'))).toEqual([1, 0]);
		expect(await purchaseNext()).toHaveLength(1);
	});

	test('the rates of delivery faults follow deliverySeed', async () => {
		await registerWebhook();
		const productId = await createProduct();
		const draw = async (deliverySeed: number) => {
			setSwitches({ deliverySeed });
			const before = sandbox.deliveries.length;
			await sandbox.purchase({ productId, count: 60, wait: true });
			return sandbox.deliveries.slice(before).map(({ fault }) => fault ?? 'none');
		};
		setSwitches({
			...{ dropRate: 0.2, duplicateRate: 0.1, delayRate: 0.1, reorderRate: 0.1 },
			...{ malformRate: 0.1, forgeRate: 0.1, delayMs: 5 },
		});
		const spread = await draw(7);
		for (const fault of ['drop', 'duplicate', 'delay', 'reorder', 'malform', 'forge', 'none']) {
			expect(spread).toContain(fault);
		}
		setSwitches({ dropRate: 0.5, duplicateRate: 0, delayRate: 0, reorderRate: 0 });
		setSwitches({ malformRate: 0, forgeRate: 0 });
		const [one, other] = [await draw(3), await draw(4)];
		const again = await draw(3);
		expect(again).not.toEqual(other);
		expect(again).toHaveLength(60);
		expect(again).toEqual(one);
	});

	test('deliveryConcurrency bounds the deliveries in flight', async () => {
		await registerWebhook();
		receiver.delayMs = 60;
		setSwitches({ deliveryConcurrency: 1 });
		const startedAtMs = Date.now();
		await sell({ count: 4 });
		expect(receiver.received).toHaveLength(4);
		expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(230);
	});

	test('each of these switches is turned by a test above', () => {
		expectAllSwitchesSet('deliveries');
	});
});
