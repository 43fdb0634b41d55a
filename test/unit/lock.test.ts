import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { withLock } from '../harness/setup/lock';

let folder: string;

beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'lock-'))));
afterEach(() => rm(folder, { recursive: true }));

test('two runs that need the build never work at the same time, and a failed one lets the next begin', async () => {
	let working = 0;
	const work = async () => {
		working++;
		await sleep(50);
		expect(working--).toBe(1);
		throw new Error('failed');
	};
	const runs = [work, work].map((one) => withLock(join(folder, 'lock'), 'builds', one));
	const outcomes = await Promise.allSettled(runs);
	expect(outcomes).toMatchObject([1, 2].map(() => ({ reason: { message: 'failed' } })));
});

test('a lock whose process is gone is taken over', async () => {
	// No process has this ID: it is above the largest that Linux gives.
	await writeFile(join(folder, 'lock'), '4194305');
	expect(await withLock(join(folder, 'lock'), 'builds', () => Promise.resolve('done'))).toBe(
		'done',
	);
});
