import { dirname, join } from 'node:path';

import { chromium } from 'playwright-core';

import { tryProgram } from '../programs';
import { findCommand, installDebianPackage, isProgram } from './debian';
import { withProgress } from './progress';

/** `CHROMIUM_PATH`, a Chromium on the PATH, or Playwright's, which is installed if there is none. */
export async function ensureChromium(): Promise<string> {
	const present = await findChromium();
	if (present) return present;
	await installChromium();
	const installed = await findChromium();
	if (installed) return installed;
	throw new Error(
		'No Chromium found. Install one (on Debian or Ubuntu: apt-get install chromium) or set CHROMIUM_PATH to its program.',
	);
}

async function findChromium(): Promise<string | undefined> {
	const chosen = process.env.CHROMIUM_PATH;
	if (chosen) {
		if (await isProgram(chosen)) return chosen;
		throw new Error(`CHROMIUM_PATH is set to ${chosen}, which is no program.`);
	}
	const command = await findCommand(
		...['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
	);
	if (command) return command;
	const own = chromium.executablePath();
	return (await isProgram(own)) ? own : undefined;
}

async function installChromium(): Promise<void> {
	await installDebianPackage('chromium', 'Chromium');
	if (await findChromium()) return;
	const cli = join(dirname(require.resolve('playwright-core/package.json')), 'cli.js');
	// The caller notices a failure here: there is no Chromium afterwards.
	await withProgress('Installing Chromium (Playwright)', () =>
		tryProgram(process.execPath, [cli, 'install', 'chromium']),
	);
}
