import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';

import { startEnvironment, type TestEnvironment } from '../n8n/environment';
import type { StartOptions } from '../n8n/start';
import { openBrowser, openEditor } from './browser';

const output = join(__dirname, '..', '..', 'e2e', 'output');

export interface EditorSetup {
	environment: TestEnvironment;
	browser: Browser;
	page: Page;
	/** Keeps what the user sees as a picture. */
	takePicture(): Promise<void>;
	stop(): Promise<void>;
}

export async function startEditor(n8nOptions: StartOptions = {}): Promise<EditorSetup> {
	await mkdir(output, { recursive: true });
	const environment = await startEnvironment({ sandbox: { seed: true }, n8n: n8nOptions });
	const { client, n8n } = environment;
	const browser = await openBrowser();
	const context = await openEditor(browser, client, n8n.url, { width: 1400, height: 900 });
	const page = await context.newPage();
	return {
		environment,
		browser,
		page,
		async takePicture() {
			const name = expect.getState().currentTestName?.replace(/\W+/g, '-').slice(0, 80);
			await page.screenshot({ path: join(output, `${name}.png`) });
		},
		async stop() {
			await browser.close();
			await environment.stop();
		},
	};
}

/** Pays as a buyer on a checkout page. Ends where that page sends the buyer. */
export async function payAt(page: Page, checkoutUrl: string, email: string): Promise<void> {
	await page.goto(checkoutUrl);
	await page.getByLabel('Email address').fill(email);
	await page.getByRole('button', { name: /^Pay/ }).click();
	await page.waitForURL(({ pathname }) => !pathname.startsWith('/checkout'));
}
