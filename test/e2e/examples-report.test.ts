import { readExample } from '../../demo/example-workflows';
import type { Execution, StoredWorkflow } from '../harness/n8n/client';
import { setUpShop, shop } from './exampleShop';

setUpShop({ seed: 'test' });

/** Imports the example for a month, and runs it as the button does. */
async function report(month: string): Promise<Execution> {
	const { client } = shop.environment;
	const values = { email: 'seller@example.com', month };
	const { id } = await shop.importExample('sales-report', { values });
	await client.runManually(id, 'Run now');
	return await client.waitForExecution(id, () => true, 60_000);
}

test('runs with its sample data before any account is connected', async () => {
	const { client } = shop.environment;
	const example = await readExample('sales-report');
	const { id } = await client.post<StoredWorkflow>('/workflows', { ...example, active: false });
	await client.runManually(id, 'Run now');
	const execution = await client.waitForExecution(id);
	expect(execution.error).toBeUndefined();
	expect(execution.items('Format rows')).toEqual([
		{ Product: 'Members club', Currency: 'EUR', Payments: 1, Amount: 14, Refunded: 0 },
		{ Product: 'Night Garden wallpapers', Currency: 'USD', Payments: 2, Amount: 18, Refunded: 1 },
		{ Product: 'Members club', Currency: 'USD', Payments: 1, Amount: 15, Refunded: 0 },
	]);
	const [{ subject, html }] = execution.items('Write report');
	expect(subject).toBe('Sales of 2026-10 (test mode, no money)');
	expect(html).toContain('<b>EUR 14.00</b> and <b>USD 33.00</b>');
});

test('the payments of a month are summed up by product and currency, and sent with three files', async () => {
	const { api, sandbox } = shop.environment;
	const { data: named } = await api.post<{ _id: string }>('/products', {
		name: 'Brushes <& more>',
		price: 0.1,
		currency: 'EUR',
	});
	const within = { createdAt: '2026-03-10T12:00:00.000Z', deliver: false };
	await sandbox.purchase({ productId: named._id, count: 3, ...within });
	const { orderIds } = await sandbox.purchase({ productId: shop.productId, count: 2, ...within });
	await sandbox.purchase({ offerId: shop.offerId, ...within });
	await api.post('/refunds', { orderId: orderIds[0] });
	for (const createdAt of ['2026-02-28T12:00:00.000Z', '2026-04-01T12:00:00.000Z'])
		await sandbox.purchase({ productId: shop.productId, createdAt, deliver: false });

	const execution = await report('2026-03');
	expect(execution.error).toBeUndefined();
	const rows = execution.items('Format rows');
	expect(rows).toHaveLength(3);
	expect(rows).toContainEqual(
		expect.objectContaining({ Product: 'Brushes <& more>', Payments: 3, Amount: 0.3 }),
	);
	expect(rows).toContainEqual(expect.objectContaining({ Payments: 2, Refunded: 1 }));
	expect(rows).toContainEqual(
		expect.objectContaining({ Product: 'Members club', Payments: 1, Amount: 15 }),
	);

	const [mail] = shop.mailServer.mails.splice(0);
	expect(mail).toMatchObject({
		to: ['seller@example.com'],
		subject: 'Sales of 2026-03 (test mode, no money)',
	});
	expect(mail.body).toContain('Brushes &#60;&#38; more&#62;');
	const [{ chart }] = execution.items('Write report');
	expect(chart).toMatch(/^<svg .*<\/svg>$/s);
	expect(chart).toContain('Brushes &#60;&#38; more&#62;');
	expect(String(chart).match(/fill="#5b5bd6"/g)).toHaveLength(3);
	expect(shop.mailServer.mails).toEqual([]);
});

test('a month without payments is reported', async () => {
	const execution = await report('2020-01');
	expect(execution).toMatchObject({ status: 'success' });
	const [mail] = shop.mailServer.mails.splice(0);
	expect(mail.subject).toBe('Sales of 2020-01: none');
	expect(shop.mailServer.mails).toEqual([]);
});

test('without an answer of Pocketsflow nothing is sent, and the execution says why', async () => {
	const { sandbox } = shop.environment;
	sandbox.setSwitches({ apiDown: true });
	const execution = await report('2026-03');
	sandbox.setSwitches({ apiDown: false });
	expect(execution).toMatchObject({ status: 'error' });
	expect(execution.error?.message).toBeTruthy();
	expect(shop.mailServer.mails).toEqual([]);
});
