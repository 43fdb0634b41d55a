import type { Page } from 'playwright-core';

import {
	addNode,
	byTestId,
	chooseFromList,
	chooseOption,
	closeNode,
	executeNode,
	fillParameter,
	findsNode,
	openNewCredential,
	openNewWorkflow,
	openNode,
	publish,
	saveCredential,
} from '../harness/browser/editor';
import { payAt, startEditor, type EditorSetup } from '../harness/browser/editorSetup';
import { installationTimeoutMs } from '../harness/n8n/environment';
import { until } from '../harness/until';

// One story: each test goes on where the one before it ended, as a new user would by mouse and keyboard.

let setup: EditorSetup;
let page: Page;

beforeAll(async () => {
	setup = await startEditor();
	page = setup.page;
}, installationTimeoutMs);

afterEach(() => setup?.takePicture());
afterAll(() => setup?.stop());

const showOutput = () => byTestId(page, 'output-panel').innerText();

/** What the parameter of the panel that is open has as its value. */
const readParameter = (name: string) =>
	byTestId(page, `parameter-input-${name}`).locator('input').first().inputValue();

const getLastSession = () =>
	setup.environment.sandbox.requests.filter(({ path }) => path === '/checkout/sessions').at(-1)
		?.body;

/** Where the buyer of the session that was made last is to go. */
let checkoutUrl = '';

/** Runs the session's node, whose panel is open, and waits until the output is that of the new session. */
async function makeSession(): Promise<void> {
	const earlier = checkoutUrl;
	await executeNode(page, /checkout\?session=cs_/);
	checkoutUrl = await until('the output to be of the new session', async () => {
		const url = /http\S+checkout\?session=\w+/.exec(await showOutput())?.[0];
		return url !== undefined && url !== earlier && url;
	});
}

/** A page for buyers who have paid; one that is there. */
const getSellersPage = () => `${setup.environment.sandbox.url}/?bought=yes`;

/** Pays in a window of the buyer, who then lands on the page of the seller. */
async function pay(): Promise<void> {
	const buyer = await setup.browser.newPage();
	await payAt(buyer, checkoutUrl, 'ada@example.com');
	expect(buyer.url()).toBe(getSellersPage());
	await buyer.close();
}

test('A credential with a good key passes its test', async () => {
	const { n8n, sandbox } = setup.environment;
	await openNewCredential(page, n8n.url, 'Pocketsflow API');
	await fillParameter(page, 'apiKey', sandbox.testKey);
	await fillParameter(page, 'baseUrl', sandbox.url);
	expect(await saveCredential(page)).toContain('Connection tested successfully');
});

test('The panel of nodes finds Pocketsflow by what a shop owner looks for', async () => {
	await openNewWorkflow(page, setup.environment.n8n.url);
	const words = [
		...['checkout', 'payment', 'sell', 'subscription', 'invoice', 'store'],
		...['orders', 'payments', 'refunds', 'customers'],
		...['digital products', 'e-commerce', 'ecommerce'],
	];
	const missing: string[] = [];
	for (const word of words) {
		if (!(await findsNode(page, word, 'Pocketsflow'))) missing.push(word);
	}
	expect(missing).toEqual([]);
	await page.keyboard.press('Escape');
});

test('The action is added from the search, and the product is chosen from the list', async () => {
	await addNode(page, {
		search: 'checkout',
		name: 'Pocketsflow',
		action: 'Create checkout session',
	});
	expect(await readParameter('resource')).toBe('Checkout Session');
	expect(await readParameter('operation')).toBe('Create');
	expect(await chooseFromList(page, 'productId', 'night')).toBe(
		'Night Garden wallpapers · 9.00 USD · test',
	);
	await fillParameter(page, 'successUrl', getSellersPage());
	await fillParameter(page, 'cancelUrl', 'https://example.com/cart');
});

test('The next node shows what it will give, before the first run', async () => {
	await closeNode(page);
	await addNode(page, {
		search: 'edit fields',
		name: 'Edit Fields (Set)',
		after: 'Create checkout session',
	});
	const input = byTestId(page, 'ndv-input-panel');
	await input.getByText('Usually outputs the following fields').waitFor();
	await input.getByText('url', { exact: true }).waitFor();
	await closeNode(page);
});

test('Metadata can be given as JSON', async () => {
	await openNode(page, 'Create checkout session');
	await chooseOption(page, 'metadataInput', 'JSON');
	const json = byTestId(page, 'parameter-input-metadataJson').locator('.cm-content').first();
	await json.fill('{"order_id": "A-3000"}');
	await makeSession();
	expect(getLastSession()).toMatchObject({ metadata: { order_id: 'A-3000' } });
});

test('Metadata can be given in fields, and the output has the address of the checkout', async () => {
	await chooseOption(page, 'metadataInput', 'Key-Value Pairs');
	await byTestId(page, 'fixed-collection-add').first().click();
	await fillParameter(page, 'key', 'order_id');
	await fillParameter(page, 'value', 'A-3001');
	await makeSession();
	expect(getLastSession()).toMatchObject({ metadata: { order_id: 'A-3001' } });
	await closeNode(page);
});

test('The trigger listens, and receives the payment on the checkout page', async () => {
	await addNode(page, {
		search: 'pocketsflow',
		name: 'Pocketsflow',
		action: 'On order completed',
	});
	expect(await byTestId(page, 'parameter-input-events').innerText()).toContain('Order Completed');
	const hint = byTestId(page, 'ndv').getByText('pay at one of your checkouts');
	await hint.first().waitFor();
	await byTestId(page, 'node-execute-button').first().click();
	await byTestId(page, 'trigger-listening').waitFor();
	await pay();
	await byTestId(page, 'output-panel').getByText('A-3001').first().waitFor();
	const output = await showOutput();
	expect(output).toContain('ada@example.com');
	expect(output).not.toContain('Amounts of invoice events');
	await closeNode(page);
});

test('The published workflow is started by the next payment, and its execution shows the order', async () => {
	expect(await publish(page)).toContain('Pocketsflow now sends the selected events');
	await openNode(page, 'Create checkout session');
	await fillParameter(page, 'value', 'A-3002');
	await makeSession();
	await closeNode(page);
	await pay();
	const workflowId = new URL(page.url()).pathname.split('/')[2];
	const { client } = setup.environment;
	const { id } = await client.waitForExecution(workflowId, ({ mode }) => mode === 'webhook');
	await byTestId(page, 'radio-button-executions').click();
	await byTestId(page, `execution-details-${id}`).click();
	await openNode(page, 'Pocketsflow Trigger');
	await byTestId(page, 'output-panel').getByText('A-3002').first().waitFor();
});

test('The polling trigger is added from the search, and brings an event that was there', async () => {
	await openNewWorkflow(page, setup.environment.n8n.url);
	await addNode(page, {
		search: 'orders',
		name: 'Pocketsflow Polling',
		action: 'On order completed',
	});
	expect(await byTestId(page, 'parameter-input-events').innerText()).toContain('Order Completed');
	expect(await executeNode(page, 'A-3002')).toContain('An execution without items');
});

test('The output of an invoice event says that its amounts are in cents', async () => {
	const { api, n8n, sandbox } = setup.environment;
	await openNewWorkflow(page, n8n.url);
	await addNode(page, {
		search: 'invoice',
		name: 'Pocketsflow',
		action: 'On invoice payment succeeded',
	});
	await byTestId(page, 'node-execute-button').first().click();
	await byTestId(page, 'trigger-listening').waitFor();
	const { data: offers } = await api.get<Array<{ _id: string }>>('/subscriptions');
	await sandbox.purchase({ offerId: offers[0]._id });
	await byTestId(page, 'output-panel').getByText('invoice.payment_succeeded').first().waitFor();
	expect(await showOutput()).toContain('Amounts of invoice events are in cents');
});
