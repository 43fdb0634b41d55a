import axe, { type AxeResults } from 'axe-core';
import type { Browser } from 'playwright-core';

import { openBrowser } from '../harness/browser/browser';
import { get, post, receiver, registerWebhook, sandbox, setUpSandbox } from '../contract/helpers';

setUpSandbox();

let browser: Browser;

beforeAll(async () => (browser = await openBrowser()));
afterAll(async () => await browser.close());

/** A shop in which something of everything happened; returns the addresses of its pages. */
async function fillShop(): Promise<string[]> {
	const { orderIds } = sandbox.seed('test');
	await registerWebhook(['order.completed', 'order.refunded']);
	await sandbox.purchase({ metadata: { order_id: 'A-1' }, wait: true });
	receiver.status = 500;
	await post('/refunds', { orderId: orderIds[0], amount: 1 });
	await post('/refunds', { orderId: orderIds[1] });
	await sandbox.waitForDeliveries();
	sandbox.setSwitches({ nextDeliveryFaults: ['drop'] });
	const productId = String((await get('/products')).rows[0]._id);
	const openSession = async (fields: object) => {
		const successUrl = `${sandbox.url}/thanks`;
		const session = { productId, successUrl, cancelUrl: successUrl, ...fields };
		return String((await post('/checkout/sessions', session)).body.id);
	};
	const paid = await openSession({});
	const body = new URLSearchParams({ session: paid, email: 'lee@example.com' });
	await fetch(`${sandbox.url}/checkout/pay`, { method: 'POST', body, redirect: 'manual' });
	return [
		'/',
		'/dashboard',
		'/dashboard?mode=live',
		`/checkout?session=${await openSession({ discountCode: 'WELCOME10' })}`,
		`/checkout?session=${await openSession({ discountCode: 'GONE' })}`,
		`/thanks?session=${paid}`,
		'/nothing',
	];
}

const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

describe.each(['light', 'dark'] as const)('In %s colors', (colorScheme) => {
	test.each(Object.entries(sizes))(
		'no page of the sandbox has an accessibility problem, or is wider than the screen, on a %s',
		async (_name, viewport) => {
			const context = await browser.newContext({ viewport, colorScheme });
			const page = await context.newPage();
			const findings: unknown[] = [];
			for (const path of await fillShop()) {
				const response = await page.goto(`${sandbox.url}${path}`);
				expect([200, 404]).toContain(response?.status());
				await page.evaluate(axe.source);
				const results = (await page.evaluate('axe.run()')) as AxeResults;
				expect(results.passes.length).toBeGreaterThan(10);
				for (const { id, impact, nodes } of results.violations) {
					findings.push({ path, id, impact, nodes: nodes.map(({ html }) => html) });
				}
				const excess = await page.evaluate(
					'document.documentElement.scrollWidth - document.documentElement.clientWidth',
				);
				if (excess !== 0) findings.push({ path, excess });
			}
			expect(findings).toEqual([]);
			await context.close();
		},
		60_000,
	);
});
