// Makes the pictures of the README: node test/harness/setup/run.mjs test/harness/browser/screenshots.ts
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { buy, openShop } from '../../../demo/shop';
import { N8nClient } from '../n8n/client';
import { startN8n } from '../n8n/start';
import { startSandbox } from '../../../sandbox/sandbox';
import { ensureBuilt } from '../setup/build';
import { openBrowser, openEditor } from './browser';

const images = join(__dirname, '..', '..', '..', 'docs', 'images');
const maxBytes = 300_000;

/** Sells one order and photographs what n8n's editor shows of it. */
async function main(): Promise<void> {
	await mkdir(images, { recursive: true });
	await ensureBuilt();
	const sandbox = await startSandbox({ storeName: 'Demo Store' });
	const n8n = await startN8n();
	const browser = await openBrowser();
	try {
		const client = await N8nClient.connect(n8n);
		const shop = await openShop(client, { apiKey: sandbox.testKey, baseUrl: sandbox.url });
		await buy(shop.sellUrl('A-1001'), 'ada@example.com');
		const settled = await client.waitForExecution(shop.settle.id);
		const sold = await client.waitForExecution(
			shop.sell.id,
			(one) => one.items('Create product').length > 0,
		);

		const editor = await openEditor(browser, client, n8n.url, { width: 1280, height: 720 });
		const page = await editor.newPage();
		const photograph = async (name: string) => {
			const path = join(images, `${name}.png`);
			await page.screenshot({ path });
			const { size } = await stat(path);
			console.log(`${path}: ${size} bytes`);
			if (size > maxBytes) throw new Error(`${path} is larger than ${maxBytes} bytes`);
		};
		const open = async (workflowId: string, executionId: string) => {
			await page.goto(`${n8n.url}/workflow/${workflowId}/executions/${executionId}`);
			await page.locator('[data-test-id=canvas-node]').first().waitFor();
			const hints = page.locator('[data-test-id=suggested-actions-close]').first();
			await hints.click({ timeout: 5000 }).catch(() => undefined);
			const logs = page.locator('[data-test-id=logs-details-body]');
			if (!(await logs.isVisible()))
				await page.locator('[data-test-id=logs-overview-header]').click();
			await logs.waitFor();
			await page.locator('[data-test-id=zoom-to-fit]').click();
			await page.mouse.move(0, 0);
			// The canvas fits itself to the window with an animation.
			await page.waitForTimeout(1500);
		};

		await open(shop.sell.id, sold.id);
		await photograph('sell-workflow');
		await open(shop.settle.id, settled.id);
		await photograph('settled-workflow');
	} finally {
		await browser.close();
		await n8n.stop();
		await sandbox.close();
	}
}

main().catch((error: unknown) => {
	console.error(error);
	process.exitCode = 1;
});
