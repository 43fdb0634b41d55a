import type { IDataObject } from 'n8n-workflow';

/** What Pocketsflow delivers (docs/pocketsflow-api.md#payloads), with invented values. */

export const orderCompleted: IDataObject = {
	webhookId: '6a5100000000000000000001',
	product: { id: '6a5000000000000000000aaa', variantId: null },
	order: { id: '6a5200000000000000000bbb' },
	currency: 'usd',
	customer: { email: 'ana@example.org', firstName: 'Ana', lastName: 'Silva' },
	tax: {
		amount: 2.4,
		rate: 0.08,
		ToCountry: 'US',
		ToZip: '10001',
		ToState: 'NY',
		percentage: 8,
		vatNumber: null,
	},
	amount: 32.4,
	amountBeforeTax: 30,
	clientReferenceId: 'user-77',
	metadata: { external_order_id: 'A-1001' },
};

export const orderRefunded: IDataObject = {
	webhookId: '6a5100000000000000000001',
	event: 'order.refunded',
	order: { id: '6a5200000000000000000bbb' },
	refund: {
		id: '6a5300000000000000000ccc',
		amount: 31.5,
		reason: 'requested_by_customer',
		status: 'succeeded',
	},
	customer: { email: 'bo@example.org' },
};

export const membership: IDataObject = {
	subscription: { id: '6a40000000000000000000f1', customerId: 'cus_7Kp3x9' },
	subscriptionCustomer: {
		id: '6a410000000000000000c0de',
		status: 'active',
		active: true,
		cancelAtPeriodEnd: false,
		paused: false,
	},
	customer: { email: 'lee@example.org', firstName: 'Lee', lastName: 'Park' },
	status: 'active',
	paymentMethod: {
		id: 'pm_9Qd2',
		type: 'card',
		brand: 'visa',
		last4: '1111',
		expMonth: 4,
		expYear: 2030,
	},
	portalUrl: 'https://app.pocketsflow.com/portal/6a40000000000000000000f1/6a410000000000000000c0de',
	subscriptionCustomerId: '6a410000000000000000c0de',
	clientReferenceId: 'user-77',
	metadata: { plan: 'pro' },
	webhookId: '6a5100000000000000000002',
};

export const olderMembership: IDataObject = {
	webhookId: '6a5100000000000000000002',
	subscription: { id: 'sub_1' },
	subscriptionCustomer: { id: 'cus_1', buyerEmail: 'Old@Example.org' },
};

export const invoice: IDataObject = { ...membership, amount: 1500, currency: 'usd' };

export const stripeInvoice: IDataObject = {
	id: 'in_1X',
	object: 'invoice',
	customer: 'cus_1',
	subscription: 'sub_1',
	amount_paid: 900,
	currency: 'usd',
	subscription_details: { metadata: { webhookMetadata: '"userId=42&plan=pro"', other: 'kept' } },
};
