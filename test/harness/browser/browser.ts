import { chromium, type Browser, type BrowserContext } from 'playwright-core';

import type { N8nClient } from '../n8n/client';
import { ensureChromium } from '../setup/chromium';

const quiet = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

/** A headless Chromium that only contacts the pages that it is given. */
export async function openBrowser(): Promise<Browser> {
	return chromium.launch({ executablePath: await ensureChromium(), args: quiet });
}

/** A window that is signed in to n8n as the client. A picture has `scale` pixels per pixel of it. */
export async function openEditor(
	browser: Browser,
	client: N8nClient,
	url: string,
	viewport = { width: 1280, height: 720 },
	scale = 1,
): Promise<BrowserContext> {
	const context = await browser.newContext({ viewport, deviceScaleFactor: scale });
	await context.addCookies([{ ...client.session, url, httpOnly: true }]);
	// n8n ties the session to this value and refuses the cookie without it.
	await context.addInitScript(
		([id]) => window.localStorage.setItem('n8n-browserId', id),
		[client.browserId],
	);
	return context;
}
