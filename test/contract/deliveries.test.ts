import { sign } from '../../sandbox/webhooks/signature';
import {
	call,
	computeHmac,
	createOffer,
	createProduct,
	type JsonObject,
	post,
	receiver,
	registerWebhook,
	sandbox,
	sell,
	setUpSandbox,
} from './helpers';

setUpSandbox();

describe('The deliveries of the sandbox', () => {
	test('deliveries are signed as documented, which an independent signer confirms', async () => {
		const vector = '{"order":{"id":"o1"},"webhookId":"w1"}';
		const expected = 'ecfdff394c5d4953b02bf956c99a8917fab53bde796dd9df60e4a430740459ca';
		expect(sign('whsec_test', vector)).toBe(expected);
		expect(computeHmac('whsec_test', vector)).toBe(expected);

		const { id, secret } = await registerWebhook(['order.completed', 'customer.created']);
		const { headers, raw, body } = await sell({
			email: 'ana@example.com',
			firstName: 'Ana',
			metadata: { note: 'ünï · ☕' },
			clientReferenceId: 'user-77',
		});
		expect(headers['x-pocketsflow-signature']).toBe(computeHmac(secret, raw));
		expect(headers['x-pocketsflow-event']).toBe('order.completed');
		expect(headers['content-type']).toBe('application/json');
		const age = Date.now() - Number(headers['x-pocketsflow-timestamp']);
		expect(age).toBeGreaterThanOrEqual(0);
		expect(age).toBeLessThan(5_000);
		expect(body).toEqual({
			product: { id: expect.any(String), variantId: null },
			order: { id: expect.any(String) },
			currency: 'usd',
			customer: { email: 'ana@example.com', firstName: 'Ana' },
			tax: {
				amount: 0,
				rate: 0,
				ToCountry: 'US',
				ToZip: null,
				ToState: null,
				percentage: 0,
				vatNumber: null,
			},
			amount: 30,
			amountBeforeTax: 30,
			clientReferenceId: 'user-77',
			metadata: { note: 'ünï · ☕' },
			webhookId: id,
		});
		expect(receiver.received.map((request) => request.headers['x-pocketsflow-event'])).toEqual([
			'order.completed',
			'customer.created',
		]);
		expect(sandbox.deliveries[0]).toMatchObject({ outcome: 'delivered', status: 200, attempts: 1 });
	});

	test('a delivery is tried once, follows no redirect, and goes to active endpoints only', async () => {
		const { id } = await registerWebhook();
		receiver.status = 500;
		await sell();
		expect(receiver.received).toHaveLength(1);
		expect(sandbox.deliveries[0]).toMatchObject({ outcome: 'failed', status: 500, attempts: 1 });
		receiver.status = 302;
		await sandbox.purchase({ wait: true });
		expect(receiver.received.map(({ path }) => path)).toEqual(['/hook', '/hook']);
		expect(sandbox.deliveries[1]).toMatchObject({ outcome: 'failed', status: 302 });
		await call('PUT', `/webhooks/${id}`, { active: false });
		await sandbox.purchase({ wait: true });
		expect(receiver.received).toHaveLength(2);
	});

	test('an endpoint has five seconds to answer a delivery', async () => {
		await registerWebhook();
		receiver.delayMs = 6_000;
		await sell();
		expect(sandbox.deliveries[0]).toMatchObject({
			outcome: 'failed',
			error: 'timeout after 5000 ms',
			attempts: 1,
		});
		expect(sandbox.deliveries[0].ms).toBeGreaterThanOrEqual(4_990);
		expect(sandbox.deliveries[0].ms).toBeLessThan(5_900);
		expect(receiver.received).toHaveLength(1);
	});

	test('deliveries report everything that happens to products, orders and memberships', async () => {
		await registerWebhook([
			...['product.created', 'product.updated', 'product.deleted', 'review.created'],
			...['customer.subscription.created', 'customer.subscription.updated'],
			...['customer.subscription.pause', 'customer.subscription.resumed'],
			...['customer.subscription.trial_will_end', 'customer.subscription.deleted'],
			...['invoice.payment_succeeded', 'invoice.payment_failed', 'order.refunded'],
		]);
		const productId = await createProduct();
		await post(`/products/update/${productId}`, { price: 10 });
		await post('/_sandbox/reviews', { productId, rating: 3 });
		const { orderIds } = await sandbox.purchase({ productId });
		await post('/refunds', { orderId: orderIds[0], amount: 4 });
		await call('DELETE', `/products/${productId}`);
		const offerId = await createOffer();
		const { membershipIds } = await sandbox.purchase({ offerId });
		await sandbox.waitForDeliveries();
		for (const action of [
			...['pause', 'resume', 'renew', 'fail-payment', 'renew', 'trial-will-end'],
			...['cancel-at-period-end', 'end'],
		]) {
			expect((await post(`/_sandbox/memberships/${membershipIds[0]}/${action}`)).status).toBe(200);
			await sandbox.waitForDeliveries();
		}
		const events = receiver.received.map((request) => request.headers['x-pocketsflow-event']);
		expect(events.slice(0, 7).sort()).toEqual(
			[
				...['product.created', 'product.updated', 'review.created', 'order.refunded'],
				...['product.deleted', 'customer.subscription.created', 'invoice.payment_succeeded'],
			].sort(),
		);
		const statuses = receiver.received
			.slice(7)
			.map(
				({ headers, body }) => `${String(headers['x-pocketsflow-event'])} ${String(body.status)}`,
			);
		expect(statuses.sort()).toEqual(
			[
				'customer.subscription.pause paused',
				'customer.subscription.resumed active',
				'invoice.payment_succeeded active',
				'invoice.payment_failed past_due',
				'customer.subscription.updated past_due',
				'invoice.payment_succeeded active',
				'customer.subscription.updated active',
				'customer.subscription.trial_will_end active',
				'customer.subscription.updated active',
				'customer.subscription.deleted canceled',
			].sort(),
		);
		const ended = receiver.received.at(-1)?.body;
		expect(ended).toMatchObject({
			paymentMethod: null,
			subscription: { id: offerId },
			subscriptionCustomerId: membershipIds[0],
			subscriptionCustomer: { active: false, status: 'canceled' },
		});
	});

	test('a delivery can be created by hand: forged, unsigned or anything else', async () => {
		const { id, secret } = await registerWebhook();
		const deliverByHand = async (extra: JsonObject) => {
			receiver.clear();
			const response = await post('/_sandbox/deliver', {
				webhookId: id,
				event: 'order.completed',
				...extra,
			});
			expect(response.status).toBe(200);
			return receiver.received[0];
		};
		const signed = await deliverByHand({ data: { order: { id: 'o1' } } });
		expect(signed.raw).toBe(`{"order":{"id":"o1"},"webhookId":"${id}"}`);
		expect(signed.headers['x-pocketsflow-signature']).toBe(computeHmac(secret, signed.raw));
		const forged = await deliverByHand({ signing: 'forged' });
		expect(forged.headers['x-pocketsflow-signature']).toMatch(/^[0-9a-f]{64}$/);
		expect(forged.headers['x-pocketsflow-signature']).not.toBe(computeHmac(secret, forged.raw));
		expect((await deliverByHand({ signing: 'missing' })).headers).not.toHaveProperty(
			'x-pocketsflow-signature',
		);
		const odd = await deliverByHand({ body: '[1, 2]', headers: { 'x-pocketsflow-event': '' } });
		expect(odd.raw).toBe('[1, 2]');
		expect(odd.headers).not.toHaveProperty('x-pocketsflow-event');
	});
});
