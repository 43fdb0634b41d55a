import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs the work while no other process holds the lock. It takes the lock of a dead process over.
 * @param what what the holder does, as the end of a sentence: "installs n8n"
 */
export async function withLock<T>(
	lockFile: string,
	what: string,
	work: () => Promise<T>,
): Promise<T> {
	await mkdir(dirname(lockFile), { recursive: true });
	let isAnnounced = false;
	while (!(await claim(lockFile))) {
		const holder = Number(await readFile(lockFile, 'utf8').catch(() => ''));
		if (!holder || !isRunning(holder)) {
			// The moment between creating the file and writing the id into it.
			await sleep(1000);
			const still = Number(await readFile(lockFile, 'utf8').catch(() => ''));
			if (still === holder) await rm(lockFile, { force: true });
			continue;
		}
		if (!isAnnounced && holder !== process.pid)
			console.log(`Waiting for process ${holder}, which ${what} …`);
		isAnnounced = true;
		await sleep(500);
	}
	try {
		return await work();
	} finally {
		await rm(lockFile, { force: true });
	}
}

const claim = (lockFile: string) =>
	writeFile(lockFile, String(process.pid), { flag: 'wx' }).then(
		() => true,
		(error: NodeJS.ErrnoException) => {
			if (error.code === 'EEXIST') return false;
			throw error;
		},
	);

function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'EPERM';
	}
}
