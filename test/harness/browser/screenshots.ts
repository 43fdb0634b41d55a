// npm run screenshots: makes the pictures of the README.
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Page } from 'playwright-core';

import { buy, importExamples } from '../../../demo/example-workflows';
import { startEnvironment } from '../n8n/environment';
import { openBrowser, openEditor } from './browser';

const images = join(__dirname, '..', '..', '..', 'docs', 'images');
const maxBytes = 300_000;

/** Opens an execution in n8n's editor, with its logs below the workflow. */
async function openExecution(page: Page, url: string): Promise<void> {
	await page.goto(url);
	await page.locator('[data-test-id=canvas-node]').first().waitFor();
	const hints = page.locator('[data-test-id=suggested-actions-close]').first();
	await hints.click({ timeout: 5000 }).catch(() => undefined);
	const logs = page.locator('[data-test-id=logs-details-body]');
	if (!(await logs.isVisible())) await page.locator('[data-test-id=logs-overview-header]').click();
	await logs.waitFor();
	await page.locator('[data-test-id=zoom-to-fit]').click();
	await page.mouse.move(0, 0);
	// The canvas fits itself to the window with an animation.
	await page.waitForTimeout(1500);
}

async function saveScreenshot(page: Page, name: string): Promise<void> {
	const path = join(images, `${name}.png`);
	await page.screenshot({ path });
	const { size } = await stat(path);
	console.log(`${path}: ${size} bytes`);
	if (size > maxBytes) throw new Error(`${path} is larger than ${maxBytes} bytes`);
}

/** Sells one order and saves what n8n's editor shows of it. */
async function main(): Promise<void> {
	await mkdir(images, { recursive: true });
	const { client, n8n, sandbox, stop } = await startEnvironment({
		sandbox: { storeName: 'Demo Store' },
	});
	const browser = await openBrowser();
	try {
		const account = { apiKey: sandbox.testKey, baseUrl: sandbox.url };
		const { sell, settle, getSellUrl } = await importExamples(client, account);
		await buy(getSellUrl('A-1001'), 'ada@example.com');
		const settled = await client.waitForExecution(settle.id);
		const sold = await client.waitForExecution(
			sell.id,
			(execution) => execution.items('Create product').length > 0,
		);

		const editor = await openEditor(browser, client, n8n.url, { width: 1280, height: 720 });
		const page = await editor.newPage();
		await openExecution(page, `${n8n.url}/workflow/${sell.id}/executions/${sold.id}`);
		await saveScreenshot(page, 'sell-workflow');
		await openExecution(page, `${n8n.url}/workflow/${settle.id}/executions/${settled.id}`);
		await saveScreenshot(page, 'settled-workflow');
	} finally {
		await browser.close();
		await stop();
	}
}

main().catch((error: unknown) => {
	console.error(error);
	process.exitCode = 1;
});
