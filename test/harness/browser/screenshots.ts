// npm run generate -- screenshots: the README's pictures, light and dark. `--into FOLDER` keeps the old.
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import type { AxiosInstance } from 'axios';
import type { BrowserContext, Page, PageScreenshotOptions } from 'playwright-core';

import {
	buy,
	chooseProduct,
	fillSetUp,
	importExamples,
	readExample,
} from '../../../demo/example-workflows';
import type { Credential, N8nClient } from '../n8n/client';
import { startEnvironment } from '../n8n/environment';
import { runMain } from '../runMain';
import { openBrowser, openEditor } from './browser';
import { byTestId, openNode, openWorkflow } from './editor';

const { values: options } = parseArgs({
	options: { into: { type: 'string', default: join('docs', 'images') } },
});
const images = join(__dirname, '..', '..', '..', options.into);
const maxBytes = 400_000;
const themes = ['light', 'dark'] as const;

type Theme = (typeof themes)[number];

type Clip = NonNullable<PageScreenshotOptions['clip']>;

async function chooseTheme(context: BrowserContext, theme: Theme): Promise<Page> {
	await context.addInitScript(
		([value]) => {
			window.localStorage.setItem('N8N_THEME', value);
			// Or n8n explains pinning above the output, once.
			window.localStorage.setItem('N8N_PIN_DATA_DISCOVERY_NDV', 'true');
		},
		[theme],
	);
	const page = await context.newPage();
	await page.emulateMedia({ colorScheme: theme });
	return page;
}

/** The canvas and the panels end their animations, and no mouse points at anything. */
async function settle(page: Page): Promise<void> {
	await page.mouse.move(0, 0);
	await page.waitForTimeout(1500);
}

/** Opens an execution in n8n's editor, with its logs below the workflow. */
async function openExecution(page: Page, url: string, id: string, executionId: string) {
	await openWorkflow(page, url, `${id}/executions/${executionId}`);
	const logs = byTestId(page, 'logs-details-body');
	if (!(await logs.isVisible())) await byTestId(page, 'logs-overview-header').click();
	await logs.waitFor();
	await byTestId(page, 'zoom-to-fit').click();
	// n8n's own line about the execution and its buttons stand around the workflow then, not over it.
	await byTestId(page, 'zoom-out-button').click();
	await settle(page);
}

async function openPanel(page: Page, url: string, id: string, name: string): Promise<Clip> {
	await openWorkflow(page, url, id);
	await openNode(page, name);
	await settle(page);
	const box = await byTestId(page, 'ndv').boundingBox();
	if (!box) throw new Error(`The panel of ${name} is not open`);
	return box;
}

/** @param clip the part of the window that is shown, in CSS pixels */
async function saveScreenshot(page: Page, name: string, theme: Theme, clip: Clip): Promise<void> {
	const path = join(images, `${name}-${theme}.png`);
	await page.screenshot({ path, clip });
	const { size } = await stat(path);
	console.log(`${path}: ${size} bytes`);
	if (size > maxBytes) throw new Error(`${path} is larger than ${maxBytes} bytes`);
}

async function createProduct(api: AxiosInstance): Promise<string> {
	const { data } = await api.post<{ _id: string }>('/products', { name: 'Icon pack', price: 9 });
	return data._id;
}

/** Imports and publishes the quick start, buys once, and returns the execution that the sale started. */
async function sellOnce(
	client: N8nClient,
	credential: Credential,
	productId: string,
	paidPage: string,
): Promise<{ workflowId: string; executionId: string }> {
	const example = fillSetUp(chooseProduct(await readExample('quick-start'), productId), {
		paidPage,
	});
	const workflow = await client.importWorkflow(example, [credential]);
	await client.activate(workflow.id);
	await buy(`${client.webhookUrl(workflow, 'Buyer wants to pay')}?order=A-1001`, 'ada@example.com');
	const sale = await client.waitForExecution(
		workflow.id,
		(execution) => execution.items('Replace with your step').length > 0,
	);
	return { workflowId: workflow.id, executionId: sale.id };
}

const windowSize = { width: 1560, height: 860 };

/** Where the canvas and the logs of an execution are: right of n8n's menu and the list, below the tabs. */
const execution = { x: 352, y: 84, width: windowSize.width - 352, height: windowSize.height - 84 };

async function main(): Promise<void> {
	await mkdir(images, { recursive: true });
	const { api, client, credential, n8n, sandbox, stop } = await startEnvironment({
		sandbox: { storeName: 'Demo Store' },
	});
	const browser = await openBrowser();
	try {
		const account = { apiKey: sandbox.testKey, baseUrl: sandbox.url };
		const { sell, settle: settling } = await importExamples(client, account);
		const thanks = `${n8n.url}/healthz`;
		const quickStart = await sellOnce(client, credential, await createProduct(api), thanks);
		for (const theme of themes) {
			const editor = await openEditor(browser, client, n8n.url, windowSize, 2);
			const page = await chooseTheme(editor, theme);
			await openExecution(page, n8n.url, quickStart.workflowId, quickStart.executionId);
			await saveScreenshot(page, 'first-sale', theme, execution);
			await page.setViewportSize({ width: 1280, height: 720 });
			const trigger = await openPanel(page, n8n.url, settling.id, 'Pocketsflow Trigger');
			await saveScreenshot(page, 'trigger-panel', theme, trigger);
			const session = await openPanel(page, n8n.url, sell.id, 'Create checkout session');
			await saveScreenshot(page, 'session-panel', theme, session);
			await page.context().close();
		}
	} finally {
		await browser.close();
		await stop();
	}
}

runMain(main);
