import { access, constants, readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

import execa from 'execa';
import { chromium } from 'playwright-core';

import { withProgress } from './progress';

const commands = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The path of a Chromium: `CHROMIUM_PATH`, one on the PATH, or Playwright's own; installed when there is none. */
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
	const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
	const places = commands.flatMap((command) => folders.map((folder) => join(folder, command)));
	for (const place of [...places, chromium.executablePath()])
		if (await isProgram(place)) return place;
	return undefined;
}

const isProgram = (path: string) =>
	access(path, constants.X_OK).then(
		() => true,
		() => false,
	);

async function installChromium(): Promise<void> {
	// The caller notices a failure here: there is no Chromium afterwards.
	const quietly = { reject: false, stdin: 'ignore' } as const;
	if (process.getuid?.() === 0 && (await isDebian())) {
		const env = { DEBIAN_FRONTEND: 'noninteractive' };
		await withProgress('Installing Chromium (apt-get)', async () => {
			await execa('apt-get', ['update'], { ...quietly, env });
			await execa('apt-get', ['install', '-y', 'chromium'], { ...quietly, env });
		});
		if (await findChromium()) return;
	}
	const cli = join(dirname(require.resolve('playwright-core/package.json')), 'cli.js');
	await withProgress('Installing Chromium (Playwright)', () =>
		execa.node(cli, ['install', 'chromium'], quietly),
	);
}

const isDebian = () =>
	readFile('/etc/os-release', 'utf8').then(
		(text) => /^ID(_LIKE)?=.*debian/m.test(text),
		() => false,
	);
