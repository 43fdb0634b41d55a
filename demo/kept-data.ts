import { cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What a demo leaves in the folder of its n8n, so that the next one continues with it. */
export interface KeptData {
	n8nPort: number;
	/** Absent if Pocketsflow itself was used. */
	sandboxPort?: number;
	testKey?: string;
	liveKey?: string;
	/** IDs in n8n: of the examples by file, and of the credentials by type. */
	workflows: Record<string, string>;
	credentials: Record<string, string>;
}

const fileName = 'demo.json';
const snapshotName = 'sandbox.snapshot';

export async function readKeptData(folder: string): Promise<KeptData | undefined> {
	const text = await readFile(join(folder, fileName), 'utf8').catch(() => undefined);
	return text === undefined ? undefined : (JSON.parse(text) as KeptData);
}

/** Undefined without data of an earlier sandbox. */
export const readSnapshot = async (folder: string): Promise<Buffer | undefined> =>
	await readFile(join(folder, snapshotName)).catch(() => undefined);

/** Writes what the next demo needs; readable by this user alone, for it has the keys. */
export async function writeKeptData(
	folder: string,
	data: KeptData,
	snapshot?: Buffer,
): Promise<void> {
	const options = { mode: 0o600 };
	await writeFile(join(folder, fileName), `${JSON.stringify(data, null, '\t')}\n`, options);
	if (snapshot) await writeFile(join(folder, snapshotName), snapshot, options);
}

const exists = async (path: string) =>
	await stat(path).then(
		() => true,
		() => false,
	);

/** A folder in the user's home that is not there yet, such as `pocketsflow-demo-2`. */
async function chooseHome(): Promise<string> {
	for (let number = 1; ; number += 1) {
		const path = join(homedir(), number === 1 ? 'pocketsflow-demo' : `pocketsflow-demo-${number}`);
		if (!(await exists(path))) return path;
	}
}

/** Moves the data of an n8n that has ended from its temporary folder to the user's home. */
export async function moveHome(temporaryFolder: string): Promise<string> {
	const target = await chooseHome();
	await mkdir(homedir(), { recursive: true });
	try {
		await rename(temporaryFolder, target);
	} catch {
		// Another disk.
		await cp(temporaryFolder, target, { recursive: true });
		await rm(temporaryFolder, { recursive: true, force: true });
	}
	return target;
}
