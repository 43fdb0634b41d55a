import {
	computeHmac,
	createOffer,
	createProduct,
	expectAllSwitchesSet,
	getPath,
	post,
	receiver,
	registerWebhook,
	sandbox,
	sell,
	setSwitches,
	setUpSandbox,
} from './helpers';

setUpSandbox();

describe('The switches for the content of deliveries', () => {
	test('testDelivery decides what a test delivery is', async () => {
		const { id, secret } = await registerWebhook();
		const sendTest = async () => {
			receiver.clear();
			await post(`/webhooks/${id}/test`);
			await sandbox.waitForDeliveries();
			return receiver.received[0];
		};
		const unknown = await sendTest();
		expect(unknown.headers['x-pocketsflow-event']).toBe('webhook.test');
		expect(unknown.headers['x-pocketsflow-signature']).toBe(computeHmac(secret, unknown.raw));
		setSwitches({ testDelivery: 'sample' });
		expect(await sendTest()).toMatchObject({
			headers: { 'x-pocketsflow-event': 'order.completed' },
			body: { order: { id: expect.any(String) } },
		});
		setSwitches({ testDelivery: 'unsigned' });
		expect((await sendTest()).headers).not.toHaveProperty('x-pocketsflow-signature');
	});

	test('eventIn, payload and webhookIdMeans shape the body', async () => {
		const { id } = await registerWebhook();
		expect((await sell()).body).not.toHaveProperty('event');
		const purchaseNext = async () => {
			receiver.clear();
			await sandbox.purchase({ wait: true });
			return receiver.received[0];
		};
		setSwitches({ eventIn: 'body' });
		const inBody = await purchaseNext();
		expect(inBody.headers).not.toHaveProperty('x-pocketsflow-event');
		expect(inBody.body.event).toBe('order.completed');
		setSwitches({ eventIn: 'both' });
		expect(await purchaseNext()).toMatchObject({
			headers: { 'x-pocketsflow-event': 'order.completed' },
			body: { event: 'order.completed' },
		});
		setSwitches({ eventIn: 'header', payload: 'flatWithEvent' });
		expect((await purchaseNext()).body.event).toBe('order.completed');
		setSwitches({ payload: 'enveloped' });
		expect((await purchaseNext()).body).toMatchObject({
			type: 'order.completed',
			data: { order: { id: expect.any(String) } },
			webhookId: id,
		});
		setSwitches({ webhookIdMeans: 'delivery' });
		expect((await purchaseNext()).body.webhookId).not.toBe(id);
	});

	test('signed and timestamp change what is signed', async () => {
		const { secret } = await registerWebhook();
		setSwitches({ signed: 'timestampAndBody', timestamp: 's' });
		const { headers, raw } = await sell();
		const timestamp = String(headers['x-pocketsflow-timestamp']);
		expect(Number(timestamp)).toBeLessThan(1e12);
		expect(headers['x-pocketsflow-signature']).toBe(computeHmac(secret, `${timestamp}.${raw}`));
	});

	test('orderAmounts and orderRefunded change order events', async () => {
		await registerWebhook(['order.completed', 'order.refunded']);
		setSwitches({ orderAmounts: 'cents' });
		const { body } = await sell({ taxRate: 0.08 });
		expect(body).toMatchObject({ amount: 3240, amountBeforeTax: 3000, tax: { amount: 240 } });
		const orderId = getPath(body, 'order', 'id');
		await post('/refunds', { orderId, amount: 2.5 });
		await sandbox.waitForDeliveries();
		expect(receiver.received[1].body).toMatchObject({ amount: 3240, order: { id: orderId } });
		setSwitches({ orderRefunded: 'withRefund', orderAmounts: 'major' });
		await post('/refunds', { orderId, amount: 2.5 });
		await sandbox.waitForDeliveries();
		expect(receiver.received[2].body).toMatchObject({
			order: { id: orderId },
			refund: { amount: 2.5, status: 'succeeded' },
		});
		expect(receiver.received[2].body).not.toHaveProperty('product');
	});

	test('invoiceAmounts, invoicePayload, subscriptionPayload and webhookMetadata change subscription events', async () => {
		await registerWebhook(['invoice.payment_succeeded', 'customer.subscription.created']);
		const offerId = await createOffer();
		const getBodies = async () => {
			receiver.clear();
			await sandbox.purchase({
				offerId,
				email: 'lee@example.com',
				metadata: { userId: '42', a: 'b c' },
				wait: true,
			});
			const findBody = (event: string) =>
				receiver.received.find(({ headers }) => headers['x-pocketsflow-event'] === event)?.body;
			return {
				created: findBody('customer.subscription.created'),
				invoice: findBody('invoice.payment_succeeded'),
			};
		};
		setSwitches({ invoiceAmounts: 'major', webhookMetadata: 'urlEncoded' });
		expect(await getBodies()).toMatchObject({
			created: { customer: { email: 'lee@example.com' }, metadata: 'userId=42&a=b+c' },
			invoice: { amount: 15 },
		});
		setSwitches({ invoicePayload: 'rawStripe', subscriptionPayload: 'old' });
		const { created, invoice } = await getBodies();
		expect(created).toMatchObject({ subscriptionCustomer: { buyerEmail: 'lee@example.com' } });
		expect(created).not.toHaveProperty('customer');
		expect(invoice).toMatchObject({
			object: 'invoice',
			subscription: expect.stringMatching(/^sub_/),
			customer: expect.stringMatching(/^cus_/),
			amount_paid: 1500,
			subscription_details: { metadata: { webhookMetadata: '"userId=42&a=b+c"' } },
		});
	});

	test('pauseEvent and echoClientReferenceId change the event of a pause', async () => {
		await registerWebhook(['customer.subscription.pause']);
		const offerId = await createOffer();
		const { membershipIds } = await sandbox.purchase({ offerId, clientReferenceId: 'u{n}' });
		const pauseMembership = async () => {
			receiver.clear();
			await post(`/_sandbox/memberships/${membershipIds[0]}/pause`);
			await sandbox.waitForDeliveries();
			return receiver.received[0];
		};
		const first = await pauseMembership();
		expect(first.headers['x-pocketsflow-event']).toBe('customer.subscription.pause');
		expect(first.body.clientReferenceId).toBe('u1');
		setSwitches({ pauseEvent: 'paused', echoClientReferenceId: false });
		const second = await pauseMembership();
		expect(second.headers['x-pocketsflow-event']).toBe('customer.subscription.paused');
		expect(second.body).not.toHaveProperty('clientReferenceId');
	});

	test('entityPayload decides where product events have the product', async () => {
		await registerWebhook(['product.created']);
		const id = await createProduct();
		setSwitches({ entityPayload: 'top' });
		const other = await createProduct();
		await sandbox.waitForDeliveries();
		const bodies = receiver.received.map(({ body }) => body);
		expect(bodies).toContainEqual(
			expect.objectContaining({ product: expect.objectContaining({ id }) }),
		);
		expect(bodies).toContainEqual(expect.objectContaining({ id: other, name: 'Book' }));
	});

	test('deliverAcrossModes lets a test endpoint get live events', async () => {
		await registerWebhook();
		setSwitches({ deliverAcrossModes: true });
		const productId = await createProduct(sandbox.liveKey);
		await sandbox.purchase({ productId, mode: 'live', wait: true });
		expect(receiver.received).toHaveLength(1);
	});

	test('each of these switches is turned by a test above', () => {
		expectAllSwitchesSet('payloads');
	});
});
